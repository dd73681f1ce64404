#pragma once

/**
 * Carries question octets to a name server and brings back the answer octets, or says that
 * there are none. Nothing above this header knows what library does it.
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
    DNS_TRANSPORT_BROKEN,      /* TCP: refused, or closed before the answer */
    DNS_TRANSPORT_LOCAL_FAULT, /* no socket, or the system takes no more octets */
};

/** Embedded in the caller's question; must stay where it is while the exchange is under way. */
struct dns_exchange {
    struct dns_transport *transport;
    struct dns_channel *channel;
};

/** Once for every dns_transport_send(), possibly from inside it. `answer` holds at least a header and one
 * question, and is valid during the call. Must not call back into the transport. */
typedef void (*dns_transport_fn)(struct dns_exchange *exchange, enum dns_transport_end end,
                                 struct span answer);
typedef void (*dns_transport_closed_fn)(void *arg);

struct dns_transport;

/* Sockets of one server at most: TCP connections; UDP ports that still wait beside the one in use. */
#define DNS_TCP_CONNECTIONS  4
#define DNS_UDP_PORT_QUERIES 1024 /* sent from one UDP port at most (RFC 5452 section 9.2) */

/** `timeout_ms`: how long one exchange waits. Its sockets do not keep the loop alive. */
struct dns_transport *dns_transport_new(uv_loop_t *loop, uint32_t timeout_ms,
                                        dns_transport_fn done);
/** @return false when the library refuses (out of memory or descriptors). */
bool dns_transport_add_server(struct dns_transport *t, const struct net_addr *address,
                              uint16_t port);
/** Starts an exchange with the server added as number `server` from 0; `query` is copied, its id is chosen here. Datagrams may wait for
 * dns_transport_flush(). */
void dns_transport_send(struct dns_transport *t, uint32_t server, bool tcp, uint8_t *query,
                        size_t len, struct dns_exchange *exchange);
void dns_transport_flush(struct dns_transport *t);
/** Ends what waited too long. To be called every 50 ms or so while an exchange is under way. */
void dns_transport_tick(struct dns_transport *t);
/** Whether a datagram to `server` was refused (ICMP) since the last call. A hint: anybody on the
 * path can send one, so it ends no exchange. */
bool dns_transport_take_refusal(struct dns_transport *t, uint32_t server);
/** Drops all exchanges without a call. `closed` runs when the last handle is gone, at once when
 * there is none. */
void dns_transport_free(struct dns_transport *t, dns_transport_closed_fn closed, void *arg);

/** The version of the library that runs. Static text. */
const char *dns_transport_library_version(void);
