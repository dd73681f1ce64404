#include "resolver/dns_frame.h"

#include "resolver/dns_message.h"

size_t dns_stub_make(struct span answer, uint8_t out[DNS_QUERY_MAX])
{
    struct dns_name name;
    size_t at = DNS_HEADER_LEN;
    const uint8_t *head = answer.at;
    if (answer.len < DNS_HEADER_LEN || (head[2] & 0xF8U) != 0x80U || head[4] != 0 || head[5] != 1 ||
        !dns_name_read(answer, &at, &name) || answer.len - at < 4 || answer.at[at + 2] != 0 ||
        answer.at[at + 3] != 1) {
        return 0;
    }
    uint16_t type = (uint16_t)(answer.at[at] << 8 | answer.at[at + 1]);
    struct dns_query_options options = {.edns = true, .payload = DNS_PAYLOAD_LOOPBACK};
    size_t len = dns_query_build(&name, type, &options, out);
    out[0] = head[0];
    out[1] = head[1];
    out[2] = 0x81; /* QR, RD */
    out[3] = 0x85; /* RA, REFUSED: c-ares from 1.32 on measures NOERROR and NXDOMAIN */
    return len;
}

bool dns_frame_take(struct span *stream, struct span *message)
{
    size_t len = stream->len >= 2 ? (size_t)(stream->at[0] << 8 | stream->at[1]) : 0;
    if (stream->len < 2 || stream->len - 2 < len) {
        return false;
    }
    *message = (struct span){stream->at + 2, len};
    *stream = span_drop(*stream, 2 + len);
    return true;
}
