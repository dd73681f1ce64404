#pragma once

/** dns_transport over TCP: ares_tcp.c, the only file that knows the library. */

#include "resolver/dns_transport.h"

struct dns_tcp;

/* Each as its namesake in dns_transport.h. */
struct dns_tcp *dns_tcp_new(uv_loop_t *loop, uint32_t timeout_ms, dns_transport_fn done);
void dns_tcp_add_server(struct dns_tcp *t, const struct net_addr *address, uint16_t port);
void dns_tcp_send(struct dns_tcp *t, uint32_t server, struct span query,
                  struct dns_exchange *exchange);
void dns_tcp_tick(struct dns_tcp *t);
void dns_tcp_free(struct dns_tcp *t, dns_transport_closed_fn closed, void *arg);
