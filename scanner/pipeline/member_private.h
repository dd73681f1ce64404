#pragma once

/** Of the files member*.c alone. */

#include "scanner/fleet/block_watch.h"
#include "scanner/fleet/outbox.h"
#include "scanner/fleet/roster.h"
#include "scanner/pipeline/member.h"

#define POLL_MS    50
#define FETCH_BITS 48 /* of a fetch's number; above it: the member */

/** Lines of a part, as far as they are of a later block than others'. */
struct part_lines {
    struct buf ahead; /* messages */
    uint64_t last;    /* number of the last line taken */
    uint32_t ended;   /* blocks */
    bool last_block;  /* the last of these was the last of all */
    bool paused;
};

struct member {
    struct scan *scan; /* borrowed, as the next */
    const struct fleet_params *p;
    const struct fleet_topics *topics;
    struct kafka *kafka;
    struct kafka_reader *control;
    struct kafka_reader *inlet;
    struct kafka_reader *domains;
    struct division division;
    char name[UUID_TEXT_MAX];
    uint16_t number;
    bool said_join;
    bool heard_join;          /* our own came back */
    struct mailbox *policies; /* borrowed; NULL: policies are not fetched */
    pthread_t control_thread;
    pthread_t inlet_thread;
    pthread_t ack_thread;
    bool started;
    atomic_bool stopping;
    atomic_bool ack_stopping;

    pthread_mutex_t sending; /* of the outbox and what is acknowledged */
    pthread_cond_t acknowledged;
    struct outbox outbox;
    /* the highest offset of our own in each part of `services`; -1: none */
    int64_t sent[FLEET_PARTS_MAX];
    bool lost;

    pthread_mutex_t watching; /* of the next */
    struct roster roster;
    struct block_watch watch;
    int64_t served[FLEET_PARTS_MAX];  /* the highest offset of `services` that its worker has */
    uint32_t fenced[FLEET_PARTS_MAX]; /* blocks that its worker knows to be open */
    uint32_t closed;                  /* the same of all */

    /* the coordinator's */
    int64_t beat_ms;
    uint32_t settled;
    bool done;

    struct part_lines *lines; /* the reader's */

    pthread_mutex_t noticing;
    struct buf notices;
    uint64_t unreadable;
};

static inline const char *member_topic(const struct member *m, unsigned which)
{
    return m->topics->name[which];
}

/** Of the member with this number. */
static inline uint32_t member_first_part(const struct member *m, uint32_t number)
{
    uint32_t members = m->p->terms->members;
    return (number * m->division.parts + members - 1) / members;
}

/** Without brokers: member_new() has the rest. */
struct member *member_alloc(struct scan *scan, const struct fleet_params *p);

/* member_out.c */
outbox_send_fn member_send_item;
kafka_delivered_fn member_on_delivered;
void *member_ack_run(void *arg); /* of a thread, as the next ones */
/** To the writer's thread, behind what was posted before. */
void member_post_outward(struct member *m, uint32_t from, uint32_t to, struct buf *messages);

/* member_in.c */
void *member_control_run(void *arg);
void *member_inlet_run(void *arg);
/** One record of `control` or `beats`. @return false: there is none */
bool member_read_control(struct member *m, int ms);
/** @return false: it cannot be used, and is among the dead */
bool member_read_message(struct member *m, const struct kafka_record *r, enum message_kind *kind,
                         struct span *body);
void member_keep_dead(struct member *m, const struct kafka_record *r, const char *reason);
