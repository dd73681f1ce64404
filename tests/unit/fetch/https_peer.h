#pragma once

/**
 * A web server that follows a script, on 127.0.0.1: a process of its own, and one more for each
 * connection, so that it may block, hold OpenSSL's server side, and end anyhow.
 */

#include <stdatomic.h>
#include <sys/types.h>

#include "tests/support/test_ca.h"

#define HTTPS_STARTS_MAX 64

enum https_act {
    END,          /* the end of a script: waits until the client is gone */
    TLS,          /* the server's side of a handshake */
    HEAR,         /* a request, to the empty line */
    SAY,          /* octets; through TLS once there is TLS */
    FILL,         /* `number` octets */
    FLOOD,        /* `text` over and over, until the client is gone; its length or `number` */
    KEY_UPDATES,  /* RFC 8446 section 4.6.3, over and over */
    TICKETS,      /* RFC 8446 section 4.6.1, the same */
    RENEGOTIATE,  /* HelloRequests, RFC 5246 section 7.4.1.1, the same */
    DRIP,         /* `text` over and over, an octet each 10 ms */
    PAUSE,        /* `number` ms */
    CLOSE_NOTIFY, /* RFC 8446 section 6.1 */
    CLOSE,        /* FIN */
    RESET,        /* RST */
    ONCE, /* the first connection takes the next `number` steps, all others leave them out */
};

struct https_step {
    enum https_act act;
    const char *text;
    size_t number;
};

struct https_peer_params {
    const struct https_step *steps;
    X509 *const *list; /* as sent, the leaf first */
    size_t list_count;
    EVP_PKEY *key;
    int max_version;  /* 0: any */
    bool want_client; /* insists on a certificate of the client */
};

/** In memory shared with the server. */
struct https_record {
    atomic_uint connections;
    atomic_int open;
    atomic_int open_max;
    _Atomic uint64_t starts_ns[HTTPS_STARTS_MAX];
    char request[2048]; /* of the last connection, as the next */
    char sni[256];
    char client[64]; /* its address */
};

struct https_peer {
    pid_t pid;
    uint16_t port;
    struct https_record *record;
};

struct https_peer https_peer_start(const struct https_peer_params *params);
void https_peer_stop(struct https_peer *p);
/** A port of 127.0.0.1 where nobody listens. */
uint16_t closed_port(void);
