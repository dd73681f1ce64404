#pragma once

#include "scanner/base/net_addr.h"
#include "scanner/observation/seen_smtp.h"
#include "scanner/observation/seen_tls.h"

/** What a server makes of a ClientHello that is not followed up, offered up to a version. */
enum hello_answer {
    HELLO_NONE,     /* it came to no hello, or to no answer: silence, or no TLS */
    HELLO_ACCEPTED, /* ServerHello or HelloRetryRequest */
    HELLO_REFUSED,  /* an alert that says it, or a version below all that were offered */
    HELLO_DECLINED, /* another alert, a close or a reset: may mean a refusal */
};

struct seen_hello {
    bool attempted; /* the session was to send such a hello instead of a handshake */
    bool retry_request;
    uint8_t answer;       /* enum hello_answer */
    uint16_t max_version; /* offered, with all below it down to TLS 1.0 */
    uint16_t version;     /* chosen by the server; 0: no ServerHello */
    uint16_t cipher; /* chosen by the server, whether or not it was offered; 0: no ServerHello */
    int16_t alert;   /* -1: none; else the description of the alert that ended it */
};

/**
 * One TCP connection with its SMTP dialogue and at most one handshake: an entry of attempts[].
 * Plain data; spans live as long as the session that filled it.
 */
struct seen_session {
    enum session_outcome outcome;
    bool sni;           /* the ClientHello carried server_name */
    bool tls_attempted; /* `tls` is meaningful */
    int64_t started_unix_ms;
    struct net_addr source; /* our address; family 0 when the connection was never made */
    int32_t connect_ms;     /* -1: not connected */
    int32_t total_ms;
    int32_t sys; /* negative errno of a failed connect, read or write; 0: none */
    uint32_t octets_in;
    uint32_t octets_out;
    struct seen_tls tls;
    /* ESTABLISHED is the outcome where the answer is ACCEPTED, although nothing was completed;
     * `tls` is meaningless then. */
    struct seen_hello hello;
    struct seen_smtp smtp;
};
