#include "resolver/dns_transport.h"

#include <stdlib.h>

#include "resolver/dns_message.h"
#include "resolver/dns_tcp.h"
#include "resolver/dns_udp.h"
#include "scanner/base/memory.h"

struct dns_transport {
    struct dns_udp *udp;
    struct dns_tcp *tcp;
    uint32_t server_count;
    int open_parts; /* 0 frees it */
    bool closing;
    dns_transport_closed_fn closed;
    void *closed_arg;
};

struct dns_transport *dns_transport_new(uv_loop_t *loop, uint32_t timeout_ms, dns_transport_fn done)
{
    CHECK(timeout_ms > 0 && timeout_ms <= INT32_MAX / 2);
    struct dns_transport *t = memory_new(1, sizeof(*t));
    t->udp = dns_udp_new(loop, timeout_ms, done);
    t->tcp = dns_tcp_new(loop, timeout_ms, done);
    return t;
}

void dns_transport_add_server(struct dns_transport *t, const struct net_addr *address,
                              uint16_t port)
{
    dns_udp_add_server(t->udp, address, port);
    dns_tcp_add_server(t->tcp, address, port);
    t->server_count++;
}

void dns_transport_send(struct dns_transport *t, uint32_t server, bool tcp, struct span query,
                        struct dns_exchange *exchange)
{
    CHECK(server < t->server_count && query.len >= DNS_HEADER_LEN && !t->closing);
    if (tcp) {
        dns_tcp_send(t->tcp, server, query, exchange);
    } else {
        dns_udp_send(t->udp, server, query, exchange);
    }
}

void dns_transport_flush(struct dns_transport *t)
{
    dns_udp_flush(t->udp);
}

void dns_transport_tick(struct dns_transport *t)
{
    dns_udp_tick(t->udp);
    dns_tcp_tick(t->tcp);
}

bool dns_transport_take_refusal(struct dns_transport *t, uint32_t server)
{
    return dns_udp_take_refusal(t->udp, server);
}

uint64_t dns_transport_passed_over(const struct dns_transport *t)
{
    return dns_udp_passed_over(t->udp);
}

static void on_part_closed(void *arg)
{
    struct dns_transport *t = arg;
    if (--t->open_parts == 0) {
        dns_transport_closed_fn closed = t->closed;
        void *closed_arg = t->closed_arg;
        free(t);
        closed(closed_arg);
    }
}

void dns_transport_free(struct dns_transport *t, dns_transport_closed_fn closed, void *arg)
{
    struct dns_tcp *tcp = t->tcp; /* `t` may be gone behind the second */
    t->closing = true;
    t->closed = closed;
    t->closed_arg = arg;
    t->open_parts = 2;
    dns_udp_free(t->udp, on_part_closed, t);
    dns_tcp_free(tcp, on_part_closed, t);
}
