#include "resolver/dns_udp.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "resolver/dns_id.h"
#include "resolver/dns_message.h"
#include "resolver/udp_batch.h"
#include "resolver/udp_table.h"
#include "scanner/base/memory.h"

#define PORT_AGE_MS 60000

/* As many batches as answers to all that is under way can make. */
#define DRAIN_BATCHES (DNS_UDP_UNDER_WAY / UDP_BATCH)

/* A socket with its port. Freed when its handle has closed. */
struct udp_port {
    uv_poll_t poll;
    struct udp_port *next; /* of those that take no more questions */
    struct udp_server *server;
    struct udp_questions unsent;
    int fd;
    bool blocked; /* the system has no room for more datagrams */
    uint32_t asked;
    uint32_t under_way;
    uint64_t since_ms;
    uint64_t drained_tick;
};

struct udp_server {
    struct dns_udp *udp;
    struct udp_port *port;    /* NULL: none yet */
    struct udp_port *waiting; /* ports that take no more questions, until nothing is under way */
    uint32_t waiting_count;
    struct sockaddr_storage address;
    socklen_t address_len;
    bool refused;
};

struct dns_udp {
    uv_loop_t *loop;
    uint32_t timeout_ms;
    dns_transport_fn done;
    struct udp_server **servers;
    uint32_t server_count;
    size_t handles; /* not yet closed */
    uint64_t ticks;
    uint64_t passed_over;
    bool closing;
    dns_transport_closed_fn closed;
    void *closed_arg;
    struct dns_ids ids;
    struct udp_out out;
    struct udp_ring ring;
    struct udp_table table;
};

static const struct span no_answer = {NULL, 0};

/* The one way out of a question. */
static void udp_end(struct dns_udp *u, struct udp_question *q, enum dns_transport_end end,
                    struct span answer)
{
    struct dns_exchange *exchange = q->exchange;
    if (!q->is_sent) {
        TAILQ_REMOVE(&q->port->unsent, q, unsent);
    }
    q->port->under_way--;
    udp_table_drop(&u->table, q);
    u->done(exchange, end, answer);
}

/* Receiving. */

static void on_datagram(struct udp_port *p, struct span octets)
{
    struct dns_udp *u = p->server->udp;
    struct udp_question *q = NULL;
    if (octets.len >= DNS_HEADER_LEN) {
        q = udp_table_find(&u->table, p, (uint16_t)(octets.at[0] << 8 | octets.at[1]));
    }
    if (q != NULL && q->is_sent &&
        dns_query_is_answered((struct span){q->octets, q->len}, octets)) {
        udp_end(u, q, DNS_TRANSPORT_ANSWER, octets);
    } else {
        u->passed_over++;
    }
}

/* @return whether more may wait */
static bool read_batch(struct udp_port *p)
{
    struct udp_ring *ring = &p->server->udp->ring;
    int error = udp_ring_fill(ring, p->fd);
    struct span octets;
    while (udp_ring_take(ring, &octets)) {
        on_datagram(p, octets);
    }
    if (error == 0 || error == -EAGAIN) {
        return ring->count == UDP_BATCH;
    }
    /* ICMP, of a datagram sent before; answers may wait behind it. */
    p->server->refused = p->server->refused || error == -ECONNREFUSED;
    return true;
}

static void drain(struct udp_port *p)
{
    for (unsigned i = 0; i < DRAIN_BATCHES && read_batch(p); i++) {
    }
}

/* Sending. */

static void udp_on_poll(uv_poll_t *handle, int status, int events);

static void set_blocked(struct udp_port *p, bool blocked)
{
    p->blocked = blocked;
    (void)uv_poll_start(&p->poll, UV_READABLE | (blocked ? UV_WRITABLE : 0), udp_on_poll);
}

/* The first unsent question is on its way; the time it waited for room is not the server's. */
static void note_sent(struct udp_port *p)
{
    struct dns_udp *u = p->server->udp;
    struct udp_question *q = TAILQ_FIRST(&p->unsent);
    uint64_t due_ms = uv_now(u->loop) + u->timeout_ms;
    TAILQ_REMOVE(&p->unsent, q, unsent);
    q->is_sent = true;
    if (q->due_ms != due_ms) {
        udp_table_put_off(&u->table, q, due_ms);
    }
}

/* The system will not take the first unsent question. A filter of this machine (EPERM, also where its table of
 * connections is full) may let the next one pass; otherwise the way or the address of this machine is another now, which only a new port gets. */
static void give_up_first(struct udp_port *p, int error)
{
    if (error != EPERM) {
        p->asked = DNS_UDP_PORT_QUERIES;
    }
    udp_end(p->server->udp, TAILQ_FIRST(&p->unsent), DNS_TRANSPORT_LOCAL_FAULT, no_answer);
}

static void flush_port(struct udp_port *p)
{
    struct udp_out *out = &p->server->udp->out;
    int error = 0;
    while (error != EAGAIN && !TAILQ_EMPTY(&p->unsent)) {
        struct udp_question *q = TAILQ_FIRST(&p->unsent);
        for (; q != NULL && out->count < UDP_BATCH; q = TAILQ_NEXT(q, unsent)) {
            udp_out_put(out, (struct span){q->octets, q->len});
        }
        for (unsigned gone = udp_out_send(out, p->fd, &p->server->refused, &error); gone > 0;
             gone--) {
            note_sent(p);
        }
        if (error != 0 && error != EAGAIN) {
            give_up_first(p, error);
        }
    }
    if ((error == EAGAIN) != p->blocked) {
        set_blocked(p, error == EAGAIN);
    }
}

static void udp_on_poll(uv_poll_t *handle, int status, int events)
{
    struct udp_port *p = handle->data;
    if (status < 0) { /* an ICMP error; libuv has stopped the handle */
        set_blocked(p, p->blocked);
        events = UV_READABLE; /* reading tells what is wrong */
    }
    if ((events & UV_WRITABLE) != 0) {
        flush_port(p);
    }
    if ((events & UV_READABLE) != 0) {
        (void)read_batch(p);
    }
}

/* Ports. */

static int open_socket(const struct udp_server *s)
{
    int fd = socket(s->address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    udp_socket_enlarge(fd);
    if (connect(fd, (const struct sockaddr *)&s->address, s->address_len) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* @return NULL: the system refuses, or knows no way to the server */
static struct udp_port *port_new(struct udp_server *s)
{
    int fd = open_socket(s);
    if (fd < 0) {
        return NULL;
    }
    struct udp_port *p = memory_new(1, sizeof(*p));
    if (uv_poll_init(s->udp->loop, &p->poll, fd) != 0) {
        free(p);
        (void)close(fd);
        return NULL;
    }
    uv_unref((uv_handle_t *)&p->poll);
    p->poll.data = p;
    p->server = s;
    p->fd = fd;
    p->since_ms = uv_now(s->udp->loop);
    TAILQ_INIT(&p->unsent);
    s->udp->handles++;
    set_blocked(p, false);
    return p;
}

static void free_udp(struct dns_udp *u)
{
    dns_transport_closed_fn closed = u->closed;
    void *arg = u->closed_arg;
    for (uint32_t i = 0; i < u->server_count; i++) {
        free(u->servers[i]);
    }
    free(u->servers);
    free(u);
    closed(arg);
}

static void on_port_closed(uv_handle_t *handle)
{
    struct udp_port *p = handle->data;
    struct dns_udp *u = p->server->udp;
    free(p);
    if (--u->handles == 0 && u->closing) {
        free_udp(u);
    }
}

static void port_close(struct udp_port *p)
{
    uv_close((uv_handle_t *)&p->poll, on_port_closed);
    (void)close(p->fd);
}

static void retire_port(struct udp_server *s)
{
    struct udp_port *p = s->port;
    flush_port(p); /* flushes are for the port in use; what is blocked goes when there is room */
    p->next = s->waiting;
    s->waiting = p;
    s->waiting_count++;
}

static bool is_worn(const struct udp_port *p)
{
    return p->asked >= DNS_UDP_PORT_QUERIES ||
           uv_now(p->server->udp->loop) - p->since_ms >= PORT_AGE_MS;
}

/* The port in use, or the next one when it is worn. */
static struct udp_port *port_for(struct udp_server *s)
{
    if (s->port == NULL) {
        s->port = port_new(s);
    } else if (is_worn(s->port) && s->waiting_count < DNS_UDP_PORTS_WAITING) {
        struct udp_port *fresh = port_new(s);
        if (fresh != NULL) {
            retire_port(s);
            s->port = fresh;
        }
    }
    return s->port;
}

/* Not from inside of reading. */
static void close_waiting(struct udp_server *s, bool all)
{
    struct udp_port **link = &s->waiting;
    while (*link != NULL) {
        struct udp_port *p = *link;
        if (all || p->under_way == 0) {
            *link = p->next;
            s->waiting_count--;
            port_close(p);
        } else {
            link = &p->next;
        }
    }
}

/* What is called from outside. */

struct dns_udp *dns_udp_new(uv_loop_t *loop, uint32_t timeout_ms, dns_transport_fn done)
{
    struct dns_udp *u = memory_new(1, sizeof(*u));
    u->loop = loop;
    u->timeout_ms = timeout_ms;
    u->done = done;
    udp_table_init(&u->table);
    return u;
}

void dns_udp_add_server(struct dns_udp *u, const struct net_addr *address, uint16_t port)
{
    struct udp_server *s = memory_new(1, sizeof(*s));
    s->udp = u;
    s->address_len = net_addr_to_sockaddr(address, port, &s->address);
    u->servers = memory_resize(u->servers, u->server_count + 1, sizeof(struct udp_server *));
    u->servers[u->server_count++] = s;
}

/* At most DNS_UDP_UNDER_WAY of 65,536 are taken. */
static uint16_t draw_free_id(struct dns_udp *u, const struct udp_port *p)
{
    uint16_t id = dns_id_draw(&u->ids);
    while (udp_table_find(&u->table, p, id) != NULL) {
        id = dns_id_draw(&u->ids);
    }
    return id;
}

void dns_udp_send(struct dns_udp *u, uint32_t server, struct span query,
                  struct dns_exchange *exchange)
{
    struct udp_port *p = port_for(u->servers[server]);
    if (p == NULL) {
        u->done(exchange, DNS_TRANSPORT_LOCAL_FAULT, no_answer);
        return;
    }
    uint16_t id = draw_free_id(u, p);
    struct udp_question *q = udp_table_put(&u->table, p, id, uv_now(u->loop) + u->timeout_ms);
    if (q == NULL) {
        u->done(exchange, DNS_TRANSPORT_LOCAL_FAULT, no_answer);
        return;
    }
    CHECK(query.len <= sizeof(q->octets));
    q->exchange = exchange;
    q->is_sent = false;
    q->len = (uint16_t)query.len;
    memcpy(q->octets, query.at, query.len);
    q->octets[0] = (uint8_t)(id >> 8);
    q->octets[1] = (uint8_t)(id & 0xFFU);
    TAILQ_INSERT_TAIL(&p->unsent, q, unsent);
    p->asked++;
    p->under_way++;
}

void dns_udp_flush(struct dns_udp *u)
{
    for (uint32_t i = 0; i < u->server_count; i++) {
        struct udp_port *p = u->servers[i]->port;
        if (p != NULL && !p->blocked && !TAILQ_EMPTY(&p->unsent)) {
            flush_port(p);
        }
    }
}

void dns_udp_tick(struct dns_udp *u)
{
    struct udp_question *q;
    u->ticks++;
    while ((q = udp_table_due(&u->table, uv_now(u->loop))) != NULL) {
        if (q->port->drained_tick != u->ticks) {
            q->port->drained_tick = u->ticks;
            drain(q->port); /* and q may be answered */
        } else {
            udp_end(u, q, q->is_sent ? DNS_TRANSPORT_TIMEOUT : DNS_TRANSPORT_LOCAL_FAULT,
                    no_answer);
        }
    }
    for (uint32_t i = 0; i < u->server_count; i++) {
        close_waiting(u->servers[i], false);
    }
}

bool dns_udp_take_refusal(struct dns_udp *u, uint32_t server)
{
    bool refused = u->servers[server]->refused;
    u->servers[server]->refused = false;
    return refused;
}

uint64_t dns_udp_passed_over(const struct dns_udp *u)
{
    return u->passed_over;
}

void dns_udp_free(struct dns_udp *u, dns_transport_closed_fn closed, void *arg)
{
    u->closing = true;
    u->closed = closed;
    u->closed_arg = arg;
    for (uint32_t i = 0; i < u->server_count; i++) {
        close_waiting(u->servers[i], true);
        if (u->servers[i]->port != NULL) {
            port_close(u->servers[i]->port);
        }
    }
    if (u->handles == 0) {
        free_udp(u);
    }
}
