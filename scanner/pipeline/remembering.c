#include "scanner/pipeline/remembering.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/result_file.h"
#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/pipeline/worker.h"

#define NAME_LEN_MAX 200 /* octets of its name, which gets a suffix; our own bound */

static bool refuse_file(const char *path, const char *fault, struct buf *why)
{
    buf_putf(why, "--memory %s: %s", path, fault);
    return false;
}

/* The file may have been replaced between open() and flock(): then the lock is on what nobody reads any more. */
static bool is_still_there(const char *path, int fd)
{
    struct stat held;
    struct stat there;
    return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino &&
           held.st_dev == there.st_dev;
}

/* @return -1: with the reason in errno */
static int open_and_lock(const char *path)
{
    for (;;) {
        int fd = open(path, O_RDONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
        if (fd < 0) {
            return -1;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            int error = errno;
            (void)close(fd);
            errno = error;
            return -1;
        }
        if (is_still_there(path, fd)) {
            return fd;
        }
        (void)close(fd);
    }
}

/* With the slash that ends it left out, unless it is the root. To be freed. */
static char *folder_of(const char *path)
{
    char *folder = memory_strdup(path);
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = '\0';
    return folder;
}

static const char *file_name_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* It is replaced at the end, which is the wrong time to hear that it cannot be. */
static bool can_be_replaced(const char *path, const char *given, struct buf *why)
{
    char *folder = folder_of(path);
    bool ok = strlen(file_name_of(path)) <= NAME_LEN_MAX;
    if (!ok) {
        (void)refuse_file(given, "its name is too long", why);
    } else if (access(folder, W_OK | X_OK) != 0) {
        ok = refuse_file(given, "its directory cannot be written: the file is replaced at the end",
                         why);
    }
    memory_free(folder);
    return ok;
}

static bool read_memory(struct remembering *m, const char *given, struct buf *why)
{
    struct stat found;
    if (fstat(m->fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        return refuse_file(given, "not a regular file", why);
    }
    m->path = realpath(given, NULL);
    if (m->path == NULL) {
        return refuse_file(given, strerror(errno), why);
    }
    switch (file_read_rest(m->fd, &m->text)) {
    case FILE_TOO_LARGE:
        return refuse_file(given, "larger than 64 MiB: not what this option writes", why);
    case FILE_FAILED:
        return refuse_file(given, strerror(errno), why);
    case FILE_COMPLETE:
        break;
    }
    return can_be_replaced(m->path, given, why) &&
           remembered_parse(&m->before, buf_span(&m->text), given, &m->dropped, why);
}

struct remembering *remembering_open(const char *path, struct buf *why)
{
    struct remembering *m = memory_new(1, sizeof(*m));
    *m = (struct remembering){.fd = open_and_lock(path), .text = BUF_INIT(REMEMBERED_OCTETS_MAX)};
    if (m->fd < 0) {
        bool busy = errno == EWOULDBLOCK;
        (void)refuse_file(path,
                          busy ? "another scan uses it; give each scan that runs at the same "
                                 "time a file of its own"
                               : strerror(errno),
                          why);
    }
    if (m->fd < 0 || !read_memory(m, path, why)) {
        remembering_close(m);
        return NULL;
    }
    return m;
}

void remembering_close(struct remembering *m)
{
    if (m == NULL) {
        return;
    }
    if (m->fd >= 0) {
        (void)close(m->fd); /* and unlocked */
    }
    remembered_deinit(&m->before);
    buf_deinit(&m->text);
    free(m->path);
    free(m);
}

static bool write_memory(const struct remembering *m, struct span text, struct buf *why)
{
    struct result_error err = {0};
    char *folder = folder_of(m->path);
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = dir >= 0 && result_file_write_whole(dir, folder, file_name_of(m->path), text, &err);
    if (!ok) {
        buf_putf(why, "--memory: %s: %s; the file is as it was, what this scan learned is lost",
                 dir < 0 ? folder : err.what, strerror(dir < 0 ? errno : err.error));
    }
    if (dir >= 0) {
        (void)close(dir);
    }
    memory_free(folder);
    return ok;
}

struct manifest_memory remembering_used(const struct remembering *m)
{
    if (m == NULL) {
        return (struct manifest_memory){0};
    }
    return (struct manifest_memory){
        .file = m->path,
        .used = {.addresses = remembered_count(&m->before, REMEMBERED_ADDRESS),
                 .operators = remembered_count(&m->before, REMEMBERED_OPERATOR)},
        .dropped = m->dropped,
    };
}

/* What became of the file; `after` is what it is to hold. */
static struct manifest_memory memory_after(const struct remembering *m,
                                           const struct remembered_news *news,
                                           const struct remembered *after)
{
    struct manifest_memory memory = remembering_used(m);
    memory.ended = true;
    memory.turned_away = (struct manifest_keys){
        .addresses = news->turned_away[REMEMBERED_ADDRESS],
        .operators = news->turned_away[REMEMBERED_OPERATOR],
    };
    memory.added = news->added;
    memory.left = news->left;
    memory.aged = news->aged;
    memory.dropped += news->dropped;
    memory.entries = after->count;
    return memory;
}

struct manifest_memory remembering_end(const struct scan *s, int64_t began_s,
                                       const struct pipeline_hooks *hooks)
{
    const struct remembering *m = s->params->memory;
    if (m == NULL) {
        return (struct manifest_memory){0};
    }
    const struct night *nights[WORKERS_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < s->worker_count; i++) {
        if (!s->workers[i]->left) {
            nights[count++] = s->workers[i]->night;
        }
    }
    struct remembered after;
    struct remembered_news news;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    night_learn(&m->before, nights, count, began_s, &after, &news);
    remembered_put_text(&after, &text);
    struct manifest_memory memory = memory_after(m, &news, &after);
    memory.written = write_memory(m, buf_span(&text), &why);
    if (!memory.written) {
        buf_put_char(&why, '\0');
        hooks->say(hooks->arg, (const char *)why.at);
    }
    buf_deinit(&why);
    buf_deinit(&text);
    remembered_deinit(&after);
    return memory;
}
