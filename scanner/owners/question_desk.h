#pragma once

/**
 * The desk that all questions of the owners pass on their way to DNS: the second pass of those that failed, and
 * what becomes of them in bad weather (weather.h). An engine: questions, answers and time in; questions for the
 * resolver and answers for the owners out. An owner asks once and hears once.
 *
 *                    a failure            the pause is over           a failure
 *   with the owner ───────────► PAUSED ──────────────────────► ASKED ───────────► HELD
 *          ▲                       ▲                             │ ▲                │ │
 *          │                       └── void, asked again ────────┼─┴────────────────┘ │
 *          └──────────────── an answer, or a failure that is believed ────────────────┘
 *
 * A failure is no answer, or SERVFAIL of all servers, also with CD=1, or what the resolver says of the query itself
 * (dns_state_is_ours()): what may pass. It is told when the second pass failed as well and the weather does not speak
 * against it; of the two, SERVFAIL is told before a timeout, because it is an answer, and either before what says nothing
 * of the name. As soon as the failure of the first pass is believed, at the latest with that of
 * the second, the owner hears that the question is late: what others wait for need not wait for it. A failure that overlaps an outage is void: it does not count as a pass.
 * While the weather is suspicious or away, questions wait here; when it is lost, all end as DNS_LOCAL_FAULT.
 */

#include "resolver/dns_message.h"
#include "scanner/base/wheel.h"
#include "scanner/owners/owner.h"
#include "scanner/owners/weather.h"

enum desk_state {
    DESK_FREE,
    DESK_PAUSED,
    DESK_ASKED, /* again */
    DESK_HELD,
    DESK_STATE_COUNT,
};

struct desk_question;

/** For an owner: a failure, or that a question is late. */
struct desk_failure {
    uint8_t asker;
    uint64_t tag;
    bool late;                /* there is no answer yet */
    struct dns_answer answer; /* without records */
};

struct question_desk {
    uint32_t pause_ms;                  /* before the second pass; 0: there is none */
    const struct weather_view *weather; /* borrowed; of DNS */
    struct wheel *wheel;                /* borrowed; whoever turns it calls on_due() */
    uint64_t now_ms;                    /* told before each event; as the wheel's */
    struct desk_question **slots;       /* malloc, as each */
    uint32_t count;
    uint32_t first_free;
    uint32_t held;            /* slots in that state */
    uint32_t paused;          /* the same */
    uint64_t paused_until_ms; /* the last of those that were paused: all pauses are as long */
    struct buf waiting;       /* owner_question, for the end of bad weather */
    struct buf to_resolver;   /* owner_question; of an asker OWNER_DESK the tag is a slot */
    struct buf to_owners;     /* struct desk_failure */
    uint64_t asked_again;     /* because of the weather */
};

void question_desk_init(struct question_desk *d, uint32_t pause_ms,
                        const struct weather_view *weather, struct wheel *wheel);
void question_desk_deinit(struct question_desk *d);

/** An owner asks. */
void question_desk_ask(struct question_desk *d, const struct owner_question *q);

/**
 * The resolver answers.
 * @param asker whom the question was given out for, `tag` the same; changed to those of the owner
 * @return false: the desk keeps it
 */
bool question_desk_answer(struct question_desk *d, uint8_t *asker, uint64_t *tag,
                          const struct dns_answer *answer);

/** Until the last of those that are paused is asked again; 0: none is. */
uint64_t question_desk_waiting_ms(const struct question_desk *d);

/** The weather is another, or is known for longer. */
void question_desk_look(struct question_desk *d);
