#include <criterion/criterion.h>

#include "resolver/dns_message.h"
#include "resolver/dns_query.h"

struct query_case {
    const char *name;
    const char *text;
    uint16_t type;
    struct dns_query_options options;
    struct span want;
};

/* RFC 1035 section 4.1; AD: RFC 6840 section 5.7; CD: RFC 4035 section 3.2.2; OPT: RFC 6891 section
 * 6.1.2; DO: RFC 3225 section 3. */
static const struct query_case cases[] = {
    {"as we ask",
     "mx.test",
     DNS_TYPE_MX,
     {false, true, 4096},
     SPAN_INIT("\0\0\1\40\0\1\0\0\0\0\0\1\2mx\4test\0\0\17\0\1\0\0\51\20\0\0\0\200\0\0\0")},
    {"off loopback",
     "a",
     DNS_TYPE_A,
     {false, true, 1232},
     SPAN_INIT("\0\0\1\40\0\1\0\0\0\0\0\1\1a\0\0\1\0\1\0\0\51\4\320\0\0\200\0\0\0")},
    {"checking disabled",
     "a",
     DNS_TYPE_TLSA,
     {true, true, 4096},
     SPAN_INIT("\0\0\1\60\0\1\0\0\0\0\0\1\1a\0\0\64\0\1\0\0\51\20\0\0\0\200\0\0\0")},
    {"without EDNS",
     ".",
     DNS_TYPE_NS,
     {false, false, 4096},
     SPAN_INIT("\0\0\1\40\0\1\0\0\0\0\0\0\0\0\2\0\1")},
};

Test(dns_query, octets)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dns_name name;
        uint8_t out[DNS_QUERY_MAX];
        cr_assert(dns_name_from_text(span_of(cases[i].text), &name));
        size_t len = dns_query_build(&name, cases[i].type, &cases[i].options, out);
        cr_expect(span_eq((struct span){out, len}, cases[i].want), "%s", cases[i].name);
    }
}

/* A query, and what answers it: but for QR it is the query itself. */
Test(dns_query, is_answered_by_its_own_octets)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t answer[DNS_QUERY_MAX];
        struct span query = cases[i].want;
        memcpy(answer, query.at, query.len);
        answer[2] |= 0x80U;
        cr_expect_not(dns_query_is_answered(query, query));
        cr_expect(dns_query_is_answered(query, (struct span){answer, query.len}));
        size_t asked = query.len - (query.at[11] != 0 ? DNS_OPT_LEN : 0);
        for (size_t cut = 0; cut <= query.len; cut++) {
            cr_expect_eq(dns_query_is_answered(query, (struct span){answer, cut}), cut >= asked,
                         "%s: %zu octets", cases[i].name, cut);
        }
        for (size_t at = 4; at < asked; at++) {
            if (at >= 6 && at < DNS_HEADER_LEN) {
                continue; /* counts of other sections */
            }
            for (unsigned by = 1; by < 256; by++) {
                answer[at] ^= (uint8_t)by;
                bool other_case = at >= DNS_HEADER_LEN && at < asked - 4 && by == 0x20 &&
                                  ascii_lower(answer[at]) == query.at[at] && query.at[at] >= 'a' &&
                                  query.at[at] <= 'z';
                cr_expect_eq(dns_query_is_answered(query, (struct span){answer, query.len}),
                             other_case, "%s: octet %zu by %x", cases[i].name, at, by);
                answer[at] ^= (uint8_t)by;
            }
        }
    }
}
