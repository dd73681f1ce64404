#pragma once

/**
 * The reader thread: pulls input lines while admission has room and sends each to the owner of its
 * domain. Lines of one domain go to one owner in the order of the input, so that a repeat always
 * points to the first.
 */

#include "scanner/domain/domain_source.h"
#include "scanner/domain/list_sample.h"
#include "scanner/pipeline/line_set.h"
#include "scanner/pipeline/worker.h"
#include "scanner/report/manifest.h"

struct reader {
    struct scan *scan;
    pthread_t thread;
    int fd;
    struct manifest_input input;
    struct domain_source *source;
    struct buf outbox[WORKERS_MAX];
    struct buf metadata;
    struct buf key;      /* scratch */
    uint32_t post_every; /* records; one lock and one wake-up each time */
    uint32_t since_post;
    pthread_mutex_t sending;       /* held from admission until the record was sent */
    struct line_set sent;          /* first lines of the records; after reader_halt() */
    atomic_uint_fast64_t records;  /* sent */
    atomic_uint_fast64_t lines;    /* physical lines up to the end of the last record sent */
    atomic_uint_fast64_t consumed; /* octets */
    atomic_bool ended;             /* the thread is about to return */
    atomic_bool reached_end;       /* of the input */
    struct buf
        why; /* the rows of before cannot be read, or the list is empty, one line; after `ended` */
    struct list_sample sample;
    bool sampled;
    pthread_mutex_t noticing; /* of the next one; held for moments only */
    struct buf notices;       /* lines for the user */
    bool failed;              /* domain_source_error() says why; after `ended` */
};

/** @return false with one line of text in `error` when the input cannot be opened. */
bool reader_open(struct reader *r, struct scan *scan, struct buf *error);
void reader_start(struct reader *r);
/** Stops the intake. Afterwards nothing is sent any more, also by a thread in a blocking read. */
void reader_halt(struct reader *r);
/** What the list looks like, as far as it is worth a line. On the coordinator's thread. */
void reader_say_notices(struct reader *r, void (*say)(void *arg, const char *line), void *arg);
/** Waits for the thread. Only when `ended`, or when it cannot be inside a blocking read. */
void reader_join(struct reader *r);
void reader_deinit(struct reader *r);
