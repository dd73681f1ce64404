#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/domain/blocklist.h"

static const char *const lines[] = {
    "# opted out",
    "",
    "example.org",
    "  Example.NET.   # with a comment",
    ".below.example",
    "*.star.example",
    "b\xc3\xbc\x63her.example",
    "mx_1.host.example",
    "both.example",
    ".both.example",
    "onion",
    "192.0.2.7",
    "198.51.100.0/24",
    "198.51.100.128/25",
    "203.0.113.9/31",
    "2001:db8:1::/48",
    "2001:db8:2::7",
};

struct name_case {
    const char *name;
    bool want;
};

static const struct name_case names[] = {
    {"example.org", true},
    {"mx.example.org", true},
    {"a.b.c.example.org", true},
    {"notexample.org", false},
    {"org", false},
    {"example.net", true},
    {"below.example", false},
    {"a.below.example", true},
    {"a.b.below.example", true},
    {"star.example", false},
    {"a.star.example", true},
    {"xn--bcher-kva.example", true},
    {"mx_1.host.example", true},
    {"host.example", false},
    {"both.example", true},
    {"a.both.example", true},
    {"a.onion", true},
    {"example", false},
};

struct address_case {
    const char *address;
    bool want;
};

static const struct address_case addresses[] = {
    {"192.0.2.7", true},      {"192.0.2.8", false},     {"198.51.100.0", true},
    {"198.51.100.255", true}, {"198.51.101.0", false},  {"203.0.113.8", true},
    {"203.0.113.9", true},    {"203.0.113.10", false},  {"2001:db8:1:ffff::1", true},
    {"2001:db8:2::7", true},  {"2001:db8:2::8", false}, {"c000:207::", false},
};

Test(blocklist, holds_names_with_what_is_below_and_prefixes)
{
    hash_secret_init();
    struct blocklist *b = blocklist_new();
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *fault = blocklist_add_line(b, span_of(lines[i]));
        cr_expect_null(fault, "%s: %s", lines[i], fault);
    }
    cr_expect_eq(blocklist_count(b), 14, "%zu", blocklist_count(b));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cr_expect_eq(blocklist_has_name(b, span_of(names[i].name)), names[i].want, "%s",
                     names[i].name);
    }
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct net_addr a;
        cr_assert(net_addr_parse(span_of(addresses[i].address), &a), "%s", addresses[i].address);
        cr_expect_eq(blocklist_has_address(b, &a), addresses[i].want, "%s", addresses[i].address);
        cr_expect_not(blocklist_has_address(NULL, &a));
    }
    cr_expect_not(blocklist_has_name(NULL, SPAN_LIT("example.org")));
    blocklist_free(b);
    blocklist_free(NULL);
}

Test(blocklist, all_addresses_of_a_family)
{
    hash_secret_init();
    struct blocklist *b = blocklist_new();
    struct net_addr v4 = net_addr_v4((const uint8_t[4]){192, 0, 2, 1});
    struct net_addr v6 = net_addr_v6((const uint8_t[16]){0x20, 1});
    cr_expect_not(blocklist_has_address(b, &v6));
    cr_expect_null(blocklist_add_line(b, SPAN_LIT("::/0")));
    cr_expect(blocklist_has_address(b, &v6));
    cr_expect_not(blocklist_has_address(b, &v4));
    blocklist_free(b);
}

static const char *const bad_lines[] = {
    "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "example.org/24",
    "a b.example",  "..example",      ".",          "*",
    "a@b.example",  "[192.0.2.1]",    "300.1.2.3",
};

Test(blocklist, bad_lines_are_refused)
{
    hash_secret_init();
    struct blocklist *b = blocklist_new();
    for (size_t i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
        cr_expect_not_null(blocklist_add_line(b, span_of(bad_lines[i])), "%s", bad_lines[i]);
    }
    cr_expect_eq(blocklist_count(b), 0);
    blocklist_free(b);
}

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(close(fd), 0);
}

Test(blocklist, files_load_or_name_the_bad_line)
{
    hash_secret_init();
    char good[] = "/tmp/blocklist_good_XXXXXX";
    char bad[] = "/tmp/blocklist_bad_XXXXXX";
    write_file(good, "\xef\xbb\xbf"
                     "example.org\r\n\n#x\n192.0.2.0/24");
    write_file(bad, "example.org\n# fine\n192.0.2.0/99\nexample.net\n");
    struct buf error = BUF_INIT(BUF_NO_LIMIT);

    struct blocklist *b = blocklist_load(good, NULL, &error);
    cr_assert_not_null(b);
    cr_expect_eq(blocklist_count(b), 2);
    cr_expect_eq(error.len, 0);
    blocklist_free(b);

    cr_expect_null(blocklist_load(bad, NULL, &error));
    buf_put_char(&error, '\0');
    cr_expect_not_null(strstr((const char *)error.at, "line 3"), "%s", (const char *)error.at);
    buf_reset(&error);

    cr_assert_eq(unlink(good), 0);
    cr_assert_eq(unlink(bad), 0);
    cr_expect_null(blocklist_load(good, NULL, &error));
    cr_expect_gt(error.len, 0);
    cr_expect_null(blocklist_load("/tmp", NULL, &error), "a directory");
    buf_deinit(&error);
}
