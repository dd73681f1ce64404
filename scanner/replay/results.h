#pragma once

#include <jansson.h>

#include "output/result_cut.h"
#include "output/result_file.h"
#include "output/tables.h"
#include "scanner/analysis/counts.h"
#include "scanner/base/uuid.h"
#include "scanner/domain/operator_list.h"
#include "scanner/report/manifest.h"
#include "scanner/senders/sender_profiles.h"
#include "scanner/trust/chain_judge.h"

#define RESULTS_NAME_MAX (JOURNAL_NAME_MAX + sizeof(RESULT_PART_SUFFIX)) /* of a file, with NUL */

/**
 * A results directory: its manifest, and what it was judged by. One without a manifest is incomplete, as a
 * scan that was interrupted or killed leaves it, or that still runs: what the scan was told stands in
 * started.json, and its journal says how far the files are whole. Tables that came without either can still be
 * read: nothing is known of them but their rows.
 */
struct results {
    const char *path; /* borrowed */
    bool incomplete;
    bool has_cut; /* there is no manifest */
    bool is_bare; /* nor what the scan was told: tables by the names of their files */
    struct result_cut cut;
    char part_name[RESULTS_NAME_MAX]; /* of results_table() */
    json_t *manifest;
    uint8_t manifest_sha256[32];
    int64_t at; /* the scan's judgement time, Unix seconds */
    struct trust_store_octets stores[TRUST_STORES_MAX];
    size_t store_count; /* 0: not read */
    struct intermediates_file intermediates[INTERMEDIATES_FILES_MAX];
    size_t intermediates_count;            /* 0: not read, or the scan had none */
    struct sender_profiles_file *profiles; /* NULL: not read, or the scan had none */
    struct operator_list *operators;       /* the same */
    struct buf shared_operators;           /* the file; empty: the same */
    bool trust_ad;                         /* AD counted */
    bool port_25_is_open;                  /* a host of --self-test had greeted the scan */
    struct manifest_input *inputs;         /* the lists, as far as the manifest says; owned */
    size_t input_count;
    char *lists; /* their names, for people: "a.csv, b.csv.gz and 3 more" */
    uint16_t ports[COUNT_PORTS_MAX];
    size_t port_count;
    uint32_t shards; /* scans that share the lists; at most 1: it is alone, as far as is known */
    uint32_t shard;  /* which of them, from 0 */
    uint64_t lines_of_others;    /* UINT64_MAX: not known, as the scan did not end */
    char scan_id[UUID_TEXT_MAX]; /* empty: of an older version, which had none */
    int64_t started_unix_ms;     /* RESULTS_TIME_UNKNOWN of bare tables, as the others */
    int64_t ended_unix_ms;
    int64_t last_rows_unix_ms; /* observed_at of the tables that are written at the end */
};

#define RESULTS_TIME_UNKNOWN INT64_MIN

/** @return false with one line in `why` when it cannot be used; bare tables cannot */
bool results_open(struct results *r, const char *path, struct buf *why);
/** For who needs no more than rows: also bare tables, as incomplete. */
bool results_open_rows(struct results *r, const char *path, struct buf *why);
void results_deinit(struct results *r);
/** A text of the manifest by its keys, the second one NULL: of the first. @return NULL: there is none */
const char *results_text(const struct results *r, const char *key, const char *inner);
/** A time of the manifest. @return false: it is none */
bool results_read_time(const json_t *value, int64_t *unix_ms);
/** The words of the command line that made them; NULL behind the last one. Borrowed. */
const char *results_word(const struct results *r, size_t index);

/** The copies of the trust stores, each held to its SHA-256 in the manifest. */
bool results_read_stores(struct results *r, struct buf *why);

/** The copies of the files of intermediates, likewise. */
bool results_read_intermediates(struct results *r, struct buf *why);

/** The copy of the sender profiles, where there is one. */
bool results_read_profiles(struct results *r, struct buf *why);

/** The copy of the list of operators, likewise. */
bool results_read_operators(struct results *r, struct buf *why);

/** That of the shared operators, likewise: nothing is judged with it, but the manifest names it. */
bool results_read_shared_operators(struct results *r, struct buf *why);

/** Tables or columns were left out, and rows do not tell which. */
bool results_are_partial(const struct results *r);
/** Rows do not have all columns: each thing stands once. */
bool results_are_lean(const struct results *r);
/** Rows of less than full detail say what becomes of mail when the scan ends: of one that did not, what to do about it, as words that
 * follow the name of the directory. NULL: they say it, or were never to. */
const char *results_missing_outcomes(struct results *r);
/** All that rows are made of is there. */
bool results_are_whole(const struct results *r);
/** Rows can be read at all. @return false with one line in `why`: they are CSV alone */
bool results_have_ndjson(struct results *r, struct buf *why);
/** Does the manifest name the table at all? A scan by an older version has not all of them. */
bool results_has_table(const struct results *r, enum table_id t);
/** @return false: no name stands for others, as no group has a row, or --infer was off */
bool results_may_infer(const struct results *r);
struct results_table {
    const char *name; /* of the NDJSON file; valid until the next one is asked for */
    uint64_t rows;    /* UINT64_MAX: not known */
    uint64_t octets;  /* that hold them */
};

/** Rows of endpoints that came ahead of their host's. @return false: there are none, nor can be */
bool results_table_ahead(struct results *r, struct results_table *table);
/** @return false with one line in `why` */
bool results_table(struct results *r, enum table_id t, struct results_table *table,
                   struct buf *why);
