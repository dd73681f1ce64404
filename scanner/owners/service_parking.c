/**
 * Services that nothing was asked of yet, while sessions wait for their turn in very great numbers: their names go to the
 * spool, and their work is made again, in the order in which they came, when the line has become short. Nothing is
 * decided about names in the meantime, so the rows are the same.
 */
#include "scanner/base/memory.h"
#include "scanner/owners/service_work.h"

#define PARKED_OCTETS_MAX 1024 /* of names; who has more is crowded, and its turns are long */
#define AT_ONCE           64   /* that are unparked: what becomes of them shows afterwards */

static bool is_some_family_lost(const struct service_owner *o)
{
    return o->lost[0] || o->lost[1];
}

static bool may_be_parked(const struct service_owner *o, const struct service *s)
{
    const struct service_work *work = s->work;
    bool comes_first = o->visits_in_line < o->rules.line_max && o->parked_at == o->parked_count;
    return s->state == SERVICE_GATHERS && !comes_first && !work->unparked && !o->stopping &&
           !is_some_family_lost(o) && work->pending.len <= PARKED_OCTETS_MAX &&
           work->last_pending < o->blocks_closed && spool_may_have_room(o->spool);
}

static void parked_put(struct service_owner *o, uint32_t index)
{
    if (o->parked_at == o->parked_count) {
        o->parked_at = o->parked_count = 0;
    }
    o->parked =
        memory_grow_long_list(o->parked, o->parked_count, &o->parked_capacity, sizeof(*o->parked));
    o->parked[o->parked_count++] = index;
}

bool service_park(struct service_owner *o, uint32_t index)
{
    struct service *s = &o->services[index];
    if (!may_be_parked(o, s)) {
        return false;
    }
    uint64_t place = spool_put(o->spool, buf_span(&s->work->pending));
    if (place == SPOOL_NOWHERE) {
        return false;
    }
    service_free_work(o, index);
    s->place = place;
    service_enter(s, SERVICE_PARKED);
    parked_put(o, index);
    return true;
}

void service_unpark(struct service_owner *o, uint32_t index)
{
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    spool_take(o->spool, o->services[index].place, &names);
    service_begin_work(o, index);
    o->services_open--; /* it was open all the time */
    names_pend_again(o->services[index].work, buf_span(&names));
    buf_deinit(&names);
}

/* One may always begin where none waits. */
static bool may_unpark(const struct service_owner *o, uint32_t woken)
{
    uint32_t in_line = o->visits_in_line + woken;
    return in_line < o->rules.line_max || in_line == 0 || is_some_family_lost(o);
}

bool service_unpark_next(struct service_owner *o)
{
    uint32_t woken = 0;
    while (!o->stopping && o->parked_at < o->parked_count && woken < AT_ONCE &&
           may_unpark(o, woken)) {
        uint32_t index = o->parked[o->parked_at++];
        if (o->services[index].state == SERVICE_PARKED) { /* else a further name unparked it */
            service_unpark(o, index);
            o->services[index].work->unparked = true;
            service_wake(o, index);
            woken++;
        }
    }
    return woken > 0;
}
