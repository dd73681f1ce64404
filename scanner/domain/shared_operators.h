#pragma once

#include "scanner/base/buf.h"

/**
 * Wildcards under which an operator gives each of its customers an MX name of its own, on shared addresses and
 * with one certificate: datasets/shared-operators, whose README says what an entry has to prove.
 *
 * The file is CSV (RFC 4180) with the header wildcard,operator,source,date; blank lines and lines that begin
 * with '#' are skipped. "*.mail.example.net" stands for names with one label in place of the asterisk,
 * "*.*.mx.example" for those of any of its groups (a.g1.mx.example and b.g1.mx.example are in one).
 */
#define SHARED_OPERATORS_OCTETS_MAX (1U << 20) /* of the file; our own bound, as the next two */
#define SHARED_ASTERISKS_MAX        2
#define SHARED_SUFFIX_LABELS_MIN    2 /* behind the asterisks: nobody owns "*.net" */

struct shared_wildcard {
    struct span suffix; /* behind the asterisks; in the octets of the file */
    unsigned asterisks;
};

struct shared_operators {
    struct shared_wildcard *wildcards; /* owned; sorted */
    size_t count;
};

/** @param octets outlive the list
 * @param origin names the file in `why`
 * @return false with one line in `why` */
bool shared_operators_parse(struct shared_operators *s, struct span octets, const char *origin,
                            struct buf *why);
void shared_operators_deinit(struct shared_operators *s);
/** Is the name under a wildcard of the list? @param host in normal form */
bool shared_operators_have(const struct shared_operators *s, struct span host);
