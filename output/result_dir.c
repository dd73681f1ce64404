#include "output/result_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "output/result_codec.h"
#include "output/row.h"
#include "scanner/base/file.h"
#include "scanner/base/hash.h"
#include "scanner/base/memory.h"

/* Those of a table and format, NDJSON and CSV of a table side by side, and behind them the rows that come ahead. */
#define FILE_AHEAD ((size_t)TABLE_COUNT * ROW_FORMAT_COUNT)
#define FILE_COUNT (FILE_AHEAD + 1)

struct result_dir {
    char *path;
    int fd;
    struct digest_ops digest;
    bool has_digest;
    struct result_file *files[FILE_COUNT]; /* NULL: not written */
    int journal;                           /* descriptor; -1: none */
    uint64_t journal_len;
    uint64_t journal_sum; /* of its last record */
    uint64_t boot;
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

static bool is_nothing(const char *name, const char *beside)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           (beside != NULL && strcmp(name, beside) == 0);
}

/* @return false with errno set, ENOTEMPTY when there is something in it. */
static bool dir_is_empty(int fd, const char *beside)
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
    while (entry != NULL && is_nothing(entry->d_name, beside)) {
        entry = readdir(dir);
    }
    int error = entry != NULL ? ENOTEMPTY : errno;
    (void)closedir(dir);
    errno = error;
    return error == 0;
}

static bool open_empty(struct result_dir *d, const char *beside, struct result_error *err)
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
    if (!dir_is_empty(d->fd, beside)) {
        result_dir_set_error(err, "use directory", d->path);
        return false;
    }
    return true;
}

/* Of rights root has all, also where the kernel alone makes files. */
static bool directory_takes_files(const char *path)
{
    struct statfs fs;
    if (access(path, W_OK | X_OK) != 0) {
        return false;
    }
    bool of_kernel =
        statfs(path, &fs) == 0 && (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
    errno = of_kernel ? EPERM : 0;
    return !of_kernel;
}

/* Where a directory would be made, one can be written. */
static bool parent_takes_it(const char *path)
{
    struct buf parent = BUF_INIT(BUF_NO_LIMIT);
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') {
        len--;
    }
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    buf_put(&parent, len > 0 ? span_take(span_of(path), len) : SPAN_LIT("."));
    buf_put_char(&parent, '\0');
    bool ok = directory_takes_files((const char *)parent.at);
    int error = errno;
    buf_deinit(&parent);
    errno = error;
    return ok;
}

bool result_dir_look(const char *path, struct result_error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        bool ok = parent_takes_it(path);
        if (!ok) {
            result_dir_set_error(err, "create directory", path);
        }
        return ok;
    }
    if (fd < 0) {
        result_dir_set_error(err, "open directory", path);
        return false;
    }
    bool ok = dir_is_empty(fd, NULL) && directory_takes_files(path);
    if (!ok) {
        result_dir_set_error(err, "use directory", path);
    }
    (void)close(fd);
    return ok;
}

static size_t file_number(enum table_id t, enum row_format format)
{
    CHECK((unsigned)t < TABLE_COUNT && (unsigned)format < ROW_FORMAT_COUNT);
    return (size_t)t * ROW_FORMAT_COUNT + format;
}

static enum table_id table_of_file(size_t number)
{
    return number == FILE_AHEAD ? TABLE_ENDPOINTS : (enum table_id)(number / ROW_FORMAT_COUNT);
}

static bool is_csv(size_t number)
{
    return number != FILE_AHEAD && number % ROW_FORMAT_COUNT == ROW_FORMAT_CSV;
}

static void put_file_name(size_t number, char name[JOURNAL_NAME_MAX])
{
    const char *format =
        is_csv(number) ? row_format_word(ROW_FORMAT_CSV) : row_format_word(ROW_FORMAT_NDJSON);
    (void)snprintf(name, JOURNAL_NAME_MAX, "%s.%s",
                   number == FILE_AHEAD ? RESULT_AHEAD_NAME : table_name(table_of_file(number)),
                   format);
}

/* It is written when all other rows are there, and written anew by a scan that goes on. */
static bool is_of_the_end(enum table_id t)
{
    return t == TABLE_COMPLETIONS || t == TABLE_ISSUERS || t == TABLE_GROUPS ||
           t == TABLE_PROBLEMS || t == TABLE_CAUSES || t == TABLE_OUTCOME_SETS;
}

/* @param cut of a directory that is gone on with; NULL: of a new one */
static bool create_file(struct result_dir *d, size_t number, const struct result_dir_params *dir,
                        const struct result_cut *cut, struct result_error *err)
{
    char name[JOURNAL_NAME_MAX];
    enum table_id t = table_of_file(number);
    put_file_name(number, name);
    struct buf head = BUF_INIT(BUF_NO_LIMIT);
    if (is_csv(number)) {
        row_put_csv_header(t, dir->shape, &head);
    }
    struct result_file_params params = {
        .dir_fd = d->fd,
        .dir = d->path,
        .name = name,
        .codec = dir->codec,
        .level = dir->level,
        .digest = d->has_digest ? &d->digest : NULL,
        .head = buf_span(&head),
        .row_is_line = !is_csv(number),
    };
    if (cut == NULL) {
        d->files[number] = result_file_new(&params, err);
    } else {
        size_t i = result_cut_find(cut, name);
        const struct journal_file *file =
            is_of_the_end(t) ? &cut->journal.first.files[i] : &cut->journal.last.files[i];
        d->files[number] = result_file_reopen(&params, cut->part[i], file->octets, file->rows, err);
    }
    buf_deinit(&head);
    return d->files[number] != NULL;
}

static bool is_written(const struct result_dir_params *params, size_t number)
{
    if (number == FILE_AHEAD) {
        return params->ahead && params->ndjson;
    }
    if (!row_shape_has_table(params->shape, table_of_file(number))) {
        return false;
    }
    return is_csv(number) ? params->csv
                          : params->ndjson && !table_is_csv_only(table_of_file(number));
}

static bool open_files(struct result_dir *d, const struct result_dir_params *params,
                       const struct result_cut *cut, struct result_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < FILE_COUNT; i++) {
        if (is_written(params, i)) {
            ok = create_file(d, i, params, cut, err);
        }
    }
    return ok;
}

static bool create_files(struct result_dir *d, const struct result_dir_params *params,
                         struct result_error *err)
{
    bool ok = open_files(d, params, NULL, err);
    for (size_t i = 0; !ok && i < FILE_COUNT; i++) {
        if (d->files[i] != NULL) { /* so that the user can try again with the same directory */
            result_file_discard(d->files[i]);
            d->files[i] = NULL;
        }
    }
    return ok;
}

static void take_error(struct result_dir *d, const struct result_error *err)
{
    if (d->error.error == 0) {
        d->error = *err;
    }
}

/* --- the journal ---------------------------------------------------------------------------- */

/* A record is there or not: what is behind the last one would be taken for its beginning. */
static bool journal_append(struct result_dir *d, const struct buf *record, uint64_t sum)
{
    if (!file_write_at(d->journal, d->journal_len, buf_span(record))) {
        errno = errno != 0 ? errno : ENOSPC;
        result_dir_set_error(&d->error, "write", JOURNAL_NAME);
        (void)ftruncate(d->journal, (off_t)d->journal_len);
        return false;
    }
    d->journal_len += record->len;
    d->journal_sum = sum;
    return true;
}

/* One process writes; the lock is gone with it. */
static bool journal_lock(struct result_dir *d, struct result_error *err)
{
    if (flock(d->journal, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    errno = errno == EWOULDBLOCK ? EBUSY : errno;
    result_dir_set_error(err, "lock " JOURNAL_NAME " in", d->path);
    return false;
}

static bool journal_begin(struct result_dir *d, struct result_error *err)
{
    const char *names[FILE_COUNT];
    size_t count = 0;
    d->boot = result_boot_number();
    d->journal =
        openat(d->fd, JOURNAL_NAME, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (d->journal < 0) {
        result_dir_set_error(err, "create", JOURNAL_NAME);
        return false;
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (d->files[i] != NULL) {
            names[count++] = result_file_info(d->files[i])->name;
        }
    }
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    uint64_t sum = 0;
    journal_put_names(&record, names, count, &sum);
    bool ok = journal_lock(d, err) && journal_append(d, &record, sum);
    buf_deinit(&record);
    if (d->error.error != 0) {
        *err = d->error;
    }
    return ok;
}

static bool journal_go_on(struct result_dir *d, const struct journal *j, struct result_error *err)
{
    d->boot = result_boot_number();
    d->journal = openat(d->fd, JOURNAL_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (d->journal < 0) {
        result_dir_set_error(err, "open " JOURNAL_NAME " in", d->path);
        return false;
    }
    if (!journal_lock(d, err)) {
        return false;
    }
    d->journal_len = j->octets;
    d->journal_sum = j->sum;
    bool ok = ftruncate(d->journal, (off_t)j->octets) == 0;
    if (!ok) {
        result_dir_set_error(err, "cut " JOURNAL_NAME " in", d->path);
    }
    return ok;
}

static bool journal_note(struct result_dir *d, const struct journal_progress *progress,
                         bool durable)
{
    struct journal_entry e = {.durable = durable, .boot = d->boot, .progress = *progress};
    for (size_t i = 0; i < FILE_COUNT; i++) {
        if (d->files[i] != NULL) {
            const struct result_file_info *info = result_file_info(d->files[i]);
            e.files[e.file_count++] = (struct journal_file){info->octets, info->rows};
        }
    }
    struct buf record = BUF_INIT(BUF_NO_LIMIT);
    uint64_t sum = d->journal_sum;
    journal_put_entry(&record, &e, &sum);
    bool ok = journal_append(d, &record, sum);
    buf_deinit(&record);
    if (ok && durable && fdatasync(d->journal) != 0) {
        result_dir_set_error(&d->error, "fsync", JOURNAL_NAME);
        ok = false;
    }
    return ok;
}

/* -------------------------------------------------------------------------------------------- */

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

static struct result_dir *dir_of_params(const struct result_dir_params *params)
{
    struct result_dir *d = memory_new(1, sizeof(*d));
    d->path = memory_new(strlen(params->path) + 1, 1);
    memcpy(d->path, params->path, strlen(params->path));
    d->fd = -1;
    d->journal = -1;
    d->digest = params->digest;
    d->has_digest = params->digest.begin != NULL;
    return d;
}

/* @return false: it has others, or not all of these */
static bool has_files_of(const struct result_cut *cut, const struct result_dir_params *params)
{
    size_t wanted = 0;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        char name[JOURNAL_NAME_MAX];
        put_file_name(i, name);
        size_t at = is_written(params, i) ? result_cut_find(cut, name) : SIZE_MAX;
        wanted += is_written(params, i);
        if (is_written(params, i) &&
            (at == SIZE_MAX || strcmp(cut->journal.names[at] + strlen(name),
                                      result_codec_suffix(params->codec)) != 0)) {
            return false;
        }
    }
    return wanted == cut->journal.file_count;
}

struct result_dir *result_dir_reopen(const struct result_dir_params *params,
                                     const struct result_cut *cut, struct result_error *err)
{
    struct result_dir *d = dir_of_params(params);
    d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0) {
        result_dir_set_error(err, "open directory", d->path);
    } else if (!has_files_of(cut, params)) {
        errno = EINVAL;
        result_dir_set_error(err, "go on with the files of", d->path);
    }
    if (err->error != 0 || !journal_go_on(d, &cut->journal, err) ||
        !open_files(d, params, cut, err)) {
        result_dir_free(d);
        return NULL;
    }
    hold_reserve(d);
    return d;
}

struct result_dir *result_dir_new(const struct result_dir_params *params, struct result_error *err)
{
    struct result_dir *d = dir_of_params(params);
    if (!open_empty(d, params->beside, err) || !create_files(d, params, err)) {
        result_dir_free(d);
        return NULL;
    }
    hold_reserve(d);
    if (params->journal && !journal_begin(d, err)) {
        result_dir_free(d);
        return NULL;
    }
    return d;
}

static bool append_to(struct result_dir *d, size_t number, struct span rows, uint64_t row_count)
{
    struct result_file *f = d->files[number];
    bool ok = f == NULL || result_file_append(f, rows, row_count);
    if (!ok) {
        take_error(d, result_file_error(f));
    }
    return ok;
}

bool result_dir_append(struct result_dir *d, enum table_id t, enum row_format format,
                       struct span rows, uint64_t row_count)
{
    return append_to(d, file_number(t, format), rows, row_count);
}

bool result_dir_append_ahead(struct result_dir *d, struct span rows, uint64_t row_count)
{
    return append_to(d, FILE_AHEAD, rows, row_count);
}

typedef bool (*file_fn)(struct result_file *f);

static bool each_file(struct result_dir *d, file_fn act)
{
    bool ok = true;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        struct result_file *f = d->files[i];
        if (f != NULL && !act(f)) {
            take_error(d, result_file_error(f));
            ok = false;
        }
    }
    return ok;
}

static bool mark_file(struct result_file *f)
{
    result_file_mark(f);
    return true;
}

static bool roll_file_back(struct result_file *f)
{
    result_file_roll_back(f);
    return true;
}

bool result_dir_mark(struct result_dir *d, const struct journal_progress *progress, bool durable)
{
    bool ok = d->error.error == 0 && each_file(d, result_file_flush) &&
              (!durable || each_file(d, result_file_sync)) &&
              (d->journal < 0 || journal_note(d, progress, durable));
    return ok && each_file(d, mark_file);
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

void result_dir_blame(struct result_dir *d, const char *what, int error)
{
    struct result_error err = {.error = error};
    (void)snprintf(err.what, sizeof(err.what), "%s", what);
    take_error(d, &err);
}

bool result_dir_interrupt(struct result_dir *d)
{
    bool whole = d->error.error == 0;
    if (!whole) {
        (void)each_file(d, roll_file_back);
    }
    bool ok = each_file(d, finish_quick) && whole;
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

void result_dir_remove_file(struct result_dir *d, const char *name)
{
    (void)unlinkat(d->fd, name, 0);
}

static void forget_in(int fd, const char *started)
{
    (void)unlinkat(fd, started, 0);
    for (enum result_codec c = RESULT_CODEC_NONE; c <= RESULT_CODEC_ZSTD; c++) {
        char name[64];
        (void)snprintf(name, sizeof(name), RESULT_AHEAD_NAME ".%s%s",
                       row_format_word(ROW_FORMAT_NDJSON), result_codec_suffix(c));
        (void)unlinkat(fd, name, 0);
    }
    (void)unlinkat(fd, RESULT_RESERVE_NAME, 0);
    (void)unlinkat(fd, JOURNAL_NAME, 0);
}

void result_dir_forget(struct result_dir *d, const char *started)
{
    forget_in(d->fd, started);
}

void result_dir_forget_at(const char *path, const char *started)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        forget_in(fd, started);
        (void)close(fd);
    }
}

const struct result_error *result_dir_error(const struct result_dir *d)
{
    return &d->error;
}

const struct result_file_info *result_dir_file(const struct result_dir *d, size_t index)
{
    for (size_t i = 0; i < FILE_AHEAD; i++) {
        const struct result_file *f = d->files[i];
        if (f != NULL && index-- == 0) {
            return result_file_info(f);
        }
    }
    return NULL;
}

const struct result_file_info *result_dir_file_of(const struct result_dir *d, enum table_id t,
                                                  enum row_format format)
{
    const struct result_file *f = d->files[file_number(t, format)];
    return f != NULL ? result_file_info(f) : NULL;
}

const struct result_file_info *result_dir_file_ahead(const struct result_dir *d)
{
    const struct result_file *f = d->files[FILE_AHEAD];
    return f != NULL ? result_file_info(f) : NULL;
}

uint64_t result_dir_rows_lost(const struct result_dir *d)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < FILE_COUNT; i++) {
        const struct result_file *f = d->files[i];
        lost += f != NULL ? result_file_info(f)->rows_lost : 0;
    }
    return lost;
}

void result_dir_free(struct result_dir *d)
{
    if (d != NULL) {
        for (size_t i = 0; i < FILE_COUNT; i++) {
            result_file_free(d->files[i]);
        }
        if (d->journal >= 0) {
            (void)close(d->journal);
        }
        if (d->fd >= 0) {
            (void)close(d->fd);
        }
        free(d->path);
        free(d);
    }
}
