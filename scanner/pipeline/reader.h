#pragma once

/**
 * The reader thread: pulls the lines of one list after the other while admission has room and sends each to the owner of its
 * domain. Lines of one domain go to one owner in the order of the input, so that a repeat always
 * points to the first. What kind of list it is, each decides for itself.
 */

#include "scanner/domain/domain_source.h"
#include "scanner/domain/list_sample.h"
#include "scanner/pipeline/input_lists.h"
#include "scanner/pipeline/line_set.h"
#include "scanner/pipeline/worker.h"

struct reader {
    struct scan *scan;
    pthread_t thread;
    struct input_lists lists;
    struct domain_source
        *source;           /* of the list that is read; the thread's own, as the next three */
    const char *list;      /* its name */
    uint64_t lines_before; /* of the lists before it */
    uint64_t consumed_before;
    struct buf outbox[WORKERS_MAX];
    struct buf metadata;
    struct buf key;      /* scratch */
    uint32_t post_every; /* records; one lock and one wake-up each time */
    uint32_t since_post;
    pthread_mutex_t sending;        /* held from admission until the record was sent */
    struct line_set sent;           /* first lines of the records; after reader_halt() */
    atomic_uint_fast64_t records;   /* sent */
    atomic_uint_fast64_t of_others; /* records of other shards, passed over */
    atomic_uint_fast64_t lines;     /* physical lines up to the end of the last record sent */
    atomic_uint_fast64_t consumed;  /* octets */
    atomic_bool ended;              /* the thread is about to return */
    atomic_bool reached_end;        /* of the input */
    struct buf why;                 /* it failed, one line; after `ended`, as the next two */
    bool failed;
    bool failure_is_usage;     /* of what the user gave, and nothing was sent yet */
    struct list_sample sample; /* of the list that is read */
    bool sampled;
    bool (*take)(void *arg,
                 const struct message_domain *line); /* NULL: owners of this process do */
    void *take_arg;
    pthread_mutex_t noticing; /* of the next one; held for moments only */
    struct buf notices;       /* lines for the user */
};

/** @return false with one line of text in `error` when a list cannot be read. */
bool reader_open(struct reader *r, struct scan *scan, struct buf *error);
void reader_start(struct reader *r);
/** In place of reader_start(), in this thread: each line goes to `take`, which may say that it takes no more. @return false: it did, or a
 * list failed */
bool reader_hand_over(struct reader *r, bool (*take)(void *arg, const struct message_domain *line),
                      void *arg);
/** Of a fleet: a line that others have numbered, whose block is that of admission. @return false when intake was stopped */
bool reader_take_line(struct reader *r, const struct message_domain *line);
/** The same of one that has its row. */
void reader_skip_line(struct reader *r);
/** What was taken is worked on. */
void reader_post_lines(struct reader *r);
/** Stops the intake. Afterwards nothing is sent any more, also by a thread in a blocking read. */
void reader_halt(struct reader *r);
/** What the list looks like, as far as it is worth a line. On the coordinator's thread. */
void reader_say_notices(struct reader *r, void (*say)(void *arg, const char *line), void *arg);
/** Waits for the thread. Only when `ended`, or when it cannot be inside a blocking read. */
void reader_join(struct reader *r);
/** What the lists are, as far as that is known by now. Behind reader_halt(), or before reader_start(). */
const struct manifest_input *reader_inputs(const struct reader *r);
void reader_deinit(struct reader *r);
