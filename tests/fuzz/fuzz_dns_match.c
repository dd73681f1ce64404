#include <stdlib.h>

#include "resolver/dns_frame.h"
#include "resolver/dns_message.h"
#include "scanner/base/check.h"

/* The question that a message is about, as we would ask it. @return its length; 0: it is about none */
static size_t query_of(struct span message, bool edns, uint8_t out[DNS_QUERY_MAX])
{
    struct dns_name name;
    size_t at = DNS_HEADER_LEN;
    if (message.len < at || !dns_name_read(message, &at, &name) || message.len - at < 4) {
        return 0;
    }
    uint16_t type = (uint16_t)(message.at[at] << 8 | message.at[at + 1]);
    struct dns_query_options options = {.edns = edns, .payload = DNS_PAYLOAD_NETWORK};
    return dns_query_build(&name, type, &options, out);
}

/* First octet: how the question is asked. Rest: a datagram. What is taken for the answer to the question in it is what the
 * other parser takes for an answer to one question, and about the same; a message without compression that this takes is taken. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct span message = {data + 1, size - 1};
    uint8_t query[DNS_QUERY_MAX];
    uint8_t stub[DNS_QUERY_MAX];
    size_t len = query_of(message, (data[0] & 1U) != 0, query);
    if (len == 0) {
        return 0;
    }
    struct span asked = {query, len};
    size_t question_len = len - ((data[0] & 1U) != 0 ? DNS_OPT_LEN : 0) - DNS_HEADER_LEN;
    bool answered = dns_query_is_answered(asked, message);
    size_t stub_len = message.len >= 2 ? dns_stub_make(message, stub) : 0;
    if (answered) {
        CHECK(stub_len > 0);
        CHECK(memcmp(stub + DNS_HEADER_LEN, query + DNS_HEADER_LEN, question_len) == 0);
    } else if (stub_len > 0) { /* its name is a pointer, or has one */
        size_t at = DNS_HEADER_LEN;
        struct dns_name name;
        CHECK(dns_name_read(message, &at, &name) && at != DNS_HEADER_LEN + question_len - 4U);
    }
    query[2] |= 0x80U;
    CHECK(dns_query_is_answered(asked, asked));
    return 0;
}
