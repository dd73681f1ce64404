#pragma once

#include "scanner/flow/message.h"

/**
 * Who the members of a fleet are, from what stands in `control`, the same for everyone. A fleet has so many *seats*, each a number and so a run of
 * parts: those of the first that joined and agree, in their order. Until all are there, one that goes away leaves its place to the next; afterwards
 * a seat whose member left unfinished, or is silent, is *free*, and somebody else may TAKE it.
 *
 * Each time that a seat is taken its epoch is one higher, and the first TAKE of an epoch counts, whoever read what before it said so: free is
 * what one sees, `control` is what is. No I/O.
 */
#define ROSTER_MEMBERS_MAX 256 /* as FLEET_PARTS_MAX: each has a part at least */
#define ROSTER_NOBODY      UINT32_MAX
#define ROSTER_FIRST_EPOCH 1

/** What all members have to have in common, as rows would depend on who has a domain. */
struct roster_place {
    bool ipv4;
    bool ipv6;
    bool trust_ad;
};

struct roster_member {
    char name[64]; /* of who sits there */
    uint32_t epoch;
    bool left;         /* and all of its work was done */
    bool unfinished;   /* it left before */
    uint32_t silent;   /* beats of ours since its last one, or since it sat down */
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
/* In the order of `control`. What is repeated, late, or about nobody, changes nothing. */
void roster_join(struct roster *r, const struct message_fleet_join *join);
void roster_away(struct roster *r, struct span name);
void roster_left(struct roster *r, const struct message_fleet_left *left);
/** @return false: somebody else was faster, or there is no such seat */
bool roster_take(struct roster *r, const struct message_fleet_take *take);
/** @return its number; ROSTER_NOBODY: it is none, or not any more */
uint32_t roster_find(const struct roster *r, struct span name);
/** May one from there join those who have? */
bool roster_agrees(const struct roster *r, const struct roster_place *place);
void roster_beat(struct roster *r, struct span name, uint64_t progress);
/** A beat of our own came back: those who were not heard since the last one are silent for one more. */
void roster_count_silence(struct roster *r);
/** Of all but ourselves. */
uint64_t roster_progress_of_others(const struct roster *r, uint32_t ourselves);
/** The first seat of others that is free: its member left unfinished, or is silent for more beats than these.
 * @param ourselves ROSTER_NOBODY: we have none @return ROSTER_NOBODY: there is none */
uint32_t roster_find_free(const struct roster *r, uint32_t ourselves, uint32_t beats);
/** All have ended their work. */
bool roster_is_done(const struct roster *r);
