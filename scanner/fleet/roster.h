#pragma once

#include "scanner/flow/message.h"

/**
 * Who the members of a fleet are, from what stands in `control`, the same for everyone: the first that joined and agree, in their order.
 * Until all are there, one that goes away leaves its place to another; afterwards nobody is replaced. No I/O.
 */
#define ROSTER_MEMBERS_MAX 256 /* as FLEET_PARTS_MAX: each has a part at least */
#define ROSTER_NOBODY      UINT32_MAX

/** What all members have to have in common, as rows would depend on who has a domain. */
struct roster_place {
    bool ipv4;
    bool ipv6;
    bool trust_ad;
};

struct roster_member {
    char name[64];
    bool left;         /* and all of its work was done */
    bool unfinished;   /* it left before */
    int64_t heard_ms;  /* its last beat, by our clock; 0: none */
    uint32_t silent;   /* beats of ours since then */
    uint64_t progress; /* as its last beat has it: a number that changes where it gets anywhere */
};

struct roster {
    uint32_t wanted;
    uint32_t count;
    bool complete;             /* all are there, for good */
    struct roster_place place; /* of the first, and so of all */
    struct roster_member members[ROSTER_MEMBERS_MAX];
};

void roster_init(struct roster *r, uint32_t wanted);
/* In the order of `control`. What is repeated, or about nobody, changes nothing. */
void roster_join(struct roster *r, const struct message_fleet_join *join);
void roster_away(struct roster *r, struct span name);
void roster_left(struct roster *r, uint32_t number, bool whole);
/** @return its number; ROSTER_NOBODY: it is none */
uint32_t roster_find(const struct roster *r, struct span name);
/** May one from there join those who have? */
bool roster_agrees(const struct roster *r, const struct roster_place *place);
void roster_beat(struct roster *r, struct span name, uint64_t progress, int64_t now_ms);
/** A beat of our own: those who were not heard since are silent for one more. */
void roster_count_silence(struct roster *r);
/** Of all but ourselves. */
uint64_t roster_progress_of_others(const struct roster *r, uint32_t ourselves);
/** The first other whose work will not be done: it left, or is silent for more beats than these. @return ROSTER_NOBODY: there is none */
uint32_t roster_find_lost(const struct roster *r, uint32_t ourselves, uint32_t beats);
