#include "scanner/explain/term_entries.h"

#include "scanner/base/check.h"
#include "scanner/explain/finding_entries.h"
#include "scanner/explain/sender_entry.h"
#include "scanner/observation/outcome.h"
#include "scanner/report/vocabularies.h"

/* --- what is told of a term ------------------------------------------------------------------ */

static const char *meaning_of_term(const struct term *t)
{
    switch (t->kind) {
    case TERM_CODE:
        return finding_info(t->code)->symptom;
    case TERM_AREA:
        return "findings of this area";
    case TERM_GLOSSARY:
        return t->glossary->meaning;
    case TERM_RESULT_TYPE:
    case TERM_WORD:
        return t->vocabulary->words[t->value].meaning;
    case TERM_VOCABULARY:
        return t->vocabulary->meaning;
    case TERM_TABLE:
    case TERM_OBJECT:
        return t->definition->meaning;
    case TERM_COLUMN:
        return t->column->meaning;
    case TERM_SENDER:
        return t->sender->title;
    case TERM_SHEET:
        return t->sheet->title;
    case TERM_KIND_COUNT:
        break;
    }
    UNREACHABLE("unknown term_kind");
}

/** A name under which nothing else is found. */
static void put_full_name(struct buf *b, const struct term *t)
{
    if (t->kind == TERM_AREA) {
        buf_put(b, span_take(span_of(t->name), finding_area_len(t->name)));
    } else if (t->kind == TERM_WORD || t->kind == TERM_RESULT_TYPE) {
        buf_putf(b, "%s.%s", t->of, t->name);
    } else if (t->kind != TERM_COLUMN || !term_path_of(t, NULL, b, NULL)) {
        buf_put_text(b, t->name);
    }
}

static const char *buf_text(struct buf *b)
{
    buf_put_char(b, '\0');
    return (const char *)b->at;
}

/** Sessions end in these areas: smtp.connect_refused is refused of vocabulary outcome. */
static bool finding_is_the_outcome(const char *code, const char *word)
{
    bool session = strncmp(code, "smtp_", 5) == 0 || strncmp(code, "starttls_", 9) == 0 ||
                   strncmp(code, "tls_", 4) == 0;
    size_t len = strlen(code);
    size_t tail = strlen(word);
    return session && len > tail && code[len - tail - 1] == '_' &&
           strcmp(code + len - tail, word) == 0;
}

/** Does a finding say the same as this word? "starttls.not_offered", starttls_not_offered; "dane.mismatch", mismatch of
 * dane_status. */
static bool finding_is_the_word(const struct finding_info *f, const struct term *t)
{
    char word[TERM_NAME_MAX];
    char code[TERM_NAME_MAX];
    size_t area = finding_area_len(f->code);
    if (t->kind == TERM_RESULT_TYPE) {
        return strcmp(f->tls_rpt, t->name) == 0;
    }
    term_fold(t->name, word);
    term_fold(f->code, code);
    return strcmp(code, word) == 0 ||
           (strcmp(code + area + 1, word) == 0 && strncmp(t->of, code, area) == 0) ||
           (t->vocabulary == &outcome_vocabulary && finding_is_the_outcome(code, word));
}

static unsigned findings_of_word(const struct term *t, const struct finding_info **only)
{
    unsigned count = 0;
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        if (finding_is_the_word(f, t)) {
            *only = f;
            count++;
        }
    }
    return count;
}

/* --- entries of several lines ---------------------------------------------------------------- */

static void entry_put_head(struct paper *p, const struct term *t)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    put_full_name(&name, t);
    paper_begin(p, "", "  ");
    paper_put(p, INK_STRONG, buf_text(&name));
    paper_putf(p, INK_FAINT, " (%s)", term_kind_word(t->kind));
    paper_end(p);
    buf_deinit(&name);
}

static void put_findings_of_word(struct paper *p, const struct term *t)
{
    const struct finding_info *only = NULL;
    unsigned count = findings_of_word(t, &only);
    if (count == 0) {
        return;
    }
    if (count == 1) {
        entry_put_field(p, "finding", only->code);
        entry_put_field(p, "cause", only->cause);
        entry_put_field(p, "fix", only->fix);
        return;
    }
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        if (finding_is_the_word(f, t)) {
            buf_putf(&text, "%s%s", text.len > 0 ? ", " : "", f->code);
        }
    }
    entry_put_field(p, "findings", buf_text(&text));
    buf_deinit(&text);
}

static void entry_put_word(struct paper *p, const struct term *t)
{
    entry_put_field(p, "means", meaning_of_term(t));
    entry_put_field(p, "one of", t->vocabulary->meaning);
    entry_put_field(p, "found in",
                    t->kind == TERM_WORD ? t->vocabulary->used_in
                                         : "failure-details of reports (RFC 8460)");
    if (t->kind == TERM_RESULT_TYPE) {
        entry_put_field(p, "fix", result_type_fix((enum result_type)t->value));
    }
    put_findings_of_word(p, t);
}

static void entry_put_words(struct paper *p, const struct vocabulary *v)
{
    for (unsigned i = 0; i < v->count; i++) {
        if (vocabulary_has_word(v, i)) {
            paper_begin(p, "  ", "      ");
            paper_put(p, INK_STRONG, vocabulary_word(v, i));
            paper_putf(p, INK_PLAIN, ": %s", v->words[i].meaning);
            paper_end(p);
        }
    }
}

static void put_columns_field(struct paper *p, const struct definition *d, bool keys)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < d->column_count; i++) {
        if (!keys || d->columns[i].presence == COLUMN_PRESENCE_KEY) {
            buf_putf(&text, "%s%s", text.len > 0 ? ", " : "", d->columns[i].name);
        }
    }
    if (text.len > 0) {
        entry_put_field(p, keys ? "key" : "columns", buf_text(&text));
    }
    buf_deinit(&text);
}

/** "vocabulary dane_host", as the meaning of the column names it. */
static const struct vocabulary *vocabulary_of_column(const struct column *c)
{
    for (unsigned i = 0; i < row_vocabulary_count; i++) {
        char named[TERM_NAME_MAX];
        (void)snprintf(named, sizeof(named), "(vocabulary %s)", row_vocabularies[i]->name);
        if (strstr(c->meaning, named) != NULL) {
            return row_vocabularies[i];
        }
    }
    return NULL;
}

static void put_column(struct paper *p, const struct term *t)
{
    const struct vocabulary *v = vocabulary_of_column(t->column);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    size_t others = 0;
    entry_put_field(p, "means", t->column->meaning);
    buf_putf(&text, "%s%s", column_type_word(t->column->type),
             t->column->presence == COLUMN_PRESENCE_NULLABLE ? ", or null" : "");
    entry_put_field(p, "type", buf_text(&text));
    buf_reset(&text);
    if (term_path_of(t, NULL, &text, &others)) {
        if (others > 0) {
            buf_putf(&text, ", and at %zu other place%s (object %s)", others, others > 1 ? "s" : "",
                     t->of);
        }
        entry_put_field(p, "found in", buf_text(&text));
    }
    if (t->column->source[0] != '\0') {
        entry_put_field(p, "source", t->column->source);
    }
    buf_deinit(&text);
    if (v != NULL) {
        entry_put_words(p, v);
    }
}

static void put_glossary(struct paper *p, const struct glossary_term *g)
{
    entry_put_field(p, "means", g->meaning);
    if (g->area[0] != '\0') {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&text, "mxcensus explain %s", g->area);
        entry_put_field(p, "findings", buf_text(&text));
        buf_deinit(&text);
    }
    if (g->see[0] != '\0') {
        entry_put_field(p, "see", g->see);
    }
}

static void entry_put_sheet(struct paper *p, const struct sheet *sheet)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    entry_put_field(p, "means", sheet->title);
    entry_put_field(p, "counts", sheet->definition);
    for (size_t i = 0; i < sheet->column_count; i++) {
        buf_putf(&text, "%s%s", i > 0 ? ", " : "", sheet->columns[i].name);
    }
    if (text.len > 0) {
        entry_put_field(p, "columns", buf_text(&text));
    }
    entry_put_field(p, "see", "mxcensus report RESULTS, docs/report.md");
    buf_deinit(&text);
}

void term_put_entry(struct paper *p, const struct term *t)
{
    char area[TERM_NAME_MAX] = "";
    switch (t->kind) {
    case TERM_CODE:
        finding_put_entry(p, finding_info(t->code));
        return;
    case TERM_AREA:
        memcpy(area, t->name, finding_area_len(t->name));
        finding_put_table(p, area);
        return;
    case TERM_GLOSSARY:
        entry_put_head(p, t);
        put_glossary(p, t->glossary);
        return;
    case TERM_RESULT_TYPE:
    case TERM_WORD:
        entry_put_head(p, t);
        entry_put_word(p, t);
        return;
    case TERM_VOCABULARY:
        entry_put_head(p, t);
        entry_put_field(p, "means", t->vocabulary->meaning);
        entry_put_field(p, "found in", t->vocabulary->used_in);
        entry_put_words(p, t->vocabulary);
        return;
    case TERM_TABLE:
    case TERM_OBJECT:
        entry_put_head(p, t);
        entry_put_field(p, "means", t->definition->meaning);
        put_columns_field(p, t->definition, true);
        put_columns_field(p, t->definition, false);
        return;
    case TERM_COLUMN:
        entry_put_head(p, t);
        put_column(p, t);
        return;
    case TERM_SENDER:
        entry_put_head(p, t);
        sender_put_entry(p, t->sender);
        return;
    case TERM_SHEET:
        entry_put_head(p, t);
        entry_put_sheet(p, t->sheet);
        return;
    case TERM_KIND_COUNT:
        break;
    }
    UNREACHABLE("unknown term_kind");
}

/* --- entries of one line, JSON --------------------------------------------------------------- */

void term_put_short(struct paper *p, const struct term *t)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    put_full_name(&name, t);
    paper_begin(p, "  ", "      ");
    paper_putf(p, INK_FAINT, "%s", term_kind_word(t->kind));
    paper_put(p, INK_PLAIN, " ");
    paper_put(p, INK_STRONG, buf_text(&name));
    paper_putf(p, INK_PLAIN, ": %s", meaning_of_term(t));
    paper_end(p);
    buf_deinit(&name);
}

static void put_json_codes(struct json_writer *w, const struct term *t)
{
    json_key(w, "findings");
    json_array_begin(w);
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        bool belongs =
            (t->kind == TERM_WORD || t->kind == TERM_RESULT_TYPE) && finding_is_the_word(f, t);
        if (belongs || (t->kind == TERM_GLOSSARY && t->glossary->area[0] != '\0' &&
                        finding_is_of(f, t->glossary->area))) {
            json_word(w, f->code);
        }
    }
    json_array_end(w);
}

void term_put_json(struct json_writer *w, const struct term *t)
{
    if (t->kind == TERM_CODE) {
        finding_put_json(w, finding_info(t->code));
        return;
    }
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    put_full_name(&path, t);
    json_object_begin(w);
    json_key(w, "kind");
    json_word(w, term_kind_word(t->kind));
    json_key(w, "name");
    json_word(w, t->name);
    json_key(w, "of");
    json_word(w, t->of);
    json_key(w, "full_name");
    json_word(w, buf_text(&path));
    json_key(w, "meaning");
    json_word(w, meaning_of_term(t));
    put_json_codes(w, t);
    json_object_end(w);
    buf_deinit(&path);
}
