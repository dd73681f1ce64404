#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "scanner/base/clock.h"
#include "scanner/smtp/reply.h"
#include "scanner/vantage/vantage_look.h"

#define GREETING_TEXT_MAX (REPLY_TEXT_MAX + REPLY_LINE_MAX) /* octets: what the parser may need */

static const char quit[] = "QUIT\r\n"; /* RFC 5321 section 4.1.1.10 */

/* @return false when the time is up or the socket failed */
static bool wait_until(int fd, short events, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = clock_monotonic_ns();
        struct pollfd p = {.fd = fd, .events = events};
        int wait_ms = now < deadline_ns ? (int)((deadline_ns - now) / 1000000) + 1 : 0;
        int ready = poll(&p, 1, wait_ms);
        if (ready > 0) {
            return true;
        }
        if (wait_ms == 0 || (ready < 0 && errno != EINTR)) {
            return false;
        }
    }
}

static uint64_t deadline_in(uint32_t ms)
{
    return clock_monotonic_ns() + (uint64_t)ms * 1000000;
}

static int finish_connecting(int fd, uint32_t timeout_ms)
{
    int error = 0;
    socklen_t len = sizeof(error);
    if (!wait_until(fd, POLLOUT, deadline_in(timeout_ms))) {
        return ETIMEDOUT;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/* The code of the greeting (RFC 5321 section 4.2); 0: none came, or it is none. Lines that are no reply are
 * read over, as senders do; the parser bounds what a host can send. */
static uint16_t read_greeting(int fd, uint32_t timeout_ms)
{
    uint64_t deadline = deadline_in(timeout_ms);
    struct buf text = BUF_INIT(GREETING_TEXT_MAX);
    struct reply_parser reply;
    uint8_t octets[1024];
    uint16_t code = 0;
    size_t total = 0;
    reply_start(&reply, &text);
    bool going = true;
    while (going && total < REPLY_OCTETS_MAX && wait_until(fd, POLLIN, deadline)) {
        ssize_t n = recv(fd, octets, sizeof(octets), 0);
        struct span in = {octets, n > 0 ? (size_t)n : 0};
        going = n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
        total += in.len;
        while (going && in.len > 0) {
            enum reply_status status = reply_feed(&reply, &in);
            code = status == REPLY_DONE ? reply.code : 0;
            going = status != REPLY_DONE && status != REPLY_OVER;
        }
    }
    buf_deinit(&text);
    return code;
}

static void bind_to_local(const struct vantage_questions *q, int fd, uint8_t family)
{
    for (size_t i = 0; i < q->local_count; i++) {
        if (q->local[i].family == family) {
            struct sockaddr_storage name;
            socklen_t len = net_addr_to_sockaddr(&q->local[i], 0, &name);
            (void)bind(fd, (const struct sockaddr *)&name, len); /* tried and told by itself */
            return;
        }
    }
}

static struct vantage_dial dial_host(const struct vantage_questions *q,
                                     const struct net_addr *address, uint16_t port)
{
    struct vantage_dial dial = {.address = *address};
    struct net_addr to = q->dialled(q->arg, address, &port);
    struct sockaddr_storage name;
    socklen_t len = net_addr_to_sockaddr(&to, port, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        dial.error = errno;
        return dial;
    }
    bind_to_local(q, fd, to.family);
    if (connect(fd, (const struct sockaddr *)&name, len) != 0) {
        dial.error = errno == EINPROGRESS ? finish_connecting(fd, q->connect_timeout_ms) : errno;
    }
    if (dial.error == 0) {
        dial.code = read_greeting(fd, q->greeting_timeout_ms);
        ssize_t sent = send(fd, quit, sizeof(quit) - 1, MSG_NOSIGNAL);
        (void)sent; /* a courtesy: nothing depends on it */
    }
    (void)close(fd);
    return dial;
}

static void dial_family(const struct vantage_questions *q, struct vantage_host *h, uint8_t family)
{
    size_t dialled = 0;
    for (size_t i = 0; i < h->found.count && dialled < VANTAGE_DIALS_MAX; i++) {
        if (h->found.address[i].family != family) {
            continue;
        }
        struct vantage_dial *dial = &h->dial[h->dial_count++];
        *dial = dial_host(q, &h->found.address[i], h->port);
        dialled++;
        if (dial->code != 0) {
            return; /* one that speaks SMTP is enough */
        }
    }
}

void vantage_look_at_hosts(const struct vantage_questions *q, struct vantage_facts *facts)
{
    for (size_t i = 0; i < facts->host_count; i++) {
        if (q->ipv4) {
            dial_family(q, &facts->host[i], 4);
        }
        if (q->ipv6) {
            dial_family(q, &facts->host[i], 6);
        }
    }
}
