#pragma once

#include "output/schema.h"
#include "scanner/analysis/catalogue.h"
#include "scanner/analysis/effect.h"
#include "scanner/base/buf.h"
#include "scanner/explain/explain.h"
#include "scanner/fleet/kafka.h"
#include "scanner/pipeline/scan_params.h"
#include "scanner/pipeline/staged_answers.h"
#include "scanner/publish/report_run.h"

/**
 * The command line, read into struct options and the struct scan_params in it.
 *
 * Everything known of an option stands in one row of the table in option_table.c: its commands,
 * name, letter, argument, default, range, help and manual text, and the function that reads it. The
 * parser, `--help` and the OPTIONS section of the manual page are made from it.
 */

#define NAME_SERVERS_MAX 64  /* resolvers; our own bound, as the next three */
#define LOCAL_ADDRS_MAX  256 /* source addresses */
#define ADDRESS_MAPS_MAX 64
#define PORT_MAPS_MAX    64

#define INPUT_LISTS_MAX 1000 /* of a scan; our own bound */

#define KAFKA_OPTIONS_MAX 64   /* our own bounds */
#define KAFKA_WORD_MAX    4096 /* octets with NUL */

#define REPEATED_MAX      1024 /* values of options that may be repeated; more than their lists take */
#define OPTIONS_COUNT_MAX 128 /* rows of the option table; checked */

#define USER_AGENT_MAX 512 /* octets with NUL; our own bound */

#define SELF_TEST_PORT 25 /* RFC 5321 section 4.5.4.2 */

#define EHLO_DOMAIN_MAX 254 /* octets with NUL: RFC 1035 section 2.3.4 leaves 253 of text */

#define COMMANDS(X)                                                               \
    X(SCAN, "scan", "[FILE...]", "scan lists of domains")                         \
    X(CHECK, "check", "DOMAIN...", "a report on a few domains")                   \
    X(SHOW, "show", "RESULTS DOMAIN...", "the report of check, from a scan")      \
    X(ANALYZE, "analyze", "RESULTS", "judge the results of a scan again")         \
    X(MERGE, "merge", "RESULTS... -o DIR", "one scan out of those of its shards") \
    X(FEED, "feed", "FILE...", "lists for a fleet (experimental)")                \
    X(WORK, "work", "", "take part in a fleet (experimental)")                    \
    X(COLLECT, "collect", "-o DIR", "results of a fleet (experimental)")          \
    X(REPORT, "report", "RESULTS", "a page or tables of the results")             \
    X(DIFF, "diff", "OLD NEW", "what changed between two scans")                  \
    X(EXPLAIN, "explain", "[NAME|LINE|FILE]", "what it means, and how to fix it") \
    X(SCHEMA, "schema", "[TABLE]", "the tables for databases: create, load")      \
    X(PROBING_TXT, "probing-txt", "", "a file that says who scans (RFC 9511)")

enum command {
#define X(name, word, arguments, help) COMMAND_##name,
    COMMANDS(X)
#undef X
    COMMAND_COUNT
};

enum diff_format {
    DIFF_TEXT,
    DIFF_NDJSON,
};

enum diff_fail_on {
    DIFF_FAIL_ON_NOTHING,
    DIFF_FAIL_ON_NEW_ERROR,
    DIFF_FAIL_ON_NEW_WARNING,
};

enum color_when {
    COLOR_AUTO,
    COLOR_ALWAYS,
    COLOR_NEVER,
};

#define SYSTEM_STORE_NAME "system" /* also in place of FILE: the bundle of this machine */

/** --root-cas [NAME=]FILE: what is to be read. */
struct root_cas {
    char name[TRUST_STORE_NAME_MAX];
    const char *path; /* NULL: the bundle of this machine */
};

/** What the file of --config says: see config_words.h. */
struct config_words {
    struct buf text;    /* words of a command line with NUL between them */
    struct buf origins; /* of each line that this command knows: struct config_origin */
    struct buf words;   /* pointers: the whole command line, with these in place of --config */
    struct buf notices; /* lines for the user */
};

struct sender_profiles_file;
struct operator_list;

/** A parsed command line. Not movable once filled: `params` points into it and into argv. */
struct options {
    enum command command;
    struct scan_params params;
    const char *const *words; /* what is no option: domains, a directory, a code; in argv */
    size_t word_count;
    const char *input_paths[INPUT_LISTS_MAX];   /* in the order given */
    struct root_cas root_cas[TRUST_STORES_MAX]; /* in the order given; none: the machine's */
    size_t root_cas_count;
    struct trust_store_octets stores[TRUST_STORES_MAX];      /* once read: see machine.h */
    const char *intermediates_path[INTERMEDIATES_FILES_MAX]; /* in the order given */
    size_t intermediates_count;
    struct intermediates_file intermediates[INTERMEDIATES_FILES_MAX]; /* once read */
    const char *stdout_table;              /* --stdout; NULL: all tables */
    const char *stdout_fields;             /* --fields; NULL: all columns */
    struct row_choice choice;              /* what they ask for */
    unsigned detail;                       /* enum row_detail */
    const char *only_tables;               /* --tables of scan and analyze; NULL: all */
    const char *left_columns;              /* --columns; NULL: none is left out */
    bool merge_partial;                    /* --partial of merge */
    bool dry_run;                          /* look at everything, and scan nothing */
    const char *profiles_path;             /* NULL: those that are shipped */
    struct sender_profiles_file *profiles; /* once read: see machine.h */
    struct operator_list *operators;       /* the same */
    const char *shared_operators_path;     /* NULL: the list that is shipped */
    struct buf shared_operators;           /* the list, once read */
    const char *memory_path;               /* NULL: none */
    const char *config_path;               /* NULL: none */
    struct config_words config;
    struct staged_mx staged;      /* --host of check */
    const char *certificate_path; /* --certificate of check; NULL: none */
    const char *show_host;        /* --host of show; NULL: none */
    const char *show_address;
    const char *show_cause;
    bool tlsa;
    bool pem;
    bool partner;
    uint16_t staged_port;    /* 0: none was given */
    const char *resume_path; /* NULL: a scan from the beginning */
    char user_agent[USER_AGENT_MAX];
    bool at_given; /* params.terms.at is the user's */
    bool fails;    /* --fail-on was given, with a severity */
    enum severity fail_on;
    enum effect fail_on_effect; /* EFFECT_NONE: with none */
    enum explain_format explain_format;
    enum schema_format schema_format;
    const char *schema_load;     /* results to load; NULL: none */
    const char *explain_log;     /* NULL: none */
    const char *explain_report;  /* the same, of TLS-RPT */
    struct report_params report; /* of the command report */
    enum diff_format diff_format;
    enum diff_fail_on diff_fail_on;
    uint32_t diff_domains; /* listed of a change; 0: all */
    bool json;
    bool brief;
    bool only_troubled; /* --quiet of check and show */
    bool verbose;
    enum color_when color;
    char self_test_host[VANTAGE_HOSTS_MAX][EHLO_DOMAIN_MAX]; /* names or addresses */
    uint16_t self_test_port[VANTAGE_HOSTS_MAX];
    size_t self_test_count;
    bool strict_vantage;
    const char *brokers;    /* NULL: no fleet */
    const char *fleet_scan; /* the name of its scan */
    struct kafka_option kafka_options[KAFKA_OPTIONS_MAX];
    char kafka_words[KAFKA_OPTIONS_MAX][KAFKA_WORD_MAX]; /* of these: key, NUL, value */
    size_t kafka_option_count;
    uint32_t fleet_parts;
    uint32_t fleet_members;
    uint32_t fleet_silent_after; /* seconds */
    bool drop;
    const char *contact; /* NULL: none; it is in params.user_agent as well */
    struct net_endpoint name_servers[NAME_SERVERS_MAX];
    struct net_addr local_addrs[LOCAL_ADDRS_MAX];
    struct address_map address_maps[ADDRESS_MAPS_MAX];
    struct port_map port_maps[PORT_MAPS_MAX];
    char ehlo_domain[EHLO_DOMAIN_MAX];
    bool given[OPTIONS_COUNT_MAX]; /* rows of the table that the command line has */
    struct option_in_force in_force[OPTIONS_COUNT_MAX]; /* the last value of each, or its default */
    struct option_in_force repeated[REPEATED_MAX]; /* each value of options that may be repeated */
    char number_in_force[OPTIONS_COUNT_MAX][12];   /* those that the machine decided */
};

enum options_verdict {
    OPTIONS_RUN = 1,      /* `params` is complete but for what the machine provides */
    OPTIONS_HELP,         /* --help, or no subcommand's help was asked for */
    OPTIONS_HELP_COMMAND, /* scan --help: that of `command` */
    OPTIONS_VERSION,
    OPTIONS_BAD, /* `why` holds one line without a line end */
};

/**
 * Reads argv[0..argc). What the machine provides when it is not given (resolvers, EHLO name,
 * threads, trust stores) is left empty: see machine.h. The lists of `params` point into `o`, its strings into
 * argv, which both have to outlive the scan. The file of --config is read; params.argv then is the command line that says
 * the same without it.
 */
enum options_verdict options_read(struct options *o, int argc, char **argv, struct buf *why);

/** Sets a number that the machine decided, and has the manifest say so. */
void options_set_threads(struct options *o, uint32_t threads);
void options_set_concurrency(struct options *o, uint32_t concurrency);
