#pragma once

#include "scanner/analysis/name_match.h"
#include "scanner/analysis/rollup.h"
#include "scanner/base/vocabulary.h"
#include "scanner/observation/seen_target.h"
#include "scanner/policy/media_type.h"
#include "scanner/policy/sts_policy.h"
#include "scanner/policy/sts_record.h"

/**
 * MTA-STS of a domain (RFC 8461): its record, its policy, and what the policy means for each
 * exchange. Pure. Spans borrow from the domain that was judged.
 */

/**
 * What a sender without a cached policy makes of it that reads the record to the letter and the policy
 * in the lenient reading; the first that fits. Senders that read otherwise: sts_is_enforced_by(). Words are
 * part of the output.
 */
#define STS_STATES(X)                                                                 \
    X(STS_STATE_UNKNOWN, "unknown",                                                   \
      "the record could not be looked up, or the policy was not fetched")             \
    X(STS_STATE_NONE, "none", "there is no record (strict or lenient)")               \
    X(STS_STATE_RECORD_INVALID, "record_invalid",                                     \
      "there is a record, but senders that follow the RFC ignore it")                 \
    X(STS_STATE_FETCH_FAILED, "fetch_failed",                                         \
      "the policy could not be fetched; see fetch in policies")                       \
    X(STS_STATE_CERTIFICATE_INVALID, "certificate_invalid",                           \
      "the certificate of the policy host fails verification (RFC 8461 section 3.3)") \
    X(STS_STATE_POLICY_INVALID, "policy_invalid", "the body is not a valid policy")   \
    X(STS_STATE_MODE_NONE, "mode_none", "mode none: no policy")                       \
    X(STS_STATE_TESTING, "testing", "mode testing: senders only report failures")     \
    X(STS_STATE_ENFORCE, "enforce", "mode enforce: senders do not deliver where the checks fail")

enum sts_state {
    STS_STATES(ENUMERATOR) STS_STATE_COUNT
};

VOCABULARY(sts_state, enum sts_state);

/**
 * How an MX record's name fails to be covered by any pattern (IMC 2025; word "" when it is). The first
 * that fits, of the pattern that comes nearest; a wildcard is compared without its first label, with
 * the name without its own. Public suffixes are told without the list of them: the last label, and
 * such as "co" below a country's.
 */
#define STS_MISMATCHES(X)                                                                          \
    X(STS_MISMATCH_NONE, "", NULL)                                                                 \
    X(STS_MISMATCH_TLD, "tld", "only the public suffix differs")                                   \
    X(STS_MISMATCH_PARENT, "parent", "a domain above the MX host, such as the mail domain itself") \
    X(STS_MISMATCH_TYPO, "typo", "an edit distance of at most 3")                                  \
    X(STS_MISMATCH_THIRD_LEVEL, "third_level",                                                     \
      "the same registrable domain, with other labels before it")                                  \
    X(STS_MISMATCH_DOMAIN, "domain", "an unrelated domain")

enum sts_mismatch {
    STS_MISMATCHES(ENUMERATOR)
};

VOCABULARY(sts_mismatch, enum sts_mismatch);

/** One exchange (RFC 8461 section 4.1). Of its addresses: how many pass, fail, are not known. */
struct sts_mx {
    enum truth covered; /* some pattern matches the name in the MX record */
    int pattern;        /* index in policy.mx, -1: none */
    enum sts_mismatch mismatch;
    struct tally endpoints; /* a trusted chain, a matching dNSName and TLS 1.2 or newer */
};

struct sts_verdict {
    enum sts_state state;
    bool record_known;           /* the question for it has an answer */
    enum sts_state policy_state; /* what `state` is or would be with a valid record */
    struct sts_records records;
    bool has_policy; /* policy_is_fetched(): the body was read and is in `policy` */
    struct sts_policy policy;
    uint32_t policy_quirks; /* bit n: enum sts_policy_quirk; those of the media type as well */
    enum truth certificate_passes; /* of the policy host */
    bool certificate_disputed;     /* OpenSSL's own builder says otherwise of its path */
    struct name_verdict name;      /* and its name */
    struct buf names;              /* storage of the latter */
    enum policy_media_type media_type;
    struct sts_mx mx[MX_MAX]; /* as in seen_domain.mx; where a body was read and is readable */
    enum rollup passes;       /* exchanges whose every address passes and whose name is covered */
    bool pattern_used[STS_MX_PATTERNS_MAX];
};

void sts_verdict_init(struct sts_verdict *v);
void sts_verdict_deinit(struct sts_verdict *v);
/** Reuses the memory of `v`. */
void sts_verdict_fill(struct sts_verdict *v, const struct seen_domain *d);

/** Does a sender without a cached policy that reads so have to keep to a policy in mode enforce? */
enum truth sts_is_enforced_by(const struct sts_verdict *v, struct sts_reading record,
                              struct sts_reading policy);

/** A trusted chain, a matching dNSName and TLS 1.2 or newer (RFC 8461 section 4.2, 7.2). */
enum truth sts_endpoint_passes(const struct endpoint_brief *e);
/** The endpoint is one that senders can go to. @param port of domain_port() */
bool sts_endpoint_counts(const struct endpoint_brief *e, uint16_t port);
/** The exchange has, or may have, addresses that senders can go to. @param index in seen_domain.mx */
bool sts_mx_counts(const struct seen_domain *d, const struct sts_verdict *v, size_t index);
/** Its name is covered, and every address passes. */
enum truth sts_mx_passes(const struct seen_domain *d, const struct sts_verdict *v, size_t index);

/** The policy came over TLS 1.2 or newer: nobody may speak what is older (RFC 8996). */
bool policy_is_fetched(const struct seen_policy *p);

/** Is there a record for which a policy has to be fetched: one in the lenient reading? */
bool sts_wants_policy(const struct seen_txt *txt);

/** The policy host's certificate: chain and dNSName (RFC 8461 section 3.3). Names go to `names`. */
enum truth policy_certificate_passes(const struct seen_policy *p, struct buf *names,
                                     struct name_verdict *name);
