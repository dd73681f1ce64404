#include <criterion/criterion.h>

#include "scanner/fetch/response_head.h"
#include "scanner/observation/seen_policy.h"

struct head_case {
    const char *name;
    const char *text; /* lines end with LF */
    enum head_step step;
    uint16_t status;
};

/* RFC 9112 sections 2.2, 4, 6; RFC 9110 section 15.2. */
static const struct head_case cases[] = {
    {"a response", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", HEAD_DONE, 200},
    {"without a reason", "HTTP/1.0 404\n\n", HEAD_DONE, 404},
    {"not yet", "HTTP/1.1 200 OK\r\nA: b\r\n", HEAD_MORE, 200},
    {"interim, then final", "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 204 x\r\n\r\n", HEAD_DONE, 204},
    {"nothing of HTTP follows 101", "HTTP/1.1 101 x\r\n\r\n", HEAD_DONE, 101},
    {"HTTP/2 in clear", "HTTP/2 200\r\n", HEAD_MALFORMED, 0},
    {"another protocol", "220 mx ESMTP\r\n", HEAD_MALFORMED, 0},
    {"a status of two digits", "HTTP/1.1 20 OK\r\n", HEAD_MALFORMED, 0},
    {"a status below 100", "HTTP/1.1 099 x\r\n", HEAD_MALFORMED, 0},
    {"four digits", "HTTP/1.1 2000 x\r\n", HEAD_MALFORMED, 0},
    {"one length twice", "HTTP/1.1 200 x\r\nContent-Length: 3\r\ncontent-length: 3\r\n\r\n",
     HEAD_DONE, 200},
    {"two lengths", "HTTP/1.1 200 x\r\nContent-Length: 3\r\nContent-Length: 4\r\n", HEAD_MALFORMED,
     200},
    {"the interim's length is another's",
     "HTTP/1.1 103 x\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 x\r\nContent-Length: 4\r\n\r\n",
     HEAD_DONE, 200},
    {"chunks", "HTTP/1.1 200 x\r\nTransfer-Encoding: Chunked\r\n\r\n", HEAD_DONE, 200},
    {"a coding unasked", "HTTP/1.1 200 x\r\nTransfer-Encoding: gzip, chunked\r\n", HEAD_MALFORMED,
     200},
};

static enum head_step head_read(struct response_head *h, struct span text)
{
    enum head_step step = HEAD_MORE;
    while (step == HEAD_MORE && text.len > 0) {
        const uint8_t *end = memchr(text.at, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.at) + 1 : text.len;
        step = response_head_line(h, span_take(text, len));
        text = span_drop(text, len);
    }
    return step;
}

Test(response_head, lines)
{
    struct response_head h;
    response_head_init(&h);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        response_head_reset(&h);
        cr_expect_eq(head_read(&h, span_of(cases[i].text)), cases[i].step, "%s", cases[i].name);
        cr_expect_eq(h.status, cases[i].status, "%s: %u", cases[i].name, h.status);
    }
    response_head_deinit(&h);
}

/* All heads together have one bound, and so has a field that is kept. */
Test(response_head, bounds)
{
    struct response_head h;
    static char line[POLICY_HEAD_MAX + 1];
    memset(line, 'x', sizeof(line));
    memcpy(line, "location:", 9);
    response_head_init(&h);
    cr_expect_eq(head_read(&h, SPAN_LIT("HTTP/1.1 301 x\r\n")), HEAD_MORE);
    size_t room = POLICY_HEAD_MAX - h.octets;
    cr_expect_eq(response_head_line(&h, (struct span){(const uint8_t *)line, room}), HEAD_MORE);
    cr_expect_eq(h.location.len, POLICY_FIELD_MAX);
    cr_expect_eq(response_head_line(&h, SPAN_LIT("a")), HEAD_TOO_LARGE);
    response_head_deinit(&h);
}
