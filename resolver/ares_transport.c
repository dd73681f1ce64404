/**
 * dns_transport on c-ares: the only file that knows the library.
 *
 * What c-ares does: it matches answers to questions, times them out and keeps TCP connections.
 * What it is kept from, because releases differ and some of it hurts (measured and read in 1.18
 * and 1.34):
 *  - Sockets and answers: dns_socket.h. It is shown stubs, so it cannot turn EDNS off for the whole
 *    channel on a FORMERR without OPT (1.18), nor give up all questions of a connection because of
 *    one answer it cannot parse (1.34), nor spend time on parsing.
 *  - Other servers. A channel has one socket, because an idle TCP connection that the
 *    server closes ends all questions of its channel, datagrams included (1.18).
 *  - Ports. 1.18 keeps one UDP port for as long as it runs (later: ARES_OPT_UDP_MAX_QUERIES). Who learns
 *    it has the id alone to guess, so another channel, with a port that the system draws, follows
 *    after DNS_UDP_PORT_QUERIES queries, or PORT_AGE_MS.
 *  - One TCP connection. A server may answer on it in turn (RFC 7766 section 6.2.1.1 asks for more), so that
 *    one answer which takes long holds up all others: a query goes to the connection that has least to do.
 *  - Repeats. It gets one try: 1.34.9 leaves a socket on which one answer is late, and with it the answer.
 *  - Measuring. 1.32 and later shorten the timeout by how long answers without error took: stubs have one.
 */

#define CARES_NO_DEPRECATED /* what 1.34 calls deprecated is all that 1.18 has */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include <ares.h>

#include "resolver/dns_message.h"
#include "resolver/dns_socket.h"
#include "resolver/dns_transport.h"
#include "scanner/base/memory.h"

#define PORT_AGE_MS 60000
#define IDS_MAX     128 /* drawn at once: 256 octets come whole from getrandom(2) */

struct dns_channel {
    ares_channel ares;
    struct server *server;
    struct dns_channel *next; /* of those that take no more queries */
    bool tcp;
    bool stuck; /* TCP: an answer did not come in time, and those behind it may not either */
    uint32_t sent;
    uint32_t under_way;
    uint64_t since_ms;
};

struct server {
    struct dns_transport *transport;
    struct dns_channel *udp; /* NULL: none yet; as the next */
    struct dns_channel *tcp[DNS_TCP_CONNECTIONS];
    struct dns_channel *retired; /* freed when nothing is under way */
    struct net_addr address;
    uint16_t port;
    bool refused;
};

struct dns_transport {
    struct dns_sockets sockets;
    uint32_t timeout_ms;
    dns_transport_fn done;
    struct server **servers;
    uint32_t server_count;
    bool closing;
    dns_transport_closed_fn closed;
    void *closed_arg;
    uint16_t ids[IDS_MAX];
    unsigned ids_left;
};

/* Between c-ares and the sockets; `data` is the channel. */

static struct dns_sockets *sockets_of(void *data)
{
    struct dns_channel *c = data;
    return &c->server->transport->sockets;
}

static ares_socket_t hook_socket(int family, int type, int protocol, void *data)
{
    struct dns_channel *c = data;
    return dns_socket_open(sockets_of(data), c, &c->server->refused, family, type, protocol);
}

static int hook_close(ares_socket_t fd, void *data)
{
    return dns_socket_close(sockets_of(data), fd);
}

static int hook_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *data)
{
    return dns_socket_connect(sockets_of(data), fd, to, len);
}

static ares_ssize_t hook_receive(ares_socket_t fd, void *to, size_t room, int flags,
                                 struct sockaddr *from, ares_socklen_t *from_len, void *data)
{
    (void)flags;
    return dns_socket_receive(sockets_of(data), fd, to, room, from, from_len);
}

static ares_ssize_t hook_send(ares_socket_t fd, const struct iovec *parts, int count, void *data)
{
    return dns_socket_send(sockets_of(data), fd, parts, count);
}

static const struct ares_socket_functions hooks = {
    .asocket = hook_socket,
    .aclose = hook_close,
    .aconnect = hook_connect,
    .arecvfrom = hook_receive,
    .asendv = hook_send,
};

static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    if (readable != 0 || writable != 0) { /* neither: about to be closed */
        dns_socket_watch(sockets_of(data), fd, writable != 0);
    }
}

static void process(void *channel, int readable_fd, int writable_fd)
{
    const struct dns_channel *c = channel;
    ares_process_fd(c->ares, readable_fd, writable_fd);
}

static bool is_current(const struct dns_transport *t, const unsigned char *stub, int len)
{
    return len >= 2 && t->sockets.current.len >= DNS_HEADER_LEN &&
           memcmp(stub, t->sockets.current.at, 2) == 0;
}

static void ares_on_answer(void *arg, int status, int timeouts, unsigned char *stub, int len)
{
    (void)timeouts;
    struct dns_exchange *e = arg;
    struct dns_transport *t = e->transport;
    struct span none = {NULL, 0};
    e->channel->under_way--;
    if (t->closing) {
        return;
    }
    if (status == ARES_SUCCESS && is_current(t, stub, len)) {
        t->done(e, DNS_TRANSPORT_ANSWER, t->sockets.current);
    } else if (status == ARES_ETIMEOUT) {
        e->channel->stuck = true;
        t->done(e, DNS_TRANSPORT_TIMEOUT, none);
    } else if (t->sockets.fault || status == ARES_ENOMEM) {
        t->done(e, DNS_TRANSPORT_LOCAL_FAULT, none);
    } else {
        t->done(e, DNS_TRANSPORT_BROKEN, none);
    }
}

/* Setting up. */

static void set_timeouts(const struct dns_channel *c, struct ares_options *o, int *mask)
{
    o->timeout = (int)c->server->transport->timeout_ms;
    o->tries = 1;
    *mask |= ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
#ifdef ARES_OPT_MAXTIMEOUTMS
    o->maxtimeout = o->timeout; /* else 1.32 and later wait 5 s at most, and no less than 250 ms */
    *mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
}

/* Later releases repeat, remember and probe on their own. @return further bits of the option mask. */
static int no_own_ideas(struct ares_options *o)
{
    int mask = 0;
    (void)o;
#ifdef ARES_OPT_QUERY_CACHE
    o->qcache_max_ttl = 0;
    mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_SERVER_FAILOVER
    o->server_failover_opts.retry_chance = 0;
    mask |= ARES_OPT_SERVER_FAILOVER;
#endif
    return mask;
}

static bool set_server(struct dns_channel *c)
{
    char text[NET_ADDR_TEXT_MAX];
    char csv[NET_ADDR_TEXT_MAX + 16];
    const struct server *s = c->server;
    (void)net_addr_format(&s->address, text);
    (void)snprintf(csv, sizeof(csv), s->address.family == 6 ? "[%s]:%u" : "%s:%u", text,
                   (unsigned)s->port);
    return ares_set_servers_ports_csv(c->ares, csv) == ARES_SUCCESS;
}

static void take_our_memory(void)
{
    (void)ares_library_init_mem(ARES_LIB_INIT_ALL, memory_malloc, memory_free, memory_realloc);
}

static bool open_channel(struct dns_channel *c)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CHECK(pthread_once(&once, take_our_memory) == 0);
    static char lookups[] = "b";
    static char no_file[] = "/dev/null"; /* resolv.conf and its options are not for us */
    struct ares_options o = {
        .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_STAYOPEN | ARES_FLAG_NOSEARCH |
                 ARES_FLAG_NOALIASES |
                 (c->tcp ? ARES_FLAG_USEVC : ARES_FLAG_EDNS | ARES_FLAG_IGNTC),
        .lookups = lookups,
        .ednspsz = UDP_RECEIVE_MAX,
        .resolvconf_path = no_file,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = c,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ | ARES_OPT_RESOLVCONF |
               ARES_OPT_SOCK_STATE_CB | ARES_OPT_DOMAINS | ARES_OPT_NOROTATE;
    set_timeouts(c, &o, &mask);
    mask |= no_own_ideas(&o);
    if (ares_init_options(&c->ares, &o, mask) != ARES_SUCCESS) {
        return false;
    }
    ares_set_socket_functions(c->ares, &hooks, c);
    if (!set_server(c)) {
        ares_destroy(c->ares);
        return false;
    }
    return true;
}

/* @return NULL when the library refuses. */
static struct dns_channel *channel_new(struct server *s, bool tcp)
{
    struct dns_channel *c = memory_new(1, sizeof(*c));
    c->server = s;
    c->tcp = tcp;
    c->since_ms = uv_now(s->transport->sockets.loop);
    if (!open_channel(c)) {
        free(c);
        return NULL;
    }
    return c;
}

static void channel_free(struct dns_channel *c)
{
    if (c != NULL) {
        ares_destroy(c->ares);
        free(c);
    }
}

static void retire(struct server *s, struct dns_channel *c)
{
    if (c != NULL) {
        c->next = s->retired;
        s->retired = c;
    }
}

/* The port in use, or the next one when it is worn. */
static struct dns_channel *udp_channel(struct server *s)
{
    struct dns_channel *used = s->udp;
    uint64_t now = uv_now(s->transport->sockets.loop);
    if (used == NULL || used->sent >= DNS_UDP_PORT_QUERIES || now - used->since_ms >= PORT_AGE_MS) {
        struct dns_channel *fresh = channel_new(s, false);
        retire(s, fresh != NULL ? used : NULL);
        s->udp = fresh != NULL ? fresh : used;
    }
    return s->udp;
}

/* An idle connection, a new one, or the one with the fewest questions. */
static struct dns_channel *tcp_channel(struct server *s)
{
    struct dns_channel *least = NULL;
    for (size_t i = 0; i < DNS_TCP_CONNECTIONS && (least == NULL || least->under_way > 0); i++) {
        struct dns_channel **c = &s->tcp[i];
        if (*c == NULL || (*c)->stuck) {
            retire(s, *c);
            *c = channel_new(s, true);
        }
        if (*c != NULL && (least == NULL || (*c)->under_way < least->under_way)) {
            least = *c;
        }
    }
    return least;
}

/* Not from inside of a call of the library. */
static void free_retired(struct server *s, bool all)
{
    struct dns_channel **link = &s->retired;
    while (*link != NULL) {
        struct dns_channel *c = *link;
        if (all || c->under_way == 0) {
            *link = c->next;
            channel_free(c);
        } else {
            link = &c->next;
        }
    }
}

static void free_transport(struct dns_transport *t)
{
    dns_transport_closed_fn closed = t->closed;
    void *arg = t->closed_arg;
    for (uint32_t i = 0; i < t->server_count; i++) {
        free(t->servers[i]);
    }
    free(t->servers);
    free(t);
    closed(arg);
}

static void on_socket_closed(void *arg)
{
    struct dns_transport *t = arg;
    if (t->closing && t->sockets.handles == 0) {
        free_transport(t);
    }
}

struct dns_transport *dns_transport_new(uv_loop_t *loop, uint32_t timeout_ms, dns_transport_fn done)
{
    CHECK(timeout_ms > 0 && timeout_ms <= INT32_MAX / 2);
    struct dns_transport *t = memory_new(1, sizeof(*t));
    t->sockets.loop = loop;
    t->sockets.process = process;
    t->sockets.closed = on_socket_closed;
    t->sockets.closed_arg = t;
    t->timeout_ms = timeout_ms;
    t->done = done;
    return t;
}

bool dns_transport_add_server(struct dns_transport *t, const struct net_addr *address,
                              uint16_t port)
{
    struct server *s = memory_new(1, sizeof(*s));
    s->transport = t;
    s->address = *address;
    s->port = port;
    if (udp_channel(s) == NULL) {
        free(s);
        return false;
    }
    t->servers = memory_resize(t->servers, t->server_count + 1, sizeof(struct server *));
    t->servers[t->server_count++] = s;
    return true;
}

/* An id that nobody off the path can guess (RFC 5452 section 9.2). */
static uint16_t draw_id(struct dns_transport *t)
{
    if (t->ids_left == 0) {
        ssize_t n;
        do {
            n = getrandom(t->ids, sizeof(t->ids), 0);
        } while (n != (ssize_t)sizeof(t->ids));
        t->ids_left = IDS_MAX;
    }
    return t->ids[--t->ids_left];
}

void dns_transport_send(struct dns_transport *t, uint32_t server, bool tcp, uint8_t *query,
                        size_t len, struct dns_exchange *exchange)
{
    CHECK(server < t->server_count && len >= DNS_HEADER_LEN && !t->closing);
    struct dns_channel *c = tcp ? tcp_channel(t->servers[server]) : udp_channel(t->servers[server]);
    exchange->transport = t;
    exchange->channel = c;
    uint16_t id = draw_id(t); /* 1.34 puts its own, as random */
    query[0] = (uint8_t)(id >> 8);
    query[1] = (uint8_t)(id & 0xFFU);
    if (c == NULL) {
        t->done(exchange, DNS_TRANSPORT_LOCAL_FAULT, (struct span){NULL, 0});
        return;
    }
    t->sockets.fault = false;
    t->sockets.sending = true;
    c->sent++;
    c->under_way++;
    ares_send(c->ares, query, (int)len, ares_on_answer, exchange);
    t->sockets.sending = false;
    t->sockets.fault = false;
}

void dns_transport_flush(struct dns_transport *t)
{
    dns_sockets_flush(&t->sockets);
}

static void tick_channel(const struct dns_channel *c)
{
    if (c != NULL) {
        ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
}

void dns_transport_tick(struct dns_transport *t)
{
    for (uint32_t i = 0; i < t->server_count; i++) {
        struct server *s = t->servers[i];
        tick_channel(s->udp);
        for (size_t k = 0; k < DNS_TCP_CONNECTIONS; k++) {
            tick_channel(s->tcp[k]);
        }
        for (const struct dns_channel *c = s->retired; c != NULL; c = c->next) {
            tick_channel(c);
        }
        free_retired(s, false);
    }
}

bool dns_transport_take_refusal(struct dns_transport *t, uint32_t server)
{
    bool refused = t->servers[server]->refused;
    t->servers[server]->refused = false;
    return refused;
}

void dns_transport_free(struct dns_transport *t, dns_transport_closed_fn closed, void *arg)
{
    t->closing = true;
    t->closed = closed;
    t->closed_arg = arg;
    for (uint32_t i = 0; i < t->server_count; i++) {
        struct server *s = t->servers[i];
        channel_free(s->udp);
        for (size_t k = 0; k < DNS_TCP_CONNECTIONS; k++) {
            channel_free(s->tcp[k]);
        }
        free_retired(s, true);
    }
    if (t->sockets.handles == 0) {
        free_transport(t);
    }
}

const char *dns_transport_library_version(void)
{
    return ares_version(NULL);
}
