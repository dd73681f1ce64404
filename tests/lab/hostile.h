#pragma once

/**
 * Hostile mail servers: what one does in place of what it should say at one stage, as steps, and what a
 * scan has to make of it. A case takes one with hostile=WORD; its name is that of the case. Plain data.
 */

#include "scanner/base/span.h"
#include "scanner/observation/outcome.h"

enum hostile_stage {
    HOSTILE_GREETING,
    HOSTILE_EHLO,
    HOSTILE_STARTTLS,
    HOSTILE_HELLO,  /* in answer to the ClientHello, below TLS */
    HOSTILE_INSIDE, /* once the handshake is over */
    HOSTILE_EHLO_IN_TLS,
    HOSTILE_QUIT,
};

enum hostile_verb {
    HOSTILE_ON,    /* the end: as a good server from here on */
    HOSTILE_SAY,   /* the octets, `n` times; inside TLS where there is TLS */
    HOSTILE_RAW,   /* the same below TLS */
    HOSTILE_DRIP,  /* octet by octet, `n` ms behind each */
    HOSTILE_FLOOD, /* again and again, as fast as they are taken; inside TLS where there is TLS */
    HOSTILE_WAIT,  /* `n` ms */
    HOSTILE_SHUT,  /* half-close */
    HOSTILE_CLOSE,
    HOSTILE_RESET,
    HOSTILE_DEAF,    /* nothing more, and nothing is heard */
    HOSTILE_ECHO_ID, /* the session id of the ClientHello, as a ServerHello of TLS 1.3 repeats it */
    HOSTILE_CUT_FLIGHT,  /* the flight that is due, in records of one octet */
    HOSTILE_KEY_UPDATES, /* again and again; `n`: asks for one in return (RFC 8446 section 4.6.3) */
    HOSTILE_RENEGOTIATE, /* again and again, RFC 5246 section 7.4.1.1 */
    HOSTILE_NOTIFY,      /* close_notify, RFC 8446 section 6.1 */
};

#define HOSTILE_STEPS 8

struct hostile_step {
    enum hostile_verb verb;
    struct span octets;
    uint32_t n;
};

struct hostile {
    const char *word;
    enum hostile_stage stage;
    enum session_outcome outcome; /* ESTABLISHED: as if it were none */
    enum starttls_state starttls;
    uint16_t tls_version; /* of a ServerHello at HELLO that does not lead to a session; 0: none */
    struct hostile_step steps[HOSTILE_STEPS];
};

/** NULL: no such word. */
const struct hostile *hostile_find(const char *word);
