#pragma once

#include "scanner/base/hash.h"

/**
 * Which keys came, numbered in the order of coming, for callers with a list by that number. For tables as long as a
 * scan: 16 octets a key and 5 to 11 that find it, with at most a quarter more of the first. As in map.h the hash
 * stands for the key. Nothing is removed.
 */
#define KEY_TABLE_NONE UINT32_MAX

struct key_table {
    struct hash_key *keys; /* malloc */
    uint32_t count;
    uint32_t capacity;
    uint32_t *places; /* number + 1, where its hash says or behind; 0: empty. malloc */
    uint32_t mask;    /* how many places - 1, or 0 before the first key */
};

void key_table_deinit(struct key_table *t);
/** @return KEY_TABLE_NONE when absent */
uint32_t key_table_find(const struct key_table *t, struct hash_key key);
/** The number of `key`, added when absent; `*added` tells. */
uint32_t key_table_add(struct key_table *t, struct hash_key key, bool *added);
