#include "scanner/domain/octet_window.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "scanner/base/memory.h"

void octet_window_init(struct octet_window *w, int fd)
{
    *w = (struct octet_window){.fd = fd, .at = memory_new(1, WINDOW_SIZE)};
}

void octet_window_deinit(struct octet_window *w)
{
    free(w->at);
    *w = (struct octet_window){.fd = -1};
}

void octet_window_drop(struct octet_window *w, size_t len)
{
    CHECK(len <= w->to - w->from);
    w->from += len;
    w->dropped += len;
}

int octet_window_fill(struct octet_window *w)
{
    if (w->ended) {
        return 0;
    }
    if (w->from == w->to) {
        w->from = w->to = 0;
    } else if (WINDOW_SIZE - w->to < WINDOW_READ) {
        memmove(w->at, w->at + w->from, w->to - w->from);
        w->to -= w->from;
        w->from = 0;
    }
    CHECK(WINDOW_SIZE - w->to >= WINDOW_READ);
    for (;;) {
        ssize_t len = read(w->fd, w->at + w->to, WINDOW_READ);
        if (len >= 0) {
            w->to += (size_t)len;
            w->ended = len == 0;
            return 0;
        }
        if (errno == EAGAIN) { /* somebody else made a shared standard input non-blocking */
            struct pollfd readable = {.fd = w->fd, .events = POLLIN};
            (void)poll(&readable, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
}
