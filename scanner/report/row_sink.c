#include "scanner/report/row_sink.h"

#include "scanner/base/check.h"

void row_sink_init(struct row_sink *sink, bool ndjson, bool csv, bool with_type)
{
    *sink = (struct row_sink){
        .ndjson = ndjson,
        .csv = csv,
        .with_type = with_type,
        .row = row_new(),
        .key = BUF_INIT(BUF_NO_LIMIT),
    };
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        sink->table[t].ndjson = BUF_INIT(BUF_NO_LIMIT);
        sink->table[t].csv = BUF_INIT(BUF_NO_LIMIT);
    }
}

void row_sink_deinit(struct row_sink *sink)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        buf_deinit(&sink->table[t].ndjson);
        buf_deinit(&sink->table[t].csv);
    }
    buf_deinit(&sink->key);
    row_free(sink->row);
    sink->row = NULL;
}

bool row_sink_wants(const struct row_sink *sink, enum table_id t)
{
    return sink->csv || (sink->ndjson && !table_is_csv_only(t));
}

size_t row_sink_len(const struct row_sink *sink)
{
    size_t len = 0;
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        len += sink->table[t].ndjson.len + sink->table[t].csv.len;
    }
    return len;
}

struct row *row_sink_begin(struct row_sink *sink, enum table_id t)
{
    CHECK(row_sink_wants(sink, t));
    row_begin(sink->row, t);
    return sink->row;
}

void row_sink_end(struct row_sink *sink, enum table_id t)
{
    struct row_sink_table *to = &sink->table[t];
    bool ndjson = sink->ndjson && !table_is_csv_only(t);
    row_end(sink->row, ndjson ? &to->ndjson : NULL, sink->csv ? &to->csv : NULL, sink->with_type);
    to->rows++;
}
