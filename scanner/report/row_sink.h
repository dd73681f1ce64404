#pragma once

#include "output/row.h"

/**
 * Where one thread renders its rows: whole lines per table and format, until the pipeline takes
 * the buffers to the writer thread (and puts empty ones in their place, or resets them).
 */
struct row_sink_table {
    struct buf ndjson; /* empty when not wanted */
    struct buf csv;    /* the same rows; without the header line */
    uint64_t rows;     /* in these buffers */
};

struct row_sink {
    bool ndjson;
    bool csv;
    bool with_type; /* standard output: "type" in front of each NDJSON row */
    struct row_sink_table table[TABLE_COUNT];
    struct row *row; /* owned; reused from row to row */
    struct buf key;  /* scratch of the report functions */
};

void row_sink_init(struct row_sink *sink, bool ndjson, bool csv, bool with_type);
void row_sink_deinit(struct row_sink *sink);
/** Does anybody want rows of this table? Join tables exist in CSV only. */
bool row_sink_wants(const struct row_sink *sink, enum table_id t);
/** Octets in all buffers. */
size_t row_sink_len(const struct row_sink *sink);

/** Begins a row of a wanted table. */
struct row *row_sink_begin(struct row_sink *sink, enum table_id t);
/** Ends it into the buffers of `t`. */
void row_sink_end(struct row_sink *sink, enum table_id t);
