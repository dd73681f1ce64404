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
        .held = BUF_INIT(BUF_NO_LIMIT),
        .released = BUF_INIT(BUF_NO_LIMIT),
        .ahead = BUF_INIT(BUF_NO_LIMIT),
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
    buf_deinit(&sink->held);
    buf_deinit(&sink->released);
    buf_deinit(&sink->ahead);
    row_free(sink->row);
    sink->row = NULL;
}

static bool row_sink_writes(const struct row_sink *sink, enum table_id t)
{
    return !row_shape_of(sink->row)->no_table[t];
}

bool row_sink_wants(const struct row_sink *sink, enum table_id t)
{
    bool chosen = sink->choice != NULL && sink->choice->table == t;
    bool ndjson = sink->ndjson && !table_is_csv_only(t);
    return chosen || (row_sink_writes(sink, t) && (sink->csv || ndjson));
}

size_t row_sink_len(const struct row_sink *sink)
{
    size_t len = sink->held.len + sink->ahead.len;
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        len += sink->table[t].ndjson.len + sink->table[t].csv.len;
    }
    return len;
}

struct row_sink_place row_sink_place(const struct row_sink *sink)
{
    struct row_sink_place place;
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        place.table[t].ndjson = sink->table[t].ndjson.len;
        place.table[t].csv = sink->table[t].csv.len;
        place.table[t].rows = sink->table[t].rows;
    }
    return place;
}

static void hold_octets(struct row_sink *sink, struct row_sink_held held, struct buf *from,
                        size_t place)
{
    held.len = from->len - place;
    if (held.len > 0) {
        buf_put(&sink->held, (struct span){(const uint8_t *)&held, sizeof(held)});
        buf_put(&sink->held, span_drop(buf_span(from), place));
        from->len = place;
    }
}

void row_sink_hold(struct row_sink *sink, const struct row_sink_place *from, uint64_t key)
{
    for (unsigned t = 0; sink->holds && t < TABLE_COUNT; t++) {
        struct row_sink_table *table = &sink->table[t];
        struct row_sink_held held = {.key = key,
                                     .table = (enum table_id)t,
                                     .rows = (uint32_t)(table->rows - from->table[t].rows)};
        hold_octets(sink, held, &table->ndjson, from->table[t].ndjson);
        held.csv = true;
        hold_octets(sink, held, &table->csv, from->table[t].csv);
        table->rows = from->table[t].rows;
    }
}

void row_sink_put_ahead(struct row_sink *sink, const struct row_sink_place *from, enum table_id t)
{
    struct buf *ndjson = &sink->table[t].ndjson;
    if (sink->holds && ndjson->len > from->table[t].ndjson) {
        buf_put(&sink->ahead, span_drop(buf_span(ndjson), from->table[t].ndjson));
        sink->rows_ahead += (uint32_t)(sink->table[t].rows - from->table[t].rows);
    }
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        sink->table[i].ndjson.len = from->table[i].ndjson;
        sink->table[i].csv.len = from->table[i].csv;
        sink->table[i].rows = from->table[i].rows;
    }
}

void row_sink_release(struct row_sink *sink, uint64_t key)
{
    if (sink->holds) {
        buf_put(&sink->released, (struct span){(const uint8_t *)&key, sizeof(key)});
    }
}

void row_sink_set_scan(struct row_sink *sink, const char scan_id[UUID_TEXT_MAX])
{
    row_set_scan(sink->row, scan_id);
}

void row_sink_observe(struct row_sink *sink)
{
    if (sink->clock != NULL) {
        row_set_time(sink->row, sink->clock());
    }
}

void row_sink_set_time(struct row_sink *sink, int64_t observed_unix_ms)
{
    row_set_time(sink->row, observed_unix_ms);
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
    if (sink->choice != NULL) {
        if (sink->choice->table == t) {
            row_end_chosen(sink->row, sink->choice, &to->ndjson);
            to->rows++;
        }
        return;
    }
    bool ndjson = sink->ndjson && !table_is_csv_only(t);
    row_end(sink->row, ndjson ? &to->ndjson : NULL, sink->csv ? &to->csv : NULL, sink->with_type);
    to->rows++;
}
