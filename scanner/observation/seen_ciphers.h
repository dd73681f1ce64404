#pragma once

/**
 * Which cipher suites a server accepts in each TLS version: what --probes ciphers found out
 * (scanner/tls/cipher_plan.h says how). Plain data; words are part of the output.
 */

#include <stdbool.h>
#include <stdint.h>

#define ACCEPTED_SUITES_MAX 127 /* of one version: as many as one ClientHello offers */

/** How the list of one version ended. */
#define CIPHER_ENDS(X)                                                                         \
    X(NOT_ASKED, "")        /* the version is not accepted, or the plan was over before */     \
    X(COMPLETE, "complete") /* it accepts these, and refused all others that are offered */    \
    X(NONE, "none") /* it refused them all: the version is not spoken, or with other suites */ \
    X(INCONCLUSIVE, "inconclusive") /* it accepts these, and perhaps more: it went silent */   \
    X(UNOFFERED, "unoffered")       /* the same: it chose a suite that was not offered */      \
    X(TRUNCATED, "truncated")       /* the same: one of our bounds on sessions and time was met */

enum cipher_end {
#define X(name, word) CIPHERS_##name,
    CIPHER_ENDS(X)
#undef X
    CIPHER_END_COUNT
};

/** Who decides which of several suites is taken. */
#define CIPHER_ORDERS(X)                                                  \
    X(UNKNOWN, "unknown") /* not settled, or there is nothing to order */ \
    X(SERVER, "server")   /* the suites are in the server's own order */  \
    X(CLIENT, "client")   /* it takes the first that the client offers */

enum cipher_order {
#define X(name, word) CIPHER_ORDER_##name,
    CIPHER_ORDERS(X)
#undef X
    CIPHER_ORDER_COUNT
};

const char *cipher_end_word(enum cipher_end e);
const char *cipher_order_word(enum cipher_order o);

struct accepted_suites {
    uint16_t suite[ACCEPTED_SUITES_MAX]; /* in the order in which they were chosen */
    uint16_t unoffered;                  /* what was chosen instead, where `end` is UNOFFERED */
    uint8_t count;
    uint8_t end;      /* enum cipher_end */
    uint8_t order;    /* enum cipher_order */
    uint8_t sessions; /* made for it */
};

struct seen_ciphers {
    const struct accepted_suites *version; /* one for each, TLS 1.0 first; NULL: not asked */
    bool sni;       /* the ClientHellos carried the name of the first host dialled */
    bool truncated; /* a bound was met with questions left */
    uint8_t connections;
};
