#pragma once

/** Of the files member*.c alone. */

#include "scanner/fleet/block_watch.h"
#include "scanner/fleet/outbox.h"
#include "scanner/fleet/roster.h"
#include "scanner/flow/message_check.h"
#include "scanner/pipeline/line_set.h"
#include "scanner/pipeline/member.h"

#define POLL_MS 50
/* Of the number of a fetch: its seat, the epoch of that, and what the policy thread counts. */
#define FETCH_SEAT_BIT  56
#define FETCH_EPOCH_BIT 40

/** Lines of a part, as far as they are of a later block than others'. */
struct part_lines {
    struct buf ahead; /* messages */
    uint64_t last;    /* number of the last line taken */
    uint32_t ended;   /* blocks */
    bool last_block;  /* the last of these was the last of all */
    bool paused;
};

struct seat_epoch {
    uint32_t seat;
    uint32_t epoch; /* 0: none */
};

/** Permits that were wanted before our time, until `services` is read to where it ended then. */
struct replay {
    bool on;
    bool ended[FLEET_PARTS_MAX];
    struct map wanted; /* fetch → its number in the next */
    struct held_permit {
        uint64_t fetch;
        struct net_addr address;
        uint32_t part;
        bool returned;
    } * permits; /* malloc */
    uint32_t permit_count;
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
    uint16_t number; /* of the seat; once it has one */
    uint32_t epoch;
    bool seated;
    bool said_join;
    bool heard_join;          /* our own came back */
    struct seat_epoch taking; /* our last TAKE */
    struct mailbox *policies; /* borrowed; NULL: policies are not fetched */
    pthread_t control_thread;
    pthread_t inlet_thread;
    pthread_t ack_thread;
    bool started;
    atomic_bool taken;           /* the seat is somebody else's: nothing is sent any more */
    atomic_int_fast64_t sent_ms; /* when the last beat that came back was sent; 0: none did */
    int64_t dial_from_ms;        /* one distance behind whoever sat here before */
    uint32_t first_block;        /* what was settled before; the reader's */
    uint32_t recovered;          /* lines of blocks before that one; the same */
    atomic_bool restored;        /* workers were told of what is done: others may post to them */
    struct line_set lines_done;  /* by then; read by the reader alone */
    struct replay replay;        /* the inlet's */
    uint32_t sent_before[FLEET_PARTS_MAX]; /* blocks that somebody has said SENT of */
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
    int64_t served[FLEET_PARTS_MAX];   /* the highest offset of `services` that its worker has */
    uint32_t fenced[FLEET_PARTS_MAX];  /* blocks that its worker knows to be open */
    uint32_t closed;                   /* the same of all */
    bool rest_closed;                  /* BLOCK_OF_THE_REST, */
    bool rest_fenced[FLEET_PARTS_MAX]; /* and its fences */

    /* the coordinator's */
    int64_t beat_ms;
    uint32_t settled;
    bool done;
    struct {
        uint32_t seat; /* ROSTER_NOBODY: none is */
        uint32_t epoch;
        int64_t looked_ms;
        int64_t waited_ms; /* for somebody who takes it */
    } free;

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

/* member_beats.c */
/** Once a second. */
void member_beat(struct member *m, uint64_t progress);
/** Beats come back as they should: brokers are well. */
bool member_is_fresh(struct member *m);

/* member_restore.c */
void member_add_parts(struct member *m, enum fleet_topic topic, struct kafka_reader *r);
/** Of all that others say to its owners. */
void member_add_messages(struct member *m);
/** In the inlet's thread, as the next. */
void member_restore(struct member *m);
/** @return true: it is kept for now, or for good */
bool member_hold_permit(struct member *m, uint32_t part, enum message_kind kind, struct span body);
/** Where a partition has been read to its end. */
void member_look_for_permits(struct member *m);
void member_replay_deinit(struct replay *p);

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

/* member_messages.c */
/** @return false: it cannot be used, and is among the dead */
bool member_read_message(struct member *m, const struct kafka_record *r, enum message_kind *kind,
                         struct span *body);
/** @return false: it is among the dead, as somebody else owns what it is about */
bool member_is_of_partition(struct member *m, const struct kafka_record *r, enum message_kind kind,
                            struct span body);
/** @return false: it is among the dead, as the scan has no such port or block */
bool member_is_within_bounds(struct member *m, const struct kafka_record *r, enum message_kind kind,
                             struct span body);
/** A line for people. Any thread. */
void member_notice(struct member *m, const struct buf *line);
void member_keep_dead(struct member *m, const struct kafka_record *r, const char *reason);
