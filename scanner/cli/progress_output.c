#include "scanner/cli/progress_output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "scanner/base/file.h"
#include "scanner/base/output_file.h"
#include "scanner/replay/results.h"

#define STATUS_EVERY_MS  60000
#define METRICS_MAX      65536 /* octets of a file of ours */
#define TERMINAL_COLUMNS 80    /* when the terminal does not tell */

static bool progress_write_all(int fd, struct span s)
{
    while (s.len > 0) {
        ssize_t n = write(fd, s.at, s.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        s = span_drop(s, (size_t)n);
    }
    return true;
}

/** A file is replaced as a whole, so that a reader never sees half of it; a FIFO without a reader is not waited for. */
static bool replace_metrics(struct progress_output *out, const struct progress_snapshot *now,
                            const struct progress_mark *mark)
{
    struct output_file file;
    buf_reset(&out->text);
    progress_put_metrics(&out->text, now, mark, &out->scan);
    bool ok = output_file_open(&file, out->metrics_path, false);
    if (ok) {
        (void)output_file_put(&file, buf_span(&out->text));
        ok = output_file_end(&file) && output_file_commit(&file);
    }
    output_file_deinit(&file);
    return ok;
}

bool progress_output_open_status(struct progress_output *out, struct buf *why)
{
    if (out->status_path == NULL) {
        return true;
    }
    out->status_fd = open(out->status_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (out->status_fd < 0) {
        buf_putf(why, "--status-updates-file %s: %s", out->status_path, strerror(errno));
        return false;
    }
    buf_reset(&out->text);
    progress_put_csv_header(&out->text);
    (void)progress_write_all(out->status_fd,
                             buf_span(&out->text)); /* a full disk shows in the rows */
    return true;
}

/* A scan that is gone on with began when it was first started. */
static int64_t began_at(const struct scan_params *params, int64_t unix_ms)
{
    bool known = params->resume != NULL && params->resume->started_unix_ms != RESULTS_TIME_UNKNOWN;
    return known ? params->resume->started_unix_ms : unix_ms;
}

bool progress_output_init(struct progress_output *out, const struct scan_params *params,
                          int64_t unix_ms, struct buf *why)
{
    *out = (struct progress_output){
        .quiet = params->quiet,
        .terminal = isatty(STDERR_FILENO) == 1,
        .next_status_ms = STATUS_EVERY_MS,
        .status_fd = -1,
        .status_path = params->status_path,
        .metrics_path = params->metrics_path,
        .scan = {.started_ms = began_at(params, unix_ms)},
        .text = BUF_INIT(BUF_NO_LIMIT),
    };
    if (out->metrics_path != NULL && output_file_is_replaced(out->metrics_path)) {
        struct buf before = BUF_INIT(METRICS_MAX);
        if (file_read(out->metrics_path, &before) == FILE_COMPLETE) {
            out->scan.last_success_ms = progress_last_success(buf_span(&before));
        }
        buf_deinit(&before);
    }
    if (out->metrics_path != NULL && !replace_metrics(out, &out->last, &out->last_mark)) {
        buf_putf(why, "--metrics-file %s: %s", out->metrics_path, strerror(errno));
        return false;
    }
    return true;
}

/** The mark of about a minute ago, or the start of the scan. */
static struct progress_mark take_mark(struct progress_output *out,
                                      const struct progress_snapshot *now)
{
    struct progress_mark oldest = {0};
    struct progress_mark *slot = &out->marks[out->mark_count % PROGRESS_MARKS];
    if (out->mark_count >= PROGRESS_MARKS) {
        oldest = *slot;
    }
    *slot = (struct progress_mark){now->elapsed_ms, progress_lines_done(now)};
    out->mark_count++;
    return oldest;
}

static size_t terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : TERMINAL_COLUMNS;
}

void progress_output_clear_line(struct progress_output *out)
{
    if (out->line_shown) {
        (void)progress_write_all(STDERR_FILENO,
                                 SPAN_LIT("\r\033[K")); /* ECMA-48: erase to the line's end */
        out->line_shown = false;
    }
}

static void show_on_stderr(struct progress_output *out, const struct progress_snapshot *now,
                           const struct progress_mark *mark)
{
    if (!out->terminal && now->elapsed_ms < out->next_status_ms) {
        return;
    }
    buf_reset(&out->text);
    if (out->terminal) {
        buf_put_text(&out->text, "\r");
        progress_put_line(&out->text, now, mark);
        size_t columns = terminal_columns();
        if (out->text.len > columns) { /* one less than fits, as "\r" takes none */
            out->text.len = columns;
        }
        buf_put_text(&out->text, "\033[K");
        out->line_shown = true;
    } else {
        out->next_status_ms = (now->elapsed_ms / STATUS_EVERY_MS + 1) * STATUS_EVERY_MS;
        buf_put_text(&out->text, "mxcensus: ");
        progress_put_line(&out->text, now, mark);
        buf_put_char(&out->text, '\n');
    }
    (void)progress_write_all(STDERR_FILENO, buf_span(&out->text));
}

void progress_output_show(struct progress_output *out, const struct progress_snapshot *now,
                          int64_t unix_ms)
{
    struct progress_mark mark = take_mark(out, now);
    if (!out->quiet) {
        show_on_stderr(out, now, &mark);
    }
    if (out->status_fd >= 0) {
        buf_reset(&out->text);
        progress_put_csv_row(&out->text, now, &mark, unix_ms);
        (void)progress_write_all(out->status_fd, buf_span(&out->text));
    }
    out->last = *now;
    out->last_mark = mark;
    if (out->metrics_path != NULL) {
        (void)replace_metrics(out, now, &mark); /* else the old state stays: no row depends on it */
    }
}

void progress_output_set_self_test(struct progress_output *out, const struct vantage_verdict *v)
{
    memset(out->scan.self_test, 0, sizeof(out->scan.self_test));
    for (size_t i = 0; i < v->count; i++) {
        out->scan.self_test[v->line[i].result]++;
    }
}

void progress_output_end(struct progress_output *out, int exit_code, bool success,
                         const uint64_t findings[SEVERITY_COUNT], int64_t unix_ms)
{
    out->scan.ended_ms = unix_ms;
    out->scan.exit_code = exit_code;
    out->scan.last_success_ms = success ? unix_ms : out->scan.last_success_ms;
    memcpy(out->scan.findings, findings, sizeof(out->scan.findings));
    if (out->metrics_path != NULL) {
        (void)replace_metrics(out, &out->last, &out->last_mark);
    }
}

void progress_output_deinit(struct progress_output *out)
{
    progress_output_clear_line(out);
    if (out->status_fd >= 0) {
        (void)close(out->status_fd);
        out->status_fd = -1;
    }
    buf_deinit(&out->text);
}
