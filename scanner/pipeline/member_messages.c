/**
 * Messages of others, as far as they can be read, and who owns what they are about.
 */
#include <stdio.h>

#include "scanner/pipeline/member_bounds.h"
#include "scanner/pipeline/member_private.h"

#define NOTICES_MAX 20 /* messages that cannot be read: each is told, so many */

/* --- what cannot be read ---------------------------------------------------------------------- */

void member_notice(struct member *m, const struct buf *line)
{
    (void)pthread_mutex_lock(&m->noticing);
    buf_put(&m->notices, buf_span(line));
    buf_put_char(&m->notices, '\0');
    (void)pthread_mutex_unlock(&m->noticing);
}

void member_keep_dead(struct member *m, const struct kafka_record *r, const char *reason)
{
    char place[64];
    int len = snprintf(place, sizeof(place), "%u|%lld", r->partition, (long long)r->offset);
    const struct kafka_header headers[] = {
        {"topic", span_of(r->topic)},
        {"partition|offset", {(const uint8_t *)place, (size_t)len}},
        {"reason", span_of(reason)},
    };
    bool kept = kafka_send_noted(m->kafka, member_topic(m, FLEET_DEAD), r->value, headers,
                                 sizeof(headers) / sizeof(headers[0]));
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    (void)pthread_mutex_lock(&m->noticing);
    bool told = ++m->unreadable <= NOTICES_MAX;
    (void)pthread_mutex_unlock(&m->noticing);
    if (!told) {
        return;
    }
    buf_putf(&line, "topic %s, partition %u, offset %lld: a message that cannot be used: %s; %s %s",
             r->topic, r->partition, (long long)r->offset, reason,
             kept ? "it is kept in topic" : "it could not be kept in topic",
             member_topic(m, FLEET_DEAD));
    member_notice(m, &line);
    buf_deinit(&line);
}

/* @return false: it is among the dead */
bool member_read_message(struct member *m, const struct kafka_record *r, enum message_kind *kind,
                         struct span *body)
{
    enum message_fault fault = message_check(r->value, kind, body);
    if (fault == MESSAGE_SOUND &&
        fleet_topic_of_kind(*kind) == fleet_topic_of(m->topics, r->topic)) {
        return true;
    }
    member_keep_dead(m, r,
                     fault == MESSAGE_SOUND ? "of a kind that is not for this topic"
                                            : message_fault_text(fault));
    return false;
}

/* Who owns what a message between owners is about. */
static uint32_t part_of_message(const struct member *m, enum message_kind kind, struct span body)
{
    const struct division *d = &m->division;
    switch ((int)kind) {
    case MESSAGE_HOST_WANT:
        return part_of_key(message_get_host_want(body).host, d);
    case MESSAGE_NAME_CHECK:
        return part_of_key(message_get_name_check(body).name, d);
    case MESSAGE_ENDPOINT_DONE:
        return part_of_key(message_get_endpoint_done(body).host, d);
    case MESSAGE_HOST_LATE:
        return part_of_key(message_get_host_late(body).domain, d);
    case MESSAGE_HOST_RESOLVED:
        return part_of_key(message_get_host_resolved(body).domain, d);
    case MESSAGE_HOST_DONE:
        return part_of_key(message_get_host_done(body).domain, d);
    case MESSAGE_ADDRESS_WANT: {
        struct message_address_want w = message_get_address_want(body);
        return part_of_address(&w.address, d);
    }
    case MESSAGE_NAME_CHECKED: {
        struct message_name_checked c = message_get_name_checked(body);
        return part_of_address(&c.address, d);
    }
    case MESSAGE_PERMIT_WANT: {
        struct message_permit_want w = message_get_permit_want(body);
        return part_of_address(&w.address, d);
    }
    case MESSAGE_PERMIT_RETURN: {
        struct message_permit_return r = message_get_permit_return(body);
        return part_of_address(&r.address, d);
    }
    case MESSAGE_KNOWN_DOMAIN: {
        struct message_known_domain k = message_get_known_domain(body);
        return k.domain.len > 0 ? part_of_key(k.domain, d) : UINT32_MAX;
    }
    case MESSAGE_KNOWN_HOST:
        return part_of_key(message_get_known_host(body).host, d);
    case MESSAGE_KNOWN_RESOLVED:
        return part_of_key(message_get_known_resolved(body).host, d);
    case MESSAGE_KNOWN_SERVICE: {
        struct message_known_service k = message_get_known_service(body);
        return part_of_address(&k.address, d);
    }
    case MESSAGE_KNOWN_NAME: {
        struct message_known_name k = message_get_known_name(body);
        return part_of_address(&k.address, d);
    }
    case MESSAGE_KNOWN_SPEAKER: {
        struct message_known_speaker k = message_get_known_speaker(body);
        return part_of_address(&k.address, d);
    }
    default: /* a permit goes to whoever asked */
        return UINT32_MAX;
    }
}

/* Where it lies, somebody else would do what its owner does. */
bool member_is_of_partition(struct member *m, const struct kafka_record *r, enum message_kind kind,
                            struct span body)
{
    uint32_t part = part_of_message(m, kind, body);
    bool right = part == UINT32_MAX || part == r->partition;
    if (!right) {
        member_keep_dead(m, r, "about a key of another partition");
    }
    return right;
}

void member_say_notices(struct member *m, void (*say)(void *arg, const char *line), void *arg)
{
    (void)pthread_mutex_lock(&m->noticing);
    struct buf lines = m->notices;
    m->notices = BUF_INIT(BUF_NO_LIMIT);
    (void)pthread_mutex_unlock(&m->noticing);
    for (size_t at = 0; at < lines.len; at += strlen((const char *)lines.at + at) + 1) {
        say(arg, (const char *)lines.at + at);
    }
    buf_deinit(&lines);
}

bool member_is_within_bounds(struct member *m, const struct kafka_record *r, enum message_kind kind,
                             struct span body)
{
    const char *fault = member_bounds_fault(m->scan, kind, body);
    if (fault != NULL) {
        member_keep_dead(m, r, fault);
    }
    return fault == NULL;
}
