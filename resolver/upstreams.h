#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * The name servers that questions go to, by number: who is asked next, and who is passed over for a while because
 * it does not answer. Time is told.
 */

#define UPSTREAMS_MAX 16 /* at most 32: a question remembers those it has asked by their bits */

struct upstream {
    uint32_t failures; /* in a row */
    uint64_t down_until_ms;
    uint16_t payload; /* of EDNS, octets */
};

struct upstreams {
    struct upstream server[UPSTREAMS_MAX];
    uint32_t count;
};

/** @param spent bit n: server n is not to be asked. @return the next after `last` that is not spent and not down; else the
 * next that is not spent, of which there must be one */
uint32_t upstreams_choose(const struct upstreams *u, uint32_t last, uint32_t spent,
                          uint64_t now_ms);
/** Nobody is left to ask for a second opinion. */
bool upstreams_are_exhausted(const struct upstreams *u, uint32_t spent, uint64_t now_ms);
/** No answer came. After several in a row the server is passed over for a while. */
void upstreams_note_failure(struct upstreams *u, uint32_t server, uint64_t now_ms);
/** It refuses datagrams: nobody listens there. */
void upstreams_note_refusal(struct upstreams *u, uint32_t server, uint64_t now_ms);
void upstreams_note_answer(struct upstreams *u, uint32_t server);
