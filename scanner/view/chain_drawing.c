#include <stdio.h>

#include "scanner/trust/chain_judge.h"
#include "scanner/trust/intermediate_pool.h"
#include "scanner/view/report.h"

#define NAMES_SHOWN  3
#define LABEL_COLUMN 15
#define DEPTH_MAX    12 /* levels of the drawing; paths are shorter */

enum ink chain_status_ink(enum chain_status status)
{
    return status == CHAIN_TRUSTED ? INK_GOOD : INK_ERROR;
}

static void begin_field(struct paper *p, const char *label)
{
    paper_begin(p, "    ", "               ");
    paper_put(p, INK_FAINT, label);
    paper_tab(p, LABEL_COLUMN);
}

/** "2026-01-31" of an RFC 3339 time. */
static void put_date(struct paper *p, enum ink ink, const struct facts *f, unsigned column)
{
    paper_putf(p, ink, "%.10s", facts_string_or(f, column, "unknown"));
}

/* --- the leaf -------------------------------------------------------------------------------- */

static void put_names(struct paper *p, const struct facts *leaf)
{
    size_t count = facts_list_len(leaf, CERTIFICATES_NAMES);
    int64_t total = facts_natural(leaf, CERTIFICATES_NAMES_TOTAL, INT64_MAX);
    total = total < 0 ? (int64_t)count : total;
    begin_field(p, "names");
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
        paper_put(p, INK_PLAIN, i > 0 ? ", " : "");
        paper_put(p, INK_PLAIN, facts_list_string(leaf, CERTIFICATES_NAMES, i));
    }
    if (total > NAMES_SHOWN) {
        paper_putf(p, INK_PLAIN, " and %lld more", (long long)(total - NAMES_SHOWN));
    }
    if (count == 0) {
        const char *cn = facts_string(leaf, CERTIFICATES_SUBJECT_CN);
        paper_putf(p, INK_WARNING, cn != NULL ? "none; only the common name %s" : "none",
                   cn != NULL ? cn : "");
    }
    paper_end(p);
}

static void put_key(struct paper *p, const struct facts *leaf)
{
    struct facts algorithm = facts_member(leaf, CERTIFICATES_SIGNATURE_ALGORITHM);
    const char *signature = facts_string(&algorithm, SIGNATURE_ALGORITHM_NAME);
    const char *curve = facts_string(leaf, CERTIFICATES_KEY_CURVE);
    uint32_t bits = facts_u32(leaf, CERTIFICATES_KEY_BITS);
    begin_field(p, "key");
    paper_put(p, INK_PLAIN, facts_string_or(leaf, CERTIFICATES_KEY_ALGORITHM, "unknown"));
    if (curve != NULL) {
        paper_putf(p, INK_PLAIN, " %s", curve);
    } else if (bits > 0) {
        paper_putf(p, INK_PLAIN, " %u bits", bits);
    }
    if (signature != NULL) {
        paper_putf(p, INK_PLAIN, ", signed with %s", signature);
    }
    paper_end(p);
}

#define SOON_DAYS 14 /* as the finding chain.expires_soon */

static void put_days_left(struct paper *p, const struct facts *leaf)
{
    int64_t days = facts_int(leaf, CERTIFICATES_DAYS_LEFT);
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

static void put_validity(struct paper *p, const struct facts *leaf)
{
    struct facts validity = facts_member(leaf, CERTIFICATES_VALIDITY);
    begin_field(p, "valid");
    put_date(p, INK_PLAIN, &validity, VALIDITY_START);
    paper_put(p, INK_PLAIN, " to ");
    put_date(p, INK_PLAIN, &validity, VALIDITY_END);
    put_days_left(p, leaf);
    paper_end(p);
}

/* A certificate of a list, by the column that holds its fingerprint. */
static struct facts certificate_at(const struct domain_view *v, const struct facts *f,
                                   unsigned column, size_t i)
{
    const char *fingerprint =
        i < facts_list_len(f, column) ? facts_list_string(f, column, i) : NULL;
    return result_rows_facts(v->rows, TABLE_CERTIFICATES, fingerprint);
}

static const char *text_or_empty(const struct facts *f, unsigned column)
{
    const char *text = facts_string_or(f, column, "");
    return text[0] != '\0' ? text : "empty";
}

static void put_fingerprint(struct paper *p, const char *label, const struct facts *leaf,
                            unsigned column)
{
    const char *digest = facts_string(leaf, column);
    if (digest != NULL) {
        begin_field(p, label);
        paper_putf(p, INK_PLAIN, "SHA-256 %s", digest);
        paper_end(p);
    }
}

static void put_leaf(struct paper *p, const struct domain_view *v, const struct facts *chain,
                     bool verbose)
{
    struct facts leaf = certificate_at(v, chain, CHAINS_CERTIFICATES, 0);
    begin_field(p, "subject");
    if (!facts_has(&leaf, CERTIFICATES_SUBJECT_DN)) {
        paper_put(p, INK_ERROR,
                  leaf.object == NULL ? "not recorded" : "the certificate cannot be parsed");
        paper_end(p);
        return;
    }
    paper_put(p, INK_PLAIN, text_or_empty(&leaf, CERTIFICATES_SUBJECT_DN));
    paper_end(p);
    put_names(p, &leaf);
    begin_field(p, "issuer");
    paper_put(p, INK_PLAIN, text_or_empty(&leaf, CERTIFICATES_ISSUER_DN));
    paper_end(p);
    put_key(p, &leaf);
    put_validity(p, &leaf);
    if (verbose) {
        put_fingerprint(p, "fingerprint", &leaf, CERTIFICATES_FINGERPRINT_SHA256);
        put_fingerprint(p, "key hash", &leaf, CERTIFICATES_SPKI_FINGERPRINT_SHA256);
    }
}

/* --- the verdict ----------------------------------------------------------------------------- */

static void put_verdicts(struct paper *p, const struct facts *chain)
{
    size_t count = facts_list_len(chain, CHAINS_VERDICTS);
    for (size_t i = 0; i < count; i++) {
        struct facts verdict;
        facts_list_object(chain, CHAINS_VERDICTS, i, &verdict);
        enum chain_status status =
            facts_enum(&verdict, STORE_VERDICT_STATUS, &chain_status_vocabulary);
        begin_field(p, i == 0 ? "trust" : "");
        paper_put(p, chain_status_ink(status), chain_status_word(status));
        if (status != CHAIN_TRUSTED) {
            paper_put(p, INK_PLAIN, ": ");
            meaning_put(p, INK_PLAIN, &chain_status_vocabulary, status);
        }
        paper_putf(p, INK_FAINT, " (trust store %s)",
                   facts_string_or(&verdict, STORE_VERDICT_STORE, "?"));
        paper_end(p);
    }
}

/** "Works in a browser, fails in mail": the commonest reason why nobody noticed. */
static void put_browser(struct paper *p, const struct chain_view *c)
{
    if (!facts_has(&c->completed, COMPLETIONS_BROWSER)) {
        return;
    }
    enum chain_status status =
        facts_enum(&c->completed, COMPLETIONS_BROWSER, &chain_status_vocabulary);
    begin_field(p, "browser");
    paper_put(p, chain_status_ink(status), chain_status_word(status));
    if (status == CHAIN_TRUSTED) {
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
    const struct facts *chain;
    struct facts verdict; /* with the first trust store */
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
    size_t count = facts_list_len(&d->verdict, STORE_VERDICT_FAULTS);
    for (size_t i = 0; i < count; i++) {
        struct facts one;
        facts_list_object(&d->verdict, STORE_VERDICT_FAULTS, i, &one);
        enum path_fault fault = facts_enum(&one, PATH_FAULT_FACTS_FAULT, &path_fault_vocabulary);
        if (facts_uint(&one, PATH_FAULT_FACTS_STEP, UINT64_MAX) == step) {
            paper_begin(d->paper, d->next, d->next);
            paper_putf(d->paper, INK_ERROR, "%s: ", path_fault_word(fault));
            meaning_put(d->paper, INK_ERROR, &path_fault_vocabulary, fault);
            paper_end(d->paper);
        }
    }
}

/** Its place in the list as sent; -1: it was not sent. */
static int place_of(const struct drawing *d, const char *fingerprint)
{
    size_t count = facts_list_len(d->chain, CHAINS_CERTIFICATES);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(facts_list_string(d->chain, CHAINS_CERTIFICATES, i), fingerprint) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static void put_step(struct drawing *d, size_t step, const char *fingerprint, bool is_anchor)
{
    struct facts row = result_rows_facts(d->view->rows, TABLE_CERTIFICATES, fingerprint);
    int place = place_of(d, fingerprint);
    const char *otherwise = is_anchor ? facts_string(&d->verdict, STORE_VERDICT_ANCHOR_DN) : NULL;
    begin_level(d);
    paper_put(d->paper, INK_FAINT,
              step == 0   ? "leaf "
              : is_anchor ? "trust anchor "
                          : "intermediate ");
    paper_put(d->paper, INK_PLAIN,
              facts_string_or(&row, CERTIFICATES_SUBJECT_DN,
                              otherwise != NULL ? otherwise : "cannot be parsed"));
    if (row.object != NULL && step > 0) {
        struct facts validity = facts_member(&row, CERTIFICATES_VALIDITY);
        paper_put(d->paper, INK_FAINT, ", valid until ");
        put_date(d->paper, INK_FAINT, &validity, VALIDITY_END);
    }
    if (is_anchor && place < 0) {
        paper_putf(d->paper, INK_FAINT, ", in trust store %s",
                   facts_string_or(&d->verdict, STORE_VERDICT_STORE, "?"));
    } else if (place >= 0 && place != (int)step) {
        paper_putf(d->paper, INK_WARNING, ", sent as number %d", place + 1);
    }
    paper_end(d->paper);
    put_faults(d, step);
}

static const char *where_known(const struct facts *completing)
{
    enum intermediate_source source =
        facts_enum(completing, COMPLETING_FACTS_SOURCE, &intermediate_source_vocabulary);
    return source == INTERMEDIATE_FILE && facts_has(completing, COMPLETING_FACTS_SOURCE)
               ? "a file of --intermediates"
               : facts_string_or(completing, COMPLETING_FACTS_BUNDLED, "another server");
}

static void put_missing_one(struct drawing *d, const struct facts *completing)
{
    uint32_t hosts = facts_u32(completing, COMPLETING_FACTS_SENT_BY_HOSTS);
    begin_level(d);
    paper_put(d->paper, INK_ERROR, "missing ");
    paper_put(d->paper, INK_PLAIN,
              facts_string_or(completing, COMPLETING_FACTS_SUBJECT_DN, "a certificate"));
    paper_put(d->paper, INK_FAINT, ", known from ");
    paper_put(d->paper, INK_FAINT, where_known(completing));
    if (hosts > 0) {
        paper_putf(d->paper, INK_FAINT, ", sent by %u MX host%s of this scan", hosts,
                   hosts == 1 ? "" : "s");
    }
    paper_end(d->paper);
}

/** The list of what completes it; none: nothing is drawn. */
static bool put_completing(struct drawing *d, const struct facts *row, unsigned column)
{
    size_t count = facts_list_len(row, column);
    for (size_t i = 0; i < count; i++) {
        struct facts one;
        facts_list_object(row, column, i, &one);
        put_missing_one(d, &one);
    }
    return count > 0;
}

static void put_anchor_of_completion(struct drawing *d, const struct facts *completed)
{
    const char *anchor = facts_string(completed, COMPLETIONS_ANCHOR_DN);
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
    const char *issuer = facts_string(d->chain, CHAINS_MISSING_ISSUER_DN);
    if (put_completing(d, &c->completed, COMPLETIONS_COMPLETING)) {
        put_anchor_of_completion(d, &c->completed);
    } else if (!put_completing(d, d->chain, CHAINS_COMPLETING) && issuer != NULL) {
        begin_level(d);
        paper_put(d->paper, INK_ERROR, "missing ");
        paper_put(d->paper, INK_PLAIN, issuer);
        paper_end(d->paper);
    }
    if (facts_list_len(d->chain, CHAINS_MISSING_ISSUER_URLS) > 0) {
        paper_begin(d->paper, d->next, d->next);
        paper_put(d->paper, INK_FAINT, "it can be fetched from ");
        paper_put(d->paper, INK_FAINT, facts_list_string(d->chain, CHAINS_MISSING_ISSUER_URLS, 0));
        paper_end(d->paper);
    }
}

#define OTHERS_SHOWN 4

static bool is_of_path(const char *word)
{
    unsigned role = CERT_ROLE_UNRELATED;
    (void)vocabulary_find(&cert_role_vocabulary, span_of(word), &role);
    return role == CERT_ROLE_LEAF || role == CERT_ROLE_INTERMEDIATE || role == CERT_ROLE_ROOT;
}

/** What was sent and is not of the path. */
static void put_others(struct drawing *d)
{
    size_t roles = facts_list_len(d->chain, CHAINS_ROLES);
    size_t count = 0;
    for (size_t i = 0; i < roles; i++) {
        const char *role = facts_list_string(d->chain, CHAINS_ROLES, i);
        if (is_of_path(role) || ++count > OTHERS_SHOWN) {
            continue;
        }
        struct facts row = certificate_at(d->view, d->chain, CHAINS_CERTIFICATES, i);
        paper_begin(d->paper, "      ", "        ");
        paper_putf(d->paper, INK_WARNING, "also sent, as number %zu", i + 1);
        paper_putf(d->paper, INK_FAINT, " (%s): ", role);
        paper_put(d->paper, INK_PLAIN,
                  facts_string_or(&row, CERTIFICATES_SUBJECT_DN, "cannot be parsed"));
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
    struct drawing d = {.paper = p, .view = v, .chain = &c->facts};
    if (facts_list_len(d.chain, CHAINS_VERDICTS) == 0) {
        return;
    }
    facts_list_object(d.chain, CHAINS_VERDICTS, 0, &d.verdict);
    const char *anchor = facts_string_or(&d.verdict, STORE_VERDICT_ANCHOR_SHA256, "");
    size_t steps = facts_list_len(&d.verdict, STORE_VERDICT_PATH);
    for (size_t i = 0; i < steps; i++) {
        const char *fingerprint = facts_list_string(&d.verdict, STORE_VERDICT_PATH, i);
        put_step(&d, i, fingerprint, strcmp(anchor, fingerprint) == 0);
    }
    if (anchor[0] == '\0' && steps > 0) {
        put_missing(&d, c);
    }
    put_others(&d);
}

void chain_drawing_put(struct paper *p, const struct domain_view *v, size_t index, bool verbose)
{
    const struct chain_view *c = &v->chain[index];
    if (c->chain == NULL) {
        paper_begin(p, "    ", "    ");
        paper_put(p, INK_FAINT, "its row is missing: the scan was interrupted");
        paper_end(p);
        return;
    }
    put_leaf(p, v, &c->facts, verbose);
    put_verdicts(p, &c->facts);
    put_browser(p, c);
    put_path(p, v, c);
}
