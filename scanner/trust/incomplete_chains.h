#pragma once

#include <stdint.h>
#include <stdio.h>

#include "scanner/base/span.h"

/**
 * Lists that lack an intermediate as served, kept for the end of the scan, when certificates of other
 * servers may complete them. The octets lie in an unlinked temporary file; 48 octets a list stay in
 * memory.
 */
struct incomplete_chain {
    uint8_t chain_id[32];
    uint64_t offset; /* of the list in the file */
    uint32_t len;
    bool told; /* that an intermediate is missing stands in its row already */
};

struct incomplete_chains {
    FILE *file; /* NULL before the first */
    struct incomplete_chain *chains;
    size_t count;
    uint64_t file_len;
    bool failed; /* the file could not be written: this list and all later ones are missing */
};

void incomplete_chains_add(struct incomplete_chains *c, const uint8_t chain_id[32],
                           struct span list, bool told);
/** Reads the list of an entry into `octets`, which has room for its `len`. */
bool incomplete_chains_read(const struct incomplete_chains *c, const struct incomplete_chain *chain,
                            uint8_t *octets);
void incomplete_chains_deinit(struct incomplete_chains *c);
