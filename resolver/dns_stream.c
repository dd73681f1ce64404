#include "resolver/dns_stream.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "resolver/dns_frame.h"
#include "scanner/base/memory.h"

/* Freed when its handle has closed. */
struct dns_stream {
    uv_poll_t poll;
    struct dns_stream *next;
    struct dns_streams *set;
    void *channel;
    int fd; /* -1: closed */

    uint8_t *in; /* DNS_FRAME_MAX octets */
    size_t in_len;
    uint8_t stage[2 + DNS_QUERY_MAX]; /* the frame the library is reading */
    size_t stage_len;
    size_t stage_at;
    bool ended; /* no more to read: */
    int error;  /* 0: closed by the peer, else errno */
};

static struct dns_stream *find_stream(const struct dns_streams *set, int fd)
{
    struct dns_stream *s = set->open;
    while (s != NULL && s->fd != fd) {
        s = s->next;
    }
    CHECK(s != NULL);
    return s;
}

/* What the loop reports. */

/* Shows the library one whole frame as a stub; it may read it in pieces. */
static void process_frame(struct dns_streams *set, struct dns_stream *s, struct span message)
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

static void process_frames(struct dns_streams *set, struct dns_stream *s)
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

static void read_stream(struct dns_streams *set, struct dns_stream *s)
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
    struct dns_stream *s = handle->data;
    if (status < 0) {
        events = UV_READABLE; /* reading tells what is wrong */
    }
    if ((events & UV_WRITABLE) != 0) {
        s->set->process(s->channel, -1, s->fd);
    }
    if ((events & UV_READABLE) != 0 && s->fd >= 0) {
        read_stream(s->set, s);
    }
}

static void dns_stream_on_closed(uv_handle_t *handle)
{
    struct dns_stream *s = handle->data;
    struct dns_streams *set = s->set;
    free(s->in);
    free(s);
    set->handles--;
    set->closed(set->closed_arg);
}

/* What the library calls. */

int dns_stream_open(struct dns_streams *set, void *channel, int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0) {
        set->fault = true;
        return -1;
    }
    struct dns_stream *s = memory_new(1, sizeof(*s));
    if (uv_poll_init(set->loop, &s->poll, fd) != 0) {
        free(s);
        (void)close(fd);
        set->fault = true;
        return -1;
    }
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    uv_unref((uv_handle_t *)&s->poll);
    s->poll.data = s;
    s->set = set;
    s->channel = channel;
    s->fd = fd;
    s->in = memory_new(1, DNS_FRAME_MAX);
    s->next = set->open;
    set->open = s;
    set->handles++;
    return fd;
}

int dns_stream_close(struct dns_streams *set, int fd)
{
    struct dns_stream *s = find_stream(set, fd);
    struct dns_stream **link = &set->open;
    while (*link != s) {
        link = &(*link)->next;
    }
    *link = s->next;
    s->fd = -1;
    uv_close((uv_handle_t *)&s->poll, dns_stream_on_closed);
    return close(fd);
}

ssize_t dns_stream_receive(struct dns_streams *set, int fd, void *to, size_t room)
{
    struct dns_stream *s = find_stream(set, fd);
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

void dns_stream_watch(struct dns_streams *set, int fd, bool writable)
{
    struct dns_stream *s = find_stream(set, fd);
    (void)uv_poll_start(&s->poll, UV_READABLE | (writable ? UV_WRITABLE : 0), on_poll);
}
