#pragma once

#include "scanner/base/map.h"
#include "scanner/observation/sender_facts.h"

/**
 * Distinct sets of facts, each once: very many services show the same, and what is kept of each is an
 * index. The first one is that of nothing at all, index 0.
 */
struct facts_pool {
    struct map index; /* facts → place */
    struct sender_facts *facts;
    size_t count;
};

uint32_t facts_pool_add(struct facts_pool *p, const struct sender_facts *f);
/** Valid until the next facts_pool_add(). */
const struct sender_facts *facts_pool_at(const struct facts_pool *p, uint32_t place);
void facts_pool_deinit(struct facts_pool *p);
