#include "scanner/explain/text_source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "scanner/base/file_mark.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"

#define CHUNK (64U << 10) /* octets; what is read at once */

struct text_source {
    struct buf name; /* NUL-terminated */
    gzFile file;     /* reads what is no gzip as it is */
    struct span ahead;
    int error; /* errno of the read; 0: none */
    bool damaged;
    uint8_t chunk[CHUNK];
};

static void source_put_path(struct buf *why, const char *path)
{
    text_put_visible(why, span_of(strcmp(path, "-") == 0 ? "standard input" : path));
}

struct text_source *text_source_open(const char *path, struct buf *why)
{
    int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    gzFile file = fd >= 0 ? gzdopen(fd, "rb") : NULL;
    if (file == NULL) {
        source_put_path(why, path);
        buf_putf(why, ": %s", strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return NULL;
    }
    struct text_source *s = memory_new(1, sizeof(*s));
    s->name = BUF_INIT(BUF_NO_LIMIT);
    source_put_path(&s->name, path);
    buf_put_char(&s->name, '\0');
    s->file = file;
    return s;
}

void text_source_close(struct text_source *s)
{
    if (s != NULL) {
        (void)gzclose(s->file);
        buf_deinit(&s->name);
        free(s);
    }
}

const char *text_source_name(const struct text_source *s)
{
    return (const char *)s->name.at;
}

/** Fills the chunk, as far as there is something. */
static struct span source_read(struct text_source *s)
{
    size_t len = 0;
    while (len < CHUNK && s->error == 0 && !s->damaged) {
        int n = gzread(s->file, s->chunk + len, (unsigned)(CHUNK - len));
        if (n <= 0) {
            int code = Z_OK;
            (void)gzerror(s->file, &code);
            s->error = code == Z_ERRNO ? errno : 0;
            s->damaged = code != Z_OK && code != Z_STREAM_END && s->error == 0;
            break;
        }
        len += (size_t)n;
    }
    return (struct span){s->chunk, len};
}

struct span text_source_peek(struct text_source *s)
{
    if (s->ahead.len == 0) {
        s->ahead = source_read(s);
    }
    return s->ahead;
}

bool text_source_is_text(struct text_source *s, struct buf *why)
{
    const struct file_mark *mark = file_mark_of(text_source_peek(s));
    if (mark != NULL) {
        bool direct = gzdirect(s->file) == 1;
        buf_putf(why, "%s: this is %s, not text%s", text_source_name(s), mark->what,
                 direct ? "" : ", inside of gzip");
        file_mark_put_command(mark, direct ? NULL : "zcat", why);
    }
    return mark == NULL;
}

struct span text_source_next(struct text_source *s)
{
    struct span ahead = s->ahead;
    s->ahead = (struct span){0};
    return ahead.len > 0 ? ahead : source_read(s);
}

bool text_source_is_whole(const struct text_source *s, struct buf *why)
{
    if (s->error == 0 && !s->damaged) {
        return true;
    }
    buf_putf(why, "%s: %s", text_source_name(s),
             s->error != 0 ? strerror(s->error) : "the gzip data is damaged");
    return false;
}
