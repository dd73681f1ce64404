#include "resolver/udp_batch.h"

#include <errno.h>

#include "scanner/base/check.h"

#define SEND_TRIES 3 /* of a datagram: two ICMP errors may come in a row */

/* Once: the system changes lengths and flags only. */
static void lay_out(struct udp_ring *ring)
{
    for (unsigned i = 0; i < UDP_BATCH; i++) {
        ring->parts[i] = (struct iovec){ring->octets[i], UDP_RECEIVE_MAX};
        ring->headers[i].msg_hdr = (struct msghdr){.msg_iov = &ring->parts[i], .msg_iovlen = 1};
    }
    ring->is_laid_out = true;
}

int udp_ring_fill(struct udp_ring *ring, int fd)
{
    if (!ring->is_laid_out) {
        lay_out(ring);
    }
    ring->count = ring->next = 0;
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

void udp_out_put(struct udp_out *out, struct span octets)
{
    CHECK(out->count < UDP_BATCH);
    unsigned i = out->count++;
    out->parts[i] = (struct iovec){(void *)(uintptr_t)octets.at, octets.len};
    out->headers[i].msg_hdr.msg_iov = &out->parts[i];
    out->headers[i].msg_hdr.msg_iovlen = 1;
}

unsigned udp_out_send(struct udp_out *out, int fd, bool *refused, int *error)
{
    unsigned gone = 0;
    unsigned failures = 0; /* in a row */
    *error = 0;
    while (gone < out->count && *error == 0) {
        int n = sendmmsg(fd, out->headers + gone, out->count - gone, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            gone += (unsigned)n;
            failures = 0;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            *error = EAGAIN;
        } else if (errno != EINTR) {
            /* It may belong to an earlier datagram (ICMP) and is spent then: this one was not sent. */
            *refused = *refused || errno == ECONNREFUSED;
            *error = ++failures == SEND_TRIES ? errno : 0;
        }
    }
    out->count = 0;
    return gone;
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
