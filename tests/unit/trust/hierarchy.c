#include "tests/unit/trust/hierarchy.h"

#include "scanner/base/hash.h"

void hierarchy_free(struct hierarchy *h)
{
    for (size_t i = 0; i < h->count; i++) {
        test_cert_free(&h->made[i]);
    }
    h->count = 0;
}

struct test_cert *hierarchy_add(struct hierarchy *h, const struct test_cert *issuer,
                                const struct test_cert_params *p)
{
    CHECK(h->count < HIERARCHY_MAX);
    struct test_cert_params with_times = *p;
    with_times.at = JUDGED_AT;
    with_times.from_s = p->from_s ? p->from_s : -YEAR;
    with_times.until_s = p->until_s ? p->until_s : YEAR;
    with_times.serial = p->serial ? p->serial : (long)h->count + 1;
    h->made[h->count] = test_cert_new(issuer, &with_times);
    return &h->made[h->count++];
}

struct test_cert *hierarchy_leaf(struct hierarchy *h, const struct test_cert *issuer)
{
    return hierarchy_add(h, issuer,
                         &(struct test_cert_params){.cn = "mx.test", .san = "DNS:mx.test"});
}

struct test_cert *hierarchy_ca(struct hierarchy *h, const struct test_cert *issuer, const char *cn)
{
    return hierarchy_add(h, issuer, &(struct test_cert_params){.cn = cn, .ca = true});
}

struct test_cert *hierarchy_damaged(struct hierarchy *h, const struct test_cert *issuer,
                                    const struct test_cert_params *p)
{
    struct test_cert *c = hierarchy_add(h, issuer, p);
    struct span der = test_cert_der(c->cert);
    uint8_t *octets = (uint8_t *)(uintptr_t)der.at;
    const unsigned char *at = octets;
    octets[der.len - 1] ^= 1;
    X509_free(c->cert);
    c->cert = d2i_X509(NULL, &at, (long)der.len);
    CHECK(c->cert != NULL);
    OPENSSL_free(octets);
    return c;
}

void list_put(struct buf *list, const struct test_cert *c)
{
    struct span der = test_cert_der(c->cert);
    CHECK(cert_list_add(list, der));
    OPENSSL_free((void *)(uintptr_t)der.at);
}

struct trust_store_octets store_of(const char *name, struct test_cert *const *anchors)
{
    struct trust_store_octets store = {.anchors = BUF_INIT(BUF_NO_LIMIT)};
    (void)snprintf(store.name, sizeof(store.name), "%s", name);
    for (; *anchors != NULL; anchors++) {
        list_put(&store.anchors, *anchors);
        store.anchor_count++;
    }
    return store;
}
