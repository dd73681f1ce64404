#include "resolver/dns_socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "resolver/dns_frame.h"
#include "scanner/base/memory.h"

#define TCP_PARTS_MAX 64 /* parts of one writev(2), below IOV_MAX */

/* Freed when its handle has closed. */
struct dns_socket {
    uv_poll_t poll;
    struct dns_socket *next;
    struct dns_sockets *set;
    void *channel;
    bool *refused;
    int fd;           /* -1: closed */
    bool wants_write; /* the library (TCP) or our queue (UDP) waits for room */
    struct sockaddr_storage peer;
    socklen_t peer_len;

    struct udp_queue *queue; /* UDP; NULL: TCP */

    uint8_t *in; /* TCP: DNS_FRAME_MAX octets */
    size_t in_len;
    uint8_t stage[2 + DNS_QUERY_MAX]; /* the frame the library is reading */
    size_t stage_len;
    size_t stage_at;
    bool ended; /* no more to read: */
    int error;  /* 0: closed by the peer, else errno */
};

static struct dns_socket *find_socket(const struct dns_sockets *set, int fd)
{
    struct dns_socket *s = set->open;
    while (s != NULL && s->fd != fd) {
        s = s->next;
    }
    CHECK(s != NULL);
    return s;
}

static void on_poll(uv_poll_t *handle, int status, int events);

static void poll_update(struct dns_socket *s)
{
    int events = UV_READABLE | (s->wants_write ? UV_WRITABLE : 0);
    (void)uv_poll_start(&s->poll, events, on_poll);
    uv_unref((uv_handle_t *)&s->poll);
}

static void flush_socket(struct dns_socket *s)
{
    bool blocked = udp_queue_flush(s->queue, s->fd, s->refused) == UDP_FLUSH_BLOCKED;
    if (blocked != s->wants_write) {
        s->wants_write = blocked;
        poll_update(s);
    }
}

/* What the loop reports. */

static void read_datagrams(struct dns_sockets *set, struct dns_socket *s)
{
    int error = udp_ring_fill(&set->ring, s->fd);
    if (error != 0) {
        if (error == -ECONNREFUSED) {
            *s->refused = true;
        }
        return;
    }
    set->ring_of = s;
    /* c-ares 1.18 empties the ring in one call, 1.34 takes one datagram a call. */
    unsigned before = UDP_BATCH;
    while (s->fd >= 0 && set->ring.next < set->ring.count && set->ring.next != before) {
        before = set->ring.next;
        set->process(s->channel, s->fd, -1);
    }
    set->ring_of = NULL;
}

/* Shows the library one whole frame as a stub; it may read it in pieces. */
static void process_frame(struct dns_sockets *set, struct dns_socket *s, struct span message)
{
    size_t len = dns_stub_make(message, s->stage + 2);
    if (len == 0) {
        return;
    }
    set->current = message;
    s->stage[0] = (uint8_t)(len >> 8);
    s->stage[1] = (uint8_t)(len & 0xFFU);
    s->stage_len = 2 + len;
    s->stage_at = 0;
    size_t before = SIZE_MAX;
    while (s->fd >= 0 && s->stage_at < s->stage_len && s->stage_at != before) {
        before = s->stage_at;
        set->process(s->channel, s->fd, -1);
    }
    s->stage_len = s->stage_at = 0;
}

static void process_frames(struct dns_sockets *set, struct dns_socket *s)
{
    struct span rest = {s->in, s->in_len};
    struct span message;
    while (s->fd >= 0 && dns_frame_take(&rest, &message)) {
        process_frame(set, s, message);
    }
    if (rest.len < s->in_len) {
        s->in_len = rest.len;
        memmove(s->in, rest.at, rest.len);
    }
}

static void read_stream(struct dns_sockets *set, struct dns_socket *s)
{
    ssize_t n = recv(s->fd, s->in + s->in_len, DNS_FRAME_MAX - s->in_len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return;
    }
    if (n > 0) {
        s->in_len += (size_t)n;
        process_frames(set, s);
        return;
    }
    s->ended = true;
    s->error = n < 0 ? errno : 0;
    set->process(s->channel, s->fd, -1);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct dns_socket *s = handle->data;
    if (status < 0) {
        events = UV_READABLE; /* reading tells what is wrong */
    }
    if ((events & UV_WRITABLE) != 0) {
        if (s->queue == NULL) {
            s->set->process(s->channel, -1, s->fd);
        } else {
            flush_socket(s);
        }
    }
    if ((events & UV_READABLE) != 0 && s->fd >= 0) {
        if (s->queue == NULL) {
            read_stream(s->set, s);
        } else {
            read_datagrams(s->set, s);
        }
    }
}

static void dns_socket_on_closed(uv_handle_t *handle)
{
    struct dns_socket *s = handle->data;
    struct dns_sockets *set = s->set;
    free(s->queue);
    free(s->in);
    free(s);
    set->handles--;
    set->closed(set->closed_arg);
}

/* What the library calls. */

int dns_socket_open(struct dns_sockets *set, void *channel, bool *refused, int family, int type,
                    int protocol)
{
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0) {
        set->fault = true;
        return -1;
    }
    struct dns_socket *s = memory_new(1, sizeof(*s));
    if (uv_poll_init(set->loop, &s->poll, fd) != 0) {
        free(s);
        (void)close(fd);
        set->fault = true;
        return -1;
    }
    s->poll.data = s;
    s->set = set;
    s->channel = channel;
    s->refused = refused;
    s->fd = fd;
    if (type == SOCK_STREAM) {
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        s->in = memory_new(1, DNS_FRAME_MAX);
    } else {
        udp_socket_enlarge(fd);
        s->queue = memory_new(1, sizeof(*s->queue));
    }
    s->next = set->open;
    set->open = s;
    set->handles++;
    return fd;
}

int dns_socket_close(struct dns_sockets *set, int fd)
{
    struct dns_socket *s = find_socket(set, fd);
    struct dns_socket **link = &set->open;
    while (*link != s) {
        link = &(*link)->next;
    }
    *link = s->next;
    s->fd = -1;
    uv_close((uv_handle_t *)&s->poll, dns_socket_on_closed);
    return close(fd);
}

int dns_socket_connect(struct dns_sockets *set, int fd, const struct sockaddr *to, socklen_t len)
{
    struct dns_socket *s = find_socket(set, fd);
    CHECK(len <= sizeof(s->peer));
    memcpy(&s->peer, to, len);
    s->peer_len = len;
    return connect(fd, to, len);
}

/* Hands out a stub for the next datagram that is an answer; the rest is passed over. */
static ssize_t receive_datagram(struct dns_sockets *set, const struct dns_socket *s, void *to,
                                size_t room)
{
    uint8_t stub[DNS_QUERY_MAX];
    while (set->ring_of == s && udp_ring_take(&set->ring, &set->current)) {
        size_t len = dns_stub_make(set->current, stub);
        if (len > 0 && len <= room) {
            memcpy(to, stub, len);
            return (ssize_t)len;
        }
    }
    errno = EAGAIN;
    return -1;
}

static ssize_t receive_frame(struct dns_socket *s, void *to, size_t room)
{
    size_t left = s->stage_len - s->stage_at;
    if (left > 0) {
        size_t len = left < room ? left : room;
        memcpy(to, s->stage + s->stage_at, len);
        s->stage_at += len;
        return (ssize_t)len;
    }
    if (s->ended) {
        errno = s->error;
        return s->error == 0 ? 0 : -1;
    }
    errno = EAGAIN;
    return -1;
}

ssize_t dns_socket_receive(struct dns_sockets *set, int fd, void *to, size_t room,
                           struct sockaddr *from, socklen_t *from_len)
{
    struct dns_socket *s = find_socket(set, fd);
    if (s->queue == NULL) {
        return receive_frame(s, to, room);
    }
    /* The socket is connected: the system lets through what comes from the server only. */
    if (from != NULL && from_len != NULL && *from_len >= s->peer_len) {
        memcpy(from, &s->peer, s->peer_len);
        *from_len = s->peer_len;
    }
    return receive_datagram(set, s, to, room);
}

ssize_t dns_socket_send(struct dns_sockets *set, int fd, const struct iovec *parts, int count)
{
    struct dns_socket *s = find_socket(set, fd);
    if (s->queue == NULL) {
        return writev(fd, parts, count < TCP_PARTS_MAX ? count : TCP_PARTS_MAX);
    }
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += parts[i].iov_len;
    }
    if (!set->sending) {
        return (ssize_t)len;
    }
    if (s->queue->count == UDP_BATCH) {
        flush_socket(s);
    }
    if (!udp_queue_put(s->queue, parts, count)) {
        set->fault = true;
        errno = ENOBUFS;
        return -1;
    }
    return (ssize_t)len;
}

void dns_socket_watch(struct dns_sockets *set, int fd, bool writable)
{
    struct dns_socket *s = find_socket(set, fd);
    if (s->queue == NULL) {
        s->wants_write = writable;
    }
    poll_update(s);
}

void dns_sockets_flush(struct dns_sockets *set)
{
    for (struct dns_socket *s = set->open; s != NULL; s = s->next) {
        if (s->queue != NULL && s->queue->count > 0) {
            flush_socket(s);
        }
    }
}
