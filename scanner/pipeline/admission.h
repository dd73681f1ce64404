#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "scanner/owners/owner.h"

/**
 * Admission: the only bound on what is under way (design section 2). A domain takes a credit
 * when its line is read and gives it back with its row, or while it is parked (domain_owner.h): then the spool is the
 * bound. Sends between threads never block.
 *
 * The input is cut into blocks of INPUT_BLOCK_LINES lines, the first ones smaller (input_block_lines()). Names at a crowded address are chosen
 * by hash and not by arrival, so a block's addresses are dialled only when all of its names are
 * resolved: the block is *settled*. Blocks close in order. When block B closes, the coordinator
 * sends BLOCK_CLOSE to every worker; each sends the ADDRESS_WANTs of its hosts that B wants first, and
 * behind them a BLOCK_FENCE to every worker; who has the fences of all workers has every ADDRESS_WANT of
 * B, because messages between two workers keep their order.
 * So the names dialled depend on the input and the seed alone, whatever the threads.
 *
 * One server that does not answer holds up a block for some seconds, and at the beginning there is nothing else to do. So of
 * the small blocks, one whose lines are settled but for a few, and those of all before it, is announced *ahead*: hosts send their ADDRESS_WANTs
 * then, and again when it closes, and services dial those names that neither what may yet come nor the order can change (service_ahead.c).
 *
 * A name whose questions need a second pass (question_desk.h) would hold its block, and all others of it, for the pause and
 * longer. It belongs to a later block instead (late_block()), which it *holds*: that block does not close
 * before it is resolved, and if the input ends before, empty blocks close up to there. Which names are late
 * depends on who answers alone.
 */
#define CREDITS_MAX        32768 /* domains under way and not parked; 3 to 4 KiB each, with their hosts */
#define UNSETTLED_MAX      24576 /* domains with DNS questions under way: three blocks */
#define WAITING_MAX        8192 /* domains that wait for hosts, and hosts for endpoints, not parked */
#define OPEN_LINES_MAX     65536 /* of blocks that are open, whose hosts are not parked: eight blocks */
#define WRITER_BACKLOG_MAX (16U << 20) /* octets not yet written, above which intake pauses */
#define INPUT_IDLE_MS      1000 /* after which a block that waits for more input is closed early */

#define AHEAD_LINES \
    8 /* that are not settled: small against a budget of names, each with MX_MAX of them */
#define BLOCKS_OPEN_MAX 63 /* more than UNSETTLED_MAX / INPUT_BLOCK_LINES */
#define BLOCK_RING      128 /* these, and those that are held: a domain and its host may both be late */

struct admission {
    pthread_mutex_t lock;
    pthread_cond_t room;
    uint64_t under_way; /* lines read and not finished, but for the next */
    uint64_t parked;
    uint64_t unsettled;
    bool stopped;                        /* no more intake */
    bool paused;                         /* none for a while: bad weather */
    const atomic_size_t *writer_backlog; /* borrowed, as the next one */
    const atomic_bool *spool_full;
    /* the open blocks: lines read, and of these settled */
    uint32_t first_open;
    uint32_t current;         /* the block that the next line belongs to */
    uint32_t first_not_ahead; /* the first that was not announced */
    uint32_t open_lines;      /* of them together, but for lines passed over */
    uint32_t lines[BLOCK_RING];
    uint32_t passed[BLOCK_RING]; /* of these, lines passed over */
    uint32_t settled[BLOCK_RING];
    uint32_t held[BLOCK_RING]; /* also of blocks that have no line yet */
    uint32_t held_end;         /* behind the last of these */
    bool ended;                /* the input ended: the current block is complete */
    uint64_t last_line_ms;     /* when the last line was admitted, or waited for room */
    bool reader_waits;         /* for room */
    bool input_is_file; /* it never pauses, however slowly we read; set before the reader runs */
    bool
        of_fleet; /* the same: blocks end where the input says so, and close when all members say so */
    uint32_t closed_by_all; /* of these */
};

void admission_init(struct admission *a, const atomic_size_t *writer_backlog,
                    const atomic_bool *spool_full);
void admission_deinit(struct admission *a);

/** Domains, and hosts, that one of so many workers keeps in memory: more of those that wait are parked. */
uint32_t admission_works_max(uint32_t workers);

/** Reader: waits for room. @return false when intake was stopped. `*block` is the line's block. */
bool admission_enter(struct admission *a, uint64_t now_ms, uint32_t *block);
/** Reader: the same without waiting. @return false when there is no room now. */
bool admission_try_enter(struct admission *a, uint64_t now_ms, uint32_t *block);
/** Reader: a line that has its row already, counted in its block. Waits where too many blocks are open:
 * what was read before must be with its owners then. @return false when intake was stopped */
bool admission_pass(struct admission *a, uint64_t now_ms);
/** The same without waiting. @return false when too many are open, too */
bool admission_try_pass(struct admission *a, uint64_t now_ms);
bool admission_is_stopped(struct admission *a);
/** Workers, once per loop turn: `finished` domains gave their credit back. */
void admission_leave(struct admission *a, uint32_t finished);
/** Workers, once per loop turn, before what finished: so many more domains are parked, or fewer. */
void admission_park(struct admission *a, int64_t more);
/** Workers, once per loop turn and block. */
void admission_settle(struct admission *a, uint32_t block, uint32_t count);
/** Workers: something late belongs to the block; before it is settled where it belonged, and until it is resolved. */
void admission_hold(struct admission *a, uint32_t block);
/** Any thread: could it be held, now and later? Another member says what block something is of, and may be no member. */
bool admission_may_hold(struct admission *a, uint32_t block);
void admission_release(struct admission *a, uint32_t block);
void admission_end_input(struct admission *a);
/** Reader of a fleet: the block of the last line has no more. Waits where too many are open. @return false when intake was stopped */
bool admission_end_block(struct admission *a);
/** Before any line, in a fleet: so many blocks were settled here by somebody else, and of these none has a line any more. */
void admission_begin_at(struct admission *a, uint32_t settled);
/** Coordinator of a fleet: so many blocks from the first have no open line here, and never will; UINT32_MAX: all. */
uint32_t admission_settled_blocks(struct admission *a);
/** The same: so many are closed everywhere. */
void admission_close_everywhere(struct admission *a, uint32_t blocks);
/** No line enters as long as it is paused. */
void admission_pause(struct admission *a, bool paused);
/** No more intake: a waiting reader returns. */
void admission_stop(struct admission *a);
/** Coordinator: the next block that may be closed. @return false when there is none. Closes a
 * block early when the input pauses, so that a slow pipe still gets its results. */
bool admission_close_block(struct admission *a, uint64_t now_ms, uint32_t *block);
/** Coordinator: the next block to be announced ahead. @param lines that may yet lead to names of it and of those before it
 * @return false when there is none */
bool admission_block_ahead(struct admission *a, uint32_t *block, uint32_t *lines);
/** Lines that are parked now. */
uint64_t admission_parked(struct admission *a);
/** Coordinator: no line is under way. */
bool admission_is_empty(struct admission *a);
/** Coordinator, now and then: wakes a reader that waits for the writer. */
void admission_look_again(struct admission *a);
