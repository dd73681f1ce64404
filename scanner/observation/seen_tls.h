#pragma once

#include "scanner/base/span.h"

#define TLS_LIST_MAX \
    (256U << 10)          /* octets of a presented certificate list that are kept; our own bound */
#define TLS_CERTS_MAX 100 /* certificates of a list that are kept; our own bound */
/* Octets of a Certificate message that are read: where the limit of the list stands against the octets
 * around it in a TLS 1.3 message, OCSP and SCT of each certificate; our own bound. */
#define TLS_CERTIFICATE_MESSAGE_MAX (TLS_LIST_MAX + 64 * 1024)
/* What a peer may send in one session before we end it; our own bounds. A handshake takes eight
 * messages, and what follows are tickets and key updates (RFC 8446 section 4.6). */
#define SESSION_OCTETS_MAX     (TLS_LIST_MAX + (1U << 20)) /* on the wire, TLS or not */
#define HANDSHAKE_MESSAGES_MAX 64                          /* in the handshake and behind it */
/* Octets that one peer gets read before the others have their turn; our own bound. */
#define SESSION_TURN_OCTETS (16U << 10)

/** What one TLS handshake showed. Plain data; spans live as long as the handshake that filled it. */
struct seen_tls {
    bool completed; /* both Finished messages were exchanged; with `short_flight` not quite */
    /* We ended it behind the server's flight (no-sni-short). That it would have been completed rests on a
     * whole handshake with SNI that showed the same leaf. */
    bool short_flight;
    bool client_cert_requested;
    bool ems;                  /* extended master secret, RFC 7627 (TLS <= 1.2) */
    bool secure_reneg;         /* RFC 5746 (TLS <= 1.2) */
    bool unknown_name_warning; /* warning alert unrecognized_name, RFC 6066 section 3 */
    bool ocsp_stapled;
    bool sct_in_tls;
    bool list_truncated;       /* over TLS_LIST_MAX or TLS_CERTS_MAX */
    bool list_malformed;       /* lengths of the Certificate message do not add up */
    uint16_t version;          /* 0x0301..0x0304, RFC 8446 section 4.2.1; 0: no ServerHello seen */
    uint16_t cipher;           /* IANA cipher suite; 0: none */
    uint16_t group;            /* IANA named group; 0: none (static RSA) or unknown */
    uint16_t dh_bits;          /* size of a finite-field DH key, 0: none */
    uint16_t signature_scheme; /* of the server's key exchange or CertificateVerify, 0: unknown */
    int16_t
        alert_received;  /* -1: none; else the description of the fatal alert, RFC 8446 section 6 */
    int16_t alert_sent;  /* -1: none */
    uint32_t error_code; /* OpenSSL's reason code of the failure, 0: none */
    char error_text[96]; /* its text, or which bound of ours was passed; "" when none */
    int32_t ms;          /* ClientHello to the end; -1: not measured */
    /* The list as presented, RFC 8446 section 4.4.2 or RFC 5246 section 7.4.2: each entry is a
     * 24-bit big-endian length and the DER, in the order sent. */
    struct span list;
    uint32_t cert_count;
    /* The body of the Certificate message, which is what clients limit; 0: none was seen. More
     * than TLS_CERTIFICATE_MESSAGE_MAX: that or more, and nothing of it was read. */
    uint32_t certificate_octets;
    uint8_t chain_id
        [32]; /* SHA-256 over the SHA-256 digests in the order sent; zero when no certificate */
    uint8_t leaf_sha256[32]; /* of the first certificate; zero when no certificate */
};
