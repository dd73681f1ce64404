#pragma once

/**
 * The body of an MTA-STS policy (RFC 8461 section 3.2) as the lab writes it: a sound policy with at
 * most one fault of each sort.
 */

#include "scanner/base/buf.h"

#define POLICY_LINES_MAX    2048 /* octets of lines given by hand, with NUL */
#define POLICY_PATTERNS_MAX 512  /* octets of patterns given by hand, with NUL */
#define POLICY_OCTETS_MAX   65536

/* What is wrong with the text. */
#define LAB_POLICY_FAULTS(X)                                                         \
    X(NONE, "none")                                                                  \
    X(NO_VERSION, "no-version")                                                      \
    X(BAD_VERSION, "bad-version") /* STSv2 */                                        \
    X(NO_MODE, "no-mode")                                                            \
    X(BAD_MODE, "bad-mode") /* enforced */                                           \
    X(NO_MAX_AGE, "no-max-age")                                                      \
    X(BAD_MAX_AGE, "bad-max-age") /* 7d */                                           \
    X(NO_MX, "no-mx")                                                                \
    X(MX_EMAIL, "mx-email")                                                          \
    X(MX_TRAILING_DOT, "mx-trailing-dot")                                            \
    X(MX_EMPTY, "mx-empty")                                                          \
    X(MX_BARE_STAR, "mx-bare-star")                                                  \
    X(MX_LEADING_DOT, "mx-leading-dot")                                              \
    X(MX_INNER_WILDCARD, "mx-inner-wildcard")                                        \
    X(MX_IP, "mx-ip")                                                                \
    X(MX_U_LABEL, "mx-u-label")                                                      \
    X(MX_UNDERSCORE, "mx-underscore")                                                \
    X(MX_URL, "mx-url")                                                              \
    X(MX_PORT, "mx-port")                                                            \
    X(MX_SYNTAX, "mx-syntax")         /* two names in one line */                    \
    X(NO_COLON, "no-colon")           /* a line that is no field */                  \
    X(EMPTY, "empty")                 /* no octet at all */                          \
    X(HTML, "html")                   /* a page in place of the policy */            \
    X(KEY_CASE, "key-case")           /* "Mode:" */                                  \
    X(DUPLICATE_KEY, "duplicate-key") /* a second max_age with another value */      \
    X(UNKNOWN_KEY, "unknown-key")     /* an extension: no fault */                   \
    X(BLANK_LINE, "blank-line")       /* in the middle */                            \
    X(BLANK_END, "blank-end")         /* two line ends at the end */                 \
    X(NO_END, "no-end")               /* none: as the grammar allows */              \
    X(SPACES, "spaces")               /* behind the values: as the grammar allows */ \
    X(BOM, "bom")                                                                    \
    X(NUL, "nul")         /* a NUL in the middle */                                  \
    X(MANY_MX, "many-mx") /* two thousand more patterns */                           \
    X(EXACT_64K, "64k")   /* filled with an extension to 65,536 octets */            \
    X(OVER_64K, "64k+1")  /* one more */                                             \
    X(LATIN_1, "latin-1") /* octets in an extension that are no UTF-8 */

enum lab_policy_fault {
#define X(name, word) LAB_POLICY_FAULT_##name,
    LAB_POLICY_FAULTS(X)
#undef X
    LAB_POLICY_FAULT_COUNT
};

/* How the patterns relate to the MX of the domain; the classes are those of IMC25 figure 8. */
#define LAB_PATTERNS(X)                                                           \
    X(NAMES, "names")         /* the names of the MX */                           \
    X(WILDCARDS, "wildcards") /* "*." in place of the first label of each */      \
    X(TLD, "tld")             /* another top-level domain */                      \
    X(OTHER, "other")         /* other names altogether: obsolete MX */           \
    X(THIRD_LEVEL, "3ld")     /* the domain itself in front of the MX's */        \
    X(MTA_STS, "mta-sts")     /* the label mta-sts in front */                    \
    X(TYPO, "typo")           /* two letters changed places */                    \
    X(PARTIAL, "partial")     /* the first MX is missing; with one MX as OTHER */ \
    X(UNUSED, "unused")       /* as NAMES, and one more that covers no MX */      \
    X(UPPER, "upper")         /* as NAMES in upper case, RFC 8461 section 4.1 */

enum lab_patterns {
#define X(name, word) LAB_PATTERN_##name,
    LAB_PATTERNS(X)
#undef X
};

struct policy_text {
    char mode[16];
    char max_age[16];
    enum lab_patterns patterns;
    enum lab_policy_fault fault;
    bool lf;                         /* lines end with LF, else CRLF */
    char given[POLICY_PATTERNS_MAX]; /* patterns with commas between, in place of `patterns` */
    char lines[POLICY_LINES_MAX];    /* all lines, "|" between, in place of everything; "$D" is the
                                       * domain */
};

/** Sets mode, max-age, patterns, fault, eol (lf, crlf), mx (given), lines.
 * @return false when the key or the word is unknown. */
bool policy_text_set(struct policy_text *t, const char *key, const char *value);

/** Appends the policy. @param mx names of the domain's exchanges, without null MX. */
void policy_text_put(const struct policy_text *t, const char *domain, const char *const *mx,
                     size_t mx_count, struct buf *out);

const char *lab_policy_fault_word(enum lab_policy_fault f);
const char *lab_pattern_word(enum lab_patterns p);
/** Appends pattern `n` of `patterns` for these MX. @return false when there are no more. */
bool policy_pattern(const struct policy_text *t, const char *domain, const char *const *mx,
                    size_t mx_count, size_t n, struct buf *out);
