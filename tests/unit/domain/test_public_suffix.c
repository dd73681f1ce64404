#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/domain/public_suffix.h"

struct suffix_case {
    const char *name;
    const char *want; /* NULL: a public suffix itself */
};

/* Examples of publicsuffix.org/list and of its test data. */
static const struct suffix_case cases[] = {
    {"com", NULL},
    {"example.com", "example.com"},
    {"a.b.example.com", "example.com"},
    {"co.uk", NULL},
    {"example.co.uk", "example.co.uk"},
    {"mx.example.co.uk", "example.co.uk"},
    {"city.kawasaki.jp", "city.kawasaki.jp"}, /* exception rule */
    {"a.b.c.kawasaki.jp", "b.c.kawasaki.jp"}, /* wildcard rule */
    {"xn--55qx5d.cn", NULL},
    {"shishi.xn--55qx5d.cn", "shishi.xn--55qx5d.cn"},
    {"a.github.io", "a.github.io"}, /* private section */
    {"mx.example.unlisted", "example.unlisted"},
    {"unlisted", NULL},
    {"192.0.2.1", NULL}, /* an address has no owner's name in it */
    {"2001:db8::1", NULL},
};

static void check(const struct public_suffixes *ps, const struct suffix_case *c)
{
    struct span out = {0};
    bool found = registrable_domain(ps, span_of(c->name), &out);
    cr_expect_eq(found, c->want != NULL, "%s", c->name);
    cr_expect(span_eq(out, span_of(c->want)), "%s: %.*s", c->name, (int)out.len,
              (const char *)out.at);
}

Test(public_suffix, cuts_the_registrable_domain)
{
    struct public_suffixes *ps = public_suffixes_load(NULL);
    cr_assert_not_null(ps);
    cr_expect_gt(public_suffixes_time(ps), 1500000000); /* some list after 2017 */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check(ps, &cases[i]);
    }
    cr_expect_not(registrable_domain(ps, (struct span){0}, &(struct span){0}));
    public_suffixes_free(ps);
}

Test(public_suffix, reads_a_list_of_the_user)
{
    char path[] = "/tmp/public_suffix_XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    static const char list[] = "// a list\n===BEGIN ICANN DOMAINS===\ntest\nlab.test\n";
    cr_assert_eq(write(fd, list, sizeof(list) - 1), (ssize_t)sizeof(list) - 1);
    struct public_suffixes *ps = public_suffixes_load(path);
    cr_assert_not_null(ps);
    cr_expect_str_eq(public_suffixes_path(ps), path);
    check(ps, &(struct suffix_case){"mx.a.lab.test", "a.lab.test"});
    check(ps, &(struct suffix_case){"mx.a.test", "a.test"});
    public_suffixes_free(ps);
    cr_assert_eq(ftruncate(fd, 0), 0);
    cr_expect_null(public_suffixes_load(path), "an empty list");
    cr_assert_eq(close(fd), 0);
    cr_assert_eq(unlink(path), 0);
    cr_expect_null(public_suffixes_load(path), "no such file");
}
