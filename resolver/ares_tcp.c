/**
 * dns_tcp on c-ares: the only file that knows the library.
 *
 * What c-ares does: it matches answers to questions, times them out and keeps connections.
 * What it is kept from, because releases differ and some of it hurts (measured and read in 1.18
 * and 1.34):
 *  - Datagrams: dns_udp.h. Since 1.20 ares_send() parses each question and writes it anew, and answers likewise.
 *  - Sockets and answers: dns_stream.h. It is shown stubs, so it cannot turn EDNS off for the whole
 *    channel on a FORMERR without OPT (1.18), nor give up all questions of a connection because of
 *    one answer it cannot parse (1.34), nor spend time on parsing.
 *  - Other servers. A channel has one connection, because an idle one that the
 *    server closes ends all questions of its channel (1.18).
 *  - One connection. A server may answer on it in turn (RFC 7766 section 6.2.1.1 asks for more), so that
 *    one answer which takes long holds up all others: a query goes to the connection that has least to do.
 *  - Repeats. It gets one try.
 *  - Measuring. 1.32 and later shorten the timeout by how long answers without error took: stubs have one.
 */

#define CARES_NO_DEPRECATED /* what 1.34 calls deprecated is all that 1.18 has */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <ares.h>

#include "resolver/dns_id.h"
#include "resolver/dns_message.h"
#include "resolver/dns_query.h"
#include "resolver/dns_stream.h"
#include "resolver/dns_tcp.h"
#include "scanner/base/memory.h"

#define PARTS_MAX 64 /* parts of one writev(2), below IOV_MAX */

struct dns_channel {
    ares_channel ares;
    struct server *server;
    struct dns_channel *next; /* of those that take no more queries */
    bool stuck; /* an answer did not come in time, and those behind it may not either */
    uint32_t under_way;
};

struct server {
    struct dns_tcp *tcp;
    struct dns_channel *channels[DNS_TCP_CONNECTIONS];
    struct dns_channel *retired; /* freed when nothing is under way */
    struct net_addr address;
    uint16_t port;
};

struct dns_tcp {
    struct dns_streams streams;
    uint32_t timeout_ms;
    dns_transport_fn done;
    struct server **servers;
    uint32_t server_count;
    bool closing;
    dns_transport_closed_fn closed;
    void *closed_arg;
    struct dns_ids ids;
};

/* Between c-ares and the sockets; `data` is the channel. */

static struct dns_streams *streams_of(void *data)
{
    struct dns_channel *c = data;
    return &c->server->tcp->streams;
}

static ares_socket_t hook_socket(int family, int type, int protocol, void *data)
{
    return dns_stream_open(streams_of(data), data, family, type, protocol);
}

static int hook_close(ares_socket_t fd, void *data)
{
    return dns_stream_close(streams_of(data), fd);
}

static int hook_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *data)
{
    (void)data;
    return connect(fd, to, len);
}

static ares_ssize_t hook_receive(ares_socket_t fd, void *to, size_t room, int flags,
                                 struct sockaddr *from, ares_socklen_t *from_len, void *data)
{
    (void)flags;
    (void)from; /* of datagrams */
    (void)from_len;
    return dns_stream_receive(streams_of(data), fd, to, room);
}

static ares_ssize_t hook_send(ares_socket_t fd, const struct iovec *parts, int count, void *data)
{
    (void)data;
    return writev(fd, parts, count < PARTS_MAX ? count : PARTS_MAX);
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
        dns_stream_watch(streams_of(data), fd, writable != 0);
    }
}

static void process(void *channel, int readable_fd, int writable_fd)
{
    const struct dns_channel *c = channel;
    ares_process_fd(c->ares, readable_fd, writable_fd);
}

static bool is_current(const struct dns_tcp *t, const unsigned char *stub, int len)
{
    return len >= 2 && t->streams.current.len >= DNS_HEADER_LEN &&
           memcmp(stub, t->streams.current.at, 2) == 0;
}

static void ares_on_answer(void *arg, int status, int timeouts, unsigned char *stub, int len)
{
    (void)timeouts;
    struct dns_exchange *e = arg;
    struct dns_tcp *t = e->channel->server->tcp;
    struct span none = {NULL, 0};
    e->channel->under_way--;
    if (t->closing) {
        return;
    }
    if (status == ARES_SUCCESS && is_current(t, stub, len)) {
        t->done(e, DNS_TRANSPORT_ANSWER, t->streams.current);
    } else if (status == ARES_ETIMEOUT) {
        e->channel->stuck = true;
        t->done(e, DNS_TRANSPORT_TIMEOUT, none);
    } else if (t->streams.fault || status == ARES_ENOMEM) {
        t->done(e, DNS_TRANSPORT_LOCAL_FAULT, none);
    } else {
        t->done(e, DNS_TRANSPORT_BROKEN, none);
    }
}

/* Setting up. */

static void set_timeouts(const struct dns_channel *c, struct ares_options *o, int *mask)
{
    o->timeout = (int)c->server->tcp->timeout_ms;
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
                 ARES_FLAG_NOALIASES | ARES_FLAG_USEVC,
        .lookups = lookups,
        .resolvconf_path = no_file,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = c,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB |
               ARES_OPT_DOMAINS | ARES_OPT_NOROTATE;
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
static struct dns_channel *channel_new(struct server *s)
{
    struct dns_channel *c = memory_new(1, sizeof(*c));
    c->server = s;
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

/* An idle connection, a new one, or the one with the fewest questions. */
static struct dns_channel *channel_for(struct server *s)
{
    struct dns_channel *least = NULL;
    for (size_t i = 0; i < DNS_TCP_CONNECTIONS && (least == NULL || least->under_way > 0); i++) {
        struct dns_channel **c = &s->channels[i];
        if (*c == NULL || (*c)->stuck) {
            retire(s, *c);
            *c = channel_new(s);
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

static void free_tcp(struct dns_tcp *t)
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

static void on_stream_closed(void *arg)
{
    struct dns_tcp *t = arg;
    if (t->closing && t->streams.handles == 0) {
        free_tcp(t);
    }
}

struct dns_tcp *dns_tcp_new(uv_loop_t *loop, uint32_t timeout_ms, dns_transport_fn done)
{
    struct dns_tcp *t = memory_new(1, sizeof(*t));
    t->streams.loop = loop;
    t->streams.process = process;
    t->streams.closed = on_stream_closed;
    t->streams.closed_arg = t;
    t->timeout_ms = timeout_ms;
    t->done = done;
    return t;
}

void dns_tcp_add_server(struct dns_tcp *t, const struct net_addr *address, uint16_t port)
{
    struct server *s = memory_new(1, sizeof(*s));
    s->tcp = t;
    s->address = *address;
    s->port = port;
    t->servers = memory_resize(t->servers, t->server_count + 1, sizeof(struct server *));
    t->servers[t->server_count++] = s;
}

void dns_tcp_send(struct dns_tcp *t, uint32_t server, struct span query,
                  struct dns_exchange *exchange)
{
    uint8_t octets[DNS_QUERY_MAX];
    struct dns_channel *c = channel_for(t->servers[server]);
    uint16_t id = dns_id_draw(&t->ids); /* 1.34 puts its own, as random */
    CHECK(query.len <= sizeof(octets));
    memcpy(octets, query.at, query.len);
    octets[0] = (uint8_t)(id >> 8);
    octets[1] = (uint8_t)(id & 0xFFU);
    exchange->channel = c;
    if (c == NULL) {
        t->done(exchange, DNS_TRANSPORT_LOCAL_FAULT, (struct span){NULL, 0});
        return;
    }
    t->streams.fault = false;
    c->under_way++;
    ares_send(c->ares, octets, (int)query.len, ares_on_answer, exchange);
    t->streams.fault = false;
}

static void tick_channel(const struct dns_channel *c)
{
    if (c != NULL) {
        ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
}

void dns_tcp_tick(struct dns_tcp *t)
{
    for (uint32_t i = 0; i < t->server_count; i++) {
        struct server *s = t->servers[i];
        for (size_t k = 0; k < DNS_TCP_CONNECTIONS; k++) {
            tick_channel(s->channels[k]);
        }
        for (const struct dns_channel *c = s->retired; c != NULL; c = c->next) {
            tick_channel(c);
        }
        free_retired(s, false);
    }
}

void dns_tcp_free(struct dns_tcp *t, dns_transport_closed_fn closed, void *arg)
{
    t->closing = true;
    t->closed = closed;
    t->closed_arg = arg;
    for (uint32_t i = 0; i < t->server_count; i++) {
        struct server *s = t->servers[i];
        for (size_t k = 0; k < DNS_TCP_CONNECTIONS; k++) {
            channel_free(s->channels[k]);
        }
        free_retired(s, true);
    }
    if (t->streams.handles == 0) {
        free_tcp(t);
    }
}

const char *dns_transport_library_version(void)
{
    return ares_version(NULL);
}
