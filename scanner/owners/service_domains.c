/**
 * What tells who operates the servers: domains of certificates and banners, once for each service.
 */
#include "scanner/analysis/endpoint_verdict.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/cert_names.h"
#include "scanner/owners/service_work.h"

#define LEAF_DOMAINS 256 /* remembered; 70 KiB */

/* Many names share few leaves. */
struct leaf_domain {
    uint8_t sha256[32];
    uint8_t len;
    uint8_t domain[UINT8_MAX];
};

/* Both domains of a service lie one behind the other, each behind its length. */

void service_domains_init(struct service_owner *o)
{
    o->server_domains = BUF_INIT(BUF_NO_LIMIT);
    o->packed_names = BUF_INIT(CERT_NAMES_PACKED_MAX);
    o->domain = BUF_INIT(BUF_NO_LIMIT);
    o->leaf_domains = memory_new(LEAF_DOMAINS, sizeof(*o->leaf_domains));
    codec_put_u8(&o->server_domains, 0); /* 0 is no place */
}

void service_domains_deinit(struct service_owner *o)
{
    buf_deinit(&o->server_domains);
    buf_deinit(&o->packed_names);
    buf_deinit(&o->domain);
    free(o->domains_at);
    free(o->leaf_domains);
}

void service_domains_add(struct service_owner *o)
{
    o->domains_at = memory_grow_list(o->domains_at, o->count, sizeof(*o->domains_at));
    o->domains_at[o->count] = 0;
}

static void look_at_leaf(struct service_owner *o, const struct seen_tls *tls,
                         struct leaf_domain *out)
{
    struct span list = tls->list;
    struct span leaf;
    buf_reset(&o->packed_names);
    buf_reset(&o->domain);
    if (cert_list_next(&list, &leaf) && cert_names_pack(leaf, &o->packed_names)) {
        certificate_domain_put(buf_span(&o->packed_names), o->rules.suffixes, o->rules.operators,
                               &o->domain);
    }
    memcpy(out->sha256, tls->leaf_sha256, sizeof(out->sha256));
    out->len = (uint8_t)o->domain.len; /* RFC 1035 section 2.3.4: 253 at most */
    if (o->domain.len > 0) {
        memcpy(out->domain, o->domain.at, o->domain.len);
    }
}

struct span service_certificate_domain(struct service_owner *o, const struct seen_session *s)
{
    if (s == NULL || !s->tls_attempted || digest_is_none(s->tls.leaf_sha256)) {
        return (struct span){0};
    }
    struct leaf_domain *known = &o->leaf_domains[s->tls.leaf_sha256[0] % LEAF_DOMAINS];
    if (memcmp(known->sha256, s->tls.leaf_sha256, sizeof(known->sha256)) != 0) {
        look_at_leaf(o, &s->tls, known);
    }
    return (struct span){known->domain, known->len};
}

/* Both are empty where nothing is kept. */
static void get_domains(const struct service_owner *o, const struct service *s,
                        struct span *certificate, struct span *banner)
{
    uint32_t at = o->domains_at[s - o->services];
    *certificate = *banner = (struct span){0};
    if (at != 0) {
        struct span in = span_drop(buf_span(&o->server_domains), at);
        *certificate = codec_get_name(&in);
        *banner = codec_get_name(&in);
    }
}

void service_domains_see(struct service_owner *o, const struct service *s,
                         struct seen_service *seen)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    size_t at = o->server_domains.len;
    codec_put_name(&o->server_domains, service_certificate_domain(o, seen->result));
    buf_reset(&o->domain);
    if (seen->result != NULL) {
        server_name_put(&seen->result->smtp, &name);
        banner_domain_put(seen, buf_span(&name), o->rules.suffixes, &o->domain);
    }
    codec_put_name(&o->server_domains, buf_span(&o->domain));
    buf_deinit(&name);
    bool none = o->server_domains.len == at + 2;
    bool fits = at <= UINT32_MAX; /* else they are forgotten: 4 GiB of names */
    if (none || !fits) {
        o->server_domains.len = at;
        return;
    }
    o->domains_at[s - o->services] = (uint32_t)at;
    get_domains(o, s, &seen->certificate_domain, &seen->banner_domain);
}

void service_domains_judge(const struct service_owner *o, const struct service *s,
                           const struct told_endpoint *t, struct endpoint_brief *brief)
{
    struct operator_evidence evidence = {
        .mx_domain = t->registrable,
        .certificate = t->certificate_domain,
        .chain = (enum chain_status)brief->chain.status,
        .default_chain = (enum chain_status)s->no_sni_chain.status,
    };
    get_domains(o, s, &evidence.default_certificate, &evidence.banner);
    struct operator_verdict v = operator_judge(&evidence, o->rules.operators);
    brief->mx_operator = v.name;
    brief->operator_source = (uint8_t)v.source;
}
