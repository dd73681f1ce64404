#pragma once

/**
 * `mxcensus analyze RESULTS`: judges the observations of a finished results directory again and
 * writes the same tables anew, row by row in the order of the files: what was observed verbatim,
 * what was judged by the same functions as in a scan. Given no other terms it writes the same
 * octets, because the directory holds the judgement time and copies of the trust stores, of the
 * files of intermediates and of the sender profiles.
 *
 * Reads NDJSON, table by table. What later tables need of earlier ones is in memory up to a bound, and beyond it in temporary
 * databases (index/key_store.h): some 600 MiB in all, and 130 octets for each chain. Certificates, TLSA records and policies lie in an
 * unlinked file.
 */

#include "output/result_file.h"
#include "output/row_choice.h"
#include "scanner/observation/verdict.h"
#include "scanner/senders/sender_profiles.h"
#include "scanner/trust/intermediates_file.h"
#include "scanner/trust/trust_store.h"

struct analyze_params {
    const char *results; /* the directory to read */
    const char *output;  /* the directory to make; NULL: NDJSON on standard output */
    bool ndjson;         /* of `output`: which formats */
    bool csv;
    uint32_t csv_cell_max; /* characters of a field; 0: no limit */
    const struct row_shape *shape;
    enum result_codec codec;
    unsigned level; /* of the codec; 0: its default */
    const struct row_choice
        *choice;        /* without `output`: what to write in place of all rows; NULL: those */
    const char *beside; /* a name that may be in `output` before; NULL: none */
    bool
        of_shards; /* `results` are rows of several scans, put together: nothing stands for them but the new ones */
    size_t
        memory_octets; /* kept of each kind of thing before the rest is in a database; 0: as much as is usual */
    struct buf *told; /* the summary, and what changed; NULL: not asked for */
    const struct trust_store_octets *stores; /* NULL: those of `results` */
    size_t store_count;
    int64_t at;          /* judgement time, Unix seconds; INT64_MIN: that of `results` */
    enum truth trust_ad; /* whether AD counts; UNKNOWN: as in `results` */
    const struct sender_profiles_file *profiles;    /* NULL: those of `results` */
    const struct intermediates_file *intermediates; /* NULL: those of `results` */
    size_t intermediates_count;
};

enum analyze_end {
    ANALYZE_COMPLETE,
    ANALYZE_FATAL,    /* the operating system refuses something */
    ANALYZE_UNUSABLE, /* `results` or `output` cannot be used: a usage error */
    ANALYZE_ROWS_LOST,
    ANALYZE_READER_GONE, /* the same, as whoever reads standard output wants no more; nothing is said */
};

/**
 * One thread; nothing else may use this process's standard output meanwhile. hash_secret_init()
 * was called.
 * @param why one line that says what is wrong, and where in which file; empty when complete
 */
enum analyze_end analyze_run(const struct analyze_params *p, struct buf *why);
