/**
 * What a fetch of a policy showed, as octets. In the order of seen_policy.
 */
#include "scanner/base/check.h"
#include "scanner/flow/message.h"

static void put(struct buf *out, uint64_t value, size_t octets)
{
    for (size_t i = 0; i < octets; i++) {
        buf_put_char(out, (char)(uint8_t)(value >> (8 * i)));
    }
}

static uint64_t get(struct span *in, size_t octets)
{
    uint64_t value = 0;
    CHECK(in->len >= octets);
    for (size_t i = 0; i < octets; i++) {
        value |= (uint64_t)in->at[i] << (8 * i);
    }
    *in = span_drop(*in, octets);
    return value;
}

static int32_t get_int(struct span *in)
{
    return (int32_t)(uint32_t)get(in, 4);
}

static void put_octets(struct buf *out, struct span s)
{
    put(out, s.len, 4);
    buf_put(out, s);
}

static struct span get_octets(struct span *in)
{
    size_t len = (size_t)get(in, 4);
    CHECK(in->len >= len);
    struct span s = {in->at, len};
    *in = span_drop(*in, len);
    return s;
}

static void put_fixed(struct buf *out, const void *at, size_t len)
{
    buf_put(out, (struct span){at, len});
}

static void get_fixed(struct span *in, void *at, size_t len)
{
    CHECK(in->len >= len);
    memcpy(at, in->at, len);
    *in = span_drop(*in, len);
}

void policy_address_put(struct buf *out, const struct net_addr *a)
{
    put(out, a->family, 1);
    put_fixed(out, a->octets, sizeof(a->octets));
}

struct net_addr policy_address_get(struct span *in)
{
    struct net_addr a = {.family = (uint8_t)get(in, 1)};
    get_fixed(in, a.octets, sizeof(a.octets));
    return a;
}

static uint64_t tls_flags(const struct seen_tls *t)
{
    const bool flags[] = {t->completed,    t->client_cert_requested, t->ems,
                          t->secure_reneg, t->unknown_name_warning,  t->ocsp_stapled,
                          t->sct_in_tls,   t->list_truncated,        t->list_malformed};
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(flags); i++) {
        bits |= (uint64_t)flags[i] << i;
    }
    return bits;
}

static void set_tls_flags(struct seen_tls *t, uint64_t bits)
{
    bool *const flags[] = {&t->completed,    &t->client_cert_requested, &t->ems,
                           &t->secure_reneg, &t->unknown_name_warning,  &t->ocsp_stapled,
                           &t->sct_in_tls,   &t->list_truncated,        &t->list_malformed};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        *flags[i] = (bits >> i & 1U) != 0;
    }
}

static void put_tls(struct buf *out, const struct seen_tls *t)
{
    put(out, tls_flags(t), 2);
    put(out, t->version, 2);
    put(out, t->cipher, 2);
    put(out, t->group, 2);
    put(out, t->dh_bits, 2);
    put(out, t->signature_scheme, 2);
    put(out, (uint16_t)t->alert_received, 2);
    put(out, (uint16_t)t->alert_sent, 2);
    put(out, t->error_code, 4);
    put_fixed(out, t->error_text, sizeof(t->error_text));
    put(out, (uint32_t)t->ms, 4);
    put_octets(out, t->list);
    put(out, t->cert_count, 4);
    put(out, t->certificate_octets, 4);
    put_fixed(out, t->chain_id, sizeof(t->chain_id));
    put_fixed(out, t->leaf_sha256, sizeof(t->leaf_sha256));
}

static void get_tls(struct span *in, struct seen_tls *t)
{
    set_tls_flags(t, get(in, 2));
    t->version = (uint16_t)get(in, 2);
    t->cipher = (uint16_t)get(in, 2);
    t->group = (uint16_t)get(in, 2);
    t->dh_bits = (uint16_t)get(in, 2);
    t->signature_scheme = (uint16_t)get(in, 2);
    t->alert_received = (int16_t)(uint16_t)get(in, 2);
    t->alert_sent = (int16_t)(uint16_t)get(in, 2);
    t->error_code = (uint32_t)get(in, 4);
    get_fixed(in, t->error_text, sizeof(t->error_text));
    t->ms = get_int(in);
    t->list = get_octets(in);
    t->cert_count = (uint32_t)get(in, 4);
    t->certificate_octets = (uint32_t)get(in, 4);
    get_fixed(in, t->chain_id, sizeof(t->chain_id));
    get_fixed(in, t->leaf_sha256, sizeof(t->leaf_sha256));
}

void policy_fetched_put(struct buf *out, const struct seen_policy *p)
{
    put(out, (uint64_t)p->outcome, 1);
    put(out, p->attempt_count, 1);
    for (size_t i = 0; i < p->attempt_count; i++) {
        const struct policy_attempt *a = &p->attempts[i];
        policy_address_put(out, &a->address);
        put(out, a->outcome, 1);
        put(out, (uint32_t)a->connect_ms, 4);
        put(out, (uint32_t)a->sys, 4);
    }
    put(out, (uint64_t)p->started_unix_ms, 8);
    put(out, (uint32_t)p->tls_ms, 4);
    put(out, (uint32_t)p->total_ms, 4);
    put(out, p->tls_attempted, 1);
    put_tls(out, &p->tls);
    put(out, p->status, 2);
    put(out, p->head_octets, 4);
    put_octets(out, p->location);
    put_octets(out, p->content_type);
    put_octets(out, p->body);
    put_fixed(out, p->body_sha256, sizeof(p->body_sha256));
}

void policy_fetched_get(struct span octets, struct seen_policy *out)
{
    struct span *in = &octets;
    out->outcome = (enum policy_fetch)get(in, 1);
    out->attempt_count = (size_t)get(in, 1);
    CHECK(out->attempt_count <= POLICY_ATTEMPTS_MAX);
    for (size_t i = 0; i < out->attempt_count; i++) {
        struct policy_attempt *a = &out->attempts[i];
        a->address = policy_address_get(in);
        a->outcome = (uint8_t)get(in, 1);
        a->connect_ms = get_int(in);
        a->sys = get_int(in);
    }
    out->started_unix_ms = (int64_t)get(in, 8);
    out->tls_ms = get_int(in);
    out->total_ms = get_int(in);
    out->tls_attempted = get(in, 1) != 0;
    get_tls(in, &out->tls);
    out->status = (uint16_t)get(in, 2);
    out->head_octets = (uint32_t)get(in, 4);
    out->location = get_octets(in);
    out->content_type = get_octets(in);
    out->body = get_octets(in);
    get_fixed(in, out->body_sha256, sizeof(out->body_sha256));
    CHECK(in->len == 0);
}
