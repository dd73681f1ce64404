#pragma once

/**
 * What an owner needs around it, and the words of a scenario that are the same for all owners:
 *
 *     block NAME        (before the first event) on the block list: a name, an address, a prefix
 *     fleet             (the same) what is done is said as state: "state ..."
 *     answer TYPE NAME STATE [secure] [alias NAME...] [DATA...]
 *                       to a question that was asked. DATA: "10 mx.test" of MX, "3 1 1 ab12" of TLSA, a name, an
 *                       address, a text in double quotes
 *
 * and the commands, each message by its own words.
 */

#include "resolver/dns_message.h"
#include "scanner/base/arena.h"
#include "scanner/base/spool.h"
#include "scanner/domain/blocklist.h"
#include "scanner/owners/owner.h"
#include "tests/unit/owners/scenario.h"

#define STAGE_WORKERS 2

extern struct buf *stage_rows; /* where all rows are appended; NULL: nowhere */

typedef void stage_answer_fn(void *owner, uint64_t tag, const struct dns_answer *answer);

struct stage {
    struct blocklist *blocklist;
    struct judging_terms terms;
    struct scan_counts counts;
    struct issuer_hosts *issuer_hosts;
    struct fact_book *book;
    struct row_sink rows;
    struct recorder recorder;
    struct arena_pool arenas;
    struct spool_budget budget;
    struct spool spool;
    struct owner_out out;
    struct buf to_worker[STAGE_WORKERS];
    struct buf to_judge[1];
    struct buf to_policies;
    struct buf state;        /* of a fleet, since the last event, */
    struct buf state_before; /* and before it */
    struct stage_question {
        char name[300];
        uint16_t type;
        uint64_t tag;
    } asked[64]; /* and not answered */
    size_t asked_count;
    uint64_t strays;
    void *owner;
    stage_answer_fn *answer;
};

/** @param owner who gets the answers, by `answer` */
void stage_init(struct stage *s, void *owner, stage_answer_fn *answer);
void stage_deinit(struct stage *s);

/** The tag of a question that was asked and still is, by TYPE and NAME. */
uint64_t stage_question_of(const struct stage *s, const char *type, const char *name);

/** @return false: it is none of the above */
bool stage_event(struct stage *s, char *const *word, size_t count);
/** Of a fleet: the owner is lost, and whoever takes over hears of all state that was said, before anything else. To be called between the end
 * of the one and the first event of the other. */
void stage_take_over(struct stage *s);
/** Of that: the next message, which is sound. @return false: there is none */
bool stage_next_state(struct span *in, enum message_kind *kind, struct span *body);
/** Takes and says what lies in `out`. @param strays of the owner, so far */
void stage_say_commands(struct stage *s, uint64_t strays);

/* Values of events; an unknown word fails the test. */
uint8_t stage_dns_state(const char *word);
enum session_outcome stage_outcome(const char *word);
struct net_addr stage_address(const char *text);
