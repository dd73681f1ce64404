#include "scanner/base/octet_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"

#define TAIL_MAX (1U << 20) /* octets that wait to be written at once */

struct octet_file {
    int fd;
    uint64_t written;
    struct buf tail; /* behind what was written */
};

struct octet_file *octet_file_new(struct buf *why)
{
    const char *folder = NULL;
    int fd = unlinked_file_open_on_disk(&folder);
    if (fd < 0) {
        buf_putf(why, "temporary file in %s: %s; set TMPDIR to another directory", folder,
                 strerror(errno));
        return NULL;
    }
    struct octet_file *f = memory_new(1, sizeof(*f));
    f->fd = fd;
    f->tail = BUF_INIT(BUF_NO_LIMIT);
    return f;
}

void octet_file_free(struct octet_file *f)
{
    if (f != NULL) {
        (void)close(f->fd);
        buf_deinit(&f->tail);
        free(f);
    }
}

static void tell(struct buf *why, const char *what, int error)
{
    buf_putf(why, "temporary file: %s: %s", what, error != 0 ? strerror(error) : "too short");
}

static bool write_tail(struct octet_file *f, struct buf *why)
{
    if (!file_write_at(f->fd, f->written, buf_span(&f->tail))) {
        tell(why, "write", errno);
        return false;
    }
    f->written += f->tail.len;
    buf_reset(&f->tail);
    return true;
}

bool octet_file_append(struct octet_file *f, struct span octets, struct buf *why)
{
    buf_put(&f->tail, octets);
    return f->tail.len < TAIL_MAX || write_tail(f, why);
}

uint64_t octet_file_len(const struct octet_file *f)
{
    return f->written + f->tail.len;
}

bool octet_file_read(struct octet_file *f, uint64_t offset, size_t len, struct buf *to,
                     struct buf *why)
{
    CHECK(offset + len <= octet_file_len(f));
    if (offset + len > f->written && !write_tail(f, why)) {
        return false;
    }
    if (!file_read_at(f->fd, offset, buf_room(to, len), len)) {
        tell(why, "read", errno);
        return false;
    }
    to->len += len;
    return true;
}
