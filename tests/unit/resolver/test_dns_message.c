#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/unit/resolver/describe.h"
#include "tests/unit/resolver/wire.h"

static void read_octets(struct dns_reader *reader, struct span octets, const char *name,
                        uint16_t type, struct dns_answer *answer)
{
    struct dns_name asked;
    cr_assert(dns_name_from_text(span_of(name), &asked));
    dns_message_read(reader, octets, &asked, type, answer);
}

static void begin(struct wire *w, uint16_t type)
{
    wire_header(w, 1, WIRE_ANSWER);
    wire_question(w, "test", type);
}

/* Each row writes the message that answers (test, type). */

static void a_data(struct wire *w)
{
    wire_a(w, NULL, 300, 2);
    wire_a(w, "TEST", 60, 1);
    wire_a(w, NULL, 300, 2);
}

static void a_foreign(struct wire *w)
{
    wire_a(w, "other", 5, 9);
    wire_a(w, NULL, 60, 1);
}

static void a_other_class(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    w->at[w->len - 11] = 3; /* CH */
}

static void a_rrsig(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    wire_rr(w, ANSWER, NULL, DNS_TYPE_RRSIG, 60, SPAN_LIT("\0\1rest"));
    w->at[3] |= WIRE_AD;
}

static void a_rrsig_of_other_type(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    wire_rr(w, ANSWER, NULL, DNS_TYPE_RRSIG, 60, SPAN_LIT("\0\5rest"));
}

static void a_cname(struct wire *w)
{
    wire_a(w, "C.test", 40, 1);
    wire_cname(w, "b.test", 30, "c.test");
    wire_cname(w, NULL, 50, "B.test");
}

static void a_two_cnames(struct wire *w)
{
    wire_cname(w, NULL, 50, "c.test");
    wire_cname(w, NULL, 50, "b.test");
    wire_a(w, "c.test", 40, 3);
    wire_a(w, "b.test", 40, 2);
}

static void a_cname_to_itself(struct wire *w)
{
    wire_cname(w, NULL, 50, "test");
}

static void a_cname_loop(struct wire *w)
{
    wire_cname(w, NULL, 50, "a.test");
    wire_cname(w, "a.test", 50, "b.test");
    wire_cname(w, "b.test", 50, "a.test");
}

#define LINKS_7  ">c1.test >c2.test >c3.test >c4.test >c5.test >c6.test >c7.test"
#define LINKS_10 LINKS_7 " >c8.test >c9.test >c10.test"
#define LINKS_16 LINKS_10 " >c11.test >c12.test >c13.test >c14.test >c15.test >c16.test"

/* The last name has an address, or nothing. */
static void chain(struct wire *w, int links, bool has_end)
{
    for (int i = 0; i < links; i++) {
        char from[32];
        char to[32];
        (void)snprintf(from, sizeof(from), i == 0 ? "test" : "c%d.test", i);
        (void)snprintf(to, sizeof(to), "c%d.test", i + 1);
        wire_cname(w, from, 50, to);
        if (has_end && i + 1 == links) {
            wire_a(w, to, 50, 1);
        }
    }
}

static void a_cname_longest(struct wire *w)
{
    chain(w, DNS_CNAME_MAX, true);
}

static void a_cname_too_long(struct wire *w)
{
    chain(w, DNS_CNAME_MAX + 1, true);
}

static void a_cname_of_ten(struct wire *w)
{
    chain(w, DNS_CNAME_UNFINISHED - 1, false);
}

static void a_cname_of_eleven(struct wire *w)
{
    chain(w, DNS_CNAME_UNFINISHED, false);
}

static void a_cname_of_eleven_and_soa(struct wire *w)
{
    chain(w, DNS_CNAME_UNFINISHED, false);
    wire_soa(w, 900, 10);
}

static void a_cname_of_eleven_gone(struct wire *w)
{
    w->at[3] |= DNS_RCODE_NXDOMAIN;
    chain(w, DNS_CNAME_UNFINISHED, false);
}

static void a_cname_nxdomain(struct wire *w)
{
    w->at[3] |= DNS_RCODE_NXDOMAIN;
    wire_cname(w, NULL, 50, "gone.test");
    wire_soa(w, 900, 20);
}

static void a_cname_nodata(struct wire *w)
{
    wire_cname(w, NULL, 10, "b.test");
    wire_soa(w, 900, 20);
}

static void cname_asked(struct wire *w)
{
    wire_cname(w, NULL, 50, "b.test");
    wire_cname(w, "b.test", 50, "c.test");
}

static void nodata(struct wire *w)
{
    wire_soa(w, 30, 60);
}

static void nodata_bare(struct wire *w)
{
    (void)w;
}

static void put_ns(struct wire *w)
{
    wire_name_rr(w, AUTHORITY, "test", DNS_TYPE_NS, 99, SPAN_LIT(""), "ns.test");
}

static void nodata_with_ns(struct wire *w)
{
    put_ns(w);
    wire_soa(w, 30, 60);
}

static void nodata_authoritative(struct wire *w)
{
    put_ns(w);
    w->at[2] |= WIRE_AUTHORITY >> 8;
}

static void nxdomain(struct wire *w)
{
    w->at[3] |= DNS_RCODE_NXDOMAIN;
    wire_soa(w, 900, 60);
}

static void ttl_negative(struct wire *w)
{
    wire_a(w, NULL, 0x80000001U, 1);
}

static void servfail_ede(struct wire *w)
{
    w->at[3] |= DNS_RCODE_SERVFAIL;
    wire_opt(w, 0x8000, SPAN_LIT("\0\12\0\2xx\0\17\0\5\0\6abc\0\17\0\2\0\7"));
}

static void refused(struct wire *w)
{
    w->at[3] |= DNS_RCODE_REFUSED;
}

static void bare_refused(struct wire *w)
{
    refused(w);
    w->at[5] = 0; /* no question */
    w->len = DNS_HEADER_LEN;
}

static void bare_formerr(struct wire *w)
{
    bare_refused(w);
    w->at[3] = DNS_RCODE_FORMERR;
}

static void bare_nxdomain(struct wire *w)
{
    bare_refused(w);
    w->at[3] = DNS_RCODE_NXDOMAIN;
}

#define LONGEST     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG_BY_ONE LONGEST "y"

/* Of 255 octets for b.test, which is the most, or of one more. */
static void yxdomain_dname(struct wire *w, const char *owner, const char *first)
{
    char target[300];
    (void)snprintf(target, sizeof(target), "%s.%063d.%063d.%063d", first, 0, 0, 0);
    w->at[3] |= DNS_RCODE_YXDOMAIN;
    wire_cname(w, NULL, 50, "b.test");
    wire_name_rr(w, ANSWER, owner, DNS_TYPE_DNAME, 40, SPAN_LIT(""), target);
}

static void yxdomain(struct wire *w)
{
    yxdomain_dname(w, "test", LONG_BY_ONE);
}

static void yxdomain_that_fits(struct wire *w)
{
    yxdomain_dname(w, "test", LONGEST);
}

static void yxdomain_of_root(struct wire *w)
{
    yxdomain_dname(w, ".", LONGEST);
}

static void yxdomain_of_itself(struct wire *w)
{
    yxdomain_dname(w, "b.test", LONG_BY_ONE);
}

static void yxdomain_beside(struct wire *w)
{
    yxdomain_dname(w, "c.test", LONG_BY_ONE);
}

static void yxdomain_of_a_part(struct wire *w)
{
    yxdomain_dname(w, "est", LONG_BY_ONE);
}

static void yxdomain_bare(struct wire *w)
{
    w->at[3] |= DNS_RCODE_YXDOMAIN;
    wire_cname(w, NULL, 50, "b.test");
    wire_a(w, "b.test", 60, 1);
}

static void yxdomain_data(struct wire *w)
{
    yxdomain(w);
    wire_a(w, "b.test", 60, 1);
}

/* The code is no part of a whole answer. */
static void dname_only(struct wire *w)
{
    yxdomain(w);
    w->at[3] &= 0xF0U;
    wire_a(w, "b.test", 60, 1);
}

static void badvers(struct wire *w)
{
    wire_opt(w, 0x01000000U, SPAN_LIT(""));
}

static void opt_odd(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    wire_opt(w, 0, SPAN_LIT("\0\17\0\5\0\6"));
}

static void opt_half_option(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    wire_opt(w, 0, SPAN_LIT("\0\17\0"));
}

static void ede_too_short(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    wire_opt(w, 0, SPAN_LIT("\0\17\0\1\6"));
}

static void opt_not_at_root(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    wire_rr(w, ADDITIONAL, "test", DNS_TYPE_OPT, 0x01000000U, SPAN_LIT(""));
}

static void mx_data(struct wire *w)
{
    wire_mx(w, NULL, 60, 10, "b.test");
    wire_mx(w, NULL, 60, 300, "a.test");
    wire_mx(w, NULL, 60, 10, "A.test");
    wire_mx(w, NULL, 60, 10, "a.TEST");
}

static void mx_null(struct wire *w)
{
    wire_mx(w, NULL, 60, 0, ".");
}

static void mx_compressed(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_MX, 60, SPAN_LIT("\0\12\2mx\300\14"));
    wire_rr(w, ANSWER, NULL, DNS_TYPE_MX, 60, SPAN_LIT("\0\24\4a.b \300\14"));
}

static void mx_pointer_forward(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_MX, 60, SPAN_LIT("\0\12\2mx\300\100"));
    wire_rr(w, ANSWER, NULL, DNS_TYPE_MX, 60, SPAN_LIT("\0\12\2mx\300\14padding of the message"));
}

static void mx_pointer_loop(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_MX, 60, SPAN_LIT("\0\12\300\44"));
}

static void mx_short(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_MX, 60, SPAN_LIT("\0\12"));
}

static void mx_one_good_one_short(struct wire *w)
{
    wire_mx(w, NULL, 60, 10, "a.test");
    mx_short(w);
}

static void mx_octets_behind(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_MX, 60, SPAN_LIT("\0\12\0x"));
}

static void mx_name_over_end(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_MX, 60, SPAN_LIT("\0\12\5ab"));
    wire_a(w, NULL, 60, 1);
}

static void a_short(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_A, 60, SPAN_LIT("\1\2\3"));
}

static void a_long(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_A, 60, SPAN_LIT("\1\2\3\4\5"));
}

static void aaaa_data(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_AAAA, 60, SPAN_LIT("\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1"));
}

static void aaaa_as_a(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_AAAA, 60, SPAN_LIT("\1\2\3\4"));
}

static void txt_data(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TXT, 60, SPAN_LIT("\6v=STSv\0\2 1"));
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TXT, 60, SPAN_LIT("\1a"));
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TXT, 60, SPAN_LIT("\0"));
}

static void txt_over_end(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TXT, 60, SPAN_LIT("\2a"));
}

static void txt_empty(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TXT, 60, SPAN_LIT(""));
}

static void tlsa_data(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TLSA, 60, SPAN_LIT("\3\1\1\377\0"));
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TLSA, 60, SPAN_LIT("\2\1\1"));
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TLSA, 60, SPAN_LIT("\3\1\1\1"));
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TLSA, 60, SPAN_LIT("\3\0\2\1"));
}

static void tlsa_short(struct wire *w)
{
    wire_rr(w, ANSWER, NULL, DNS_TYPE_TLSA, 60, SPAN_LIT("\3\1"));
}

static void ptr_data(struct wire *w)
{
    wire_name_rr(w, ANSWER, NULL, DNS_TYPE_PTR, 60, SPAN_LIT(""), "a\\.b.c\\000");
}

static void count_over_end(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    w->at[7] = 2;
}

static void no_response_bit(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    w->at[2] &= 0x7F;
}

static void opcode_notify(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    w->at[2] |= 0x20;
}

static void other_question(struct wire *w)
{
    wire_header(w, 1, WIRE_ANSWER);
    wire_question(w, "tess", DNS_TYPE_A);
    wire_a(w, NULL, 60, 1);
}

static void other_type(struct wire *w)
{
    wire_header(w, 1, WIRE_ANSWER);
    wire_question(w, "test", DNS_TYPE_AAAA);
    wire_a(w, NULL, 60, 1);
}

static void two_questions(struct wire *w)
{
    wire_question(w, "test", DNS_TYPE_A);
}

static void octets_behind(struct wire *w)
{
    wire_a(w, NULL, 60, 1);
    wire_put(w, SPAN_LIT("behind"));
}

struct message_case {
    const char *name;
    uint16_t type;
    void (*write)(struct wire *w);
    const char *want;
};

#define MALFORMED    "malformed 0 ttl=0 ede=-1:"
#define MALFORMED_NX "malformed 3 ttl=0 ede=-1:"

static const struct message_case cases[] = {
    {"ordered, no repeats, any case (RFC 2181 5.5, RFC 4343)", DNS_TYPE_A, a_data,
     "data 0 ttl=60 ede=-1: 192.0.2.1 192.0.2.2"},
    {"other owners are not ours", DNS_TYPE_A, a_foreign, "data 0 ttl=60 ede=-1: 192.0.2.1"},
    {"other class", DNS_TYPE_A, a_other_class, "nodata 0 ttl=0 ede=-1:"},
    {"RRSIG and AD (RFC 4035 3.2)", DNS_TYPE_A, a_rrsig, "data 0 ad sig ttl=60 ede=-1: 192.0.2.1"},
    {"RRSIG of a CNAME (RFC 4034 3.1)", DNS_TYPE_A, a_rrsig_of_other_type,
     "data 0 ttl=60 ede=-1: 192.0.2.1"},
    {"CNAME in any order (RFC 1034 3.6.2)", DNS_TYPE_A, a_cname,
     "data 0 ttl=30 ede=-1: >b.test >c.test 192.0.2.1"},
    {"two CNAMEs (RFC 2181 10.1)", DNS_TYPE_A, a_two_cnames,
     "data 0 ttl=40 ede=-1: >b.test 192.0.2.2"},
    {"CNAME to itself", DNS_TYPE_A, a_cname_to_itself, "cname_loop 0 ttl=50 ede=-1: >test"},
    {"CNAME loop", DNS_TYPE_A, a_cname_loop, "cname_loop 0 ttl=50 ede=-1: >a.test >b.test >a.test"},
    {"as many links as are followed", DNS_TYPE_A, a_cname_longest,
     "data 0 ttl=50 ede=-1: " LINKS_16 " 192.0.2.1"},
    {"one link more", DNS_TYPE_A, a_cname_too_long, "cname_limit 0 ttl=50 ede=-1: " LINKS_16},
    {"RFC 2308 2.2: a short chain without data and SOA", DNS_TYPE_A, a_cname_of_ten,
     "nodata 0 ttl=50 ede=-1: " LINKS_10},
    {"a long one: the resolver stopped", DNS_TYPE_A, a_cname_of_eleven,
     "cname_limit 0 ttl=50 ede=-1: " LINKS_10 " >c11.test"},
    {"a long one and SOA: RFC 2308 2.2", DNS_TYPE_A, a_cname_of_eleven_and_soa,
     "nodata 0 ttl=10 ede=-1: " LINKS_10 " >c11.test"},
    {"a long one that ends in NXDOMAIN: RFC 6604 3", DNS_TYPE_A, a_cname_of_eleven_gone,
     "nxdomain 3 ttl=50 ede=-1: " LINKS_10 " >c11.test"},
    {"NXDOMAIN behind a CNAME (RFC 2308 2.1, RFC 6604 3)", DNS_TYPE_A, a_cname_nxdomain,
     "nxdomain 3 ttl=20 ede=-1: >gone.test"},
    {"NODATA behind a CNAME (RFC 2308 2.2)", DNS_TYPE_A, a_cname_nodata,
     "nodata 0 ttl=10 ede=-1: >b.test"},
    {"CNAME asked for is not followed (RFC 1034 3.6.2)", DNS_TYPE_CNAME, cname_asked,
     "data 0 ttl=50 ede=-1: b.test"},
    {"NODATA, TTL of the SOA (RFC 2308 5)", DNS_TYPE_A, nodata, "nodata 0 ttl=30 ede=-1:"},
    {"NODATA type 3 (RFC 2308 2.2)", DNS_TYPE_A, nodata_bare, "nodata 0 ttl=0 ede=-1:"},
    {"NODATA type 1 (RFC 2308 2.2)", DNS_TYPE_A, nodata_with_ns, "nodata 0 ttl=30 ede=-1:"},
    {"NODATA by authority", DNS_TYPE_A, nodata_authoritative, "nodata 0 ttl=0 ede=-1:"},
    {"referral (RFC 2308 2.2)", DNS_TYPE_A, put_ns, "refused 0 ttl=0 ede=-1:"},
    {"NXDOMAIN, MINIMUM of the SOA (RFC 2308 5)", DNS_TYPE_A, nxdomain,
     "nxdomain 3 ttl=60 ede=-1:"},
    {"TTL with the top bit (RFC 2181 8)", DNS_TYPE_A, ttl_negative,
     "data 0 ttl=0 ede=-1: 192.0.2.1"},
    {"first EDE of several options (RFC 8914 2)", DNS_TYPE_A, servfail_ede,
     "servfail 2 ttl=0 ede=6:"},
    {"REFUSED", DNS_TYPE_A, refused, "refused 5 ttl=0 ede=-1:"},
    {"REFUSED in a header alone", DNS_TYPE_A, bare_refused, "refused 5 ttl=0 ede=-1:"},
    {"FORMERR in a header alone", DNS_TYPE_A, bare_formerr, "other_rcode 1 ttl=0 ede=-1:"},
    {"NXDOMAIN in a header alone", DNS_TYPE_A, bare_nxdomain, MALFORMED_NX},
    {"YXDOMAIN behind an alias (RFC 6672 2.2)", DNS_TYPE_A, yxdomain,
     "name_invalid 6 ttl=50 ede=-1: >b.test"},
    {"YXDOMAIN, and a DNAME of the root that makes it too long", DNS_TYPE_A, yxdomain_of_root,
     "name_invalid 6 ttl=50 ede=-1: >b.test"},
    {"YXDOMAIN, but its DNAME makes no name too long", DNS_TYPE_A, yxdomain_that_fits,
     "other_rcode 6 ttl=0 ede=-1:"},
    {"YXDOMAIN, but its DNAME is of the name itself", DNS_TYPE_A, yxdomain_of_itself,
     "other_rcode 6 ttl=0 ede=-1:"},
    {"YXDOMAIN, but its DNAME is of another name", DNS_TYPE_A, yxdomain_beside,
     "other_rcode 6 ttl=0 ede=-1:"},
    {"YXDOMAIN, but its DNAME is of an end that is no label", DNS_TYPE_A, yxdomain_of_a_part,
     "other_rcode 6 ttl=0 ede=-1:"},
    {"YXDOMAIN without a DNAME (RFC 2136 2.2)", DNS_TYPE_A, yxdomain_bare,
     "other_rcode 6 ttl=0 ede=-1:"},
    {"a DNAME beside its CNAME is passed over", DNS_TYPE_A, dname_only,
     "data 0 ttl=50 ede=-1: >b.test 192.0.2.1"},
    {"YXDOMAIN with data all the same", DNS_TYPE_A, yxdomain_data,
     "name_invalid 6 ttl=50 ede=-1: >b.test"},
    {"extended rcode (RFC 6891 6.1.3)", DNS_TYPE_A, badvers, "other_rcode 16 ttl=0 ede=-1:"},
    {"option over the end", DNS_TYPE_A, opt_odd, "data 0 ttl=60 ede=-1: 192.0.2.1"},
    {"half an option", DNS_TYPE_A, opt_half_option, "data 0 ttl=60 ede=-1: 192.0.2.1"},
    {"EDE of one octet", DNS_TYPE_A, ede_too_short, "data 0 ttl=60 ede=-1: 192.0.2.1"},
    {"OPT with a name (RFC 6891 6.1.2)", DNS_TYPE_A, opt_not_at_root,
     "data 0 ttl=60 ede=-1: 192.0.2.1"},
    {"MX by preference, then name", DNS_TYPE_MX, mx_data,
     "data 0 ttl=60 ede=-1: 10/a.test 10/b.test 300/a.test"},
    {"null MX (RFC 7505 3)", DNS_TYPE_MX, mx_null, "data 0 ttl=60 ede=-1: 0/."},
    {"MX compressed (RFC 1035 3.3.9)", DNS_TYPE_MX, mx_compressed,
     "data 0 ttl=60 ede=-1: 10/mx.test 20/a\\.b\\032.test"},
    {"MX with a pointer forward (RFC 1035 4.1.4)", DNS_TYPE_MX, mx_pointer_forward, MALFORMED},
    {"MX with a pointer to itself", DNS_TYPE_MX, mx_pointer_loop, MALFORMED},
    {"MX without a name", DNS_TYPE_MX, mx_short, MALFORMED},
    {"one bad record spoils the answer", DNS_TYPE_MX, mx_one_good_one_short, MALFORMED},
    {"octets behind the name of an MX", DNS_TYPE_MX, mx_octets_behind, MALFORMED},
    {"name over the end of its record", DNS_TYPE_MX, mx_name_over_end, MALFORMED},
    {"A of three octets (RFC 1035 3.4.1)", DNS_TYPE_A, a_short, MALFORMED},
    {"A of five octets", DNS_TYPE_A, a_long, MALFORMED},
    {"AAAA (RFC 3596 2.2)", DNS_TYPE_AAAA, aaaa_data, "data 0 ttl=60 ede=-1: 2001:db8::1"},
    {"AAAA of four octets", DNS_TYPE_AAAA, aaaa_as_a, MALFORMED},
    {"TXT strings are joined (RFC 7208 3.3)", DNS_TYPE_TXT, txt_data,
     "data 0 ttl=60 ede=-1:  a v=STSv 1"},
    {"TXT string over the end", DNS_TYPE_TXT, txt_over_end, MALFORMED},
    {"TXT without a string (RFC 1035 3.3.14)", DNS_TYPE_TXT, txt_empty, MALFORMED},
    {"TLSA (RFC 6698 2.1)", DNS_TYPE_TLSA, tlsa_data,
     "data 0 ttl=60 ede=-1: 2-1-1- 3-0-2-01 3-1-1-01 3-1-1-ff00"},
    {"TLSA of two octets", DNS_TYPE_TLSA, tlsa_short, MALFORMED},
    {"PTR with odd octets (RFC 1035 5.1)", DNS_TYPE_PTR, ptr_data,
     "data 0 ttl=60 ede=-1: a\\.b.c\\000"},
    {"more records said than there", DNS_TYPE_A, count_over_end, MALFORMED},
    {"a question, no answer (RFC 1035 4.1.1)", DNS_TYPE_A, no_response_bit, MALFORMED},
    {"other opcode", DNS_TYPE_A, opcode_notify, MALFORMED},
    {"other name asked (RFC 5452 4.2)", DNS_TYPE_A, other_question, MALFORMED},
    {"other type asked", DNS_TYPE_A, other_type, MALFORMED},
    {"two questions", DNS_TYPE_A, two_questions, MALFORMED},
    {"octets behind the message", DNS_TYPE_A, octets_behind, "data 0 ttl=60 ede=-1: 192.0.2.1"},
};

Test(dns_message, read)
{
    struct dns_reader *reader = dns_reader_new();
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct message_case *c = &cases[i];
        static struct wire w;
        struct dns_answer answer;
        begin(&w, c->type);
        c->write(&w);
        read_octets(reader, wire_span(&w), "test", c->type, &answer);
        describe(&answer, &got);
        cr_expect_str_eq((const char *)got.at, c->want, "%s:\n got %s\nwant %s", c->name,
                         (const char *)got.at, c->want);
    }
    buf_deinit(&got);
    dns_reader_free(reader);
}

/* A message cut anywhere is malformed. Each cut is read from memory of exactly its size. */
Test(dns_message, any_cut_is_malformed)
{
    struct dns_reader *reader = dns_reader_new();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static struct wire w;
        begin(&w, cases[i].type);
        cases[i].write(&w);
        size_t whole = cases[i].write == octets_behind ? w.len - strlen("behind") : w.len;
        for (size_t cut = 0; cut < whole; cut++) {
            struct dns_answer answer;
            uint8_t *copy = malloc(cut > 0 ? cut : 1);
            memcpy(copy, w.at, cut);
            read_octets(reader, (struct span){copy, cut}, "test", cases[i].type, &answer);
            cr_expect_eq(answer.seen.state, DNS_MALFORMED, "%s, cut at %zu", cases[i].name, cut);
            cr_expect(answer.rr_count == 0 && answer.cname_count == 0);
            free(copy);
        }
    }
    dns_reader_free(reader);
}

Test(dns_message, caps)
{
    struct dns_reader *reader = dns_reader_new();
    static struct wire w;
    struct dns_answer answer;
    begin(&w, DNS_TYPE_MX);
    for (unsigned i = 0; i < DNS_RRS_MAX; i++) {
        wire_mx(&w, NULL, 60, DNS_RRS_MAX - i, "mx.test");
    }
    read_octets(reader, wire_span(&w), "test", DNS_TYPE_MX, &answer);
    cr_expect_eq(answer.rr_count, DNS_RRS_MAX);
    cr_expect_not(answer.seen.truncated);
    cr_expect_eq(answer.rrs[0].mx.preference, 1);
    for (unsigned i = 0; i < DNS_ANSWER_SCAN_MAX; i++) {
        wire_mx(&w, NULL, 60, 1000 + i, "mx.test");
    }
    read_octets(reader, wire_span(&w), "test", DNS_TYPE_MX, &answer);
    cr_expect_eq(answer.seen.state, DNS_DATA);
    cr_expect_eq(answer.rr_count, DNS_RRS_MAX);
    cr_expect(answer.seen.truncated);
    dns_reader_free(reader);
}

/* The largest answers there are: one TXT that fills a message, and names that are longest as text. */
Test(dns_message, largest)
{
    struct dns_reader *reader = dns_reader_new();
    static struct wire w;
    static uint8_t data[65000];
    struct dns_answer answer;
    begin(&w, DNS_TYPE_TXT);
    for (size_t at = 0; at < sizeof(data); at += 250) {
        data[at] = 249;
        memset(data + at + 1, 'x', 249);
    }
    wire_rr(&w, ANSWER, NULL, DNS_TYPE_TXT, 60, (struct span){data, sizeof(data)});
    read_octets(reader, wire_span(&w), "test", DNS_TYPE_TXT, &answer);
    cr_assert_eq(answer.rr_count, 1);
    cr_expect_eq(answer.rrs[0].text.len, sizeof(data) / 250 * 249);

    /* 512 exchanges that differ in one octet and share the rest of 255 by a pointer. */
    begin(&w, DNS_TYPE_MX);
    uint8_t first[2 + 255] = {0, 1, 62};
    memset(first + 3, 0xFF, 62);
    for (size_t i = 0; i < 3; i++) {
        first[65 + i * 63] = 62;
        memset(first + 66 + i * 63, 0xFF, 62);
    }
    first[65 + 189] = 0;
    wire_rr(&w, ANSWER, NULL, DNS_TYPE_MX, 60, (struct span){first, 65 + 190});
    size_t tail = w.len - 190;
    for (unsigned i = 1; i < DNS_RRS_MAX; i++) {
        uint8_t next[2 + 3 + 2] = {0, 1, 2, (uint8_t)(0x80U | i >> 7),
                                   (uint8_t)(0x80U | (i & 0x7FU))};
        next[5] = (uint8_t)(0xC0U | tail >> 8);
        next[6] = (uint8_t)tail;
        wire_rr(&w, ANSWER, NULL, DNS_TYPE_MX, 60, (struct span){next, sizeof(next)});
    }
    read_octets(reader, wire_span(&w), "test", DNS_TYPE_MX, &answer);
    cr_expect_eq(answer.rr_count, DNS_RRS_MAX);
    cr_expect_eq(answer.rrs[1].mx.exchange.len > 700, true);
    dns_reader_free(reader);
}
