#include <criterion/criterion.h>

#include "resolver/dns_frame.h"

/* "mx.test" A IN, answered, with NXDOMAIN and a record that nobody could read. */
#define ANSWER_OCTETS                                      \
    "\x12\x34\x85\x83\0\1\0\1\0\0\0\0\2mx\4test\0\0\1\0\1" \
    "\xff\xff"

struct stub_case {
    const char *name;
    struct span answer;
    bool shown;
};

/* RFC 1035 section 4.1.1: QR, OPCODE, QDCOUNT; section 4.1.2: the question. */
static const struct stub_case stub_cases[] = {
    {"an answer, whatever it says", SPAN_INIT(ANSWER_OCTETS), true},
    {"nothing", SPAN_INIT(""), false},
    {"a header and no more", SPAN_INIT("\0\0\x80\0\0\1\0\0\0\0\0\0"), false},
    {"a query", SPAN_INIT("\0\0\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1"), false},
    {"a NOTIFY", SPAN_INIT("\0\0\xa0\0\0\1\0\0\0\0\0\0\0\0\1\0\1"), false},
    {"two questions", SPAN_INIT("\0\0\x80\0\0\2\0\0\0\0\0\0\0\0\1\0\1"), false},
    {"class CH", SPAN_INIT("\0\0\x80\0\0\1\0\0\0\0\0\0\0\0\1\0\3"), false},
    {"a name that points at itself", SPAN_INIT("\0\0\x80\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"),
     false},
    {"half a question", SPAN_INIT("\0\0\x80\0\0\1\0\0\0\0\0\0\0\0\1\0"), false},
    {"the root", SPAN_INIT("\0\0\x80\0\0\1\0\0\0\0\0\0\0\0\1\0\1"), true},
};

Test(dns_frame, a_library_sees_id_and_question)
{
    for (size_t i = 0; i < sizeof(stub_cases) / sizeof(stub_cases[0]); i++) {
        const struct stub_case *c = &stub_cases[i];
        uint8_t stub[DNS_QUERY_MAX];
        size_t len = dns_stub_make(c->answer, stub);
        cr_expect_eq(len > 0, c->shown, "%s", c->name);
        if (len > 0) {
            cr_expect_eq(memcmp(stub, c->answer.at, 2), 0, "%s: id", c->name);
            cr_expect_eq(memcmp(stub + 2, "\x81\x85\0\1\0\0\0\0", 8), 0, "%s", c->name);
        }
    }
}

/* RFC 1035 section 4.2.2: a length in front of each message; a segment may end anywhere. */
Test(dns_frame, messages_are_whole_wherever_a_segment_ends)
{
    static const uint8_t stream[] = "\0\3abc\0\0\0\1d\1\0";
    static const char *const want[] = {"abc", "", "d"};
    size_t len = sizeof(stream) - 1;
    for (size_t cut = 0; cut <= len; cut++) {
        struct span rest = {stream, cut};
        struct span message;
        size_t count = 0;
        for (int part = 0; part < 2; part++) {
            while (dns_frame_take(&rest, &message)) {
                cr_assert_lt(count, 3);
                cr_expect(span_eq(message, span_of(want[count])), "cut %zu", cut);
                count++;
            }
            rest.len = (size_t)(stream + len - rest.at); /* the rest of the stream */
        }
        cr_expect_eq(count, 3, "cut %zu", cut);
        cr_expect_eq(rest.len, 2, "cut %zu: 256 octets are announced", cut);
    }
}
