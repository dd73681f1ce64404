#pragma once

/** An OpenSSL server over memory, for handshakes of ours inside one process. */

#include <openssl/ssl.h>

#include "scanner/tls/handshake.h"
#include "tests/support/test_ca.h"

struct peer_params {
    int min_version; /* 0: any */
    int max_version;
    const char *suites;    /* cipher list for TLS <= 1.2; NULL: all */
    const char *suites_13; /* of TLS 1.3; NULL: OpenSSL's */
    const char *groups;    /* NULL: OpenSSL's */
    unsigned fragment;     /* octets in a record at most; 0: OpenSSL's */
    const struct test_cert *leaf;
    const struct test_cert *second_leaf; /* with another kind of key; NULL: none */
    X509 *const *further;                /* sent behind the leaf, in this order */
    size_t further_count;
    bool ask_client; /* CertificateRequest */
    bool insist;     /* and no client without a certificate is served */
    uint64_t options;
    const char *staple; /* octets sent as OCSP response; NULL: none */
    bool lever;         /* the client has fast public keys: off while the server works */
};

struct peer {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in;
    BIO *out;
    bool lever;
    char sni[256]; /* as asked for; "" when none was */
};

void peer_init(struct peer *p, const struct peer_params *params);
void peer_deinit(struct peer *p);
/** Gives `in` to the server, goes on with its handshake, and appends what it sends to `out`. */
void peer_step(struct peer *p, struct span in, struct buf *out);
/** Octets to be sent inside TLS. */
void peer_write(struct peer *p, struct span plain, struct buf *out);
/** close_notify. */
void peer_shutdown(struct peer *p, struct buf *out);
void peer_read(struct peer *p, struct span in, struct buf *plain);

/** Lets both talk until the client has decided or waits in vain; what goes to the client is
 * handed over in parts of `part` octets. */
enum handshake_status peer_run(struct peer *p, struct handshake *h, size_t part);
/** Feeds `in` in parts of `part` octets until decided. `out` gets what the client answers. */
enum handshake_status feed_parts(struct handshake *h, struct span in, size_t part, struct buf *out);
