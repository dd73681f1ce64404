#pragma once

#include "scanner/base/span.h"

/**
 * The TXT records at _smtp._tls.<domain> (RFC 8460 section 3): pure functions of octets.
 *
 * Strict is the RFC to the letter, lenient what a forgiving sender could still send reports by, as in
 * sts_record.h. A valid record need not be so in the lenient reading, for the reason given there.
 */

#define TLS_RPT_URIS_MAX 16 /* kept; our own bound */

#define TLS_RPT_FAULTS(X)                                                                                     \
    X(UNRELATED) /* a record that is no TLSRPTv1 in any reading */                                            \
    X(MULTIPLE) /* more than one begins "v=TLSRPTv1;", or none and more than one the same with white space */ \
    X(NO_DELIMITER)           /* does not begin with the version and a semicolon */                           \
    X(SPACE_BEFORE_DELIMITER) /* white space before the semicolon of the only record: valid */                \
    X(QUOTED)                 /* quotes of its own around the value */                                        \
    X(ESCAPED)                /* a backslash before the semicolon */                                          \
    X(VERSION_CASE)                                                                                           \
    X(RUA_MISSING)                                                                                            \
    X(RUA_EMPTY)                                                                                              \
    X(RUA_SCHEME) /* neither mailto: nor https:, or a bare address */                                         \
    X(RUA_SYNTAX)                                                                                             \
    X(RUA_UNESCAPED) /* "!" in a URI, RFC 8460 section 3 */                                                   \
    X(EXTENSION_SYNTAX)                                                                                       \
    X(NON_ASCII)

enum tls_rpt_fault {
#define X(name) TLS_RPT_##name,
    TLS_RPT_FAULTS(X)
#undef X
    TLS_RPT_FAULT_COUNT
};

struct tls_rpt_records {
    size_t strict_count;
    size_t lenient_count;
    bool valid;         /* one by the letter, and it fits the grammar: the domain has TLS-RPT */
    bool lenient_valid; /* exactly one in the lenient reading, with a URI that names a domain */
    struct span rua[TLS_RPT_URIS_MAX]; /* borrowed; as written, of any scheme */
    size_t rua_count;
    uint32_t faults; /* bit n: enum tls_rpt_fault */
    struct span evidence[TLS_RPT_FAULT_COUNT];
};

static inline bool tls_rpt_have(const struct tls_rpt_records *r, enum tls_rpt_fault f)
{
    return (r->faults >> f & 1U) != 0;
}

void tls_rpt_records_read(const struct span *texts, size_t count, struct tls_rpt_records *out);
/** The domain that a URI sends reports to; empty when it has none. mailto: behind the last "@", https: the
 * host without its port; an address literal of IPv6 keeps its brackets. Borrowed from the URI. */
struct span tls_rpt_uri_domain(struct span uri);
