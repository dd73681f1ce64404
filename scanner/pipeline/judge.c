#include "scanner/pipeline/judge.h"

#include "scanner/base/memory.h"
#include "scanner/cert/cert_info.h"
#include "scanner/pipeline/rows_out.h"
#include "scanner/report/report.h"

static void on_cert(struct judge *j, const struct message_cert_new *m)
{
    bool added = false;
    (void)map_add(&j->known, hash_key_of(m->sha256), 1, &added);
    if (added) {
        struct cert_info info;
        bool parsed = cert_info_read(m->der, &info);
        report_certificate(j->rows, m->der, &info, parsed, NULL, NULL);
        cert_info_deinit(&info);
    }
    struct message_cert_known known = {.chain = m->chain};
    message_put_cert_known(&j->outbox[m->from], &known);
}

static void *run(void *arg)
{
    struct judge *j = arg;
    for (bool stopping = false; !stopping;) {
        struct span messages = mailbox_wait(&j->mailbox);
        enum message_kind kind;
        struct span body;
        while (message_next(&messages, &kind, &body)) {
            if (kind == MESSAGE_CERT_NEW) {
                struct message_cert_new m = message_get_cert_new(body);
                on_cert(j, &m);
            } else {
                CHECK(kind == MESSAGE_STOP);
                stopping = true;
            }
        }
        /* The rows first: who hears that a certificate is known may name it. */
        rows_out_add(j->rows, &j->writer_outbox);
        mailbox_post(&j->scan->writer, &j->writer_outbox);
        for (uint32_t i = 0; i < j->scan->worker_count; i++) {
            mailbox_post(&j->scan->workers[i]->mailbox, &j->outbox[i]);
        }
    }
    return NULL;
}

void judge_init(struct judge *j, struct scan *scan)
{
    *j = (struct judge){.scan = scan};
    mailbox_init(&j->mailbox, NULL);
    j->rows = rows_out_new(scan->params);
    j->writer_outbox = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        j->outbox[i] = BUF_INIT(BUF_NO_LIMIT);
    }
}

void judge_post(struct scan *s, uint32_t judge, struct buf *messages)
{
    mailbox_post(&s->judges[judge]->mailbox, messages);
}

void judge_start(struct judge *j)
{
    CHECK(pthread_create(&j->thread, NULL, run, j) == 0);
}

void judge_join(struct judge *j)
{
    CHECK(pthread_join(j->thread, NULL) == 0);
}

void judge_deinit(struct judge *j)
{
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        buf_deinit(&j->outbox[i]);
    }
    buf_deinit(&j->writer_outbox);
    rows_out_free(j->rows);
    map_deinit(&j->known);
    mailbox_deinit(&j->mailbox);
}
