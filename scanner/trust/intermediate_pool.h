#pragma once

#include "scanner/base/buf.h"

/**
 * CA certificates that may complete a chain whose server left them out (requirement R3): those that
 * other servers of the scan presented, and those shipped with this program. Nothing is fetched.
 *
 * DER lies in an unlinked file, an index of some 80 octets per certificate in memory. The result of
 * a completion does not depend on the order in which certificates were added. Beyond
 * INTERMEDIATES_MAX those with the smallest SHA-256 stay, and the pool says so.
 */
#define INTERMEDIATES_MAX \
    200000 /* CA certificates kept; our own bound; public CAs have some 3,000 */

enum intermediate_source {
    INTERMEDIATE_SHIPPED, /* wins where both hold */
    INTERMEDIATE_SCAN,
};

struct intermediate_pool;

struct intermediate_pool *intermediate_pool_new(void);
void intermediate_pool_free(struct intermediate_pool *p);

/** Adds a certificate that is no leaf: basicConstraints cA, or a version 1 self-signed one is
 * refused. @return false when it is no CA certificate. Adding twice is adding once. */
bool intermediate_pool_add(struct intermediate_pool *p, struct span der,
                           enum intermediate_source source);
size_t intermediate_pool_count(const struct intermediate_pool *p);
bool intermediate_pool_truncated(const struct intermediate_pool *p);
/** Where the certificate came from. @return false: not in the pool. */
bool intermediate_pool_source(const struct intermediate_pool *p, const uint8_t sha256[32],
                              enum intermediate_source *source);
/** Moves everything of `from` into `into`; `from` is empty afterwards. */
void intermediate_pool_merge(struct intermediate_pool *into, struct intermediate_pool *from);
