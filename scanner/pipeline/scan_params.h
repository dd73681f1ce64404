#pragma once

#include "output/result_file.h"
#include "output/row_choice.h"
#include "output/row_shape.h"
#include "scanner/base/net_addr.h"
#include "scanner/base/uuid.h"
#include "scanner/base/vocabulary.h"
#include "scanner/domain/shared_operators.h"
#include "scanner/owners/asked_probes.h"
#include "scanner/owners/infer.h"
#include "scanner/trust/chain_judge.h"
#include "scanner/trust/intermediates_file.h"
#include "scanner/vantage/vantage_verdict.h"

/**
 * Everything a scan is told. Filled by the command line, read-only afterwards, shared by all
 * threads. Strings and arrays are borrowed and outlive the scan. Defaults: design section 4.
 */

/* Policy hosts asked at once, by what descriptors are left. */
#define POLICY_CONNECTIONS_MIN 64
#define POLICY_CONNECTIONS_MAX 512

/** --address-map FROM=TO[:PORT]: where a lab run really dials; records keep the real address. */
struct address_map {
    struct net_prefix from;
    struct net_prefix to;
    uint16_t port; /* 0: the port is not replaced */
};

/** --port-map FROM=TO */
struct port_map {
    uint16_t from;
    uint16_t to;
};

enum result_format {
    RESULT_NDJSON = 1,
    RESULT_CSV = 2,
    RESULT_BOTH = 3, /* bits: NDJSON | CSV */
    RESULT_TEXT = 4, /* lines of a choice alone */
};

struct option_in_force {
    const char *name;
    const char *value; /* NULL: not given, no default */
};

#define PORTS_MAX  4
#define SHARDS_MAX 4096 /* as many as there are partitions */

struct fleet_params;
struct remembering;
struct staged_list;
struct staged_mx;
struct results;

struct scan_params {
    /* input */
    const char *const *input_paths; /* lists, one after the other; "-": standard input */
    size_t input_count;
    const char *column; /* of CSV input: a number from 1, or a name in the header; NULL: guess */
    bool any_lines;     /* names that somebody typed: none has to be a domain */
    bool metadata_passthrough; /* keep the other columns */

    /* results */
    char scan_id[UUID_TEXT_MAX]; /* set when the scan begins */
    const struct results
        *resume;            /* the unfinished results that are gone on with, read; NULL: none */
    const char *output_dir; /* NULL: NDJSON on output_fd */
    enum result_format format;
    enum result_codec compression;
    unsigned compression_level;      /* 0: its default */
    uint32_t csv_cell_max;           /* characters of a field; 0: no limit */
    struct row_shape shape;          /* of the rows in files, and of all rows on standard output */
    const struct row_choice *choice; /* what goes to output_fd in place of all rows; NULL: those */
    int output_fd; /* where rows go without a directory: standard output, as a rule; borrowed */

    /* judgement */
    struct judging_terms terms; /* its trust stores are borrowed as well; `known` is the scan's */
    const struct intermediates_file *intermediates; /* of --intermediates; borrowed */
    size_t intermediates_count;

    enum trust_ad trust_ad;    /* as asked for; terms.trust_ad is what came of it */
    struct span profiles_json; /* the file that terms.profiles were read from */

    /* DNS */
    const struct net_endpoint *name_servers;
    size_t name_server_count;
    uint32_t dns_rate;           /* questions per second over all workers; 0: no limit */
    uint32_t dns_timeout_ms;     /* per try */
    uint32_t dns_tries;          /* per server */
    uint32_t dns_retry_pause_ms; /* before the second pass of a question that failed; 0: none */
    const struct staged_list *staged_list; /* in the place of what servers present; NULL: none */
    const struct staged_mx *staged_mx;     /* said instead of looked up; NULL: none */

    /* what is probed */
    uint16_t ports[PORTS_MAX]; /* 25, 587: STARTTLS; 465: implicit TLS (RFC 8314 section 3.3) */
    size_t port_count;
    struct asked_probes probes;
    enum infer infer;
    struct shared_operators shared_operators; /* whose names may stand for others */
    struct span shared_operators_csv;         /* the file that they were read from; borrowed */
    uint32_t names_per_address;               /* 0: all */
    uint32_t spool_max_mib;
    bool implicit_mx_dial;
    bool fetch_policies; /* of MTA-STS, over HTTPS */
    bool fetch_issuers;  /* that are missing, from the URLs in certificates */
    bool use_ipv4;       /* not disabled by an option, and there is a route */
    bool use_ipv6;
    uint64_t seed;

    /* scans that share the lists (--shards); limits and rates are this one's part */
    uint32_t shards;         /* 1: it is alone */
    uint32_t shard;          /* from 0 */
    uint32_t shards_at_once; /* 0: all */

    bool feeds;                       /* the lists alone, for others */
    const struct fleet_params *fleet; /* whose member this is; NULL: none */

    /* who we are, and from where */
    const struct vantage_verdict *vantage; /* of the self-test */
    const char *ehlo_domain;
    const char *user_agent; /* of HTTPS requests */
    const struct net_addr *local_addrs;
    size_t local_addr_count;

    /* where a lab run really dials */
    const struct address_map *address_maps;
    size_t address_map_count;
    const struct port_map *port_maps;
    size_t port_map_count;

    /* limits */
    uint32_t threads;
    uint32_t processors; /* of this machine; of a fleet alone */
    uint32_t concurrency;
    uint32_t policy_connections; /* policy hosts asked at once */
    double address_rate;         /* session starts per second and address; 0: no limit */
    uint32_t address_limit;
    uint32_t network_limit;
    uint32_t operator_limit;
    uint32_t connect_timeout_ms;
    uint32_t greeting_timeout_ms;
    uint32_t reply_timeout_ms;
    uint32_t tls_timeout_ms;
    uint32_t target_timeout_ms;
    uint32_t policy_timeout_ms;
    uint32_t outage_max_ms;  /* of our own network or resolver: how long it is waited for */
    uint32_t retries;        /* of a session that is lost, or asked to come back */
    uint32_t retry_pause_ms; /* before that, where it was lost */
    struct remembering
        *memory; /* who turned us away on earlier nights; borrowed; NULL: not asked for */
    uint32_t tempfail_pause_ms; /* the same, of the whole address, where it was asked to */

    /* safety */
    const char *blocklist_path; /* NULL: none */
    bool allow_special_addresses;

    /* reporting */
    bool quiet;
    const char *status_path;  /* status lines as CSV, NULL: none */
    const char *log_path;     /* NULL: standard error */
    const char *metrics_path; /* Prometheus text, NULL: none */
    int argc;                 /* the command line as given, for the manifest */
    const char *const *argv;
    const struct option_in_force *options; /* every option with its value, for the manifest */
    size_t option_count;
    const struct option_in_force
        *repeated; /* of options that may be repeated each value given, in order */
    size_t repeated_count;
};
