#pragma once

/** Many datagrams per system call: recvmmsg(2) into a ring, sendmmsg(2) from a queue. */

#include <sys/socket.h>
#include <sys/uio.h>

#include "scanner/base/span.h"

#define UDP_BATCH         64   /* datagrams per call; measured: more gains nothing */
#define UDP_RECEIVE_MAX   4096 /* octets of an answer; the most that we ever offer to take */
#define UDP_SEND_MAX      512  /* octets of a question, options of the library included */
#define UDP_SOCKET_BUFFER (8 * 1024 * 1024) /* octets asked of the system */

/** Datagrams received and not yet handed on. */
struct udp_ring {
    struct mmsghdr headers[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    uint8_t octets[UDP_BATCH][UDP_RECEIVE_MAX];
    unsigned count;
    unsigned next;
};

/** Receives what waits, at most one batch. @return 0 or a negative errno; the ring is empty then. */
int udp_ring_fill(struct udp_ring *ring, int fd);
/** Takes the next datagram. @return false when the ring is empty. A datagram over UDP_RECEIVE_MAX comes
 * cut and with its TC bit set (RFC 1035 section 4.1.1), so that it is asked for over TCP. */
bool udp_ring_take(struct udp_ring *ring, struct span *out);

/** Datagrams to send on one connected socket. */
struct udp_queue {
    struct mmsghdr headers[UDP_BATCH];
    struct iovec parts[UDP_BATCH];
    uint8_t octets[UDP_BATCH][UDP_SEND_MAX];
    unsigned count;
};

/** @return false when the queue is full or the datagram too long. */
bool udp_queue_put(struct udp_queue *q, const struct iovec *parts, int part_count);

enum udp_flush_end {
    UDP_FLUSH_DONE,    /* the queue is empty */
    UDP_FLUSH_BLOCKED, /* the system takes no more: wait until the socket is writable */
};

/** Sends. Datagrams that the system will not take at all are dropped, as the network may drop any.
 * Sets `*refused` when an earlier one was refused by the other side (ICMP). */
enum udp_flush_end udp_queue_flush(struct udp_queue *q, int fd, bool *refused);
/** As large as the system allows: a burst of answers has to fit. */
void udp_socket_enlarge(int fd);
