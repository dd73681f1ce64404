#include "scanner/cli/messages.h"

#include <fcntl.h>
#include <unistd.h>

#include "scanner/base/text.h"

bool messages_init(struct messages *m, const char *path)
{
    *m = (struct messages){.fd = STDERR_FILENO, .to_file = path != NULL};
    if (path != NULL) {
        m->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    }
    return m->fd >= 0;
}

void messages_say(struct messages *m, struct span line, int64_t unix_ms)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    if (m->to_file) {
        text_put_time_ms(&out, unix_ms);
        buf_put_char(&out, ' ');
    } else {
        buf_put_text(&out, "mxcensus: ");
    }
    text_put_visible(&out, line); /* it may name what others named */
    buf_put_char(&out, '\n');
    ssize_t n = write(m->fd, out.at, out.len); /* one write, so that lines stay whole */
    (void)n;                                   /* nobody is left to be told */
    buf_deinit(&out);
}

void messages_deinit(struct messages *m)
{
    if (m->to_file && m->fd >= 0) {
        (void)close(m->fd);
    }
}
