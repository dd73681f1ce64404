#include "scanner/replay/new_results.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "scanner/cert/digest.h"
#include "scanner/domain/operator_list.h"
#include "scanner/replay/summary_changes.h"
#include "scanner/report/summary.h"

#define TAKE_FROM (256U << 10) /* octets of rows that are handed on at once */

static bool open_dir(struct new_results *n, bool ahead, struct buf *why)
{
    struct result_dir_params params = {
        .path = n->params->output,
        .ndjson = n->params->ndjson,
        .csv = n->params->csv,
        .codec = n->params->codec,
        .level = n->params->level,
        .shape = n->params->shape,
        .digest = {.begin = digest_begin, .add = digest_add, .end = digest_end},
        .ahead = ahead,
        .beside = n->params->beside,
    };
    struct result_error failure = {0};
    n->dir = result_dir_new(&params, &failure);
    if (n->dir == NULL) {
        buf_putf(why, "%s: %s", failure.what, strerror(failure.error));
        if (failure.error == ENOTEMPTY) {
            buf_put_text(why, "; give a directory that is empty or does not exist");
        }
    }
    return n->dir != NULL;
}

bool new_results_open(struct new_results *n, const struct analyze_params *p, bool ahead,
                      struct buf *why)
{
    *n = (struct new_results){.params = p};
    bool to_dir = p->output != NULL;
    if (to_dir && !open_dir(n, ahead, why)) {
        return false;
    }
    if (!to_dir) {
        result_stream_init(&n->stream, STDOUT_FILENO, p->choice);
    }
    row_sink_init(&n->sink, !to_dir || p->ndjson, to_dir && p->csv, !to_dir);
    row_set_csv_cell_max(n->sink.row, p->csv_cell_max);
    row_set_shape(n->sink.row, p->choice == NULL ? p->shape : NULL);
    n->sink.choice = p->choice;
    return true;
}

void new_results_deinit(struct new_results *n)
{
    if (n->sink.row != NULL) {
        row_sink_deinit(&n->sink);
    }
    result_dir_free(n->dir);
    result_stream_deinit(&n->stream);
}

static bool hand_on(struct new_results *n, enum table_id t, enum row_format format,
                    struct buf *octets, uint64_t rows)
{
    struct span all = buf_span(octets);
    buf_reset(octets);
    if (all.len == 0 || n->discarded) {
        return true;
    }
    return n->dir != NULL ? result_dir_append(n->dir, t, format, all, rows)
                          : result_stream_append(&n->stream, all, rows);
}

bool new_results_put_ahead(struct new_results *n, struct span line)
{
    struct buf row = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&row, line);
    buf_put_char(&row, '\n');
    bool kept = n->dir == NULL || result_dir_append_ahead(n->dir, buf_span(&row), 1);
    buf_deinit(&row);
    return kept;
}

bool new_results_take(struct new_results *n, bool at_once)
{
    bool ok = true;
    if (!at_once && row_sink_len(&n->sink) < TAKE_FROM) {
        return true;
    }
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        enum table_id t = (enum table_id)i;
        struct row_sink_table *from = &n->sink.table[i];
        ok = hand_on(n, t, ROW_FORMAT_NDJSON, &from->ndjson, from->rows) && ok;
        ok = hand_on(n, t, ROW_FORMAT_CSV, &from->csv, from->rows) && ok;
        n->rows[i] += from->rows;
        from->rows = 0;
    }
    return ok;
}

static bool write_profiles(struct new_results *n, const struct sender_profiles_file *profiles)
{
    return profiles == NULL ||
           result_dir_write_file(n->dir, MANIFEST_PROFILES_FILE,
                                 (struct span){(const uint8_t *)profiles->octets, profiles->len});
}

static bool write_operators(struct new_results *n, const struct operator_list *operators)
{
    return operators == NULL ||
           result_dir_write_file(n->dir, MANIFEST_OPERATORS_FILE, operator_list_text(operators));
}

static bool write_shared_operators(struct new_results *n, struct span csv)
{
    return csv.len == 0 || result_dir_write_file(n->dir, MANIFEST_SHARED_OPERATORS_FILE, csv);
}

/* @return false: it is not in the directory */
static bool write_summary(struct new_results *n, const struct results *from,
                          const struct reanalysis *now)
{
    struct summary_facts facts = {
        .version = MXCENSUS_VERSION,
        .scan_id = from->scan_id[0] != '\0' ? from->scan_id : NULL,
        .complete = !from->incomplete,
        .started_unix_ms = from->started_unix_ms,
        .ended_unix_ms = from->ended_unix_ms,
        .port_25_is_open = from->port_25_is_open,
        .counts = now->counts,
        .operators = now->operators,
        .profiles = now->terms->profiles,
        .rows = n->rows,
        .judged = now->of_shards ? NULL : from->path,
        .judged_at = now->terms->at,
        .output = n->params->output,
    };
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    report_summary(&json, &facts);
    bool ok = n->dir == NULL || result_dir_write_file(n->dir, "summary.json", buf_span(&json));
    if (n->params->told != NULL) {
        report_summary_text(n->params->told, &facts);
        if (!now->of_shards) {
            summary_changes_put(n->params->told, from->path, buf_span(&json));
        }
    }
    buf_deinit(&json);
    return ok;
}

static bool new_results_write_manifest(struct new_results *n, const struct results *from,
                                       const struct reanalysis *now)
{
    struct manifest_file files[MANIFEST_FILES_MAX + 1];
    struct reanalysis whole = *now;
    const struct result_file_info *ahead = result_dir_file_ahead(n->dir);
    whole.files = files;
    whole.file_count = manifest_list_files(n->dir, files);
    if (ahead != NULL) {
        files[whole.file_count++] = (struct manifest_file){
            .table = RESULT_AHEAD_NAME, .format = ROW_FORMAT_NDJSON, .info = ahead};
    }
    whole.rows_lost = result_dir_rows_lost(n->dir);
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    new_manifest_put(from, &whole, &json);
    bool ok = result_dir_write_file(n->dir, "manifest.json", buf_span(&json));
    buf_deinit(&json);
    return ok;
}

bool new_results_finish(struct new_results *n, const struct results *from,
                        const struct reanalysis *now)
{
    bool kept = new_results_take(n, true);
    if (n->dir == NULL) {
        return write_summary(n, from, now) && result_stream_flush(&n->stream) && kept;
    }
    kept = result_dir_finish(n->dir) && kept;
    kept = manifest_copy_stores(n->dir, now->terms->stores, now->terms->store_count) && kept;
    kept = manifest_copy_intermediates(n->dir, now->intermediates.files,
                                       now->intermediates.file_count) &&
           kept;
    kept = write_profiles(n, now->profiles) && kept;
    kept = write_operators(n, now->terms->operators) && kept;
    kept = write_shared_operators(n, buf_span(&from->shared_operators)) && kept;
    kept = write_summary(n, from, now) && kept;
    return kept && new_results_write_manifest(n, from, now);
}

static void unlink_in(const char *dir, const char *name, const char *suffix)
{
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&path, "%s/%s%s", dir, name, suffix);
    buf_put_char(&path, '\0');
    (void)unlink((const char *)path.at);
    buf_deinit(&path);
}

void new_results_discard(struct new_results *n)
{
    if (n->dir == NULL) {
        return;
    }
    const struct result_file_info *info;
    for (size_t i = 0; (info = result_dir_file(n->dir, i)) != NULL; i++) {
        unlink_in(n->params->output, info->name, ".part");
    }
    info = result_dir_file_ahead(n->dir);
    if (info != NULL) {
        unlink_in(n->params->output, info->name, ".part");
    }
    unlink_in(n->params->output, RESULT_RESERVE_NAME, "");
    result_dir_free(n->dir);
    n->dir = NULL;
}

bool new_results_reader_is_gone(const struct new_results *n)
{
    return n->dir == NULL && n->stream.error.error == EPIPE;
}

void new_results_blame(const struct new_results *n, struct buf *why)
{
    const struct result_error *e = n->dir != NULL ? result_dir_error(n->dir) : &n->stream.error;
    buf_putf(why, "%s: %s", e->what, strerror(e->error));
}
