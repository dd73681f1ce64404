#include <criterion/criterion.h>

#include "output/result_dir.h"
#include "scanner/base/clock.h"
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

static void post_state(struct scene *s, uint32_t part, const struct buf *state)
{
    const struct message_outward o = {
        .from = (uint16_t)part, .to = (uint16_t)part, .messages = buf_span(state)};
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    message_put_outward(&out, &o);
    mailbox_post(&s->scan.writer, &out);
    buf_deinit(&out);
}

static void post_row(struct scene *s, enum table_id table)
{
    const struct message_rows m = {.table = (uint8_t)table,
                                   .format = ROW_FORMAT_NDJSON,
                                   .count = 1,
                                   .octets = SPAN_LIT("{\"key\":\"one\"}\n")};
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    message_put_rows(&out, &m);
    mailbox_post(&s->scan.writer, &out);
    buf_deinit(&out);
}

/* One after the other is acknowledged. */
static void expect_order(struct scene *s, const enum fleet_topic *topics, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(s->count, i + 1, "record %zu waits for those before it", i);
        cr_expect_eq(topic_of(s, i), topics[i], "record %zu", i);
        outbox_acknowledge(&s->member->outbox, s->sent[i]);
        outbox_send(&s->member->outbox);
    }
    cr_expect_eq(s->count, count);
}

/* A host whose wants left is known: it is never resolved again. */
Test(member, wants_leave_behind_the_addresses_of_their_host)
{
    static const enum fleet_topic topics[] = {FLEET_STATE, FLEET_SERVICES, FLEET_CONTROL};
    struct scene *s = scene_new(1, 0);
    struct buf state = BUF_INIT(BUF_NO_LIMIT);
    const struct message_known_resolved m = {.host = span_of("mx.example.com")};
    message_put_known_resolved(&state, &m);
    post_state(s, 1, &state);
    want_address(s, 2);
    put_fences(s, 0);
    member_route_turn(s->member, 1, s->outboxes);
    let_writer_take(s);
    cr_expect_eq(s->sent[0]->partition, 1);
    cr_expect(span_eq(outbox_key(s->sent[0]), span_of("host|mx.example.com")));
    expect_order(s, topics, sizeof(topics) / sizeof(topics[0]));
    buf_deinit(&state);
    scene_end(s);
}

/* The row, then what is known by it, then whoever hears of it. */
static void expect_known_before_heard(enum table_id table, const struct buf *state,
                                      const struct buf *heard)
{
    const enum fleet_topic topics[] = {(enum fleet_topic)(FLEET_ROWS + (unsigned)table),
                                       FLEET_STATE, FLEET_ANSWERS};
    struct scene *s = scene_new(1, 0);
    s->count = 0;
    post_row(s, table);
    post_state(s, 0, state);
    buf_put(&s->outboxes[1], buf_span(heard));
    member_route_turn(s->member, 0, s->outboxes);
    let_writer_take(s);
    expect_order(s, topics, heard->len > 0 ? 3 : 2);
    scene_end(s);
}

Test(member, what_is_done_is_known_before_others_hear_of_it)
{
    struct buf state = BUF_INIT(BUF_NO_LIMIT);
    struct buf heard = BUF_INIT(BUF_NO_LIMIT);
    const struct span host = span_of("mx.example.com");
    const struct net_addr a = net_addr_v4((const uint8_t[]){192, 0, 2, 1});
    message_put_known_service(&state, &(struct message_known_service){.address = a, .port = 25});
    expect_known_before_heard(TABLE_SERVICES, &state, &heard);
    buf_reset(&state);
    message_put_known_name(&state, &(struct message_known_name){.host = host, .address = a});
    message_put_endpoint_done(&heard, &(struct message_endpoint_done){.host = host});
    expect_known_before_heard(TABLE_ENDPOINTS, &state, &heard);
    buf_reset(&state);
    buf_reset(&heard);
    message_put_known_host(&state, &(struct message_known_host){.host = host});
    message_put_host_done(
        &heard, &(struct message_host_done){.domain = span_of("example.com"), .host = host});
    expect_known_before_heard(TABLE_HOSTS, &state, &heard);
    buf_reset(&state);
    buf_reset(&heard);
    message_put_known_domain(&state, &(struct message_known_domain){.input_line = 1});
    expect_known_before_heard(TABLE_DOMAINS, &state, &heard);
    buf_deinit(&state);
    buf_deinit(&heard);
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

static void hear_own_beat(struct scene *s, int64_t age_ms)
{
    atomic_store(&s->member->sent_ms, clock_boot_ms() - age_ms);
}

static void keep_line(void *arg, const char *line)
{
    struct buf *said = arg;
    buf_put_text(said, line);
    buf_put_char(said, '\n');
}

/* What was said since the last call. */
static void expect_said(struct scene *s, const char *words)
{
    struct buf said = BUF_INIT(BUF_NO_LIMIT);
    member_say_notices(s->member, keep_line, &said);
    buf_put_char(&said, '\0');
    cr_expect(words != NULL ? strstr((char *)said.at, words) != NULL : said.len == 1, "%s",
              (char *)said.at);
    buf_deinit(&said);
}

static void take_seat(struct scene *s, uint16_t number, uint32_t epoch, const char *name)
{
    const struct message_fleet_take t = {.member = number, .epoch = epoch, .name = span_of(name)};
    cr_expect(roster_take(&s->member->roster, &t));
}

Test(member, who_leaves_unfinished_leaves_a_place_that_is_waited_for)
{
    struct scene *s = scene_new(3, 0);
    open_kafka(s);
    join(s, "one");
    join(s, "two");
    join(s, "three");
    hear_own_beat(s, 0);
    leave(s, 1, true);
    expect_lost(s, NULL);
    expect_said(s, NULL);
    leave(s, 2, false);
    expect_lost(s, NULL);
    expect_said(s, "member 3 of 3 has left before its work was done: its place is free");
    cr_expect(member_is_held_up(s->member));
    expect_lost(s, NULL);
    expect_said(s, NULL); /* once */
    take_seat(s, 2, 2, "four");
    expect_lost(s, NULL);
    expect_said(s, "member 3 of 3 is another mxcensus work now");
    cr_expect_not(member_is_held_up(s->member));
    scene_end(s);
}

Test(member, nobody_takes_a_free_place_for_too_long)
{
    struct scene *s = scene_new(2, 0);
    open_kafka(s);
    join(s, "one");
    join(s, "two");
    leave(s, 1, false);
    hear_own_beat(s, 0);
    expect_lost(s, NULL);
    s->member->free.waited_ms = KAFKA_LOST_MS;
    hear_own_beat(s, 4000); /* brokers are away: nobody could take it */
    s->member->free.looked_ms = 0;
    expect_lost(s, NULL);
    hear_own_beat(s, 0);
    s->member->free.looked_ms = 0;
    expect_lost(s, "member 2 of 2 was lost 10 minutes ago, and nobody has taken its place");
    block_watch_last(&s->member->watch, 1);
    for (uint32_t part = 0; part < PARTS; part++) {
        block_watch_done(&s->member->watch, part);
    }
    expect_lost(s, NULL); /* all lines have their rows */
    scene_end(s);
}

Test(member, dials_as_long_as_its_beats_come_back_and_resets_before_others_dial)
{
    static const struct {
        int64_t age_ms; /* of 45 s */
        bool dials;
        bool resets;
    } of[] = {{0, true, false},
              {9500, true, false},
              {10500, false, false},
              {34500, false, false},
              {35500, false, true}};
    struct scene *s = scene_new(2, 0);
    cr_expect_not(member_may_dial(s->member), "none came back yet");
    cr_expect_not(member_has_to_reset(s->member));
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        hear_own_beat(s, of[i].age_ms);
        cr_expect_eq(member_may_dial(s->member), of[i].dials, "%d ms", (int)of[i].age_ms);
        cr_expect_eq(member_has_to_reset(s->member), of[i].resets, "%d ms", (int)of[i].age_ms);
    }
    hear_own_beat(s, 0);
    s->member->dial_from_ms = clock_boot_ms() + 5000;
    cr_expect_not(member_may_dial(s->member), "one distance behind who sat here before");
    cr_expect(member_may_dial(NULL), "who is alone");
    cr_expect_not(member_has_to_reset(NULL));
    scene_end(s);
}

Test(member, whose_place_was_taken_stops_and_sends_nothing)
{
    struct scene *s = scene_new(2, 1);
    open_kafka(s);
    hear_own_beat(s, 0);
    cr_expect(member_may_dial(s->member));
    atomic_store(&s->member->taken, true);
    cr_expect_not(member_may_dial(s->member));
    cr_expect(member_has_to_reset(s->member));
    expect_lost(s, "member 2 of 2 was this one: another mxcensus work has taken its place");
    want_address(s, 0);
    member_route_turn(s->member, 2, s->outboxes);
    let_writer_take(s);
    cr_expect_eq(s->count, 0);
    member_send(s->member, true); /* waits for nothing */
    scene_end(s);
}

/* --- permits of before ------------------------------------------------------------------------ */

static bool hold_want(struct scene *s, uint64_t fetch)
{
    struct message_permit_want w = {.fetch = fetch, .address = {.family = 4}};
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    message_put_permit_want(&out, &w);
    struct span in = buf_span(&out);
    enum message_kind kind;
    struct span body;
    cr_assert(message_next(&in, &kind, &body));
    bool held = member_hold_permit(s->member, 0, kind, body);
    buf_deinit(&out);
    return held;
}

static bool hold_return(struct scene *s, uint64_t fetch)
{
    struct message_permit_return r = {.fetch = fetch, .address = {.family = 4}};
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    message_put_permit_return(&out, &r);
    struct span in = buf_span(&out);
    enum message_kind kind;
    struct span body;
    cr_assert(message_next(&in, &kind, &body));
    bool held = member_hold_permit(s->member, 0, kind, body);
    buf_deinit(&out);
    return held;
}

Test(member, permits_of_before_are_wanted_where_they_were_not_returned)
{
    struct scene *s = scene_new(2, 0);
    struct member *other = s->member; /* seats count from 0, epochs from 1 */
    join(s, "one");
    join(s, "two");
    other->epoch = 1;
    uint64_t first = member_first_fetch(other);
    cr_expect_not(hold_want(s, first + 1), "who joined has nothing to catch up with");
    s->member->replay.on = true;
    cr_expect(hold_want(s, first + 1));
    cr_expect(hold_want(s, first + 2));
    cr_expect(hold_return(s, first + 1));
    cr_expect(hold_return(s, first + 9), "of none");
    take_seat(s, 0, 2, "three");
    cr_expect(hold_want(s, first + 3), "whoever asked is gone");
    other->epoch = 2;
    cr_expect_neq(member_first_fetch(other), first);
    cr_expect(hold_want(s, member_first_fetch(other) + 1));
    uint32_t left = 0;
    for (uint32_t i = 0; i < s->member->replay.permit_count; i++) {
        left += !s->member->replay.permits[i].returned;
    }
    cr_expect_eq(left, 2, "%u", left);
    s->member->replay.ended[0] = true;
    cr_expect_not(hold_want(s, first + 4), "of now");
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
