#include "output/result_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/row.h"
#include "scanner/base/memory.h"

struct result_dir {
    char *path;
    int fd;
    struct digest_ops digest;
    bool has_digest;
    struct result_file *files[TABLE_COUNT][ROW_FORMAT_COUNT]; /* NULL: not written */
    struct result_error error;
};

const struct vocabulary row_format_vocabulary = VOCABULARY_WORDS(ROW_FORMATS);

static void result_dir_set_error(struct result_error *err, const char *what, const char *path)
{
    if (err->error == 0) {
        err->error = errno;
        (void)snprintf(err->what, sizeof(err->what), "%s %s", what, path);
    }
}

/* @return false with errno set, ENOTEMPTY when there is something in it. */
static bool dir_is_empty(int fd)
{
    int again = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* closedir() closes it */
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;
    if (dir == NULL) {
        int error = errno;
        if (again >= 0) {
            (void)close(again);
        }
        errno = error;
        return false;
    }
    errno = 0;
    const struct dirent *entry = readdir(dir);
    while (entry != NULL && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)) {
        entry = readdir(dir);
    }
    int error = entry != NULL ? ENOTEMPTY : errno;
    (void)closedir(dir);
    errno = error;
    return error == 0;
}

static bool open_empty(struct result_dir *d, struct result_error *err)
{
    if (mkdir(d->path, 0777) != 0 && errno != EEXIST) {
        result_dir_set_error(err, "create directory", d->path);
        return false;
    }
    d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0) {
        result_dir_set_error(err, "open directory", d->path);
        return false;
    }
    if (!dir_is_empty(d->fd)) {
        result_dir_set_error(err, "use directory", d->path);
        return false;
    }
    return true;
}

/* The file of a table and format by number, NDJSON and CSV of a table side by side. */
static struct result_file *file_at(const struct result_dir *d, size_t i)
{
    return d->files[i / ROW_FORMAT_COUNT][i % ROW_FORMAT_COUNT];
}

#define FILE_COUNT ((size_t)TABLE_COUNT * ROW_FORMAT_COUNT)

static bool create_file(struct result_dir *d, enum table_id t, enum row_format format,
                        enum result_codec codec, struct result_error *err)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "%s.%s", table_name(t), row_format_word(format));
    struct buf head = BUF_INIT(BUF_NO_LIMIT);
    if (format == ROW_FORMAT_CSV) {
        row_put_csv_header(t, &head);
    }
    struct result_file_params params = {
        .dir_fd = d->fd,
        .dir = d->path,
        .name = name,
        .codec = codec,
        .digest = d->has_digest ? &d->digest : NULL,
        .head = buf_span(&head),
        .row_is_line = format == ROW_FORMAT_NDJSON,
    };
    d->files[t][format] = result_file_new(&params, err);
    buf_deinit(&head);
    return d->files[t][format] != NULL;
}

static bool create_files(struct result_dir *d, const struct result_dir_params *params,
                         struct result_error *err)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < TABLE_COUNT; i++) {
        enum table_id t = (enum table_id)i;
        if (params->ndjson && !table_is_csv_only(t)) {
            ok = create_file(d, t, ROW_FORMAT_NDJSON, params->codec, err);
        }
        if (ok && params->csv) {
            ok = create_file(d, t, ROW_FORMAT_CSV, params->codec, err);
        }
    }
    for (size_t i = 0; !ok && i < FILE_COUNT; i++) {
        if (file_at(d, i) != NULL) { /* so that the user can try again with the same directory */
            result_file_discard(file_at(d, i));
            d->files[i / ROW_FORMAT_COUNT][i % ROW_FORMAT_COUNT] = NULL;
        }
    }
    return ok;
}

/* As far as the file system can: a scan that fits without it is as good. */
static void hold_reserve(const struct result_dir *d)
{
    int fd = openat(d->fd, RESULT_RESERVE_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    bool held = fd >= 0 && posix_fallocate(fd, 0, RESULT_RESERVE_LEN) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (!held) {
        (void)unlinkat(d->fd, RESULT_RESERVE_NAME, 0);
    }
}

static void give_reserve_back(const struct result_dir *d)
{
    (void)unlinkat(d->fd, RESULT_RESERVE_NAME, 0); /* absent when it could not be held */
}

struct result_dir *result_dir_new(const struct result_dir_params *params, struct result_error *err)
{
    struct result_dir *d = memory_new(1, sizeof(*d));
    d->path = memory_new(strlen(params->path) + 1, 1);
    memcpy(d->path, params->path, strlen(params->path));
    d->fd = -1;
    d->digest = params->digest;
    d->has_digest = params->digest.begin != NULL;
    if (!open_empty(d, err) || !create_files(d, params, err)) {
        result_dir_free(d);
        return NULL;
    }
    hold_reserve(d);
    return d;
}

static void take_error(struct result_dir *d, const struct result_error *err)
{
    if (d->error.error == 0) {
        d->error = *err;
    }
}

bool result_dir_append(struct result_dir *d, enum table_id t, enum row_format format,
                       struct span rows, uint64_t row_count)
{
    CHECK((unsigned)t < TABLE_COUNT && (unsigned)format < ROW_FORMAT_COUNT);
    struct result_file *f = d->files[t][format];
    bool ok = f == NULL || result_file_append(f, rows, row_count);
    if (!ok) {
        take_error(d, result_file_error(f));
    }
    return ok;
}

typedef bool (*file_fn)(struct result_file *f);

static bool each_file(struct result_dir *d, file_fn act)
{
    bool ok = true;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct result_file *f = file_at(d, i);
        if (f != NULL && !act(f)) {
            take_error(d, result_file_error(f));
            ok = false;
        }
    }
    return ok;
}

bool result_dir_flush(struct result_dir *d)
{
    return each_file(d, result_file_flush);
}

static bool finish_durable(struct result_file *f)
{
    return result_file_finish(f, true);
}

static bool finish_quick(struct result_file *f)
{
    return result_file_finish(f, false);
}

bool result_dir_finish(struct result_dir *d)
{
    bool ok = each_file(d, finish_durable);
    give_reserve_back(d);
    if (fsync(d->fd) != 0) { /* the new names */
        result_dir_set_error(&d->error, "fsync directory", d->path);
        ok = false;
    }
    return ok;
}

bool result_dir_interrupt(struct result_dir *d)
{
    bool ok = each_file(d, finish_quick);
    give_reserve_back(d);
    return ok;
}

bool result_dir_write_file(struct result_dir *d, const char *name, struct span octets)
{
    struct result_error err = {0};
    bool ok = result_file_write_whole(d->fd, d->path, name, octets, &err);
    if (!ok) {
        take_error(d, &err);
    }
    return ok;
}

const struct result_error *result_dir_error(const struct result_dir *d)
{
    return &d->error;
}

const struct result_file_info *result_dir_file(const struct result_dir *d, size_t index)
{
    for (size_t i = 0; i < FILE_COUNT; i++) {
        const struct result_file *f = file_at(d, i);
        if (f != NULL && index-- == 0) {
            return result_file_info(f);
        }
    }
    return NULL;
}

const struct result_file_info *result_dir_file_of(const struct result_dir *d, enum table_id t,
                                                  enum row_format format)
{
    CHECK((unsigned)t < TABLE_COUNT && (unsigned)format < ROW_FORMAT_COUNT);
    const struct result_file *f = d->files[t][format];
    return f != NULL ? result_file_info(f) : NULL;
}

uint64_t result_dir_rows_lost(const struct result_dir *d)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        const struct result_file *f = file_at(d, i);
        lost += f != NULL ? result_file_info(f)->rows_lost : 0;
    }
    return lost;
}

void result_dir_free(struct result_dir *d)
{
    if (d != NULL) {
        for (size_t i = 0; i < FILE_COUNT; i++) {
            result_file_free(file_at(d, i));
        }
        if (d->fd >= 0) {
            (void)close(d->fd);
        }
        free(d->path);
        free(d);
    }
}
