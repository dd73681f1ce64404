#include "scanner/pipeline/input_lists.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/cert/digest.h"
#include "scanner/unpack/unpacker.h"

#define READ_STEP ((size_t)1 << 20) /* octets; of what is unpacked as well */

const char *input_list_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static bool list_fault(const char *path, const char *what, struct buf *why)
{
    text_put_visible(why, span_of(input_list_name(path)));
    buf_putf(why, ": %s", what);
    return false;
}

/* --- which it is, and is it whole ------------------------------------------------------------ */

/** @return the octets read; negative: errno */
static ssize_t read_from(int fd, uint64_t offset, uint8_t *to, size_t max)
{
    ssize_t got;
    do {
        got = pread(fd, to, max, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    return got;
}

/** All that is unpacked of `octets` is counted and dropped. */
static enum unpack_end unpack_all(struct unpacker *u, struct span octets, bool ended,
                                  uint8_t *scratch, uint64_t *unpacked)
{
    size_t len = 0;
    enum unpack_end end = UNPACK_GOES_ON;
    do {
        end = unpacker_step(u, &octets, ended, scratch, READ_STEP, &len);
        *unpacked += len;
    } while (end == UNPACK_GOES_ON && (octets.len > 0 || len > 0));
    return end;
}

/** Where reading goes on: of standard input that somebody read a part of before, behind that. */
static uint64_t list_begin(int fd)
{
    off_t begin = lseek(fd, 0, SEEK_CUR);
    return begin > 0 ? (uint64_t)begin : 0;
}

/** A file, from where it is read. */
static bool list_read_whole(int fd, struct manifest_input *input, uint64_t *unpacked,
                            struct buf *why)
{
    uint8_t *octets = memory_new(2, READ_STEP);
    void *digest = digest_begin();
    struct unpacker *unpacker = NULL;
    enum unpack_method method = UNPACK_NONE;
    enum unpack_end end = UNPACK_GOES_ON;
    uint64_t begin = list_begin(fd);
    ssize_t got;
    input->octets = 0;
    do {
        got = read_from(fd, begin + input->octets, octets, READ_STEP);
        struct span step = {octets, got > 0 ? (size_t)got : 0};
        if (input->octets == 0) {
            method = unpack_method_of(step);
            unpacker = unpacker_new(method, true);
            input->compression = unpack_method_name(method);
        }
        digest_add(digest, step);
        input->octets += step.len;
        end = got >= 0 ? unpack_all(unpacker, step, got == 0, octets + READ_STEP, unpacked) : end;
    } while (got > 0 && end == UNPACK_GOES_ON);
    const char *error = got < 0 ? strerror(errno) : unpack_end_text(end, method);
    digest_end(digest, input->sha256);
    unpacker_free(unpacker);
    free(octets);
    return error[0] == '\0' || list_fault(input->path, error, why);
}

/** Then it may be damaged or cut short; a plain list is what it is. */
static bool is_packed(int fd)
{
    uint8_t head[UNPACK_MARK_MAX];
    ssize_t got = read_from(fd, list_begin(fd), head, sizeof(head));
    return unpack_method_of((struct span){head, got > 0 ? (size_t)got : 0}) != UNPACK_NONE;
}

/** @param about what it is now @return its descriptor; -1 with one line in `why` */
static int open_list(const char *path, struct stat *about, struct buf *why)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, about) == 0) {
        return fd;
    }
    (void)list_fault(path, strerror(errno), why);
    input_lists_close(fd);
    return -1;
}

static bool take_list(struct input_lists *l, size_t i, struct buf *why)
{
    const char *path = l->paths[i];
    struct manifest_input *told = &l->told[i];
    bool standard = strcmp(path, "-") == 0;
    struct stat *seen = &l->seen[i];
    told->path = path;
    if ((standard ? fstat(STDIN_FILENO, seen) : stat(path, seen)) != 0) {
        return list_fault(path, strerror(errno), why);
    }
    if (S_ISDIR(seen->st_mode)) {
        return list_fault(path, strerror(EISDIR), why);
    }
    if (!S_ISREG(seen->st_mode)) {
        return true;
    }
    uint64_t begin = standard ? list_begin(STDIN_FILENO) : 0;
    told->octets = (uint64_t)seen->st_size > begin ? (uint64_t)seen->st_size - begin : 0;
    told->is_file = true;
    int fd = open_list(path, seen, why);
    uint64_t unpacked = 0;
    bool whole = l->has_digests || (fd >= 0 && is_packed(fd));
    bool good = fd >= 0 && (!whole || list_read_whole(fd, told, &unpacked, why));
    input_lists_close(fd);
    l->lines_max += unpacked + 1;
    return good;
}

bool input_lists_init(struct input_lists *l, const struct scan_params *p, struct buf *why)
{
    *l = (struct input_lists){.paths = p->input_paths,
                              .count = p->input_count,
                              .has_digests = p->output_dir != NULL || p->feeds};
    l->told = memory_new(l->count, sizeof(*l->told));
    l->seen = memory_new(l->count, sizeof(*l->seen));
    bool files = true;
    bool good = true;
    for (size_t i = 0; i < l->count && good; i++) {
        good = take_list(l, i, why);
        files = files && l->told[i].is_file;
        l->octets += l->told[i].octets;
    }
    l->octets = files ? l->octets : 0;
    if (!good) {
        input_lists_deinit(l);
    }
    return good;
}

void input_lists_deinit(struct input_lists *l)
{
    free(l->told);
    free(l->seen);
    *l = (struct input_lists){0};
}

bool input_lists_put_repeated(const struct input_lists *l, struct buf *line)
{
    size_t last = SIZE_MAX;
    size_t count = 0;
    for (size_t i = 1; i < l->count; i++) {
        for (size_t k = 0; k < i && S_ISREG(l->seen[i].st_mode); k++) {
            if (l->seen[k].st_dev == l->seen[i].st_dev && l->seen[k].st_ino == l->seen[i].st_ino) {
                last = last != SIZE_MAX ? last : i;
                count++;
                break;
            }
        }
    }
    if (last == SIZE_MAX) {
        return false;
    }
    text_put_visible(line, span_of(input_list_name(l->paths[last])));
    buf_put_text(line, ": is given more than once");
    if (count > 1) {
        buf_putf(line, " (lists that are: %zu)", count);
    }
    buf_put_text(line, "; its domains are duplicates from the second time on");
    return true;
}

/* --- opened when it is its turn --------------------------------------------------------------- */

/** What a digest was made of is what is read. */
static bool is_as_seen(const struct stat *now, const struct stat *seen)
{
    return now->st_dev == seen->st_dev && now->st_ino == seen->st_ino &&
           now->st_size == seen->st_size && now->st_mtim.tv_sec == seen->st_mtim.tv_sec &&
           now->st_mtim.tv_nsec == seen->st_mtim.tv_nsec;
}

int input_lists_open(const struct input_lists *l, size_t index, struct buf *why)
{
    struct stat now;
    int fd = open_list(l->paths[index], &now, why);
    /* The first is read from then on. */
    if (fd >= 0 && index > 0 && S_ISREG(l->seen[index].st_mode) &&
        !is_as_seen(&now, &l->seen[index])) {
        (void)list_fault(l->paths[index],
                         "has changed since the scan began; scan a copy that stays as it is", why);
        input_lists_close(fd);
        fd = -1;
    }
    return fd;
}

bool input_lists_was_read_as_seen(const struct input_lists *l, size_t index, int fd)
{
    struct stat now;
    return !l->has_digests || !S_ISREG(l->seen[index].st_mode) ||
           (fstat(fd, &now) == 0 && is_as_seen(&now, &l->seen[index]));
}

void input_lists_close(int fd)
{
    if (fd > STDERR_FILENO) {
        (void)close(fd);
    }
}
