#include "scanner/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define READ_STEP (64U << 10)

enum file_end file_read_rest(int fd, struct buf *to)
{
    ssize_t n = 1;
    while (n > 0 || (n < 0 && errno == EINTR)) {
        uint8_t beyond; /* the limit, where a file of just that length has its end */
        size_t left = to->limit - to->len;
        size_t len = left < READ_STEP ? left : READ_STEP;
        uint8_t *room = len > 0 ? buf_room(to, len) : &beyond;
        n = read(fd, room, len > 0 ? len : 1);
        if (n > 0 && len == 0) {
            return FILE_TOO_LARGE;
        }
        to->len += n > 0 ? (size_t)n : 0;
    }
    return n == 0 ? FILE_COMPLETE : FILE_FAILED;
}

enum file_end file_read(const char *path, struct buf *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return FILE_FAILED;
    }
    enum file_end end = file_read_rest(fd, to);
    int error = errno;
    (void)close(fd);
    errno = error;
    return end;
}

/* What one call did. @return false: no further */
static bool file_step(ssize_t n, size_t *done)
{
    if (n > 0) {
        *done += (size_t)n;
        return true;
    }
    errno = n < 0 ? errno : 0;
    return n < 0 && errno == EINTR;
}

bool file_read_at(int fd, uint64_t offset, void *to, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(fd, (uint8_t *)to + done, len - done, (off_t)(offset + done));
        if (!file_step(n, &done)) {
            return false;
        }
    }
    return true;
}

bool file_write_at(int fd, uint64_t offset, struct span octets)
{
    size_t done = 0;
    while (done < octets.len) {
        ssize_t n = pwrite(fd, octets.at + done, octets.len - done, (off_t)(offset + done));
        if (!file_step(n, &done)) {
            return false;
        }
    }
    return true;
}

bool file_is_in(const char *folder, const char *name)
{
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&path, "%s/%s", folder, name);
    buf_put_char(&path, '\0');
    bool is_in = access((const char *)path.at, F_OK) == 0;
    buf_deinit(&path);
    return is_in;
}

void file_remove_all(const char *folder, const char *suffix)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (span_ends_with(span_of(entry->d_name), span_of(suffix))) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0); /* "." and ".." are no files */
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

void file_remove_folder(const char *folder)
{
    file_remove_all(folder, "");
    (void)rmdir(folder);
}
