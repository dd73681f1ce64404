#pragma once

/** The part of a file that is looked at: octets from a descriptor, at most `WINDOW_SIZE` held. */

#include "scanner/base/span.h"

#define WINDOW_READ 65536  /* octets asked for at once; our own bound */
#define WINDOW_SIZE 131072 /* octets */

struct octet_window {
    int fd;      /* borrowed */
    uint8_t *at; /* owned */
    size_t from; /* octets before are done with */
    size_t to;
    uint64_t dropped; /* octets done with, over all */
    bool ended;       /* of file */
};

void octet_window_init(struct octet_window *w, int fd);
void octet_window_deinit(struct octet_window *w);

/** Reads once; waits for octets when there are none. What is held may move.
 * @return 0, or the errno of the failure. Needs less than WINDOW_READ octets held. */
int octet_window_fill(struct octet_window *w);
void octet_window_drop(struct octet_window *w, size_t len);

static inline struct span octet_window_held(const struct octet_window *w)
{
    return (struct span){w->at + w->from, w->to - w->from};
}
