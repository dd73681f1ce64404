#pragma once

#include "scanner/base/vocabulary.h"
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

#define STS_MODES(X)                                                       \
    X(STS_MODE_MISSING, NULL, NULL)                                        \
    X(STS_MODE_ENFORCE, "enforce", "do not deliver where the checks fail") \
    X(STS_MODE_TESTING, "testing", "deliver, and report failures")         \
    X(STS_MODE_NONE, "none", "as if there were no policy")                 \
    X(STS_MODE_BAD, NULL, NULL)

enum sts_mode {
    STS_MODES(ENUMERATOR)
};

VOCABULARY(sts_mode, enum sts_mode);

/** Words are part of evidence. Those marked E make the policy invalid in both readings. */
#define STS_POLICY_FAULTS(X)                                                                      \
    X(STS_POLICY_SYNTAX, "syntax", "a line that is not a key, a colon and a value")   /* E */     \
    X(STS_POLICY_VERSION_MISSING, "version_missing", "no version")                    /* E */     \
    X(STS_POLICY_VERSION_BAD, "version_bad", "a version other than STSv1")            /* E */     \
    X(STS_POLICY_MODE_MISSING, "mode_missing", "no mode")                             /* E */     \
    X(STS_POLICY_MODE_BAD, "mode_bad", "a mode other than enforce, testing and none") /* E */     \
    X(STS_POLICY_MAX_AGE_MISSING, "max_age_missing", "no max_age")                    /* E */     \
    X(STS_POLICY_MAX_AGE_BAD, "max_age_bad",                                                      \
      "max_age is not a number of at most ten digits") /* E */                                    \
    X(STS_POLICY_MAX_AGE_OVER_MAX, "max_age_over_max", "max_age is over 31,557,600 seconds")      \
    X(STS_POLICY_MAX_AGE_SHORT, "max_age_short", "max_age is under a day")                        \
    X(STS_POLICY_MX_MISSING, "mx_missing",                                                        \
      "no mx, although mode is not none") /* E, unless mode is none */                            \
    X(STS_POLICY_MX_EMAIL, "mx_email",                                                            \
      "mx is a mail address") /* E: the mx pattern faults, one word for each */                   \
    X(STS_POLICY_MX_TRAILING_DOT, "mx_trailing_dot", "mx ends with a dot")                        \
    X(STS_POLICY_MX_EMPTY, "mx_empty", "mx is empty")                                             \
    X(STS_POLICY_MX_BARE_STAR, "mx_bare_star", "mx is only an asterisk")                          \
    X(STS_POLICY_MX_LEADING_DOT, "mx_leading_dot", "mx begins with a dot")                        \
    X(STS_POLICY_MX_INNER_WILDCARD, "mx_inner_wildcard",                                          \
      "mx has an asterisk elsewhere than as its first label")                                     \
    X(STS_POLICY_MX_IP, "mx_ip", "mx is an IP address")                                           \
    X(STS_POLICY_MX_U_LABEL, "mx_u_label", "mx is not in A-label form")                           \
    X(STS_POLICY_MX_UNDERSCORE, "mx_underscore", "mx has an underscore")                          \
    X(STS_POLICY_MX_URL, "mx_url", "mx is a URL")                                                 \
    X(STS_POLICY_MX_PORT, "mx_port", "mx has a port")                                             \
    X(STS_POLICY_MX_SYNTAX, "mx_syntax", "mx is not a domain name for another reason") /* E */    \
    X(STS_POLICY_KEY_CASE, "key_case", "a known key in the wrong case")                           \
    X(STS_POLICY_DUPLICATE_KEY, "duplicate_key", "a key is repeated; the first one counts")       \
    X(STS_POLICY_UNKNOWN_KEY, "unknown_key", "an unknown key (extension)")                        \
    X(STS_POLICY_BLANK_LINE, "blank_line", "a blank line")                                        \
    X(STS_POLICY_KEY_SPACE, "key_space", "white space before a key, or between it and the colon") \
    X(STS_POLICY_LAST_CR, "last_cr", "CR without LF at the end of the file")                      \
    X(STS_POLICY_EXTRA_CR, "extra_cr", "a line ends with CR CR LF") /* E */                       \
    X(STS_POLICY_BOM, "bom", "a byte order mark at the beginning")                                \
    X(STS_POLICY_HTML, "html", "an HTML page")                  /* E */                           \
    X(STS_POLICY_EMPTY_BODY, "empty_body", "the body is empty") /* E */                           \
    X(STS_POLICY_TOO_MANY_MX, "too_many_mx", "more mx lines than are recorded")

enum sts_policy_fault {
    STS_POLICY_FAULTS(ENUMERATOR) STS_POLICY_FAULT_COUNT
};

VOCABULARY(sts_policy_fault, enum sts_policy_fault);

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
