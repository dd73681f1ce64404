#include <string.h>

#include <criterion/criterion.h>

#include "scanner/fleet/topics.h"

Test(topics, names_are_those_of_the_scan)
{
    struct fleet_topics t;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(fleet_topics_init(&t, "night", &why));
    cr_expect_str_eq(t.name[FLEET_CONTROL], "night.control");
    cr_expect_str_eq(t.name[FLEET_ROWS + TABLE_ENDPOINTS], "night.rows.endpoints");
    for (unsigned i = 0; i < FLEET_TOPIC_COUNT; i++) {
        cr_expect(t.name[i][0] == '\0' || fleet_topic_of(&t, t.name[i]) == i, "%s", t.name[i]);
    }
    cr_expect_eq(fleet_topic_of(&t, "day.control"), FLEET_TOPIC_COUNT);
    buf_deinit(&why);
}

Test(topics, a_name_that_kafka_does_not_take_is_refused)
{
    static const char *const bad[] = {
        "",
        "a b",
        ".night",
        "night.",
        "n/1",
        "Nächte",
        "a12345678901234567890123456789012345678901234567890"
        "12345678901234567890123456789012345678901234567890",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct fleet_topics t;
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_expect_not(fleet_topics_init(&t, bad[i], &why), "%s", bad[i]);
        cr_expect(why.len > 0);
        buf_deinit(&why);
    }
}

/* Every kind that leaves a process has its topic, and no other. */
Test(topics, of_kinds)
{
    cr_expect_eq(fleet_topic_of_kind(MESSAGE_DOMAIN), FLEET_DOMAINS);
    cr_expect_eq(fleet_topic_of_kind(MESSAGE_NAME_CHECK), FLEET_HOSTS);
    cr_expect_eq(fleet_topic_of_kind(MESSAGE_PERMIT_RETURN), FLEET_SERVICES);
    cr_expect_eq(fleet_topic_of_kind(MESSAGE_PERMIT_GRANT), FLEET_ANSWERS);
    cr_expect_eq(fleet_topic_of_kind(MESSAGE_FLEET_SENT), FLEET_CONTROL);
    cr_expect_eq(fleet_topic_of_kind(MESSAGE_KNOWN_RESOLVED), FLEET_STATE);
    static const enum message_kind inside[] = {
        MESSAGE_LEASE_WANT,  MESSAGE_LEASE_GRANT, MESSAGE_CHAIN_NEW,   MESSAGE_CHAIN_KNOWN,
        MESSAGE_POLICY_WANT, MESSAGE_POLICY_DONE, MESSAGE_ROWS,        MESSAGE_BLOCK_FENCE,
        MESSAGE_STOP,        MESSAGE_OUTWARD,     MESSAGE_KNOWN_CHAIN, MESSAGE_ADDRESS_PERHAPS};
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        cr_expect_eq(fleet_topic_of_kind(inside[i]), FLEET_TOPIC_COUNT, "%d", (int)inside[i]);
    }
}

Test(topics, keys_name_what_a_message_is_about)
{
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    const struct message_host_resolved m = {.domain = span_of("a.test"),
                                            .host = span_of("mx.a.test")};
    enum message_kind kind;
    struct span body;
    message_put_host_resolved(&message, &m);
    struct span in = buf_span(&message);
    cr_assert(message_next(&in, &kind, &body));
    fleet_put_key(&key, kind, body);
    cr_expect(span_eq(buf_span(&key), span_of("a.test|mx.a.test")));
    buf_deinit(&message);
    buf_deinit(&key);
}

static void expect_key(struct buf *message, const char *expected)
{
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    enum message_kind kind;
    struct span body;
    struct span in = buf_span(message);
    cr_assert(message_next(&in, &kind, &body));
    fleet_put_key(&key, kind, body);
    cr_expect(span_eq(buf_span(&key), span_of(expected)), "%.*s, not %s", (int)key.len,
              (const char *)key.at, expected);
    buf_deinit(&key);
    buf_reset(message);
}

/* In one topic, which is compacted: only a host's row takes the place of its addresses. */
Test(topics, keys_of_what_is_known)
{
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    const struct net_addr address = net_addr_v4((const uint8_t[]){11, 0, 0, 1});
    const struct message_known_domain domain = {.input_line = 7, .domain = span_of("a.test")};
    message_put_known_domain(&message, &domain);
    expect_key(&message, "line|7");
    const struct message_known_resolved resolved = {.host = span_of("mx.a.test")};
    message_put_known_resolved(&message, &resolved);
    expect_key(&message, "host|mx.a.test");
    const struct message_known_host host = {.host = span_of("mx.a.test")};
    message_put_known_host(&message, &host);
    expect_key(&message, "host|mx.a.test");
    const struct message_known_service service = {.address = address, .port = 25};
    message_put_known_service(&message, &service);
    expect_key(&message, "service|11.0.0.1|25");
    const struct message_known_name name = {
        .host = span_of("mx.a.test"), .address = address, .port = 25};
    message_put_known_name(&message, &name);
    expect_key(&message, "name|11.0.0.1|25|mx.a.test");
    const struct message_known_speaker speaker = {
        .host = span_of("mx.a.test"), .address = address, .port = 25};
    message_put_known_speaker(&message, &speaker);
    expect_key(&message, "speaker|11.0.0.1|25|mx.a.test");
    buf_deinit(&message);
}
