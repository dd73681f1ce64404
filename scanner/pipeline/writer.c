#include "scanner/pipeline/writer.h"

#include <errno.h>
#include <unistd.h>

#include "scanner/base/codec.h"
#include "scanner/base/memory.h"
#include "scanner/cert/digest.h"
#include "scanner/pipeline/thread_join.h"

#define FLUSH_EVERY_MS 30000 /* design section 2 */

bool writer_open(struct writer *w, struct scan *scan, struct buf *error, bool *usage)
{
    const struct scan_params *p = scan->params;
    *w = (struct writer){.scan = scan, .lines_taken = BUF_INIT(BUF_NO_LIMIT)};
    if (p->output_dir == NULL) {
        result_stream_init(&w->stream, p->output_fd);
        return true;
    }
    struct result_dir_params params = {
        .path = p->output_dir,
        .ndjson = (p->format & RESULT_NDJSON) != 0,
        .csv = (p->format & RESULT_CSV) != 0,
        .codec = p->compression,
        .digest = {.begin = digest_begin, .add = digest_add, .end = digest_end},
    };
    struct result_error failure = {0};
    w->dir = result_dir_new(&params, &failure);
    if (w->dir == NULL) {
        *usage = true;
        buf_putf(error, "%s: %s", failure.what, strerror(failure.error));
        if (failure.error == ENOTEMPTY) {
            buf_put_text(error, "; give a directory that is empty or does not exist");
        }
        return false;
    }
    return true;
}

static void take_rows(struct writer *w, const struct message_rows *m)
{
    bool kept = w->dir != NULL ? result_dir_append(w->dir, (enum table_id)m->table,
                                                   (enum row_format)m->format, m->octets, m->count)
                               : result_stream_append(&w->stream, m->octets, m->count);
    if (!kept) {
        atomic_store_explicit(&w->failed, true, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&w->octets, m->octets.len, memory_order_relaxed);
    if (m->format == ROW_FORMAT_NDJSON || (w->scan->params->format & RESULT_NDJSON) == 0) {
        atomic_fetch_add_explicit(&w->rows, m->count, memory_order_relaxed);
    }
}

/* A line is done when what was taken before is in the results: rows of a failed batch are lost, and
 * so are their lines. */
static void settle_lines(struct writer *w, bool kept)
{
    struct span lines = buf_span(&w->lines_taken);
    while (kept && lines.len > 0) {
        line_set_add(&w->lines_done, codec_get_u64(&lines));
    }
    if (kept) {
        buf_reset(&w->lines_taken);
    }
}

/* A reader of the stream sees rows when they are there; files are whole every now and then. */
static void flush(struct writer *w)
{
    bool kept = !atomic_load_explicit(&w->failed, memory_order_relaxed);
    uint64_t now = uv_hrtime() / 1000000;
    if (w->dir == NULL) {
        kept = result_stream_flush(&w->stream) && kept;
        settle_lines(w, kept);
    } else if (now >= w->flush_due_ms) {
        w->flush_due_ms = now + FLUSH_EVERY_MS;
        kept = result_dir_flush(w->dir) && kept;
        settle_lines(w, kept);
    }
    if (!kept) {
        atomic_store_explicit(&w->failed, true, memory_order_relaxed);
    }
}

static void *writer_run(void *arg)
{
    struct writer *w = arg;
    w->flush_due_ms = uv_hrtime() / 1000000 + FLUSH_EVERY_MS;
    for (bool stopping = false; !stopping;) {
        struct span messages = mailbox_wait(&w->scan->writer);
        atomic_store_explicit(&w->busy, true, memory_order_relaxed);
        enum message_kind kind;
        struct span body;
        while (message_next(&messages, &kind, &body)) {
            if (kind == MESSAGE_ROWS) {
                struct message_rows m = message_get_rows(body);
                take_rows(w, &m);
            } else if (kind == MESSAGE_LINES_DONE) {
                struct message_lines_done m = message_get_lines_done(body);
                buf_put(&w->lines_taken, m.lines);
            } else {
                CHECK(kind == MESSAGE_STOP);
                stopping = true;
            }
        }
        flush(w);
        atomic_store_explicit(&w->busy, false, memory_order_relaxed);
    }
    return NULL;
}

void writer_start(struct writer *w)
{
    thread_start(&w->thread, writer_run, w);
}

void writer_join(struct writer *w)
{
    CHECK(pthread_join(w->thread, NULL) == 0);
}

bool writer_finish(struct writer *w, bool complete)
{
    bool kept = !atomic_load(&w->failed);
    if (w->dir == NULL) {
        kept = result_stream_flush(&w->stream) && kept;
    } else {
        kept = (complete ? result_dir_finish(w->dir) : result_dir_interrupt(w->dir)) && kept;
    }
    settle_lines(w, kept);
    return kept;
}

void writer_put_failure(const struct writer *w, struct buf *text)
{
    const struct result_error *e = w->dir != NULL ? result_dir_error(w->dir) : &w->stream.error;
    if (e->error != 0) {
        buf_putf(text, "%s: %s", e->what, strerror(e->error));
    }
}

uint64_t writer_rows_lost(const struct writer *w)
{
    return w->dir != NULL ? result_dir_rows_lost(w->dir) : w->stream.rows_lost;
}

void writer_deinit(struct writer *w)
{
    if (w->dir != NULL) {
        result_dir_free(w->dir);
    } else {
        result_stream_deinit(&w->stream);
    }
    line_set_deinit(&w->lines_done);
    buf_deinit(&w->lines_taken);
}
