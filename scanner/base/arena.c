#include "scanner/base/arena.h"

#include "scanner/base/memory.h"

#define BLOCK_SIZE 512 /* arena_pool.block_size */
#define ALIGNMENT  16

struct arena_block {
    struct arena_block *next;
    size_t size; /* octets of `room` */
    _Alignas(ALIGNMENT) uint8_t room[];
};

static size_t arena_block_size(const struct arena_pool *p)
{
    return p->block_size > 0 ? p->block_size : BLOCK_SIZE;
}

/* Octets of room in a block that goes back to the pool. */
static size_t arena_standard_room(const struct arena_pool *p)
{
    return arena_block_size(p) - sizeof(struct arena_block);
}

static void arena_give_block(struct arena_pool *p, struct arena_block *b)
{
    if (b->size != arena_standard_room(p) ||
        p->free_count >= ARENA_POOL_MAX / arena_block_size(p)) {
        free(b);
        return;
    }
    b->next = p->free;
    p->free = b;
    p->free_count++;
}

static struct arena_block *arena_take_block(struct arena *a, size_t need)
{
    size_t standard = arena_standard_room(a->pool);
    if (need <= standard && a->pool->free != NULL) {
        struct arena_block *b = a->pool->free;
        a->pool->free = b->next;
        a->pool->free_count--;
        return b;
    }
    size_t size = need > standard ? need : standard;
    struct arena_block *b = memory_new(1, sizeof(*b) + size);
    b->size = size;
    return b;
}

void *arena_new(struct arena *a, size_t count, size_t size)
{
    CHECK(size == 0 || count <= (SIZE_MAX - ALIGNMENT) / size);
    static _Alignas(ALIGNMENT) uint8_t nothing[1];
    size_t need = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (need == 0) { /* an empty list is no reason for a block */
        return nothing;
    }
    if (a->blocks == NULL || a->blocks->size - a->used < need) {
        struct arena_block *b = arena_take_block(a, need);
        b->next = a->blocks;
        a->blocks = b;
        a->used = 0;
    }
    void *at = a->blocks->room + a->used;
    a->used += need;
    memset(at, 0, need);
    return at;
}

struct span arena_copy(struct arena *a, struct span s)
{
    if (s.len == 0) {
        return (struct span){0};
    }
    uint8_t *at = arena_new(a, s.len, 1);
    memcpy(at, s.at, s.len);
    return (struct span){at, s.len};
}

struct span *arena_copy_list(struct arena *a, const struct span *list, size_t count)
{
    struct span *copy = arena_new(a, count, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = arena_copy(a, list[i]);
    }
    return copy;
}

void arena_reset(struct arena *a)
{
    while (a->blocks != NULL) { /* without any, it may have no pool */
        struct arena_block *b = a->blocks;
        a->blocks = b->next;
        arena_give_block(a->pool, b);
    }
    a->used = 0;
}

void arena_pool_deinit(struct arena_pool *p)
{
    while (p->free != NULL) {
        struct arena_block *b = p->free;
        p->free = b->next;
        free(b);
    }
}
