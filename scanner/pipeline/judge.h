#pragma once

/**
 * A judge thread: it runs the owner of the certificates and lists whose digest falls to it, off the network
 * path. The thread has its own OpenSSL objects and shares none; only octets come and go.
 */

#include "scanner/owners/chain_owner.h"
#include "scanner/pipeline/worker.h"
#include "scanner/record/chain_recorder.h"

struct judge {
    struct scan *scan; /* borrowed */
    uint32_t index;
    pthread_t thread;
    struct mailbox mailbox;
    struct chain_owner chains;
    struct owner_out out;
    struct chain_recorder recorder; /* what it keeps is for the end of the scan */
    struct row_sink *rows;
    struct scan_counts counts;
    struct chain_judge_counts work; /* when the thread has ended, as cpu_ns */
    uint64_t cpu_ns;
    struct buf writer_outbox;
    struct buf outbox[WORKERS_MAX];
    struct buf judge_outbox[JUDGES_MAX];
};

void judge_init(struct judge *j, struct scan *scan, uint32_t index);
void judge_start(struct judge *j); /* after every worker and judge was initialised */
/** After a STOP was posted. @return false: it did not end, and must not be freed. */
bool judge_join(struct judge *j, const struct join_patience *patience);
void judge_deinit(struct judge *j);
