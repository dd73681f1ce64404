#pragma once

#include "scanner/policy/sts_reading.h"

/**
 * The TXT records at _mta-sts.<domain> (RFC 8461 section 3.1): pure functions of octets.
 *
 * Strict is the RFC to the letter: of several records those that do not begin with "v=STSv1;" are
 * discarded; exactly one has to be left, and that has to fit the grammar. White space before the first
 * semicolon fits it (field-delim is *WSP ";" *WSP), and so does for the only record. Lenient is what a
 * forgiving sender could still read as a record: another case of the version, a space or nothing in
 * place of the semicolon, white space in front. A record in quotes of its own, or with semicolons behind
 * a backslash, is meant as one (lenient_count), and no sender reads it.
 *
 * A record that is valid need not be so in the lenient reading: beside it may stand one that only a
 * forgiving sender counts. White space behind the last field belongs to no field-delim, so it is part
 * of the value and a fault of that (RFC 8461 section 3.1). Fields are read of the first strict record,
 * else of the first that fits the grammar at its front, else of the first lenient one.
 */

/** What is wrong or remarkable; each at most once for a domain. */
#define STS_RECORD_FAULTS(X)                                                                                \
    X(UNRELATED) /* a record that is no STSv1 in any reading: SPF, a wildcard */                            \
    X(MULTIPLE)  /* more than one begins "v=STSv1;" */                                                      \
    X(NO_DELIMITER) /* no semicolon behind "v=STSv1", or white space before it and another record beside */ \
    X(SPACE_BEFORE_DELIMITER) /* white space before the semicolon of the only record: valid */              \
    X(SECOND_LOOSE) /* such a one beside the strict one: discarded by the letter, counted by many */        \
    X(QUOTED)       /* quotes of its own around the value */                                                \
    X(ESCAPED)      /* a backslash before a semicolon */                                                    \
    X(VERSION_CASE)      /* "V=STSv1", "v=stsv1" */                                                         \
    X(VERSION_NOT_FIRST) /* behind another field, or behind white space */                                  \
    X(ID_MISSING)                                                                                           \
    X(ID_SYNTAX)        /* empty, a hyphen, a dot */                                                        \
    X(ID_TOO_LONG)      /* over 32 */                                                                       \
    X(EXTENSION_SYNTAX) /* another field that does not fit sts-extension */                                 \
    X(POLICY_FIELDS)    /* fields of the policy body: mode, mx, max_age */                                  \
    X(DUPLICATE_FIELD)  /* the first wins; looked for in the front of a long record only */                 \
    X(NON_ASCII)

enum sts_record_fault {
#define X(name) STS_RECORD_##name,
    STS_RECORD_FAULTS(X)
#undef X
    STS_RECORD_FAULT_COUNT
};

struct sts_records {
    size_t strict_count;  /* begin with "v=STSv1;" */
    size_t lenient_count; /* can be read as STSv1, the strict ones included */
    bool valid; /* one record by the letter, and it fits the grammar: the domain has MTA-STS */
    bool lenient_valid; /* exactly one in the lenient reading, with an id */
    struct span id;     /* see above; borrowed, without white space around it; empty: none */
    bool readable;      /* the version and an id: some readers take it */
    uint32_t quirks;    /* bit n: enum sts_record_quirk */
    uint32_t faults;    /* bit n: enum sts_record_fault */
    struct span evidence[STS_RECORD_FAULT_COUNT]; /* the octets at fault; borrowed */
};

static inline bool sts_records_have(const struct sts_records *r, enum sts_record_fault f)
{
    return (r->faults >> f & 1U) != 0;
}

/** @param texts strings of each record joined, in any order */
void sts_records_read(const struct span *texts, size_t count, struct sts_records *out);
