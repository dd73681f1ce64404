#include <criterion/criterion.h>

#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_dns.h"
#include "scanner/view/result_rows.h"
#include "scanner/view/word_meaning.h"
#include "tests/unit/view/sample.h"

Test(result_rows, are_found_by_table_and_key)
{
    static const char *const text[] = {
        "{'type':'hosts','host':'b.example'}",
        "{'type':'domains','input_line':3,'domain':'second.example'}",
        "{'type':'services','service':'192.0.2.1|25','port':25,'ok':true,'not':false,'none':null}",
        "{'type':'hosts','host':'a.example'}",
        "{'type':'domains','input_line':2,'domain':'first.example'}",
        NULL,
    };
    struct buf lines = sample_rows(text);
    struct result_rows rows;
    cr_assert(result_rows_read(&rows, buf_span(&lines)));
    cr_assert_eq(rows.table[TABLE_DOMAINS].count, 2);
    cr_assert_str_eq(value_text(rows.table[TABLE_DOMAINS].row[0].value, "domain"), "first.example");
    cr_assert_not_null(result_rows_find(&rows, TABLE_HOSTS, "a.example"));
    cr_assert_not_null(result_rows_find(&rows, TABLE_HOSTS, "b.example"));
    cr_assert_null(result_rows_find(&rows, TABLE_HOSTS, "c.example"));
    cr_assert_null(result_rows_find(&rows, TABLE_HOSTS, NULL));
    cr_assert_null(result_rows_find(&rows, TABLE_CHAINS, "c"));
    const json_t *service = result_rows_find(&rows, TABLE_SERVICES, "192.0.2.1|25")->value;
    cr_assert(value_int(service, "port", 0) == 25 && value_int(service, "service", 7) == 7);
    cr_assert(value_is_true(service, "ok") && !value_is_true(service, "none"));
    cr_assert(value_is_false(service, "not") && !value_is_false(service, "none"));
    cr_assert(value_object(service, "none") == NULL && value_text(NULL, "x") == NULL);
    result_rows_deinit(&rows);
    buf_deinit(&lines);
}

Test(result_rows, what_is_no_row_is_refused)
{
    static const char *const cases[] = {
        "{",          "[]", "{'type':'weather'}", "{'host':'a.example'}", "{'type':'hosts'}",
        "{'type':1}", "",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const text[] = {"{'type':'hosts','host':'a.example'}", cases[i], NULL};
        struct buf lines = sample_rows(text);
        struct result_rows rows;
        cr_assert(!result_rows_read(&rows, buf_span(&lines)), "%s", cases[i]);
        buf_deinit(&lines);
    }
    struct result_rows none;
    cr_assert(result_rows_read(&none, (struct span){0}));
    result_rows_deinit(&none);
}

Test(word_meaning, is_that_of_the_vocabulary)
{
    static const struct {
        const struct vocabulary *vocabulary;
        const char *word;
        const char *want;
    } cases[] = {
        {&outcome_vocabulary, "refused", "the connection was refused"},
        {&dns_state_vocabulary, "refused", "REFUSED"},
        {&outcome_vocabulary, "tls_protocol_error",
         "the server sent invalid TLS"}, /* no hint at a column */
        {&outcome_vocabulary, "sunny", "sunny"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span got = word_meaning(cases[i].vocabulary, cases[i].word);
        cr_assert(span_eq(got, span_of(cases[i].want)), "%.*s", (int)got.len, (const char *)got.at);
    }
}
