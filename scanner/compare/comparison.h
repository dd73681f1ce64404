#pragma once

#include "scanner/compare/change.h"
#include "scanner/compare/compared.h"

/**
 * Two results directories compared: a stream of changes, each with the domains that it concerns, and groups of them by cause. What
 * is in memory is one domain of each with its hosts; all else lies in a temporary database.
 *
 *     struct comparison *c = comparison_new(old, new, &end, why);
 *     while (comparison_next_change(c, &change)) { ... }
 *     comparison_free(c);
 */
struct comparison;

enum comparison_end {
    COMPARISON_COMPLETE,
    COMPARISON_FATAL,    /* the operating system refuses something */
    COMPARISON_UNUSABLE, /* a directory cannot be read: no results, damaged, of another program */
};

/** One of the two scans. */
struct compared_scan {
    const char *path; /* as given */
    const char *version;
    int64_t started_unix_ms; /* RESULTS_TIME_UNKNOWN */
    int64_t judged_unix_s;   /* INT64_MIN: not said */
    bool incomplete;
    uint64_t domains; /* without invalid lines and repeated ones */
};

/** What could not be compared for a fault of our own in one of the scans: our network or resolver failed, or the scan ended
 * before. Enumerator, word, one and many for people. */
#define GAP_KINDS(X)                                                 \
    X(GAP_DOMAIN, "domain", "domain", "domains")                     \
    X(GAP_RECORD, "record", "TXT record at _mta-sts or _smtp._tls",  \
      "domains for their TXT records at _mta-sts or _smtp._tls")     \
    X(GAP_POLICY, "policy", "MTA-STS policy", "MTA-STS policies")    \
    X(GAP_HOST, "host", "MX host for its addresses or TLSA records", \
      "MX hosts for their addresses or TLSA records")                \
    X(GAP_SERVICE, "service", "server", "servers")

enum gap_kind {
    GAP_KINDS(ENUMERATOR) GAP_KIND_COUNT
};

VOCABULARY(gap_kind, enum gap_kind);

struct comparison_counts {
    uint64_t in_both;
    uint64_t changed; /* of these, with any change */
    uint64_t only_old;
    uint64_t only_new;
    uint64_t gaps[GAP_KIND_COUNT]; /* of what is in both */
    uint64_t changes;
    uint64_t by_direction[CHANGE_DIRECTION_COUNT];
    uint64_t new_findings[SEVERITY_COUNT]; /* new or worse, by severity */
};

/** NULL unless complete, with one line in `why`. hash_secret_init() was called. */
struct comparison *comparison_new(const char *old, const char *new, enum comparison_end *end,
                                  struct buf *why);
void comparison_free(struct comparison *c); /* NULL is allowed */

const struct compared_scan *comparison_scan(const struct comparison *c, bool is_new);
const struct comparison_counts *comparison_counts(const struct comparison *c);
/** Lines about what is not alike in the two scans, and what is not compared therefore. */
size_t comparison_note_count(const struct comparison *c);
const char *comparison_note(const struct comparison *c, size_t i);

struct compared_change {
    struct change change;
    uint64_t domain_count;
};

/** Changes of one cause, or of one kind where each domain is its own cause. */
struct change_group {
    uint64_t number;
    enum change_direction direction;
    bool
        of_place; /* all are about `first.place` and `first.key`; else all are of the kind and code of `first` */
    struct change first;
    uint64_t change_count;
    uint64_t domain_count;
};

/* Texts are valid until the next call on the comparison. Each begins anew behind its last one. */

/** All, the worst first, then those of most domains. */
bool comparison_next_change(struct comparison *c, struct compared_change *out);
bool comparison_next_group(struct comparison *c, struct change_group *out);
bool comparison_next_of_group(struct comparison *c, const struct change_group *g,
                              struct compared_change *out);
/** Domains in the order of their names: of the change that was given last by comparison_next_change(), or of a group. */
bool comparison_next_domain(struct comparison *c, struct span *domain);
bool comparison_next_domain_of_group(struct comparison *c, const struct change_group *g,
                                     struct span *domain);
/** Leaves the rows that are left of the last three, so that they begin anew. */
void comparison_leave(struct comparison *c);
/** What failed meanwhile, such as a full disk; NULL: nothing. */
const char *comparison_error(const struct comparison *c);
