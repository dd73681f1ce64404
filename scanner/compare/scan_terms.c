#include "scanner/compare/scan_terms.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/analysis/rollup.h"
#include "scanner/base/memory.h"
#include "scanner/replay/manifest_keys.h"

void term_notes_put(struct term_notes *n, const struct buf *line)
{
    n->at = memory_grow_list(n->at, n->count, sizeof(*n->at));
    n->at[n->count++] = memory_text_of(line->at, line->len);
}

void term_notes_deinit(struct term_notes *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->at[i]);
    }
    free(n->at);
}

/* --- one manifest value against the other --------------------------------------------------- */

/* "lab (b3715...)", or what the value is; "none". */
static void put_manifest_value(struct buf *out, const json_t *value)
{
    if (json_is_string(value)) {
        buf_put_text(out, json_string_value(value));
    } else if (value == NULL || json_is_null(value)) {
        buf_put_text(out, "none");
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        buf_put_text(out, text != NULL ? text : "?");
        free(text);
    }
}

struct two_scans {
    const struct results *old;
    const struct results *new;
    struct term_notes *notes;
};

/* Notes that a value differs. @return true: it does */
static bool note_value(const struct two_scans *s, const char *what, const json_t *old,
                       const json_t *new, const char *therefore)
{
    struct buf was = BUF_INIT(BUF_NO_LIMIT);
    struct buf is = BUF_INIT(BUF_NO_LIMIT);
    put_manifest_value(&was, old);
    put_manifest_value(&is, new);
    bool differs = !span_eq(buf_span(&was), buf_span(&is));
    if (differs) {
        struct buf line = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&line, "%s: ", what);
        buf_put(&line, buf_span(&was));
        buf_put_text(&line, " in OLD, ");
        buf_put(&line, buf_span(&is));
        buf_putf(&line, " in NEW%s%s", therefore[0] != '\0' ? "; " : "", therefore);
        term_notes_put(s->notes, &line);
        buf_deinit(&line);
    }
    buf_deinit(&was);
    buf_deinit(&is);
    return differs;
}

static const json_t *option_of(const struct results *r, const char *name)
{
    return json_object_get(json_object_get(r->manifest, KEY_OPTIONS), name);
}

/* The digests of a list of files, or of one: names and paths do not matter. */
static void put_digests(struct buf *out, const json_t *value)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            put_digests(out, json_array_get(value, i));
        }
        return;
    }
    const char *sha256 = json_string_value(json_object_get(value, "sha256"));
    const char *bundled = json_string_value(json_object_get(value, "bundled"));
    buf_putf(out, "%s %s ", sha256 != NULL ? sha256 : "", bundled != NULL ? bundled : "");
    const json_t *files = json_object_get(value, "files");
    if (json_is_array(files)) {
        put_digests(out, files);
    }
}

static bool note_files(const struct two_scans *s, const char *what, const char *key)
{
    struct buf was = BUF_INIT(BUF_NO_LIMIT);
    struct buf is = BUF_INIT(BUF_NO_LIMIT);
    put_digests(&was, json_object_get(s->old->manifest, key));
    put_digests(&is, json_object_get(s->new->manifest, key));
    bool differs = !span_eq(buf_span(&was), buf_span(&is));
    if (differs) {
        struct buf line = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&line, "%s: not the same in OLD and NEW", what);
        term_notes_put(s->notes, &line);
        buf_deinit(&line);
    }
    buf_deinit(&was);
    buf_deinit(&is);
    return differs;
}

static void note_text(struct term_notes *notes, const char *text)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&line, text);
    term_notes_put(notes, &line);
    buf_deinit(&line);
}

/* --- all of them ---------------------------------------------------------------------------- */

/* What verdicts follow from. */
static bool judged_alike(const struct two_scans *s)
{
    bool version = note_value(s, "Made by mxcensus", json_object_get(s->old->manifest, KEY_VERSION),
                              json_object_get(s->new->manifest, KEY_VERSION), "");
    bool stores = note_files(s, "Trust stores", KEY_TRUST_STORES);
    bool intermediates = note_files(s, "Known intermediates", KEY_INTERMEDIATES);
    bool profiles = note_files(s, "Sender profiles", KEY_PROFILES);
    bool operators = note_files(s, "List of operators", KEY_OPERATORS);
    bool alike = !version && !stores && !intermediates && !profiles && !operators;
    if (!alike) {
        note_text(s->notes, "Judged by other terms: findings and outcomes are compared only where "
                            "something else was "
                            "observed; `mxcensus analyze` judges both by the same terms");
    }
    return alike;
}

static bool trusts_ad(const struct two_scans *s)
{
    if (s->old->trust_ad != s->new->trust_ad) {
        note_text(
            s->notes,
            s->old->trust_ad
                ? "AD bit: trusted in OLD, not trusted in NEW; DNSSEC and DANE are not compared"
                : "AD bit: not trusted in OLD, trusted in NEW; DNSSEC and DANE are not compared");
    }
    return s->old->trust_ad && s->new->trust_ad;
}

/* Options that decide what was tested; what was tested in one scan only is told as that. */
static void note_options(const struct two_scans *s)
{
    static const char *const names[] = {"infer",   "names-per-address", "implicit-mx",
                                        "mta-sts", "ipv4-only",         "ipv6-only",
                                        "seed",    "blocklist-file",    "allow-special-addresses"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct buf what = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&what, "--%s", names[i]);
        buf_put_char(&what, '\0');
        (void)note_value(s, (const char *)what.at, option_of(s->old, names[i]),
                         option_of(s->new, names[i]), "");
        buf_deinit(&what);
    }
}

static void note_incomplete(const struct two_scans *s)
{
    if (s->old->incomplete) {
        note_text(s->notes, "OLD is incomplete: a domain that it has no row of is not called new");
    }
    if (s->new->incomplete) {
        note_text(s->notes, "NEW is incomplete: a domain that it has no row of is not called gone");
    }
}

bool scan_terms_same_shard(const struct results *old, const struct results *new)
{
    bool shared = old->shards > 1 || new->shards > 1;
    return !shared || (old->shards == new->shards && old->shard == new->shard);
}

static void put_shard_of(struct buf *line, const struct results *r)
{
    if (r->shards > 1) {
        buf_putf(line, "%u of 0 to %u", r->shard, r->shards - 1);
    } else {
        buf_put_text(line, "none");
    }
}

static void note_shard(const struct two_scans *s)
{
    if (scan_terms_same_shard(s->old, s->new)) {
        return;
    }
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&line, "Shard of the list: ");
    put_shard_of(&line, s->old);
    buf_put_text(&line, " in OLD, ");
    put_shard_of(&line, s->new);
    buf_put_text(&line, " in NEW; a domain that a shard has no row of is not called new or gone");
    term_notes_put(s->notes, &line);
    buf_deinit(&line);
}

static void note_bare(const struct two_scans *s)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(
        &line,
        "Of %s there is neither manifest.json nor started.json: when, by which terms and with "
        "which options it was made is not known; findings and outcomes are compared only where "
        "something else was observed, DNSSEC and DANE not at all%s",
        s->old->is_bare && s->new->is_bare ? "OLD and NEW"
        : s->old->is_bare                  ? "OLD"
                                           : "NEW",
        s->old->is_bare && s->new->is_bare ? ", and of servers port 25" : "");
    term_notes_put(s->notes, &line);
    buf_deinit(&line);
}

void scan_terms_compare(const struct results *old, const struct results *new,
                        struct comparison_terms *terms, struct term_notes *notes)
{
    const struct two_scans s = {old, new, notes};
    note_incomplete(&s);
    note_shard(&s);
    if (old->is_bare || new->is_bare) {
        note_bare(&s);
        *terms = (struct comparison_terms){0};
        return;
    }
    terms->judged_alike = judged_alike(&s);
    terms->dnssec_known = trusts_ad(&s);
    terms->probes_alike =
        !note_value(&s, "--probes", option_of(old, "probes"), option_of(new, "probes"),
                    "what one of them did not probe is not compared");
    (void)note_value(&s, "--ports", option_of(old, KEY_PORTS), option_of(new, KEY_PORTS),
                     "ports of both are compared");
    note_options(&s);
}

size_t scan_terms_ports(const struct results *old, const struct results *new,
                        uint16_t ports[COUNT_PORTS_MAX])
{
    size_t count = 0;
    if (old->is_bare && new->is_bare) {
        ports[count++] = PORT_SMTP;
    } else if (old->is_bare || new->is_bare) {
        const struct results *known = old->is_bare ? new : old;
        count = known->port_count;
        memcpy(ports, known->ports, count * sizeof(*ports));
    }
    for (size_t i = 0; i < old->port_count; i++) {
        for (size_t j = 0; j < new->port_count; j++) {
            if (old->ports[i] == new->ports[j]) {
                ports[count++] = old->ports[i];
            }
        }
    }
    return count;
}
