/*
 * Preloaded into mxcensus by tests: a machine that behaves oddly. ODD_MACHINE names how: `no-rename` is a file system
 * without it, `forward` and `back` set the clock by a day once two seconds have passed. The product has no such switch.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S   86400
#define QUIET_S 2

typedef int renameat_fn(int from_dir, const char *from, int to_dir, const char *to);
typedef int clock_fn(clockid_t which, struct timespec *now);

int renameat(int from_dir, const char *from, int to_dir, const char *to);

static int is_odd(const char *how)
{
    const char *which = getenv("ODD_MACHINE");
    return which != NULL && strcmp(which, how) == 0;
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    if (is_odd("no-rename")) {
        errno = ENOSYS;
        return -1;
    }
    renameat_fn *next = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "renameat");
    return next(from_dir, from, to_dir, to);
}

int clock_gettime(clockid_t which, struct timespec *now)
{
    static time_t begin;
    clock_fn *next = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
    struct timespec up = {0};
    (void)next(CLOCK_MONOTONIC, &up);
    if (begin == 0) { /* before there are threads */
        begin = up.tv_sec;
    }
    int result = next(which, now);
    if (result == 0 && which == CLOCK_REALTIME && up.tv_sec - begin >= QUIET_S) {
        now->tv_sec += is_odd("forward") ? DAY_S : is_odd("back") ? -DAY_S : 0;
    }
    return result;
}
