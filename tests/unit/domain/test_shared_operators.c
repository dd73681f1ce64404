/** The list of shared operators: datasets/shared-operators/README.md. */
#include <criterion/criterion.h>

#include "scanner/domain/shared_operators.h"

#define HEADER "wildcard,operator,source,date\n"
#define TAIL   ",one,https://one.test/,2026-11-29\n"

static bool parse(const char *text, struct shared_operators *s, struct buf *why)
{
    bool ok = shared_operators_parse(s, span_of(text), "file", why);
    buf_put_char(why, '\0');
    return ok;
}

Test(shared_operators, entries_comments_and_quotes)
{
    struct shared_operators s;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(parse("# a comment\r\n\r\n" HEADER "*.b.test" TAIL
                    "*.*.a.test,\"one, two\",https://one.test/,2026-11-29\r\n"
                    "*.a.test,one,https://one.test/,2026-11-29",
                    &s, &why),
              "%s", why.at);
    cr_expect_eq(s.count, 3);
    cr_expect(shared_operators_have(&s, SPAN_LIT("x.b.test")));
    cr_expect(shared_operators_have(&s, SPAN_LIT("x.a.test")));
    cr_expect(shared_operators_have(&s, SPAN_LIT("x.y.a.test")));
    cr_expect_not(shared_operators_have(&s, SPAN_LIT("x.y.b.test")));
    cr_expect_not(shared_operators_have(&s, SPAN_LIT("x.y.z.a.test")));
    cr_expect_not(shared_operators_have(&s, SPAN_LIT("a.test")));
    cr_expect_not(shared_operators_have(&s, SPAN_LIT("xa.test")));
    cr_expect_not(shared_operators_have(&s, SPAN_LIT("")));
    shared_operators_deinit(&s);
    buf_deinit(&why);
}

Test(shared_operators, an_empty_list_has_nobody)
{
    struct shared_operators s;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(parse(HEADER, &s, &why), "%s", why.at);
    cr_expect_not(shared_operators_have(&s, SPAN_LIT("x.a.test")));
    shared_operators_deinit(&s);
    buf_deinit(&why);
}

Test(shared_operators, faults_say_the_line)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"", "line 1: the header"},
        {"# only a comment\n", "line 2: the header"},
        {"*.a.test" TAIL, "line 1: the header"},
        {HEADER "*.a.test,one\n", "line 2: needs four fields"},
        {HEADER "*.a.test,one,https://one.test/,2026-11-29,more\n", "line 2: needs four fields"},
        {HEADER "*.a.test,,https://one.test/,2026-11-29\n", "line 2: has no operator"},
        {HEADER "*.a.test,one,http://one.test/,2026-11-29\n", "line 2: the source"},
        {HEADER "*.a.test,one,https://,2026-11-29\n", "line 2: the source"},
        {HEADER "*.a.test,one,https://one.test/,29.11.2026\n", "line 2: the date"},
        {HEADER "*.a.test,one,https://one.test/,2026-11-2x\n", "line 2: the date"},
        {HEADER "a.test" TAIL, "line 2: the wildcard"},
        {HEADER "*.test" TAIL, "line 2: the wildcard"},
        {HEADER "*.*.*.a.test" TAIL, "line 2: the wildcard"},
        {HEADER "*.A.test" TAIL, "line 2: the wildcard"},
        {HEADER "x*.a.test" TAIL, "line 2: the wildcard"},
        {HEADER "*.a..test" TAIL, "line 2: the wildcard"},
        {HEADER "*.a.test." TAIL, "line 2: the wildcard"},
        {HEADER "*." TAIL, "line 2: the wildcard"},
        {HEADER "*" TAIL, "line 2: the wildcard"},
        {HEADER "*.b.test" TAIL "# comment\n*" TAIL, "line 4: the wildcard"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct shared_operators s;
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_expect_not(parse(cases[i].text, &s, &why), "%s", cases[i].text);
        cr_expect_not_null(strstr((const char *)why.at, cases[i].why), "%s: %s", cases[i].text,
                           why.at);
        shared_operators_deinit(&s);
        buf_deinit(&why);
    }
}
