#pragma once

#include "scanner/base/hash.h"

/**
 * An open-addressing table from hash_key to a 64-bit value (an index, a line number, a
 * pointer). The hash is keyed with the secret of the process, so its 128 bits stand for the
 * key: nothing else is kept. 24 octets an entry at a load of at most 3/4.
 * Most tables never remove: what was worked on once stays known. Its memory only grows.
 */
struct map_entry {
    struct hash_key key; /* all zero: empty */
    uint64_t value;
};

struct map {
    struct map_entry *entries;
    size_t mask; /* capacity - 1, or 0 before the first entry */
    size_t count;
};

void map_deinit(struct map *m);
/** NULL when absent. Valid until the next map_add() or map_remove(). */
uint64_t *map_find(const struct map *m, struct hash_key key);
/** The value of `key`, added as `value` when absent; `*added` tells. Valid until the next call. */
uint64_t *map_add(struct map *m, struct hash_key key, uint64_t value, bool *added);
/** @return false when it was absent. */
bool map_remove(struct map *m, struct hash_key key);
