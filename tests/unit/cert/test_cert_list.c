#include <criterion/criterion.h>

#include "scanner/cert/cert_list.h"

struct list_case {
    const char *name;
    struct span list;
    size_t want_count;
    bool want_valid;
};

/* RFC 5246 section 7.4.2: opaque ASN.1Cert<1..2^24-1>. */
static const struct list_case cases[] = {
    {"nothing", SPAN_INIT(""), 0, true},
    {"one", SPAN_INIT("\0\0\x01x"), 1, true},
    {"one of no octets", SPAN_INIT("\0\0\0"), 1, true},
    {"two", SPAN_INIT("\0\0\x01x\0\0\x02yz"), 2, true},
    {"half a length", SPAN_INIT("\0\0"), 0, false},
    {"half a length behind one", SPAN_INIT("\0\0\x01x\0"), 1, false},
    {"one octet short", SPAN_INIT("\0\0\x02x"), 0, false},
    {"the longest length", SPAN_INIT("\xff\xff\xffx"), 0, false},
};

Test(cert_list, is_walked_to_the_last_whole_entry)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect_eq(cert_list_count(cases[i].list), cases[i].want_count, "%s", cases[i].name);
        cr_expect_eq(cert_list_is_valid(cases[i].list), cases[i].want_valid, "%s", cases[i].name);
    }
}

Test(cert_list, what_is_added_is_found_again)
{
    static uint8_t large[70000]; /* needs all three octets of the length */
    struct buf list = BUF_INIT(100000);
    cr_expect(cert_list_add(&list, SPAN_LIT("leaf")));
    cr_expect(cert_list_add(&list, (struct span){0}));
    cr_expect(cert_list_add(&list, (struct span){large, sizeof(large)}));
    cr_expect_not(cert_list_add(&list, (struct span){large, sizeof(large)}), "over the limit");
    struct span rest = buf_span(&list);
    struct span der;
    cr_expect(cert_list_next(&rest, &der) && span_eq(der, SPAN_LIT("leaf")));
    cr_expect(cert_list_next(&rest, &der) && der.len == 0);
    cr_expect(cert_list_next(&rest, &der) && der.len == sizeof(large));
    cr_expect_not(cert_list_next(&rest, &der));
    cr_expect_eq(rest.len, 0U);
    buf_deinit(&list);
}
