#pragma once

#include "output/json_writer.h"
#include "output/tables.h"
#include "scanner/analysis/counts.h"
#include "scanner/analysis/operator_counts.h"
#include "scanner/base/buf.h"

struct manifest_memory;

/** summary.json and the short text at the end of a scan: what the counts say. */
struct summary_facts {
    const char *version; /* of this program */
    const char *scan_id;
    bool complete; /* the input was read to its end and every line has its row */
    int64_t started_unix_ms;
    int64_t ended_unix_ms;
    bool port_25_is_open; /* a host of --self-test greeted us */
    const struct scan_counts *counts;
    const struct operator_summary *operators; /* NULL: not counted */
    const struct sender_profiles *profiles;   /* those of the counts; NULL: none */
    const struct manifest_memory *memory;     /* NULL: none */
    const uint64_t *rows;                     /* TABLE_COUNT of them: written rows per table */
    const char *judged;                       /* the results that were judged again; NULL: a scan */
    int64_t judged_at;                        /* of these: Unix seconds, as of when */
    const char *output;                       /* the same: the directory; NULL: standard output */
};

void report_summary(struct buf *json, const struct summary_facts *facts);
/** A few lines for people, ending in LF. */
void report_summary_text(struct buf *text, const struct summary_facts *facts);
/** The account as a JSON object: classes, reasons, their sum. The manifest holds it as well. */
void report_account(struct buf *json, const struct scan_counts *counts);
