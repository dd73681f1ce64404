#pragma once

/**
 * A server that answers ClientHellos by hand, up to TLS 1.2, with suites that no TLS library of today
 * has, or against the rules. It closes after its ServerHello: nobody can go on with it.
 */

#include "scanner/base/buf.h"

#define RAW_SUITES_MAX 8

#define LAB_PICKS(X)                                                      \
    X(OWN, "own")       /* the first of its own that the client offers */ \
    X(CLIENT, "client") /* the first of the client's that it has */       \
    X(FIXED, "fixed")   /* its first, whatever is offered */

enum lab_pick {
#define X(name, word) LAB_PICK_##name,
    LAB_PICKS(X)
#undef X
};

struct raw_suites {
    uint16_t suite[RAW_SUITES_MAX]; /* as it likes them */
    size_t count;
    enum lab_pick pick;
    uint8_t refusal; /* alert where nothing is shared; 0: it closes */
};

/** What a ClientHello offers, RFC 8446 section 4.1.2; borrowed from it. */
struct offer {
    struct span sni;    /* host_name of server_name; empty: none */
    struct span suites; /* two octets each */
    uint16_t version;   /* the highest */
};

/** "0005,000a" @return false: no such list. */
bool raw_suites_parse(struct raw_suites *r, const char *text);
/** Appends a ServerHello, an alert, or nothing. @param min, max what the server speaks, to 0x0303 */
void raw_suites_answer(const struct raw_suites *r, const struct offer *offer, uint16_t min,
                       uint16_t max, struct buf *out);
