/**
 * Names that are dialled before their block closes (admission.h): only where neither a name that may yet come nor the order of names can
 * change what becomes of them, so that the rows are the same as behind the close.
 *
 *  - All fit into the budget, with all that may yet come.
 *  - None is, or may be, inferred.
 *  - The service answered without SNI: no session speaks for others. A short one that waits for the first name does not: which name
 *    that is shows when the block closes.
 *  - No probe of the service asks for a name, and nobody remembers how that name was received.
 */
#include "scanner/owners/service_work.h"

#define TOO_MANY ((uint64_t)1 << 32) /* names: some of them may be inferred */

static bool rules_allow(const struct service_owner *o)
{
    const struct asked_probes *p = &o->rules.probes;
    return asks_without_sni(p) && p->sni && !p->versions && !p->ciphers &&
           o->groups->infer != INFER_ALL && o->night == NULL;
}

static bool is_under_listed(const struct service_owner *o, struct span host)
{
    return o->groups->infer == INFER_LISTED && shared_operators_have(o->groups->operators, host);
}

/* @return how many names of blocks before `blocks` are pending; SIZE_MAX: some may be inferred */
static size_t count_names(const struct service_owner *o, const struct service_work *work,
                          uint32_t blocks)
{
    size_t count = 0;
    struct want want;
    for (struct span in = buf_span(&work->pending); names_next_pending(&in, &want);) {
        if (is_under_listed(o, want.host)) {
            return SIZE_MAX;
        }
        count += want.block < blocks;
    }
    return count;
}

void service_on_address_perhaps(struct service_owner *o, const struct message_address_perhaps *m)
{
    bool added = false;
    struct service_key key = service_key_of(&m->address, m->port);
    uint64_t *count = map_add(
        &o->perhaps, hash_key_of((struct span){(const uint8_t *)&key, sizeof(key)}), 0, &added);
    *count += is_under_listed(o, m->host) ? TOO_MANY : 1;
}

static uint64_t count_perhaps(const struct service_owner *o, const struct service *s)
{
    struct service_key key = service_key_of(&s->address, s->port);
    const uint64_t *count =
        map_find(&o->perhaps, hash_key_of((struct span){(const uint8_t *)&key, sizeof(key)}));
    return count != NULL ? *count : 0;
}

static bool all_fit(const struct service_owner *o, const struct service *s, size_t count,
                    uint32_t may_come)
{
    uint32_t budget = o->rules.names_per_address;
    uint64_t perhaps = count_perhaps(o, s);
    return count != SIZE_MAX && perhaps < TOO_MANY &&
           (budget == 0 || s->names_dialled + count + perhaps + may_come <= budget);
}

void service_on_block_ahead(struct service_owner *o, uint32_t block, uint32_t may_come)
{
    struct service_work *work;
    if (block < o->blocks_closed || !rules_allow(o)) {
        return;
    }
    LIST_FOREACH(work, &o->open, open)
    {
        const struct service *s = &o->services[work->index];
        bool waits = work->pending_count > 0 && work->first_pending <= block && !work->in_turns;
        if (waits && all_fit(o, s, count_names(o, work, block + 1), may_come)) {
            work->blocks_ahead = block + 1;
            service_wake(o, work->index);
        }
    }
}

bool ahead_begins(const struct service_work *work)
{
    return work->pending_count > 0 && work->first_pending < work->blocks_ahead;
}

bool ahead_may_dial(const struct service_owner *o, const struct service *s)
{
    if (count_names(o, s->work, s->work->blocks_ahead) == SIZE_MAX) {
        return false; /* one that came since */
    }
    const struct outcome_info *info = outcome_info((enum session_outcome)s->no_sni_outcome);
    return s->no_sni_done && s->work->short_state != SHORT_WAITS && s->failures == 0 &&
           info->conclusive && !info->before_tls;
}

size_t ahead_take(struct service_work *work, struct arena *arena, struct want **wants)
{
    size_t count = 0;
    *wants = names_take_pending(work, work->blocks_ahead, arena, &count);
    for (size_t i = 0; i < count; i++) {
        *map_find(&work->wanted, hash_key_of((*wants)[i].host)) |= WANT_TAKEN;
    }
    work->took_ahead = true;
    return count;
}

void ahead_on_want_again(struct service_owner *o, struct service_work *work,
                         const struct message_address_want *m, uint64_t *wanted)
{
    if (m->ahead || (*wanted & WANT_AHEAD) == 0) {
        o->strays++;
        return;
    }
    *wanted &= ~(uint64_t)WANT_AHEAD;
    if ((*wanted & WANT_TAKEN) == 0 && *wanted >> 2 != m->block) {
        names_move(work, m->host, m->block);
    }
}
