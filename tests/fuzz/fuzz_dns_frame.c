#include <stdlib.h>

#include "resolver/dns_frame.h"
#include "resolver/dns_message.h"
#include "scanner/base/check.h"

static size_t messages_in(struct span stream, struct span *left)
{
    struct span message;
    size_t count = 0;
    while (dns_frame_take(&stream, &message)) {
        uint8_t stub[DNS_QUERY_MAX];
        size_t len = dns_stub_make(message, stub);
        CHECK(len <= DNS_QUERY_MAX);
        if (len > 0) { /* an answer of which a library finds its question, and no error */
            CHECK(len >= DNS_HEADER_LEN && memcmp(stub, message.at, 2) == 0);
            uint8_t again[DNS_QUERY_MAX];
            CHECK(dns_stub_make((struct span){stub, len}, again) == len);
            CHECK(memcmp(stub, again, len) == 0);
        }
        count++;
    }
    *left = stream;
    return count;
}

/* First two octets: where to cut. Rest: what comes over TCP. In two parts it is the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct span all = {data + 2, size - 2};
    size_t cut = ((size_t)data[0] << 8 | data[1]) % (all.len + 1);
    struct span left;
    size_t whole = messages_in(all, &left);
    size_t rest_len = left.len;
    CHECK(left.len < DNS_FRAME_MAX);
    size_t parts = messages_in(span_take(all, cut), &left);
    struct span second = {left.at, left.len + all.len - cut};
    parts += messages_in(second, &left);
    CHECK(parts == whole && left.len == rest_len);
    return 0;
}
