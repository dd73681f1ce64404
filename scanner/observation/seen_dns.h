#pragma once

#include "scanner/base/net_addr.h"

/** What came of one DNS question. Words are part of the output. */
#define DNS_STATES(X)                                                                       \
    X(NOT_ASKED, "not_asked")                                                               \
    X(DATA, "data")                                                                         \
    X(NODATA, "nodata") /* NOERROR without a record of the type, RFC 2308 section 2.2 */    \
    X(NXDOMAIN, "nxdomain")                                                                 \
    X(SERVFAIL, "servfail") /* and again with CD=1 */                                       \
    X(BOGUS, "bogus")       /* SERVFAIL, but an answer with CD=1; its data is kept */       \
    X(REFUSED, "refused")                                                                   \
    X(OTHER_RCODE, "other_rcode")                                                           \
    X(TIMEOUT, "timeout")     /* no answer from any server */                               \
    X(MALFORMED, "malformed") /* an answer that cannot be read */                           \
    X(CNAME_LOOP, "cname_loop")                                                             \
    X(CNAME_LIMIT, "cname_limit") /* more links than we, or the resolver, follow */         \
    X(NAME_INVALID,                                                                         \
      "name_invalid") /* cannot be asked: no name in the sense of RFC 1035 section 2.3.4 */ \
    X(LOCAL_FAULT, "local_fault") /* ours: no socket, no server configured */

enum dns_state {
#define X(name, word) DNS_##name,
    DNS_STATES(X)
#undef X
    DNS_STATE_COUNT
};

const char *dns_state_word(enum dns_state s);

/** What there is was not found out, by a failure that may pass or by a limit of ours: never "there is no
 * such record" (RFC 5321 section 5.1). */
static inline bool dns_state_is_temporary(enum dns_state s)
{
    return s == DNS_SERVFAIL || s == DNS_BOGUS || s == DNS_REFUSED || s == DNS_OTHER_RCODE ||
           s == DNS_TIMEOUT || s == DNS_MALFORMED || s == DNS_CNAME_LIMIT || s == DNS_LOCAL_FAULT;
}

#define DNS_NAME_TEXT_MAX 1024 /* octets with NUL: 255 octets of wire form, \DDD escapes included */

/* Links that are kept and followed inside one answer. Resolvers stop at 16 or earlier (BIND 9.18: 16,
 * Unbound: 11), so that more are a mistake. */
#define DNS_CNAME_MAX 16
/* A chain this long without a record or SOA at its end may be one that the resolver gave up: BIND's
 * max-query-restarts is 11. A shorter one is NODATA from a forwarder that keeps no SOA. */
#define DNS_CNAME_UNFINISHED 11

/** The header facts of one answer, without its records. */
struct seen_dns {
    uint8_t state; /* enum dns_state */
    uint8_t rcode; /* of the final answer, RFC 1035 section 4.1.1; 255: none */
    uint8_t cname_count;
    bool ad;            /* as answered; trust is judged elsewhere */
    bool rrsig_present; /* an RRSIG covering the type is in the answer */
    bool tcp;
    bool truncated; /* more records than the cap are not kept */
    int32_t ede;    /* first Extended DNS Error, RFC 8914; -1: none */
    uint32_t ttl;   /* smallest of the answer's records, seconds */
};
