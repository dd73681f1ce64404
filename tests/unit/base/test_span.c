#include <criterion/criterion.h>

#include "scanner/base/span.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

struct order_case {
    struct span a;
    struct span b;
    int cmp;
    bool ieq;
    bool a_ends_with_b;
};

static const struct order_case order_cases[] = {
    {SPAN_INIT(""), SPAN_INIT(""), 0, true, true},
    {{NULL, 0}, SPAN_INIT(""), 0, true, true},
    {{NULL, 0}, SPAN_INIT("a"), -1, false, false},
    {SPAN_INIT("a"), {NULL, 0}, 1, false, true},
    {SPAN_INIT("abc"), SPAN_INIT("abc"), 0, true, true},
    {SPAN_INIT("ab"), SPAN_INIT("abc"), -1, false, false}, /* a prefix comes first */
    {SPAN_INIT("abc"), SPAN_INIT("bc"), -1, false, true},
    {SPAN_INIT("abc"), SPAN_INIT("ab"), 1, false, false},
    {SPAN_INIT("STARTTLS"), SPAN_INIT("starttls"), -1, true, false}, /* RFC 5321 section 2.4 */
    {SPAN_INIT("a\0b"), SPAN_INIT("a\0c"), -1, false, false},
    {SPAN_INIT("\x80"), SPAN_INIT("a"), 1, false, false},     /* octets, not signed characters */
    {SPAN_INIT("@`[{"), SPAN_INIT("`@{["), -1, false, false}, /* beside A-Z: not folded */
    {SPAN_INIT("\xc4"), SPAN_INIT("\xe4"), -1, false, false}, /* only ASCII is */
};

Test(span, compares_by_octets)
{
    for (size_t i = 0; i < COUNT(order_cases); i++) {
        const struct order_case *c = &order_cases[i];
        cr_expect_eq(sign(span_cmp(c->a, c->b)), c->cmp, "row %zu", i);
        cr_expect_eq(sign(span_cmp(c->b, c->a)), -c->cmp, "row %zu, turned", i);
        cr_expect_eq(span_eq(c->a, c->b), c->cmp == 0, "row %zu", i);
        cr_expect_eq(span_ieq(c->a, c->b), c->ieq, "row %zu", i);
        cr_expect_eq(span_ieq(c->b, c->a), c->ieq, "row %zu, turned", i);
        cr_expect_eq(span_ends_with(c->a, c->b), c->a_ends_with_b, "row %zu", i);
    }
}

Test(span, cuts_at_every_place)
{
    struct span whole = SPAN_LIT("abcdef");
    for (size_t n = 0; n <= whole.len; n++) {
        struct span front = span_take(whole, n);
        struct span back = span_drop(whole, n);
        cr_expect_eq(front.len, n);
        cr_expect_eq(front.at, whole.at);
        cr_expect_eq(back.len, whole.len - n);
        cr_expect_eq(back.at, whole.at + n);
    }
    cr_expect_eq(span_take(whole, 100).len, whole.len, "no more than there is");
    cr_expect_null(span_drop((struct span){0}, 0).at, "nothing is added to a null pointer");
    cr_expect_eq(span_of(NULL).len, 0);
    cr_expect(span_eq(span_of("abcdef"), whole));
}
