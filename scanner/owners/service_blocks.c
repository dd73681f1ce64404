/**
 * Names of a service when their block closes, or is announced ahead of that: who is dialled, and in which order.
 */
#include <stdlib.h>

#include "scanner/owners/service_work.h"

#define CROWDED_NAMES 4 /* in line; how long fewer take is not worth a word */

static int by_draw(const void *a, const void *b)
{
    const struct want *x = a;
    const struct want *y = b;
    if (x->draw != y->draw) {
        return x->draw < y->draw ? -1 : 1;
    }
    return span_cmp(x->host, y->host);
}

/* @return some of them may be inferred */
static bool find_groups(struct service_owner *o, const struct service *s, struct want *names,
                        size_t count)
{
    bool some = false;
    for (size_t i = 0; i < count; i++) {
        names[i].group = certificate_group_of(o->groups, &s->address, s->port, names[i].host);
        some |= names[i].group != GROUP_NONE;
    }
    return some;
}

/* The budget is for the first names in the order of their turns, but for those that are inferred. Where none
 * is, who is left out is certain at once. Names that have their rows take their places in the block.
 * @return how many are left out: the largest draws, at the end */
static uint32_t plan_names(struct service_owner *o, uint32_t index, uint32_t block,
                           struct want *wants, uint32_t count)
{
    struct service *s = &o->services[index];
    struct service_work *work = s->work;
    uint32_t budget = o->rules.names_per_address;
    uint32_t refused = 0;
    s->names_total += count;
    if (work->in_turns) {
        return 0;
    }
    service_count_dialled(o, s, known_names_before(o, index, block));
    while (budget > 0 && refused < count &&
           s->names_dialled + (count - 1 - refused) +
                   known_names_below(o, index, block, wants[count - 1 - refused].draw) >=
               budget) {
        refused++;
    }
    service_count_dialled(o, s, known_names_before(o, index, block + 1));
    service_count_dialled(o, s, count - refused);
    for (uint32_t i = 0; i < count - refused; i++) {
        wants[i].planned = true;
    }
    return refused;
}

static void note_crowd(struct service_owner *o, struct service_work *work)
{
    if (!work->is_crowded && work->names.count >= CROWDED_NAMES) {
        work->is_crowded = true;
        LIST_INSERT_HEAD(&o->crowded, work, crowded);
    }
}

static void begin_own_probes(struct service_owner *o, uint32_t index, const struct want *first)
{
    struct service *s = &o->services[index];
    if (s->state == SERVICE_GATHERS) {
        service_enter(s, SERVICE_PROBES);
        s->work->first_want = want_new(first);
        reverse_dns_begin(o, index);
    }
}

/* Of closed blocks. Those of a later block wait behind the older ones, however fast those are dialled: who comes
 * second at a service may be the one whose failure speaks for it. */
static void line_up(struct service_owner *o, uint32_t index, uint32_t block, struct want *wants,
                    uint32_t count)
{
    struct service *s = &o->services[index];
    struct service_work *work = s->work;
    qsort(wants, count, sizeof(*wants), by_draw);
    work->in_turns |= find_groups(o, s, wants, count);
    work->in_turns |= known_names_have_groups(o, index);
    uint32_t refused = plan_names(o, index, block, wants, count);
    for (uint32_t i = 0; i < refused; i++) {
        rows_write_not_tested(o, s, &wants[count - 1 - i], NOT_TESTED_ADDRESS_BUDGET);
    }
    for (uint32_t i = 0; i < count - refused; i++) {
        names_put(o, &work->names, &wants[i]);
    }
    note_crowd(o, work);
    begin_own_probes(o, index, &wants[0]); /* the budget is 1 at least */
}

void blocks_choose_names(struct service_owner *o, uint32_t index)
{
    struct service_work *work = o->services[index].work;
    while (work->pending_count > 0 && work->first_pending < o->blocks_closed) {
        struct arena arena = ARENA_INIT(o->arenas);
        size_t count = 0;
        uint32_t block = work->first_pending;
        struct want *wants = names_take_pending(work, block + 1, &arena, &count);
        line_up(o, index, block, wants, (uint32_t)count);
        arena_reset(&arena);
    }
}

void blocks_go_ahead(struct service_owner *o, uint32_t index)
{
    struct service *s = &o->services[index];
    struct span pending = buf_span(&s->work->pending);
    struct want first;
    if (s->state == SERVICE_GATHERS && names_next_pending(&pending, &first)) {
        begin_own_probes(o, index, &first);
    }
    if (!ahead_may_dial(o, s)) {
        return;
    }
    struct arena arena = ARENA_INIT(o->arenas);
    struct want *wants = NULL;
    size_t count = ahead_take(s->work, &arena, &wants);
    qsort(wants, count, sizeof(*wants), by_draw);
    for (size_t i = 0; i < count; i++) {
        wants[i].planned = true;
        names_put(o, &s->work->names, &wants[i]);
    }
    s->names_total += (uint32_t)count;
    service_count_dialled(o, s, (uint32_t)count);
    note_crowd(o, s->work);
    arena_reset(&arena);
}

/* What comes again is of a closed block. */
void blocks_leave(struct service_owner *o, struct service_work *work)
{
    if (work->is_open && work->pending_count == 0 &&
        !(work->took_ahead && work->blocks_ahead > o->blocks_closed)) {
        work->is_open = false;
        work->took_ahead = false;
        LIST_REMOVE(work, open);
        map_deinit(&work->wanted);
    }
}
