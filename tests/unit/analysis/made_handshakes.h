#pragma once

/** A made-up endpoint with its handshakes: with SNI, without, and with the other kind of key. */

#include "scanner/base/buf.h"
#include "scanner/observation/seen_target.h"

/** A certificate in short; leaves differ when their `id` does. */
struct made_leaf {
    uint8_t id;      /* 0: none was presented */
    const char *dns; /* "a.test b.test"; NULL: none */
    const char *cn;
    uint8_t status;  /* enum chain_status of its list */
    bool unreadable; /* octets that are no certificate */
};

struct made_handshakes {
    const char *host;       /* NULL: mx.example.com */
    const char *ehlo;       /* first line of the reply; NULL: none */
    struct made_leaf leaf;  /* with SNI */
    struct made_leaf plain; /* without */
    struct made_leaf other; /* with the other kind of key */
    uint8_t outcome;        /* enum session_outcome; 0 (not tested): no session */
    uint8_t no_sni_outcome;
    int16_t alert; /* 0: none */
    bool warning;  /* unrecognized_name */
    bool unstable;
    bool inherited; /* the session is the service's, without SNI */
    bool other_asked;
};

/** Storage of what `seen` points to. */
struct made_target {
    struct seen_endpoint seen;
    struct seen_session result;
    struct seen_session other;
    struct buf list;
    struct buf other_list;
    struct buf no_sni_names;
};

void made_target_fill(struct made_target *t, const struct made_handshakes *from);
void made_target_free(struct made_target *t);
