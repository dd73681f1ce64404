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
    int64_t (*clock)(
        void); /* Unix milliseconds; NULL: observed_at is what row_sink_set_time() says */
    bool ndjson;
    bool csv;
    bool holds;     /* rows of endpoints wait for that of their host */
    bool with_type; /* standard output: "type" in front of each NDJSON row */
    const struct row_choice
        *choice; /* of standard output: its lines alone, in `ndjson`; NULL: all. Borrowed */
    struct row_sink_table table[TABLE_COUNT];
    struct row *row;     /* owned; reused from row to row */
    struct buf key;      /* scratch of the report functions */
    struct buf held;     /* struct row_sink_held and its octets, one behind the other */
    struct buf released; /* keys, 64-bit */
    struct buf ahead;    /* NDJSON of endpoints, before their host has its row */
    uint32_t rows_ahead;
};

void row_sink_init(struct row_sink *sink, bool ndjson, bool csv, bool with_type);
void row_sink_deinit(struct row_sink *sink);
/** Does anybody want rows of this table? Join tables exist in CSV only. */
bool row_sink_wants(const struct row_sink *sink, enum table_id t);
/** Rows that stay behind until a key is released: octets of one table and format. */
struct row_sink_held {
    uint64_t key;
    enum table_id table;
    bool csv;
    uint32_t rows;
    size_t len;
};

/** How long the buffers are. */
struct row_sink_place {
    struct {
        size_t ndjson;
        size_t csv;
        uint64_t rows;
    } table[TABLE_COUNT];
};

/** Holds what was rendered since `from`, if the sink holds anything. */
void row_sink_hold(struct row_sink *sink, const struct row_sink_place *from, uint64_t key);
/** Takes the NDJSON of what was rendered since `from` ahead, if the sink holds anything, and forgets the rest of it. */
void row_sink_put_ahead(struct row_sink *sink, const struct row_sink_place *from, enum table_id t);
struct row_sink_place row_sink_place(const struct row_sink *sink);
/** What was held under the key comes before rows that are rendered from now on. */
void row_sink_release(struct row_sink *sink, uint64_t key);
/** Whose rows these are, from now on. */
void row_sink_set_scan(struct row_sink *sink, const char scan_id[UUID_TEXT_MAX]);
/** What is known now is what the next rows say: they are of one time. Without a clock the time stays as it is set. */
void row_sink_observe(struct row_sink *sink);
void row_sink_set_time(struct row_sink *sink, int64_t observed_unix_ms);
/** Octets in all buffers. */
size_t row_sink_len(const struct row_sink *sink);

/** Begins a row of a wanted table. */
struct row *row_sink_begin(struct row_sink *sink, enum table_id t);
/** Ends it into the buffers of `t`. */
void row_sink_end(struct row_sink *sink, enum table_id t);
