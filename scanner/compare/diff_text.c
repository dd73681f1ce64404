#include <stdio.h>
#include <string.h>

#include "scanner/base/text.h"
#include "scanner/compare/diff_output.h"
#include "scanner/replay/results.h"

#define GROUPS_MAX   40 /* of a section; the rest is counted */
#define CHANGES_MAX  12 /* of a group about one server, host or policy */
#define EXAMPLES_MAX 3  /* of a group of one kind of change */
#define VALUE_MAX    60 /* octets of a text from before or after */
#define DIGEST_LEN   64
#define DIGEST_SHOWN 16

struct diff_page {
    struct comparison *comparison;
    struct paper paper;
    struct buf text;
    uint64_t domains; /* listed of a group */
    const struct diff_sink *to;
    bool taken;
};

static const char *const section_titles[CHANGE_DIRECTION_COUNT] = {
    [CHANGE_WORSE] = "Worse",
    [CHANGE_BETTER] = "Better",
    [CHANGE_NEUTRAL] = "Changed",
    [CHANGE_TESTED] = "Tested in one of the scans only",
};

/* SHA-256 in hexadecimal: its beginning tells it from others. */
static bool is_digest(struct span text)
{
    bool digest = text.len == DIGEST_LEN;
    for (size_t i = 0; i < text.len && digest; i++) {
        digest = memchr("0123456789abcdef", text.at[i], 16) != NULL;
    }
    return digest;
}

static void put_text_span(struct paper *p, enum ink ink, struct span text)
{
    struct buf copy = BUF_INIT(BUF_NO_LIMIT);
    bool digest = is_digest(text);
    buf_put(&copy, span_take(text, digest ? DIGEST_SHOWN : VALUE_MAX));
    buf_put_text(&copy, !digest && text.len > VALUE_MAX ? "..." : "");
    buf_put_char(&copy, '\0');
    paper_put(p, ink, (const char *)copy.at);
    buf_deinit(&copy);
}

static void put_how_many(struct paper *p, enum ink ink, uint64_t n, const char *one,
                         const char *many)
{
    paper_putf(p, ink, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

/* --- a change ------------------------------------------------------------------------------- */

static enum ink ink_of(enum change_direction d, enum severity severity, bool finding)
{
    switch (d) {
    case CHANGE_WORSE:
        return !finding || severity == SEVERITY_ERROR ? INK_ERROR
               : severity == SEVERITY_WARNING         ? INK_WARNING
                                                      : INK_NOTE;
    case CHANGE_BETTER:
        return INK_GOOD;
    case CHANGE_NEUTRAL:
    case CHANGE_TESTED:
    case CHANGE_DIRECTION_COUNT:
        break;
    }
    return INK_NOTE;
}

static void put_before_after(struct paper *p, const struct change *c)
{
    if (c->before.len > 0 && c->after.len > 0) {
        put_text_span(p, INK_PLAIN, c->before);
        paper_put(p, INK_PLAIN, " -> ");
        put_text_span(p, INK_PLAIN, c->after);
    } else {
        put_text_span(p, INK_PLAIN, c->before.len > 0 ? c->before : c->after);
    }
}

static bool counts_places(const struct change *c)
{
    return c->before.len > 0 && ascii_is_digit(c->before.at[0]);
}

static void put_finding_phrase(struct paper *p, const struct change *c, enum ink ink)
{
    paper_putf(p, ink, "%s: ", change_kind_phrase(c->kind));
    put_text_span(p, INK_STRONG, c->code);
    paper_putf(p, INK_PLAIN, " (%s)", severity_word(c->severity));
    if (c->before.len > 0 && c->after.len > 0) {
        paper_put(p, INK_PLAIN, ", ");
        put_before_after(p, c);
        paper_put(p, INK_PLAIN, counts_places(c) ? " places" : "");
    }
}

/* "mail: encrypted -> plaintext for a, b" */
static void put_change_phrase(struct paper *p, const struct change *c)
{
    enum ink ink = ink_of(change_kind_direction(c->kind), c->severity, c->code.len > 0);
    if (c->code.len > 0) {
        put_finding_phrase(p, c, ink);
        return;
    }
    paper_put(p, ink, change_kind_phrase(c->kind));
    if (c->before.len > 0 || c->after.len > 0) {
        paper_put(p, INK_PLAIN, ": ");
        put_before_after(p, c);
    }
    if (c->senders.len > 0) {
        struct buf senders = BUF_INIT(BUF_NO_LIMIT);
        buf_put(&senders, c->senders);
        buf_put_char(&senders, '\0');
        paper_put(p, INK_PLAIN, " for ");
        paper_put(p, INK_FAINT, (const char *)senders.at);
        buf_deinit(&senders);
    }
}

/* "server 192.0.2.1 port 25", "MX host mx.example" */
static void put_place_name(struct paper *p, const struct change *c)
{
    struct span key = c->key;
    switch (c->place) {
    case PLACE_SERVICE: {
        struct span address = text_take_until(&key, '|');
        paper_put(p, INK_PLAIN, "server ");
        put_text_span(p, INK_STRONG, address);
        paper_put(p, INK_PLAIN, " port ");
        put_text_span(p, INK_PLAIN, key);
        return;
    }
    case PLACE_HOST:
        paper_put(p, INK_PLAIN, "MX host ");
        break;
    case PLACE_CHAIN:
        paper_put(p, INK_PLAIN, "certificate chain ");
        break;
    case PLACE_CERTIFICATE:
        paper_put(p, INK_PLAIN, "certificate ");
        break;
    case PLACE_POLICY:
        paper_put(p, INK_PLAIN, "policy host ");
        break;
    case PLACE_DOMAIN:
        break;
    case PLACE_COUNT:
        return;
    }
    put_text_span(p, INK_STRONG, key);
}

/* --- a group -------------------------------------------------------------------------------- */

static void put_group_domains(struct diff_page *page, const struct change_group *g)
{
    struct paper *p = &page->paper;
    struct span domain;
    uint64_t listed = 0;
    paper_begin(p, "    ", "    ");
    paper_put(p, INK_FAINT, "domains: ");
    while (listed < page->domains &&
           comparison_next_domain_of_group(page->comparison, g, &domain)) {
        paper_put(p, INK_FAINT, listed > 0 ? ", " : "");
        put_text_span(p, INK_FAINT, domain);
        listed++;
    }
    if (listed < g->domain_count) {
        paper_putf(p, INK_FAINT, "%s%llu more", listed > 0 ? " and " : "",
                   (unsigned long long)(g->domain_count - listed));
    }
    paper_end(p);
    comparison_leave(page->comparison);
}

static void put_more_changes(struct paper *p, uint64_t left)
{
    if (left > 0) {
        paper_begin(p, "    ", "    ");
        paper_putf(p, INK_FAINT, "and %llu more", (unsigned long long)left);
        paper_end(p);
    }
}

/* A server, host or policy: what of it changed. */
static void put_place_changes(struct diff_page *page, const struct change_group *g)
{
    struct compared_change change;
    struct paper *p = &page->paper;
    uint64_t put = 0;
    while (put < CHANGES_MAX && comparison_next_of_group(page->comparison, g, &change)) {
        paper_begin(p, "    ", "      ");
        put_change_phrase(p, &change.change);
        paper_end(p);
        put++;
    }
    comparison_leave(page->comparison);
    put_more_changes(p, g->change_count - put);
}

/* Something of one kind that happened to many: the first of them. */
static void put_kind_examples(struct diff_page *page, const struct change_group *g)
{
    struct compared_change change;
    struct paper *p = &page->paper;
    uint64_t put = 0;
    while (put < EXAMPLES_MAX && comparison_next_of_group(page->comparison, g, &change)) {
        paper_begin(p, "    ", "      ");
        put_place_name(p, &change.change);
        if (g->first.code.len == 0 &&
            (change.change.before.len > 0 || change.change.after.len > 0)) {
            paper_put(p, INK_PLAIN, ": ");
            put_before_after(p, &change.change);
        }
        if (change.change.place != PLACE_DOMAIN) {
            paper_put(p, INK_FAINT, ", ");
            put_how_many(p, INK_FAINT, change.domain_count, "domain", "domains");
        }
        paper_end(p);
        put++;
    }
    comparison_leave(page->comparison);
    put_more_changes(p, g->change_count - put);
}

static void put_kind_title(struct paper *p, const struct change_group *g)
{
    struct change c = g->first;
    if (c.kind != CHANGE_OUTCOME_WORSE && c.kind != CHANGE_OUTCOME_BETTER &&
        c.kind != CHANGE_MX_KIND_CHANGED && c.code.len == 0) {
        c.before = (struct span){0};
        c.after = (struct span){0};
    }
    c.senders = (struct span){0};
    put_change_phrase(p, &c);
}

/* Is there more to tell of each than its name? */
static bool has_examples(const struct change_group *g)
{
    const struct change *c = &g->first;
    bool told = c->code.len > 0 || c->kind == CHANGE_OUTCOME_WORSE ||
                c->kind == CHANGE_OUTCOME_BETTER || c->kind == CHANGE_MX_KIND_CHANGED;
    return c->place != PLACE_DOMAIN || (!told && (c->before.len > 0 || c->after.len > 0));
}

static void put_diff_group(struct diff_page *page, const struct change_group *g)
{
    struct paper *p = &page->paper;
    paper_begin(p, "  ", "    ");
    if (g->of_place) {
        put_place_name(p, &g->first);
    } else {
        put_kind_title(p, g);
    }
    paper_put(p, INK_PLAIN, ": ");
    put_how_many(p, INK_STRONG, g->domain_count, "domain", "domains");
    paper_end(p);
    if (g->of_place) {
        put_place_changes(page, g);
    } else if (has_examples(g)) {
        put_kind_examples(page, g);
    }
    if (g->of_place || g->first.place != PLACE_DOMAIN || !has_examples(g)) {
        put_group_domains(page, g);
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

static void flush_page(struct diff_page *page)
{
    page->taken = page->taken && page->to->take(page->to->arg, &page->text);
    buf_reset(&page->text);
}

static void put_scan_line(struct diff_page *page, const char *which, const struct compared_scan *s)
{
    struct buf times = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&times, "scanned ");
    if (s->started_unix_ms == RESULTS_TIME_UNKNOWN) {
        buf_put_text(&times, "at a time that is not known");
    } else {
        text_put_time_s(&times, s->started_unix_ms / 1000);
    }
    if (s->judged_unix_s != INT64_MIN && s->judged_unix_s != s->started_unix_ms / 1000) {
        buf_put_text(&times, ", judged as of ");
        text_put_time_s(&times, s->judged_unix_s);
    }
    buf_put_char(&times, '\0');
    paper_begin(&page->paper, which, "     ");
    paper_put(&page->paper, INK_STRONG, s->path);
    paper_putf(&page->paper, INK_PLAIN, ": %s, ", (const char *)times.at);
    put_how_many(&page->paper, INK_PLAIN, s->domains, "domain", "domains");
    paper_put(&page->paper, INK_WARNING, s->incomplete ? ", incomplete" : "");
    paper_end(&page->paper);
    buf_deinit(&times);
}

static void put_diff_head(struct diff_page *page)
{
    const struct comparison *c = page->comparison;
    const struct comparison_counts *n = comparison_counts(c);
    struct paper *p = &page->paper;
    put_scan_line(page, "OLD  ", comparison_scan(c, false));
    put_scan_line(page, "NEW  ", comparison_scan(c, true));
    for (size_t i = 0; i < comparison_note_count(c); i++) {
        paper_begin(p, "     ", "     ");
        paper_put(p, INK_NOTE, comparison_note(c, i));
        paper_end(p);
    }
    paper_blank(p);
    paper_begin(p, "", "");
    put_how_many(p, INK_PLAIN, n->in_both, "domain is in both", "domains are in both");
    paper_put(p, INK_PLAIN, "; ");
    if (n->changes == 0) {
        paper_put(p, INK_GOOD, "nothing has changed.");
    } else {
        put_how_many(p, INK_STRONG, n->changed, "of them has changed", "of them have changed");
        paper_putf(p, INK_PLAIN, "; %llu only in OLD, %llu only in NEW.",
                   (unsigned long long)n->only_old, (unsigned long long)n->only_new);
    }
    paper_end(p);
    flush_page(page);
}

static void put_left_groups(struct diff_page *page, uint64_t left)
{
    if (left > 0) {
        paper_begin(&page->paper, "  ", "  ");
        paper_putf(&page->paper, INK_FAINT, "and %llu more like these: --format ndjson has all",
                   (unsigned long long)left);
        paper_end(&page->paper);
    }
}

static void put_diff_groups(struct diff_page *page)
{
    struct change_group g;
    enum change_direction section = CHANGE_DIRECTION_COUNT;
    uint64_t put = 0;
    while (page->taken && comparison_next_group(page->comparison, &g)) {
        if (g.direction != section) {
            put_left_groups(page, put > GROUPS_MAX ? put - GROUPS_MAX : 0);
            section = g.direction;
            put = 0;
            paper_blank(&page->paper);
            paper_say(&page->paper, INK_STRONG, section_titles[section]);
        }
        if (put++ < GROUPS_MAX) {
            put_diff_group(page, &g);
        }
        flush_page(page);
    }
    put_left_groups(page, put > GROUPS_MAX ? put - GROUPS_MAX : 0);
    flush_page(page);
}

bool diff_put_text(struct comparison *c, size_t width, bool color, uint64_t domains,
                   const struct diff_sink *to)
{
    struct diff_page page = {.comparison = c,
                             .text = BUF_INIT(BUF_NO_LIMIT),
                             .domains = domains,
                             .to = to,
                             .taken = true};
    page.paper = paper_on(&page.text, width, color);
    put_diff_head(&page);
    put_diff_groups(&page);
    paper_deinit(&page.paper);
    buf_deinit(&page.text);
    return page.taken && comparison_error(c) == NULL;
}
