#include "scanner/cli/explain.h"

#include "output/csv.h"
#include "output/json_writer.h"
#include "scanner/base/check.h"
#include "scanner/view/paper.h"

/** Is the entry, or its area, what was asked for? */
static bool topic_is_wanted(const struct finding_info *f, const char *topic)
{
    return topic == NULL || strcmp(f->code, topic) == 0 ||
           (strlen(topic) == finding_area_len(f->code) &&
            strncmp(f->code, topic, strlen(topic)) == 0);
}

#define TABLES_MAX 2

/** The tables whose rows carry findings of this scope; NULL ends the list. */
static void tables_of(enum finding_scope scope, const char *tables[TABLES_MAX + 1])
{
    static const char *const names[SCOPE_COUNT][TABLES_MAX] = {
        [SCOPE_DOMAIN] = {"domains"},
        [SCOPE_HOST] = {"hosts"},
        [SCOPE_POLICY] = {"policies"},
        [SCOPE_SESSION] = {"services", "endpoints"},
        [SCOPE_SERVICE] = {"services"},
        [SCOPE_ENDPOINT] = {"endpoints"},
        [SCOPE_CHAIN] = {"chains", "completions"},
        [SCOPE_CERTIFICATE] = {"certificates"},
    };
    CHECK(scope < SCOPE_COUNT);
    memcpy(tables, names[scope], sizeof(names[scope]));
    tables[TABLES_MAX] = NULL;
}

/* --- text ------------------------------------------------------------------------------------ */

static enum ink ink_of(enum severity s)
{
    static const enum ink inks[SEVERITY_COUNT] = {INK_FAINT, INK_NOTE, INK_WARNING, INK_ERROR};
    CHECK(s < SEVERITY_COUNT);
    return inks[s];
}

static void put_field(struct paper *p, const char *name, const char *text)
{
    paper_begin(p, "  ", "             ");
    paper_put(p, INK_FAINT, name);
    paper_tab(p, 13);
    paper_put(p, INK_PLAIN, text);
    paper_end(p);
}

static void put_tables_field(struct paper *p, enum finding_scope scope)
{
    const char *tables[TABLES_MAX + 1];
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    tables_of(scope, tables);
    buf_putf(&text, "rows of %s", tables[0]);
    if (tables[1] != NULL) {
        buf_putf(&text, " or %s", tables[1]);
    }
    buf_put_char(&text, '\0');
    put_field(p, "found in", (const char *)text.at);
    buf_deinit(&text);
}

static void put_entry(struct paper *p, const struct finding_info *f)
{
    paper_say(p, INK_STRONG, f->code);
    paper_begin(p, "  ", "  ");
    paper_put(p, INK_FAINT, "severity");
    paper_tab(p, 13);
    paper_put(p, ink_of(f->severity_max), severity_word(f->severity_max));
    paper_put(p, INK_PLAIN, " at most");
    paper_end(p);
    put_tables_field(p, f->scope);
    put_field(p, "symptom", f->symptom);
    put_field(p, "cause", f->cause);
    put_field(p, "fix", f->fix);
    if (f->rfc[0] != '\0') {
        put_field(p, "see", f->rfc);
    }
    if (f->tls_rpt[0] != '\0') {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&text, "%s (RFC 8460 section 4.3)", f->tls_rpt);
        buf_put_char(&text, '\0');
        put_field(p, "TLS-RPT", (const char *)text.at);
        buf_deinit(&text);
    }
}

#define SEVERITY_COLUMNS 9 /* with the space behind the word */
#define SCOPE_COLUMNS    13

static void put_table(struct paper *p, const char *topic)
{
    static const char margin[] = "      ";
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        if (!topic_is_wanted(f, topic)) {
            continue;
        }
        paper_begin(p, "", margin);
        paper_put(p, ink_of(f->severity_max), severity_word(f->severity_max));
        paper_tab(p, SEVERITY_COLUMNS);
        paper_put(p, INK_FAINT, finding_scope_word(f->scope));
        paper_tab(p, SEVERITY_COLUMNS + SCOPE_COLUMNS);
        paper_put(p, INK_STRONG, f->code);
        paper_end(p);
        paper_begin(p, margin, margin);
        paper_put(p, INK_PLAIN, f->symptom);
        paper_end(p);
    }
}

static void put_text(struct buf *out, const char *topic, size_t width, bool color)
{
    struct paper p = paper_on(out, width, color);
    enum finding_code code;
    if (topic != NULL && finding_code_find(topic, &code)) {
        put_entry(&p, finding_info(code));
    } else {
        put_table(&p, topic);
        paper_blank(&p);
        paper_say(&p, INK_PLAIN,
                  "The severities are maximums. For cause and fix: mxcensus explain CODE");
    }
    paper_deinit(&p);
}

/* --- CSV and JSON: the same fields ----------------------------------------------------------- */

static void explain_put_csv_cell(struct buf *out, const char *text, const char *after)
{
    if (text[0] != '\0') { /* nothing is null, which is an empty field */
        csv_put_text(out, span_of(text));
    }
    buf_put_text(out, after);
}

static void explain_put_csv(struct buf *out, const char *topic)
{
    buf_put_text(out, "code,severity,scope,tables,symptom,cause,fix,rfc,tls_rpt" CSV_LINE_END);
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        const char *tables[TABLES_MAX + 1];
        if (!topic_is_wanted(f, topic)) {
            continue;
        }
        tables_of(f->scope, tables);
        explain_put_csv_cell(out, f->code, ",");
        explain_put_csv_cell(out, severity_word(f->severity_max), ",");
        explain_put_csv_cell(out, finding_scope_word(f->scope), ",");
        explain_put_csv_cell(out, tables[0], tables[1] != NULL ? " " : ",");
        if (tables[1] != NULL) {
            explain_put_csv_cell(out, tables[1], ",");
        }
        explain_put_csv_cell(out, f->symptom, ",");
        explain_put_csv_cell(out, f->cause, ",");
        explain_put_csv_cell(out, f->fix, ",");
        explain_put_csv_cell(out, f->rfc, ",");
        explain_put_csv_cell(out, f->tls_rpt, CSV_LINE_END);
    }
}

static void put_json_field(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_word(w, text[0] != '\0' ? text : NULL);
}

static void put_json(struct buf *out, const char *topic)
{
    struct json_writer w = json_writer_indented(out);
    json_array_begin(&w);
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        const char *tables[TABLES_MAX + 1];
        if (!topic_is_wanted(f, topic)) {
            continue;
        }
        tables_of(f->scope, tables);
        json_object_begin(&w);
        put_json_field(&w, "code", f->code);
        put_json_field(&w, "severity", severity_word(f->severity_max));
        put_json_field(&w, "scope", finding_scope_word(f->scope));
        json_key(&w, "tables");
        json_array_begin(&w);
        for (const char *const *table = tables; *table != NULL; table++) {
            json_word(&w, *table);
        }
        json_array_end(&w);
        put_json_field(&w, "symptom", f->symptom);
        put_json_field(&w, "cause", f->cause);
        put_json_field(&w, "fix", f->fix);
        put_json_field(&w, "rfc", f->rfc);
        put_json_field(&w, "tls_rpt", f->tls_rpt);
        json_object_end(&w);
    }
    json_array_end(&w);
    buf_put_char(out, '\n');
}

/* --- what is not known ----------------------------------------------------------------------- */

#define TOPIC_MAX 64 /* octets that are compared; codes are shorter */

/** Letters to add, drop or change to get from `a` to some beginning of `b` (Levenshtein distance): the end of a
 * long code is seldom typed. */
static size_t distance(const char *a, const char *b)
{
    size_t row[TOPIC_MAX + 1];
    size_t b_len = strlen(b);
    CHECK(b_len <= TOPIC_MAX);
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b_len; j++) {
            size_t change = diagonal + (a[i] != b[j]);
            size_t least = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < least ? change : least;
        }
    }
    size_t least = row[0];
    for (size_t j = 1; j <= b_len; j++) {
        least = row[j] < least ? row[j] : least;
    }
    return least;
}

/** The name alone also counts: the area may be what was forgotten. */
static size_t distance_to_code(const char *topic, const char *code)
{
    size_t whole = distance(topic, code);
    if (strchr(topic, '.') != NULL) {
        return whole;
    }
    size_t name = distance(topic, code + finding_area_len(code) + 1);
    return name < whole ? name : whole;
}

#define NEAREST_COUNT 3

static void put_nearest(struct buf *why, const char *topic)
{
    unsigned nearest[NEAREST_COUNT];
    size_t far[NEAREST_COUNT];
    size_t count = 0;
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        size_t d = distance_to_code(topic, finding_info((enum finding_code)i)->code);
        size_t at = count;
        while (at > 0 && d < far[at - 1]) {
            at--;
        }
        if (at == NEAREST_COUNT) {
            continue;
        }
        count += count < NEAREST_COUNT;
        for (size_t k = count - 1; k > at; k--) {
            nearest[k] = nearest[k - 1];
            far[k] = far[k - 1];
        }
        nearest[at] = i;
        far[at] = d;
    }
    for (size_t k = 0; k < count; k++) {
        buf_putf(why, "%s%s",
                 k == 0          ? ""
                 : k + 1 < count ? ", "
                                 : " or ",
                 finding_info((enum finding_code)nearest[k])->code);
    }
}

static bool topic_is_known(const char *topic)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        if (topic_is_wanted(finding_info((enum finding_code)i), topic)) {
            return true;
        }
    }
    return false;
}

bool explain_put(struct buf *out, const char *topic, enum explain_format format, size_t width,
                 bool color, struct buf *why)
{
    if (!topic_is_known(topic)) {
        char shown[TOPIC_MAX + 1] = {0};
        memcpy(shown, topic, strnlen(topic, TOPIC_MAX));
        buf_putf(why, "no finding or area has the name '%s'; similar: ", shown);
        put_nearest(why, shown);
        return false;
    }
    switch (format) {
    case EXPLAIN_TEXT:
        put_text(out, topic, width, color);
        return true;
    case EXPLAIN_CSV:
        explain_put_csv(out, topic);
        return true;
    case EXPLAIN_JSON:
        put_json(out, topic);
        return true;
    }
    UNREACHABLE("unknown explain_format");
}
