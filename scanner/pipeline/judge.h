#pragma once

/**
 * A judge thread: owner of the certificates whose digest falls to it. Reads each distinct
 * certificate once, off the network path, and writes its row. Chains are judged here later; the
 * thread has its own OpenSSL objects and shares none.
 */

#include "scanner/pipeline/worker.h"

struct judge {
    struct scan *scan; /* borrowed */
    pthread_t thread;
    struct mailbox mailbox;
    struct map known; /* SHA-256 → 1 */
    struct row_sink *rows;
    struct buf writer_outbox;
    struct buf outbox[WORKERS_MAX];
};

void judge_init(struct judge *j, struct scan *scan);
void judge_start(struct judge *j); /* after every worker was initialised */
void judge_join(struct judge *j);  /* after a STOP was posted */
void judge_deinit(struct judge *j);
