#pragma once

/** Many datagrams per system call: recvmmsg(2) into a ring, sendmmsg(2) from where they lie. */

#include <sys/socket.h>
#include <sys/uio.h>

#include "scanner/base/span.h"

#define UDP_BATCH         64   /* datagrams per call; measured: more gains nothing */
#define UDP_RECEIVE_MAX   4096 /* octets of an answer; the most that we ever offer to take */
#define UDP_SOCKET_BUFFER (8 * 1024 * 1024) /* octets asked of the system */

/** Datagrams received and not yet handed on. All zero is a good start, as of the other. */
struct udp_ring {
    struct mmsghdr headers[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    uint8_t octets[UDP_BATCH][UDP_RECEIVE_MAX];
    bool is_laid_out;
    unsigned count;
    unsigned next;
};

/** Receives what waits, at most one batch. @return 0 or a negative errno; the ring is empty then. */
int udp_ring_fill(struct udp_ring *ring, int fd);
/** Takes the next datagram. @return false when the ring is empty. A datagram over UDP_RECEIVE_MAX comes
 * cut and with its TC bit set (RFC 1035 section 4.1.1), so that it is asked for over TCP. */
bool udp_ring_take(struct udp_ring *ring, struct span *out);

/** Datagrams to send on one connected socket; their octets are borrowed until they are sent. */
struct udp_out {
    struct mmsghdr headers[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    unsigned count;
};

/** At most UDP_BATCH. */
void udp_out_put(struct udp_out *out, struct span octets);
/** Sends, in order, until one does not go, and forgets all. Sets `*refused` when an earlier one was refused by the other side (ICMP).
 * @return how many are gone; `*error`: why the next is not, 0: all are, EAGAIN: the system takes no more until the socket is writable, else:
 * it will not take this one */
unsigned udp_out_send(struct udp_out *out, int fd, bool *refused, int *error);
/** As large as the system allows: a burst of answers has to fit. */
void udp_socket_enlarge(int fd);
