#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include <uv.h>

#include "scanner/base/buf.h"

/**
 * Where one thread receives messages. Any thread posts; posting never blocks on the receiver
 * and has no limit of its own: what is under way is bounded by admission (design section 2).
 * A receiver with a libuv loop is woken through `async`, one without waits in mailbox_wait().
 */
struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct buf waiting;      /* messages posted and not yet taken */
    struct buf taken;        /* messages under work by the receiver */
    struct buf own_taken;    /* the same of those to itself */
    uv_async_t *async;       /* borrowed; NULL for a thread without a loop */
    void (*wake)(void *arg); /* of a receiver that waits elsewhere; NULL: none */
    void *wake_arg;
    atomic_size_t backlog; /* octets posted and not yet worked on */
};

void mailbox_init(struct mailbox *m, uv_async_t *async);
/** For a receiver that neither has a loop nor waits here: `wake` is called by the posting thread, under
 * the lock, when the mailbox is no longer empty. */
void mailbox_init_waking(struct mailbox *m, void (*wake)(void *arg), void *arg);
void mailbox_deinit(struct mailbox *m);

/** Before the receiver closes its `async`: later posts are kept and wake nobody. */
void mailbox_close(struct mailbox *m);

/** Appends whole messages; `messages` is emptied, its memory kept. Messages of one sender to
 * one receiver arrive in order; a post is seen whole or not at all. */
void mailbox_post(struct mailbox *m, struct buf *messages);
/** What was posted since the last call; valid until the next call. Empty when nothing was. */
struct span mailbox_take(struct mailbox *m);
/** What the receiver said to itself, by itself: needs no lock and no wake-up. `own` is emptied. */
struct span mailbox_take_own(struct mailbox *m, struct buf *own);
/** As mailbox_take(), but sleeps until there is something. */
struct span mailbox_wait(struct mailbox *m);
/** The same, but for so long at most. */
struct span mailbox_wait_ms(struct mailbox *m, uint32_t ms);
