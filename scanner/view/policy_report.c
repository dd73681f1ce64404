#include "scanner/analysis/dane_domain.h"
#include "scanner/analysis/deliveries.h"
#include "scanner/analysis/sts_readiness.h"
#include "scanner/view/report.h"

/*
 * MTA-STS, DANE and TLS-RPT, a line for each; what kinds of senders do, the worst first; and what
 * keeps the domain from MTA-STS enforce.
 */

#define LABEL_COLUMN  12
#define SECONDS_A_DAY 86400

static bool is_word(const char *text, const char *word)
{
    return text != NULL && strcmp(text, word) == 0;
}

static const char *word_or(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

static void begin_line(struct paper *p, const char *label)
{
    paper_begin(p, "  ", "            ");
    paper_put(p, INK_STRONG, label);
    paper_tab(p, LABEL_COLUMN);
}

/* --- MTA-STS ---------------------------------------------------------------------------------- */

static const json_t *policy_of(const struct domain_view *v)
{
    return v->policy != NULL ? v->policy->value : NULL;
}

static void put_fetch(struct paper *p, const json_t *policy)
{
    const char *fetch = word_or(value_text(policy, "fetch"), "unknown");
    int64_t status = value_int(policy, "http_status", 0);
    const char *location = value_text(policy, "location");
    paper_put(p, INK_ERROR, "the policy could not be fetched");
    paper_put(p, INK_PLAIN, ": ");
    if (is_word(fetch, "fetched")) { /* and counts for nobody */
        paper_put(p, INK_PLAIN, "only over TLS 1.0 or 1.1 (RFC 8996)");
        return;
    }
    meaning_put(p, INK_PLAIN, &policy_fetch_vocabulary, fetch);
    if (status != 0) {
        paper_putf(p, INK_PLAIN, ", status %lld", (long long)status);
    }
    if (location != NULL) {
        paper_put(p, INK_PLAIN, ", to ");
        paper_put(p, INK_PLAIN, location);
    }
}

static void put_policy_certificate(struct paper *p, const json_t *policy)
{
    const char *status = word_or(value_text(policy, "chain_status"), "unknown");
    const char *match = word_or(value_text(value_object(policy, "name"), "match"), "unknown");
    paper_put(p, INK_ERROR, "the certificate of the policy host fails verification");
    paper_putf(p, INK_PLAIN, ": chain %s, name %s", status, match);
}

static void put_policy_faults(struct paper *p, const json_t *policy)
{
    const json_t *fault = json_array_get(value_object(policy, "faults"), 0);
    const char *word = value_text(fault, "fault");
    int64_t line = value_int(fault, "line", 0);
    paper_put(p, INK_ERROR, "the policy is not valid");
    if (word != NULL) {
        paper_put(p, INK_PLAIN, ": ");
        meaning_put(p, INK_PLAIN, &sts_policy_fault_vocabulary, word);
    }
    if (line > 0) {
        paper_putf(p, INK_PLAIN, " (line %lld)", (long long)line);
    }
}

static bool exchange_passes(const json_t *mx)
{
    return value_is_true(mx, "covered") && value_int(mx, "pass", 0) > 0 &&
           value_int(mx, "fail", 0) == 0 && value_int(mx, "unknown", 0) == 0;
}

static void put_exchanges(struct paper *p, const json_t *sts)
{
    const json_t *set = value_object(sts, "mx");
    const char *passes = value_text(sts, "passes");
    size_t passing = 0;
    for (size_t i = 0; i < json_array_size(set); i++) {
        passing += exchange_passes(json_array_get(set, i));
    }
    if (json_array_size(set) == 0) {
        return;
    }
    paper_put(p, INK_PLAIN, ", ");
    if (is_word(passes, "all")) {
        paper_put(p, INK_GOOD, "every mail server passes");
    } else if (is_word(passes, "unknown")) {
        paper_put(p, INK_FAINT, "it is not known whether every mail server passes");
    } else {
        paper_putf(p, INK_ERROR, "%zu of %zu mail servers pass", passing, json_array_size(set));
    }
    const char *before = "; no pattern matches ";
    for (size_t i = 0; i < json_array_size(set); i++) {
        const json_t *mx = json_array_get(set, i);
        const char *host = value_text(mx, "host");
        if (value_is_false(mx, "covered") && host != NULL) {
            paper_put(p, INK_ERROR, before);
            paper_put(p, INK_ERROR, host);
            before = ", ";
        }
    }
}

static void put_mode(struct paper *p, const json_t *sts)
{
    int64_t max_age = value_int(sts, "max_age", 0);
    paper_putf(p, INK_PLAIN, "mode %s", word_or(value_text(sts, "mode"), "unknown"));
    if (max_age >= SECONDS_A_DAY) {
        int64_t days = max_age / SECONDS_A_DAY;
        paper_putf(p, INK_PLAIN, " for %lld day%s", (long long)days, days == 1 ? "" : "s");
    } else {
        paper_putf(p, INK_PLAIN, " for %lld seconds", (long long)max_age);
    }
    put_exchanges(p, sts);
}

static void put_sts(struct paper *p, const struct domain_view *v, const json_t *sts)
{
    const char *state = word_or(value_text(sts, "state"), "unknown");
    begin_line(p, "MTA-STS");
    if (is_word(state, "fetch_failed")) {
        put_fetch(p, policy_of(v));
    } else if (is_word(state, "certificate_invalid")) {
        put_policy_certificate(p, policy_of(v));
    } else if (is_word(state, "policy_invalid")) {
        put_policy_faults(p, policy_of(v));
    } else if (is_word(state, "enforce") || is_word(state, "testing")) {
        put_mode(p, sts);
    } else {
        meaning_put(p, is_word(state, "record_invalid") ? INK_ERROR : INK_FAINT,
                    &sts_state_vocabulary, state);
    }
    paper_end(p);
}

/* --- DANE and TLS-RPT ------------------------------------------------------------------------- */

static enum ink dane_ink(const char *state)
{
    if (is_word(state, "full")) {
        return INK_GOOD;
    }
    if (is_word(state, "failed")) {
        return INK_ERROR;
    }
    bool lacks =
        is_word(state, "partial") || is_word(state, "ineffective") || is_word(state, "unusable");
    return lacks ? INK_WARNING : INK_FAINT;
}

static void put_dane(struct paper *p, const json_t *dane)
{
    const char *state = word_or(value_text(dane, "state"), "unknown");
    int64_t match = value_int(dane, "match", 0);
    int64_t mismatch = value_int(dane, "mismatch", 0);
    int64_t unknown = value_int(dane, "unknown", 0);
    bool in_force = value_int(dane, "hosts_in_force", 0) > 0;
    begin_line(p, "DANE");
    meaning_put(p, unknown > 0 && is_word(state, "full") ? INK_PLAIN : dane_ink(state),
                &dane_domain_vocabulary, state);
    if (match + mismatch + unknown > 0) {
        paper_putf(p, INK_PLAIN, "; TLSA records match at %lld of %lld addresses", (long long)match,
                   (long long)(match + mismatch + unknown));
    }
    if (unknown > 0) {
        paper_putf(p, INK_FAINT, ", not known at %lld", (long long)unknown);
    }
    if (in_force && value_is_false(dane, "strict")) {
        paper_putf(p, INK_PLAIN,
                   "; the MX records are not secure (%s), so not every sender uses them",
                   word_or(value_text(dane, "mx_dnssec"), "unknown"));
    }
    paper_end(p);
}

static void put_tls_rpt(struct paper *p, const struct domain_view *v, const json_t *rpt)
{
    const json_t *rua = value_object(rpt, "rua");
    const char *dns = value_text(value_object(v->domain->value, "tls_rpt_dns"), "state");
    bool valid = value_is_true(rpt, "valid");
    begin_line(p, "TLS-RPT");
    if (valid || value_is_true(rpt, "lenient_valid")) {
        paper_put(p, valid ? INK_PLAIN : INK_WARNING,
                  valid ? "reports go to " : "the record is not strictly valid; reports go to ");
        for (size_t i = 0; i < json_array_size(rua); i++) {
            paper_put(p, INK_PLAIN, i > 0 ? ", " : "");
            paper_put(p, INK_PLAIN, word_or(json_string_value(json_array_get(rua, i)), "?"));
        }
    } else if (value_int(rpt, "records", 0) > 0) {
        paper_put(p, INK_ERROR, "the record is not valid");
    } else if (is_word(dns, "data") || is_word(dns, "nodata") || is_word(dns, "nxdomain")) {
        paper_put(p, INK_FAINT, "there is no record");
    } else {
        paper_putf(p, INK_FAINT, "the record could not be looked up (%s)", word_or(dns, "?"));
    }
    paper_end(p);
}

/* --- what senders do -------------------------------------------------------------------------- */

/* Kinds of senders for which everything but the name is the same. */
static bool is_same(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "worst"), json_object_get(b, "worst")) &&
           json_equal(json_object_get(a, "best"), json_object_get(b, "best")) &&
           json_equal(json_object_get(a, "decided_by"), json_object_get(b, "decided_by"));
}

/* What goes well at the worst of all addresses goes as well at the others. */
static bool is_good(const char *worst, const char *best)
{
    return is_word(worst, "authenticated") || (is_word(worst, "encrypted") && is_word(best, worst));
}

/* "host|192.0.2.1|25: reason" */
static void put_reason(struct paper *p, const char *decided_by, bool with_place)
{
    const char *reason = strrchr(decided_by, ' ');
    reason = reason != NULL ? reason + 1 : decided_by;
    paper_put(p, INK_PLAIN, ": ");
    meaning_put(p, INK_PLAIN, &delivery_reason_vocabulary, reason);
    int place = (int)(reason - decided_by) - 2;
    if (place > 0 && with_place) {
        paper_putf(p, INK_FAINT, " (%.*s)", place, decided_by);
    }
}

static void put_group(struct paper *p, enum ink ink, const json_t *list, size_t first)
{
    const json_t *one = json_array_get(list, first);
    const char *worst = word_or(value_text(one, "worst"), "unknown");
    const char *best = value_text(one, "best");
    const char *decided_by = value_text(one, "decided_by");
    paper_begin(p, "  ", "    ");
    paper_put(p, ink, worst);
    if (best != NULL && !is_word(best, worst)) {
        paper_putf(p, INK_PLAIN, ", at best %s", best);
    }
    paper_put(p, INK_PLAIN, " ");
    for (size_t i = first; i < json_array_size(list); i++) {
        const json_t *other = json_array_get(list, i);
        if (is_same(one, other)) {
            paper_put(p, INK_PLAIN, i > first ? ", " : "from ");
            paper_put(p, INK_STRONG, word_or(value_text(other, "profile"), "?"));
        }
    }
    if (decided_by != NULL) {
        put_reason(p, decided_by, !is_good(worst, best));
    }
    paper_end(p);
}

static bool is_first_of_group(const json_t *list, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (is_same(json_array_get(list, k), json_array_get(list, i))) {
            return false;
        }
    }
    return true;
}

static void put_senders(struct paper *p, const json_t *list)
{
    static const struct {
        const char *worst;
        enum ink ink;
    } order[] = {{"undeliverable", INK_ERROR}, {"deferred", INK_ERROR},
                 {"plaintext", INK_ERROR},     {"unknown", INK_FAINT},
                 {"encrypted", INK_GOOD},      {"authenticated", INK_GOOD}};
    if (json_array_size(list) == 0) {
        return;
    }
    paper_blank(p);
    paper_say(p, INK_STRONG, "What senders do");
    for (size_t o = 0; o < sizeof(order) / sizeof(order[0]); o++) {
        for (size_t i = 0; i < json_array_size(list); i++) {
            const char *worst = value_text(json_array_get(list, i), "worst");
            if (is_word(worst, order[o].worst) && is_first_of_group(list, i)) {
                put_group(p, order[o].ink, list, i);
            }
        }
    }
}

/* --- MTA-STS enforce -------------------------------------------------------------------------- */

static void put_item(struct paper *p, const json_t *item)
{
    const char *result = value_text(item, "result");
    const char *endpoint = value_text(item, "endpoint");
    enum ink ink = is_word(result, "pass")   ? INK_GOOD
                   : is_word(result, "fail") ? INK_ERROR
                                             : INK_FAINT;
    paper_begin(p, "  ", "            ");
    paper_put(p, ink, word_or(result, "-"));
    paper_tab(p, LABEL_COLUMN);
    meaning_put(p, INK_PLAIN, &readiness_item_vocabulary, word_or(value_text(item, "item"), "?"));
    if (endpoint != NULL && !is_word(result, "pass")) {
        paper_put(p, INK_FAINT, " (");
        paper_put(p, INK_FAINT, endpoint);
        paper_put(p, INK_FAINT, ")");
    }
    paper_end(p);
}

static void put_readiness(struct paper *p, const json_t *readiness, bool verbose)
{
    const json_t *items = value_object(readiness, "items");
    const char *ready = value_text(readiness, "ready");
    if (ready == NULL) {
        return;
    }
    paper_blank(p);
    paper_say(p, INK_STRONG,
              is_word(ready, "pass") ? "Ready for MTA-STS in mode enforce"
              : is_word(ready, "fail")
                  ? "Not ready for MTA-STS in mode enforce"
                  : "It is not known whether the domain is ready for MTA-STS in mode enforce");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *result = value_text(item, "result");
        if (verbose || (result != NULL && !is_word(result, "pass"))) {
            put_item(p, item);
        }
    }
}

/* There are mail servers, or something is published. */
static bool has_policies(const struct domain_view *v)
{
    const json_t *row = v->domain->value;
    const json_t *sts = value_object(row, "mta_sts");
    const json_t *rpt = value_object(row, "tls_rpt");
    return sts != NULL && (v->route_count > 0 || value_int(sts, "records", 0) > 0 ||
                           value_int(rpt, "records", 0) > 0);
}

void policies_put(struct paper *p, const struct domain_view *v, bool verbose)
{
    const json_t *row = v->domain->value;
    if (!has_policies(v)) {
        return;
    }
    paper_blank(p);
    paper_say(p, INK_STRONG, "Policies");
    put_sts(p, v, value_object(row, "mta_sts"));
    put_dane(p, value_object(row, "dane"));
    put_tls_rpt(p, v, value_object(row, "tls_rpt"));
    if (v->route_count > 0) {
        put_senders(p, value_object(row, "outcomes"));
        put_readiness(p, value_object(row, "sts_readiness"), verbose);
    }
}
