#include "tests/lab/unit/key_pool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <criterion/criterion.h>

/* Tests run beside each other: one of them makes the pool, the others wait. */
struct cert_store *unit_cert_store(int64_t now)
{
    struct buf error = BUF_INIT(BUF_NO_LIMIT);
    int lock = open(MXLAB_UNIT_KEYS ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    cr_assert(lock >= 0 && flock(lock, LOCK_EX) == 0);
    struct cert_store *s = cert_store_open(MXLAB_UNIT_KEYS, now, &error);
    cr_assert_not_null(s, "%.*s", (int)error.len, (const char *)error.at);
    (void)close(lock);
    buf_deinit(&error);
    return s;
}
