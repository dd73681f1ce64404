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
