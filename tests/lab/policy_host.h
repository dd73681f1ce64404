#pragma once

/**
 * One policy host of MTA-STS (mta-sts.<domain>, RFC 8461 section 3.3): how its name resolves, how it
 * speaks TLS and HTTP, and which policy it serves. Plain data, filled from the population or from a
 * hand-made case; the name server and the HTTPS server act on it, the expectation is read off it.
 */

#include "tests/lab/policy_text.h"
#include "tests/lab/service.h"

struct world;

#define POLICY_HOST_PREFIX        "mta-sts."
#define POLICY_HOST_PORT          443
#define POLICY_PATH               "/.well-known/mta-sts.txt"
#define POLICY_HOST_ADDRESSES_MAX 4

#define LAB_POLICY_HOSTINGS(X)                                               \
    X(SELF, "self")         /* a web server of the domain */                 \
    X(SHARED, "shared")     /* a web hoster's, without an alias */           \
    X(PROVIDER, "provider") /* an alias of a name below a policy provider */ \
    X(PARKED, "parked")     /* a registrar's wildcard: no policy host at all */

#define LAB_POLICY_DNS(X)   \
    X(OK, "ok")             \
    X(NXDOMAIN, "nxdomain") \
    X(SERVFAIL, "servfail") \
    X(NO_ADDRESS, "nodata") \
    X(TARGET_GONE, "target-gone") /* the alias leads to a name that does not exist */

/* What comes for a request. */
#define LAB_HTTPS(X)                                                         \
    X(ANSWER, "answer")                                                      \
    X(SILENT, "silent") /* nothing */                                        \
    X(CLOSE, "close")                                                        \
    X(RESET, "reset")                                                        \
    X(GARBAGE, "garbage")             /* another protocol */                 \
    X(BAD_STATUS, "bad-status")       /* a status line without a status */   \
    X(BAD_FIELD, "bad-field")         /* a header line without a colon */    \
    X(HALF_HEAD, "half-head")         /* half of the head, then nothing */   \
    X(HALF_CLOSE, "half-close")       /* half of the head, then closed */    \
    X(HEADER_FLOOD, "header-flood")   /* header lines without end */         \
    X(LONG_HEADER, "long-header")     /* one header line of 20,000 octets */ \
    X(INTERIM, "interim")             /* 103 in front of the answer */       \
    X(ENDLESS_INTERIM, "endless-1xx") /* 103 again and again */

/* Where the body of an answer ends, RFC 9112 section 6.3. */
#define LAB_FRAMINGS(X)                                                       \
    X(LENGTH, "length")                                                       \
    X(CHUNKED, "chunked")                                                     \
    X(CLOSE, "close")         /* no length: it ends with the connection */    \
    X(TOO_LONG, "too-long")   /* a Content-Length of 100 octets more */       \
    X(CHUNK_CUT, "chunk-cut") /* chunked, closed before the last chunk */     \
    X(ENDLESS, "endless")     /* no length, and the text again and again */   \
    X(SLOW, "slow")           /* Content-Length, and one octet a second */    \
    X(STALLED, "stalled")     /* Content-Length, half of the body, nothing */ \
    X(CHUNKED_ENDLESS, "chunked-endless")                                     \
    X(TWO_LENGTHS, "two-lengths") /* Content-Length twice, not the same */    \
    X(GZIP, "gzip")               /* Transfer-Encoding: gzip, chunked */      \
    X(TEN_GB, "10gb")             /* is announced, and sent */                \
    X(HUGE_CHUNK, "huge-chunk")   /* of 2^63 octets */                        \
    X(BAD_CHUNK, "bad-chunk")     /* its length is no number */               \
    X(TRAILERS, "trailers")       /* behind the last chunk, without end */

enum lab_policy_hosting {
#define X(name, word) LAB_POLICY_##name,
    LAB_POLICY_HOSTINGS(X)
#undef X
};
enum lab_policy_dns {
#define X(name, word) LAB_POLICY_DNS_##name,
    LAB_POLICY_DNS(X)
#undef X
};
enum lab_http {
#define X(name, word) LAB_HTTP_##name,
    LAB_HTTPS(X)
#undef X
};
enum lab_framing {
#define X(name, word) LAB_FRAMING_##name,
    LAB_FRAMINGS(X)
#undef X
};

struct policy_host {
    char name[LAB_NAME_MAX];
    enum lab_policy_hosting hosting;
    uint32_t provider; /* PROVIDER: index in the parameters */
    bool opted_out;    /* a former customer, as the provider deals with them */
    /* DNS */
    enum lab_policy_dns dns;
    char alias[LAB_NAME_MAX]; /* the name is an alias of this one; empty: none */
    struct net_addr addresses[POLICY_HOST_ADDRESSES_MAX];
    size_t address_count;
    /* TLS: of `server`, only what concerns TLS counts; `plain` is the certificate it shows */
    struct service server;
    /* HTTP */
    enum lab_http http;
    uint16_t status;    /* 200 unless set */
    char location[200]; /* of a 3xx; "$H" stands for the name */
    char media[100];    /* Content-Type; empty: none is sent */
    enum lab_framing framing;
    struct policy_text text;
};

/** A policy host that does everything right, with nothing said about name, addresses, certificate and
 * policy. */
void policy_host_init(struct policy_host *h);
/** Sets one property by its word, also those of service_set() and policy_text_set().
 * @return false when the key or the word is unknown. */
bool policy_host_set(struct policy_host *h, const char *key, const char *value);

const char *lab_policy_hosting_word(enum lab_policy_hosting h);
const char *lab_policy_dns_word(enum lab_policy_dns d);
const char *lab_http_word(enum lab_http h);
const char *lab_framing_word(enum lab_framing f);
