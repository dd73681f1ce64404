#pragma once

/**
 * Fetches MTA-STS policies: GET https://POLICY_HOST/.well-known/mta-sts.txt, many at once, over
 * libcurl's multi interface (RFC 8461 section 3.3); or other small files by their http URLs (RFC 5280
 * section 4.2.2.1), with the same care. An actor without a thread of its own:
 *
 *     struct policy_fetcher *f = policy_fetcher_new(&params);
 *     policy_fetcher_add(f, &target, tag);
 *     while (policy_fetcher_pending(f) > 0) {
 *         policy_fetcher_run(f, 1000);     // calls done() for each that finished
 *     }
 *     policy_fetcher_free(f);
 *
 * One thread owns it and makes all calls; only policy_fetcher_wake() may come from another.
 *
 * HTTP/1.1 only; SNI and Host are the policy host; no redirect is followed, no proxy is used, no
 * connection used twice, nothing is cached, no compression is asked for. A connection goes to the
 * address that was given and nowhere else: no name is ever resolved here. A certificate never ends a
 * fetch: the list is recorded as sent and judged elsewhere. What the peer does is data.
 *
 * Politeness: at an address no more connections at once and no more starts a second than the
 * parameters say, in its /24 or /48 no more connections at once; addresses take turns. What may
 * not start yet waits in line at its address and costs nothing meanwhile. Who is next asks for a permit, if
 * others connect to these addresses too, and keeps its place here and one connection until it comes.
 *
 * A peer gets SESSION_TURN_OCTETS read in a turn, and what it may send altogether is bounded also
 * within the handshake: a flood neither holds the thread nor makes others late.
 *
 * A connection that is lost before the request (a timeout or a reset of TCP or TLS) may be chance: after a pause, which
 * holds no place, it is tried again, `retries` times as far as POLICY_ATTEMPTS_MAX has room. The last attempt counts.
 *
 * Bounds: a host under way holds POLICY_BODY_MAX of the body, TLS_LIST_MAX of certificates here
 * and as much again in OpenSSL, and what libcurl takes for a line of the head (100 KiB); one that
 * waits, its name and addresses; an address that was dialled, some 200 octets until the end.
 *
 * Before, once a process and before any thread starts: hash_secret_init(), and
 * curl_global_init(CURL_GLOBAL_ALL) after tls_process_init(); curl_global_cleanup() at the end.
 * OpenSSL objects are made in the default library context of the owning thread. The faster public
 * keys (scanner/tls/fast_public_key.h) may be on: a client is all that this is.
 */

#include "scanner/base/net_addr.h"
#include "scanner/observation/seen_policy.h"

struct policy_fetcher;

/** One address that may be dialled for a host. */
struct policy_address {
    struct net_addr address;      /* for limits and records */
    struct net_addr dial_address; /* where the connection really goes (--address-map) */
    uint16_t dial_port;
    struct net_addr local; /* our address; family 0: the system chooses */
};

struct policy_target {
    const char *policy_host; /* copied; an A-label name without a trailing dot */
    const char *url;         /* copied; NULL: that of its policy. Its host is `policy_host` */
    struct policy_address addresses[POLICY_DIALLED_MAX]; /* in the order to be tried */
    size_t address_count;                                /* at least 1 */
};

/** `seen` and what its spans point to are valid during the call only. Its DNS fields (a, aaaa,
 * cnames, addresses, chain) are left zero. policy_fetcher_add() may be called from inside. */
typedef void (*policy_done_fn)(void *arg, void *tag, const struct seen_policy *seen);

/** Who else knows of connections to an address is asked before each one begins, and told when it is over. A
 * permit that is not needed any more is returned too. @param fetch its number, another for each attempt */
typedef void (*policy_permit_fn)(void *arg, uint64_t fetch, const struct net_addr *address);

/** Plain data, copied. */
struct policy_fetcher_params {
    const char *user_agent; /* copied; NULL: none is sent */
    uint32_t connect_timeout_ms;
    uint32_t tls_timeout_ms;
    uint32_t head_timeout_ms; /* from the request to the end of the head */
    uint32_t
        total_timeout_ms; /* of all attempts without a pause in between, without waiting in line */
    uint64_t
        first_fetch; /* fetches are numbered from the next on: others may have permits at the same places */
    uint32_t retries;        /* second chances after a timeout or a reset before HTTP */
    uint32_t retry_pause_ms; /* before each */
    uint32_t address_limit;  /* connections to an address at once; 0: no limit, as the next */
    uint32_t network_limit;  /* to a network (net_addr_network()) at once */
    double address_rate;     /* starts a second and address; may be below 1 */
    bool plain;              /* http: without TLS; then every target has a URL */
    uint32_t concurrency;    /* connections at once; 0: POLICY_CONCURRENCY */
    uint32_t fresh;          /* of these, younger than POLICY_FRESH_MS; 0: POLICY_FRESH */
    policy_done_fn done;
    policy_permit_fn want_permit; /* NULL: nobody is asked; answered by policy_fetcher_permit() */
    policy_permit_fn return_permit;
    void *arg;
};

/* A host that answers is done within some round trips; who is silent waits for his timeout, and
 * that costs nothing but two descriptors and memory. So the young ones, which are work, have few places,
 * and the old ones many: the silent do not keep the others from being asked. */
#define POLICY_FRESH           64   /* younger than POLICY_FRESH_MS at once */
#define POLICY_FRESH_MS        500U /* from connect(); two or three round trips round the world */
#define POLICY_CONCURRENCY     512  /* connections at once, fresh or not, unless told otherwise */
#define POLICY_CONCURRENCY_MAX 1024 /* each turn looks at all that are under way */

struct policy_fetcher *policy_fetcher_new(const struct policy_fetcher_params *params);
/** Whatever is pending ends without a call of done(). NULL is allowed. */
void policy_fetcher_free(struct policy_fetcher *f);

/** Puts a host in line; `tag` comes back with the result. Starts nothing yet. */
void policy_fetcher_add(struct policy_fetcher *f, const struct policy_target *target, void *tag);
/** The answer to want_permit(). One that no fetch waits for or holds is returned. */
void policy_fetcher_permit(struct policy_fetcher *f, uint64_t fetch,
                           const struct net_addr *address);
/** Does what can be done, waits at most `timeout_ms` for more to do, and does that; calls done()
 * for each host that finished. Returns early on policy_fetcher_wake(). */
void policy_fetcher_run(struct policy_fetcher *f, uint32_t timeout_ms);
/** From any thread: ends the wait in policy_fetcher_run(), the next one if there is none now. */
void policy_fetcher_wake(struct policy_fetcher *f);
/** Connections begun so far. */
uint64_t policy_fetcher_dialled(const struct policy_fetcher *f);
/** Hosts added and not done. */
size_t policy_fetcher_pending(const struct policy_fetcher *f);
/** Ends all that is pending, with INTERRUPTED; done() is called for each from inside. */
void policy_fetcher_abort_all(struct policy_fetcher *f);
