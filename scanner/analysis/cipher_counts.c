#include "scanner/analysis/cipher_counts.h"

#include "scanner/analysis/cipher_verdict.h"
#include "scanner/base/check.h"

static void add_services(struct cipher_counts *c, uint16_t suite, uint64_t services)
{
    size_t at = 0;
    while (at < c->suite_count && c->suite[at].suite < suite) {
        at++;
    }
    if (at == c->suite_count || c->suite[at].suite != suite) {
        CHECK(c->suite_count < COUNT_SUITES_MAX);
        memmove(&c->suite[at + 1], &c->suite[at], (c->suite_count - at) * sizeof(c->suite[0]));
        c->suite[at] = (struct suite_count){.suite = suite};
        c->suite_count++;
    }
    c->suite[at].services += services;
}

static bool has_order(const struct seen_ciphers *c, enum cipher_order order)
{
    bool has = false;
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        has |= c->version[i].order == order;
    }
    return has;
}

void cipher_counts_add(struct cipher_counts *c, const struct seen_service *s)
{
    struct cipher_verdict v;
    if (s->ciphers.version == NULL) {
        return;
    }
    cipher_verdict_of(s, &v);
    c->tested++;
    c->complete += v.complete;
    c->server_order += has_order(&s->ciphers, CIPHER_ORDER_SERVER);
    c->client_order += has_order(&s->ciphers, CIPHER_ORDER_CLIENT);
    for (size_t i = 0; i < v.count; i++) {
        add_services(c, v.suite[i], 1);
    }
}

void cipher_counts_merge(struct cipher_counts *into, const struct cipher_counts *from)
{
    into->tested += from->tested;
    into->complete += from->complete;
    into->server_order += from->server_order;
    into->client_order += from->client_order;
    for (size_t i = 0; i < from->suite_count; i++) {
        add_services(into, from->suite[i].suite, from->suite[i].services);
    }
}
