/**
 * A domain that waits for its hosts, as octets: all that its row may yet need.
 */
#include <assert.h>

#include "scanner/domain/domain_name.h"
#include "scanner/owners/domain_work.h"

/* Of one that has its answers; behind them the lists that they count. Never so: invalid, a duplicate, blocklisted. */
#define FIELDS_WAITING(F)              \
    F(u32, block)                      \
    F(flag, implicit)                  \
    F(word, policy_state)              \
    F(u64, seen.input_line)            \
    F(span, seen.input)                \
    F(span, seen.domain)               \
    F(span, seen.metadata_json)        \
    F(word, seen.mx_kind)              \
    F(dns, seen.mx_dns)                \
    F(count, seen.cname_count)         \
    F(count, seen.mx_count)            \
    F(count, seen.mx_total)            \
    F(flag, seen.null_mx_beside)       \
    F(flag, seen.endpoints_truncated)  \
    F(dns, seen.mta_sts.dns)           \
    F(count, seen.mta_sts.count)       \
    F(count, seen.mta_sts_cname_count) \
    F(dns, seen.tls_rpt.dns)           \
    F(count, seen.tls_rpt.count)       \
    F(dns, seen.ns_dns)                \
    F(count, seen.ns_count)

#define FIELDS_MX(F)     \
    F(u16, preference)   \
    F(span, exchange)    \
    F(span, host)        \
    F(u8, name_kind)     \
    F(u8, a_state)       \
    F(u8, aaaa_state)    \
    F(u8, cname_count)   \
    F(flag, blocklisted) \
    F(u8, dane_host)     \
    F(u8, tlsa_at)       \
    F(count, endpoint_count)

#define FIELDS_POLICY(F)    \
    F(span, policy_host)    \
    F(dns, a)               \
    F(dns, aaaa)            \
    F(count, cname_count)   \
    F(count, address_count) \
    F(word, not_tested)     \
    F(verdict, chain)

/* Whoever adds a member, and a field above if the row needs it, counts it here. */
static_assert(sizeof(void *) != 8 || sizeof(struct seen_domain) == 296,
              "FIELDS_WAITING is complete");
static_assert(sizeof(void *) != 8 || sizeof(struct seen_mx) == 96, "FIELDS_MX is complete");

/* --- putting -------------------------------------------------------------------------------- */

static void waiting_put_mx(struct buf *out, const struct domain_work *d, size_t at)
{
    const struct seen_mx *mx = &d->mx[at];
#define PUT(type, name) codec_put_##type(out, mx->name);
    FIELDS_MX(PUT)
#undef PUT
    codec_put_octets(out, &mx->unusable,
                     sizeof(mx->unusable)); /* a word of ours, as long as we run */
    codec_put_word(out, d->mx_state[at]);
    for (size_t i = 0; i < mx->endpoint_count; i++) {
        codec_put_brief(out, mx->endpoints[i]);
    }
}

static void waiting_put_policy(struct buf *out, const struct seen_policy *p)
{
#define PUT(type, name) codec_put_##type(out, p->name);
    FIELDS_POLICY(PUT)
#undef PUT
    codec_put_u32(out, p->chain.issuers);
    codec_put_spans(out, p->cnames, p->cname_count);
    codec_put_addrs(out, p->addresses, p->address_count);
    policy_fetched_put(out, p);
}

/* An implicit MX is counted when it is known to be one. */
static size_t mx_in_work(const struct domain_work *d)
{
    return d->implicit ? 1 : d->seen.mx_count;
}

void domain_record_put(struct buf *out, const struct domain_work *d)
{
    const struct seen_domain *s = &d->seen;
#define PUT(type, name) codec_put_##type(out, d->name);
    FIELDS_WAITING(PUT)
#undef PUT
    codec_put_spans(out, s->cnames, s->cname_count);
    for (size_t i = 0; i < mx_in_work(d); i++) {
        waiting_put_mx(out, d, i);
    }
    codec_put_spans(out, s->mta_sts.texts, s->mta_sts.count);
    codec_put_spans(out, s->mta_sts_cnames, s->mta_sts_cname_count);
    codec_put_spans(out, s->tls_rpt.texts, s->tls_rpt.count);
    codec_put_spans(out, s->ns, s->ns_count);
    codec_put_flag(out, d->policy != NULL);
    if (d->policy != NULL) {
        waiting_put_policy(out, d->policy);
    }
}

/* --- getting: spans borrow from the octets --------------------------------------------------- */

static void waiting_get_mx(struct span *in, struct domain_work *d, size_t at)
{
    struct seen_mx *mx = &d->mx[at];
#define GET(type, name) mx->name = codec_get_##type(in);
    FIELDS_MX(GET)
#undef GET
    codec_get_octets(in, &mx->unusable, sizeof(mx->unusable));
    d->mx_state[at] = codec_get_word(in);
    struct endpoint_brief *briefs = arena_new(&d->arena, mx->endpoint_count, sizeof(*briefs));
    for (size_t i = 0; i < mx->endpoint_count; i++) {
        briefs[i] = codec_get_brief(in);
    }
    mx->endpoints = briefs;
}

static void waiting_get_policy(struct span *in, struct domain_work *d)
{
    struct seen_policy *p = d->policy = arena_new(&d->arena, 1, sizeof(*p));
#define GET(type, name) p->name = codec_get_##type(in);
    FIELDS_POLICY(GET)
#undef GET
    p->chain.issuers = codec_get_u32(in);
    p->cnames = codec_get_spans(in, p->cname_count, &d->arena);
    p->addresses = codec_get_addrs(in, p->address_count, &d->arena);
    policy_fetched_get(*in, p);
    d->seen.policy = p;
}

void domain_record_get(struct span octets, struct domain_work *d)
{
    struct span in = arena_copy(&d->arena, octets);
    struct seen_domain *s = &d->seen;
#define GET(type, name) d->name = codec_get_##type(&in);
    FIELDS_WAITING(GET)
#undef GET
    s->tld = domain_name_tld(s->domain);
    s->cnames = codec_get_spans(&in, s->cname_count, &d->arena);
    d->mx = arena_new(&d->arena, mx_in_work(d), sizeof(*d->mx));
    s->mx = d->mx;
    for (size_t i = 0; i < mx_in_work(d); i++) {
        waiting_get_mx(&in, d, i);
    }
    s->mta_sts.texts = codec_get_spans(&in, s->mta_sts.count, &d->arena);
    s->mta_sts_cnames = codec_get_spans(&in, s->mta_sts_cname_count, &d->arena);
    s->tls_rpt.texts = codec_get_spans(&in, s->tls_rpt.count, &d->arena);
    s->ns = codec_get_spans(&in, s->ns_count, &d->arena);
    if (codec_get_flag(&in)) {
        waiting_get_policy(&in, d);
    }
}
