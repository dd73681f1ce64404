#pragma once

#include "scanner/base/vocabulary.h"
#include "scanner/cert/cert_info.h"
#include "scanner/observation/seen_tls.h"
#include "scanner/observation/verdict.h"
#include "scanner/trust/trust_store.h"

/**
 * The verdict on a list of certificates as presented: roles, order, and the best path to an anchor of
 * each trust store, with everything that is wrong along it. A pure function of (list, trust
 * stores, judgement time); a judge only remembers what it verified before, so that each
 * (child, issuer) signature is verified once. One judge belongs to one thread.
 *
 * All paths are looked at, within bounds, and the best is taken: cross-signs, an expired root
 * at the end, any order. Anchors end a path wherever they are met; their own validity counts
 * (as OpenSSL counts it), their self-signature does not. RFC 5280 section 6.1, RFC 8446 4.4.2.
 * A certificate of a store that is not self-signed is no anchor but one more issuer.
 *
 * Tests along a path, to agree with `openssl verify -purpose sslserver -auth_level 2`: signature,
 * validity, basicConstraints, pathLenConstraint, keyUsage, extendedKeyUsage (absent is fine),
 * name constraints, unknown critical extensions, keys and digests of at least 112 bits.
 */
#define CHAIN_DEPTH_MAX      8  /* certificates below the anchor; our own bound (design R2) */
#define CHAIN_PATHS_MAX      32 /* paths looked at per list and store; our own bound */
#define CHAIN_SIGNATURES_MAX 64 /* signature checks needed per list; our own bound */
#define CHAIN_FAULTS_MAX     32 /* faults kept per path; our own bound */
#define CHAIN_STEPS_MAX      (CHAIN_DEPTH_MAX + 1)

#define PATH_FAULTS(X)                                                                            \
    X(PATH_FAULT_EXPIRED, "expired", "notAfter has passed")                                       \
    X(PATH_FAULT_NOT_YET_VALID, "not_yet_valid", "notBefore is in the future")                    \
    X(PATH_FAULT_BAD_TIME, "bad_time", "its validity period cannot be parsed")                    \
    X(PATH_FAULT_NOT_CA, "not_ca",                                                                \
      "it issued another certificate, but is not a CA certificate (RFC 5280 section 4.2.1.9)")    \
    X(PATH_FAULT_PATH_LENGTH, "path_length",                                                      \
      "more CA certificates follow than its pathLenConstraint allows (RFC 5280 section 4.2.1.9)") \
    X(PATH_FAULT_KEY_USAGE, "key_usage",                                                          \
      "its keyUsage does not allow this use (RFC 5280 section 4.2.1.3)")                          \
    X(PATH_FAULT_EXTENDED_KEY_USAGE, "extended_key_usage",                                        \
      "its extendedKeyUsage does not allow TLS servers (RFC 5280 section 4.2.1.12)")              \
    X(PATH_FAULT_NAME_CONSTRAINTS, "name_constraints",                                            \
      "the name constraints of a CA above it do not allow its names (RFC 5280 section 4.2.1.10)") \
    X(PATH_FAULT_UNKNOWN_CRITICAL, "unknown_critical",                                            \
      "it has a critical extension that this program does not know (RFC 5280 section 4.2)")       \
    X(PATH_FAULT_WEAK_KEY, "weak_key",                                                            \
      "its key has less than 112 bits of security strength: RSA under 2048 bits")                 \
    X(PATH_FAULT_WEAK_SIGNATURE, "weak_signature",                                                \
      "it is signed with a digest of less than 112 bits of security strength: SHA-1, MD5")        \
    X(PATH_FAULT_BAD_EXTENSION, "bad_extension", "an extension cannot be parsed, or is repeated")

enum path_fault {
    PATH_FAULTS(ENUMERATOR)
};

VOCABULARY(path_fault, enum path_fault);

enum step_source {
    STEP_PRESENTED, /* in the list */
    STEP_ANCHOR,    /* from the trust store (and perhaps presented as well) */
    STEP_POOL,      /* an intermediate known from elsewhere; never in a path as served */
};

/** One certificate of a path. */
struct path_step {
    enum step_source source;
    const struct cert_info *cert; /* borrowed from the judge, as the verdict says */
    int list_index;               /* first place in the list; -1: not presented */
};

struct found_fault {
    enum path_fault fault;
    uint8_t step;
};

/**
 * What OpenSSL's own builder makes of the list, as its clients use it: purpose sslserver, no host
 * name. It follows one path only, so that it may refuse a list that has a good one.
 */
struct openssl_verdict {
    bool asked;        /* as served, and every certificate can be read: else no client gets here */
    int error;         /* X509_V_ERR_* at security level 2, the first one; X509_V_OK: accepted */
    int depth;         /* the certificate of its path that this is about, 0: the leaf */
    int level_1_error; /* the same at level 1 */
};

/** In OpenSSL's words. */
const char *openssl_verdict_text(int error);

/** The best path that was found with one trust store. */
struct store_verdict {
    enum chain_status status;
    struct path_step step[CHAIN_STEPS_MAX]; /* leaf first; the last is the anchor, if `anchored` */
    size_t step_count;                      /* 0: the leaf cannot be read */
    bool anchored;
    struct found_fault fault[CHAIN_FAULTS_MAX]; /* by step, then fault */
    size_t fault_count;
    int64_t valid_from;  /* latest notBefore of the path, Unix seconds */
    int64_t valid_until; /* earliest notAfter */
    bool validity_known; /* of every certificate of it */
    struct openssl_verdict openssl;
};

struct chain_verdict {
    size_t cert_count;                    /* of the list, at most TLS_CERTS_MAX */
    const struct cert_info *const *certs; /* in the order sent; NULL: cannot be read */
    uint8_t role[TLS_CERTS_MAX];          /* enum cert_role, by the best path of the first store */
    bool in_order;   /* RFC 8446 section 4.4.2: each certifies the one before it */
    bool leaf_first; /* no later certificate looks like the leaf in its place */
    bool self_signed_leaf;
    /* An issuer is there by name, but its key does not verify the signature. -1: none. */
    int bad_signature_child;  /* index in the list */
    int bad_signature_issuer; /* index in the list, -1: an anchor */
    bool signature_unknown;   /* such a signature has an algorithm that cannot be verified */
    bool capped; /* a bound above was met, and not every store trusts: a better path may exist */
    struct store_verdict store[TRUST_STORES_MAX];
    size_t store_count;
    /* MISSING_INTERMEDIATE with the first store: the path that known intermediates complete, leaf
     * first, the anchor last; what was left out has the source STEP_POOL. Else nothing. */
    struct path_step completed[CHAIN_STEPS_MAX];
    size_t completed_count;
};

struct chain_judge;

struct intermediate_pool;

struct sender_profiles;

struct operator_list;

/** What is judged by, beside what was seen: the same terms give the same verdicts. */
struct judging_terms {
    int64_t at; /* judgement time, Unix seconds */
    const struct trust_store_octets *stores;
    size_t store_count; /* at least 1 */
    /* Known before the scan: the same for every list. NULL: none. */
    const struct intermediate_pool *known;
    bool trust_ad; /* the AD bit of this scan's resolvers counts (RFC 7672 section 2.1.1) */
    const struct sender_profiles *profiles; /* analysis/sender_profile.h; NULL: no outcomes */
    const struct operator_list *operators;  /* domain/operator_list.h; NULL: none is listed */
};

/** @param terms borrowed for the life of the judge, with what it points to. */
struct chain_judge *chain_judge_new(const struct judging_terms *terms);
void chain_judge_free(struct chain_judge *j);

/**
 * As served. Where that reaches no anchor, judging_terms.known decides between
 * MISSING_INTERMEDIATE and what it is otherwise; path, faults and roles stay those as served.
 * @param list in the form of seen_tls.list, at least one entry
 * @param out  valid until the next call; everything it points to as well
 */
void chain_judge_list(struct chain_judge *j, struct span list, struct chain_verdict *out);
/** Judged with intermediates of the pool beside the presented ones, and without the known ones. */
void chain_judge_complete(struct chain_judge *j, struct span list, struct intermediate_pool *pool,
                          struct chain_verdict *out);

/** Parsed fields of one certificate, from the judge's cache of recently seen ones; valid until the
 * next call that judges or parses. `*parsed` as cert_info_read() returns it. */
const struct cert_info *chain_judge_cert(struct chain_judge *j, struct span der, bool *parsed);

/** What travels on: status with the first store, bits of all. */
struct chain_brief chain_brief_of(const struct chain_verdict *v);

/** Counted, so that a benchmark can set them apart: signatures really verified by OpenSSL. */
struct chain_judge_counts {
    uint64_t lists;
    uint64_t signatures_verified; /* by OpenSSL */
    uint64_t signatures_known;    /* answered from memory */
    uint64_t certificates_parsed;
    uint64_t signature_ns; /* CPU time inside the verifications, where asked for */
};
const struct chain_judge_counts *chain_judge_counts(const struct chain_judge *j);
/** Measures signature_ns from now on. */
void chain_judge_measure(struct chain_judge *j);
