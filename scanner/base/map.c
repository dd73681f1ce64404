#include "scanner/base/map.h"

#include "scanner/base/memory.h"

#define MAP_FIRST_CAPACITY 8 /* some are as many as services under work */

static bool slot_is_empty(const struct map_entry *e)
{
    return e->key.low == 0 && e->key.high == 0;
}

static struct map_entry *map_place_of(const struct map *m, struct hash_key key)
{
    size_t i = (size_t)key.low & m->mask;
    while (!slot_is_empty(&m->entries[i]) &&
           (m->entries[i].key.low != key.low || m->entries[i].key.high != key.high)) {
        i = (i + 1) & m->mask;
    }
    return &m->entries[i];
}

static void grow(struct map *m)
{
    struct map old = *m;
    size_t capacity = old.entries ? (old.mask + 1) * 2 : MAP_FIRST_CAPACITY;
    m->entries = memory_new(capacity, sizeof(*m->entries));
    m->mask = capacity - 1;
    for (size_t i = 0; old.entries != NULL && i <= old.mask; i++) {
        if (!slot_is_empty(&old.entries[i])) {
            *map_place_of(m, old.entries[i].key) = old.entries[i];
        }
    }
    free(old.entries);
}

void map_deinit(struct map *m)
{
    free(m->entries);
    *m = (struct map){0};
}

uint64_t *map_find(const struct map *m, struct hash_key key)
{
    if (m->entries == NULL) {
        return NULL;
    }
    struct map_entry *e = map_place_of(m, key);
    return slot_is_empty(e) ? NULL : &e->value;
}

uint64_t *map_add(struct map *m, struct hash_key key, uint64_t value, bool *added)
{
    if (m->entries == NULL || (m->count + 1) * 4 > (m->mask + 1) * 3) {
        grow(m);
    }
    struct map_entry *e = map_place_of(m, key);
    *added = slot_is_empty(e);
    if (*added) {
        *e = (struct map_entry){key, value};
        m->count++;
    }
    return &e->value;
}

bool map_remove(struct map *m, struct hash_key key)
{
    if (m->entries == NULL) {
        return false;
    }
    size_t hole = (size_t)(map_place_of(m, key) - m->entries);
    if (slot_is_empty(&m->entries[hole])) {
        return false;
    }
    /* Who was pushed past the hole moves into it: a search ends at the first empty place. */
    for (size_t i = (hole + 1) & m->mask; !slot_is_empty(&m->entries[i]); i = (i + 1) & m->mask) {
        size_t home = (size_t)m->entries[i].key.low & m->mask;
        if (((i - home) & m->mask) >= ((i - hole) & m->mask)) {
            m->entries[hole] = m->entries[i];
            hole = i;
        }
    }
    m->entries[hole] = (struct map_entry){0};
    m->count--;
    return true;
}
