#include "scanner/analysis/cipher_traits.h"
#include "scanner/dane/dane.h"
#include "scanner/observation/tls_names.h"
#include "scanner/view/report.h"

#define FACT_COLUMN 20 /* of what is told of an address */

static bool is_word(const char *text, const char *word)
{
    return text != NULL && strcmp(text, word) == 0;
}

/** Puts a text that buf functions made. */
static void put_made(struct paper *p, enum ink ink, struct buf *text)
{
    buf_put_char(text, '\0');
    paper_put(p, ink, (const char *)text->at);
    buf_deinit(text);
}

static void put_heading(struct paper *p, const char *text)
{
    paper_blank(p);
    paper_say(p, INK_STRONG, text);
}

/* --- server by server ------------------------------------------------------------------------ */

static const json_t *host_row(const struct domain_view *v, const json_t *mx)
{
    const struct result_row *row = result_rows_find(v->rows, TABLE_HOSTS, value_text(mx, "host"));
    return row != NULL ? row->value : NULL;
}

static void put_exchange(struct paper *p, const struct domain_view *v, const json_t *mx)
{
    const char *host = value_text(mx, "host");
    const char *exchange = value_text(mx, "exchange");
    const char *unusable = value_text(mx, "unusable");
    const char *kind = value_text(mx, "name_kind");
    size_t tlsa = json_array_size(value_object(host_row(v, mx), "tlsa"));
    const char *dane = value_text(host_row(v, mx), "dane");
    bool implicit = is_word(value_text(v->domain->value, "mx_kind"), "implicit");
    paper_begin(p, "  ", "    ");
    if (implicit) {
        paper_put(p, INK_PLAIN, "no MX record, the domain itself: ");
    } else {
        paper_putf(p, INK_PLAIN, "MX %lld ", (long long)value_int(mx, "preference", 0));
    }
    paper_put(p, INK_STRONG, host != NULL ? host : exchange != NULL ? exchange : "?");
    if (tlsa > 0) {
        paper_putf(p, INK_FAINT, ", %zu TLSA %s", tlsa, tlsa == 1 ? "record" : "records");
        paper_putf(p, INK_FAINT, dane != NULL ? " (%s)" : "%s", dane != NULL ? dane : "");
    }
    if (unusable != NULL) {
        paper_putf(p, INK_ERROR, ", not usable: %s", unusable);
    } else if (is_word(kind, "address_literal")) {
        paper_put(p, INK_ERROR, ", an address instead of a host name: some senders connect to it");
    } else if (is_word(kind, "not_a_host")) {
        paper_put(p, INK_ERROR, ", not a valid host name: Postfix and Exim reject it");
    }
    if (value_is_true(mx, "blocklisted")) {
        paper_put(p, INK_FAINT, ", on the blocklist");
    }
    if (unusable == NULL && json_array_size(value_object(mx, "endpoints")) == 0) {
        const char *a = value_text(mx, "a");
        const char *aaaa = value_text(mx, "aaaa");
        paper_putf(p, INK_ERROR, ", no address (A: %s, AAAA: %s)", a != NULL ? a : "?",
                   aaaa != NULL ? aaaa : "?");
    }
    paper_end(p);
}

static void begin_fact(struct paper *p, const char *label)
{
    paper_begin(p, "      ", "                    ");
    paper_put(p, INK_FAINT, label);
    paper_tab(p, FACT_COLUMN);
}

static void put_tls(struct paper *p, const json_t *handshake, const char *version)
{
    const char *cipher = value_text(handshake, "cipher");
    const char *group = value_text(handshake, "group");
    paper_put(p, INK_GOOD, "encrypted");
    paper_putf(p, INK_PLAIN, ": %s", version != NULL ? version : "TLS");
    if (cipher != NULL) {
        paper_putf(p, INK_PLAIN, ", %s", cipher);
    }
    if (group != NULL) {
        paper_putf(p, INK_PLAIN, ", %s", group);
    }
}

static void put_outcome(struct paper *p, const struct route_view *r)
{
    const char *outcome = value_text(r->brief, "outcome");
    const char *not_tested = value_text(r->brief, "not_tested");
    const json_t *handshake = value_object(r->session, "handshake");
    outcome = outcome != NULL ? outcome : "unknown";
    if (is_word(outcome, "established")) {
        put_tls(p, handshake, value_text(r->brief, "tls_version"));
        return;
    }
    if (is_word(outcome, "not_tested")) {
        paper_put(p, INK_FAINT, "not tested");
        paper_put(p, INK_PLAIN, ": ");
        meaning_put(p, INK_PLAIN, &not_tested_vocabulary,
                    not_tested != NULL ? not_tested : "no reason given");
        return;
    }
    paper_put(p, INK_ERROR, outcome);
    paper_put(p, INK_PLAIN, ": ");
    meaning_put(p, INK_PLAIN, &outcome_vocabulary, outcome);
    const char *alert = value_text(handshake, "alert_received");
    const char *error = value_text(handshake, "error_text");
    if (alert != NULL) {
        paper_putf(p, INK_PLAIN, " (alert %s)", alert);
    } else if (error != NULL) {
        paper_putf(p, INK_PLAIN, " (%s)", error);
    }
}

/** The first line of a reply; the others are in the transcript. */
static void put_first_line(struct paper *p, const char *text)
{
    paper_putf(p, INK_PLAIN, "%.*s", (int)strcspn(text, "\r\n"), text);
}

static void put_greeting(struct paper *p, const struct route_view *r)
{
    const json_t *banner = value_object(value_object(r->session, "transcript"), "banner");
    const char *text = value_text(banner, "text");
    if (text == NULL && r->service != NULL) {
        text = value_text(r->service->value, "banner");
    }
    if (text != NULL && text[0] != '\0') {
        begin_fact(p, "greeting");
        put_first_line(p, text);
        paper_end(p);
    }
}

static void put_name_match(struct paper *p, const struct route_view *r)
{
    const json_t *name = value_object(r->endpoint->value, "name");
    const char *match = value_text(name, "match");
    const char *matched = value_text(name, "matched");
    bool fits = is_word(match, "match") || is_word(match, "match_wildcard");
    if (match == NULL) {
        return;
    }
    paper_put(p, INK_PLAIN, ", ");
    paper_put(p, fits ? INK_GOOD : INK_ERROR, fits ? "name matches" : "name does not match");
    if (is_word(match, "match_wildcard") && matched != NULL) {
        paper_putf(p, INK_PLAIN, " by %s", matched);
    } else if (!fits) {
        paper_put(p, INK_PLAIN, " (");
        meaning_put(p, INK_PLAIN, &name_match_vocabulary, match);
        paper_put(p, INK_PLAIN, ")");
    }
}

static void put_certificate(struct paper *p, const struct route_view *r)
{
    const char *status = value_text(r->brief, "chain_status");
    if (r->chain < 0) {
        return;
    }
    begin_fact(p, "certificate");
    paper_putf(p, INK_PLAIN, "chain %d", r->chain + 1);
    if (status != NULL) {
        paper_put(p, INK_PLAIN, ": ");
        paper_put(p, chain_status_ink(status), status);
    }
    put_name_match(p, r);
    paper_end(p);
}

static void put_sni(struct paper *p, const struct route_view *r)
{
    const json_t *sni = r->endpoint != NULL ? value_object(r->endpoint->value, "sni") : NULL;
    const char *class = value_text(sni, "class");
    const char *status = value_text(sni, "default_chain_status");
    const char *match = value_text(sni, "default_name_match");
    if (class == NULL || is_word(class, "same") || is_word(class, "unknown")) {
        return;
    }
    begin_fact(p, "without SNI");
    if (is_word(class, "fatal_without")) {
        paper_put(p, INK_ERROR, "the handshake fails");
    } else if (is_word(class, "fatal_with")) {
        paper_put(p, INK_WARNING, "the handshake completes; with SNI it fails");
    } else if (is_word(class, "unstable")) {
        paper_put(p, INK_WARNING, "not comparable: two handshakes with SNI differ");
    } else if (r->default_chain >= 0) {
        paper_putf(p, INK_PLAIN, "chain %d", r->default_chain + 1);
        paper_putf(p, INK_PLAIN, status != NULL ? ": %s" : "%s", status != NULL ? status : "");
        paper_putf(p, INK_PLAIN, match != NULL ? ", name: %s" : "%s", match != NULL ? match : "");
    } else {
        meaning_put(p, INK_PLAIN, &sni_class_vocabulary, class);
    }
    paper_end(p);
}

static void put_other_key(struct paper *p, const struct route_view *r)
{
    const json_t *other =
        r->endpoint != NULL ? value_object(r->endpoint->value, "other_key") : NULL;
    const char *key = value_text(other, "key");
    const char *outcome = value_text(other, "outcome");
    const char *status = value_text(other, "chain_status");
    const char *dane = r->endpoint != NULL
                           ? value_text(value_object(r->endpoint->value, "dane"), "other_key")
                           : NULL;
    if (key == NULL) {
        return;
    }
    begin_fact(p, "other key");
    paper_putf(p, INK_PLAIN, "%s only: ", key);
    if (r->other_chain >= 0) {
        paper_putf(p, INK_PLAIN, "chain %d", r->other_chain + 1);
        paper_putf(p, INK_PLAIN, status != NULL ? ": %s" : "%s", status != NULL ? status : "");
    } else {
        paper_put(p, INK_FAINT, outcome != NULL ? outcome : "unknown");
    }
    if (dane != NULL) {
        paper_put(p, INK_PLAIN, "; DANE: ");
        paper_put(p, is_word(dane, "mismatch") ? INK_ERROR : INK_PLAIN, dane);
    }
    paper_end(p);
}

static void put_dane(struct paper *p, const struct route_view *r)
{
    const json_t *dane = r->endpoint != NULL ? value_object(r->endpoint->value, "dane") : NULL;
    const char *status = value_text(dane, "status");
    const char *ta_fault = value_text(dane, "ta_fault");
    const char *base = r->endpoint != NULL ? value_text(r->endpoint->value, "tlsa_base") : NULL;
    int64_t record = value_int(dane, "matching_record", -1);
    if (status == NULL || is_word(status, "none") || is_word(status, "unknown")) {
        return;
    }
    begin_fact(p, "DANE");
    bool good = is_word(status, "match") || is_word(status, "unusable");
    paper_put(p, good ? INK_GOOD : is_word(status, "other_name") ? INK_WARNING : INK_ERROR, status);
    paper_put(p, INK_PLAIN, ": ");
    meaning_put(p, INK_PLAIN, &dane_status_vocabulary, status);
    if (record >= 0) {
        paper_putf(p, INK_FAINT, " (number %lld)", (long long)record + 1);
    }
    if (ta_fault != NULL) {
        paper_put(p, INK_PLAIN, "; ");
        meaning_put(p, INK_PLAIN, &dane_ta_fault_vocabulary, ta_fault);
    }
    if (r->dane_chain >= 0 && base != NULL) {
        paper_putf(p, INK_PLAIN, "; SNI = %s: chain %d", base, r->dane_chain + 1);
    }
    paper_end(p);
}

static void put_versions(struct paper *p, const struct route_view *r)
{
    static const char *const keys[][2] = {{"tlsv1_0", "TLSv1.0"},
                                          {"tlsv1_1", "TLSv1.1"},
                                          {"tlsv1_2", "TLSv1.2"},
                                          {"tlsv1_3", "TLSv1.3"}};
    const json_t *versions =
        r->service != NULL ? value_object(r->service->value, "versions") : NULL;
    const char *before = "";
    if (versions == NULL) {
        return;
    }
    begin_fact(p, "accepts");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (value_is_true(versions, keys[i][0])) {
            paper_putf(p, i < 2 ? INK_NOTE : INK_PLAIN, "%s%s", before, keys[i][1]);
            before = ", ";
        }
    }
    paper_put(p, INK_FAINT, before[0] == '\0' ? "no version found" : "");
    paper_end(p);
}

static bool is_broken(const char *name)
{
    uint16_t suite = 0;
    unsigned traits = 0;
    return name != NULL && tls_cipher_find(span_of(name), &suite) &&
           cipher_traits_of(suite, &traits) && (traits & CIPHER_BROKEN) != 0;
}

/* The suites of one version; then whose order it is, and whether there may be more. */
static void put_suites_of_version(struct paper *p, const json_t *list, const char *version)
{
    const json_t *suites = value_object(list, "suites");
    const char *order = value_text(list, "order");
    const char *end = value_text(list, "end");
    if (list == NULL || is_word(end, "none")) {
        return;
    }
    begin_fact(p, version);
    for (size_t i = 0; i < json_array_size(suites); i++) {
        const char *name = json_string_value(json_array_get(suites, i));
        paper_putf(p, is_broken(name) ? INK_NOTE : INK_PLAIN, "%s%s", name != NULL ? name : "?",
                   i + 1 < json_array_size(suites) ? ", " : "");
    }
    paper_put(p, INK_FAINT, json_array_size(suites) == 0 ? "no cipher suite found" : "");
    paper_put(p, INK_FAINT,
              is_word(order, "server")   ? " (the server's order)"
              : is_word(order, "client") ? " (the client's order decides)"
                                         : "");
    if (end != NULL && !is_word(end, "complete")) {
        paper_putf(p, INK_NOTE, "; %s: ", end);
        meaning_put(p, INK_NOTE, &cipher_end_vocabulary, end);
    }
    paper_end(p);
}

static void put_ciphers(struct paper *p, const struct route_view *r)
{
    static const char *const keys[][2] = {{"tlsv1_3", "TLSv1.3"},
                                          {"tlsv1_2", "TLSv1.2"},
                                          {"tlsv1_1", "TLSv1.1"},
                                          {"tlsv1_0", "TLSv1.0"}};
    const json_t *ciphers = r->service != NULL ? value_object(r->service->value, "ciphers") : NULL;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        put_suites_of_version(p, value_object(ciphers, keys[i][0]), keys[i][1]);
    }
}

static void put_reverse(struct paper *p, const struct route_view *r)
{
    const json_t *ptr = r->service != NULL ? value_object(r->service->value, "ptr") : NULL;
    const json_t *names = value_object(ptr, "names");
    const char *state = value_text(value_object(ptr, "dns"), "state");
    if (state == NULL || is_word(state, "not_asked")) {
        return;
    }
    begin_fact(p, "reverse DNS");
    for (size_t i = 0; i < json_array_size(names); i++) {
        const json_t *one = json_array_get(names, i);
        const char *name = value_text(one, "name");
        paper_putf(p, INK_PLAIN, "%s%s", i > 0 ? ", " : "", name != NULL ? name : "?");
        paper_put(p, INK_FAINT,
                  value_is_true(one, "forward_confirmed") ? " (confirmed)" : " (not confirmed)");
    }
    paper_put(p, INK_FAINT, json_array_size(names) == 0 ? state : "");
    paper_end(p);
}

static void put_reply(struct paper *p, const char *label, const json_t *reply)
{
    const char *text = value_text(reply, "text");
    if (text == NULL) {
        return;
    }
    for (const char *line = text; line != NULL;) {
        size_t len = strcspn(line, "\n");
        begin_fact(p, line == text ? label : "");
        paper_putf(p, INK_FAINT, "%.*s", (int)len, line);
        paper_end(p);
        line = line[len] != '\0' ? line + len + 1 : NULL;
    }
}

static void put_transcript(struct paper *p, const struct route_view *r)
{
    static const char *const keys[][2] = {{"banner", "greeting"},    {"ehlo", "EHLO"},
                                          {"helo", "HELO"},          {"starttls", "STARTTLS"},
                                          {"ehlo_tls", "EHLO, TLS"}, {"quit", "QUIT"}};
    const json_t *transcript = value_object(r->session, "transcript");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        put_reply(p, keys[i][1], value_object(transcript, keys[i][0]));
    }
}

static void put_route(struct paper *p, const struct route_view *r, bool verbose)
{
    struct buf address = BUF_INIT(BUF_NO_LIMIT);
    paper_begin(p, "    ", "                    ");
    route_put_address(&address, r->brief);
    put_made(p, INK_STRONG, &address);
    paper_tab(p, FACT_COLUMN);
    put_outcome(p, r);
    paper_end(p);
    if (verbose) {
        put_transcript(p, r);
    } else {
        put_greeting(p, r);
    }
    put_certificate(p, r);
    put_sni(p, r);
    put_other_key(p, r);
    put_dane(p, r);
    put_versions(p, r);
    put_ciphers(p, r);
    put_reverse(p, r);
}

static void put_servers(struct paper *p, const struct domain_view *v, bool verbose)
{
    const json_t *set = value_object(v->domain->value, "mx");
    if (json_array_size(set) == 0) {
        return;
    }
    put_heading(p, "Mail servers");
    for (size_t i = 0; i < json_array_size(set); i++) {
        const json_t *mx = json_array_get(set, i);
        put_exchange(p, v, mx);
        for (size_t k = 0; k < v->route_count; k++) {
            if (v->route[k].mx == mx) {
                put_route(p, &v->route[k], verbose);
            }
        }
    }
}

/* --- certificates ---------------------------------------------------------------------------- */

static void put_presenters(struct paper *p, const struct domain_view *v, size_t chain)
{
    const char *before = ", presented at ";
    for (size_t i = 0; i < v->route_count; i++) {
        const struct route_view *r = &v->route[i];
        struct buf where = BUF_INIT(BUF_NO_LIMIT);
        bool with_sni = r->chain == (int)chain;
        if (with_sni || r->default_chain == (int)chain || r->other_chain == (int)chain ||
            r->dane_chain == (int)chain) {
            buf_put_text(&where, before);
            route_put_address(&where, r->brief);
            buf_put_text(&where, with_sni                         ? ""
                                 : r->default_chain == (int)chain ? " (without SNI)"
                                 : r->other_chain == (int)chain   ? " (other type of key)"
                                                                  : " (SNI of DANE)");
            before = ", ";
        }
        put_made(p, INK_FAINT, &where);
    }
    if (v->policy_chain == (int)chain) {
        paper_putf(p, INK_FAINT, "%s%s", before, v->policy->key);
    }
}

static void put_chains(struct paper *p, const struct domain_view *v)
{
    if (v->chain_count > 0) {
        put_heading(p, "Certificates");
    }
    for (size_t i = 0; i < v->chain_count; i++) {
        paper_begin(p, "  ", "    ");
        paper_putf(p, INK_STRONG, "chain %zu", i + 1);
        put_presenters(p, v, i);
        paper_end(p);
        chain_drawing_put(p, v, i);
    }
}

/* --- findings -------------------------------------------------------------------------------- */

static enum ink severity_ink(enum severity s)
{
    static const enum ink inks[SEVERITY_COUNT] = {INK_FAINT, INK_NOTE, INK_WARNING, INK_ERROR};
    return inks[s];
}

#define PLACES_SHOWN 8 /* of one evidence; the rest is counted */

/** "at A, B: evidence" for those of one code with the same evidence. @return how many. */
static size_t put_evidence(struct paper *p, const struct domain_view *v, size_t first)
{
    const struct found *f = &v->found[first];
    size_t count = 0;
    paper_begin(p, "    ", "      ");
    paper_put(p, INK_FAINT, "seen: ");
    for (size_t i = first; i < v->found_count; i++, count++) {
        const struct found *other = &v->found[i];
        if (other->counts != f->counts || other->code != f->code ||
            strcmp(other->evidence, f->evidence) != 0) {
            break;
        }
        if (count < PLACES_SHOWN) {
            paper_put(p, INK_PLAIN, count > 0 ? ", " : "");
            paper_put(p, INK_PLAIN, other->where);
        }
    }
    if (count > PLACES_SHOWN) {
        paper_putf(p, INK_PLAIN, " and %zu more", count - PLACES_SHOWN);
    }
    if (f->evidence[0] != '\0') {
        paper_put(p, INK_PLAIN, ": ");
        paper_put(p, INK_PLAIN, f->evidence);
    }
    paper_end(p);
    return count;
}

static void put_labelled(struct paper *p, const char *label, const char *text)
{
    paper_begin(p, "    ", "      ");
    paper_put(p, INK_FAINT, label);
    paper_put(p, INK_PLAIN, text);
    paper_end(p);
}

/** All findings of one code. @return how many. */
static size_t put_code(struct paper *p, const struct domain_view *v, size_t first, bool verbose)
{
    const struct found *f = &v->found[first];
    const struct finding_info *info = finding_info(f->code);
    paper_begin(p, "  ", "    ");
    paper_put(p, severity_ink(f->severity), severity_word(f->severity));
    paper_put(p, INK_PLAIN, " ");
    paper_put(p, INK_STRONG, info->code);
    paper_put(p, INK_PLAIN, ": ");
    paper_put(p, INK_PLAIN, info->symptom);
    if (!f->counts) {
        paper_put(p, INK_FAINT, " (without SNI only)");
    }
    paper_end(p);
    size_t count = 0;
    while (first + count < v->found_count && v->found[first + count].code == f->code &&
           v->found[first + count].counts == f->counts) {
        count += put_evidence(p, v, first + count);
    }
    if (verbose) {
        put_labelled(p, "cause: ", info->cause);
    }
    put_labelled(p, "fix: ", info->fix);
    if (verbose && info->rfc[0] != '\0') {
        put_labelled(p, "see: ", info->rfc);
    }
    return count;
}

static void put_findings(struct paper *p, const struct domain_view *v, bool verbose)
{
    size_t hidden_default = 0;
    bool any = false;
    for (size_t i = 0; i < v->found_count;) {
        const struct found *f = &v->found[i];
        bool shown = verbose || (f->counts && f->severity > SEVERITY_INFO);
        if (!shown) {
            hidden_default += !f->counts && f->severity > SEVERITY_INFO;
            i++;
            continue;
        }
        if (!any) {
            put_heading(p, "Findings");
            any = true;
        }
        i += put_code(p, v, i, verbose);
    }
    if (hidden_default > 0) {
        paper_blank(p);
        paper_say(p, INK_FAINT,
                  "The chain without SNI has additional findings; use --verbose to list them.");
    }
}

void report_put_text(struct paper *p, const struct domain_view *v, bool verbose)
{
    struct buf headline = BUF_INIT(BUF_NO_LIMIT);
    headline_put(&headline, v);
    paper_begin(p, "", "  ");
    put_made(p, headline_ink(v), &headline);
    paper_end(p);
    effects_put(p, v);
    policies_put(p, v, verbose);
    put_servers(p, v, verbose);
    put_chains(p, v);
    put_findings(p, v, verbose);
}
