#include "resolver/dns_query.h"

#include "resolver/dns_message.h"

static uint8_t *query_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)(value & 0xFFU);
    return at + 2;
}

/* RFC 6891 section 6.1.2: root, OPT, payload size, extended rcode and version 0, DO, no options. */
static uint8_t *put_opt(uint8_t *at, uint16_t payload)
{
    *at++ = 0;
    at = query_put_u16(at, DNS_TYPE_OPT);
    at = query_put_u16(at, payload);
    at = query_put_u16(at, 0);
    at = query_put_u16(at, 0x8000U); /* DO, RFC 3225 section 3 */
    return query_put_u16(at, 0);
}

size_t dns_query_build(const struct dns_name *name, uint16_t type,
                       const struct dns_query_options *options, uint8_t out[DNS_QUERY_MAX])
{
    uint8_t *at = query_put_u16(out, 0);
    /* RD: RFC 1035 section 4.1.1. AD asks to be told what was validated, RFC 6840 section 5.7. */
    at = query_put_u16(at, options->checking_disabled ? 0x0130U : 0x0120U);
    at = query_put_u16(at, 1);
    at = query_put_u16(at, 0);
    at = query_put_u16(at, 0);
    at = query_put_u16(at, options->edns ? 1 : 0);
    memcpy(at, name->octets, name->len);
    at += name->len;
    at = query_put_u16(at, type);
    at = query_put_u16(at, 1); /* IN */
    if (options->edns) {
        at = put_opt(at, options->payload);
    }
    return (size_t)(at - out);
}

bool dns_query_is_answered(struct span query, struct span answer)
{
    bool edns = query.at[11] != 0;
    struct span asked = span_drop(query, DNS_HEADER_LEN);
    asked.len -= edns ? DNS_OPT_LEN : 0;
    if (dns_message_is_bare_error(answer)) {
        return true;
    }
    if (answer.len < DNS_HEADER_LEN + asked.len || (answer.at[2] & 0xF8U) != 0x80U ||
        answer.at[4] != 0 || answer.at[5] != 1) {
        return false;
    }
    struct span repeated = span_take(span_drop(answer, DNS_HEADER_LEN), asked.len);
    size_t name_len = asked.len - 4; /* the type and class behind it */
    /* The length of a label is no letter, nor becomes one. */
    return span_eq(repeated, asked) ||
           (span_ieq(span_take(repeated, name_len), span_take(asked, name_len)) &&
            span_eq(span_drop(repeated, name_len), span_drop(asked, name_len)));
}
