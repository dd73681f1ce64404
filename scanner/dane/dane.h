#pragma once

#include "scanner/base/vocabulary.h"
#include "scanner/observation/seen_target.h"

/**
 * DANE for SMTP (RFC 7672) over recorded facts: which TLSA records are in force for an MX host, which
 * of them are usable, and whether a presented list matches. Pure functions.
 */

/** DNSSEC of one answer, RFC 4035 section 4.9.3. */
enum dnssec_state dnssec_state_of(const struct seen_dns *dns, bool trust_ad);

/** Whether records can be used, RFC 6698 section 4.1 and RFC 7671; words are part of the output. */
#define TLSA_FAULTS(X)                                                                  \
    X(TLSA_FAULT_NONE, "usable", "yes")                                                 \
    X(TLSA_FAULT_PKIX_USAGE, "pkix_usage",                                              \
      "usage 0 or 1, which is undefined for SMTP (RFC 7672 section 3.1.3)")             \
    X(TLSA_FAULT_USAGE, "unknown_usage", "a usage other than 0 to 3")                   \
    X(TLSA_FAULT_SELECTOR, "unknown_selector", "a selector other than 0 or 1")          \
    X(TLSA_FAULT_MATCHING, "unknown_matching", "a matching type other than 0 to 2")     \
    X(TLSA_FAULT_DIGEST_LENGTH, "digest_length",                                        \
      "the length of the data is not that of the digest")                               \
    X(TLSA_FAULT_EMPTY_DIGEST, "empty_digest", "the data is the digest of empty input") \
    X(TLSA_FAULT_FULL_MALFORMED, "full_malformed", "the data is not a certificate or public key")

enum tlsa_fault {
    TLSA_FAULTS(ENUMERATOR) TLSA_FAULT_COUNT
};

VOCABULARY(tlsa_fault, enum tlsa_fault);
enum tlsa_fault tlsa_fault_of(const struct seen_tlsa *r);
/** Senders look at the parameters and the length of a digest, not at what it is of: a record with the
 * digest of nothing is one that authentication is demanded by, and nothing matches it. */
bool tlsa_is_usable(enum tlsa_fault f);
/** The data of a record about a certificate, in hex; nothing where it cannot be made. */
void tlsa_data_put(struct buf *out, uint8_t selector, uint8_t matching, struct span der);

/** What DNS says for a host. Spans and records borrow from `h`. */
struct dane_host_verdict {
    enum dane_host state;
    enum dnssec_state address;     /* the worst that decides of A, AAAA and the links */
    enum dnssec_state tlsa;        /* of the base domain */
    enum tlsa_place at;            /* where the question for TLSA was asked that decides */
    struct span base;              /* TLSA base domain; empty: none in force */
    const struct seen_tlsa *tlsas; /* at the base domain, whatever their DNSSEC state */
    size_t tlsa_count;
};

void dane_judge_host(const struct seen_host *h, bool trust_ad, struct dane_host_verdict *out);

/** One record beside what was presented. */
struct tlsa_result {
    enum tlsa_fault fault;
    bool in_force; /* usable, and not set aside for a stronger digest (RFC 7671 section 9) */
    bool matches;  /* at `position`; for DANE-EE the leaf only */
    int position;  /* in the list, -1: none */
    /* hints, where it does not match: the data is that of some certificate of the list under other
     * parameters */
    bool other_selector;
    bool other_usage; /* of another certificate than the usage is about */
    /* DANE-TA: the record itself, Full(0), is the anchor that signs the list, and not presented; names
     * apart */
    bool anchor_in_dns;
    bool matches_other_key; /* the list of the other kind of key, where that was asked for */
};

#define DANE_TA_FAULTS(X)                                                                          \
    X(DANE_TA_NONE, "", NULL)                                                                      \
    X(DANE_TA_NOT_PRESENTED, "not_in_chain", "the certificate of the record was not presented")    \
    X(DANE_TA_NO_PATH, "no_path", "it was presented, but no valid path leads from the leaf to it") \
    X(DANE_TA_EXPIRED, "expired", "a certificate of that path has expired or is not yet valid")    \
    X(DANE_TA_NAME, "name_mismatch", "the path is valid, but no name in the leaf matches the host")

enum dane_ta_fault {
    DANE_TA_FAULTS(ENUMERATOR)
};

VOCABULARY(dane_ta_fault, enum dane_ta_fault);

/** The names of a leaf for DANE-TA (RFC 7672 sections 3.2.2, 3.2.3). */
enum dane_leaf {
    DANE_LEAF_NAMELESS,   /* no name that could be a domain's */
    DANE_LEAF_OTHER_NAME, /* names, none of which is the TLSA base domain or the host */
    DANE_LEAF_OF_HOST,    /* one of them is */
};

struct dane_leaves {
    enum dane_leaf base;      /* presented to SNI = base domain */
    enum dane_leaf other_key; /* the other kind of key; SNI = host */
};

struct dane_verdict {
    enum dane_status status;
    uint16_t flags; /* enum dane_flag */
    struct tlsa_result record[TLSA_MAX];
    size_t record_count;
    int matching_record;         /* the one that decides, -1: none */
    enum dane_ta_fault ta_fault; /* the least of the usable DANE-TA records, where none matches */
    bool agility_conflict;       /* a record that matches was set aside for one that does not */
    size_t stale;                /* records in force that match no list, beside one that does */
    /* The list of the other kind of key: UNKNOWN where there is none, or none for the base domain. */
    enum dane_status other_key;
};

/** The session whose SNI is the TLSA base domain: the one whose list the records are about. NULL: none. */
const struct seen_session *dane_session(const struct seen_endpoint *e);

/**
 * @param e      dane_host, tlsa_base, tlsas, the sessions
 * @param leaves names of the leaves: for DANE-TA only
 * @param at     judgement time, Unix seconds: for DANE-TA only (RFC 7671 section 5.1)
 */
void dane_judge_endpoint(const struct seen_endpoint *e, const struct dane_leaves *leaves,
                         int64_t at, struct dane_verdict *out);
