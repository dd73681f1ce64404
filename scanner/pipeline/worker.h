#pragma once

/**
 * One worker: a thread with one libuv loop, one OpenSSL library context and one resolver, owner
 * of every key whose partition is its own. It holds the tables of the keys it owns; no other
 * thread looks into them. Everything here is touched by the worker's thread alone, but for
 * `mailbox` (any thread posts) and `counters` (the coordinator reads).
 */

#include <pthread.h>
#include <stdatomic.h>

#include <uv.h>

#include "resolver/resolver.h"
#include "scanner/base/arena.h"
#include "scanner/base/map.h"
#include "scanner/base/wheel.h"
#include "scanner/domain/blocklist.h"
#include "scanner/domain/public_suffix.h"
#include "scanner/flow/message.h"
#include "scanner/owners/domain_owner.h"
#include "scanner/owners/host_owner.h"
#include "scanner/owners/operator_owner.h"
#include "scanner/owners/question_desk.h"
#include "scanner/owners/service_owner.h"
#include "scanner/pipeline/admission.h"
#include "scanner/pipeline/given_up.h"
#include "scanner/pipeline/mailbox.h"
#include "scanner/pipeline/scan_params.h"
#include "scanner/pipeline/staged_answers.h"
#include "scanner/pipeline/thread_join.h"
#include "scanner/pipeline/worker_weather.h"
#include "scanner/probe/session.h"
#include "scanner/probe/wheel_loop.h"
#include "scanner/record/recorder.h"

#define WORKERS_MAX 256
#define JUDGES_MAX  64
#define SOURCES_MAX 64 /* of our own addresses named in the manifest; our own bound */

struct member;
struct policy_thread;
struct reader;
struct resume;

/** Read by the coordinator at any time, each value by itself. */
struct worker_counters {
    atomic_uint_fast64_t lines_done[ACCOUNT_CLASS_COUNT];
    atomic_uint_fast64_t sessions_in_flight;
    atomic_uint_fast64_t sessions_done;
    atomic_uint_fast64_t sessions_failed;
    atomic_uint_fast64_t short_fallen;
    atomic_uint_fast64_t services_waiting;
    atomic_uint_fast64_t sessions_paused;
    atomic_uint_fast64_t waiting_until_ms; /* worker_clock_ms(); WAITING_UNKNOWN; 0: for nothing */
    atomic_uint_fast64_t dns_pending;
    atomic_uint_fast64_t dns_asked;
    atomic_uint_fast64_t policies_pending; /* policy hosts asked for and not answered */
    atomic_uint_fast64_t messages;         /* received; only ever grows */
};

/** What all threads of a scan share; read-only but for the atomics. */
struct scan {
    int64_t last_rows_unix_ms; /* observed_at of completions, problems and causes; 0: none yet */
    const struct scan_params *params;
    const struct public_suffixes *suffixes;
    struct dial_rules dial; /* IPv6: a route exists, or every address is mapped to one that has */
    struct admission admission;
    struct spool_budget spool_budget; /* of parked domains and hosts */
    struct weather_station weather;
    struct division division; /* of all keys; workers have those in this process, in their order */
    uint32_t worker_count;
    uint32_t judge_count;
    struct worker *workers[WORKERS_MAX];
    struct judge *judges[JUDGES_MAX];
    struct policy_thread *policies;
    struct member *member;       /* of a fleet; NULL: this process is alone */
    struct resume *resume;       /* NULL: a scan from the beginning */
    const struct reader *reader; /* borrowed: how far the input is */
    struct mailbox writer;
    struct given_up given_up;
    struct fact_book *book;          /* of all recorders */
    atomic_uint_fast64_t open_items; /* domains and services under way; 0 and no input: done */
};

struct worker {
    struct scan *scan; /* borrowed */
    uint32_t index;    /* of those in this process */
    uint32_t part;     /* what it owns */
    pthread_t thread;
    uv_loop_t loop;
    uv_async_t wake;
    uv_prepare_t before_sleep;
    struct wheel_loop deadlines;
    struct mailbox mailbox;
    struct owner_out out;
    struct buf *outbox; /* one per part; that of a worker alone is worked on at once */
    struct buf judge_outbox[JUDGES_MAX];
    struct buf policy_outbox;
    struct buf writer_outbox;
    struct buf state; /* of a fleet: for the writer, behind the rows */
    struct wheel wheel;
    struct resolver *resolver;
    struct staged_answers *staged; /* NULL: all answers are those of DNS */
    struct question_desk desk;
    struct worker_weather weather;
    struct session_environment sessions;
    struct arena_pool arenas;
    struct row_sink *rows;
    struct buf lines_done;
    struct scan_counts counts;
    struct recorder recorder;
    struct worker_counters counters;
    struct domain_owner domains;
    struct host_owner hosts;
    struct issuer_hosts *issuer_hosts; /* of this owner; read at the end of the scan */
    struct certificate_groups *groups; /* the same; NULL before the thread ended */
    struct night *night;               /* the same; NULL as well: nothing is remembered */
    struct service_owner services;
    uint32_t services_open;       /* of these; as counted in open_items */
    struct session **sessions_of; /* by visit; NULL: none is under way. malloc */
    uint32_t sessions_of_count;
    struct known_chains chains;
    struct operator_owner operators;
    struct spool spool;
    uint64_t parked;              /* domains.parked, as admission knows it */
    uint64_t waiting_due_ms;      /* when it is reckoned again how long that takes */
    uint32_t finished_domains;    /* since the last turn */
    uint32_t settled[BLOCK_RING]; /* since the last turn, by block % BLOCK_RING */
    uint32_t settled_block[BLOCK_RING];
    bool any_settled;
    struct net_addr sources[SOURCES_MAX]; /* of our own, as connections showed them */
    size_t source_count;
    uint32_t fenced[WORKERS_MAX];       /* blocks up to which each worker has sent its fences, */
    uint32_t fenced_ahead[WORKERS_MAX]; /* and those ahead */
    bool stopping;
    bool left; /* its thread did not end: what it holds is not looked at */
};

void worker_init(struct worker *w, struct scan *scan, uint32_t index);
void worker_start(struct worker *w); /* after every worker and judge was initialised */
/** After a STOP was posted. @return false: it sits in a library; it must not be freed. */
bool worker_join(struct worker *w, const struct join_patience *patience);
void worker_deinit(struct worker *w);

/* Where a message goes: appended to an outbox, posted before the loop sleeps. */
static inline struct buf *worker_outbox(struct worker *w, uint32_t to)
{
    return &w->outbox[to];
}

static inline uint32_t part_of_name(const struct scan *s, struct span name)
{
    return part_of_key(name, &s->division);
}

static inline uint64_t worker_now(const struct worker *w)
{
    return uv_now(&w->loop);
}

/** The time of the clock, not that of the turn's beginning, which may be long ago. */
static inline uint64_t worker_clock_ms(void)
{
    return uv_hrtime() / 1000000;
}

/** Owners have no clock: before each event. */
static inline void worker_tell_time(struct worker *w)
{
    w->services.now_ms = worker_clock_ms();
    w->desk.now_ms = w->operators.now_ms = w->services.now_ms;
}

/** @param more may be negative */
static inline void scan_items_open(struct scan *s, int64_t more)
{
    atomic_fetch_add_explicit(&s->open_items, (uint64_t)more, memory_order_release);
}

/* judge.c */
void judge_post(struct scan *s, uint32_t judge, struct buf *messages);

struct mailbox *judge_mailbox(struct scan *s, uint32_t judge);

/* policy_thread.c */
struct mailbox *policy_thread_mailbox(struct policy_thread *t);
