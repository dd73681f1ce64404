#include "scanner/fleet/topics.h"

#include <stdio.h>

#include "scanner/base/check.h"

static bool is_topic_name(const char *scan)
{
    size_t len = strspn(scan, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    return len > 0 && len <= FLEET_NAME_MAX && scan[len] == '\0' && scan[0] != '.' &&
           scan[len - 1] != '.';
}

bool fleet_topics_init(struct fleet_topics *t, const char *scan, struct buf *why)
{
    static const char *const words[] = {"control",  "beats",   "domains", "hosts",
                                        "services", "answers", "state",   "dead"};
    *t = (struct fleet_topics){0};
    if (!is_topic_name(scan)) {
        buf_putf(why,
                 "--scan %s: no name for topics: give letters, digits, '-', '_' and, not at its "
                 "ends, '.', %d "
                 "at most",
                 scan, FLEET_NAME_MAX);
        return false;
    }
    for (unsigned i = 0; i < FLEET_ROWS; i++) {
        (void)snprintf(t->name[i], FLEET_TOPIC_MAX, "%s.%s", scan, words[i]);
    }
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        if (!table_is_csv_only((enum table_id)i)) {
            (void)snprintf(t->name[FLEET_ROWS + i], FLEET_TOPIC_MAX, "%s.rows.%s", scan,
                           table_name((enum table_id)i));
        }
    }
    return true;
}

static uint32_t partitions_of(unsigned topic, uint32_t parts)
{
    bool one = topic == FLEET_CONTROL || topic == FLEET_BEATS || topic == FLEET_DEAD;
    return one ? 1 : topic >= FLEET_ROWS ? FLEET_ROWS_PARTS : parts;
}

bool fleet_topics_make(const struct fleet_topics *t, struct kafka *k, uint32_t parts, bool *usage,
                       struct buf *why)
{
    struct kafka_topic missing[FLEET_TOPIC_COUNT];
    size_t count = 0;
    *usage = false;
    for (unsigned i = 0; i < FLEET_TOPIC_COUNT; i++) {
        uint32_t wanted = partitions_of(i, parts);
        int there = t->name[i][0] != '\0' ? kafka_partitions(k, t->name[i], why) : (int)wanted;
        if (there < 0) {
            return false;
        }
        if (there == 0) {
            missing[count++] = (struct kafka_topic){
                .name = t->name[i],
                .partitions = wanted,
                .compacted = i >= FLEET_ROWS || i == FLEET_BEATS || i == FLEET_STATE};
        } else if ((uint32_t)there != wanted) {
            buf_putf(why,
                     "--partitions: topic %s is there with %d partitions, not %u: give the number "
                     "that the scan began with, or another --scan",
                     t->name[i], there, wanted);
            *usage = true;
            return false;
        }
    }
    return count == 0 || kafka_make_topics(k, missing, count, why);
}

bool fleet_topics_drop(const struct fleet_topics *t, struct kafka *k, struct buf *why)
{
    const char *names[FLEET_TOPIC_COUNT];
    size_t count = 0;
    for (unsigned i = 0; i < FLEET_TOPIC_COUNT; i++) {
        if (t->name[i][0] != '\0') {
            names[count++] = t->name[i];
        }
    }
    return kafka_drop_topics(k, names, count, why);
}

enum fleet_topic fleet_topic_of(const struct fleet_topics *t, const char *name)
{
    unsigned i = 0;
    while (i < FLEET_TOPIC_COUNT && strcmp(t->name[i], name) != 0) {
        i++;
    }
    return (enum fleet_topic)i;
}

enum fleet_topic fleet_topic_of_kind(enum message_kind kind)
{
    switch ((int)kind) {
    case MESSAGE_DOMAIN:
    case MESSAGE_BLOCK_END:
        return FLEET_DOMAINS;
    case MESSAGE_HOST_WANT:
    case MESSAGE_NAME_CHECK:
        return FLEET_HOSTS;
    case MESSAGE_ADDRESS_WANT:
    case MESSAGE_PERMIT_WANT:
    case MESSAGE_PERMIT_RETURN:
        return FLEET_SERVICES;
    case MESSAGE_HOST_LATE:
    case MESSAGE_HOST_RESOLVED:
    case MESSAGE_HOST_DONE:
    case MESSAGE_ENDPOINT_DONE:
    case MESSAGE_NAME_CHECKED:
    case MESSAGE_PERMIT_GRANT:
        return FLEET_ANSWERS;
    case MESSAGE_KNOWN_DOMAIN:
    case MESSAGE_KNOWN_HOST:
    case MESSAGE_KNOWN_RESOLVED:
    case MESSAGE_KNOWN_SERVICE:
    case MESSAGE_KNOWN_NAME:
    case MESSAGE_KNOWN_SPEAKER:
        return FLEET_STATE;
    case MESSAGE_FLEET_FILE:
    case MESSAGE_FLEET_JOIN:
    case MESSAGE_FLEET_SETTLED:
    case MESSAGE_FLEET_SENT:
    case MESSAGE_FLEET_LAST:
    case MESSAGE_FLEET_DONE:
    case MESSAGE_FLEET_LEFT:
    case MESSAGE_FLEET_TAKE:
    case MESSAGE_FLEET_AWAY:
        return FLEET_CONTROL;
    case MESSAGE_FLEET_BEAT:
        return FLEET_BEATS;
    default:
        return FLEET_TOPIC_COUNT;
    }
}

static void put_pair(struct buf *key, struct span one, struct span other)
{
    buf_put(key, one);
    buf_put_char(key, '|');
    buf_put(key, other);
}

static void put_address(struct buf *key, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_MAX];
    buf_put(key, (struct span){(const uint8_t *)text, net_addr_format(a, text)});
}

/* Of `state`, where several kinds lie in one topic. */
static void put_known_place(struct buf *key, const char *kind, const struct net_addr *a,
                            uint16_t port)
{
    buf_put_text(key, kind);
    put_address(key, a);
    buf_putf(key, "|%u", (unsigned)port);
}

static void put_known_name(struct buf *key, const char *kind, struct span host,
                           const struct net_addr *a, uint16_t port)
{
    put_known_place(key, kind, a, port);
    buf_put_char(key, '|');
    buf_put(key, host);
}

/* The result of a host takes the place of its addresses. */
static void put_known_host(struct buf *key, struct span host)
{
    buf_put_text(key, "host|");
    buf_put(key, host);
}

void fleet_put_key(struct buf *key, enum message_kind kind, struct span body)
{
    switch ((int)kind) {
    case MESSAGE_DOMAIN: {
        struct message_domain m = message_get_domain(body);
        buf_put(key, message_domain_key(&m));
        return;
    }
    case MESSAGE_HOST_WANT:
        buf_put(key, message_get_host_want(body).host);
        return;
    case MESSAGE_NAME_CHECK:
        buf_put(key, message_get_name_check(body).name);
        return;
    case MESSAGE_ADDRESS_WANT: {
        struct message_address_want m = message_get_address_want(body);
        put_address(key, &m.address);
        return;
    }
    case MESSAGE_HOST_LATE: {
        struct message_host_late m = message_get_host_late(body);
        put_pair(key, m.domain, m.host);
        return;
    }
    case MESSAGE_HOST_RESOLVED: {
        struct message_host_resolved m = message_get_host_resolved(body);
        put_pair(key, m.domain, m.host);
        return;
    }
    case MESSAGE_HOST_DONE: {
        struct message_host_done m = message_get_host_done(body);
        put_pair(key, m.domain, m.host);
        return;
    }
    case MESSAGE_ENDPOINT_DONE:
        buf_put(key, message_get_endpoint_done(body).host);
        return;
    case MESSAGE_NAME_CHECKED: {
        struct message_name_checked m = message_get_name_checked(body);
        put_address(key, &m.address);
        return;
    }
    case MESSAGE_KNOWN_DOMAIN:
        buf_putf(key, "line|%llu", (unsigned long long)message_get_known_domain(body).input_line);
        return;
    case MESSAGE_KNOWN_HOST:
        put_known_host(key, message_get_known_host(body).host);
        return;
    case MESSAGE_KNOWN_RESOLVED:
        put_known_host(key, message_get_known_resolved(body).host);
        return;
    case MESSAGE_KNOWN_SERVICE: {
        struct message_known_service m = message_get_known_service(body);
        put_known_place(key, "service|", &m.address, m.port);
        return;
    }
    case MESSAGE_KNOWN_NAME: {
        struct message_known_name m = message_get_known_name(body);
        put_known_name(key, "name|", m.host, &m.address, m.port);
        return;
    }
    case MESSAGE_KNOWN_SPEAKER: {
        struct message_known_speaker m = message_get_known_speaker(body);
        put_known_name(key, "speaker|", m.host, &m.address, m.port);
        return;
    }
    default:
        return;
    }
}
