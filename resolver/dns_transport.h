#pragma once

/**
 * Carries question octets to a name server and brings back the answer octets, or says that
 * there are none: over UDP itself (dns_udp.h), over TCP by a library (dns_tcp.h) that nothing above this header knows.
 *
 * One question, one exchange, one server: repeats and the choice of server belong to the caller.
 * Over UDP the whole datagram is handed up, TC bit included; TCP is used when it is asked for.
 * An answer is handed up only when its id and question match those of the exchange, and it comes to the
 * port that the question was sent from.
 */

#include <uv.h>

#include "scanner/base/net_addr.h"

enum dns_transport_end {
    DNS_TRANSPORT_ANSWER,
    DNS_TRANSPORT_TIMEOUT,
    DNS_TRANSPORT_BROKEN, /* TCP: refused, or closed before the answer */
    DNS_TRANSPORT_LOCAL_FAULT, /* no socket, no way to the server, or the system does not take the octets */
};

/** Embedded in the caller's question; must stay where it is while the exchange is under way. */
struct dns_exchange {
    struct dns_channel *channel; /* of TCP */
};

/** Once for every dns_transport_send(), possibly from inside this or another one, or of dns_transport_flush(). `answer` holds at least a header and one
 * question, or is dns_message_is_bare_error(), and is valid during the call. Must not call back into the transport. */
typedef void (*dns_transport_fn)(struct dns_exchange *exchange, enum dns_transport_end end,
                                 struct span answer);
typedef void (*dns_transport_closed_fn)(void *arg);

struct dns_transport;

#define DNS_TCP_CONNECTIONS  4    /* to one server at most */
#define DNS_UDP_PORT_QUERIES 1024 /* after which another UDP port follows (RFC 5452 section 9.2) */
#define DNS_UDP_UNDER_WAY    4096 /* exchanges over UDP; our own bound */
#define DNS_UDP_PORTS_WAITING \
    16 /* ports of a server beside the one in use, for answers; our own bound */

/** `timeout_ms`: how long one exchange waits. Its sockets do not keep the loop alive. */
struct dns_transport *dns_transport_new(uv_loop_t *loop, uint32_t timeout_ms,
                                        dns_transport_fn done);
void dns_transport_add_server(struct dns_transport *t, const struct net_addr *address,
                              uint16_t port);
/** Starts an exchange with the server added as number `server` from 0; `query`, of at most DNS_QUERY_MAX octets, is copied, its id is chosen here.
 * Datagrams may wait for dns_transport_flush(). At most DNS_UDP_UNDER_WAY of them are under way at once: one more is a LOCAL_FAULT. */
void dns_transport_send(struct dns_transport *t, uint32_t server, bool tcp, struct span query,
                        struct dns_exchange *exchange);
void dns_transport_flush(struct dns_transport *t);
/** Ends what waited too long. To be called every 50 ms or so while an exchange is under way. */
void dns_transport_tick(struct dns_transport *t);
/** Whether a datagram to `server` was refused (ICMP) since the last call. A hint: anybody on the
 * path can send one, so it ends no exchange. */
bool dns_transport_take_refusal(struct dns_transport *t, uint32_t server);
/** Datagrams that answered no question under way: late, twice, or not from the server. */
uint64_t dns_transport_passed_over(const struct dns_transport *t);
/** Drops all exchanges without a call. `closed` runs when the last handle is gone, at once when
 * there is none. */
void dns_transport_free(struct dns_transport *t, dns_transport_closed_fn closed, void *arg);

/** The version of the library of TCP that runs. Static text. */
const char *dns_transport_library_version(void);
