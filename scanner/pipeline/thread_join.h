#pragma once

#include <pthread.h>
#include <stdbool.h>

/** How long to wait for a thread to end. */
struct join_patience {
    bool (*go_on)(void *arg); /* asked every few milliseconds meanwhile */
    void *arg;
};

/** @return false when patience ended first: the thread sits in a library, and what it holds must
 * stay. NULL: patience without end. */
bool thread_join(pthread_t thread, const struct join_patience *patience);
