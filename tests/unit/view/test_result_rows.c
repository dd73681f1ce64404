#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_dns.h"
#include "scanner/view/domain_view.h"
#include "scanner/view/meaning.h"
#include "scanner/view/result_rows.h"
#include "tests/unit/view/sample.h"

Test(result_rows, are_found_by_table_and_key)
{
    static const char *const text[] = {
        "{'type':'hosts','host':'b.example'}",
        "{'type':'domains','input_line':3,'domain':'second.example'}",
        "{'type':'services','service':'192.0.2.1|25','port':25}",
        "{'type':'hosts','host':'a.example'}",
        "{'type':'domains','input_line':2,'domain':'first.example'}",
        NULL,
    };
    struct buf lines = sample_rows(text);
    struct result_rows rows;
    cr_assert(result_rows_read(&rows, buf_span(&lines)));
    cr_assert_eq(rows.table[TABLE_DOMAINS].count, 2);
    const struct facts *domain = &rows.table[TABLE_DOMAINS].row[0].facts;
    cr_assert_str_eq(facts_string(domain, DOMAINS_DOMAIN), "first.example");
    cr_assert_not_null(result_rows_find(&rows, TABLE_HOSTS, "a.example"));
    cr_assert_not_null(result_rows_find(&rows, TABLE_HOSTS, "b.example"));
    cr_assert_null(result_rows_find(&rows, TABLE_HOSTS, "c.example"));
    cr_assert_null(result_rows_find(&rows, TABLE_HOSTS, NULL));
    cr_assert_null(result_rows_find(&rows, TABLE_CHAINS, "c"));
    struct facts service = result_rows_facts(&rows, TABLE_SERVICES, "192.0.2.1|25");
    cr_assert_eq(facts_u16(&service, SERVICES_PORT), 25);
    cr_assert_null(facts_string(&service, SERVICES_BANNER));
    struct facts none = result_rows_facts(&rows, TABLE_SERVICES, "192.0.2.2|25");
    struct facts transcript = facts_member(&none, SERVICES_TRANSCRIPT);
    cr_assert_eq(facts_u16(&none, SERVICES_PORT), 0);
    cr_assert_null(facts_string(&transcript, TRANSCRIPT_BAD));
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(!result_rows_have_fault(&rows, &why));
    result_rows_deinit(&rows);
    buf_deinit(&lines);
}

/* What a report asks for and cannot read is not left out of it in silence. */
Test(result_rows, a_column_of_another_type_is_a_fault)
{
    static const char *const text[] = {
        "{'type':'services','service':'192.0.2.1|25','port':'smtp'}",
        NULL,
    };
    struct buf lines = sample_rows(text);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct result_rows rows;
    cr_assert(result_rows_read(&rows, buf_span(&lines)));
    cr_assert(!result_rows_have_fault(&rows, &why), "nobody asked for it yet");
    (void)facts_u16(&rows.table[TABLE_SERVICES].row[0].facts, SERVICES_PORT);
    cr_assert(result_rows_have_fault(&rows, &why));
    cr_assert(
        span_eq(buf_span(&why), SPAN_LIT("192.0.2.1|25: services.port is not a whole number")));
    result_rows_deinit(&rows);
    buf_deinit(&lines);
    buf_deinit(&why);
}

Test(result_rows, words_of_another_version_are_a_fault)
{
    static const struct {
        const char *finding;
        const char *why;
    } cases[] = {
        {"{'code':'no.such_code','severity':'error'}",
         ": finding.code has a word that this version does not know"},
        {"{'code':'mx.null','severity':'grave'}",
         ": finding.severity has a word that this version does not know"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char row[128];
        (void)snprintf(row, sizeof(row), "{'type':'domains','input_line':1,'findings':[%s]}",
                       cases[i].finding);
        const char *const text[] = {row, NULL};
        struct buf lines = sample_rows(text);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        struct result_rows rows;
        struct domain_view view;
        cr_assert(result_rows_read(&rows, buf_span(&lines)));
        domain_view_init(&view, &rows, &rows.table[TABLE_DOMAINS].row[0]);
        cr_expect(result_rows_have_fault(&rows, &why));
        cr_expect(span_eq(buf_span(&why), span_of(cases[i].why)), "%.*s", (int)why.len,
                  (const char *)why.at);
        domain_view_deinit(&view);
        result_rows_deinit(&rows);
        buf_deinit(&lines);
        buf_deinit(&why);
    }
}

Test(result_rows, what_is_no_row_is_refused)
{
    static const char *const cases[] = {
        "{",
        "[]",
        "{'type':'weather'}",
        "{'host':'a.example'}",
        "{'type':'hosts'}",
        "{'type':1}",
        "",
        "{'type':'hosts','host':'b.example','colour':1}",
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

Test(meaning, is_that_of_the_vocabulary)
{
    static const struct {
        const struct vocabulary *vocabulary;
        unsigned value;
        const char *want;
    } cases[] = {
        {&outcome_vocabulary, OUTCOME_REFUSED, "the connection was refused"},
        {&dns_state_vocabulary, DNS_REFUSED,
         "the resolver refuses this client: REFUSED, or a referral"},
        {&outcome_vocabulary, OUTCOME_TLS_PROTOCOL_ERROR,
         "the server sent invalid TLS"}, /* no hint at a column */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span got = meaning_of(cases[i].vocabulary, cases[i].value);
        cr_assert(span_eq(got, span_of(cases[i].want)), "%.*s", (int)got.len, (const char *)got.at);
    }
}
