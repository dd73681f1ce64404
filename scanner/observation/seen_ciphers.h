#pragma once

/**
 * Which cipher suites a server accepts in each TLS version: what --probes ciphers found out
 * (scanner/tls/cipher_plan.h says how). Plain data; words are part of the output.
 */

#include <stdbool.h>
#include <stdint.h>

#include "scanner/base/vocabulary.h"

#define ACCEPTED_SUITES_MAX 127 /* of one version: as many as one ClientHello offers */

/** How the list of one version ended. */
#define CIPHER_ENDS(X)                                                                            \
    X(CIPHERS_NOT_ASKED, "", NULL)                                                                \
    X(CIPHERS_COMPLETE, "complete",                                                               \
      "it accepts these, and rejected all others that are offered here")                          \
    X(CIPHERS_NONE, "none",                                                                       \
      "it rejected them all: it does not accept the version, or only with other cipher suites")   \
    X(CIPHERS_INCONCLUSIVE, "inconclusive",                                                       \
      "it accepts these, and perhaps others: there was no answer, no TLS, or too few answers to " \
      "tell a rejection from a fault")                                                            \
    X(CIPHERS_UNOFFERED, "unoffered",                                                             \
      "it accepts these, and perhaps others: it chose a cipher suite that was not offered, and "  \
      "was not asked again")                                                                      \
    X(CIPHERS_TRUNCATED, "truncated",                                                             \
      "it accepts these, and perhaps others: the limit on connections or on their time was "      \
      "reached")

enum cipher_end {
    CIPHER_ENDS(ENUMERATOR) CIPHER_END_COUNT
};

/** Who decides which of several suites is taken. */
#define CIPHER_ORDERS(X)                                                                      \
    X(CIPHER_ORDER_UNKNOWN, "unknown", "not found out, or there is only one")                 \
    X(CIPHER_ORDER_SERVER, "server", "the server\'s: the list is in its order of preference") \
    X(CIPHER_ORDER_CLIENT, "client",                                                          \
      "the client\'s: the server takes the first that the client offers")

enum cipher_order {
    CIPHER_ORDERS(ENUMERATOR) CIPHER_ORDER_COUNT
};

VOCABULARY(cipher_end, enum cipher_end);
VOCABULARY(cipher_order, enum cipher_order);

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
