#pragma once

/**
 * Owners: each keeps what is known of the keys of one kind and says what happens next. An owner is an
 * engine: an event goes in (a message, a verdict), commands come out, here. It has no socket, no clock, no
 * thread and no library of these; whoever runs it carries the commands out.
 *
 * Messages name keys. One that comes twice, or that nobody waits for any more, is counted as a stray and
 * has no other effect.
 */

#include "scanner/base/hash.h"
#include "scanner/flow/message.h"

/** What an owner asks for. */
struct owner_out {
    uint32_t judge_count;
    uint32_t self;        /* the worker that it belongs to: where answers go */
    struct buf *to_judge; /* borrowed; messages, by the owner of the key */
};

static inline struct buf *out_to_judge(const struct owner_out *out, struct span digest)
{
    return &out->to_judge[hash_partition(digest) % out->judge_count];
}
