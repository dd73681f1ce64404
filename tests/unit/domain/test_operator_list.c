#include <criterion/criterion.h>

#include "scanner/base/text.h"
#include "scanner/domain/operator_list.h"
#include "scanner/domain/public_suffix.h"
#include "scanner/shipped/shipped_operators.h"

static const char list_text[] =
    "# a comment\n"
    "\n"
    "Two Domains | two.example two-more.example | https://two.example/mx | 2026-11-29\r\n"
    "One|one.example|https://one.example/mx|2026-11-29";

static struct span name_of(const struct operator_list *l, const char *domain)
{
    struct span name = SPAN_LIT("none");
    cr_expect_eq(operator_list_find(l, span_of(domain), &name), !span_eq(name, SPAN_LIT("none")));
    return name;
}

Test(operator_list, finds_the_name_of_a_domain)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct operator_list *l = operator_list_parse(SPAN_LIT(list_text), "x", &why);
    cr_assert_not_null(l);
    cr_expect_eq(operator_list_count(l), 2);
    cr_expect(span_eq(operator_list_text(l), SPAN_LIT(list_text)), "octet by octet");
    cr_expect(span_eq(name_of(l, "two.example"), SPAN_LIT("Two Domains")));
    cr_expect(span_eq(name_of(l, "two-more.example"), SPAN_LIT("Two Domains")));
    cr_expect(span_eq(name_of(l, "one.example"), SPAN_LIT("One")));
    static const char *const others[] = {"",           "example",      "mx.one.example",
                                         "one.exampl", "one.example2", "zone.example"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        cr_expect(span_eq(name_of(l, others[i]), SPAN_LIT("none")), "%s", others[i]);
    }
    operator_list_free(l);
    cr_expect(span_eq(name_of(NULL, "one.example"), SPAN_LIT("none")), "without a list");
    operator_list_free(NULL);
}

Test(operator_list, an_empty_one_is_fine)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct operator_list *l = operator_list_parse((struct span){0}, "x", &why);
    cr_assert_not_null(l);
    cr_expect_eq(operator_list_count(l), 0);
    cr_expect(span_eq(name_of(l, "one.example"), SPAN_LIT("none")));
    operator_list_free(l);
}

Test(operator_list, tells_which_line_is_wrong)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"A | a.example | s", "x: line 1: must be: name | domains | source | date"},
        {"\n#\nA | a.example | s | d | e", "x: line 3: must be: name | domains | source | date"},
        {"A | | s | d", "x: line 1: must be: name | domains | source | date"},
        {"| a.example | s | d", "x: line 1: must be: name | domains | source | date"},
        {"A | a.example | s |", "x: line 1: must be: name | domains | source | date"},
        {"A | A.example | s | d", "x: line 1: a domain is not in normal form"},
        {"A | a.example. | s | d", "x: line 1: a domain is not in normal form"},
        {"A | example | s | d", "x: line 1: a domain is not in normal form"},
        {"A | a.example a.example | s | d", "x: line 1: a domain is listed twice"},
        {"A | a.example | s | d\nB | a.example | s | d", "x: line 2: a domain is listed twice"},
        {"\xc3\xa4 | a.example | s | d",
         "x: line 1: the name must be printable ASCII, 60 octets at most"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_expect_null(operator_list_parse(span_of(cases[i].text), "x", &why), "%s", cases[i].text);
        cr_expect(span_eq(buf_span(&why), span_of(cases[i].want)), "%s: %.*s", cases[i].text,
                  (int)why.len, (const char *)why.at);
        buf_deinit(&why);
    }
}

/* A host under each domain of the shipped list is found, with the public suffixes of 2022 (Debian 12) and of 2025 (Debian 13). */
Test(operator_list, the_shipped_one_finds_hosts_under_its_domains)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct operator_list *l = operator_list_parse(shipped_operators_text(), "operators.txt", &why);
    struct public_suffixes *suffixes = public_suffixes_load(NULL);
    cr_assert_not_null(l, "%.*s", (int)why.len, (const char *)why.at);
    cr_expect_gt(operator_list_count(l), 10);
    struct span text = operator_list_text(l);
    size_t domains = 0;
    while (text.len > 0) {
        struct span line = text_take_until(&text, '\n');
        const uint8_t *bar = memchr(line.at, '|', line.len);
        if (line.at[0] == '#' || bar == NULL) {
            continue;
        }
        struct span rest = span_drop(line, (size_t)(bar - line.at) + 2);
        while (rest.len > 0 && rest.at[0] != '|') {
            struct span domain = text_take_until(&rest, ' ');
            struct span name = {line.at, (size_t)(bar - line.at) - 1};
            struct span registrable = {0};
            struct span got = {0};
            struct buf host = BUF_INIT(BUF_NO_LIMIT);
            buf_put_text(&host, "mx.");
            buf_put(&host, domain);
            cr_expect(registrable_domain(suffixes, buf_span(&host), &registrable) &&
                          operator_list_find(l, registrable, &got) && span_eq(got, name),
                      "%.*s", (int)host.len, (const char *)host.at);
            buf_deinit(&host);
            domains++;
        }
    }
    cr_expect_gt(domains, 15);
    public_suffixes_free(suffixes);
    operator_list_free(l);
}
