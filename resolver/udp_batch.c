#include "resolver/udp_batch.h"

#include <errno.h>

int udp_ring_fill(struct udp_ring *ring, int fd)
{
    ring->count = ring->next = 0;
    for (unsigned i = 0; i < UDP_BATCH; i++) {
        ring->parts[i] = (struct iovec){ring->octets[i], UDP_RECEIVE_MAX};
        ring->headers[i].msg_hdr = (struct msghdr){.msg_iov = &ring->parts[i], .msg_iovlen = 1};
    }
    int n = recvmmsg(fd, ring->headers, UDP_BATCH, MSG_DONTWAIT, NULL);
    if (n < 0) {
        return -errno;
    }
    ring->count = (unsigned)n;
    return 0;
}

bool udp_ring_take(struct udp_ring *ring, struct span *out)
{
    if (ring->next == ring->count) {
        return false;
    }
    unsigned slot = ring->next++;
    *out = (struct span){ring->octets[slot], ring->headers[slot].msg_len};
    if ((ring->headers[slot].msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        ring->octets[slot][2] |= 0x02U;
    }
    return true;
}

bool udp_queue_put(struct udp_queue *q, const struct iovec *parts, int part_count)
{
    if (q->count == UDP_BATCH) {
        return false;
    }
    size_t len = 0;
    for (int i = 0; i < part_count; i++) {
        if (parts[i].iov_len > UDP_SEND_MAX - len) {
            return false;
        }
        memcpy(q->octets[q->count] + len, parts[i].iov_base, parts[i].iov_len);
        len += parts[i].iov_len;
    }
    q->parts[q->count++].iov_len = len;
    return true;
}

static void drop_first(struct udp_queue *q, unsigned n)
{
    for (unsigned i = n; i < q->count; i++) {
        memcpy(q->octets[i - n], q->octets[i], q->parts[i].iov_len);
        q->parts[i - n].iov_len = q->parts[i].iov_len;
    }
    q->count -= n;
}

enum udp_flush_end udp_queue_flush(struct udp_queue *q, int fd, bool *refused)
{
    bool again = false;
    while (q->count > 0) {
        for (unsigned i = 0; i < q->count; i++) {
            q->parts[i].iov_base = q->octets[i];
            q->headers[i].msg_hdr = (struct msghdr){.msg_iov = &q->parts[i], .msg_iovlen = 1};
        }
        int n = sendmmsg(fd, q->headers, q->count, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            drop_first(q, (unsigned)n);
            again = false;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            return UDP_FLUSH_BLOCKED;
        } else if (errno == ECONNREFUSED && !again) {
            /* The error belongs to an earlier datagram and is spent now: this one was not sent. */
            *refused = true;
            again = true;
        } else if (errno != EINTR) {
            drop_first(q, 1);
            again = false;
        }
    }
    return UDP_FLUSH_DONE;
}

void udp_socket_enlarge(int fd)
{
    static const int options[2][2] = {{SO_RCVBUFFORCE, SO_RCVBUF}, {SO_SNDBUFFORCE, SO_SNDBUF}};
    int size = UDP_SOCKET_BUFFER;
    for (int i = 0; i < 2; i++) {
        /* FORCE needs CAP_NET_ADMIN; without it the system caps the size by itself. */
        if (setsockopt(fd, SOL_SOCKET, options[i][0], &size, sizeof(size)) != 0) {
            (void)setsockopt(fd, SOL_SOCKET, options[i][1], &size, sizeof(size));
        }
    }
}
