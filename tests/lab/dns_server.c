#include "tests/lab/dns_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scanner/base/container.h"
#include "scanner/base/memory.h"
#include "tests/lab/listener.h"

#define BATCH           64   /* datagrams per system call */
#define QUERY_MAX       1500 /* octets of a query over UDP */
#define BATCHES_MAX     8    /* per turn of the loop, so that SMTP gets its turn */
#define LATE_MAX        65536 /* answers waiting for their latency; more are dropped, as a network would */
#define TCP_QUERIES_MAX 100 /* per connection */
#define RCODE_NXDOMAIN  3

struct late_answer {
    uint64_t due_ms;
    struct sockaddr_in to;
    struct buf message;
};

struct dns_server {
    struct loop *loop;
    struct source udp;
    struct source tcp;
    uint32_t latency_ms;
    struct dns_responder responder;
    /* one batch */
    uint8_t queries[BATCH][QUERY_MAX];
    struct sockaddr_in from[BATCH];
    struct iovec in_vec[BATCH];
    struct mmsghdr in[BATCH];
    struct buf answers[BATCH];
    struct iovec out_vec[BATCH];
    struct mmsghdr out[BATCH];
    /* with latency: a queue, as every answer waits equally long */
    struct late_answer *late;
    size_t late_head;
    size_t late_count;
    struct deadline late_due;
};

struct dns_stream {
    struct source source;
    struct dns_server *server;
    struct deadline timeout;
    struct buf in;
    unsigned queries;
};

static void send_all(struct dns_server *s, unsigned count)
{
    unsigned sent = 0;
    while (sent < count) {
        int n = sendmmsg(s->udp.fd, s->out + sent, count - sent, 0);
        if (n <= 0) {
            return; /* a full socket buffer loses datagrams, as networks do */
        }
        sent += (unsigned)n;
    }
}

static void queue_late(struct dns_server *s, const struct sockaddr_in *to, struct buf *message)
{
    if (s->late_count == LATE_MAX) {
        return;
    }
    struct late_answer *l = &s->late[(s->late_head + s->late_count) % LATE_MAX];
    struct buf swap = l->message;
    l->message = *message;
    *message = swap;
    l->to = *to;
    l->due_ms = s->loop->now_ms + s->latency_ms;
    if (s->late_count++ == 0) {
        loop_set(s->loop, &s->late_due, s->latency_ms);
    }
}

static void send_late(struct deadline *d)
{
    struct dns_server *s = CONTAINER_OF(d, struct dns_server, late_due);
    unsigned count = 0;
    while (s->late_count > 0 && s->late[s->late_head].due_ms <= s->loop->now_ms) {
        struct late_answer *l = &s->late[s->late_head];
        s->out_vec[count] = (struct iovec){l->message.at, l->message.len};
        s->out[count].msg_hdr = (struct msghdr){.msg_name = &l->to,
                                                .msg_namelen = sizeof(l->to),
                                                .msg_iov = &s->out_vec[count],
                                                .msg_iovlen = 1};
        s->late_head = (s->late_head + 1) % LATE_MAX;
        s->late_count--;
        if (++count == BATCH) {
            send_all(s, count);
            count = 0;
        }
    }
    send_all(s, count);
    if (s->late_count > 0) {
        uint64_t due = s->late[s->late_head].due_ms;
        loop_set(s->loop, d, due > s->loop->now_ms ? due - s->loop->now_ms : 0);
    }
}

static void answer_batch(struct dns_server *s, unsigned received)
{
    unsigned count = 0;
    for (unsigned i = 0; i < received; i++) {
        struct span query = {s->queries[i], s->in[i].msg_len};
        struct buf *answer = &s->answers[count];
        buf_reset(answer);
        if (!dns_respond(&s->responder, query, false, answer)) {
            continue;
        }
        if (s->latency_ms > 0) {
            queue_late(s, &s->from[i], answer);
            continue;
        }
        s->out_vec[count] = (struct iovec){answer->at, answer->len};
        s->out[count].msg_hdr = (struct msghdr){.msg_name = &s->from[i],
                                                .msg_namelen = sizeof(s->from[i]),
                                                .msg_iov = &s->out_vec[count],
                                                .msg_iovlen = 1};
        count++;
    }
    send_all(s, count);
}

static void on_udp(struct source *source, uint32_t events)
{
    struct dns_server *s = CONTAINER_OF(source, struct dns_server, udp);
    (void)events;
    for (int batches = 0; batches < BATCHES_MAX; batches++) {
        for (unsigned i = 0; i < BATCH; i++) {
            s->in[i].msg_hdr.msg_namelen = sizeof(s->from[i]);
        }
        int n = recvmmsg(s->udp.fd, s->in, BATCH, MSG_DONTWAIT, NULL);
        if (n <= 0) {
            return;
        }
        answer_batch(s, (unsigned)n);
        if (n < BATCH) {
            return;
        }
    }
}

static void close_stream(struct dns_stream *t)
{
    loop_clear(t->server->loop, &t->timeout);
    loop_remove(t->server->loop, &t->source);
    (void)close(t->source.fd);
    buf_deinit(&t->in);
    free(t);
}

static void on_stream_timeout(struct deadline *d)
{
    close_stream(CONTAINER_OF(d, struct dns_stream, timeout));
}

/* An answer fits the empty send buffer of a new connection. */
static bool send_message(struct dns_stream *t, struct span message, size_t octets)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    buf_put_char(&out, (char)(message.len >> 8));
    buf_put_char(&out, (char)message.len);
    buf_put(&out, span_take(message, octets));
    bool ok = send(t->source.fd, out.at, out.len, MSG_NOSIGNAL) == (ssize_t)out.len;
    buf_deinit(&out);
    return ok;
}

/* @return false: close. */
static bool send_answer(struct dns_stream *t, struct buf *message)
{
    struct span all = buf_span(message);
    switch (t->server->responder.answer.tcp) {
    case LAB_TCP_AS_USUAL:
        return send_message(t, all, all.len);
    case LAB_TCP_STALL:
        return true;
    case LAB_TCP_HALF:
        (void)send_message(t, all, all.len / 2);
        return false;
    case LAB_TCP_TWICE:
        if (!send_message(t, all, all.len)) {
            return false;
        }
        message->at[3] = (uint8_t)((message->at[3] & 0xf0) | RCODE_NXDOMAIN);
        return send_message(t, all, all.len);
    }
    UNREACHABLE("unknown lab_tcp");
}

/* Answers complete queries (RFC 1035 section 4.2.2: two octets of length). @return false: close. */
static bool answer_stream(struct dns_stream *t)
{
    bool ok = true;
    while (ok && t->in.len >= 2) {
        size_t len = (size_t)t->in.at[0] << 8 | t->in.at[1];
        if (t->in.len < 2 + len) {
            break;
        }
        struct buf message = BUF_INIT(BUF_NO_LIMIT);
        ok = ++t->queries <= TCP_QUERIES_MAX &&
             dns_respond(&t->server->responder, (struct span){t->in.at + 2, len}, true, &message);
        ok = ok && send_answer(t, &message);
        buf_deinit(&message);
        memmove(t->in.at, t->in.at + 2 + len, t->in.len - 2 - len);
        t->in.len -= 2 + len;
    }
    return ok;
}

static void on_stream(struct source *source, uint32_t events)
{
    struct dns_stream *t = CONTAINER_OF(source, struct dns_stream, source);
    uint8_t octets[4096];
    (void)events;
    ssize_t n = recv(t->source.fd, octets, sizeof(octets), 0);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0 || !buf_append(&t->in, (struct span){octets, (size_t)n}) || !answer_stream(t)) {
        close_stream(t);
    }
}

static void on_accept(struct source *source, uint32_t events)
{
    struct dns_server *s = CONTAINER_OF(source, struct dns_server, tcp);
    (void)events;
    int fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct dns_stream *t = memory_new(1, sizeof(*t));
    t->source = (struct source){fd, on_stream};
    t->server = s;
    t->timeout.due = on_stream_timeout;
    t->in = BUF_INIT(2 * DNS_MESSAGE_MAX);
    if (!loop_add(s->loop, &t->source, EPOLLIN)) {
        (void)close(fd);
        free(t);
        return;
    }
    loop_set(s->loop, &t->timeout, 10000);
}

struct dns_server *dns_server_new(struct loop *loop, const char *device, uint16_t port,
                                  uint32_t latency_ms, const struct world *world,
                                  struct cert_store *certs, struct counters *counters)
{
    int udp = listener_udp(device, port);
    int tcp = udp < 0 ? -1 : listener_names(device, port);
    if (tcp < 0) {
        int saved = errno;
        if (udp >= 0) {
            (void)close(udp);
        }
        errno = saved;
        return NULL;
    }
    struct dns_server *s = memory_new(1, sizeof(*s));
    s->loop = loop;
    s->udp = (struct source){udp, on_udp};
    s->tcp = (struct source){tcp, on_accept};
    s->latency_ms = latency_ms;
    s->late = memory_new(LATE_MAX, sizeof(*s->late));
    s->late_due.due = send_late;
    dns_responder_init(&s->responder, world, certs, counters);
    for (size_t i = 0; i < LATE_MAX; i++) {
        s->late[i].message = BUF_INIT(BUF_NO_LIMIT);
    }
    for (unsigned i = 0; i < BATCH; i++) {
        s->answers[i] = BUF_INIT(BUF_NO_LIMIT);
        s->in_vec[i] = (struct iovec){s->queries[i], QUERY_MAX};
        s->in[i].msg_hdr =
            (struct msghdr){.msg_name = &s->from[i], .msg_iov = &s->in_vec[i], .msg_iovlen = 1};
    }
    CHECK(loop_add(loop, &s->udp, EPOLLIN) && loop_add(loop, &s->tcp, EPOLLIN));
    return s;
}

void dns_server_free(struct dns_server *s)
{
    if (s == NULL) {
        return;
    }
    loop_clear(s->loop, &s->late_due);
    (void)close(s->udp.fd);
    (void)close(s->tcp.fd);
    for (size_t i = 0; i < LATE_MAX; i++) {
        buf_deinit(&s->late[i].message);
    }
    for (unsigned i = 0; i < BATCH; i++) {
        buf_deinit(&s->answers[i]);
    }
    dns_responder_deinit(&s->responder);
    free(s->late);
    free(s);
}
