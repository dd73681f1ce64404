#pragma once

#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_dns.h"
#include "scanner/observation/seen_tls.h"
#include "scanner/observation/verdict.h"

#define POLICY_BODY_MAX      (64U << 10) /* octets, RFC 8461 section 3.3 */
#define POLICY_HEAD_MAX      (16U << 10) /* octets of the HTTP head; our own bound */
#define POLICY_FIELD_MAX     1024 /* octets of one field value that are kept; our own bound */
#define POLICY_ATTEMPTS_MAX  4    /* addresses tried, the next after a failure of TCP only */
#define POLICY_ADDRESSES_MAX 16   /* kept of both families together; our own bound */

/** How far the fetch of a policy came (RFC 8461 section 3.3). The stage is in the word. */
#define POLICY_FETCHES(X)                                                                    \
    X(NOT_ASKED, "not_asked") /* no record asks for it */                                    \
    X(DNS_NXDOMAIN, "dns_nxdomain")                                                          \
    X(DNS_NO_ADDRESS, "dns_no_address")                                                      \
    X(DNS_FAILED, "dns_failed")   /* SERVFAIL, timeout and the like */                       \
    X(NOT_DIALLED, "not_dialled") /* no address may be dialled; see not_tested */            \
    X(TCP_REFUSED, "tcp_refused")                                                            \
    X(TCP_TIMEOUT, "tcp_timeout")                                                            \
    X(TCP_RESET, "tcp_reset")                                                                \
    X(TCP_UNREACHABLE, "tcp_unreachable")                                                    \
    X(TLS_TIMEOUT, "tls_timeout")                                                            \
    X(TLS_CLOSED, "tls_closed") /* closed or reset during the handshake */                   \
    X(TLS_ALERT, "tls_alert")   /* a fatal alert; see alert_received */                      \
    X(TLS_NO_SHARED_VERSION, "tls_no_shared_version")                                        \
    X(TLS_FAILED, "tls_failed")         /* another fault of TLS; see error_text */           \
    X(HTTP_TIMEOUT, "http_timeout")     /* no whole head in time */                          \
    X(HTTP_CLOSED, "http_closed")       /* closed or reset before the end of the head */     \
    X(HTTP_MALFORMED, "http_malformed") /* what came is no HTTP/1.x response */              \
    X(HTTP_HEAD_TOO_LARGE, "http_head_too_large")                                            \
    X(HTTP_REDIRECT, "http_redirect") /* 3xx: never followed (RFC 8461 section 3.3) */       \
    X(HTTP_STATUS, "http_status")     /* another status that is not 200 */                   \
    X(BODY_TIMEOUT, "body_timeout")                                                          \
    X(BODY_TOO_LARGE, "body_too_large")                                                      \
    X(BODY_TRUNCATED, "body_truncated") /* fewer octets than announced */                    \
    X(FETCHED, "fetched")               /* 200 and a whole body, whatever the certificate */ \
    X(INTERRUPTED, "interrupted")                                                            \
    X(LOCAL_FAULT, "local_fault") /* ours: no socket, no memory */

enum policy_fetch {
#define X(name, word) POLICY_FETCH_##name,
    POLICY_FETCHES(X)
#undef X
    POLICY_FETCH_COUNT
};

const char *policy_fetch_word(enum policy_fetch f);

/** One connection that was tried. */
struct policy_attempt {
    struct net_addr address;
    uint8_t outcome;    /* enum policy_fetch */
    int32_t connect_ms; /* -1: not connected */
    int32_t sys;        /* negative errno; 0: none */
};

/** One policy host (mta-sts.<domain>), asked once a scan. Plain data; spans are borrowed. */
struct seen_policy {
    struct span policy_host;
    struct seen_dns a;
    struct seen_dns aaaa;
    const struct span *cnames; /* links from the policy host on */
    size_t cname_count;
    const struct net_addr *addresses; /* sorted by net_addr_cmp */
    size_t address_count;
    enum policy_fetch outcome;
    enum not_tested_reason not_tested; /* when NOT_DIALLED */
    int64_t started_unix_ms;           /* 0: never dialled */
    int32_t tls_ms;      /* ClientHello to the end of the handshake; -1: not measured */
    int32_t total_ms;    /* connect() of the last attempt to the end; -1: never dialled */
    bool tls_attempted;  /* `tls` is meaningful */
    struct seen_tls tls; /* SNI is the policy host */
    uint16_t status;     /* of HTTP; 0: none */
    uint32_t head_octets;
    struct span location;     /* of a 3xx; at most POLICY_FIELD_MAX, as the next; empty: none */
    struct span content_type; /* as sent; empty: none */
    struct span body;         /* of a 200, at most POLICY_BODY_MAX */
    uint8_t body_sha256[32];  /* all zero: no body was read */
    struct chain_brief chain; /* verdict on tls.list */
    size_t attempt_count;
    struct policy_attempt attempts[POLICY_ATTEMPTS_MAX];
};
