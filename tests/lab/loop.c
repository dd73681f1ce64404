#include "tests/lab/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "scanner/base/check.h"

#define EVENTS_MAX   64
#define TICK_MS      1
#define IDLE_WAIT_MS 100 /* longest sleep with nothing due */

static uint64_t monotonic_ms(void)
{
    struct timespec t;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool loop_init(struct loop *l)
{
    l->stop = false;
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->now_ms = monotonic_ms();
    wheel_init(&l->wheel, l->now_ms, TICK_MS);
    return l->epoll >= 0;
}

void loop_deinit(struct loop *l)
{
    (void)close(l->epoll);
}

bool loop_add(struct loop *l, struct source *s, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = s};
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &e) == 0;
}

void loop_change(struct loop *l, struct source *s, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = s};
    CHECK(epoll_ctl(l->epoll, EPOLL_CTL_MOD, s->fd, &e) == 0);
}

void loop_remove(struct loop *l, struct source *s)
{
    CHECK(epoll_ctl(l->epoll, EPOLL_CTL_DEL, s->fd, NULL) == 0);
}

void loop_set(struct loop *l, struct deadline *d, uint64_t after_ms)
{
    wheel_set(&l->wheel, &d->timer, l->now_ms + after_ms);
}

void loop_clear(struct loop *l, struct deadline *d)
{
    wheel_clear(&l->wheel, &d->timer);
}

void loop_run(struct loop *l)
{
    struct epoll_event events[EVENTS_MAX];
    while (!l->stop) {
        int wait_ms = l->wheel.count > 0 ? TICK_MS : IDLE_WAIT_MS;
        int n = epoll_wait(l->epoll, events, EVENTS_MAX, wait_ms);
        CHECK(n >= 0 || errno == EINTR);
        l->now_ms = monotonic_ms();
        for (int i = 0; i < n; i++) {
            struct source *s = events[i].data.ptr;
            s->ready(s, events[i].events);
        }
        struct wheel_timer *t;
        while ((t = wheel_turn(&l->wheel, l->now_ms)) != NULL) {
            struct deadline *d = (struct deadline *)(void *)t;
            d->due(d);
        }
    }
}
