#include <criterion/criterion.h>

#include "scanner/pipeline/policy_thread.h"

struct policy_world {
    struct scan_params params;
    struct scan scan;
    struct worker worker;
    struct policy_thread *thread;
};

static void world_init(struct policy_world *w)
{
    *w = (struct policy_world){.params = {.output_dir = "results",
                                          .format = RESULT_NDJSON,
                                          .user_agent = "test",
                                          .policy_connections = POLICY_CONNECTIONS_MIN,
                                          .connect_timeout_ms = 5000,
                                          .tls_timeout_ms = 5000,
                                          .greeting_timeout_ms = 5000,
                                          .policy_timeout_ms = 5000}};
    hash_secret_init();
    w->scan.params = &w->params;
    w->scan.worker_count = 1;
    w->scan.division = (struct division){.parts = 1, .count = 1};
    w->scan.workers[0] = &w->worker;
    mailbox_init(&w->worker.mailbox, NULL);
    mailbox_init(&w->scan.writer, NULL);
    w->thread = policy_thread_new(&w->scan);
}

/* Nobody listens there: a fetch ends at once. */
static void put_want(struct buf *out, const char *domain)
{
    struct net_addr address;
    struct buf addresses = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(net_addr_parse(SPAN_LIT("127.0.0.1"), &address));
    codec_put_addr(&addresses, address);
    struct message_policy_want m = {.domain = span_of(domain),
                                    .policy_host = SPAN_LIT("mta-sts.test"),
                                    .addresses = buf_span(&addresses)};
    message_put_policy_want(out, &m);
    buf_deinit(&addresses);
}

/* As the owner of the address does. Twice: the second is ignored. */
static bool answer_permit(struct buf *out, enum message_kind kind, struct span body)
{
    if (kind == MESSAGE_PERMIT_WANT) {
        struct message_permit_want m = message_get_permit_want(body);
        message_put_permit_grant(out, &(struct message_permit_grant){m.fetch, m.address});
        message_put_permit_grant(out, &(struct message_permit_grant){m.fetch, m.address});
    }
    return kind == MESSAGE_PERMIT_WANT || kind == MESSAGE_PERMIT_RETURN;
}

/* A message may come twice, with its first copy or behind the answer. */
Test(policy_thread, a_policy_host_is_asked_once)
{
    static struct policy_world w;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    unsigned a = 0;
    unsigned b = 0;
    world_init(&w);
    put_want(&out, "a.test");
    put_want(&out, "a.test");
    mailbox_post(policy_thread_mailbox(w.thread), &out);
    policy_thread_start(w.thread);
    while (b == 0) {
        struct span in = mailbox_wait(&w.worker.mailbox);
        enum message_kind kind = MESSAGE_STOP;
        for (struct span body; message_next(&in, &kind, &body);) {
            if (answer_permit(&out, kind, body)) {
                continue;
            }
            cr_assert_eq(kind, MESSAGE_POLICY_DONE);
            bool is_b = span_eq(message_get_policy_done(body).domain, SPAN_LIT("b.test"));
            *(is_b ? &b : &a) += 1;
        }
        if (a > 0 && b == 0) { /* behind the answer, and one that shows that it was handled */
            put_want(&out, "a.test");
            put_want(&out, "b.test");
        }
        mailbox_post(policy_thread_mailbox(w.thread), &out);
    }
    message_put_stop(&out, &(struct message_stop){.reason = 0});
    mailbox_post(policy_thread_mailbox(w.thread), &out);
    cr_assert(policy_thread_join(w.thread, NULL));
    cr_expect_eq(a, 1);
    cr_expect_eq(b, 1);
    cr_expect_eq(policy_thread_dialled(w.thread), 2);
    policy_thread_free(w.thread);
    mailbox_deinit(&w.worker.mailbox);
    mailbox_deinit(&w.scan.writer);
    buf_deinit(&out);
}
