#include "scanner/pipeline/rows_out.h"

#include "output/result_dir.h"
#include "scanner/base/memory.h"
#include "scanner/flow/message.h"

struct row_sink *rows_out_new(const struct scan_params *params)
{
    struct row_sink *sink = memory_new(1, sizeof(*sink));
    bool directory = params->output_dir != NULL;
    row_sink_init(sink, !directory || (params->format & RESULT_NDJSON) != 0,
                  directory && (params->format & RESULT_CSV) != 0, !directory);
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

void rows_out_add(struct row_sink *sink, struct buf *messages)
{
    for (unsigned i = 0; i < TABLE_COUNT; i++) { /* what is named comes first */
        enum table_id table = (enum table_id)i;
        struct row_sink_table *t = &sink->table[table];
        add(messages, table, ROW_FORMAT_NDJSON, &t->ndjson, t->rows);
        add(messages, table, ROW_FORMAT_CSV, &t->csv, t->rows);
        t->rows = 0;
    }
}
