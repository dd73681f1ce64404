#include "scanner/pipeline/mailbox.h"

#include <time.h>

#include "scanner/base/check.h"

#define KEEP_MAX (256U << 10) /* octets of memory that an empty mailbox keeps */

void mailbox_init(struct mailbox *m, uv_async_t *async)
{
    CHECK(pthread_mutex_init(&m->lock, NULL) == 0);
    CHECK(pthread_cond_init(&m->filled, NULL) == 0);
    m->waiting = BUF_INIT(BUF_NO_LIMIT);
    m->taken = BUF_INIT(BUF_NO_LIMIT);
    m->own_taken = BUF_INIT(BUF_NO_LIMIT);
    m->async = async;
    m->wake = NULL;
    atomic_init(&m->backlog, 0);
}

void mailbox_init_waking(struct mailbox *m, void (*wake)(void *arg), void *arg)
{
    mailbox_init(m, NULL);
    m->wake = wake;
    m->wake_arg = arg;
}

void mailbox_deinit(struct mailbox *m)
{
    buf_deinit(&m->waiting);
    buf_deinit(&m->taken);
    buf_deinit(&m->own_taken);
    (void)pthread_cond_destroy(&m->filled);
    (void)pthread_mutex_destroy(&m->lock);
}

void mailbox_post(struct mailbox *m, struct buf *messages)
{
    if (messages->len == 0) {
        return;
    }
    (void)pthread_mutex_lock(&m->lock);
    bool was_empty = m->waiting.len == 0;
    atomic_fetch_add_explicit(&m->backlog, messages->len, memory_order_relaxed);
    if (was_empty) { /* hand over the memory instead of copying */
        struct buf empty = m->waiting;
        m->waiting = *messages;
        *messages = empty;
    } else {
        buf_put(&m->waiting, buf_span(messages));
    }
    if (was_empty && m->async != NULL) {
        (void)uv_async_send(m->async); /* under the lock: mailbox_close() must not come between */
    }
    if (was_empty && m->wake != NULL) {
        m->wake(m->wake_arg);
    }
    (void)pthread_mutex_unlock(&m->lock);
    buf_reset(messages);
    if (was_empty) {
        (void)pthread_cond_signal(&m->filled);
    }
}

void mailbox_close(struct mailbox *m)
{
    (void)pthread_mutex_lock(&m->lock);
    m->async = NULL;
    m->wake = NULL;
    (void)pthread_mutex_unlock(&m->lock);
}

static struct span swap(struct mailbox *m)
{
    struct buf done = m->taken;
    atomic_fetch_sub_explicit(&m->backlog, done.len, memory_order_relaxed);
    buf_reset_trim(&done, KEEP_MAX); /* a burst must not be paid for to the end of the scan */
    m->taken = m->waiting;
    m->waiting = done;
    return buf_span(&m->taken);
}

struct span mailbox_take(struct mailbox *m)
{
    (void)pthread_mutex_lock(&m->lock);
    struct span s = swap(m);
    (void)pthread_mutex_unlock(&m->lock);
    return s;
}

struct span mailbox_take_own(struct mailbox *m, struct buf *own)
{
    struct buf done = m->own_taken;
    m->own_taken = *own;
    *own = done;
    buf_reset(own);
    return buf_span(&m->own_taken);
}

struct span mailbox_wait(struct mailbox *m)
{
    (void)pthread_mutex_lock(&m->lock);
    while (m->waiting.len == 0) {
        (void)pthread_cond_wait(&m->filled, &m->lock);
    }
    struct span s = swap(m);
    (void)pthread_mutex_unlock(&m->lock);
    return s;
}

struct span mailbox_wait_ms(struct mailbox *m, uint32_t ms)
{
    struct timespec until = {0};
    CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    uint64_t ns = (uint64_t)until.tv_nsec + (uint64_t)ms * 1000000;
    until.tv_sec += (time_t)(ns / 1000000000);
    until.tv_nsec = (long)(ns % 1000000000);
    bool in_time = true;
    (void)pthread_mutex_lock(&m->lock);
    while (m->waiting.len == 0 && in_time) {
        in_time = pthread_cond_clockwait(&m->filled, &m->lock, CLOCK_MONOTONIC, &until) == 0;
    }
    struct span s = swap(m);
    (void)pthread_mutex_unlock(&m->lock);
    return s;
}
