#include "scanner/explain/explain.h"

#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/explain/finding_entries.h"
#include "scanner/explain/term_entries.h"

#define WHOLE_MAX   3  /* entries of words and columns that are shown whole */
#define SHOWN_MAX   64 /* octets of what is not known, in an error */
#define SIMILAR_MAX 3

/* --- what was asked for ---------------------------------------------------------------------- */

/** As a code is written, but for the case. */
static bool is_code(const struct term *t, const char *topic)
{
    return t->kind == TERM_CODE && span_ieq(span_of(t->name), span_of(topic));
}

static void change_places(struct term *a, struct term *b)
{
    struct term was = *a;
    *a = *b;
    *b = was;
}

/** Those that are called so are moved to the front: a code as it is written is nothing else besides. @return how many */
static size_t find_terms(struct terms *t, const char *topic)
{
    char folded[TERM_NAME_MAX];
    size_t found = 0;
    term_fold(topic, folded);
    for (size_t i = 0; i < t->count; i++) {
        if (is_code(&t->list[i], topic)) {
            change_places(&t->list[0], &t->list[i]);
            return 1;
        }
    }
    for (size_t i = 0; i < t->count; i++) {
        if (term_is_called(&t->list[i], folded)) {
            change_places(&t->list[found++], &t->list[i]);
        }
    }
    return found;
}

/** Of the names of results, and of findings where it is their area that was asked for. */
static bool is_short(enum term_kind kind, bool area)
{
    return (kind == TERM_CODE && area) || kind == TERM_WORD || kind == TERM_VOCABULARY ||
           kind == TERM_TABLE || kind == TERM_OBJECT || kind == TERM_COLUMN;
}

/* --- text ------------------------------------------------------------------------------------ */

static void put_whole_catalogue(struct paper *p)
{
    finding_put_table(p, NULL);
    paper_blank(p);
    paper_say(p, INK_PLAIN,
              "The severities are maximums. For cause and fix: mxcensus explain CODE");
}

static void put_terms(struct paper *p, const struct term *hits, size_t count)
{
    size_t shorts = 0;
    bool begun = false;
    bool area = false;
    for (size_t i = 0; i < count; i++) {
        area = area || hits[i].kind == TERM_AREA;
    }
    for (size_t i = 0; i < count; i++) {
        shorts += is_short(hits[i].kind, area);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_short(hits[i].kind, area) && (shorts > WHOLE_MAX || area)) {
            continue;
        }
        if (begun) {
            paper_blank(p);
        }
        term_put_entry(p, &hits[i]);
        begun = true;
    }
    if (shorts == 0 || (shorts <= WHOLE_MAX && !area)) {
        return;
    }
    if (begun) {
        paper_blank(p);
    }
    paper_begin(p, "", "");
    paper_putf(p, INK_PLAIN, "It is %s things; for one of them: mxcensus explain NAME",
               begun ? "also the name of other" : "the name of several");
    paper_end(p);
    for (size_t i = 0; i < count; i++) {
        if (is_short(hits[i].kind, area)) {
            term_put_short(p, &hits[i]);
        }
    }
}

static void put_text(struct buf *out, const struct term *hits, size_t count, size_t width,
                     bool color)
{
    struct paper p = paper_on(out, width, color);
    put_terms(&p, hits, count);
    if (count == 1 && hits[0].kind == TERM_AREA) {
        paper_blank(&p);
        paper_say(&p, INK_PLAIN,
                  "The severities are maximums. For cause and fix: mxcensus explain CODE");
    }
    paper_deinit(&p);
}

/* --- CSV and JSON ---------------------------------------------------------------------------- */

static void put_json_area(struct json_writer *w, const char *code)
{
    char area[TERM_NAME_MAX] = "";
    memcpy(area, code, finding_area_len(code));
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        if (finding_is_of(f, area)) {
            finding_put_json(w, f);
        }
    }
}

static void put_json(struct buf *out, const struct term *hits, size_t count)
{
    struct json_writer w = json_writer_indented(out);
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++) {
        if (hits[i].kind == TERM_AREA) {
            put_json_area(&w, hits[i].name);
        } else {
            term_put_json(&w, &hits[i]);
        }
    }
    json_array_end(&w);
    buf_put_char(out, '\n');
}

static void put_json_catalogue(struct buf *out)
{
    struct json_writer w = json_writer_indented(out);
    json_array_begin(&w);
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        finding_put_json(&w, finding_info((enum finding_code)i));
    }
    json_array_end(&w);
    buf_put_char(out, '\n');
}

/** Findings alone have these columns: the area or code among the hits. */
static bool put_csv(struct buf *out, const struct term *hits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (hits[i].kind == TERM_CODE || hits[i].kind == TERM_AREA) {
            char topic[TERM_NAME_MAX] = "";
            memcpy(topic, hits[i].name,
                   hits[i].kind == TERM_CODE ? strlen(hits[i].name)
                                             : finding_area_len(hits[i].name));
            finding_put_csv(out, topic);
            return true;
        }
    }
    return false;
}

/* --- the ways in ----------------------------------------------------------------------------- */

static bool put_hits(struct buf *out, const struct term *hits, size_t count,
                     enum explain_format format, size_t width, bool color)
{
    switch (format) {
    case EXPLAIN_TEXT:
        put_text(out, hits, count, width, color);
        return true;
    case EXPLAIN_CSV:
        return put_csv(out, hits, count);
    case EXPLAIN_JSON:
        put_json(out, hits, count);
        return true;
    }
    UNREACHABLE("unknown explain_format");
}

static void put_catalogue(struct buf *out, enum explain_format format, size_t width, bool color)
{
    struct paper p = paper_on(out, width, color);
    switch (format) {
    case EXPLAIN_TEXT:
        put_whole_catalogue(&p);
        break;
    case EXPLAIN_CSV:
        finding_put_csv(out, NULL);
        break;
    case EXPLAIN_JSON:
        put_json_catalogue(out);
        break;
    }
    paper_deinit(&p);
}

bool explain_put_from(struct buf *out, struct terms *all, const char *topic,
                      enum explain_format format, size_t width, bool color)
{
    size_t count = find_terms(all, topic);
    return count > 0 && put_hits(out, all->list, count, format, width, color);
}

bool explain_put(struct buf *out, const char *topic, enum explain_format format, size_t width,
                 bool color)
{
    if (topic == NULL) {
        put_catalogue(out, format, width, color);
        return true;
    }
    struct terms *all = terms_new();
    bool known = explain_put_from(out, all, topic, format, width, color);
    terms_free(all);
    return known;
}

/** Half letters (terms_nearest() counts so) that may be wrong in a name of this length. */
static size_t forgiven(size_t len)
{
    return len < 5 ? 0 : len < 8 ? 2 : 4;
}

bool explain_put_misspelt(struct buf *out, const char *topic, size_t width, bool color)
{
    const struct term *nearest[2];
    size_t distance = 0;
    struct terms *all = terms_new();
    size_t found = terms_nearest(all, topic, nearest, 2, &distance);
    bool clear = found > 0 && distance <= forgiven(strlen(topic));
    if (clear) {
        struct paper p = paper_on(out, width, color);
        const char *term = nearest[0]->name;
        size_t len = nearest[0]->kind == TERM_AREA ? finding_area_len(term) : strlen(term);
        paper_begin(&p, "", "");
        paper_putf(&p, INK_FAINT, "Nothing is called '%s'; this is '%.*s':", topic, (int)len, term);
        paper_end(&p);
        paper_blank(&p);
        paper_deinit(&p);
        char name[TERM_NAME_MAX] = "";
        memcpy(name, term, len);
        CHECK(explain_put_from(out, all, name, EXPLAIN_TEXT, width, color));
    }
    terms_free(all);
    return clear;
}

void explain_put_unknown(struct buf *why, const char *topic)
{
    const struct term *nearest[SIMILAR_MAX];
    size_t distance = 0;
    struct terms *all = terms_new();
    size_t found = terms_nearest(all, topic, nearest, SIMILAR_MAX, &distance);
    buf_put_text(why, "no finding, area, word, column or term has the name '");
    text_put_visible(why, span_take(span_of(topic), SHOWN_MAX));
    buf_put_text(why, "'; similar: ");
    for (size_t k = 0; k < found; k++) {
        const char *name = nearest[k]->name;
        size_t len = nearest[k]->kind == TERM_AREA ? finding_area_len(name) : strlen(name);
        buf_putf(why, "%s%.*s", k == 0 ? "" : k + 1 < found ? ", " : " or ", (int)len, name);
    }
    terms_free(all);
}
