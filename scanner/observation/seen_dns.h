#pragma once

#include "scanner/base/net_addr.h"
#include "scanner/base/vocabulary.h"

/** What came of one DNS question. Words are part of the output. */
#define DNS_STATES(X)                                                                            \
    X(DNS_NOT_ASKED, "not_asked", "no query was sent: there was no reason to")                   \
    X(DNS_DATA, "data", "an answer with records")                                                \
    X(DNS_NODATA, "nodata", "NOERROR without a record of the type (RFC 2308 section 2.2)")       \
    X(DNS_NXDOMAIN, "nxdomain", "the name does not exist (RFC 2308 section 2.1)")                \
    X(DNS_SERVFAIL, "servfail", "SERVFAIL, also with CD=1")                                      \
    X(DNS_BOGUS, "bogus",                                                                        \
      "SERVFAIL, but an answer with CD=1, whose data is kept (RFC 4035 section 4.7)")            \
    X(DNS_REFUSED, "refused", "the resolver refuses this client: REFUSED, or a referral")        \
    X(DNS_OTHER_RCODE, "other_rcode", "another response code of the resolver; see rcode")        \
    X(DNS_TIMEOUT, "timeout", "no answer from any server")                                       \
    X(DNS_MALFORMED, "malformed", "an answer that cannot be parsed")                             \
    X(DNS_CNAME_LOOP, "cname_loop", "a loop of CNAMEs")                                          \
    X(DNS_CNAME_LIMIT, "cname_limit",                                                            \
      "more CNAME records than this program (16) or the resolver follows: the end of the chain " \
      "is not known")                                                                            \
    X(DNS_NAME_INVALID, "name_invalid",                                                          \
      "a name that cannot be queried (RFC 1035 section 2.3.4), or that a DNAME makes too long "  \
      "(RFC 6672 section 2.2)")                                                                  \
    X(DNS_LOCAL_FAULT, "local_fault",                                                            \
      "local error: no socket, no way to the resolver, or none configured")

enum dns_state {
    DNS_STATES(ENUMERATOR) DNS_STATE_COUNT
};

VOCABULARY(dns_state, enum dns_state);

/** What there is was not found out, by a failure that may pass or by a limit of ours: never "there is no
 * such record" (RFC 5321 section 5.1). */
static inline bool dns_state_is_temporary(enum dns_state s)
{
    return s == DNS_SERVFAIL || s == DNS_BOGUS || s == DNS_REFUSED || s == DNS_OTHER_RCODE ||
           s == DNS_TIMEOUT || s == DNS_MALFORMED || s == DNS_CNAME_LIMIT || s == DNS_LOCAL_FAULT;
}

/**
 * It says nothing of the name that was asked for. REFUSED, NOTIMP and FORMERR are what the asked server says of
 * the query and of whoever sends it (RFC 1035 section 4.1.1), and that is the resolver: what the servers of a zone
 * answer so, it passes on as SERVFAIL (RFC 8914 section 4.23).
 */
static inline bool dns_state_is_ours(enum dns_state s)
{
    return s == DNS_LOCAL_FAULT || s == DNS_REFUSED || s == DNS_OTHER_RCODE;
}

/** No answer, or none but an error of all servers: it may pass, so it is asked again before it is believed. */
static inline bool dns_state_is_failure(enum dns_state s)
{
    return s == DNS_TIMEOUT || s == DNS_SERVFAIL || dns_state_is_ours(s);
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
