#include "scanner/base/key_table.h"

#include "scanner/base/memory.h"

#define FIRST_PLACES 8

void key_table_deinit(struct key_table *t)
{
    free(t->keys);
    free(t->places);
    *t = (struct key_table){0};
}

static bool key_is(const struct key_table *t, uint32_t number, struct hash_key key)
{
    return hash_key_eq(t->keys[number], key);
}

/* @return its place, or the empty one where it belongs */
static uint32_t *key_place(const struct key_table *t, struct hash_key key)
{
    uint32_t i = (uint32_t)key.low & t->mask;
    while (t->places[i] != 0 && !key_is(t, t->places[i] - 1, key)) {
        i = (i + 1) & t->mask;
    }
    return &t->places[i];
}

static void key_table_widen(struct key_table *t)
{
    size_t count = t->places != NULL ? ((size_t)t->mask + 1) * 2 : FIRST_PLACES;
    CHECK(count <= UINT32_MAX);
    free(t->places);
    t->places = memory_new(count, sizeof(*t->places));
    t->mask = (uint32_t)(count - 1);
    for (uint32_t i = 0; i < t->count; i++) {
        *key_place(t, t->keys[i]) = i + 1;
    }
}

uint32_t key_table_find(const struct key_table *t, struct hash_key key)
{
    uint32_t place = t->places != NULL ? *key_place(t, key) : 0;
    return place != 0 ? place - 1 : KEY_TABLE_NONE;
}

uint32_t key_table_add(struct key_table *t, struct hash_key key, bool *added)
{
    uint32_t number = key_table_find(t, key);
    *added = number == KEY_TABLE_NONE;
    if (!*added) {
        return number;
    }
    if (t->places == NULL || (uint64_t)(t->count + 1) * 4 > ((uint64_t)t->mask + 1) * 3) {
        key_table_widen(t);
    }
    t->keys = memory_grow_long_list(t->keys, t->count, &t->capacity, sizeof(*t->keys));
    t->keys[t->count] = key;
    *key_place(t, key) = ++t->count;
    return t->count - 1;
}
