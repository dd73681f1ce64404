#include "scanner/base/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/base/memory.h"

#define LINKS_MAX 40 /* as Linux follows, path_resolution(7) */

static const char *text_of(const struct buf *b)
{
    return (const char *)b->at;
}

static void set_path(struct buf *b, struct span folder, const char *name)
{
    *b = BUF_INIT(BUF_NO_LIMIT);
    buf_put(b, folder);
    buf_put_text(b, name);
    buf_put_char(b, '\0');
}

/* One step of a symbolic link. @return false: errno */
static bool follow_link(struct buf *path)
{
    char to[PATH_MAX];
    ssize_t len = readlink(text_of(path), to, sizeof(to));
    if (len < 0 || (size_t)len == sizeof(to)) {
        errno = len < 0 ? errno : ENAMETOOLONG;
        return false;
    }
    to[len] = '\0';
    const char *slash = to[0] == '/' ? NULL : strrchr(text_of(path), '/');
    size_t folder = slash != NULL ? (size_t)(slash + 1 - text_of(path)) : 0;
    struct buf next;
    set_path(&next, (struct span){path->at, folder}, to);
    buf_deinit(path);
    *path = next;
    return true;
}

/* The file at the end of all links, or where it would be. @return false: errno */
static bool find_target(struct buf *target, const char *path)
{
    struct stat about;
    set_path(target, (struct span){0}, path);
    for (int links = 0; lstat(text_of(target), &about) == 0 && S_ISLNK(about.st_mode); links++) {
        if (links == LINKS_MAX) {
            errno = ELOOP;
            return false;
        }
        if (!follow_link(target)) {
            return false;
        }
    }
    return true;
}

/* Links below /proc name files that are open, as /dev/stdout does: these are written, not replaced. */
static bool same_file(const struct buf *target, const struct stat *about)
{
    struct stat at_end;
    return lstat(text_of(target), &at_end) == 0 && at_end.st_dev == about->st_dev &&
           at_end.st_ino == about->st_ino;
}

bool output_file_is_replaced(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? S_ISREG(about.st_mode) : errno == ENOENT;
}

static bool open_directly(struct output_file *f, const char *path, bool wait)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC | (wait ? 0 : O_NONBLOCK));
    f->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    return f->file != NULL;
}

static bool open_part(struct output_file *f)
{
    struct span target = span_of(text_of(&f->target));
    set_path(&f->part, target, ".part");
    (void)unlink(text_of(&f->part)); /* of a run that was killed */
    f->file = fopen(text_of(&f->part), "wxe");
    if (f->file == NULL) {
        buf_deinit(&f->part);
        return false;
    }
    return true;
}

bool output_file_open(struct output_file *f, const char *path, bool wait)
{
    struct stat about;
    bool there = stat(path, &about) == 0;
    *f = (struct output_file){.target = BUF_INIT(BUF_NO_LIMIT), .part = BUF_INIT(BUF_NO_LIMIT)};
    if (there && !S_ISREG(about.st_mode)) {
        return open_directly(f, path, wait);
    }
    if ((!there && errno != ENOENT) || !find_target(&f->target, path)) {
        return false;
    }
    if (there && !same_file(&f->target, &about)) {
        buf_deinit(&f->target);
        return open_directly(f, path, wait);
    }
    return open_part(f);
}

bool output_file_put(struct output_file *f, struct span octets)
{
    bool ok = fwrite(octets.at, 1, octets.len, f->file) == octets.len;
    f->error = ok || f->error != 0 ? f->error : errno;
    return ok;
}

bool output_file_end(struct output_file *f)
{
    bool ok = fflush(f->file) == 0;
    f->error = ok || f->error != 0 ? f->error : errno;
    ok = fclose(f->file) == 0;
    f->error = ok || f->error != 0 ? f->error : errno;
    f->file = NULL;
    errno = f->error;
    return f->error == 0;
}

bool output_file_commit(struct output_file *f)
{
    if (f->part.len == 0) {
        return true;
    }
    bool ok = rename(text_of(&f->part), text_of(&f->target)) == 0;
    if (ok) {
        buf_deinit(&f->part);
    }
    return ok;
}

void output_file_deinit(struct output_file *f)
{
    int error = errno;
    if (f->file != NULL) {
        (void)fclose(f->file);
        f->file = NULL;
    }
    if (f->part.len > 0) {
        (void)unlink(text_of(&f->part));
    }
    buf_deinit(&f->part);
    buf_deinit(&f->target);
    errno = error;
}

/* --- several ------------------------------------------------------------------------------------ */

void output_files_add(struct output_files *o, struct output_file *f)
{
    o->file = memory_grow_list(o->file, o->count, sizeof(*o->file));
    o->file[o->count++] = *f;
    *f = (struct output_file){.file = NULL};
}

const char *output_files_commit(struct output_files *o)
{
    for (uint32_t i = 0; i < o->count; i++) {
        if (!output_file_commit(&o->file[i])) {
            return text_of(&o->file[i].target);
        }
    }
    return NULL;
}

void output_files_deinit(struct output_files *o)
{
    for (uint32_t i = 0; i < o->count; i++) {
        output_file_deinit(&o->file[i]);
    }
    free(o->file);
    *o = (struct output_files){.file = NULL};
}
