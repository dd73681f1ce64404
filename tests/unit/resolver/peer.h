#pragma once

#include <uv.h>

#include "tests/unit/resolver/wire.h"

/**
 * A name server on loopback, UDP and TCP on one port. How it answers is said by the first label
 * of the name asked; see peer.c.
 */
struct peer {
    uv_udp_t udp;
    uv_tcp_t tcp;
    struct net_addr address;
    uint16_t port;
    bool silent;    /* never answers */
    bool servfails; /* answers everything with SERVFAIL, CD or not */
    bool refuses;   /* answers everything with REFUSED */
    unsigned udp_questions;
    unsigned tcp_questions;
    unsigned cd_questions;
    unsigned plain_questions; /* without OPT */
    unsigned connections;
    unsigned ports; /* that datagrams came from */
    uint8_t port_seen[65536];
    struct connection *list; /* open ones */
    bool dropped_once;
    struct sockaddr_storage held_from; /* of the question that is held back */
    struct wire held;
    struct wire answer;
};

/** @return false when the machine has no such address; peer_stop() is needed all the same. */
bool peer_start(struct peer *p, uv_loop_t *loop, const char *address);
void peer_stop(struct peer *p); /* the loop must run once more */
