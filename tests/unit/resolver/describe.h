#pragma once

#include "resolver/dns_message.h"
#include "scanner/base/check.h"

/* An answer as one line: "state rcode [ad] [sig] [cut] ttl=N ede=N: cname>cname: rr rr". */
static inline void describe(const struct dns_answer *a, struct buf *out)
{
    buf_reset(out);
    buf_putf(out, "%s %u%s%s%s ttl=%u ede=%d:", dns_state_word(a->seen.state), a->seen.rcode,
             a->seen.ad ? " ad" : "", a->seen.rrsig_present ? " sig" : "",
             a->seen.truncated ? " cut" : "", a->seen.ttl, a->seen.ede);
    CHECK(a->seen.cname_count == a->cname_count);
    for (size_t i = 0; i < a->cname_count; i++) {
        buf_putf(out, " >%.*s", (int)a->cnames[i].len, (const char *)a->cnames[i].at);
    }
    for (size_t i = 0; i < a->rr_count; i++) {
        const struct dns_rr *rr = &a->rrs[i];
        char text[NET_ADDR_TEXT_MAX];
        buf_put_char(out, ' ');
        switch (rr->type) {
        case DNS_TYPE_A:
        case DNS_TYPE_AAAA:
            buf_put(out, (struct span){(uint8_t *)text, net_addr_format(&rr->address, text)});
            break;
        case DNS_TYPE_MX:
            buf_putf(out, "%u/", rr->mx.preference);
            buf_put(out, rr->mx.exchange);
            break;
        case DNS_TYPE_TLSA:
            buf_putf(out, "%u-%u-%u-", rr->tlsa.usage, rr->tlsa.selector, rr->tlsa.matching);
            buf_put_hex(out, rr->tlsa.data);
            break;
        case DNS_TYPE_TXT:
            buf_put(out, rr->text);
            break;
        default:
            buf_put(out, rr->name);
            break;
        }
    }
    buf_put_char(out, '\0');
}
