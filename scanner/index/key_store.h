#pragma once

#include "scanner/base/hash.h"

/**
 * Short records by key, for tables as long as a scan: the first ones in memory, those beyond a bound in a temporary database. As in
 * map.h the hash stands for the key. Nothing is removed. It belongs to one thread at a time.
 *
 * When the database fails, records are not found from then on: a caller looks at key_store_error() once, at the end.
 */
struct key_store;

#define KEY_STORE_NO_BOUND SIZE_MAX

/** @param memory_octets about so many, before there is a database with a cache of its own */
struct key_store *key_store_new(size_t memory_octets);
void key_store_free(struct key_store *s); /* NULL is allowed */
/** As scratch_database_error(). */
const char *key_store_error(const struct key_store *s);

/** @return false: the key is there, and its record stays */
bool key_store_add(struct key_store *s, struct hash_key key, struct span record);
/** Takes the place of what was there. */
void key_store_put(struct key_store *s, struct hash_key key, struct span record);
/** @param record valid until the next call @return false: there is none */
bool key_store_find(struct key_store *s, struct hash_key key, struct span *record);

/* Of one number. */
static inline bool key_store_add_number(struct key_store *s, struct hash_key key, uint64_t number)
{
    return key_store_add(s, key, (struct span){(const uint8_t *)&number, sizeof(number)});
}

static inline void key_store_put_number(struct key_store *s, struct hash_key key, uint64_t number)
{
    key_store_put(s, key, (struct span){(const uint8_t *)&number, sizeof(number)});
}

bool key_store_find_number(struct key_store *s, struct hash_key key, uint64_t *number);
