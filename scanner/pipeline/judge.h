#pragma once

/**
 * A judge thread: owner of the certificates and chains whose digest falls to it. Each distinct
 * certificate is read once and each distinct list judged once, off the network path. The thread has
 * its own OpenSSL objects and shares none; only octets come and go.
 *
 *   CHAIN_NEW ─► unknown? ─► CERT_NEW per certificate ─► CERT_KNOWN ─► judged ─► row ─► CHAIN_KNOWN
 */

#include "scanner/pipeline/worker.h"
#include "scanner/record/chain_recorder.h"

struct chain_table;

struct judge {
    struct scan *scan; /* borrowed */
    uint32_t index;
    pthread_t thread;
    struct mailbox mailbox;
    struct map known_certs; /* SHA-256 → 1 */
    struct chain_table *chains;
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

/* judge.c, for chain_work.c: a certificate that this judge owns; its row is written before anything
 * that names it. */
void judge_take_certificate(struct judge *j, struct span sha256, struct span der);

/* chain_work.c */
struct chain_table *chain_table_new(void);
void chain_table_free(struct chain_table *t);
void chain_on_new(struct judge *j, const struct message_chain_new *m);
void chain_on_cert_known(struct judge *j, const struct message_cert_known *m);
