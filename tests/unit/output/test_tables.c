#include <stdio.h>

#include <criterion/criterion.h>

#include "output/dictionary.h"
#include "output/tables.h"
#include "scanner/observation/outcome.h"
#include "scanner/report/vocabularies.h"
#include "tests/support/read_file.h"

struct naming {
    const char *prefix;
    const char *enumerator;
    const char *name;
};

#define TABLE(P, name, ...)        {#P, #P, name},
#define OBJECT(P, name, ...)       /* objects may share a name with a table: domains.mx */
#define COLUMN(P, NAME, name, ...) {#P, #NAME, name},
#define NESTED(P, NAME, name, ...) {#P, #NAME, name},
#define END(P)
static const struct naming namings[] = {
#include "output/tables.def"
};
#undef TABLE
#undef OBJECT
#undef COLUMN
#undef NESTED
#undef END

/* The enumerator is what code says, the name what users see: they must not drift apart. */
Test(tables, enumerators_and_names_agree)
{
    for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++) {
        cr_expect(span_ieq(span_of(namings[i].enumerator), span_of(namings[i].name)), "%s %s: %s",
                  namings[i].prefix, namings[i].enumerator, namings[i].name);
    }
}

static bool ends_with(const char *text, const char *tail)
{
    return span_ends_with(span_of(text), span_of(tail));
}

static void check_definition(const struct definition *d)
{
    for (size_t i = 0; i < d->column_count; i++) {
        const struct column *c = &d->columns[i];
        cr_expect(c->source[0] != '\0' && c->meaning[0] != '\0', "%s.%s", d->name, c->name);
        cr_expect(!ends_with(c->name, "_base64"), "%s.%s: kept for companions", d->name, c->name);
        cr_expect_neq(strcmp(c->name, "type"), 0, "%s: kept for the stream", d->name);
        for (size_t k = 0; k < i; k++) {
            cr_expect_neq(strcmp(c->name, d->columns[k].name), 0, "%s.%s twice", d->name, c->name);
        }
    }
}

Test(tables, definitions_are_sound)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        const struct definition *d = table_definition((enum table_id)t);
        check_definition(d);
        cr_expect_str_eq(d->columns[ROW_COLUMN_SCHEMA].name, "schema");
        cr_expect_str_eq(d->columns[ROW_COLUMN_SCAN_ID].name, "scan_id");
        cr_expect_str_eq(d->columns[ROW_COLUMN_OBSERVED_AT].name, "observed_at");
        size_t keys = 0;
        for (size_t i = 0; i < d->column_count; i++) {
            keys += d->columns[i].presence == COLUMN_PRESENCE_KEY;
        }
        cr_expect_gt(keys, 0, "%s has no key", d->name);
        enum table_id found = TABLE_COUNT;
        cr_expect(table_find(span_of(d->name), &found) && (unsigned)found == t);
    }
    for (unsigned n = 0; n < NESTED_COUNT; n++) {
        check_definition(nested_definition((enum nested_id)n));
    }
    enum table_id none;
    cr_expect(!table_find(SPAN_LIT("no_such_table"), &none));
}

struct volatile_case {
    const char *table;
    const char *path;
    bool is_volatile;
};

static const struct volatile_case volatile_cases[] = {
    {"services", "attempts.started", true},
    {"services", "attempts.source", true},
    {"services", "attempts.outcome", false},
    {"services", "attempts", false},
    {"services", "transcript.banner.ms", true},
    {"services", "transcript.banner.text", false},
    {"services", "banner", false},
    {"services", "handshake.ms", true},
    {"services", "names_total", true},
    {"endpoints", "handshake.ms", true},
    {"endpoints", "handshake.leaf_sha256", false},
    {"domains", "mx_dns.ttl", true},
    {"domains", "mx.endpoints.outcome", false},
    {"hosts", "a_dns.ttl", true},
    {"policies", "tls_ms", true},
    {"policies", "attempts.connect_ms", true},
    {"policies", "fetch", false},
    {"endpoints", "dane_sni.attempt.started", true},
    {"certificates", "raw", false},
    {"services", "no_such_column", false},
    {"services", "banner.ms", false},
    {"no_such_table", "ms", false},
};

Test(tables, volatile_columns)
{
    for (size_t i = 0; i < sizeof(volatile_cases) / sizeof(volatile_cases[0]); i++) {
        const struct volatile_case *c = &volatile_cases[i];
        cr_expect_eq(column_is_volatile(c->table, c->path), c->is_volatile, "%s.%s", c->table,
                     c->path);
    }
}

static void expect_volatile(const char *table, const char *path, void *arg)
{
    size_t *count = arg;
    (*count)++;
    cr_expect(column_is_volatile(table, path), "%s.%s", table, path);
}

Test(tables, the_list_and_the_question_agree)
{
    size_t count = 0;
    columns_each_volatile(expect_volatile, &count);
    cr_expect_gt(count, 20);
}

static const char *status_of(unsigned outcome)
{
    return outcome_info((enum session_outcome)outcome)->zgrab2;
}

/* Renews the file instead of only reading it when MXCENSUS_WRITE_DICTIONARY is set. */
Test(tables, the_committed_dictionary_is_the_generated_one)
{
    static const char path[] = SOURCE_ROOT "/docs/data-dictionary.md";
    struct buf made = BUF_INIT(BUF_NO_LIMIT);
    struct buf kept = BUF_INIT(BUF_NO_LIMIT);
    dictionary_write_markdown(&made, row_vocabularies, row_vocabulary_count, &outcome_vocabulary,
                              status_of);
    if (getenv("MXCENSUS_WRITE_DICTIONARY") != NULL) {
        FILE *file = fopen(path, "wb");
        cr_assert_not_null(file);
        cr_assert_eq(fwrite(made.at, 1, made.len, file), made.len);
        cr_assert_eq(fclose(file), 0);
    }
    read_file(path, &kept);
    cr_expect(span_eq(buf_span(&made), buf_span(&kept)),
              "docs/data-dictionary.md is not what the definitions say. Renew it:\n"
              "  MXCENSUS_WRITE_DICTIONARY=1 tests/test_output --filter 'tables/the_committed*'");
    buf_deinit(&made);
    buf_deinit(&kept);
}
