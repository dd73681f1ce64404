/**
 * What is kept of host names and their states, and who is parked. The drawing is in host_owner.h.
 */
#include "scanner/base/memory.h"
#include "scanner/owners/host_work.h"

#define PARKED_SUBSCRIBERS_MAX 8 /* whoever has more is wanted often, and stays */

/* --- the table ------------------------------------------------------------------------------ */

void host_owner_init(struct host_owner *o, const struct host_rules *rules, struct owner_out *out,
                     struct arena_pool *arenas, struct spool *spool)
{
    *o = (struct host_owner){.rules = *rules, .out = out, .arenas = arenas, .spool = spool};
    TAILQ_INIT(&o->line);
    shelf_init(&o->shelf);
}

struct host_work *host_work_new(struct host_owner *o, struct host_entry *e)
{
    struct host_work *h = memory_new(1, sizeof(*h));
    h->arena = ARENA_INIT(o->arenas);
    h->tlsas_in_force = BUF_INIT(BUF_NO_LIMIT);
    h->index = (uint32_t)(e - o->entries);
    e->work = h;
    return h;
}

static void host_work_free(struct host_work *h)
{
    free(h->subscribers);
    free(h->checkers);
    buf_deinit(&h->tlsas_in_force);
    arena_reset(&h->arena);
    free(h);
}

void host_owner_deinit(struct host_owner *o)
{
    for (uint32_t i = 0; i < o->names.count; i++) {
        if (host_has_work(&o->entries[i])) {
            host_work_free(o->entries[i].work);
        }
    }
    shelf_deinit(&o->shelf);
    free(o->entries);
    free(o->resolved);
    key_table_deinit(&o->names);
}

struct host_entry *host_find(const struct host_owner *o, struct span name)
{
    uint32_t at = key_table_find(&o->names, hash_key_of(name));
    return at != KEY_TABLE_NONE ? &o->entries[at] : NULL;
}

struct host_entry *host_find_or_add(struct host_owner *o, struct span name)
{
    bool added = false;
    uint32_t at = key_table_add(&o->names, hash_key_of(name), &added);
    if (added) {
        o->entries = memory_grow_long_list(o->entries, at, &o->capacity, sizeof(*o->entries));
        o->entries[at] = (struct host_entry){.state = HOST_UNKNOWN};
    }
    return &o->entries[at];
}

/* --- states --------------------------------------------------------------------------------- */

/* The drawing in host_owner.h. Who is to be dialled passes LOOKS_UP at once. */
static const bool leads_to[HOST_STATE_COUNT][HOST_STATE_COUNT] = {
    [HOST_UNKNOWN] = {[HOST_LOOKS_UP] = true, [HOST_DONE] = true /* by its row */},
    [HOST_LOOKS_UP] = {[HOST_RESOLVES] = true, [HOST_KEPT] = true},
    [HOST_RESOLVES] = {[HOST_RESOLVED] = true},
    [HOST_RESOLVED] = {[HOST_CONNECTS] = true, [HOST_DONE] = true /* by its row */},
    [HOST_CONNECTS] = {[HOST_PARKED] = true, [HOST_DONE] = true},
    [HOST_PARKED] = {[HOST_CONNECTS] = true},
    [HOST_KEPT] = {[HOST_LOOKS_UP] = true},
};

void host_enter(struct host_entry *e, enum host_state to)
{
    CHECK(leads_to[e->state][to]);
    e->state = to;
}

static void host_leaves_line(struct host_owner *o, struct host_work *h)
{
    if (h->in_line) {
        TAILQ_REMOVE(&o->line, h, line);
        h->in_line = false;
        o->in_line--;
    }
}

void host_leave_work(struct host_owner *o, struct host_entry *e, enum host_state to,
                     struct span record)
{
    host_leaves_line(o, e->work);
    host_work_free(e->work);
    host_enter(e, to);
    e->record = shelf_put(&o->shelf, record);
}

struct span host_record_at(struct host_owner *o, const struct host_entry *e)
{
    CHECK(e->state == HOST_KEPT || e->state == HOST_DONE);
    return shelf_get(&o->shelf, e->record);
}

/* --- parking -------------------------------------------------------------------------------- */

/* @return false: there is no room */
static bool host_park(struct host_owner *o, struct host_entry *e)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    if (!spool_may_have_room(o->spool)) {
        return false;
    }
    host_waiting_put(&octets, e->work);
    uint64_t place = spool_put(o->spool, buf_span(&octets));
    buf_deinit(&octets);
    if (place == SPOOL_NOWHERE) {
        return false;
    }
    host_leaves_line(o, e->work);
    host_work_free(e->work);
    host_enter(e, HOST_PARKED);
    e->place = place;
    return true;
}

void host_may_be_parked(struct host_owner *o, struct host_entry *e)
{
    struct host_work *h = e->work;
    if (h->subscriber_count > PARKED_SUBSCRIBERS_MAX) {
        host_leaves_line(o, h);
    } else if (!h->in_line) {
        h->in_line = true;
        TAILQ_INSERT_TAIL(&o->line, h, line);
        o->in_line++;
    }
    while (o->in_line > o->rules.works_max) {
        if (!host_park(o, &o->entries[TAILQ_FIRST(&o->line)->index])) {
            return;
        }
    }
}

void host_unpark(struct host_owner *o, struct host_entry *e)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    spool_take(o->spool, e->place, &octets);
    host_enter(e, HOST_CONNECTS);
    host_waiting_get(buf_span(&octets), host_work_new(o, e));
    buf_deinit(&octets);
}
