#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/base/file.h"
#include "scanner/base/unlinked_file.h"

static int file_of(size_t len)
{
    int fd = unlinked_file_open();
    cr_assert_geq(fd, 0);
    for (size_t i = 0; i < len; i++) {
        uint8_t octet = (uint8_t)(i * 7);
        cr_assert_eq(write(fd, &octet, 1), 1);
    }
    cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* A file as long as the limit fits, one octet more does not. */
Test(file, is_read_up_to_the_limit_of_the_buffer)
{
    static const struct {
        size_t len;
        size_t limit;
        enum file_end end;
    } cases[] = {
        {0, 0, FILE_COMPLETE},
        {0, 9, FILE_COMPLETE},
        {9, 9, FILE_COMPLETE},
        {10, 9, FILE_TOO_LARGE},
        {1, 0, FILE_TOO_LARGE},
        {9, SIZE_MAX, FILE_COMPLETE},
        {65536, SIZE_MAX, FILE_COMPLETE},
        {65536, 65536, FILE_COMPLETE},
        {65537, 65536, FILE_TOO_LARGE},
        {140000, SIZE_MAX, FILE_COMPLETE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf b = BUF_INIT(cases[i].limit);
        int fd = file_of(cases[i].len);
        cr_expect_eq(file_read_rest(fd, &b), cases[i].end, "case %zu", i);
        if (cases[i].end == FILE_COMPLETE) {
            cr_assert_eq(b.len, cases[i].len, "case %zu", i);
            for (size_t k = 0; k < b.len; k++) {
                cr_assert_eq(b.at[k], (uint8_t)(k * 7));
            }
        }
        cr_assert_eq(close(fd), 0);
        buf_deinit(&b);
    }
}

Test(file, what_is_left_is_appended)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    int fd = file_of(4);
    buf_put_text(&b, "ab");
    cr_assert_eq(lseek(fd, 3, SEEK_SET), 3);
    cr_expect_eq(file_read_rest(fd, &b), FILE_COMPLETE);
    cr_expect(span_eq(buf_span(&b), SPAN_LIT("ab\x15")));
    cr_assert_eq(close(fd), 0);
    buf_deinit(&b);
}

Test(file, failures_say_why)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    cr_expect_eq(file_read("/nowhere/at/all", &b), FILE_FAILED);
    cr_expect_eq(errno, ENOENT);
    cr_expect_eq(file_read("/", &b), FILE_FAILED);
    cr_expect_eq(errno, EISDIR);
    cr_expect_eq(file_read("/dev/null", &b), FILE_COMPLETE);
    cr_expect_eq(b.len, 0);
    buf_deinit(&b);
}

Test(file, octets_at_a_place_are_all_or_nothing)
{
    int fd = file_of(4);
    uint8_t got[4] = {0};
    cr_expect(file_write_at(fd, 2, SPAN_LIT("xyz")));
    cr_expect(file_read_at(fd, 1, got, 4));
    cr_expect_arr_eq(got, "\7xyz", 4);
    cr_expect(!file_read_at(fd, 2, got, 4));
    cr_expect_eq(errno, 0, "too short");
    cr_expect(file_read_at(fd, 99, got, 0));
    cr_assert_eq(close(fd), 0);
    cr_expect(!file_read_at(fd, 0, got, 1));
    cr_expect_eq(errno, EBADF);
    cr_expect(!file_write_at(fd, 0, SPAN_LIT("x")));
    cr_expect_eq(errno, EBADF);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    cr_assert_geq(full, 0);
    cr_expect(!file_write_at(full, 0, SPAN_LIT("x")));
    cr_expect_eq(errno, ENOSPC);
    cr_assert_eq(close(full), 0);
}

static void make_empty_file(const char *folder, const char *name)
{
    char path[200];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    cr_assert_geq(fd, 0);
    (void)close(fd);
}

Test(file, those_of_a_folder_are_removed_by_their_ends_or_with_it)
{
    char folder[] = "/tmp/mxcensus-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    make_empty_file(folder, "a.part");
    make_empty_file(folder, "a");
    file_remove_all(folder, ".part");
    cr_expect_not(file_is_in(folder, "a.part"));
    cr_expect(file_is_in(folder, "a"));
    file_remove_folder(folder);
    cr_expect_neq(access(folder, F_OK), 0);
    file_remove_folder(folder); /* there is none */
}
