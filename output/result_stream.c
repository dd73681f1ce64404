#include "output/result_stream.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

void result_stream_init(struct result_stream *s, int fd, const struct row_choice *choice)
{
    *s = (struct result_stream){.fd = fd, .pending = BUF_INIT(BUF_NO_LIMIT)};
    /* A reader that goes away is an error of write(), not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (choice != NULL) {
        row_choice_put_header(choice, &s->pending);
    }
}

/* Whoever started us may have made the descriptor non-blocking. */
static bool wait_writable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

static uint64_t stream_count_lines(struct span s)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < s.len; i++) {
        lines += s.at[i] == '\n';
    }
    return lines;
}

bool result_stream_flush(struct result_stream *s)
{
    struct span rest = buf_span(&s->pending);
    while (rest.len > 0 && s->error.error == 0) {
        ssize_t n = write(s->fd, rest.at, rest.len);
        if (n >= 0) {
            rest = span_drop(rest, (size_t)n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK ? !wait_writable(s->fd)
                                                           : errno != EINTR) {
            s->error.error = errno;
            (void)snprintf(s->error.what, sizeof(s->error.what), "write %s",
                           s->fd == STDOUT_FILENO ? "standard output" : "results");
        }
    }
    uint64_t lost =
        rest.len > 0 ? stream_count_lines(rest) : 0; /* a row that is out in part is lost */
    s->rows += s->pending_rows - lost;
    s->rows_lost += lost;
    s->pending_rows = 0;
    buf_reset(&s->pending);
    return s->error.error == 0;
}

bool result_stream_append(struct result_stream *s, struct span rows, uint64_t row_count)
{
    if (s->error.error != 0) {
        s->rows_lost += row_count;
        return false;
    }
    buf_put(&s->pending, rows);
    s->pending_rows += row_count;
    return s->pending.len < RESULT_BATCH_LEN || result_stream_flush(s);
}

void result_stream_deinit(struct result_stream *s)
{
    buf_deinit(&s->pending);
}
