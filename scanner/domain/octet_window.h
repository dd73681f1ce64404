#pragma once

/** The part of a file that is looked at: octets from a descriptor, unpacked where it is compressed, at most `WINDOW_SIZE`
 * held. */

#include "scanner/base/span.h"
#include "scanner/unpack/unpacker.h"

#define WINDOW_READ 65536  /* octets asked for at once; our own bound */
#define WINDOW_SIZE 131072 /* octets */

struct octet_window {
    int fd;      /* borrowed */
    uint8_t *at; /* owned */
    size_t from; /* octets before are done with */
    size_t to;
    uint64_t dropped; /* octets done with, over all */
    bool ended;       /* of file */

    struct unpacker *unpacker; /* NULL: not compressed */
    enum unpack_method method;
    enum unpack_end fault; /* of what was compressed */
    uint8_t *packed;       /* owned */
    struct span waiting;   /* of `packed`: read, but not unpacked */
    bool packed_ended;
    uint64_t unpacked; /* octets of the file that were */
};

void octet_window_init(struct octet_window *w, int fd);
void octet_window_deinit(struct octet_window *w);

/** What is held, all of the file so far, and what follows it is compressed. */
void octet_window_unpack(struct octet_window *w, enum unpack_method method);

/** Reads once; waits for octets when there are none. What is held may move.
 * @return 0, or the errno of the failure; EBADMSG: see `fault`. Needs less than WINDOW_READ octets held. */
int octet_window_fill(struct octet_window *w);
void octet_window_drop(struct octet_window *w, size_t len);

/** Octets of the file that are done with; where it is compressed, about that. */
static inline uint64_t octet_window_consumed(const struct octet_window *w)
{
    return w->unpacker != NULL ? w->unpacked : w->dropped;
}

static inline struct span octet_window_held(const struct octet_window *w)
{
    return (struct span){w->at + w->from, w->to - w->from};
}
