#pragma once

/**
 * Questions that wait for their answers over UDP: found by port and id, ended in the order in which they are due. Pure: ids and
 * time are told. The number of places is bounded, and each holds the octets of its question, so that none costs an allocation and what the answer
 * has to repeat is at hand.
 *
 * All of them wait equally long, so the order in which they are put in is the order in which they are due.
 */

#include <sys/queue.h>

#include "resolver/dns_query.h"
#include "resolver/dns_transport.h"

#define UDP_BUCKETS 8192 /* a power of two; ids are random, so a bucket holds one or none, mostly */

struct udp_port;

struct udp_question {
    TAILQ_ENTRY(udp_question) by_due;
    LIST_ENTRY(udp_question) by_id;
    TAILQ_ENTRY(udp_question) unsent; /* of the port, for the owner; so is what follows */
    struct dns_exchange *exchange;
    struct udp_port *port;
    uint64_t due_ms;
    uint16_t id;
    uint16_t len;
    bool is_sent;
    uint8_t octets[DNS_QUERY_MAX];
};

TAILQ_HEAD(udp_questions, udp_question);

struct udp_table {
    struct udp_questions due;
    LIST_HEAD(udp_bucket, udp_question) bucket[UDP_BUCKETS];
    struct udp_bucket free;
    unsigned used; /* places that were ever taken: pages of others are never touched */
    unsigned count;
    struct udp_question place[DNS_UDP_UNDER_WAY];
};

/** `t` is all zero. */
void udp_table_init(struct udp_table *t);
/** A place for a question of this port and id, of which there must be none yet; the rest of it is for the caller to fill. `due_ms` is not before that of any other.
 * @return NULL: all are taken */
struct udp_question *udp_table_put(struct udp_table *t, struct udp_port *port, uint16_t id,
                                   uint64_t due_ms);
/** @return NULL: there is none */
struct udp_question *udp_table_find(const struct udp_table *t, const struct udp_port *port,
                                    uint16_t id);
/** The one that is due first. @return NULL: none is at `now_ms` */
struct udp_question *udp_table_due(const struct udp_table *t, uint64_t now_ms);
/** `due_ms` as of udp_table_put(). */
void udp_table_put_off(struct udp_table *t, struct udp_question *q, uint64_t due_ms);
void udp_table_drop(struct udp_table *t, struct udp_question *q);
