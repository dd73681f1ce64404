#pragma once

#include <assert.h>

#include "scanner/observation/verdict.h"

/**
 * The verdict on a list as a value of a table. One bit is free for the table's own use: what else stands
 * there under an id that has no verdict yet.
 */
#define PACKED_VERDICT_FREE 0x80000000U

static_assert(CHAIN_STATUS_COUNT <= 0x80, "the bit is free");

static inline uint64_t verdict_pack(struct chain_brief b)
{
    return (uint64_t)b.issuers << 32 | (uint64_t)b.status << 24 | (uint64_t)b.trusted_by << 16 |
           (uint64_t)b.openssl_level_2 << 8 | b.openssl_level_1;
}

static inline struct chain_brief verdict_unpack(uint64_t packed)
{
    return (struct chain_brief){.status = (uint8_t)(packed >> 24),
                                .trusted_by = (uint8_t)(packed >> 16),
                                .openssl_level_2 = (uint8_t)(packed >> 8),
                                .openssl_level_1 = (uint8_t)packed,
                                .issuers = (uint32_t)(packed >> 32)};
}
