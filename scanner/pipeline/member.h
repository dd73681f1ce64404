#pragma once

/**
 * This process as a member of a fleet (docs/cluster/design.md): which parts of all keys are its own, and the way of messages and rows
 * between its threads and the brokers. Of a scan by itself there is none.
 *
 *   workers ─member_route()─► OUTWARD ─► writer's thread ─member_take()─► outbox ─► brokers
 *   brokers ─► inlet thread ─► mailboxes of workers; lines ─► reader's thread (member_read)
 *   `control` ─► control thread: which blocks are closed, and open, and whether all is done
 *
 * Who owns which part follows from `control`: it has so many seats (fleet/roster.h), each of a run of parts. Who finds all of them taken is a
 * *spare*, which waits for one that becomes free. Only one dials: a member begins no session when its beats come back late, and resets those
 * that are open before others would take it for lost.
 */

#include "scanner/fleet/terms.h"
#include "scanner/fleet/topics.h"
#include "scanner/pipeline/pipeline.h"
#include "scanner/pipeline/worker.h"

/** What a scan is told of its fleet; borrowed, as all in scan_params. */
struct fleet_params {
    struct kafka_params kafka;
    const char *scan;
    const struct fleet_topics *topics;
    const struct fleet_terms *terms;
};

struct member_wait {
    bool (*go_on)(void *arg); /* false: by a signal */
    void *arg;
    void (*say)(void *arg, const char *line);
    void *say_arg;
};

/** @return NULL with one line in `why` */
struct member *member_new(struct scan *scan, const struct fleet_params *p, struct buf *why);
/** Waits until all members are there, or for a seat that is free. @return false with one line in `why`, but where `go_on` said so */
bool member_join(struct member *m, const struct member_wait *wait, enum scan_end *end,
                 struct buf *why);
struct division member_division(const struct member *m);
/** Blocks that were settled by who sat here before. */
uint32_t member_first_block(const struct member *m);
/** Fetches of its policy thread are numbered from the next on. */
uint64_t member_first_fetch(const struct member *m);
/** Before any thread that it hears from, behind what makes their mailboxes. @param policies of the policy thread; NULL: there is none */
void member_start(struct member *m, struct mailbox *policies);

/* Workers and the policy thread. Messages are emptied. */
void member_route(struct member *m, uint32_t from, uint32_t to, struct buf *messages);
/** All that a worker says in a turn. @param outboxes one for each part */
void member_route_turn(struct member *m, uint32_t from, struct buf *outboxes);
void member_route_policies(struct member *m, uint32_t from, struct buf *messages);

/* Workers. NULL: this process is alone. */
/** May a session begin now? */
bool member_may_dial(const struct member *m);
/** Sessions that are open have to end: others may soon begin theirs. */
bool member_has_to_reset(const struct member *m);

/* The writer's thread. */
/** @return false: it is not for brokers */
bool member_take(struct member *m, enum message_kind kind, struct span body);
/** Behind what was taken at once. Waits while very much is not acknowledged. @param all waits for all of it */
void member_send(struct member *m, bool all);

/** Who takes lines; both in the reader's thread. */
struct member_taker {
    bool (*take)(struct reader *r,
                 const struct message_domain *line); /* @return false: intake was stopped */
    void (*skip)(struct reader *r);                  /* a line that has its row */
    void (*post)(struct reader *r);                  /* no line comes for a while */
    struct reader *reader;
};

/** The reader's thread: all lines of its parts, block by block. @return false when intake was stopped */
bool member_read(struct member *m, const struct member_taker *to);

/* The coordinator. */
/** @param lines_read all of its parts @param progress a number that changes as long as this process gets anywhere */
void member_look(struct member *m, bool lines_read, uint64_t progress);
/** The same number of the others. */
uint64_t member_progress_of_others(struct member *m);
/** There is no more to come from feed, so whoever waits does so for members. */
bool member_is_fed(struct member *m);
/** Others whose lines do not all have their rows. */
uint32_t member_count_busy(struct member *m);
void member_say_notices(struct member *m, void (*say)(void *arg, const char *line), void *arg);
/** All lines of all members have their rows. */
bool member_is_over(struct member *m);
/** It waits for brokers, or for somebody who takes a free seat: there is no progress to be seen. */
bool member_is_held_up(struct member *m);
/** Brokers are, the seat is, or nobody takes one that is free: this process has to end. @return false, or true with one line in `why` */
bool member_is_lost(struct member *m, struct buf *why);
/** Leaves the files of its directory to collect, and says how it ended. Behind all other threads. @return false: brokers did not take it */
bool member_leave(struct member *m, const char *directory, enum scan_end end);
void member_free(struct member *m); /* NULL is allowed */
