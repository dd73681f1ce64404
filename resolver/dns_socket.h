#pragma once

/**
 * The sockets under a DNS library: what it takes for socket functions, on a libuv loop.
 *
 * The library never reads from the network. Datagrams are received in batches and TCP frames whole;
 * of each answer it is shown a stub, a header that always says REFUSED and the question, in which it finds
 * all it needs to match. The answer itself is `current` while the library looks at its stub.
 * One readable socket costs one batch: the loop goes on to other things in between.
 */

#include <uv.h>

#include "resolver/udp_batch.h"

/** Tells the library that a socket of `channel` is ready; -1 as descriptor: not. */
typedef void (*dns_process_fn)(void *channel, int readable_fd, int writable_fd);

struct dns_socket;

struct dns_sockets {
    uv_loop_t *loop;
    dns_process_fn process;
    void (*closed)(void *arg); /* after each socket whose handle has closed */
    void *closed_arg;
    struct dns_socket *open;
    size_t handles; /* not yet closed */
    struct udp_ring ring;
    const struct dns_socket *ring_of; /* whose datagrams the ring holds */
    struct span current;              /* the answer behind the stub handed out last */
    bool sending; /* set by the owner: datagrams sent now are no repeats of the library */
    bool fault;   /* a socket could not be opened, or took no more */
};

/* What the library calls. `refused` is set when a datagram was refused (ICMP) and outlives the
 * socket. Errors are as of the system call: -1 and errno. */
int dns_socket_open(struct dns_sockets *set, void *channel, bool *refused, int family, int type,
                    int protocol);
int dns_socket_connect(struct dns_sockets *set, int fd, const struct sockaddr *to, socklen_t len);
ssize_t dns_socket_receive(struct dns_sockets *set, int fd, void *to, size_t room,
                           struct sockaddr *from, socklen_t *from_len);
/** Datagrams are queued until dns_sockets_flush(), and dropped unless `sending`. */
ssize_t dns_socket_send(struct dns_sockets *set, int fd, const struct iovec *parts, int count);
int dns_socket_close(struct dns_sockets *set, int fd);
/** Begins to watch `fd`; `writable`: for room to write as well (TCP). */
void dns_socket_watch(struct dns_sockets *set, int fd, bool writable);

void dns_sockets_flush(struct dns_sockets *set);
