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
    free(w->packed);
    unpacker_free(w->unpacker);
    *w = (struct octet_window){.fd = -1};
}

void octet_window_drop(struct octet_window *w, size_t len)
{
    CHECK(len <= w->to - w->from);
    w->from += len;
    w->dropped += len;
}

void octet_window_unpack(struct octet_window *w, enum unpack_method method)
{
    struct span held = octet_window_held(w);
    CHECK(w->unpacker == NULL && w->dropped == 0);
    w->unpacker = unpacker_new(method, true);
    w->method = method;
    w->packed = memory_new(1, WINDOW_SIZE);
    memcpy(w->packed, held.at, held.len);
    w->waiting = (struct span){w->packed, held.len};
    w->packed_ended = w->ended;
    w->ended = false;
    w->from = w->to = 0;
}

/* @return the octets read; negative: errno is set */
static ssize_t read_once(int fd, uint8_t *to)
{
    for (;;) {
        ssize_t len = read(fd, to, WINDOW_READ);
        if (len >= 0) {
            return len;
        }
        if (errno == EAGAIN) { /* somebody else made a shared standard input non-blocking */
            struct pollfd readable = {.fd = fd, .events = POLLIN};
            (void)poll(&readable, 1, -1);
        } else if (errno != EINTR) {
            return -1;
        }
    }
}

static int fill_plain(struct octet_window *w)
{
    ssize_t len = read_once(w->fd, w->at + w->to);
    if (len < 0) {
        return errno;
    }
    w->to += (size_t)len;
    w->ended = len == 0;
    return 0;
}

/* What was unpacked in front of a fault is handed out before it. */
static int fill_unpacked(struct octet_window *w)
{
    while (w->fault == UNPACK_GOES_ON) {
        if (w->waiting.len == 0 && !w->packed_ended) {
            ssize_t got = read_once(w->fd, w->packed);
            if (got < 0) {
                return errno;
            }
            w->waiting = (struct span){w->packed, (size_t)got};
            w->packed_ended = got == 0;
        }
        size_t len = 0;
        size_t offered = w->waiting.len;
        w->fault = unpacker_step(w->unpacker, &w->waiting, w->packed_ended, w->at + w->to,
                                 WINDOW_READ, &len);
        w->unpacked += offered - w->waiting.len;
        w->to += len;
        if (len > 0) {
            return 0;
        }
        if (w->fault == UNPACK_GOES_ON && offered == 0 && w->packed_ended) {
            w->ended = true;
            return 0;
        }
        if (offered > 0 && w->waiting.len == offered && w->fault == UNPACK_GOES_ON) {
            w->fault = UNPACK_DAMAGED; /* neither library does that */
        }
    }
    return EBADMSG;
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
    return w->unpacker != NULL ? fill_unpacked(w) : fill_plain(w);
}
