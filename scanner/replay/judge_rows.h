#pragma once

#include "scanner/record/chain_recorder.h"
#include "scanner/record/recorder.h"
#include "scanner/replay/analyze.h"
#include "scanner/replay/known.h"
#include "scanner/replay/new_results.h"
#include "scanner/replay/read_rows.h"
#include "scanner/replay/restore.h"
#include "scanner/report/known_intermediates.h"
#include "scanner/rows/lean_rows.h"
#include "scanner/trust/fetched_issuers.h"

/**
 * The rows of a scan, each read back into what was observed, judged again and written anew. Table by table, in the order in
 * which they name each other:
 *
 *   certificates ─► chains ─► hosts (DANE) ─► services ─► endpoints (ahead, then that speak) ─► endpoints ─► hosts
 *   policy_bodies ─► policies (read) ─► domains, and with each its policy ─► completions
 */
struct analysis {
    struct results results;
    struct judging_terms terms;
    const struct sender_profiles_file *profiles; /* of the terms; NULL: none */
    struct chain_judge *judge;
    struct known *known;
    struct lean_rows *lean; /* NULL: rows have all columns */
    const struct intermediates_file *intermediates;
    size_t intermediates_count;
    struct intermediate_pool *known_before; /* of the terms */
    struct fetched_issuers *fetched;        /* NULL: nothing was asked */
    struct issuer_hosts *issuer_hosts;
    struct fact_book *book; /* of the new rows; NULL: that of a scan that goes on */
    bool completions_whole;
    struct new_results out;
    struct row_reading reading;
    struct row_reading policy_reading;       /* of the policy of a domain */
    uint64_t policies;                       /* read, but not yet met by their domain */
    const struct restore_listener *listener; /* of a scan that goes on; NULL: analyze */
    struct scan_counts counts;
    struct recorder recorder;
    struct chain_recorder chains;
    /* reused from row to row */
    struct buf list;                    /* presented certificates */
    struct buf other_list;              /* the same of the other key */
    struct buf dane_list;               /* the same with SNI = TLSA base domain */
    struct row_reading speaker_reading; /* of the row that an inferred one rests on */
    struct buf speaker_key;             /* its key; empty: none was read */
    struct buf speaker_line;
    struct read_endpoint speaker;
    struct buf policy_line; /* a row of policies */
    struct buf body;        /* of that policy */
    struct buf leaf;        /* of a default certificate */
    struct buf names;       /* its names, packed */
    struct buf key;
    struct buf *why;
    enum analyze_end end; /* why it cannot go on; COMPLETE: it can */
};

/** One pass over a table. */
struct table_step {
    enum table_id table;
    void (*on_row)(struct analysis *a, const struct facts *row);
    bool newer;     /* older versions did not write it */
    bool of_groups; /* needed only where one name may stand for others */
    bool ahead;     /* rows of the table that came ahead of their host's, of an unfinished scan */
    bool keeps;     /* its lean rows say what others do not */
    bool of_end;    /* written when all other rows are there, and anew by a scan that goes on */
};

#define TABLE_STEPS 13

extern const struct table_step table_steps[TABLE_STEPS];

/* analyze.c: what analyze and a scan that goes on have in common. */
/** Where rows say each thing once. @return false with one line in `why` */
bool analysis_keep_lean(struct analysis *a, size_t memory_octets, struct buf *why);
void analysis_init(struct analysis *a, struct buf *why);
void analysis_deinit(struct analysis *a);
/** All tables; `end` says how it went. */
void analysis_read_tables(struct analysis *a);

/** It cannot go on; the first reason counts. */
static inline void analysis_stop(struct analysis *a, enum analyze_end end)
{
    if (a->end == ANALYZE_COMPLETE) {
        a->end = end;
    }
}
