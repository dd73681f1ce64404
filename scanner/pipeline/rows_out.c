#include "scanner/pipeline/rows_out.h"

#include "output/result_dir.h"
#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/flow/message.h"

struct row_sink *rows_out_new(const struct scan_params *params)
{
    struct row_sink *sink = memory_new(1, sizeof(*sink));
    bool directory = params->output_dir != NULL;
    row_sink_init(sink, !directory || (params->format & RESULT_NDJSON) != 0,
                  directory && (params->format & RESULT_CSV) != 0, !directory);
    sink->holds = directory;
    sink->clock = clock_unix_ms;
    row_sink_set_scan(sink, params->scan_id);
    row_set_csv_cell_max(sink->row, params->csv_cell_max);
    row_set_shape(sink->row, params->choice == NULL ? &params->shape : NULL);
    sink->choice = params->choice;
    return sink;
}

void rows_out_free(struct row_sink *sink)
{
    row_sink_deinit(sink);
    free(sink);
}

static void add(struct buf *messages, enum table_id table, enum row_format format,
                struct buf *octets, uint64_t rows)
{
    if (octets->len > 0) {
        struct message_rows m = {.table = (uint8_t)table,
                                 .format = (uint8_t)format,
                                 .count = (uint32_t)rows,
                                 .octets = buf_span(octets)};
        message_put_rows(messages, &m);
        buf_reset(octets);
    }
}

static void add_held(struct row_sink *sink, struct buf *messages)
{
    struct span in = buf_span(&sink->held);
    while (in.len > 0) {
        struct row_sink_held held;
        codec_get_octets(&in, &held, sizeof(held));
        struct message_rows_held m = {.key = held.key,
                                      .table = (uint8_t)held.table,
                                      .format =
                                          (uint8_t)(held.csv ? ROW_FORMAT_CSV : ROW_FORMAT_NDJSON),
                                      .count = held.rows,
                                      .octets = codec_take(&in, held.len)};
        message_put_rows_held(messages, &m);
    }
    buf_reset(&sink->held);
}

void rows_out_add(struct row_sink *sink, struct buf *messages)
{
    if (sink->ahead.len > 0) {
        struct message_rows_ahead m = {.count = sink->rows_ahead, .octets = buf_span(&sink->ahead)};
        message_put_rows_ahead(messages, &m);
        buf_reset(&sink->ahead);
        sink->rows_ahead = 0;
    }
    add_held(sink, messages);
    if (sink->released.len > 0) {
        struct message_rows_release m = {.keys = buf_span(&sink->released)};
        message_put_rows_release(messages, &m);
        buf_reset(&sink->released);
    }
    for (unsigned i = 0; i < TABLE_COUNT; i++) { /* what is named comes first */
        enum table_id table = (enum table_id)i;
        struct row_sink_table *t = &sink->table[table];
        add(messages, table, ROW_FORMAT_NDJSON, &t->ndjson, t->rows);
        add(messages, table, ROW_FORMAT_CSV, &t->csv, t->rows);
        t->rows = 0;
    }
}
