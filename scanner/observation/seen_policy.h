#pragma once

#include "scanner/base/vocabulary.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_dns.h"
#include "scanner/observation/seen_tls.h"
#include "scanner/observation/verdict.h"

#define POLICY_BODY_MAX      (64U << 10) /* octets, RFC 8461 section 3.3 */
#define POLICY_HEAD_MAX      (16U << 10) /* octets of the HTTP head; our own bound */
#define POLICY_FIELD_MAX     1024 /* octets of one field value that are kept; our own bound */
#define POLICY_DIALLED_MAX   4    /* addresses tried, the next after a failure of TCP only */
#define POLICY_ATTEMPTS_MAX  8    /* each of them a second time, if the connection was lost */
#define POLICY_ADDRESSES_MAX 16   /* kept of both families together; our own bound */

/** How far the fetch of a policy came (RFC 8461 section 3.3). The stage is in the word. */
#define POLICY_FETCHES(X)                                                                          \
    X(POLICY_FETCH_NOT_ASKED, "not_asked", "there is no record that asks for it")                  \
    X(POLICY_FETCH_DNS_NXDOMAIN, "dns_nxdomain", "the policy host does not exist")                 \
    X(POLICY_FETCH_DNS_NO_ADDRESS, "dns_no_address", "it has no address")                          \
    X(POLICY_FETCH_DNS_FAILED, "dns_failed", "its addresses could not be looked up")               \
    X(POLICY_FETCH_NOT_DIALLED, "not_dialled",                                                     \
      "no connection is allowed to any of its addresses; see not_tested")                          \
    X(POLICY_FETCH_TCP_REFUSED, "tcp_refused", "the connection was refused")                       \
    X(POLICY_FETCH_TCP_TIMEOUT, "tcp_timeout", "no answer to the connection request in time")      \
    X(POLICY_FETCH_TCP_RESET, "tcp_reset", "the connection was reset")                             \
    X(POLICY_FETCH_TCP_UNREACHABLE, "tcp_unreachable",                                             \
      "the network reports that the address cannot be reached")                                    \
    X(POLICY_FETCH_TLS_TIMEOUT, "tls_timeout", "no answer during the handshake in time")           \
    X(POLICY_FETCH_TLS_CLOSED, "tls_closed", "closed or reset during the handshake")               \
    X(POLICY_FETCH_TLS_ALERT, "tls_alert",                                                         \
      "the server ended the handshake with a fatal alert; see alert_received in handshake")        \
    X(POLICY_FETCH_TLS_NO_SHARED_VERSION, "tls_no_shared_version", "no TLS version in common")     \
    X(POLICY_FETCH_TLS_FAILED, "tls_failed", "another TLS failure; see error_text in handshake")   \
    X(POLICY_FETCH_HTTP_TIMEOUT, "http_timeout", "no complete response header in time")            \
    X(POLICY_FETCH_HTTP_CLOSED, "http_closed",                                                     \
      "closed or reset before the end of the response header")                                     \
    X(POLICY_FETCH_HTTP_MALFORMED, "http_malformed", "the data is not an HTTP/1.x response")       \
    X(POLICY_FETCH_HTTP_HEAD_TOO_LARGE, "http_head_too_large",                                     \
      "the response header is longer than 16 KiB")                                                 \
    X(POLICY_FETCH_HTTP_REDIRECT, "http_redirect",                                                 \
      "a redirect, which must not be followed (RFC 8461 section 3.3)")                             \
    X(POLICY_FETCH_HTTP_STATUS, "http_status", "a status other than 200")                          \
    X(POLICY_FETCH_BODY_TIMEOUT, "body_timeout",                                                   \
      "the body did not end in time: 60 s from the connection")                                    \
    X(POLICY_FETCH_BODY_TOO_LARGE, "body_too_large", "the body is longer than 64 KiB")             \
    X(POLICY_FETCH_BODY_TRUNCATED, "body_truncated", "fewer octets were received than announced")  \
    X(POLICY_FETCH_FETCHED, "fetched", "status 200 and a complete body, whatever the certificate") \
    X(POLICY_FETCH_INTERRUPTED, "interrupted", "the scan ended before")                            \
    X(POLICY_FETCH_LOCAL_FAULT, "local_fault", "local error: nothing is known about the server")

enum policy_fetch {
    POLICY_FETCHES(ENUMERATOR) POLICY_FETCH_COUNT
};

VOCABULARY(policy_fetch, enum policy_fetch);

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
