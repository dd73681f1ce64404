#pragma once

/**
 * The TCP sockets under a DNS library: what it takes for socket functions, on a libuv loop.
 *
 * The library never reads from the network. Frames are received whole; of each answer it is shown a stub, a header that always says REFUSED and the
 * question, in which it finds all it needs to match. The answer itself is `current` while the library looks at its stub.
 */

#include <sys/types.h>

#include <uv.h>

#include "scanner/base/span.h"

/** Tells the library that a socket of `channel` is ready; -1 as descriptor: not. */
typedef void (*dns_process_fn)(void *channel, int readable_fd, int writable_fd);

struct dns_stream;

struct dns_streams {
    uv_loop_t *loop;
    dns_process_fn process;
    void (*closed)(void *arg); /* after each socket whose handle has closed */
    void *closed_arg;
    struct dns_stream *open;
    size_t handles;      /* not yet closed */
    struct span current; /* the answer behind the stub handed out last */
    bool fault;          /* a socket could not be opened */
};

/* What the library calls. Errors are as of the system call: -1 and errno. */
int dns_stream_open(struct dns_streams *set, void *channel, int family, int type, int protocol);
ssize_t dns_stream_receive(struct dns_streams *set, int fd, void *to, size_t room);
int dns_stream_close(struct dns_streams *set, int fd);
/** Begins to watch `fd`; `writable`: for room to write as well. */
void dns_stream_watch(struct dns_streams *set, int fd, bool writable);
