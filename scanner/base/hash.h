#pragma once

#include "scanner/base/span.h"

/**
 * Two kinds of hash, never mixed:
 *  - table keys: XXH3-128 with a random secret per process. A seed alone is not safe against
 *    chosen input (xxHash issue 1127); never written to disk, never sent to another process.
 *  - partitions and draws: XXH3-64 with fixed, versioned parameters, the same in every run.
 */

/** 128 bits, usable as the key of a `map`. All-zero never occurs for a hashed key. */
struct hash_key {
    uint64_t low;
    uint64_t high;
};

static inline bool hash_key_eq(struct hash_key a, struct hash_key b)
{
    return a.low == b.low && a.high == b.high;
}

/** Draws the secret of this process from getrandom(2). Once, before any thread starts. */
void hash_secret_init(void);
struct hash_key hash_key_of(struct span key);
static inline struct hash_key hash_key_of_u64(uint64_t key)
{
    return hash_key_of((struct span){(const uint8_t *)&key, sizeof(key)});
}

#define PARTITION_COUNT 4096

/** Partition of a key, by parameters version 1 (XXH3-64, seed 0x6d78636e73757301). */
uint32_t hash_partition(struct span key);
/** Which of `count` equal parts of all partitions the key is in. Parts are runs of partitions and no remainders: threads of one machine
 * divide by the remainder, and with a common divisor some of them would have nothing to do. */
uint32_t hash_partition_part(struct span key, uint32_t count);
/** A fixed draw: the same for (seed, a, b) in every run and on every machine. */
uint64_t hash_draw(uint64_t seed, struct span a, struct span b);
