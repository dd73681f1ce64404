#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/report/known_intermediates.h"

/* A full TMPDIR, made by a limit on files, as the two fail in write(2). */
Test(known_intermediates, no_space_for_temporary_files_is_told_from_too_many)
{
    const struct rlimit small = {8192, 8192};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    hash_secret_init();
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    cr_assert_null(known_intermediates_new(NULL, 0, &why));
    buf_put_char(&why, '\0');
    cr_assert_str_eq((const char *)why.at,
                     "intermediates: no temporary file can be written; set TMPDIR to a directory "
                     "with free space");
    buf_deinit(&why);
}
