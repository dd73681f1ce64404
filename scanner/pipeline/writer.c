#include "scanner/pipeline/writer.h"

#include <errno.h>
#include <unistd.h>

#include "scanner/base/clock.h"
#include "scanner/base/codec.h"
#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/cert/digest.h"
#include "scanner/pipeline/member.h"
#include "scanner/pipeline/reader.h"
#include "scanner/pipeline/thread_join.h"
#include "scanner/replay/results.h"
#include "scanner/report/manifest.h"

/* What a power failure may lose; design section 2. */
#define SYNC_LEN      (64U << 20) /* octets of rows */
#define SYNC_EVERY_MS 30000
/* What a kill may lose; our own bounds, as marks cost little but the frames that they end. */
#define MARK_LEN             (1U << 20)
#define MARK_EVERY_MS        1000
#define MARK_FRAMES_LEN      (16U << 20)
#define MARK_FRAMES_EVERY_MS 2000
#define MARK_FRAMES_PART \
    100 /* later in a scan: a hundredth of the time that it ran, SYNC_EVERY_MS at most */

static void note_octets(struct writer *w, bool kept, size_t octets)
{
    if (!kept) {
        atomic_store_explicit(&w->failed, true, memory_order_relaxed);
        return;
    }
    atomic_fetch_add_explicit(&w->octets, octets, memory_order_relaxed);
    w->octets_unmarked += octets;
    w->octets_unsynced += octets;
}

static void take_rows(struct writer *w, const struct message_rows *m)
{
    bool kept = w->dir != NULL ? result_dir_append(w->dir, (enum table_id)m->table,
                                                   (enum row_format)m->format, m->octets, m->count)
                               : result_stream_append(&w->stream, m->octets, m->count);
    note_octets(w, kept, m->octets.len);
    if (kept &&
        (m->format == ROW_FORMAT_NDJSON || (w->scan->params->format & RESULT_NDJSON) == 0)) {
        atomic_fetch_add_explicit(&w->rows, m->count, memory_order_relaxed);
    }
}

static void take_rows_ahead(struct writer *w, const struct message_rows_ahead *m)
{
    note_octets(w, result_dir_append_ahead(w->dir, m->octets, m->count), m->octets.len);
}

static void on_released(void *arg, const struct message_rows *rows)
{
    take_rows(arg, rows);
}

static void release_rows(struct writer *w, struct span keys)
{
    while (keys.len > 0) {
        if (!held_rows_release(&w->held, codec_get_u64(&keys), on_released, w)) {
            result_dir_blame(w->dir, "read the temporary file of rows that wait", errno);
            atomic_store_explicit(&w->failed, true, memory_order_relaxed);
        }
    }
}

/* A line is done when what was taken before is in the results. */
static void settle_lines(struct writer *w)
{
    struct span lines = buf_span(&w->lines_taken);
    while (lines.len > 0) {
        line_set_add(&w->lines_done, codec_get_u64(&lines));
    }
    buf_reset(&w->lines_taken);
}

/* What is in the files now belongs together: a row is taken behind those that it names, and a line with its
 * row. @return false: it is as it was at the mark before, which is what remains */
static bool mark(struct writer *w, bool durable)
{
    const struct reader *r = w->scan->reader;
    struct span octets = buf_span(&w->lines_taken);
    size_t count = octets.len / sizeof(uint64_t);
    uint64_t *lines = memory_new(count, sizeof(*lines));
    struct journal_range *ranges = memory_new(count, sizeof(*ranges));
    for (size_t i = 0; i < count; i++) {
        lines[i] = codec_get_u64(&octets);
    }
    const struct journal_progress progress = {
        .lines_read = atomic_load_explicit(&r->lines, memory_order_relaxed),
        .octets_read = atomic_load_explicit(&r->consumed, memory_order_relaxed),
        .input_ended = atomic_load(&r->reached_end),
        .unix_ms = clock_unix_ms(),
        .finished = ranges,
        .finished_count = journal_ranges_of(lines, count, ranges),
    };
    bool ok = result_dir_mark(w->dir, &progress, durable);
    if (ok) {
        settle_lines(w);
        w->octets_unmarked = 0;
        w->octets_unsynced = durable ? 0 : w->octets_unsynced;
    }
    free(lines);
    free(ranges);
    return ok;
}

static void put_refusal(const char *dir, struct buf *error, const struct result_error *failure)
{
    buf_putf(error, "%s: %s", failure->what, strerror(failure->error));
    if (failure->error == ENOTEMPTY && file_is_in(dir, MANIFEST_STARTED_NAME) &&
        !file_is_in(dir, MANIFEST_NAME)) {
        buf_putf(error,
                 "; it has an unfinished scan: go on with it by 'mxcensus scan --resume %s', or "
                 "give another directory",
                 dir);
    } else if (failure->error == ENOTEMPTY) {
        buf_put_text(error, "; give a directory that is empty or does not exist");
    } else if (failure->error == EBUSY) {
        buf_put_text(error, "; another mxcensus writes these results");
    }
}

/* Bounded by the input, which is the same as then. */
static void add_finished_lines(struct writer *w, const struct journal *j)
{
    uint64_t last = w->scan->reader->lists.lines_max;
    for (size_t i = 0; i < j->finished_count; i++) {
        for (uint64_t line = j->finished[i].first; line <= j->finished[i].last && line <= last;
             line++) {
            line_set_add(&w->lines_done, line);
        }
    }
}

bool writer_look(const struct scan_params *p, struct buf *error)
{
    struct result_error failure = {0};
    if (p->output_dir == NULL || p->resume != NULL || result_dir_look(p->output_dir, &failure)) {
        return true;
    }
    put_refusal(p->output_dir, error, &failure);
    return false;
}

bool writer_open(struct writer *w, struct scan *scan, struct buf *error, bool *usage)
{
    const struct scan_params *p = scan->params;
    *w = (struct writer){.scan = scan, .lines_taken = BUF_INIT(BUF_NO_LIMIT)};
    held_rows_init(&w->held);
    if (p->output_dir == NULL) {
        result_stream_init(&w->stream, p->output_fd, p->choice);
        return true;
    }
    struct result_dir_params params = {
        .path = p->output_dir,
        .ndjson = (p->format & RESULT_NDJSON) != 0,
        .csv = (p->format & RESULT_CSV) != 0,
        .codec = p->compression,
        .level = p->compression_level,
        .shape = &p->shape,
        .digest = {.begin = digest_begin, .add = digest_add, .end = digest_end},
        .journal = true,
        .ahead = p->infer != INFER_OFF,
    };
    struct result_error failure = {0};
    w->dir = p->resume == NULL ? result_dir_new(&params, &failure)
                               : result_dir_reopen(&params, &p->resume->cut, &failure);
    if (w->dir == NULL) {
        *usage = true;
        put_refusal(p->output_dir, error, &failure);
        return false;
    }
    if (p->resume != NULL) {
        add_finished_lines(w, &p->resume->cut.journal);
    }
    if (!mark(w, false)) { /* from here on it can be gone on with */
        *usage = false;
        writer_put_failure(w, error);
        return false;
    }
    return true;
}

/* When a kill would lose much. Rows that are compressed wait longer, because a mark ends their frames. */
static bool mark_is_due(const struct writer *w, uint64_t now)
{
    uint64_t waits = now - w->marked_ms;
    uint64_t len = w->octets_unmarked;
    if (w->scan->params->compression == RESULT_CODEC_NONE) {
        return len >= MARK_LEN || (len > 0 && waits >= MARK_EVERY_MS);
    }
    uint64_t part = (now - w->began_ms) / MARK_FRAMES_PART;
    return len >= MARK_FRAMES_LEN ||
           (len >= MARK_LEN &&
            waits >= (part > MARK_FRAMES_EVERY_MS ? part : MARK_FRAMES_EVERY_MS));
}

/* A reader of the stream sees rows when they are there. */
static void flush(struct writer *w)
{
    bool kept = !atomic_load_explicit(&w->failed, memory_order_relaxed);
    uint64_t now = uv_hrtime() / 1000000;
    if (w->dir == NULL) {
        kept = result_stream_flush(&w->stream) && kept;
        if (kept) {
            settle_lines(w);
        }
    } else if (kept) {
        bool durable = w->octets_unsynced >= SYNC_LEN ||
                       (w->octets_unsynced > 0 && now - w->synced_ms >= SYNC_EVERY_MS);
        if (durable || mark_is_due(w, now)) {
            kept = mark(w, durable);
            now = uv_hrtime() / 1000000;
            w->marked_ms = now;
            w->synced_ms = durable ? now : w->synced_ms;
        }
    }
    if (!kept) {
        atomic_store_explicit(&w->failed, true, memory_order_relaxed);
    }
}

static void *writer_run(void *arg)
{
    struct writer *w = arg;
    w->began_ms = w->marked_ms = w->synced_ms = uv_hrtime() / 1000000;
    for (bool stopping = false; !stopping;) {
        struct span messages = mailbox_wait_ms(&w->scan->writer, MARK_EVERY_MS);
        atomic_store_explicit(&w->busy, true, memory_order_relaxed);
        enum message_kind kind;
        struct span body;
        while (message_next(&messages, &kind, &body)) {
            if (w->scan->member != NULL && member_take(w->scan->member, kind, body)) {
                continue;
            }
            if (kind == MESSAGE_ROWS) {
                struct message_rows m = message_get_rows(body);
                take_rows(w, &m);
            } else if (kind == MESSAGE_ROWS_AHEAD) {
                struct message_rows_ahead m = message_get_rows_ahead(body);
                take_rows_ahead(w, &m);
            } else if (kind == MESSAGE_ROWS_HELD) {
                struct message_rows_held m = message_get_rows_held(body);
                held_rows_add(&w->held, &m);
            } else if (kind == MESSAGE_ROWS_RELEASE) {
                struct message_rows_release m = message_get_rows_release(body);
                release_rows(w, m.keys);
            } else if (kind == MESSAGE_LINES_DONE) {
                struct message_lines_done m = message_get_lines_done(body);
                buf_put(&w->lines_taken, m.lines);
            } else {
                CHECK(kind == MESSAGE_STOP);
                stopping = true;
            }
        }
        if (w->scan->member != NULL) {
            settle_lines(w); /* no mark ever does: its rows are in no file */
            member_send(w->scan->member, stopping);
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
        kept = kept && mark(w, complete);
        kept =
            (complete && kept ? result_dir_finish(w->dir) : result_dir_interrupt(w->dir)) && kept;
    }
    if (kept) {
        settle_lines(w);
    }
    return kept;
}

bool writer_reader_is_gone(const struct writer *w)
{
    return w->dir == NULL && w->stream.error.error == EPIPE;
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
    held_rows_deinit(&w->held);
    buf_deinit(&w->lines_taken);
}
