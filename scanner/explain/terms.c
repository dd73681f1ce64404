#include "scanner/explain/terms.h"

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/report/vocabularies.h"
#include "scanner/senders/sender_profiles.h"
#include "scanner/survey/survey_sheets.h"

const struct vocabulary term_kind_vocabulary = VOCABULARY_WORDS(TERM_KINDS);
const struct vocabulary result_type_vocabulary =
    VOCABULARY_OF(RESULT_TYPES, "result-type", "failure-details",
                  "What failed, in a report of TLS-RPT (RFC 8460 section 4.3).");

const char *result_type_fix(enum result_type t)
{
    static const char *const fixes[] = {
#define X(name, word, meaning, fix) [name] = (fix),
        RESULT_TYPES(X)
#undef X
    };
    CHECK(t < RESULT_TYPE_COUNT);
    return fixes[t];
}

static const struct glossary_term glossary[] = {
#define GLOSSARY(name, meaning, area, see) {name, meaning, area, see},
#include "scanner/explain/glossary.def"
#undef GLOSSARY
};

#define GLOSSARY_COUNT (sizeof(glossary) / sizeof(glossary[0]))
#define PATH_DEPTH_MAX 8 /* objects in objects; deeper ones than there are */

/* --- the list ------------------------------------------------------------------------------- */

struct term_list {
    struct term *at;
    size_t count;
};

static struct term *term_add(struct term_list *l, enum term_kind kind, const char *name,
                             const char *of)
{
    l->at = memory_grow_list(l->at, l->count, sizeof(*l->at));
    struct term *t = &l->at[l->count++];
    *t = (struct term){.kind = kind, .name = name, .of = of};
    return t;
}

/** The first code of an area stands for it. */
static bool begins_area(unsigned i)
{
    const char *code = finding_info((enum finding_code)i)->code;
    const char *before = i > 0 ? finding_info((enum finding_code)(i - 1))->code : "";
    size_t len = finding_area_len(code) + 1;
    return strncmp(code, before, len) != 0;
}

static void terms_add_codes(struct term_list *l)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        term_add(l, TERM_CODE, f->code, NULL)->code = (enum finding_code)i;
    }
}

static void terms_add_areas(struct term_list *l)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        if (begins_area(i)) {
            term_add(l, TERM_AREA, finding_info((enum finding_code)i)->code, NULL)->code =
                (enum finding_code)i;
        }
    }
}

static void terms_add_words(struct term_list *l, enum term_kind kind, const struct vocabulary *v)
{
    for (unsigned i = 0; i < v->count; i++) {
        if (vocabulary_has_word(v, i)) {
            struct term *t = term_add(l, kind, vocabulary_word(v, i), v->name);
            t->vocabulary = v;
            t->value = i;
        }
    }
}

static void terms_add_vocabulary(struct term_list *l, const struct vocabulary *v)
{
    term_add(l, TERM_VOCABULARY, v->name, NULL)->vocabulary = v;
    terms_add_words(l, TERM_WORD, v);
}

static void terms_add_definition(struct term_list *l, enum term_kind kind,
                                 const struct definition *d)
{
    term_add(l, kind, d->name, NULL)->definition = d;
    for (size_t i = 0; i < d->column_count; i++) {
        struct term *t = term_add(l, TERM_COLUMN, d->columns[i].name, d->name);
        t->definition = d;
        t->column = &d->columns[i];
    }
}

/** What the list borrows from. */
struct terms_memory {
    struct terms terms; /* first: it is what the caller has */
    struct sender_profiles_file *senders;
    struct sheets sheets;
};

static void terms_add_senders(struct term_list *l, struct terms_memory *m)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    m->senders = sender_profiles_load(NULL, &why);
    CHECK(m->senders != NULL); /* those that are shipped */
    buf_deinit(&why);
    for (size_t i = 0; i < m->senders->profiles.count; i++) {
        const struct sender_profile *profile = &m->senders->profiles.items[i];
        term_add(l, TERM_SENDER, profile->id, NULL)->sender = profile;
    }
}

/** The tables of a report about nothing: their definitions are those of all. */
static void terms_add_sheets(struct term_list *l, struct terms_memory *m)
{
    const struct survey_terms nothing = {0};
    struct survey *survey = memory_new(1, sizeof(*survey));
    survey_init(survey, &nothing);
    sheets_init(&m->sheets);
    survey_make_sheets(survey, &m->sheets);
    for (size_t i = 0; i < m->sheets.count; i++) {
        term_add(l, TERM_SHEET, m->sheets.list[i].id, NULL)->sheet = &m->sheets.list[i];
    }
    survey_deinit(survey);
    free(survey);
}

struct terms *terms_new(void)
{
    struct term_list l = {0};
    struct terms_memory *m = memory_new(1, sizeof(*m));
    for (size_t i = 0; i < GLOSSARY_COUNT; i++) {
        term_add(&l, TERM_GLOSSARY, glossary[i].name, NULL)->glossary = &glossary[i];
    }
    terms_add_areas(&l);
    terms_add_codes(&l);
    terms_add_words(&l, TERM_RESULT_TYPE, &result_type_vocabulary);
    terms_add_senders(&l, m);
    terms_add_sheets(&l, m);
    for (unsigned i = 0; i < row_vocabulary_count; i++) {
        terms_add_vocabulary(&l, row_vocabularies[i]);
    }
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        terms_add_definition(&l, TERM_TABLE, table_definition((enum table_id)t));
    }
    for (unsigned n = 0; n < NESTED_COUNT; n++) {
        terms_add_definition(&l, TERM_OBJECT, nested_definition((enum nested_id)n));
    }
    m->terms = (struct terms){l.at, l.count, m};
    return &m->terms;
}

void terms_free(struct terms *t)
{
    if (t != NULL) {
        struct terms_memory *m = t->memory;
        sender_profiles_free(m->senders);
        sheets_deinit(&m->sheets);
        free(m->terms.list);
        free(m);
    }
}

/* --- names ---------------------------------------------------------------------------------- */

void term_fold(const char *text, char out[TERM_NAME_MAX])
{
    size_t len = 0;
    bool gap = false;
    for (; *text != '\0' && len < TERM_NAME_MAX - 2; text++) {
        uint8_t c = ascii_lower((uint8_t)*text);
        if ((c < 'a' || c > 'z') && !ascii_is_digit(c)) {
            gap = len > 0;
            continue;
        }
        if (gap) {
            out[len++] = '_';
        }
        gap = false;
        out[len++] = (char)c;
    }
    out[len] = '\0';
}

/** Is `folded` the name `a`, or `a` and `b`? */
static bool term_is_name(const char *folded, const char *a, const char *b)
{
    char one[TERM_NAME_MAX];
    char two[TERM_NAME_MAX] = "";
    term_fold(a, one);
    term_fold(b, two);
    size_t len = strlen(one);
    if (two[0] == '\0') {
        return strcmp(folded, one) == 0;
    }
    return strncmp(folded, one, len) == 0 && folded[len] == '_' &&
           strcmp(folded + len + 1, two) == 0;
}

/** Is it a path to a column of that name? Names of columns are folded. */
static bool ends_with_name(const char *folded, const char *column)
{
    size_t len = strlen(folded);
    size_t tail = strlen(column);
    return len > tail + 1 && folded[len - tail - 1] == '_' &&
           strcmp(folded + len - tail, column) == 0;
}

/** The column of a list such as "status, chain_status, groups.state", and the word. */
static bool is_word_of_column(const char *folded, const char *used_in, const char *word)
{
    struct span rest = span_of(used_in);
    while (rest.len > 0) {
        char column[TERM_NAME_MAX];
        struct span name = text_trim(text_take_until(&rest, ','));
        name = span_take(name, sizeof(column) - 1);
        memcpy(column, name.at, name.len);
        column[name.len] = '\0';
        if (term_is_name(folded, column, word)) {
            return true;
        }
    }
    return false;
}

/** Of the first code: its area. */
static void area_of(const char *code, char out[TERM_NAME_MAX])
{
    struct span area = span_take(span_of(code), finding_area_len(code));
    CHECK(area.len < TERM_NAME_MAX);
    memcpy(out, area.at, area.len);
    out[area.len] = '\0';
}

/** Areas have short names; these are what people call them. */
static bool is_called_area(const char *folded, const char *area)
{
    static const char *const also[][2] = {{"sts", "mta_sts"},
                                          {"tlsrpt", "tls_rpt"},
                                          {"cert", "certificate"},
                                          {"rdns", "reverse_dns"}};
    for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++) {
        if (strcmp(area, also[i][0]) == 0 && strcmp(folded, also[i][1]) == 0) {
            return true;
        }
    }
    return strcmp(folded, area) == 0;
}

/** "T11" calls all its parts: T11, T11-hosts. */
static bool is_called_sheet(const char *folded, const char *id)
{
    char number[TERM_NAME_MAX] = "";
    size_t len = strcspn(id, "-");
    CHECK(len < TERM_NAME_MAX);
    memcpy(number, id, len);
    return term_is_name(folded, id, "") || term_is_name(folded, number, "");
}

bool term_is_called(const struct term *t, const char *folded)
{
    char area[TERM_NAME_MAX];
    if (folded[0] == '\0') {
        return false;
    }
    switch (t->kind) {
    case TERM_AREA:
        area_of(t->name, area);
        return is_called_area(folded, area);
    case TERM_CODE:
        return term_is_name(folded, t->name, "") ||
               term_is_name(folded, t->name + finding_area_len(t->name) + 1, "");
    case TERM_WORD:
    case TERM_RESULT_TYPE:
        return term_is_name(folded, t->name, "") || term_is_name(folded, t->of, t->name) ||
               is_word_of_column(folded, t->vocabulary->used_in, t->name);
    case TERM_COLUMN:
        return term_is_name(folded, t->name, "") || term_is_name(folded, t->of, t->name) ||
               (ends_with_name(folded, t->name) && term_path_of(t, folded, NULL, NULL));
    case TERM_SHEET:
        return is_called_sheet(folded, t->name);
    case TERM_GLOSSARY:
    case TERM_SENDER:
    case TERM_VOCABULARY:
    case TERM_TABLE:
    case TERM_OBJECT:
        return term_is_name(folded, t->name, "");
    case TERM_KIND_COUNT:
        break;
    }
    UNREACHABLE("unknown term_kind");
}

/* --- where a column stands ------------------------------------------------------------------ */

struct path_search {
    const struct column *column;
    const char *tail; /* NULL: any */
    struct buf *path; /* NULL: not wanted */
    size_t found;
    const char *steps[PATH_DEPTH_MAX + 1]; /* table, columns */
};

/** Does the path end with the tail, where a name begins? */
static bool path_ends_with(const struct path_search *s, size_t depth)
{
    char folded[TERM_NAME_MAX] = "";
    size_t from[PATH_DEPTH_MAX + 1];
    size_t len = 0;
    for (size_t i = 0; i < depth; i++) {
        from[i] = len;
        int n = snprintf(folded + len, sizeof(folded) - len, "%s%s", s->steps[i],
                         i + 1 < depth ? "_" : "");
        if (n < 0 || (size_t)n >= sizeof(folded) - len) {
            return false;
        }
        len += (size_t)n;
    }
    for (size_t i = 0; i + 1 < depth; i++) { /* the column alone is not a path */
        if (strcmp(folded + from[i], s->tail) == 0) {
            return true;
        }
    }
    return false;
}

static void search_paths(struct path_search *s, const struct definition *d, size_t depth)
{
    for (size_t i = 0; i < d->column_count && depth < PATH_DEPTH_MAX; i++) {
        const struct column *c = &d->columns[i];
        s->steps[depth] = c->name;
        if (c == s->column && (s->tail == NULL || path_ends_with(s, depth + 1))) {
            for (size_t k = 0; s->path != NULL && s->found == 0 && k <= depth; k++) {
                buf_putf(s->path, "%s%s", k > 0 ? "." : "", s->steps[k]);
            }
            s->found++;
        }
        if (c->type == COLUMN_TYPE_OBJECT || c->type == COLUMN_TYPE_OBJECT_LIST) {
            search_paths(s, nested_definition(c->nested), depth + 1);
        }
    }
}

bool term_path_of(const struct term *t, const char *tail, struct buf *path, size_t *others)
{
    struct path_search s = {.column = t->column, .tail = tail, .path = path};
    for (unsigned table = 0; table < TABLE_COUNT; table++) {
        s.steps[0] = table_name((enum table_id)table);
        search_paths(&s, table_definition((enum table_id)table), 1);
    }
    if (others != NULL) {
        *others = s.found > 0 ? s.found - 1 : 0;
    }
    return s.found > 0;
}

/* --- what is not known ---------------------------------------------------------------------- */

/** Letters to add, drop or change to get from `a` to `b` (Levenshtein distance). With `open` to some beginning of `b`:
 * the end of a long name is seldom typed. */
static size_t distance_between(const char *a, const char *b, bool open)
{
    size_t row[TERM_NAME_MAX];
    size_t b_len = strlen(b);
    CHECK(b_len < TERM_NAME_MAX);
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
    size_t least = row[b_len];
    for (size_t j = 1; open && j <= b_len; j++) {
        least = row[j] < least ? row[j] : least;
    }
    return least;
}

/** Twice the letters, and one more where the end is missing or the area was: what is whole comes first. */
static size_t distance_to(const char *folded, const struct term *t)
{
    char name[TERM_NAME_MAX];
    if (t->kind == TERM_AREA) {
        area_of(t->name, name);
        return 2 * distance_between(folded, name, false);
    }
    term_fold(t->name, name);
    size_t least = 2 * distance_between(folded, name, false);
    size_t begun = 2 * distance_between(folded, name, true) + 1;
    if (t->kind == TERM_CODE) {
        size_t after =
            2 * distance_between(folded, name + finding_area_len(t->name) + 1, false) + 1;
        begun = after < begun ? after : begun;
    }
    return begun < least ? begun : least;
}

/** Is there one that is written alike? */
static bool is_among(const struct term *const nearest[], size_t count, const struct term *t)
{
    char name[TERM_NAME_MAX];
    term_fold(t->name, name);
    for (size_t i = 0; i < count; i++) {
        if (t->kind != TERM_AREA && nearest[i]->kind != TERM_AREA &&
            term_is_name(name, nearest[i]->name, "")) {
            return true;
        }
    }
    return false;
}

size_t terms_nearest(const struct terms *t, const char *topic, const struct term *nearest[],
                     size_t max, size_t *distance)
{
    char folded[TERM_NAME_MAX];
    size_t far[16];
    size_t kept = 0;
    CHECK(max <= sizeof(far) / sizeof(far[0]));
    term_fold(topic, folded);
    for (size_t i = 0; i < t->count; i++) {
        size_t d = distance_to(folded, &t->list[i]);
        size_t at = kept;
        while (at > 0 && d < far[at - 1]) {
            at--;
        }
        if (at == max || is_among(nearest, kept, &t->list[i])) {
            continue;
        }
        kept += kept < max;
        for (size_t k = kept - 1; k > at; k--) {
            nearest[k] = nearest[k - 1];
            far[k] = far[k - 1];
        }
        nearest[at] = &t->list[i];
        far[at] = d;
    }
    *distance = kept > 0 ? far[0] : SIZE_MAX;
    return kept;
}
