#pragma once

/**
 * A mail server that follows a script, on loopback and in the loop of the test: one connection,
 * with TLS by OpenSSL where the script says so.
 */

#include <openssl/ssl.h>
#include <uv.h>

#include "scanner/base/buf.h"
#include "tests/support/test_ca.h"

#define SMTP_PEER_STEPS_MAX 14

enum act {
    SILENT,       /* the end of a script: waits until the client is gone */
    SAY,          /* a line, CRLF is added; through TLS once there is TLS */
    HEAR,         /* waits for a line that begins with `text` */
    RAW,          /* octets as they are, past TLS */
    SWALLOW,      /* waits for octets, e.g. of a ClientHello, and ignores them */
    TLS,          /* the server's side of a handshake */
    TLS_1_2,      /* the same, where the server's Finished is the last of it */
    CLOSE_NOTIFY, /* RFC 8446 section 6.1 */
    CLOSE,        /* FIN */
    RESET,        /* RST */
    DRIP,         /* `text` octet by octet, over and over */
    FLOOD,        /* `text` over and over, as fast as the client reads; past TLS */
    FLOOD_TLS,    /* the same, through TLS */
    KEY_UPDATES,  /* RFC 8446 section 4.6.3, the same */
    TICKETS,      /* RFC 8446 section 4.6.1, the same */
    RENEGOTIATE,  /* HelloRequests, RFC 5246 section 7.4.1.1, the same */
    HOOK,         /* tells the test, which knows what `text` means */
};

struct step {
    enum act act;
    const char *text;
    size_t len; /* of RAW; of FLOOD, 0: that of the text */
};

struct smtp_peer {
    uv_loop_t *loop;
    uv_tcp_t listener;
    uv_tcp_t conn;
    uv_timer_t drip;
    uv_check_t one_octet;
    uv_idle_t flood;
    const struct step *steps;
    size_t at; /* the step under way */
    bool octetwise;
    bool accepted;
    bool over; /* the connection was closed, by either side */
    bool eof;  /* by the client, in order */
    SSL_CTX *ctx;
    SSL *ssl; /* NULL before TLS */
    BIO *in;
    BIO *out;
    bool tls_done;
    char sni[256];
    struct buf heard;   /* decrypted, not yet matched */
    struct buf pending; /* to be sent octet by octet, or in a flood */
    size_t sent;        /* of `pending` */
    size_t drip_at;
    size_t received; /* octets on the wire */
    char wrong[128]; /* a line that was not the one to HEAR; "" when none */
    void (*hook)(void *arg, const char *text);
    void *hook_arg;
};

/** Listens on a free port of 127.0.0.1. `octetwise`: every octet is a segment of its own. */
uint16_t smtp_peer_start(struct smtp_peer *p, uv_loop_t *loop, const struct step *steps,
                         const struct test_cert *cert, bool octetwise);
/** No more accepting; a connection that is open stays until the client is gone. */
void smtp_peer_stop(struct smtp_peer *p);
/** After the loop ran empty. */
void smtp_peer_deinit(struct smtp_peer *p);
