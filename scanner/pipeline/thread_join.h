#pragma once

#include <pthread.h>
#include <stdbool.h>

/** Starts a thread. Without room for one more the process ends as it does out of memory. */
void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/** How long to wait for a thread to end. */
struct join_patience {
    bool (*go_on)(void *arg); /* asked every few milliseconds meanwhile */
    void *arg;
};

/** @return false when patience ended first: the thread sits in a library, and what it holds must
 * stay. NULL: patience without end. */
bool thread_join(pthread_t thread, const struct join_patience *patience);
