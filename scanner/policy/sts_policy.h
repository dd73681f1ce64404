#pragma once

#include "scanner/policy/sts_reading.h"

/**
 * The body of an MTA-STS policy (RFC 8461 section 3.2): a pure function of octets. Spans of the result
 * borrow from the body.
 *
 * Strict is the grammar to the letter. Lenient is what senders still take: blank lines, a byte order
 * mark, white space in odd places, no or several line ends at the end. A policy that is valid in the
 * lenient reading is used by senders; strict tells how sure that is.
 *
 * Readers differ (sts_reading.h), which is why the quirks are told beside:
 * - A malformed mx pattern beside good ones makes the policy invalid in both readings: the grammar has
 *   no place for it.
 * - A max_age over the maximum is not strict; the maximum is part of section 3.2, and some refuse it. No
 *   digits or more than ten: valid in neither.
 * - A key that stands twice is not strict ("required once"); all but the first are passed over, read or
 *   not. A known key in another case is an unknown key, and only the missing one then is an error.
 */

#define STS_MX_PATTERNS_MAX 128 /* kept; our own bound, about what 64 KiB of real policies hold */
#define STS_FAULTS_MAX      32  /* kept; our own bound */
#define STS_MAX_AGE_LIMIT   31557600U /* seconds, RFC 8461 section 3.2 */

enum sts_mode {
    STS_MODE_MISSING,
    STS_MODE_ENFORCE,
    STS_MODE_TESTING,
    STS_MODE_NONE,
    STS_MODE_BAD
};

const char *sts_mode_word(enum sts_mode m); /* NULL for MISSING and BAD */

/** Words are part of evidence. Those marked E make the policy invalid in both readings. */
#define STS_POLICY_FAULTS(X)                                                                  \
    X(SYNTAX, "syntax")                     /* E: a line that is no "key: value" */           \
    X(VERSION_MISSING, "version_missing")   /* E */                                           \
    X(VERSION_BAD, "version_bad")           /* E: not STSv1 */                                \
    X(MODE_MISSING, "mode_missing")         /* E */                                           \
    X(MODE_BAD, "mode_bad")                 /* E */                                           \
    X(MAX_AGE_MISSING, "max_age_missing")   /* E */                                           \
    X(MAX_AGE_BAD, "max_age_bad")           /* E */                                           \
    X(MAX_AGE_OVER_MAX, "max_age_over_max") /* over 31557600 */                               \
    X(MAX_AGE_SHORT, "max_age_short")       /* under 86400 */                                 \
    X(MX_MISSING, "mx_missing")             /* E, unless mode is none */                      \
    X(MX_EMAIL, "mx_email")                 /* E: the mx pattern faults, one word for each */ \
    X(MX_TRAILING_DOT, "mx_trailing_dot")                                                     \
    X(MX_EMPTY, "mx_empty")                                                                   \
    X(MX_BARE_STAR, "mx_bare_star")                                                           \
    X(MX_LEADING_DOT, "mx_leading_dot")                                                       \
    X(MX_INNER_WILDCARD, "mx_inner_wildcard")                                                 \
    X(MX_IP, "mx_ip")                                                                         \
    X(MX_U_LABEL, "mx_u_label")                                                               \
    X(MX_UNDERSCORE, "mx_underscore")                                                         \
    X(MX_URL, "mx_url")                                                                       \
    X(MX_PORT, "mx_port")                                                                     \
    X(MX_SYNTAX, "mx_syntax")         /* E: any other fault of a pattern */                   \
    X(KEY_CASE, "key_case")           /* a known key in another case */                       \
    X(DUPLICATE_KEY, "duplicate_key") /* the first wins */                                    \
    X(UNKNOWN_KEY, "unknown_key")     /* an extension */                                      \
    X(BLANK_LINE, "blank_line")                                                               \
    X(KEY_SPACE, "key_space") /* white space before a key, or between it and the colon */     \
    X(LAST_CR, "last_cr")     /* CR without LF at the very end */                             \
    X(EXTRA_CR, "extra_cr")   /* E: CR CR LF */                                               \
    X(BOM, "bom")                                                                             \
    X(HTML, "html")               /* E: an HTML page; its lines are not read */               \
    X(EMPTY_BODY, "empty_body")   /* E: at most white space; its lines are not read */        \
    X(TOO_MANY_MX, "too_many_mx") /* more than are kept */

enum sts_policy_fault {
#define X(name, word) STS_POLICY_##name,
    STS_POLICY_FAULTS(X)
#undef X
    STS_POLICY_FAULT_COUNT
};

const char *sts_policy_fault_word(enum sts_policy_fault f);

struct sts_policy_finding {
    enum sts_policy_fault fault;
    uint32_t line; /* from 1; 0: the body as a whole */
    struct span text;
};

struct sts_policy {
    bool strict_valid;
    bool lenient_valid;
    bool readable;   /* STSv1, a mode, a max_age, an mx where one is needed: some readers take it */
    uint32_t quirks; /* bit n: enum sts_policy_quirk; those of the media type are not among them */
    enum sts_mode mode;
    bool has_max_age;
    uint64_t max_age;                    /* seconds as given, at most 10 digits */
    struct span mx[STS_MX_PATTERNS_MAX]; /* well-formed patterns only; as written */
    size_t mx_count;
    size_t mx_total; /* mx lines, also malformed ones */
    /* By line, what is missing (line 0) last. Faults marked E displace others: an invalid policy always
     * has its reason here. */
    struct sts_policy_finding fault[STS_FAULTS_MAX];
    size_t fault_count;
    bool faults_truncated;
};

void sts_policy_read(struct span body, struct sts_policy *out);
/** Does the pattern cover the name of an MX record (RFC 8461 section 4.1)? ASCII case does not matter. */
bool sts_pattern_matches(struct span pattern, struct span host);
