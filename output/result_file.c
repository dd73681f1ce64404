#include "output/result_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/result_codec.h"
#include "scanner/base/file.h"
#include "scanner/base/memory.h"

#define FILE_NAME_MAX 128 /* octets with NUL; the names are ours */

struct result_file {
    int dir_fd; /* borrowed */
    int fd;     /* -1: finished */
    enum result_codec codec;
    bool row_is_line;
    const char *dir; /* borrowed */
    char name[FILE_NAME_MAX];
    char part_name[FILE_NAME_MAX];
    struct encoder *encoder;             /* NULL: none */
    const struct digest_ops *digest_ops; /* NULL: no digest */
    void *digest;
    struct buf pending; /* rows not yet given to the encoder, or to the file without one */
    struct buf encoded;
    uint64_t pending_rows;
    /* Where the file can be cut: the end of the last frame, or of the last batch without frames. */
    uint64_t safe_octets;
    uint64_t safe_rows;
    uint64_t frame_rows;  /* behind that, already encoded */
    size_t frame_len;     /* octets of these rows */
    uint64_t octets;      /* in the file */
    uint64_t mark_octets; /* result_file_mark() */
    uint64_t mark_rows;
    bool rolled_back;
    bool ragged; /* could not be cut back to whole rows */
    struct result_error error;
    struct result_file_info info;
};

static void result_file_set_error(struct result_error *err, int error, const char *what,
                                  const char *dir, const char *name)
{
    if (err->error == 0) { /* the first failure is the one to report */
        err->error = error;
        (void)snprintf(err->what, sizeof(err->what), "%s %s/%s", what, dir, name);
    }
}

/* A write that the operating system takes in part is no failure. @return octets written; with
 * fewer than all of them errno says why. */
static size_t file_write_all(int fd, struct span s)
{
    size_t done = 0;
    while (done < s.len) {
        ssize_t n = write(fd, s.at + done, s.len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n == 0 ? EIO
                           : errno; /* POSIX lets a write of octets return 0 only on odd devices */
            break;
        }
        done += (size_t)n;
    }
    return done;
}

static uint64_t file_count_lines(struct span s)
{
    uint64_t lines = 0;
    while (s.len > 0) {
        const uint8_t *end = memchr(s.at, '\n', s.len);
        if (end == NULL) {
            break;
        }
        lines++;
        s = span_drop(s, (size_t)(end - s.at) + 1);
    }
    return lines;
}

/* After a failed write: leaves whole rows in the file. `written` of `octets` got there. */
static void cut_back(struct result_file *f, struct span octets, size_t written)
{
    if (f->codec == RESULT_CODEC_NONE && f->row_is_line) {
        struct span kept = span_take(octets, written);
        const uint8_t *end = written > 0 ? memrchr(kept.at, '\n', kept.len) : NULL;
        kept.len = end != NULL ? (size_t)(end - kept.at) + 1 : 0;
        f->safe_octets += kept.len;
        f->safe_rows += file_count_lines(kept);
    }
    if (ftruncate(f->fd, (off_t)f->safe_octets) == 0) {
        f->octets = f->safe_octets;
    } else {
        f->ragged = true;
    }
}

static void result_file_fail(struct result_file *f, const char *what, int error)
{
    result_file_set_error(&f->error, error, what, f->dir, f->part_name);
}

static bool file_write_octets(struct result_file *f, struct span octets)
{
    size_t written = file_write_all(f->fd, octets);
    if (written < octets.len) {
        result_file_fail(f, "write", errno);
        f->octets += written;
        cut_back(f, octets, written);
        return false;
    }
    f->octets += written;
    if (f->digest != NULL) {
        f->digest_ops->add(f->digest, octets);
    }
    return true;
}

static void mark_safe(struct result_file *f)
{
    f->safe_octets = f->octets;
    f->safe_rows += f->frame_rows;
    f->frame_rows = 0;
    f->frame_len = 0;
}

/* What was taken and is not in the file in whole rows. */
static void count_lost(struct result_file *f)
{
    f->info.rows_lost = f->info.rows - f->safe_rows;
    f->info.rows = f->safe_rows;
    f->info.octets = f->octets;
    buf_reset(&f->pending);
    f->pending_rows = 0;
    f->frame_rows = 0;
}

/* Writes what is pending; `end_frame` closes the frame behind it. */
static bool write_pending(struct result_file *f, bool end_frame)
{
    if (f->error.error != 0) {
        return false;
    }
    if (f->rolled_back) {
        return true;
    }
    struct span octets = buf_span(&f->pending);
    if (f->encoder != NULL) {
        /* An empty frame is only worth its octets in a file that would otherwise be empty. */
        end_frame = end_frame && (f->frame_len + octets.len > 0 || f->octets == 0);
        buf_reset(&f->encoded);
        if (octets.len > 0 || end_frame) {
            encoder_add(f->encoder, octets, end_frame, &f->encoded);
        }
        octets = buf_span(&f->encoded);
    }
    bool ok = file_write_octets(f, octets);
    if (ok) {
        f->frame_rows += f->pending_rows;
        f->frame_len += f->pending.len;
        f->pending_rows = 0;
        buf_reset(&f->pending);
        f->info.octets = f->octets;
        if (f->encoder == NULL || end_frame) {
            mark_safe(f);
        }
    } else {
        count_lost(f);
    }
    return ok;
}

/* The file, or its directory, was removed: what was written has no name any more, and ends with us. */
static void look_for_removal(struct result_file *f)
{
    struct stat about;
    if (f->error.error == 0 && fstat(f->fd, &about) == 0 && about.st_nlink == 0) {
        result_file_fail(f, "find", ENOENT);
        f->safe_rows = 0;
        f->ragged = true;
        count_lost(f);
    }
}

/* All but the open file. */
static struct result_file *file_of_params(const struct result_file_params *params)
{
    struct result_file *f = memory_new(1, sizeof(*f));
    f->dir_fd = params->dir_fd;
    f->codec = params->codec;
    f->row_is_line = params->row_is_line;
    f->dir = params->dir;
    int len = snprintf(f->name, sizeof(f->name), "%s%s", params->name,
                       result_codec_suffix(params->codec));
    CHECK(len > 0 && (size_t)len + sizeof(RESULT_PART_SUFFIX) <= sizeof(f->part_name));
    (void)snprintf(f->part_name, sizeof(f->part_name), "%.*s" RESULT_PART_SUFFIX, len, f->name);
    f->fd = -1;
    f->encoder = encoder_new(f->codec, params->level);
    f->digest_ops = params->digest;
    f->digest = f->digest_ops != NULL ? f->digest_ops->begin() : NULL;
    f->pending = BUF_INIT(BUF_NO_LIMIT);
    f->encoded = BUF_INIT(BUF_NO_LIMIT);
    f->info.name = f->name;
    return f;
}

static struct result_file *fail_to_open(struct result_file *f, const char *what,
                                        struct result_error *err)
{
    result_file_set_error(err, errno, what, f->dir, f->part_name);
    result_file_free(f);
    return NULL;
}

struct result_file *result_file_new(const struct result_file_params *params,
                                    struct result_error *err)
{
    struct result_file *f = file_of_params(params);
    f->fd =
        openat(f->dir_fd, f->part_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (f->fd < 0) {
        return fail_to_open(f, "create", err);
    }
    buf_put(&f->pending, params->head);
    return f;
}

/* The digest speaks of the whole file. @return false: errno */
static bool digest_what_is_there(struct result_file *f, uint64_t octets)
{
    uint8_t *step = memory_new(1, RESULT_BATCH_LEN);
    bool ok = true;
    for (uint64_t at = 0; ok && f->digest != NULL && at < octets;) {
        size_t len = octets - at < RESULT_BATCH_LEN ? (size_t)(octets - at) : RESULT_BATCH_LEN;
        ok = file_read_at(f->fd, at, step, len);
        if (ok) {
            f->digest_ops->add(f->digest, (struct span){step, len});
            at += len;
        }
    }
    free(step);
    return ok;
}

struct result_file *result_file_reopen(const struct result_file_params *params, bool part,
                                       uint64_t octets, uint64_t rows, struct result_error *err)
{
    struct result_file *f = file_of_params(params);
    if (!part && renameat(f->dir_fd, f->name, f->dir_fd, f->part_name) != 0) {
        return fail_to_open(f, "rename", err);
    }
    f->fd = openat(f->dir_fd, f->part_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (f->fd < 0 || ftruncate(f->fd, (off_t)octets) != 0 || !digest_what_is_there(f, octets) ||
        lseek(f->fd, (off_t)octets, SEEK_SET) < 0) {
        return fail_to_open(f, "go on with", err);
    }
    f->octets = octets;
    f->safe_octets = octets;
    f->safe_rows = rows;
    f->info.octets = octets;
    f->info.rows = rows;
    result_file_mark(f);
    return f;
}

bool result_file_append(struct result_file *f, struct span rows, uint64_t row_count)
{
    CHECK(f->fd >= 0);
    if (f->error.error != 0 || f->rolled_back) {
        f->info.rows_lost += row_count;
        return false;
    }
    buf_put(&f->pending, rows);
    f->pending_rows += row_count;
    f->info.rows += row_count;
    if (f->pending.len < RESULT_BATCH_LEN) {
        return true;
    }
    return write_pending(f, f->frame_len + f->pending.len >= RESULT_FRAME_LEN);
}

bool result_file_flush(struct result_file *f)
{
    CHECK(f->fd >= 0);
    (void)write_pending(f, true);
    look_for_removal(f);
    return f->error.error == 0;
}

bool result_file_sync(struct result_file *f)
{
    if (f->error.error == 0 && fdatasync(f->fd) != 0) {
        result_file_fail(f, "fsync", errno);
    }
    return f->error.error == 0;
}

void result_file_mark(struct result_file *f)
{
    f->mark_octets = f->octets;
    f->mark_rows = f->info.rows;
}

void result_file_roll_back(struct result_file *f)
{
    CHECK(f->fd >= 0);
    f->rolled_back = true;
    buf_reset(&f->pending);
    f->info.rows_lost += f->info.rows - f->mark_rows;
    f->info.rows = f->mark_rows;
    if (ftruncate(f->fd, (off_t)f->mark_octets) == 0) {
        f->octets = f->mark_octets;
        f->info.octets = f->octets;
        f->ragged = false;
    } else {
        f->ragged = true;
    }
}

/* The digest speaks of the whole file, so there is none after a failure. */
static void end_digest(struct result_file *f)
{
    if (f->digest != NULL) {
        f->digest_ops->end(f->digest, f->info.sha256);
        f->digest = NULL;
        f->info.has_sha256 = f->error.error == 0 && !f->rolled_back;
    }
}

bool result_file_finish(struct result_file *f, bool durable)
{
    CHECK(f->fd >= 0);
    (void)write_pending(f, true);
    look_for_removal(f);
    if (durable && fsync(f->fd) != 0) {
        result_file_fail(f, "fsync", errno);
    }
    if (close(f->fd) != 0) {
        result_file_fail(f, "close", errno);
    }
    f->fd = -1;
    end_digest(f);
    f->info.octets = f->octets;
    if (!f->ragged && renameat(f->dir_fd, f->part_name, f->dir_fd, f->name) != 0) {
        result_file_fail(f, "rename", errno);
    }
    return f->error.error == 0;
}

const struct result_file_info *result_file_info(const struct result_file *f)
{
    return &f->info;
}

const struct result_error *result_file_error(const struct result_file *f)
{
    return &f->error;
}

void result_file_free(struct result_file *f)
{
    if (f != NULL) {
        if (f->fd >= 0) {
            (void)close(f->fd);
        }
        end_digest(f);
        encoder_free(f->encoder);
        buf_deinit(&f->pending);
        buf_deinit(&f->encoded);
        free(f);
    }
}

void result_file_discard(struct result_file *f)
{
    CHECK(f->fd >= 0);
    (void)unlinkat(f->dir_fd, f->part_name, 0);
    result_file_free(f);
}

bool result_file_write_whole(int dir_fd, const char *dir, const char *name, struct span octets,
                             struct result_error *err)
{
    char tmp[FILE_NAME_MAX];
    int len = snprintf(tmp, sizeof(tmp), "%s.tmp", name);
    CHECK(len > 0 && (size_t)len < sizeof(tmp));
    int fd = openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) {
        result_file_set_error(err, errno, "create", dir, tmp);
        return false;
    }
    const char *failed = file_write_all(fd, octets) < octets.len ? "write"
                         : fsync(fd) != 0                        ? "fsync"
                                                                 : NULL;
    int error = errno;
    if (close(fd) != 0 && failed == NULL) {
        failed = "close";
        error = errno;
    }
    if (failed == NULL && renameat(dir_fd, tmp, dir_fd, name) != 0) {
        failed = "rename";
        error = errno;
    }
    if (failed == NULL && fsync(dir_fd) != 0) {
        failed = "fsync directory of";
        error = errno;
    } else if (failed != NULL) {
        (void)unlinkat(dir_fd, tmp, 0);
    }
    if (failed != NULL) {
        result_file_set_error(err, error, failed, dir, name);
    }
    return failed == NULL;
}
