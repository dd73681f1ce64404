/**
 * What is kept of open domains and their states, who is parked, and which names came. The drawing is in
 * domain_owner.h.
 */
#include "scanner/base/memory.h"
#include "scanner/owners/domain_work.h"

#define NO_SLOT UINT32_MAX
#define IS_OPEN (1ULL << 63) /* of a value in `lines`: the rest is a slot */

/* --- the table ------------------------------------------------------------------------------ */

void domain_owner_init(struct domain_owner *o, const struct domain_rules *rules,
                       struct owner_out *out, struct known_chains *chains,
                       struct arena_pool *arenas, struct spool *spool)
{
    *o = (struct domain_owner){.rules = *rules,
                               .out = out,
                               .chains = chains,
                               .arenas = arenas,
                               .spool = spool,
                               .first_free = NO_SLOT};
    TAILQ_INIT(&o->line);
}

void domain_owner_deinit(struct domain_owner *o)
{
    for (uint32_t i = 0; i < o->count; i++) {
        if (domain_has_work(&o->slots[i])) {
            arena_reset(&o->slots[i].work->arena);
            free(o->slots[i].work);
        }
    }
    while (o->free_works != NULL) {
        struct domain_work *d = o->free_works;
        o->free_works = d->next_free;
        free(d);
    }
    free(o->slots);
    free(o->lines);
    key_table_deinit(&o->names);
    map_deinit(&o->other_lines);
}

static struct domain_work *take_work(struct domain_owner *o, uint32_t slot)
{
    struct domain_work *d = o->free_works;
    if (d == NULL) {
        d = memory_new(1, sizeof(*d));
    } else {
        o->free_works = d->next_free;
    }
    *d = (struct domain_work){.arena = ARENA_INIT(o->arenas), .index = slot};
    o->slots[slot].work = d;
    o->works++;
    return d;
}

static void free_work(struct domain_owner *o, struct domain_work *d)
{
    if (d->in_line) {
        TAILQ_REMOVE(&o->line, d, line);
    }
    arena_reset(&d->arena);
    d->next_free = o->free_works;
    o->free_works = d;
    o->works--;
}

struct domain_work *domain_new(struct domain_owner *o)
{
    uint32_t slot = o->first_free;
    if (slot != NO_SLOT) {
        o->first_free = o->slots[slot].next_free;
    } else {
        o->slots = memory_grow_long_list(o->slots, o->count, &o->capacity, sizeof(*o->slots));
        slot = o->count++;
    }
    o->slots[slot].state = DOMAIN_FREE;
    return take_work(o, slot);
}

void domain_free(struct domain_owner *o, struct domain_work *d)
{
    struct domain_slot *s = &o->slots[d->index];
    free_work(o, d);
    s->state = DOMAIN_FREE;
    s->next_free = o->first_free;
    o->first_free = (uint32_t)(s - o->slots);
}

/* --- states --------------------------------------------------------------------------------- */

/* The drawing in domain_owner.h; the row leads to FREE. */
static const bool leads_to[DOMAIN_STATE_COUNT][DOMAIN_STATE_COUNT] = {
    [DOMAIN_FREE] = {[DOMAIN_ASKS] = true},
    [DOMAIN_ASKS] = {[DOMAIN_RESOLVES] = true},
    [DOMAIN_RESOLVES] = {[DOMAIN_WAITS] = true},
    [DOMAIN_WAITS] = {[DOMAIN_PARKED] = true, [DOMAIN_FREE] = true},
    [DOMAIN_PARKED] = {[DOMAIN_WAITS] = true},
};

void domain_enter(struct domain_owner *o, struct domain_work *d, enum domain_state to)
{
    CHECK(leads_to[domain_state_of(o, d)][to]);
    o->slots[d->index].state = (uint8_t)to;
}

/* --- parking -------------------------------------------------------------------------------- */

/* @return false: there is no room */
static bool domain_park(struct domain_owner *o, struct domain_work *d)
{
    struct domain_slot *s = &o->slots[d->index];
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    if (!spool_may_have_room(o->spool)) {
        return false;
    }
    domain_record_put(&record, d);
    uint64_t place = spool_put(o->spool, buf_span(&record));
    buf_deinit(&record);
    if (place == SPOOL_NOWHERE) {
        return false;
    }
    domain_enter(o, d, DOMAIN_PARKED);
    free_work(o, d);
    s->place = place;
    o->parked++;
    return true;
}

static struct domain_work *domain_unpark(struct domain_owner *o, uint32_t slot)
{
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    spool_take(o->spool, o->slots[slot].place, &record);
    struct domain_work *d = take_work(o, slot);
    domain_enter(o, d, DOMAIN_WAITS);
    domain_record_get(buf_span(&record), d);
    buf_deinit(&record);
    o->parked--;
    return d;
}

void domain_may_be_parked(struct domain_owner *o, struct domain_work *d)
{
    if (!d->in_line) {
        d->in_line = true;
        TAILQ_INSERT_TAIL(&o->line, d, line);
    }
    while (o->works > o->rules.works_max && !TAILQ_EMPTY(&o->line)) {
        if (!domain_park(o, TAILQ_FIRST(&o->line))) {
            return;
        }
    }
}

/* --- names ---------------------------------------------------------------------------------- */

/* @return its slot; NO_SLOT: it is not open */
static uint32_t find_open(const struct domain_owner *o, struct span name)
{
    uint32_t at = key_table_find(&o->names, hash_key_of(name));
    return at == KEY_TABLE_NONE || (o->lines[at] & IS_OPEN) == 0
               ? NO_SLOT
               : (uint32_t)(o->lines[at] & ~IS_OPEN);
}

struct domain_work *domain_find_in_memory(const struct domain_owner *o, struct span name)
{
    uint32_t slot = find_open(o, name);
    return slot != NO_SLOT && domain_has_work(&o->slots[slot]) ? o->slots[slot].work : NULL;
}

struct domain_work *domain_find(struct domain_owner *o, struct span name)
{
    uint32_t slot = find_open(o, name);
    if (slot == NO_SLOT) {
        return NULL;
    }
    return domain_has_work(&o->slots[slot]) ? o->slots[slot].work : domain_unpark(o, slot);
}

bool domain_name_add(struct domain_owner *o, struct span name, uint64_t line)
{
    bool added = false;
    uint32_t at = key_table_add(&o->names, hash_key_of(name), &added);
    if (added) {
        o->lines = memory_grow_long_list(o->lines, at, &o->lines_capacity, sizeof(*o->lines));
        o->lines[at] = line;
    }
    return added;
}

void domain_name_opens(struct domain_owner *o, const struct domain_work *d)
{
    (void)domain_name_add(o, d->seen.domain, IS_OPEN | d->index);
}

void domain_name_done(struct domain_owner *o, const struct domain_work *d)
{
    o->lines[key_table_find(&o->names, hash_key_of(d->seen.domain))] = d->seen.input_line;
}

uint64_t domain_first_line(const struct domain_owner *o, struct span name)
{
    uint32_t at = key_table_find(&o->names, hash_key_of(name));
    uint64_t line = at == KEY_TABLE_NONE ? 0 : o->lines[at];
    return (line & IS_OPEN) != 0 ? o->slots[line & ~IS_OPEN].input_line : line;
}
