#include <stdio.h>

#include "scanner/trust/chain_judge.h"
#include "scanner/view/report.h"
#include "scanner/view/word_meaning.h"

#define NAMES_SHOWN  3
#define LABEL_COLUMN 15
#define DEPTH_MAX    12 /* levels of the drawing; paths are shorter */

static bool is_word(const char *text, const char *word)
{
    return text != NULL && strcmp(text, word) == 0;
}

void meaning_put(struct paper *p, enum ink ink, const struct vocabulary *v, const char *word)
{
    struct span meaning = word_meaning(v, word);
    paper_putf(p, ink, "%.*s", (int)meaning.len, (const char *)meaning.at);
}

enum ink chain_status_ink(const char *status)
{
    return is_word(status, "trusted") ? INK_GOOD : INK_ERROR;
}

static void begin_field(struct paper *p, const char *label)
{
    paper_begin(p, "    ", "               ");
    paper_put(p, INK_FAINT, label);
    paper_tab(p, LABEL_COLUMN);
}

/** "2026-01-31" of an RFC 3339 time. */
static void put_date(struct paper *p, enum ink ink, const char *time)
{
    paper_putf(p, ink, "%.10s", time != NULL ? time : "unknown");
}

static const json_t *certificate(const struct domain_view *v, const char *fingerprint)
{
    const struct result_row *row = result_rows_find(v->rows, TABLE_CERTIFICATES, fingerprint);
    return row != NULL ? row->value : NULL;
}

/* --- the leaf -------------------------------------------------------------------------------- */

static void put_names(struct paper *p, const json_t *leaf)
{
    const json_t *names = value_object(leaf, "names");
    size_t count = json_array_size(names);
    int64_t total = value_int(leaf, "names_total", (int64_t)count);
    begin_field(p, "names");
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        paper_put(p, INK_PLAIN, i > 0 ? ", " : "");
        paper_put(p, INK_PLAIN, name != NULL ? name : "?");
    }
    if (total > NAMES_SHOWN) {
        paper_putf(p, INK_PLAIN, " and %lld more", (long long)(total - NAMES_SHOWN));
    }
    if (count == 0) {
        const char *cn = value_text(leaf, "subject_cn");
        paper_putf(p, INK_WARNING, cn != NULL ? "none; only the common name %s" : "none",
                   cn != NULL ? cn : "");
    }
    paper_end(p);
}

static void put_key(struct paper *p, const json_t *leaf)
{
    const char *algorithm = value_text(leaf, "key_algorithm");
    const char *curve = value_text(leaf, "key_curve");
    const char *signature = value_text(value_object(leaf, "signature_algorithm"), "name");
    int64_t bits = value_int(leaf, "key_bits", 0);
    begin_field(p, "key");
    paper_put(p, INK_PLAIN, algorithm != NULL ? algorithm : "unknown");
    if (curve != NULL) {
        paper_putf(p, INK_PLAIN, " %s", curve);
    } else if (bits > 0) {
        paper_putf(p, INK_PLAIN, " %lld bits", (long long)bits);
    }
    if (signature != NULL) {
        paper_putf(p, INK_PLAIN, ", signed with %s", signature);
    }
    paper_end(p);
}

#define SOON_DAYS 14 /* as the finding chain.expires_soon */

static void put_days_left(struct paper *p, const json_t *object)
{
    int64_t days = value_int(object, "days_left", INT64_MIN);
    if (days == INT64_MIN) {
        return;
    }
    if (days < 0) {
        paper_putf(p, INK_ERROR, ", expired %lld %s ago", (long long)-days,
                   days == -1 ? "day" : "days");
    } else {
        paper_putf(p, days < SOON_DAYS ? INK_WARNING : INK_PLAIN, ", %lld %s left", (long long)days,
                   days == 1 ? "day" : "days");
    }
}

static void put_validity(struct paper *p, const json_t *leaf)
{
    const json_t *validity = value_object(leaf, "validity");
    begin_field(p, "valid");
    put_date(p, INK_PLAIN, value_text(validity, "start"));
    paper_put(p, INK_PLAIN, " to ");
    put_date(p, INK_PLAIN, value_text(validity, "end"));
    put_days_left(p, leaf);
    paper_end(p);
}

static void put_leaf(struct paper *p, const struct domain_view *v, const json_t *chain)
{
    const char *first = json_string_value(json_array_get(value_object(chain, "certificates"), 0));
    const json_t *leaf = certificate(v, first);
    const char *subject = value_text(leaf, "subject_dn");
    const char *issuer = value_text(leaf, "issuer_dn");
    begin_field(p, "subject");
    if (subject == NULL) {
        paper_put(p, INK_ERROR, leaf == NULL ? "not recorded" : "the certificate cannot be parsed");
        paper_end(p);
        return;
    }
    paper_put(p, INK_PLAIN, subject[0] != '\0' ? subject : "empty");
    paper_end(p);
    put_names(p, leaf);
    begin_field(p, "issuer");
    paper_put(p, INK_PLAIN, issuer != NULL && issuer[0] != '\0' ? issuer : "empty");
    paper_end(p);
    put_key(p, leaf);
    put_validity(p, leaf);
}

/* --- the verdict ----------------------------------------------------------------------------- */

static void put_verdicts(struct paper *p, const json_t *chain)
{
    const json_t *verdicts = value_object(chain, "verdicts");
    for (size_t i = 0; i < json_array_size(verdicts); i++) {
        const json_t *verdict = json_array_get(verdicts, i);
        const char *status = value_text(verdict, "status");
        const char *store = value_text(verdict, "store");
        status = status != NULL ? status : "unknown";
        begin_field(p, i == 0 ? "trust" : "");
        paper_put(p, chain_status_ink(status), status);
        if (!is_word(status, "trusted")) {
            paper_put(p, INK_PLAIN, ": ");
            meaning_put(p, INK_PLAIN, &chain_status_vocabulary, status);
        }
        paper_putf(p, INK_FAINT, " (trust store %s)", store != NULL ? store : "?");
        paper_end(p);
    }
}

/** "Works in a browser, fails in mail": the commonest reason why nobody noticed. */
static void put_browser(struct paper *p, const struct chain_view *c)
{
    const json_t *completion = c->completion != NULL ? c->completion->value : NULL;
    const char *status = value_text(completion, "browser");
    if (status == NULL) {
        return;
    }
    begin_field(p, "browser");
    paper_put(p, chain_status_ink(status), status);
    if (is_word(status, "trusted")) {
        paper_put(p, INK_PLAIN,
                  ": works in a browser, fails in mail. Browsers fetch the missing certificate, "
                  "mail servers do not");
    } else {
        paper_put(p, INK_PLAIN, ", even if missing certificates are fetched");
    }
    paper_end(p);
}

/* --- the drawing ----------------------------------------------------------------------------- */

#define DRAWING_INDENT 6
#define LEVEL_INDENT   3
#define PREFIX_MAX     64 /* octets; DEPTH_MAX levels fit */

/** A branch from the leaf to the anchor, each level further in. */
struct drawing {
    struct paper *paper;
    const struct domain_view *view;
    const json_t *chain;
    const json_t *verdict; /* with the first trust store */
    size_t level;
    char first[PREFIX_MAX]; /* prefixes of the paragraph */
    char next[PREFIX_MAX];
};

static void begin_level(struct drawing *d)
{
    int level = d->level < DEPTH_MAX ? (int)d->level : DEPTH_MAX;
    int indent = DRAWING_INDENT + (level > 0 ? (level - 1) * LEVEL_INDENT : 0);
    (void)snprintf(d->first, sizeof(d->first), "%*s%s", indent, "", level > 0 ? "└─ " : "");
    (void)snprintf(d->next, sizeof(d->next), "%*s", DRAWING_INDENT + level * LEVEL_INDENT + 2, "");
    paper_begin(d->paper, d->first, d->next);
    d->level++;
}

static void put_faults(struct drawing *d, size_t step)
{
    const json_t *faults = value_object(d->verdict, "faults");
    for (size_t i = 0; i < json_array_size(faults); i++) {
        const json_t *fault = json_array_get(faults, i);
        const char *word = value_text(fault, "fault");
        if (word != NULL && value_int(fault, "step", -1) == (int64_t)step) {
            paper_begin(d->paper, d->next, d->next);
            paper_putf(d->paper, INK_ERROR, "%s: ", word);
            meaning_put(d->paper, INK_ERROR, &path_fault_vocabulary, word);
            paper_end(d->paper);
        }
    }
}

/** Its place in the list as sent; -1: it was not sent. */
static int place_of(const struct drawing *d, const char *fingerprint)
{
    const json_t *sent = value_object(d->chain, "certificates");
    for (size_t i = 0; fingerprint != NULL && i < json_array_size(sent); i++) {
        if (is_word(json_string_value(json_array_get(sent, i)), fingerprint)) {
            return (int)i;
        }
    }
    return -1;
}

static void put_step(struct drawing *d, size_t step, const char *fingerprint, bool is_anchor)
{
    const json_t *row = certificate(d->view, fingerprint);
    const char *subject = value_text(row, "subject_dn");
    int place = place_of(d, fingerprint);
    if (subject == NULL && is_anchor) {
        subject = value_text(d->verdict, "anchor_dn");
    }
    begin_level(d);
    paper_put(d->paper, INK_FAINT,
              step == 0   ? "leaf "
              : is_anchor ? "trust anchor "
                          : "intermediate ");
    paper_put(d->paper, INK_PLAIN, subject != NULL ? subject : "cannot be parsed");
    if (row != NULL && step > 0) {
        paper_put(d->paper, INK_FAINT, ", valid until ");
        put_date(d->paper, INK_FAINT, value_text(value_object(row, "validity"), "end"));
    }
    if (is_anchor && place < 0) {
        const char *store = value_text(d->verdict, "store");
        paper_putf(d->paper, INK_FAINT, ", in trust store %s", store != NULL ? store : "?");
    } else if (place >= 0 && place != (int)step) {
        paper_putf(d->paper, INK_WARNING, ", sent as number %d", place + 1);
    }
    paper_end(d->paper);
    put_faults(d, step);
}

static const char *where_known(const json_t *completing)
{
    const char *bundled = value_text(completing, "bundled");
    bool file = is_word(value_text(completing, "source"), "file");
    return file ? "a file of --intermediates" : bundled != NULL ? bundled : "another server";
}

/* `row` of completions, or of chains, which knows no more than was known before. */
static void put_completing(struct drawing *d, const json_t *row)
{
    const json_t *list = value_object(row, "completing");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *subject = value_text(one, "subject_dn");
        begin_level(d);
        paper_put(d->paper, INK_ERROR, "missing ");
        paper_put(d->paper, INK_PLAIN, subject != NULL ? subject : "a certificate");
        paper_put(d->paper, INK_FAINT, ", known from ");
        paper_put(d->paper, INK_FAINT, where_known(one));
        int64_t hosts = value_int(one, "sent_by_hosts", 0);
        if (hosts > 0) {
            paper_putf(d->paper, INK_FAINT, ", sent by %lld MX host%s of this scan",
                       (long long)hosts, hosts == 1 ? "" : "s");
        }
        paper_end(d->paper);
    }
    const char *anchor = value_text(row, "anchor_dn");
    if (anchor != NULL) {
        begin_level(d);
        paper_put(d->paper, INK_FAINT, "trust anchor ");
        paper_put(d->paper, INK_PLAIN, anchor);
        paper_end(d->paper);
    }
}

/** What should follow where the path ends without an anchor. */
static void put_missing(struct drawing *d, const struct chain_view *c)
{
    const json_t *completion = c->completion != NULL ? c->completion->value : NULL;
    const char *issuer = value_text(d->chain, "missing_issuer_dn");
    const json_t *urls = value_object(d->chain, "missing_issuer_urls");
    if (json_array_size(value_object(completion, "completing")) > 0) {
        put_completing(d, completion);
    } else if (json_array_size(value_object(d->chain, "completing")) > 0) {
        put_completing(d, d->chain);
    } else if (issuer != NULL) {
        begin_level(d);
        paper_put(d->paper, INK_ERROR, "missing ");
        paper_put(d->paper, INK_PLAIN, issuer);
        paper_end(d->paper);
    }
    const char *url = json_string_value(json_array_get(urls, 0));
    if (url != NULL) {
        paper_begin(d->paper, d->next, d->next);
        paper_put(d->paper, INK_FAINT, "it can be fetched from ");
        paper_put(d->paper, INK_FAINT, url);
        paper_end(d->paper);
    }
}

#define OTHERS_SHOWN 4

static bool is_of_path(const char *role)
{
    return is_word(role, "leaf") || is_word(role, "intermediate") || is_word(role, "root");
}

/** What was sent and is not of the path. */
static void put_others(struct drawing *d)
{
    const json_t *sent = value_object(d->chain, "certificates");
    const json_t *roles = value_object(d->chain, "roles");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(roles); i++) {
        const char *role = json_string_value(json_array_get(roles, i));
        if (role == NULL || is_of_path(role) || ++count > OTHERS_SHOWN) {
            continue;
        }
        const json_t *row = certificate(d->view, json_string_value(json_array_get(sent, i)));
        const char *subject = value_text(row, "subject_dn");
        paper_begin(d->paper, "      ", "        ");
        paper_putf(d->paper, INK_WARNING, "also sent, as number %zu", i + 1);
        paper_putf(d->paper, INK_FAINT, " (%s): ", role);
        paper_put(d->paper, INK_PLAIN, subject != NULL ? subject : "cannot be parsed");
        paper_end(d->paper);
    }
    if (count > OTHERS_SHOWN) {
        paper_begin(d->paper, "      ", "        ");
        paper_putf(d->paper, INK_WARNING, "and %zu more", count - OTHERS_SHOWN);
        paper_end(d->paper);
    }
}

static void put_path(struct paper *p, const struct domain_view *v, const struct chain_view *c)
{
    const json_t *chain = c->chain->value;
    struct drawing d = {.paper = p, .view = v, .chain = chain};
    d.verdict = json_array_get(value_object(chain, "verdicts"), 0);
    const json_t *path = value_object(d.verdict, "path");
    const char *anchor = value_text(d.verdict, "anchor_sha256");
    for (size_t i = 0; i < json_array_size(path); i++) {
        const char *fingerprint = json_string_value(json_array_get(path, i));
        put_step(&d, i, fingerprint, is_word(anchor, fingerprint != NULL ? fingerprint : ""));
    }
    if (anchor == NULL && json_array_size(path) > 0) {
        put_missing(&d, c);
    }
    put_others(&d);
}

void chain_drawing_put(struct paper *p, const struct domain_view *v, size_t index)
{
    const struct chain_view *c = &v->chain[index];
    if (c->chain == NULL) {
        paper_begin(p, "    ", "    ");
        paper_put(p, INK_FAINT, "its row is missing: the scan was interrupted");
        paper_end(p);
        return;
    }
    put_leaf(p, v, c->chain->value);
    put_verdicts(p, c->chain->value);
    put_browser(p, c);
    put_path(p, v, c);
}
