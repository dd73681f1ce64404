#include "scanner/owners/question_desk.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/container.h"
#include "scanner/base/memory.h"

#define DESK_NONE UINT32_MAX

struct desk_question {
    struct question_desk *desk;
    uint32_t index;
    uint32_t next_free;
    enum desk_state state;
    uint8_t asker; /* and tag: whose it is */
    uint64_t tag;
    uint16_t type;
    bool second;       /* pass */
    bool told_late;    /* the owner knows that there is one */
    uint64_t begun_ms; /* of the last pass, and its end */
    uint64_t ended_ms;
    struct seen_dns seen; /* the failure to tell */
    struct wheel_timer timer;
    struct buf name;
};

/* --- the table ------------------------------------------------------------------------------ */

void question_desk_init(struct question_desk *d, uint32_t pause_ms,
                        const struct weather_view *weather, struct wheel *wheel)
{
    *d = (struct question_desk){.pause_ms = pause_ms,
                                .weather = weather,
                                .wheel = wheel,
                                .first_free = DESK_NONE,
                                .waiting = BUF_INIT(BUF_NO_LIMIT),
                                .to_resolver = BUF_INIT(BUF_NO_LIMIT),
                                .to_owners = BUF_INIT(BUF_NO_LIMIT)};
}

void question_desk_deinit(struct question_desk *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        wheel_clear(d->wheel, &d->slots[i]->timer);
        buf_deinit(&d->slots[i]->name);
        free(d->slots[i]);
    }
    free(d->slots);
    buf_deinit(&d->waiting);
    buf_deinit(&d->to_resolver);
    buf_deinit(&d->to_owners);
}

/* The drawing in question_desk.h. */
static const bool leads_to[DESK_STATE_COUNT][DESK_STATE_COUNT] = {
    [DESK_FREE] = {[DESK_PAUSED] = true, [DESK_HELD] = true},
    [DESK_PAUSED] = {[DESK_ASKED] = true, [DESK_FREE] = true},
    [DESK_ASKED] = {[DESK_HELD] = true, [DESK_PAUSED] = true, [DESK_FREE] = true},
    [DESK_HELD] = {[DESK_ASKED] = true, [DESK_FREE] = true},
};

static void desk_enter(struct desk_question *q, enum desk_state to)
{
    CHECK(leads_to[q->state][to]);
    q->desk->held += (to == DESK_HELD) - (uint32_t)(q->state == DESK_HELD);
    q->desk->paused += (to == DESK_PAUSED) - (uint32_t)(q->state == DESK_PAUSED);
    q->state = to;
}

static struct desk_question *desk_take_slot(struct question_desk *d)
{
    struct desk_question *q;
    if (d->first_free != DESK_NONE) {
        q = d->slots[d->first_free];
        d->first_free = q->next_free;
        return q;
    }
    q = memory_new(1, sizeof(*q));
    *q = (struct desk_question){.desk = d, .index = d->count, .name = BUF_INIT(BUF_NO_LIMIT)};
    d->slots = memory_grow_list(d->slots, d->count, sizeof(struct desk_question *));
    d->slots[d->count++] = q;
    return q;
}

static void leave_desk(struct desk_question *q)
{
    struct question_desk *d = q->desk;
    desk_enter(q, DESK_FREE);
    buf_deinit(&q->name);
    *q = (struct desk_question){
        .desk = d, .index = q->index, .next_free = d->first_free, .name = BUF_INIT(BUF_NO_LIMIT)};
    d->first_free = q->index;
}

/* --- what goes out -------------------------------------------------------------------------- */

static void give_out(struct question_desk *d, uint8_t asker, uint64_t tag, uint16_t type,
                     struct span name)
{
    owner_question_put(weather_holds(d->weather->state) ? &d->waiting : &d->to_resolver,
                       (enum owner_kind)asker, tag, type, "", name);
}

static void tell_failure(struct question_desk *d, uint8_t asker, uint64_t tag,
                         const struct seen_dns *seen)
{
    struct desk_failure f = {.asker = asker, .tag = tag, .answer = {.seen = *seen}};
    codec_put_octets(&d->to_owners, &f, sizeof(f));
}

/* Once. */
static void tell_late(struct desk_question *q)
{
    if (!q->told_late) {
        struct desk_failure f = {.asker = q->asker, .tag = q->tag, .late = true};
        codec_put_octets(&q->desk->to_owners, &f, sizeof(f));
        q->told_late = true;
    }
}

static void tell_our_fault(struct question_desk *d, uint8_t asker, uint64_t tag)
{
    struct seen_dns ours = {.state = DNS_LOCAL_FAULT, .rcode = DNS_RCODE_NONE, .ede = -1};
    tell_failure(d, asker, tag, &ours);
}

static void desk_give_up(struct desk_question *q)
{
    tell_our_fault(q->desk, q->asker, q->tag);
    leave_desk(q);
}

static void desk_ask_again(struct desk_question *q)
{
    desk_enter(q, DESK_ASKED);
    give_out(q->desk, OWNER_DESK, q->index, q->type, buf_span(&q->name));
}

static void on_pause_over(struct wheel_timer *timer)
{
    struct desk_question *q = CONTAINER_OF(timer, struct desk_question, timer);
    q->second = true;
    desk_ask_again(q);
}

/* --- failures ------------------------------------------------------------------------------- */

static bool is_ours(const struct desk_question *q)
{
    return dns_state_is_ours((enum dns_state)q->seen.state);
}

static void desk_settle(struct desk_question *q)
{
    struct question_desk *d = q->desk;
    switch (weather_judge(d->weather, q->begun_ms, q->ended_ms, is_ours(q))) {
    case WEATHER_WAIT:
        return;
    case WEATHER_UNHEARD: /* not of DNS: the self-test had an answer */
    case WEATHER_BELIEVED:
        if (q->second) { /* else there is none */
            tell_late(q);
        }
        tell_failure(d, q->asker, q->tag, &q->seen);
        leave_desk(q);
        return;
    case WEATHER_VOID:
        if (d->weather->state == WEATHER_LOST) {
            desk_give_up(q);
            return;
        }
        d->asked_again++;
        q->second = false;
        q->seen.state = DNS_NOT_ASKED;
        desk_ask_again(q);
        return;
    }
    UNREACHABLE("unknown weather_word");
}

/* An answer says more than none, and anything more than a fault of ours or of the resolver. */
static void keep_failure(struct desk_question *q, const struct dns_answer *answer)
{
    static const uint8_t rank[DNS_STATE_COUNT] = {[DNS_LOCAL_FAULT] = 1,
                                                  [DNS_REFUSED] = 2,
                                                  [DNS_OTHER_RCODE] = 2,
                                                  [DNS_TIMEOUT] = 3,
                                                  [DNS_SERVFAIL] = 4};
    if (rank[answer->seen.state] >= rank[q->seen.state]) {
        q->seen = answer->seen;
    }
    q->begun_ms = answer->begun_ms;
    q->ended_ms = q->desk->now_ms;
}

static void desk_pause(struct desk_question *q)
{
    desk_enter(q, DESK_PAUSED);
    q->timer.on_due = on_pause_over;
    q->desk->paused_until_ms = q->desk->now_ms + q->desk->pause_ms;
    wheel_set(q->desk->wheel, &q->timer, q->desk->paused_until_ms);
}

/* The first pass failed: begin the second; a failure of the second is held until the weather is known. */
static void desk_on_failure(struct desk_question *q, const struct dns_answer *answer)
{
    keep_failure(q, answer);
    if (!q->second && q->desk->pause_ms > 0 && q->desk->weather->state != WEATHER_LOST) {
        desk_pause(q);
        return;
    }
    desk_enter(q, DESK_HELD);
    desk_settle(q);
}

/* --- events --------------------------------------------------------------------------------- */

void question_desk_ask(struct question_desk *d, const struct owner_question *q)
{
    if (d->weather->state == WEATHER_LOST) {
        tell_our_fault(d, q->asker, q->tag);
        return;
    }
    give_out(d, q->asker, q->tag, q->type, q->name);
}

bool question_desk_answer(struct question_desk *d, uint8_t *asker, uint64_t *tag,
                          const struct dns_answer *answer)
{
    bool failed = dns_state_is_failure((enum dns_state)answer->seen.state);
    struct desk_question *q = *asker == OWNER_DESK ? d->slots[*tag] : NULL;
    if (q == NULL && !failed) {
        return true;
    }
    if (q == NULL) {
        q = desk_take_slot(d);
        q->asker = *asker;
        q->tag = *tag;
        q->type = answer->type;
        buf_put(&q->name, answer->name);
    }
    if (failed) {
        desk_on_failure(q, answer);
        return false;
    }
    *asker = q->asker;
    *tag = q->tag;
    leave_desk(q);
    return true;
}

static void release_waiting(struct question_desk *d)
{
    struct owner_question q;
    for (struct span in = buf_span(&d->waiting); owner_question_next(&in, &q);) {
        if (d->weather->state != WEATHER_LOST) {
            give_out(d, q.asker, q.tag, q.type, q.name);
        } else if (q.asker == OWNER_DESK) {
            desk_give_up(d->slots[q.tag]);
        } else {
            tell_our_fault(d, q.asker, q.tag);
        }
    }
    buf_reset(&d->waiting);
}

/* Its first pass failed, by nobody's fault but theirs. */
static bool is_late(const struct desk_question *q)
{
    bool failed = (q->state == DESK_PAUSED || q->state == DESK_ASKED) &&
                  q->seen.state != DNS_NOT_ASKED && !q->told_late;
    return failed && weather_judge(q->desk->weather, q->begun_ms, q->ended_ms, is_ours(q)) ==
                         WEATHER_BELIEVED;
}

uint64_t question_desk_waiting_ms(const struct question_desk *d)
{
    return d->paused > 0 && d->paused_until_ms > d->now_ms ? d->paused_until_ms - d->now_ms : 0;
}

void question_desk_look(struct question_desk *d)
{
    if (!weather_holds(d->weather->state)) {
        release_waiting(d);
    }
    for (uint32_t i = 0; i < d->count; i++) {
        if (is_late(d->slots[i])) {
            tell_late(d->slots[i]);
        }
    }
    for (uint32_t i = 0; i < d->count && d->held > 0; i++) {
        if (d->slots[i]->state == DESK_HELD) {
            desk_settle(d->slots[i]);
        }
    }
    for (uint32_t i = 0; i < d->count && d->weather->state == WEATHER_LOST; i++) {
        if (d->slots[i]->state == DESK_PAUSED) { /* what it would say then is known */
            wheel_clear(d->wheel, &d->slots[i]->timer);
            desk_give_up(d->slots[i]);
        }
    }
}
