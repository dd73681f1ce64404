#include <stdlib.h>

#include "resolver/dns_message.h"
#include "resolver/dns_query.h"
#include "scanner/base/check.h"
#include "scanner/base/memory.h"

/*
 * First octet: the type asked for. Rest: the message; the name asked for is that of its question.
 * What is read is written again as the plainest message that says it, without compression and in
 * the order of the result; reading that must give the same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t types[] = {DNS_TYPE_A,    DNS_TYPE_NS,   DNS_TYPE_CNAME,
                                 DNS_TYPE_PTR,  DNS_TYPE_MX,   DNS_TYPE_TXT,
                                 DNS_TYPE_AAAA, DNS_TYPE_TLSA, 257 /* CAA: of no meaning to us */};

static void put_u16(struct buf *b, unsigned v)
{
    buf_put_char(b, (char)(v >> 8));
    buf_put_char(b, (char)(v & 0xFFU));
}

static void put_name(struct buf *b, struct span text)
{
    struct dns_name name;
    CHECK(dns_name_from_text(text, &name));
    buf_put(b, (struct span){name.octets, name.len});
}

static void put_text(struct buf *b, struct span text)
{
    do {
        struct span part = span_take(text, 255);
        buf_put_char(b, (char)part.len);
        buf_put(b, part);
        text = span_drop(text, part.len);
    } while (text.len > 0);
}

static void put_data(struct buf *b, const struct dns_rr *rr)
{
    switch (rr->type) {
    case DNS_TYPE_A:
    case DNS_TYPE_AAAA:
        buf_put(b, (struct span){rr->address.octets, net_addr_len(&rr->address)});
        return;
    case DNS_TYPE_MX:
        put_u16(b, rr->mx.preference);
        put_name(b, rr->mx.exchange);
        return;
    case DNS_TYPE_NS:
    case DNS_TYPE_CNAME:
    case DNS_TYPE_PTR:
        put_name(b, rr->name);
        return;
    case DNS_TYPE_TXT:
        put_text(b, rr->text);
        return;
    case DNS_TYPE_TLSA:
        buf_put_char(b, (char)rr->tlsa.usage);
        buf_put_char(b, (char)rr->tlsa.selector);
        buf_put_char(b, (char)rr->tlsa.matching);
        buf_put(b, rr->tlsa.data);
        return;
    default:
        buf_put(b, rr->text);
        return;
    }
}

static void put_rr(struct buf *b, const struct dns_name *owner, const struct dns_rr *rr,
                   uint32_t ttl)
{
    buf_put(b, (struct span){owner->octets, owner->len});
    put_u16(b, rr->type);
    put_u16(b, 1);
    put_u16(b, ttl >> 16);
    put_u16(b, ttl & 0xFFFFU);
    size_t at = b->len;
    put_u16(b, 0);
    put_data(b, rr);
    size_t len = b->len - at - 2;
    b->at[at] = (uint8_t)(len >> 8);
    b->at[at + 1] = (uint8_t)(len & 0xFFU);
}

/* @return the message that says `a`; the smallest TTL on every record. */
static void write_again(struct buf *b, const struct dns_answer *a, const struct dns_name *asked,
                        uint16_t type)
{
    struct dns_name here = *asked;
    put_u16(b, 0);
    put_u16(b, a->seen.rcode == DNS_RCODE_NXDOMAIN ? 0x8403U : 0x8400U);
    put_u16(b, 1);
    put_u16(b, (unsigned)(a->cname_count + a->rr_count));
    put_u16(b, 0);
    put_u16(b, 0);
    buf_put(b, (struct span){asked->octets, asked->len});
    put_u16(b, type);
    put_u16(b, 1);
    for (size_t i = 0; i < a->cname_count; i++) {
        struct dns_rr link = {.type = DNS_TYPE_CNAME, .name = a->cnames[i]};
        put_rr(b, &here, &link, a->seen.ttl);
        CHECK(dns_name_from_text(a->cnames[i], &here));
    }
    for (size_t i = 0; i < a->rr_count; i++) {
        put_rr(b, &here, &a->rrs[i], a->seen.ttl);
    }
}

static bool same_rr(const struct dns_rr *a, const struct dns_rr *b)
{
    struct buf x = BUF_INIT(BUF_NO_LIMIT);
    struct buf y = BUF_INIT(BUF_NO_LIMIT);
    put_data(&x, a);
    put_data(&y, b);
    bool same = a->type == b->type && span_eq(buf_span(&x), buf_span(&y));
    buf_deinit(&x);
    buf_deinit(&y);
    return same;
}

static void check_bounds(const struct dns_answer *a)
{
    CHECK(a->rr_count <= DNS_RRS_MAX && a->cname_count <= DNS_CNAME_MAX);
    CHECK(a->cname_count == a->seen.cname_count);
    CHECK((a->rr_count > 0) == (a->seen.state == DNS_DATA));
    CHECK(a->seen.ttl <= INT32_MAX);
    CHECK(a->seen.ede >= -1 && a->seen.ede <= UINT16_MAX);
    if (a->seen.state == DNS_MALFORMED) {
        CHECK(a->cname_count == 0 && !a->seen.rrsig_present && !a->seen.truncated);
    }
}

static void check_same(const struct dns_answer *a, const struct dns_answer *b)
{
    CHECK(a->rr_count == b->rr_count && a->cname_count == b->cname_count);
    for (size_t i = 0; i < a->rr_count; i++) {
        CHECK(same_rr(&a->rrs[i], &b->rrs[i]));
    }
    for (size_t i = 0; i < a->cname_count; i++) {
        CHECK(span_eq(a->cnames[i], b->cnames[i]));
    }
}

static struct dns_name question_of(struct span message)
{
    struct dns_name name = {.len = 1};
    size_t at = DNS_HEADER_LEN;
    if (message.len <= DNS_HEADER_LEN || !dns_name_read(message, &at, &name)) {
        name = (struct dns_name){.len = 1};
    }
    return name;
}

/* A loop of names is written as far as it was followed, which is no loop any more. */
static bool can_be_written(const struct dns_answer *a)
{
    return a->seen.state == DNS_DATA || a->seen.state == DNS_NODATA ||
           a->seen.state == DNS_NXDOMAIN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    static struct dns_reader *first;
    static struct dns_reader *second;
    if (first == NULL) {
        first = dns_reader_new();
        second = dns_reader_new();
    }
    uint16_t type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
    struct span message = {data + 1, size - 1};
    struct dns_name asked = question_of(message);
    struct dns_answer a;
    struct dns_answer b;
    dns_message_read(first, message, &asked, type, &a);
    check_bounds(&a);
    if (!can_be_written(&a)) {
        return 0;
    }
    struct buf again = BUF_INIT(BUF_NO_LIMIT);
    write_again(&again, &a, &asked, type);
    if (again.len <= UINT16_MAX) {
        dns_message_read(second, buf_span(&again), &asked, type, &b);
        CHECK(b.seen.state == a.seen.state);
        check_same(&a, &b);
    }
    buf_deinit(&again);
    return 0;
}
