#pragma once

#include "scanner/base/net_addr.h"
#include "scanner/observation/seen_smtp.h"
#include "scanner/observation/seen_tls.h"

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
    struct seen_smtp smtp;
    struct seen_tls tls;
};
