#include "scanner/owners/facts_pool.h"

#include "scanner/base/memory.h"

static const struct sender_facts nothing;

uint32_t facts_pool_add(struct facts_pool *p, const struct sender_facts *f)
{
    if (memcmp(f, &nothing, sizeof(*f)) == 0) {
        return 0;
    }
    bool added = false;
    struct span octets = {(const uint8_t *)f, sizeof(*f)};
    uint64_t place = *map_add(&p->index, hash_key_of(octets), p->count + 1, &added);
    if (added) {
        p->facts = memory_grow_list(p->facts, p->count, sizeof(*p->facts));
        p->facts[p->count++] = *f;
    }
    return (uint32_t)place;
}

const struct sender_facts *facts_pool_at(const struct facts_pool *p, uint32_t place)
{
    CHECK(place <= p->count);
    return place > 0 ? &p->facts[place - 1] : &nothing;
}

void facts_pool_deinit(struct facts_pool *p)
{
    map_deinit(&p->index);
    free(p->facts);
}
