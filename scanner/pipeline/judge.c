#include "scanner/pipeline/judge.h"

#include <time.h>

#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/pipeline/rows_out.h"
#include "scanner/pipeline/thread_join.h"

#define POST_EVERY 32 /* messages worked on before results leave: sessions wait for them */

static void judge_certificate(void *arg, struct span der)
{
    struct chain_recorder *r = arg;
    bool parsed = false;
    const struct cert_info *info = chain_judge_cert(r->judge, der, &parsed);
    record_certificate(r, der, info, parsed);
}

static struct chain_brief judge_presented_list(void *arg, const uint8_t chain_id[32],
                                               const uint8_t (*digests)[32], struct span list)
{
    return record_chain(arg, chain_id, digests, list);
}

/* The rows first: who hears that a chain or certificate is known may name it. */
static void judge_post_all(struct judge *j)
{
    rows_out_add(j->rows, &j->writer_outbox);
    mailbox_post(&j->scan->writer, &j->writer_outbox);
    for (uint32_t i = 0; i < j->scan->worker_count; i++) {
        if (j->outbox[i].len > 0) {
            mailbox_post(&j->scan->workers[i]->mailbox, &j->outbox[i]);
        }
    }
    for (uint32_t i = 0; i < j->scan->judge_count; i++) {
        if (j->judge_outbox[i].len > 0) {
            mailbox_post(&j->scan->judges[i]->mailbox, &j->judge_outbox[i]);
        }
    }
}

/* @return false: it was told to stop */
static bool judge_on_message(struct judge *j, enum message_kind kind, struct span body)
{
    if (kind == MESSAGE_CHAIN_NEW) {
        struct message_chain_new m = message_get_chain_new(body);
        chain_on_new(&j->chains, &m);
    } else if (kind == MESSAGE_CERT_NEW) {
        struct message_cert_new m = message_get_cert_new(body);
        chain_on_cert_new(&j->chains, &m);
    } else if (kind == MESSAGE_CERT_KNOWN) {
        struct message_cert_known m = message_get_cert_known(body);
        chain_on_cert_known(&j->chains, &m);
    } else if (kind == MESSAGE_KNOWN_CHAIN) {
        struct message_known_chain m = message_get_known_chain(body);
        chain_on_known(&j->chains, &m);
    } else if (kind == MESSAGE_KNOWN_CERT) {
        struct message_known_cert m = message_get_known_cert(body);
        chain_on_known_cert(&j->chains, &m);
    } else {
        CHECK(kind == MESSAGE_STOP);
        return false;
    }
    return true;
}

static void *judge_run(void *arg)
{
    struct judge *j = arg;
    /* the thread's own OpenSSL objects */
    struct chain_judge *trust = chain_judge_new(&j->scan->params->terms);
    j->recorder.judge = trust;
    chain_judge_measure(trust);
    for (bool going = true; going;) {
        struct span messages = mailbox_wait(&j->mailbox);
        enum message_kind kind;
        struct span body;
        for (size_t n = 1; message_next(&messages, &kind, &body); n++) {
            going = judge_on_message(j, kind, body) && going;
            if (n % POST_EVERY == 0) {
                judge_post_all(j);
            }
        }
        judge_post_all(j);
    }
    j->work = *chain_judge_counts(trust);
    j->cpu_ns = clock_thread_cpu_ns();
    j->recorder.judge = NULL;
    chain_judge_free(trust);
    return NULL;
}

void judge_init(struct judge *j, struct scan *scan, uint32_t index)
{
    *j = (struct judge){.scan = scan, .index = index};
    mailbox_init(&j->mailbox, NULL);
    const struct chain_judging judging = {
        .certificate = judge_certificate, .list = judge_presented_list, .arg = &j->recorder};
    owner_out_init(&j->out);
    j->out.division = (struct division){.parts = scan->worker_count, .count = scan->worker_count};
    j->out.judge_count = scan->judge_count;
    j->out.self = index;
    j->out.to_worker = j->outbox;
    j->out.to_judge = j->judge_outbox;
    chain_owner_init(&j->chains, &judging, &j->out);
    j->rows = rows_out_new(scan->params);
    j->writer_outbox = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        j->outbox[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    for (uint32_t i = 0; i < JUDGES_MAX; i++) {
        j->judge_outbox[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    counts_init(&j->counts, scan->params->ports, scan->params->port_count);
    chain_recorder_init(&j->recorder, j->rows, &scan->params->terms, &j->counts, index,
                        scan->judge_count + 1 /* the rows of a scan that goes on */, scan->book);
}

struct mailbox *judge_mailbox(struct scan *s, uint32_t judge)
{
    return &s->judges[judge]->mailbox;
}

void judge_post(struct scan *s, uint32_t judge, struct buf *messages)
{
    mailbox_post(&s->judges[judge]->mailbox, messages);
}

void judge_start(struct judge *j)
{
    thread_start(&j->thread, judge_run, j);
}

bool judge_join(struct judge *j, const struct join_patience *patience)
{
    return thread_join(j->thread, patience);
}

void judge_deinit(struct judge *j)
{
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        buf_deinit(&j->outbox[i]);
    }
    for (uint32_t i = 0; i < JUDGES_MAX; i++) {
        buf_deinit(&j->judge_outbox[i]);
    }
    buf_deinit(&j->writer_outbox);
    chain_recorder_deinit(&j->recorder);
    counts_deinit(&j->counts);
    rows_out_free(j->rows);
    chain_owner_deinit(&j->chains);
    owner_out_deinit(&j->out);
    mailbox_deinit(&j->mailbox);
}
