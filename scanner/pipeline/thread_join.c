#include "scanner/pipeline/thread_join.h"

#include <errno.h>
#include <time.h>

#include "scanner/base/memory.h"

#define LOOK_NS 20000000 /* between two looks */

void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
    int error = pthread_create(thread, NULL, run, arg);
    if (error == EAGAIN) {
        memory_use_reserve();
        error = pthread_create(thread, NULL, run, arg);
    }
    CHECK(error == 0 || error == EAGAIN); /* memory, or as many threads as the user may have */
    if (error != 0) {
        memory_end_process("a thread");
    }
}

static bool ended(pthread_t thread)
{
    struct timespec until;
    CHECK(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_nsec += LOOK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int error = pthread_timedjoin_np(thread, NULL, &until);
    CHECK(error == 0 || error == ETIMEDOUT);
    return error == 0;
}

bool thread_join(pthread_t thread, const struct join_patience *patience)
{
    if (patience == NULL) {
        CHECK(pthread_join(thread, NULL) == 0);
        return true;
    }
    while (!ended(thread)) {
        if (!patience->go_on(patience->arg)) {
            return false;
        }
    }
    return true;
}
