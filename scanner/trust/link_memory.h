#pragma once

#include "scanner/base/map.h"
#include "scanner/trust/known_cert.h"

/**
 * What was found about pairs of certificates, kept so that each is worked out once: whether the
 * issuer's key verifies the child's signature, and whether the child's names keep to the
 * issuer's constraints. Both depend on the pair alone, so forgetting changes no verdict.
 */
#define LINK_MEMORY_MAX (3U << 18) /* entries of 24 octets; then it starts anew; our own bound */

enum link_state {
    LINK_GOOD,
    LINK_BAD,     /* the signature is not of this key */
    LINK_UNKNOWN, /* an algorithm or a key that OpenSSL cannot work with */
};

struct link_memory {
    struct map known;
    uint64_t verified; /* by OpenSSL */
    uint64_t answered; /* from memory */
    uint64_t ns;       /* CPU time of the thread inside verifications, if `measured` */
    bool measured;
};

void link_memory_deinit(struct link_memory *m);
enum link_state link_verify(struct link_memory *m, const struct known_cert *child,
                            const struct known_cert *issuer);
/** Name constraints of `issuer` (RFC 5280 section 4.2.1.10), which has some, against `child`.
 * @param is_leaf its common name counts as well when it has no dNSName, as with OpenSSL */
bool link_names_permitted(struct link_memory *m, const struct known_cert *child,
                          const struct known_cert *issuer, bool is_leaf);
