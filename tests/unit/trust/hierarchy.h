#pragma once

#include "scanner/cert/cert_list.h"
#include "scanner/trust/chain_judge.h"
#include "scanner/trust/intermediate_pool.h"
#include "tests/support/test_ca.h"

/** Certificates made for a test, and judges over them. Times count from JUDGED_AT. */
#define JUDGED_AT     1780000000L /* 2026-05-28 */
#define YEAR          (365 * 86400L)
#define HIERARCHY_MAX 128

struct hierarchy {
    struct test_cert made[HIERARCHY_MAX];
    size_t count;
};

void hierarchy_free(struct hierarchy *h);
/** As test_cert_new(), owned by `h`: valid for a year on either side of JUDGED_AT unless the
 * parameters say otherwise. `issuer` NULL: self-signed. */
struct test_cert *hierarchy_add(struct hierarchy *h, const struct test_cert *issuer,
                                const struct test_cert_params *p);
/** A leaf "mx.test" under `issuer`. */
struct test_cert *hierarchy_leaf(struct hierarchy *h, const struct test_cert *issuer);
/** A CA under `issuer`; NULL: a root. */
struct test_cert *hierarchy_ca(struct hierarchy *h, const struct test_cert *issuer, const char *cn);
/** A certificate whose signature was damaged. */
struct test_cert *hierarchy_damaged(struct hierarchy *h, const struct test_cert *issuer,
                                    const struct test_cert_params *p);

/** Appends certificates to a list; the last argument is NULL. */
void list_put(struct buf *list, const struct test_cert *c);
#define LIST_MAX 100

/** A store with these anchors, up to the first NULL. */
struct trust_store_octets store_of(const char *name, struct test_cert *const *anchors);
