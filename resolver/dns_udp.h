#pragma once

/**
 * dns_transport over UDP.
 *
 * Sockets are connected: the system lets through what comes from the server only. An answer ends the question of its port and id whose
 * question section it repeats; whatever else comes is counted and passed over, as anybody may send it: RFC 5452 section 9.1.
 * A port, which the system drew, is followed by another after DNS_UDP_PORT_QUERIES questions, or a minute: who learns it
 * has the id alone to guess (section 9.2). It stays open for the answers that are still to come. While DNS_UDP_PORTS_WAITING do so, or no descriptor
 * is left, the port in use is used on.
 * One readable socket costs one batch: the loop goes on to other things in between. But what waits in the kernel is read before anything times
 * out. A datagram for which the system has no room waits, and one that waits for as long as an answer may take is a fault of ours, as is
 * one that the system refuses to send.
 */

#include "resolver/dns_transport.h"

struct dns_udp;

/* Each as its namesake in dns_transport.h. */
struct dns_udp *dns_udp_new(uv_loop_t *loop, uint32_t timeout_ms, dns_transport_fn done);
void dns_udp_add_server(struct dns_udp *u, const struct net_addr *address, uint16_t port);
void dns_udp_send(struct dns_udp *u, uint32_t server, struct span query,
                  struct dns_exchange *exchange);
void dns_udp_flush(struct dns_udp *u);
void dns_udp_tick(struct dns_udp *u);
bool dns_udp_take_refusal(struct dns_udp *u, uint32_t server);
uint64_t dns_udp_passed_over(const struct dns_udp *u);
void dns_udp_free(struct dns_udp *u, dns_transport_closed_fn closed, void *arg);
