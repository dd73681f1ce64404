#pragma once

#include "scanner/base/buf.h"
#include "scanner/base/vocabulary.h"

/**
 * CA certificates that may complete a chain whose server left them out (requirement R3): those of
 * --intermediates, those shipped with this program, and those that other servers of the scan
 * presented.
 *
 * DER lies in an unlinked file, an index of some 80 octets per certificate in memory. The result of
 * a completion does not depend on the order in which certificates were added. Beyond
 * INTERMEDIATES_MAX those with the smallest SHA-256 stay, and the pool says so; it says the same
 * when the file cannot be written.
 */
#define INTERMEDIATES_MAX \
    200000 /* CA certificates kept; our own bound; public CAs have some 3,000 */

/** The first that holds. The first two are known before a scan begins. */
#define INTERMEDIATE_SOURCES(X)                                               \
    X(INTERMEDIATE_FILE, "file")       /* of --intermediates */               \
    X(INTERMEDIATE_BUNDLED, "bundled") /* in this program's own collection */ \
    X(INTERMEDIATE_SCAN, "scan")       /* another server presented it */

enum intermediate_source {
    INTERMEDIATE_SOURCES(ENUMERATOR)
};

VOCABULARY(intermediate_source, enum intermediate_source);

struct intermediate_pool;

struct intermediate_pool *intermediate_pool_new(void);
/** With another bound than INTERMEDIATES_MAX, at least 1. */
struct intermediate_pool *intermediate_pool_new_of(size_t max);
void intermediate_pool_free(struct intermediate_pool *p);

/** Adds a certificate with basicConstraints cA; one of version 1 is refused. Adding twice is adding
 * once. It is parsed: who knows cert_info.is_ca asks that first. @return false: no such certificate. */
bool intermediate_pool_add(struct intermediate_pool *p, struct span der,
                           enum intermediate_source source);
/** Whether intermediate_pool_add() would take it. */
bool intermediate_is_ca(struct span der);
size_t intermediate_pool_count(const struct intermediate_pool *p);
bool intermediate_pool_truncated(const struct intermediate_pool *p);
/** Where the certificate came from. @return false: not in the pool. */
bool intermediate_pool_source(const struct intermediate_pool *p, const uint8_t sha256[32],
                              enum intermediate_source *source);
/** Appends to `list`, in the form of cert_list.h, up to `max` certificates whose subject may be the
 * name with this hash: by source, then those whose subject key identifier is `key_id`, then
 * by SHA-256. Reads only: threads may share a pool that no one adds to. @return false: there are
 * more. */
bool intermediate_pool_issuers(const struct intermediate_pool *p, uint32_t subject_hash,
                               struct span key_id, size_t max, struct buf *list);
/** Moves everything of `from` into `into`; `from` is empty afterwards. */
void intermediate_pool_merge(struct intermediate_pool *into, struct intermediate_pool *from);
