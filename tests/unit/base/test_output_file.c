#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/base/file.h"
#include "scanner/base/output_file.h"

static char folder[] = "/tmp/mxcensus-output-XXXXXX";

static void enter_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
    static const char *const made[] = {"a", "link", "fifo", "other"};
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        (void)unlink(made[i]);
    }
    cr_expect_eq(rmdir(folder), 0, "something is left in %s", folder);
}

TestSuite(output_file, .init = enter_folder, .fini = leave_folder);

static bool written(const char *path, const char *text)
{
    struct output_file f;
    bool ok = output_file_open(&f, path, false);
    if (ok) {
        (void)output_file_put(&f, span_of(text));
        ok = output_file_end(&f) && output_file_commit(&f);
    }
    output_file_deinit(&f);
    return ok;
}

static void expect_text(const char *path, const char *text)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    cr_expect_eq(file_read(path, &octets), FILE_COMPLETE);
    cr_expect(span_eq(buf_span(&octets), span_of(text)), "%s", path);
    buf_deinit(&octets);
}

Test(output_file, is_replaced_when_it_is_whole)
{
    struct output_file f;
    cr_assert(written("a", "old"));
    cr_assert(output_file_open(&f, "a", false));
    cr_assert(output_file_put(&f, span_of("new")));
    cr_assert(output_file_end(&f));
    expect_text("a", "old");
    cr_assert(output_file_commit(&f));
    expect_text("a", "new");
    output_file_deinit(&f);
    cr_assert(output_file_open(&f, "a", false));
    cr_assert(output_file_put(&f, span_of("given up")));
    output_file_deinit(&f);
    expect_text("a", "new");
}

Test(output_file, several_get_their_names_together)
{
    struct output_files all = {.file = NULL};
    static const char *const names[] = {"a", "other"};
    for (size_t i = 0; i < 2; i++) {
        struct output_file f;
        cr_assert(output_file_open(&f, names[i], false));
        cr_assert(output_file_put(&f, span_of(names[i])));
        cr_assert(output_file_end(&f));
        output_files_add(&all, &f);
        output_file_deinit(&f);
    }
    cr_expect_neq(access("a", F_OK), 0);
    cr_expect_null(output_files_commit(&all));
    expect_text("a", "a");
    expect_text("other", "other");
    output_files_deinit(&all);
}

/* Also through a link that leads nowhere yet. */
Test(output_file, a_link_is_followed)
{
    struct stat about;
    cr_assert_eq(symlink("other", "link"), 0);
    cr_assert(output_file_is_replaced("link"));
    for (int i = 0; i < 2; i++) {
        const char *text = i == 0 ? "first" : "second";
        cr_assert(written("link", text));
        cr_assert_eq(lstat("link", &about), 0);
        cr_expect(S_ISLNK(about.st_mode));
        expect_text("other", text);
    }
    cr_assert_eq(unlink("link"), 0);
    cr_assert_eq(symlink("link", "link"), 0);
    cr_expect_not(output_file_is_replaced("link"));
    cr_expect_not(written("link", "x"));
    cr_expect_eq(errno, ELOOP);
}

Test(output_file, a_fifo_stays_one)
{
    struct stat about;
    cr_assert_eq(mkfifo("fifo", 0600), 0);
    cr_expect_not(output_file_is_replaced("fifo"));
    cr_expect_not(written("fifo", "x"));
    cr_expect_eq(errno, ENXIO, "nobody reads it");
    cr_assert_eq(stat("fifo", &about), 0);
    cr_expect(S_ISFIFO(about.st_mode));
    cr_expect_not(written(".", "x"));
    cr_expect_eq(errno, EISDIR);
}
