#include "scanner/explain/finding_entries.h"

#include "output/csv.h"
#include "output/json_writer.h"
#include "scanner/base/check.h"

bool finding_is_of(const struct finding_info *f, const char *topic)
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

enum ink finding_ink(enum severity s)
{
    static const enum ink inks[SEVERITY_COUNT] = {INK_FAINT, INK_NOTE, INK_WARNING, INK_ERROR};
    CHECK(s < SEVERITY_COUNT);
    return inks[s];
}

void entry_put_field(struct paper *p, const char *name, const char *text)
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
    entry_put_field(p, "found in", (const char *)text.at);
    buf_deinit(&text);
}

void finding_put_entry(struct paper *p, const struct finding_info *f)
{
    paper_say(p, INK_STRONG, f->code);
    paper_begin(p, "  ", "  ");
    paper_put(p, INK_FAINT, "severity");
    paper_tab(p, 13);
    paper_put(p, finding_ink(f->severity_max), severity_word(f->severity_max));
    paper_put(p, INK_PLAIN, " at most");
    paper_end(p);
    put_tables_field(p, f->scope);
    entry_put_field(p, "symptom", f->symptom);
    entry_put_field(p, "cause", f->cause);
    entry_put_field(p, "fix", f->fix);
    if (f->rfc[0] != '\0') {
        entry_put_field(p, "see", f->rfc);
    }
    if (f->tls_rpt[0] != '\0') {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&text, "%s (RFC 8460 section 4.3)", f->tls_rpt);
        buf_put_char(&text, '\0');
        entry_put_field(p, "TLS-RPT", (const char *)text.at);
        buf_deinit(&text);
    }
}

#define SEVERITY_COLUMNS 9 /* with the space behind the word */
#define SCOPE_COLUMNS    13

void finding_put_table(struct paper *p, const char *topic)
{
    static const char margin[] = "      ";
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        if (!finding_is_of(f, topic)) {
            continue;
        }
        paper_begin(p, "", margin);
        paper_put(p, finding_ink(f->severity_max), severity_word(f->severity_max));
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

/* --- CSV and JSON: the same fields ----------------------------------------------------------- */

static void explain_put_csv_cell(struct buf *out, const char *text, const char *after)
{
    if (text[0] != '\0') { /* nothing is null, which is an empty field */
        csv_put_text(out, span_of(text));
    }
    buf_put_text(out, after);
}

void finding_put_csv(struct buf *out, const char *topic)
{
    buf_put_text(out, "code,severity,scope,tables,symptom,cause,fix,rfc,tls_rpt" CSV_LINE_END);
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        const char *tables[TABLES_MAX + 1];
        if (!finding_is_of(f, topic)) {
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

void finding_put_json(struct json_writer *w, const struct finding_info *f)
{
    const char *tables[TABLES_MAX + 1];
    tables_of(f->scope, tables);
    json_object_begin(w);
    put_json_field(w, "code", f->code);
    put_json_field(w, "severity", severity_word(f->severity_max));
    put_json_field(w, "scope", finding_scope_word(f->scope));
    json_key(w, "tables");
    json_array_begin(w);
    for (const char *const *table = tables; *table != NULL; table++) {
        json_word(w, *table);
    }
    json_array_end(w);
    put_json_field(w, "symptom", f->symptom);
    put_json_field(w, "cause", f->cause);
    put_json_field(w, "fix", f->fix);
    put_json_field(w, "rfc", f->rfc);
    put_json_field(w, "tls_rpt", f->tls_rpt);
    json_object_end(w);
}
