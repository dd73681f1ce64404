#pragma once

#include "output/json_writer.h"
#include "output/result_dir.h"
#include "output/tables.h"
#include "scanner/analysis/counts.h"
#include "scanner/base/net_addr.h"
#include "scanner/domain/domain_source.h"
#include "scanner/trust/intermediates_file.h"
#include "scanner/trust/trust_store.h"

/**
 * manifest.json, written last: a directory that holds it is complete. It says how the scan was
 * made, and what every file must hold. state.json stands in its place when a scan was
 * interrupted: which lines have no row.
 */

/** A named text, such as an option and its value, or a library and its version. */
struct named_text {
    const char *name;
    const char *value; /* NULL: null */
};

struct manifest_file {
    const char *table;
    enum row_format format;
    const struct result_file_info *info;
};

#define MANIFEST_FILES_MAX ((size_t)TABLE_COUNT * ROW_FORMAT_COUNT)

/** The files of rows of a directory, in the order of the tables. @return how many */
size_t manifest_list_files(const struct result_dir *dir, struct manifest_file files[]);

#define MANIFEST_STORE_FILE_MAX (TRUST_STORE_NAME_MAX + 16) /* octets with NUL */

/** Name of the copy of a trust store in a results directory. */
void manifest_store_file(const struct trust_store_octets *store,
                         char name[MANIFEST_STORE_FILE_MAX]);

/** Copies of what chains were judged with, so that it can be done again. @return false: not all were
 * written, which the directory's owner hears of as of its other files. */
bool manifest_copy_stores(struct result_dir *dir, const struct trust_store_octets *stores,
                          size_t count);
bool manifest_copy_intermediates(struct result_dir *dir, const struct intermediates_file *files,
                                 size_t count);

/** A trust store and its copy beside the results. */
struct manifest_trust_store {
    const char *name;
    const char *file;      /* in the results directory */
    const uint8_t *sha256; /* of the file, 32 octets */
    uint64_t anchors;
};

/** Whether the AD bit of the resolvers counted (RFC 7672 section 2.1.1). */
struct manifest_trust_ad {
    const char *setting; /* as asked for; NULL: it was not looked at */
    bool trusted;
    const char *reason; /* why */
};

#define MANIFEST_PROFILES_FILE         "sender-profiles.json"
#define MANIFEST_OPERATORS_FILE        "operators.txt"
#define MANIFEST_SHARED_OPERATORS_FILE "shared-operators.csv"

/** A list that was used, and its copy beside the results. */
struct manifest_list {
    const char *file; /* in the results directory; NULL: there is none */
    uint8_t sha256[32];
    uint64_t count; /* of its items */
};

/** What judging cost, over all judges. */
struct manifest_judging {
    uint64_t lists;
    uint64_t certificates_parsed;
    uint64_t signatures_verified;
    uint64_t signatures_known; /* answered from memory */
    uint64_t cpu_ms;       /* of the judge threads, with reading certificates and writing rows */
    uint64_t signature_ms; /* of that, inside the verification of signatures */
};

/** Certificates that could complete chains; see table completions. */
struct manifest_intermediates {
    const char *shipped;                    /* name and date of the collection */
    const struct intermediates_file *files; /* of --intermediates, each with its copy */
    size_t file_count;
    uint64_t known; /* of a file, shipped, or met in the scan */
    bool truncated; /* more were met than are kept */
    bool whole;     /* every chain that lacks an intermediate has its row */
};

/** What was given up as local_fault because nothing went on. */
struct manifest_given_up {
    uint64_t total;
    size_t count; /* of names */
    const char *(*name)(const void *arg, size_t at);
    const void *arg;
};

/** One result of the self-test. */
struct manifest_check {
    const char *check;   /* a word: what was looked at */
    const char *subject; /* which resolver, address, host; "": there is only one */
    const char *result;  /* a word */
    const char *text;
};

/** A time in which our own network or resolver was away. */
struct manifest_outage {
    const char *what; /* ipv4, ipv6, dns */
    int64_t from_unix_ms;
    int64_t to_unix_ms;   /* 0: it lasted to the end */
    uint64_t asked_again; /* sessions or queries whose end did not count */
};

struct manifest_keys {
    uint64_t addresses;
    uint64_t operators;
};

/** Of --memory: who turned us away. */
struct manifest_memory {
    const char *file;                 /* NULL: there is none */
    struct manifest_keys used;        /* met more slowly, as on earlier nights they did */
    uint64_t dropped;                 /* entries beyond the bound */
    bool ended;                       /* the next ones are known */
    struct manifest_keys turned_away; /* in this scan */
    uint64_t added;                   /* of these, entries that are new */
    uint64_t left;                    /* entries that are gone, after clean nights */
    uint64_t aged;                    /* the same, not met for long */
    uint64_t entries;                 /* from now on */
    bool written;
};

#define MANIFEST_NAME         "manifest.json"
#define MANIFEST_STARTED_NAME "started.json" /* the same before the scan: what it was told */

/** The list of domains. */
struct manifest_input {
    const char *path; /* "-": standard input */
    bool is_file;     /* it has a length and a digest */
    uint64_t octets;  /* as it is, compressed or not, as the digest */
    uint8_t sha256[32];
    bool changed;            /* while it was read: the digest is of what it was before */
    const char *compression; /* "gzip", "zstd", "none"; NULL: not known yet, as is the next */
    struct source_columns columns;
    uint64_t first_line; /* of it, counted over all lists; 0: not reached */
};

struct scan_manifest {
    const char *version;
    const char *scan_id;
    const struct manifest_input *inputs; /* the lists, in order */
    size_t input_count;
    const char *working_directory; /* NULL: not told */
    /* how it was started */
    int argc;
    const char *const *argv;
    const struct named_text *options;  /* every option with the value in force */
    const struct named_text *repeated; /* every value given of those that may be repeated */
    size_t repeated_count;
    size_t option_count;
    uint64_t seed;
    uint32_t shards; /* scans that share the lists; at most 1: it is alone */
    uint32_t shard;  /* which of them, from 0 */
    uint64_t lines_of_others;
    int64_t started_unix_ms;
    int64_t ended_unix_ms;
    int64_t last_rows_unix_ms; /* observed_at of the tables of the end; 0: not written */
    /* from where */
    const char *ehlo_domain;
    const struct net_addr *sources; /* our addresses, as far as connections showed them */
    size_t source_count;
    const struct net_endpoint *resolvers;
    size_t resolver_count;
    const struct manifest_check *self_test;
    size_t self_test_count;
    bool port_25_is_open;  /* a host of --self-test greeted us */
    int64_t clock_jump_ms; /* between the start and the end; 0: none */
    /* with what */
    const struct named_text *libraries; /* with the versions running */
    size_t library_count;
    int64_t judged_at; /* Unix seconds */
    const struct manifest_trust_store *trust_stores;
    size_t trust_store_count;
    struct manifest_trust_ad trust_ad;
    struct manifest_list sender_profiles;  /* kinds of senders; none: no outcomes */
    struct manifest_list operators;        /* names of mail operators */
    struct manifest_list shared_operators; /* wildcards whose names may stand for others */
    const uint8_t *blocklist_sha256;       /* of the file; NULL: there is none */
    uint64_t blocklist_count;
    struct manifest_intermediates intermediates;
    struct manifest_judging judging;
    const struct named_text *datasets; /* public suffix list and the like, with their date */
    size_t dataset_count;
    /* what came of it */
    const struct row_shape *shape; /* of the rows */
    const struct manifest_file *files;
    size_t file_count;
    uint64_t rows_lost;
    uint64_t stray_messages; /* between threads, that nobody waited for; none is usual */
    struct manifest_given_up given_up;
    const struct manifest_outage *outages;
    size_t outage_count;
    struct manifest_memory memory;
    uint64_t probed_sessions; /* beyond those in the rows: whether there was an outage */
    uint64_t probed_questions;
    const struct scan_counts *counts;
};

/** How much the rows say, as an object. @param shape NULL: full */
void manifest_put_detail(struct json_writer *w, const struct row_shape *shape);
/** The lists alone, as they stand there. */
void report_inputs(struct buf *json, const struct manifest_input *inputs, size_t count);
void report_manifest(struct buf *json, const struct scan_manifest *m);

struct json_writer;
struct operator_list;

/** @param octets those of the copy */
struct manifest_list manifest_list_of(const char *file, struct span octets, uint64_t count);
/** @param list NULL: none */
struct manifest_list manifest_operators_of(const struct operator_list *list);

/** Values of the same names inside it, for a manifest that is written anew. */
void manifest_put_trust_ad(struct json_writer *w, const struct manifest_trust_ad *t);
void manifest_put_list(struct json_writer *w, const struct manifest_list *l);
void manifest_put_intermediates(struct json_writer *w, const struct manifest_intermediates *i);
void manifest_put_trust_store(struct json_writer *w, const struct manifest_trust_store *store);
void manifest_put_account(struct json_writer *w, const struct scan_counts *counts);
void manifest_put_files(struct json_writer *w, const struct manifest_file *files, size_t count);

/** Input lines from `first` to `last`, both included. */
struct line_range {
    uint64_t first;
    uint64_t last;
};

struct scan_state {
    const char *version;
    const char *scan_id;
    const char *reason; /* "SIGINT", "SIGTERM", "write failed", ... */
    int argc;
    const char *const *argv;
    int64_t started_unix_ms;
    int64_t stopped_unix_ms;
    uint64_t lines_read; /* of the input; a later line was not looked at */
    bool input_ended;
    const struct line_range *unfinished; /* read, but without a row; ascending */
    size_t unfinished_count;
    struct manifest_given_up given_up;
    const struct manifest_outage *outages;
    size_t outage_count;
    const struct scan_counts *counts;
};

/** The list alone. */
void report_outages(struct buf *json, const struct manifest_outage *list, size_t count);
void report_state(struct buf *json, const struct scan_state *state);
