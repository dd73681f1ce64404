#pragma once

/**
 * The rows that domains rest on, chosen from stored results and put together as a stream has them: one JSON object a
 * line, with its table in "type". So what is made from the rows of a run can be made from stored ones.
 *
 * Results are a directory that results_open() takes, or a file that standard output was saved to. Its files
 * are read from the first row on until all that was named is found, at most a few times; what is in memory are
 * the rows that were chosen.
 */

#include "scanner/base/buf.h"

/** What rows are chosen for. Names in normal form. */
struct stored_wish {
    const char *name;
    bool found;
    char *
        nearest; /* where it was not found: the most similar name of the results; NULL: none. Owned */
};

#define STORED_USERS_SHOWN 8   /* domains that are named of those that use a host or an address */
#define STORED_OF_CAUSE    500 /* and of those that suffer from a cause */
#define STORED_HOSTS_MAX   200 /* hosts at one address whose rows are chosen; our own bound */

/** Domains whose mail goes to a host or an address, or suffers from a cause. */
struct stored_users {
    char **name; /* the first ones; owned, as each of them is */
    size_t named;
    uint64_t count;
};

struct stored_rows {
    struct buf text;
    struct buf places;            /* "DIR/NAME, line N: " for each of its lines, and NUL */
    struct buf shard;             /* result_shard_put() */
    bool incomplete;              /* the results are of a scan that did not come to its end */
    const char *missing_outcomes; /* see results.h */
};

/** Domains, with their hosts, services, endpoints, policies, chains and certificates. Rows of repeated lines are left
 * out. @param problems with those of table problems, all of which is read for them @return false with one line in `why` when the results cannot be read. */
bool stored_rows_of_domains(struct stored_rows *out, const char *results, struct stored_wish *wish,
                            size_t wish_count, bool problems, struct buf *why);
/** An MX host and what it rests on, and who uses it. */
bool stored_rows_of_host(struct stored_rows *out, const char *results, struct stored_wish *wish,
                         struct stored_users *users, struct buf *why);
/** The hosts that have the address; `wish` without a nearest name. */
bool stored_rows_of_address(struct stored_rows *out, const char *results, struct stored_wish *wish,
                            struct stored_users *users, struct buf *why);
/** The row of a cause, and whose problems it is the cause of. */
bool stored_rows_of_cause(struct stored_rows *out, const char *results, struct stored_wish *wish,
                          struct stored_users *users, struct buf *why);
/** Where the line stood that begins `at` octets into the text. */
const char *stored_rows_place(const struct stored_rows *r, size_t at);
void stored_rows_deinit(struct stored_rows *r);
void stored_users_deinit(struct stored_users *u);
void stored_wishes_deinit(struct stored_wish *wish, size_t wish_count);
