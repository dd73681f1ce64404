#pragma once

#include "scanner/base/wheel.h"

/** One event loop of one process: descriptors by epoll, deadlines by a wheel. */

struct source {
    int fd;
    void (*ready)(struct source *s, uint32_t events); /* EPOLLIN, EPOLLOUT, ... */
};

struct deadline {
    struct wheel_timer timer; /* first: the wheel knows only this */
    void (*due)(struct deadline *d);
};

struct loop {
    int epoll;
    bool stop;
    uint64_t now_ms; /* monotonic, of this turn */
    struct wheel wheel;
};

bool loop_init(struct loop *l);
void loop_deinit(struct loop *l);
bool loop_add(struct loop *l, struct source *s, uint32_t events);
void loop_change(struct loop *l, struct source *s, uint32_t events);
void loop_remove(struct loop *l, struct source *s);
void loop_set(struct loop *l, struct deadline *d, uint64_t after_ms);
void loop_clear(struct loop *l, struct deadline *d);
/** Runs until `stop`. */
void loop_run(struct loop *l);
