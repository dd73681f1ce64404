#include "scanner/domain/shared_operators.h"

#include <stdlib.h>

#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/domain/csv_record.h"
#include "scanner/domain/domain_name.h"

#define DATE_LEN 10 /* 2026-11-29 */

enum shared_field {
    FIELD_WILDCARD,
    FIELD_OPERATOR,
    FIELD_SOURCE,
    FIELD_DATE,
    FIELD_COUNT,
};

static const char *const field_names[FIELD_COUNT] = {"wildcard", "operator", "source", "date"};

/* One line of the file. */
struct entry_place {
    const char *origin;
    size_t line;
    struct buf *why;
};

static bool entry_fault(const struct entry_place *at, const char *what)
{
    buf_putf(at->why, "%s: line %zu: %s", at->origin, at->line, what);
    return false;
}

static size_t operators_suffix_labels(struct span name)
{
    size_t labels = name.len > 0;
    for (size_t i = 0; i < name.len; i++) {
        labels += name.at[i] == '.';
    }
    return labels;
}

static bool add_wildcard(struct shared_operators *s, struct span wildcard,
                         const struct entry_place *at)
{
    unsigned asterisks = 0;
    struct span suffix = wildcard;
    while (suffix.len > 2 && suffix.at[0] == '*' && suffix.at[1] == '.') {
        suffix = span_drop(suffix, 2);
        asterisks++;
    }
    struct buf normal = BUF_INIT(NAME_TEXT_MAX);
    bool ok = asterisks > 0 && asterisks <= SHARED_ASTERISKS_MAX &&
              list_name_normalise(suffix, &normal) == NULL && span_eq(buf_span(&normal), suffix) &&
              operators_suffix_labels(suffix) >= SHARED_SUFFIX_LABELS_MIN;
    if (ok) {
        s->wildcards = memory_grow_list(s->wildcards, s->count, sizeof(*s->wildcards));
        s->wildcards[s->count++] = (struct shared_wildcard){suffix, asterisks};
    }
    buf_deinit(&normal);
    return ok || entry_fault(at, "the wildcard must be one or two times '*.' and a name of at "
                                 "least two labels, in lower case");
}

static bool is_entry_date(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (i == 4 || i == 7 ? s.at[i] != '-' : !ascii_is_digit(s.at[i])) {
            return false;
        }
    }
    return s.len == DATE_LEN;
}

static bool is_entry_source(struct span s)
{
    struct span https = SPAN_LIT("https://");
    return s.len > https.len && span_eq(span_take(s, https.len), https);
}

static bool is_list_header(const struct csv_fields *f)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!span_eq(f->at[i], span_of(field_names[i]))) {
            return false;
        }
    }
    return true;
}

static bool read_entry(struct shared_operators *s, const struct csv_fields *f, bool header,
                       const struct entry_place *at)
{
    if (f->count != FIELD_COUNT) {
        return entry_fault(at, "needs four fields: wildcard,operator,source,date");
    }
    if (header) {
        return is_list_header(f) ||
               entry_fault(at, "the header must be wildcard,operator,source,date");
    }
    if (f->at[FIELD_OPERATOR].len == 0) {
        return entry_fault(at, "has no operator");
    }
    if (!is_entry_source(f->at[FIELD_SOURCE])) {
        return entry_fault(at, "the source must be an https:// URL");
    }
    if (!is_entry_date(f->at[FIELD_DATE])) {
        return entry_fault(at, "the date must be like 2026-11-29");
    }
    return add_wildcard(s, f->at[FIELD_WILDCARD], at);
}

static int by_wildcard(const void *a, const void *b)
{
    const struct shared_wildcard *x = a;
    const struct shared_wildcard *y = b;
    int c = span_cmp(x->suffix, y->suffix);
    return c != 0 ? c : (int)x->asterisks - (int)y->asterisks;
}

bool shared_operators_parse(struct shared_operators *s, struct span octets, const char *origin,
                            struct buf *why)
{
    struct csv_fields fields = {.delimiter = ','};
    struct entry_place at = {.origin = origin, .why = why};
    bool header = true;
    bool ok = true;
    *s = (struct shared_operators){0};
    while (ok && octets.len > 0) {
        struct span line = text_trim(text_take_until(&octets, '\n'));
        at.line++;
        if (line.len == 0 || line.at[0] == '#') {
            continue;
        }
        csv_fields_split(&fields, line);
        ok = read_entry(s, &fields, header, &at);
        header = false;
    }
    csv_fields_deinit(&fields);
    if (s->count > 0) {
        qsort(s->wildcards, s->count, sizeof(*s->wildcards), by_wildcard);
    }
    if (ok && header) {
        at.line++;
        ok = entry_fault(&at, "the header must be wildcard,operator,source,date");
    }
    return ok;
}

void shared_operators_deinit(struct shared_operators *s)
{
    free(s->wildcards);
}

bool shared_operators_have(const struct shared_operators *s, struct span host)
{
    struct shared_wildcard key = {.suffix = host};
    while (key.asterisks < SHARED_ASTERISKS_MAX) {
        const uint8_t *dot = key.suffix.len > 0 ? memchr(key.suffix.at, '.', key.suffix.len) : NULL;
        if (dot == NULL) {
            return false;
        }
        key.suffix = span_drop(key.suffix, (size_t)(dot - key.suffix.at) + 1);
        key.asterisks++;
        if (s->count > 0 &&
            bsearch(&key, s->wildcards, s->count, sizeof(key), by_wildcard) != NULL) {
            return true;
        }
    }
    return false;
}
