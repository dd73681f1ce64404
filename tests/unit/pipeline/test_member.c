#include <criterion/criterion.h>

#include "scanner/base/codec.h"
#include "scanner/pipeline/member_private.h"

#define PARTS 4

/* A member whose records are taken here instead of by brokers. */
struct scene {
    struct scan scan;
    struct fleet_topics topics;
    struct fleet_terms terms;
    struct fleet_params params;
    struct member *member;
    struct buf outboxes[PARTS];
    struct outbox_item *sent[64];
    size_t count;
};

static bool take(void *arg, struct outbox_item *item)
{
    struct scene *s = arg;
    cr_assert_lt(s->count, sizeof(s->sent) / sizeof(s->sent[0]));
    s->sent[s->count++] = item;
    return true;
}

static struct scene *scene_new(uint32_t members, uint32_t number)
{
    static struct scene s; /* each test is a process */
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    fleet_terms_init(&s.terms);
    s.terms.parts = PARTS;
    s.terms.members = members;
    s.terms.silent_after = 45;
    cr_assert(fleet_topics_init(&s.topics, "night", &why));
    s.params = (struct fleet_params){.scan = "night", .topics = &s.topics, .terms = &s.terms};
    mailbox_init(&s.scan.writer, NULL);
    s.member = member_alloc(&s.scan, &s.params);
    s.member->outbox.send = take;
    s.member->outbox.arg = &s;
    s.member->number = (uint16_t)number;
    s.member->division.first = member_first_part(s.member, number);
    s.member->division.count = member_first_part(s.member, number + 1) - s.member->division.first;
    for (uint32_t i = 0; i < PARTS; i++) {
        s.outboxes[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    return &s;
}

static void scene_end(struct scene *s)
{
    member_free(s->member);
    mailbox_deinit(&s->scan.writer);
    for (uint32_t i = 0; i < PARTS; i++) {
        buf_deinit(&s->outboxes[i]);
    }
}

/* What the writer's thread does with what was posted. */
static void let_writer_take(struct scene *s)
{
    struct span posted = mailbox_take(&s->scan.writer);
    enum message_kind kind;
    struct span body;
    while (message_next(&posted, &kind, &body)) {
        cr_expect(member_take(s->member, kind, body));
    }
    outbox_send(&s->member->outbox);
}

static void want_address(struct scene *s, uint32_t part)
{
    struct net_addr address;
    cr_assert(net_addr_parse(span_of("192.0.2.1"), &address));
    const struct message_address_want w = {
        .host = span_of("mx.example.com"), .address = address, .port = 25};
    message_put_address_want(&s->outboxes[part], &w);
}

/* As a worker does when a block has closed. */
static void put_fences(struct scene *s, uint32_t block)
{
    for (uint32_t i = 0; i < PARTS; i++) {
        const struct message_block_fence f = {.block = block, .from = 0};
        message_put_block_fence(&s->outboxes[i], &f);
    }
}

static enum fleet_topic topic_of(const struct scene *s, size_t i)
{
    return fleet_topic_of(&s->topics, s->sent[i]->topic);
}

/* However high the number of the part that a want is for. */
Test(member, sent_leaves_behind_the_wants_to_all_parts)
{
    for (uint32_t own = 0; own < PARTS; own++) {
        struct scene *s = scene_new(1, 0);
        s->count = 0;
        for (uint32_t part = 0; part < PARTS; part++) {
            want_address(s, part);
        }
        put_fences(s, 0);
        member_route_turn(s->member, own, s->outboxes);
        let_writer_take(s);
        for (size_t i = 0; i < PARTS; i++) {
            cr_assert_eq(s->count, PARTS, "part %u: SENT leaves behind all wants", own);
            cr_expect_eq(topic_of(s, i), FLEET_SERVICES);
            member_on_delivered(s->member, s->sent[i], 70 + (int64_t)i);
        }
        cr_assert_eq(s->count, PARTS + 1);
        cr_expect_eq(topic_of(s, PARTS), FLEET_CONTROL);
        for (size_t i = 0; i < PARTS; i++) {
            cr_expect_geq(s->member->sent[i], 70, "the offset of each part is told");
        }
        outbox_acknowledge(&s->member->outbox, s->sent[PARTS]);
        scene_end(s);
    }
}

Test(member, lines_that_are_done_are_for_no_broker)
{
    struct scene *s = scene_new(1, 0);
    struct buf lines = BUF_INIT(BUF_NO_LIMIT);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    codec_put_u64(&lines, 7);
    const struct message_lines_done done = {.lines = buf_span(&lines)};
    message_put_lines_done(&out, &done);
    struct span in = buf_span(&out);
    enum message_kind kind;
    struct span body;
    cr_assert(message_next(&in, &kind, &body));
    cr_expect_not(member_take(s->member, kind, body));
    buf_deinit(&lines);
    buf_deinit(&out);
    scene_end(s);
}

/* --- others ----------------------------------------------------------------------------------- */

static void join(struct scene *s, const char *name)
{
    const struct message_fleet_join j = {.member = span_of(name), .ipv4 = true};
    roster_join(&s->member->roster, &j);
}

static void leave(struct scene *s, uint16_t number, bool whole)
{
    const struct message_fleet_left l = {.member = number, .epoch = 1, .whole = whole};
    roster_left(&s->member->roster, &l);
}

/* Nobody listens there, which is found out much later. */
static void open_kafka(struct scene *s)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    s->params.kafka.brokers = "127.0.0.1:9";
    s->member->kafka = kafka_new(&s->params.kafka, member_on_delivered, s->member, &why);
    cr_assert_not_null(s->member->kafka);
    s->member->control = kafka_reader_new(&s->params.kafka, "night", &why);
    s->member->inlet = kafka_reader_new(&s->params.kafka, "night", &why);
    s->member->domains = kafka_reader_new(&s->params.kafka, "night", &why);
    cr_assert(s->member->control != NULL && s->member->inlet != NULL && s->member->domains != NULL);
}

static void expect_lost(struct scene *s, const char *words)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    bool lost = member_is_lost(s->member, &why);
    buf_put_char(&why, '\0');
    cr_expect_eq(lost, words != NULL);
    cr_expect(words == NULL || strstr((char *)why.at, words) != NULL, "%s", (char *)why.at);
    buf_deinit(&why);
}

Test(member, who_leaves_unfinished_is_told_at_once_and_by_its_number)
{
    struct scene *s = scene_new(3, 0);
    open_kafka(s);
    join(s, "one");
    join(s, "two");
    join(s, "three");
    expect_lost(s, NULL);
    leave(s, 1, true);
    expect_lost(s, NULL);
    leave(s, 2, false);
    expect_lost(s, "member 3 of 3 has left before its work was done");
    block_watch_last(&s->member->watch, 1);
    for (uint32_t part = 0; part < PARTS; part++) {
        block_watch_done(&s->member->watch, part);
    }
    expect_lost(s, NULL); /* all lines have their rows */
    scene_end(s);
}

Test(member, waits_for_those_whose_parts_are_not_done)
{
    struct scene *s = scene_new(2, 1); /* parts 2 and 3 */
    join(s, "one");
    join(s, "two");
    cr_expect_not(member_is_fed(s->member));
    block_watch_last(&s->member->watch, 1);
    cr_expect(member_is_fed(s->member));
    cr_expect_eq(member_count_busy(s->member), 1);
    block_watch_done(&s->member->watch, 0);
    cr_expect_eq(member_count_busy(s->member), 1);
    block_watch_done(&s->member->watch, 1);
    cr_expect_eq(member_count_busy(s->member), 0, "our own do not count");
    cr_expect_not(member_is_over(s->member));
    scene_end(s);
}
