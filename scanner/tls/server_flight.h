#pragma once

/**
 * What a server answers a ClientHello with, message by message, up to where it waits for us: an engine over the
 * octets of handshake messages, which are in clear (TLS 1.2) or were opened by the caller (TLS 1.3).
 *
 *     TLS 1.2: ServerHello, Certificate, CertificateStatus?, ServerKeyExchange?, CertificateRequest?,
 *              ServerHelloDone (RFC 5246 section 7.3)
 *     TLS 1.3: HelloRetryRequest?, ServerHello, EncryptedExtensions, CertificateRequest?, Certificate,
 *              CertificateVerify, Finished (RFC 8446 section 2)
 *
 * It notes what it reads and verifies nothing. Whatever else comes, or comes otherwise, is FELL: a whole
 * handshake is to look at it, older versions and groups that are not spoken here among them. No certificate is parsed.
 *
 * Bounds: a Certificate has TLS_CERTIFICATE_MESSAGE_MAX octets at most, other messages FLIGHT_MESSAGE_MAX.
 */

#include "scanner/tls/handshake_keys.h"
#include "scanner/tls/handshake_notes.h"
#include "scanner/tls/hello_template.h"

#define FLIGHT_MESSAGE_MAX (64U << 10) /* octets; usual are 100 to 1,000; our own bound */

enum flight_status {
    FLIGHT_MORE,
    FLIGHT_RETRY, /* HelloRetryRequest is read: see flight_server_hello(), and `group` and `cookie` */
    FLIGHT_HELLO, /* the ServerHello of TLS 1.3 is read: see flight_server_hello(), and `share` */
    FLIGHT_DONE,
    FLIGHT_FELL, /* notes.seen.error_text says why */
};

struct server_flight {
    const struct hello_template *hello; /* borrowed */
    const uint8_t *session_id;          /* borrowed: what was sent, HELLO_RANDOM_LEN octets */
    struct handshake_notes notes;
    struct buf octets;   /* of messages that are not read yet */
    uint32_t expected;   /* bits by type of message */
    uint32_t extensions; /* bits by place in hello->extensions: those of the message that is read */
    enum key_exchange key_exchange;
    bool asked_again;                   /* by HelloRetryRequest: once */
    uint16_t suite;                     /* of it; the ServerHello has the same */
    uint16_t group;                     /* of the share that the server has or wants */
    struct span cookie;                 /* of HelloRetryRequest, as valid as that; empty: none */
    uint8_t share[HANDSHAKE_SHARE_MAX]; /* of the server, TLS 1.3 */
    bool fell;
};

/** @param sha256 borrowed, as all else */
void flight_init(struct server_flight *f, const struct hello_template *hello,
                 const uint8_t session_id[HELLO_RANDOM_LEN], const EVP_MD *sha256,
                 EVP_MD_CTX *digest);
void flight_deinit(struct server_flight *f);

/** Not after DONE or FELL. What of `in` is behind the last message waits for the next call. */
enum flight_status flight_feed(struct server_flight *f, struct span in);
/** After RETRY and HELLO, once: the whole message, valid until the next call. Octets behind it make the flight fall:
 * the server waits for us, or keys change (RFC 8446 section 5.1). */
struct span flight_server_hello(struct server_flight *f);
/** From outside: an alert, a record that is none. @return FLIGHT_FELL */
enum flight_status flight_fall(struct server_flight *f, const char *why);
/** No message is under way. */
bool flight_is_between_messages(const struct server_flight *f);
