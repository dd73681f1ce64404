#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/index/scratch_database.h"

#define CACHE_OCTETS (256U << 10)
#define MANY_ROWS    20000

static void fill(struct scratch_database *d, size_t rows)
{
    scratch_database_run(d, "CREATE TABLE t (name TEXT, n INTEGER)");
    struct scratch_statement *put = scratch_statement_new(d, "INSERT INTO t VALUES (?, ?)");
    for (size_t i = 0; i < rows; i++) {
        char name[80];
        (void)snprintf(name, sizeof(name), "%064zu", rows - i);
        scratch_put_text(put, span_of(name));
        scratch_put_uint(put, i);
        scratch_do(put);
    }
}

Test(scratch_database, values_come_back_as_they_were)
{
    struct scratch_database *d = scratch_database_open(CACHE_OCTETS);
    scratch_database_run(d, "CREATE TABLE t (a, b, c, d)");
    struct scratch_statement *put = scratch_statement_new(d, "INSERT INTO t VALUES (?, ?, ?, ?)");
    struct span text = {(const uint8_t *)"a\0\xff'", 4};
    scratch_put_text(put, text);
    scratch_put_blob(put, (struct span){0});
    scratch_put_uint(put, INT64_MAX);
    scratch_put_null(put);
    scratch_do(put);
    struct scratch_statement *get = scratch_statement_new(d, "SELECT a, b, c, d FROM t");
    for (int again = 0; again < 2; again++) {
        cr_assert(scratch_next_row(get));
        cr_expect(span_eq(scratch_text(get, 0), text));
        cr_expect_eq(scratch_text(get, 1).len, 0);
        cr_expect_not(scratch_is_null(get, 1));
        cr_expect_eq(scratch_uint(get, 2), (uint64_t)INT64_MAX);
        cr_expect(scratch_is_null(get, 3));
        cr_expect_eq(scratch_text(get, 3).len, 0);
        cr_expect_not(scratch_next_row(get));
    }
    cr_expect_null(scratch_database_error(d));
    scratch_database_close(d);
}

Test(scratch_database, rows_that_are_left_do_not_disturb_the_next_question)
{
    struct scratch_database *d = scratch_database_open(CACHE_OCTETS);
    fill(d, 10);
    struct scratch_statement *get =
        scratch_statement_new(d, "SELECT n FROM t WHERE n > ? ORDER BY n");
    scratch_put_uint(get, 3);
    cr_assert(scratch_next_row(get));
    scratch_leave(get);
    scratch_put_uint(get, 7);
    cr_assert(scratch_next_row(get));
    cr_expect_eq(scratch_uint(get, 0), 8);
    scratch_database_close(d);
}

static size_t names_in(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    cr_assert_not_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 2; /* . and .. */
}

/* Where the descriptors of this process lead: is there a file in `folder`, without a name? */
static bool has_unlinked_file(const char *folder)
{
    bool found = false;
    for (int fd = 3; fd < 64; fd++) {
        char link[64];
        char path[512] = "";
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t len = readlink(link, path, sizeof(path) - 1);
        found = found || (len > 0 && strncmp(path, folder, strlen(folder)) == 0 &&
                          strstr(path, "(deleted)") != NULL);
    }
    return found;
}

/* 20,000 rows of 64 octets are five times the cache. */
Test(scratch_database, what_exceeds_the_cache_is_in_a_file_without_a_name)
{
    char folder[] = "/tmp/mxcensus-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    setenv("TMPDIR", folder, 1);
    struct scratch_database *d = scratch_database_open(CACHE_OCTETS);
    fill(d, MANY_ROWS);
    cr_expect(has_unlinked_file(folder));
    cr_expect_eq(names_in(folder), 0);
    struct scratch_statement *get = scratch_statement_new(d, "SELECT n FROM t ORDER BY name");
    for (size_t i = 0; i < MANY_ROWS; i++) {
        cr_assert(scratch_next_row(get));
        cr_assert_eq(scratch_uint(get, 0), MANY_ROWS - 1 - i);
    }
    cr_expect_not(scratch_next_row(get));
    cr_expect_null(scratch_database_error(d));
    scratch_database_close(d);
    cr_expect_eq(rmdir(folder), 0);
}

/* A full disk, as a limit of this process: told once, and nothing works from then on. */
Test(scratch_database, a_disk_that_is_full_is_one_error)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = 100 << 10, .rlim_max = 100 << 10};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct scratch_database *d = scratch_database_open(CACHE_OCTETS);
    fill(d, MANY_ROWS);
    const char *error = scratch_database_error(d);
    cr_assert_not_null(error);
    cr_expect_not_null(strstr(error, "temporary database in "), "%s", error);
    cr_expect_null(scratch_database_handle(d));
    struct scratch_statement *get = scratch_statement_new(d, "SELECT n FROM t");
    cr_expect_not(scratch_next_row(get));
    cr_expect_eq(scratch_uint(get, 0), 0);
    scratch_do(scratch_statement_new(d, "DELETE FROM t"));
    scratch_database_close(d);
}
