/**
 * dns_transport on c-ares: the only file that knows the library.
 *
 * What c-ares does: it matches answers to questions, times them out and keeps TCP connections.
 * What it is kept from, because releases differ and some of it hurts (measured and read in 1.18
 * and 1.34):
 *  - Sockets. Its functions for them are ours: datagrams go in batches, and one readable socket
 *    costs one batch, while c-ares 1.18 alone reads until nothing is left and starves the loop.
 *  - Answers. It is shown a stub: the header without error and the question. So it cannot turn EDNS
 *    off for the whole channel on a FORMERR without OPT (1.18), nor give up all questions of a
 *    connection because of one answer it cannot parse (1.34), nor spend time on parsing.
 *  - Other servers. One channel per server and protocol, because an idle TCP connection that the
 *    server closes ends all questions of its channel, datagrams included (1.18).
 *  - Repeats. 1.18 gets one try. 1.32 and later shorten the timeout by what they measured, at least
 *    to 250 ms; there it gets as many rounds of 250 ms as we wait, and only the first is sent.
 */

#define CARES_NO_DEPRECATED /* what 1.34 calls deprecated is all that 1.18 has */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include <ares.h>

#include "resolver/dns_message.h"
#include "resolver/dns_query.h"
#include "resolver/dns_transport.h"
#include "resolver/udp_batch.h"
#include "scanner/base/memory.h"

#define TCP_FRAME_MAX (2 + 65535) /* octets; RFC 1035 section 4.2.2 */
#define TCP_PARTS_MAX 64          /* parts of one writev(2), below IOV_MAX */
#define ROUND_MS      250         /* the shortest timeout c-ares 1.32 and later know */
#define IDS_MAX       256

struct channel {
    ares_channel ares; /* NULL: not open */
    struct server *server;
    bool tcp;
};

struct server {
    struct dns_transport *transport;
    struct channel udp;
    struct channel tcp;
    struct net_addr address;
    uint16_t port;
    bool refused;
};

/* A socket of a channel. Freed when its handle has closed. */
struct dns_socket {
    uv_poll_t poll;
    struct dns_socket *next;
    struct channel *channel;
    int fd;           /* -1: closed */
    bool wants_write; /* c-ares (TCP) or our queue (UDP) waits for room */
    struct sockaddr_storage peer;
    socklen_t peer_len;

    struct udp_queue *queue; /* UDP; NULL: TCP */

    uint8_t *in; /* TCP: TCP_FRAME_MAX octets */
    size_t in_len;
    uint8_t stage[2 + DNS_QUERY_MAX]; /* the frame c-ares is reading */
    size_t stage_len;
    size_t stage_at;
    bool ended; /* no more to read: */
    int error;  /* 0: closed by the peer, else errno */
};

struct dns_transport {
    uv_loop_t *loop;
    uint32_t timeout_ms;
    dns_transport_fn done;
    struct server **servers;
    uint32_t server_count;
    struct dns_socket *sockets; /* open ones */
    size_t handles;             /* sockets whose handle has not closed */
    struct udp_ring *ring;
    const struct dns_socket *ring_of; /* whose datagrams the ring holds */
    struct span current;              /* the answer behind the stub handed out last */
    bool sending;                     /* inside ares_send(): what is sent now is no repeat */
    bool local_fault;
    bool closing;
    dns_transport_closed_fn closed;
    void *closed_arg;
    uint16_t ids[IDS_MAX];
    unsigned ids_left;
};

/* What c-ares sees of an answer. @return its length; 0: it is no answer to a single question. */
static size_t make_stub(struct span answer, uint8_t out[DNS_QUERY_MAX])
{
    struct dns_name name;
    size_t at = DNS_HEADER_LEN;
    const uint8_t *head = answer.at;
    if (answer.len < DNS_HEADER_LEN || (head[2] & 0xF8U) != 0x80U || head[4] != 0 || head[5] != 1 ||
        !dns_name_read(answer, &at, &name) || answer.len - at < 4 || answer.at[at + 2] != 0 ||
        answer.at[at + 3] != 1) {
        return 0;
    }
    uint16_t type = (uint16_t)(answer.at[at] << 8 | answer.at[at + 1]);
    struct dns_query_options options = {.edns = true, .payload = DNS_PAYLOAD_LOOPBACK};
    size_t len = dns_query_build(&name, type, &options, out);
    out[0] = head[0];
    out[1] = head[1];
    out[2] = 0x81; /* QR, RD */
    out[3] = 0x80; /* RA, NOERROR */
    return len;
}

static struct dns_socket *find_socket(struct dns_transport *t, int fd)
{
    struct dns_socket *s = t->sockets;
    while (s != NULL && s->fd != fd) {
        s = s->next;
    }
    return s;
}

static void on_poll(uv_poll_t *handle, int status, int events);

static void watch(struct dns_socket *s)
{
    int events = UV_READABLE | (s->wants_write ? UV_WRITABLE : 0);
    (void)uv_poll_start(&s->poll, events, on_poll);
    uv_unref((uv_handle_t *)&s->poll);
}

static void free_transport(struct dns_transport *t)
{
    dns_transport_closed_fn closed = t->closed;
    void *arg = t->closed_arg;
    for (uint32_t i = 0; i < t->server_count; i++) {
        free(t->servers[i]);
    }
    free(t->servers);
    free(t->ring);
    free(t);
    closed(arg);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct dns_socket *s = handle->data;
    struct dns_transport *t = s->channel->server->transport;
    free(s->queue);
    free(s->in);
    free(s);
    t->handles--;
    if (t->closing && t->handles == 0) {
        free_transport(t);
    }
}

/* The socket functions of c-ares. */

static ares_socket_t hook_socket(int family, int type, int protocol, void *data)
{
    struct channel *c = data;
    struct dns_transport *t = c->server->transport;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0) {
        t->local_fault = true;
        return ARES_SOCKET_BAD;
    }
    struct dns_socket *s = memory_new(1, sizeof(*s));
    if (uv_poll_init(t->loop, &s->poll, fd) != 0) {
        free(s);
        (void)close(fd);
        t->local_fault = true;
        return ARES_SOCKET_BAD;
    }
    s->poll.data = s;
    s->channel = c;
    s->fd = fd;
    if (c->tcp) {
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        s->in = memory_new(1, TCP_FRAME_MAX);
    } else {
        udp_socket_enlarge(fd);
        s->queue = memory_new(1, sizeof(*s->queue));
    }
    s->next = t->sockets;
    t->sockets = s;
    t->handles++;
    return fd;
}

static int hook_close(ares_socket_t fd, void *data)
{
    struct channel *c = data;
    struct dns_transport *t = c->server->transport;
    struct dns_socket **link = &t->sockets;
    while (*link != NULL && (*link)->fd != fd) {
        link = &(*link)->next;
    }
    struct dns_socket *s = *link;
    CHECK(s != NULL);
    *link = s->next;
    s->fd = -1;
    uv_close((uv_handle_t *)&s->poll, on_socket_closed);
    return close(fd);
}

static int hook_connect(ares_socket_t fd, const struct sockaddr *address, ares_socklen_t len,
                        void *data)
{
    struct channel *c = data;
    struct dns_socket *s = find_socket(c->server->transport, fd);
    CHECK(s != NULL && len <= sizeof(s->peer));
    memcpy(&s->peer, address, len);
    s->peer_len = len;
    return connect(fd, address, len);
}

/* Hands out a stub for the next datagram that is an answer; the rest is passed over. */
static ares_ssize_t receive_datagram(struct dns_transport *t, struct dns_socket *s, void *to,
                                     size_t room)
{
    uint8_t stub[DNS_QUERY_MAX];
    while (t->ring_of == s && udp_ring_take(t->ring, &t->current)) {
        size_t len = make_stub(t->current, stub);
        if (len > 0 && len <= room) {
            memcpy(to, stub, len);
            return (ares_ssize_t)len;
        }
    }
    errno = EAGAIN;
    return -1;
}

static ares_ssize_t receive_frame(struct dns_socket *s, void *to, size_t room)
{
    size_t left = s->stage_len - s->stage_at;
    if (left > 0) {
        size_t len = left < room ? left : room;
        memcpy(to, s->stage + s->stage_at, len);
        s->stage_at += len;
        return (ares_ssize_t)len;
    }
    if (s->ended) {
        errno = s->error;
        return s->error == 0 ? 0 : -1;
    }
    errno = EAGAIN;
    return -1;
}

static ares_ssize_t hook_receive(ares_socket_t fd, void *to, size_t room, int flags,
                                 struct sockaddr *from, ares_socklen_t *from_len, void *data)
{
    (void)flags;
    struct channel *c = data;
    struct dns_transport *t = c->server->transport;
    struct dns_socket *s = find_socket(t, fd);
    CHECK(s != NULL);
    if (c->tcp) {
        return receive_frame(s, to, room);
    }
    /* The socket is connected: the system lets through what comes from the server only. */
    if (from != NULL && from_len != NULL && *from_len >= s->peer_len) {
        memcpy(from, &s->peer, s->peer_len);
        *from_len = s->peer_len;
    }
    return receive_datagram(t, s, to, room);
}

static void flush_socket(struct dns_socket *s)
{
    enum udp_flush_end end = udp_queue_flush(s->queue, s->fd, &s->channel->server->refused);
    bool blocked = end == UDP_FLUSH_BLOCKED;
    if (blocked != s->wants_write) {
        s->wants_write = blocked;
        watch(s);
    }
}

static ares_ssize_t hook_send(ares_socket_t fd, const struct iovec *parts, int count, void *data)
{
    struct channel *c = data;
    struct dns_transport *t = c->server->transport;
    struct dns_socket *s = find_socket(t, fd);
    CHECK(s != NULL);
    if (c->tcp) {
        return writev(fd, parts, count < TCP_PARTS_MAX ? count : TCP_PARTS_MAX);
    }
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += parts[i].iov_len;
    }
    if (!t->sending) {
        return (ares_ssize_t)len; /* a repeat of c-ares: ours to decide, see the top */
    }
    if (s->queue->count == UDP_BATCH) {
        flush_socket(s);
    }
    if (!udp_queue_put(s->queue, parts, count)) {
        t->local_fault = true;
        errno = ENOBUFS;
        return -1;
    }
    return (ares_ssize_t)len;
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
    struct channel *c = data;
    struct dns_socket *s = find_socket(c->server->transport, fd);
    if (s == NULL || (readable == 0 && writable == 0)) {
        return; /* about to be closed: hook_close() ends the watching */
    }
    if (c->tcp) {
        s->wants_write = writable != 0;
    }
    watch(s);
}

/* What the loop reports. */

static void read_datagrams(struct dns_transport *t, struct dns_socket *s)
{
    int error = udp_ring_fill(t->ring, s->fd);
    if (error != 0) {
        if (error == -ECONNREFUSED) {
            s->channel->server->refused = true;
        }
        return;
    }
    t->ring_of = s;
    /* 1.18 empties the ring in one call, 1.34 takes one datagram a call. */
    unsigned before = UDP_BATCH;
    while (s->fd >= 0 && t->ring->next < t->ring->count && t->ring->next != before) {
        before = t->ring->next;
        ares_process_fd(s->channel->ares, s->fd, ARES_SOCKET_BAD);
    }
    t->ring_of = NULL;
}

/* Shows c-ares one whole frame as a stub; it may read it in pieces. */
static void process_frame(struct dns_transport *t, struct dns_socket *s, struct span message)
{
    size_t len = make_stub(message, s->stage + 2);
    if (len == 0) {
        return;
    }
    t->current = message;
    s->stage[0] = (uint8_t)(len >> 8);
    s->stage[1] = (uint8_t)(len & 0xFFU);
    s->stage_len = 2 + len;
    s->stage_at = 0;
    size_t before = SIZE_MAX;
    while (s->fd >= 0 && s->stage_at < s->stage_len && s->stage_at != before) {
        before = s->stage_at;
        ares_process_fd(s->channel->ares, s->fd, ARES_SOCKET_BAD);
    }
    s->stage_len = s->stage_at = 0;
}

static void process_frames(struct dns_transport *t, struct dns_socket *s)
{
    size_t at = 0;
    while (s->fd >= 0 && s->in_len - at >= 2) {
        size_t len = (size_t)(s->in[at] << 8 | s->in[at + 1]);
        if (s->in_len - at - 2 < len) {
            break;
        }
        process_frame(t, s, (struct span){s->in + at + 2, len});
        at += 2 + len;
    }
    if (at > 0) {
        s->in_len -= at;
        memmove(s->in, s->in + at, s->in_len);
    }
}

static void read_stream(struct dns_transport *t, struct dns_socket *s)
{
    ssize_t n = recv(s->fd, s->in + s->in_len, TCP_FRAME_MAX - s->in_len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return;
    }
    if (n > 0) {
        s->in_len += (size_t)n;
        process_frames(t, s);
        return;
    }
    s->ended = true;
    s->error = n < 0 ? errno : 0;
    ares_process_fd(s->channel->ares, s->fd, ARES_SOCKET_BAD);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct dns_socket *s = handle->data;
    struct dns_transport *t = s->channel->server->transport;
    if (status < 0) {
        events = UV_READABLE; /* reading tells what is wrong */
    }
    if ((events & UV_WRITABLE) != 0) {
        if (s->channel->tcp) {
            ares_process_fd(s->channel->ares, ARES_SOCKET_BAD, s->fd);
        } else {
            flush_socket(s);
        }
    }
    if ((events & UV_READABLE) != 0 && s->fd >= 0) {
        if (s->channel->tcp) {
            read_stream(t, s);
        } else {
            read_datagrams(t, s);
        }
    }
}

static bool is_current(const struct dns_transport *t, const unsigned char *stub, int len)
{
    return len >= 2 && t->current.len >= DNS_HEADER_LEN && memcmp(stub, t->current.at, 2) == 0;
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *stub, int len)
{
    (void)timeouts;
    struct dns_exchange *e = arg;
    struct dns_transport *t = e->transport;
    struct span none = {NULL, 0};
    if (t->closing) {
        return;
    }
    if (status == ARES_SUCCESS && is_current(t, stub, len)) {
        t->done(e, DNS_TRANSPORT_ANSWER, t->current);
    } else if (status == ARES_ETIMEOUT) {
        t->done(e, DNS_TRANSPORT_TIMEOUT, none);
    } else if (t->local_fault || status == ARES_ENOMEM) {
        t->done(e, DNS_TRANSPORT_LOCAL_FAULT, none);
    } else {
        t->done(e, DNS_TRANSPORT_BROKEN, none);
    }
}

/* Setting up. */

static void set_timeouts(const struct channel *c, struct ares_options *o, int *mask)
{
    int timeout = (int)c->server->transport->timeout_ms;
    o->timeout = timeout;
    o->tries = 1;
    *mask |= ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
#ifdef ARES_OPT_MAXTIMEOUTMS
    /* Over TCP a repeat cannot be kept back, so there c-ares may give up earlier than asked. */
    if (!c->tcp) {
        o->timeout = ROUND_MS;
        o->tries = (timeout + ROUND_MS - 1) / ROUND_MS;
    }
    o->maxtimeout = o->timeout;
    *mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
}

static void no_own_ideas(struct ares_options *o, int *mask)
{
    (void)o;
    (void)mask;
#ifdef ARES_OPT_QUERY_CACHE
    o->qcache_max_ttl = 0;
    *mask |= ARES_OPT_QUERY_CACHE;
#endif
#ifdef ARES_OPT_SERVER_FAILOVER
    o->server_failover_opts.retry_chance = 0;
    *mask |= ARES_OPT_SERVER_FAILOVER;
#endif
}

static bool set_server(struct channel *c)
{
    char text[NET_ADDR_TEXT_MAX];
    char csv[NET_ADDR_TEXT_MAX + 16];
    const struct server *s = c->server;
    (void)net_addr_format(&s->address, text);
    (void)snprintf(csv, sizeof(csv), s->address.family == 6 ? "[%s]:%u" : "%s:%u", text,
                   (unsigned)s->port);
    return ares_set_servers_ports_csv(c->ares, csv) == ARES_SUCCESS;
}

static bool open_channel(struct channel *c)
{
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
    no_own_ideas(&o, &mask);
    if (ares_init_options(&c->ares, &o, mask) != ARES_SUCCESS) {
        c->ares = NULL;
        return false;
    }
    ares_set_socket_functions(c->ares, &hooks, c);
    if (!set_server(c)) {
        ares_destroy(c->ares);
        c->ares = NULL;
        return false;
    }
    return true;
}

struct dns_transport *dns_transport_new(uv_loop_t *loop, uint32_t timeout_ms, dns_transport_fn done)
{
    CHECK(timeout_ms > 0 && timeout_ms <= INT32_MAX / 2);
    struct dns_transport *t = memory_new(1, sizeof(*t));
    t->loop = loop;
    t->timeout_ms = timeout_ms;
    t->done = done;
    t->ring = memory_new(1, sizeof(*t->ring));
    return t;
}

bool dns_transport_add_server(struct dns_transport *t, const struct net_addr *address,
                              uint16_t port)
{
    struct server *s = memory_new(1, sizeof(*s));
    s->transport = t;
    s->address = *address;
    s->port = port;
    s->udp = (struct channel){.server = s};
    s->tcp = (struct channel){.server = s, .tcp = true};
    if (!open_channel(&s->udp)) {
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
        do { /* up to 256 octets come whole; more may be interrupted by a signal */
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
    struct channel *c = tcp ? &t->servers[server]->tcp : &t->servers[server]->udp;
    exchange->transport = t;
    uint16_t id = draw_id(t); /* 1.34 puts its own, as random */
    query[0] = (uint8_t)(id >> 8);
    query[1] = (uint8_t)(id & 0xFFU);
    if (c->ares == NULL && !open_channel(c)) {
        t->done(exchange, DNS_TRANSPORT_LOCAL_FAULT, (struct span){NULL, 0});
        return;
    }
    t->local_fault = false;
    t->sending = true;
    ares_send(c->ares, query, (int)len, on_answer, exchange);
    t->sending = false;
    t->local_fault = false;
}

void dns_transport_flush(struct dns_transport *t)
{
    for (struct dns_socket *s = t->sockets; s != NULL; s = s->next) {
        if (s->queue != NULL && s->queue->count > 0) {
            flush_socket(s);
        }
    }
}

void dns_transport_tick(struct dns_transport *t)
{
    for (uint32_t i = 0; i < t->server_count; i++) {
        struct channel *both[] = {&t->servers[i]->udp, &t->servers[i]->tcp};
        for (size_t k = 0; k < 2; k++) {
            if (both[k]->ares != NULL) {
                ares_process_fd(both[k]->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            }
        }
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
        struct channel *both[] = {&t->servers[i]->udp, &t->servers[i]->tcp};
        for (size_t k = 0; k < 2; k++) {
            if (both[k]->ares != NULL) {
                ares_destroy(both[k]->ares);
            }
        }
    }
    if (t->handles == 0) {
        free_transport(t);
    }
}

const char *dns_transport_library_version(void)
{
    return ares_version(NULL);
}
