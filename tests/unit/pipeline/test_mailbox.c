#include <pthread.h>

#include <criterion/criterion.h>

#include "scanner/base/check.h"
#include "scanner/flow/message.h"
#include "scanner/pipeline/mailbox.h"

#define SENDERS 4
#define POSTS   500 /* per sender */
#define BURST   7   /* messages in one post */

struct sender {
    struct mailbox *to;
    uint16_t number;
    pthread_t thread;
};

/* Each message carries its sender and a running number. */
static void *send_all(void *arg)
{
    const struct sender *s = arg;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t post = 0; post < POSTS; post++) {
        for (uint32_t i = 0; i < BURST; i++) {
            struct message_lease_want m = {{.port = s->number,
                                            .session = post * BURST + i,
                                            .operator_name = SPAN_LIT("operator.test")},
                                           .sessions = 1};
            message_put_lease_want(&out, &m);
        }
        mailbox_post(s->to, &out);
        CHECK(out.len == 0);
    }
    buf_deinit(&out);
    return NULL;
}

struct receiver {
    struct mailbox box;
    uint32_t next[SENDERS]; /* expected running number */
    uint32_t total;
    uv_async_t wake;
};

static void receive(struct receiver *r, struct span in)
{
    enum message_kind kind = MESSAGE_STOP;
    for (struct span body; message_next(&in, &kind, &body); r->total++) {
        struct message_lease_want m = message_get_lease_want(body);
        cr_assert_eq(kind, MESSAGE_LEASE_WANT);
        uint16_t from = m.lease.port;
        cr_assert_lt(from, SENDERS);
        cr_assert_eq(m.lease.session, r->next[from], "sender %u", from);
        cr_assert(span_eq(m.lease.operator_name, SPAN_LIT("operator.test")));
        r->next[from]++;
        /* A post is seen whole: only at its end may the octets end. */
        cr_assert(in.len > 0 || r->next[from] % BURST == 0);
    }
}

static void start_senders(struct sender senders[SENDERS], struct mailbox *to)
{
    for (uint16_t i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.to = to, .number = i};
        CHECK(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]) == 0);
    }
}

static void finish(struct receiver *r, struct sender senders[SENDERS])
{
    for (size_t i = 0; i < SENDERS; i++) {
        CHECK(pthread_join(senders[i].thread, NULL) == 0);
    }
    cr_expect_eq(r->total, SENDERS * POSTS * BURST);
    cr_expect_eq(mailbox_take(&r->box).len, 0, "nothing is left");
    cr_expect_eq(atomic_load(&r->box.backlog), 0, "all of it was worked on");
    mailbox_deinit(&r->box);
}

Test(mailbox, keeps_the_order_of_each_sender)
{
    static struct receiver r;
    struct sender senders[SENDERS];
    mailbox_init(&r.box, NULL);
    start_senders(senders, &r.box);
    while (r.total < SENDERS * POSTS * BURST) {
        struct span in = mailbox_wait(&r.box);
        cr_assert_gt(in.len, 0, "waiting ends with something");
        receive(&r, in);
    }
    finish(&r, senders);
}

static void on_wake(uv_async_t *wake)
{
    struct receiver *r = wake->data;
    receive(r, mailbox_take(&r->box));
    if (r->total == SENDERS * POSTS * BURST) {
        uv_close((uv_handle_t *)wake, NULL);
    }
}

Test(mailbox, wakes_a_loop)
{
    static struct receiver r;
    struct sender senders[SENDERS];
    uv_loop_t loop;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(uv_async_init(&loop, &r.wake, on_wake), 0);
    r.wake.data = &r;
    mailbox_init(&r.box, &r.wake);
    start_senders(senders, &r.box);
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* a lost wake-up would stay here */
    finish(&r, senders);
    cr_expect_eq(uv_loop_close(&loop), 0);
}

Test(mailbox, counts_what_waits_and_what_is_under_work)
{
    struct mailbox m;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    mailbox_init(&m, NULL);
    mailbox_post(&m, &out); /* nothing: no wake, no octets */
    cr_expect_eq(mailbox_take(&m).len, 0);
    buf_put_text(&out, "first");
    mailbox_post(&m, &out);
    cr_expect_eq(atomic_load(&m.backlog), 5);
    struct span first = mailbox_take(&m);
    cr_expect(span_eq(first, SPAN_LIT("first")));
    buf_put_text(&out, "se");
    mailbox_post(&m, &out);
    buf_put_text(&out, "cond");
    mailbox_post(&m, &out);
    cr_expect_eq(atomic_load(&m.backlog), 11, "still counted while under work");
    cr_expect(span_eq(first, SPAN_LIT("first")), "valid until the next call");
    cr_expect(span_eq(mailbox_wait(&m), SPAN_LIT("second")));
    cr_expect_eq(atomic_load(&m.backlog), 6);
    cr_expect_eq(mailbox_take(&m).len, 0);
    cr_expect_eq(atomic_load(&m.backlog), 0);
    buf_deinit(&out);
    mailbox_deinit(&m);
}
