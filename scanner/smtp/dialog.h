#pragma once

/**
 * The client side of one SMTP dialogue (RFC 5321, RFC 3207) as an engine: no socket, no clock, no
 * callback. Octets of the peer go in through dialog_feed(), octets for the peer come out in
 * `out`, and `seen` fills with what was observed.
 *
 *     GREETING --220--> EHLO --250, STARTTLS--> STARTTLS --220--> TLS --handshake--> EHLO_TLS
 *        |               |  \--5xx--> HELO         |               |                   |
 *        |               |             |           |               v                   |
 *        +---------------+-------------+-----------+--> QUIT    FAILED                 |
 *                                                        |  ^--------------------------+
 *                                                        v
 *                                                       DONE
 *
 * Implicit TLS (RFC 8314 section 3.3) begins in TLS, then GREETING, EHLO and QUIT inside it.
 *
 * The caller sends `out` and empties it (buf_reset) when the octets have left; in clear, or over
 * TLS once `tls_done`. Until then the peer was not asked, so a reply that is complete before
 * cannot be the answer: it is noted (`early_talker`) and not taken for one, and two commands
 * never stand in `out` together (no pipelining).
 *
 * Decisions where the RFCs leave room:
 *  - Greeting: 220 goes on. 4xx and 5xx refuse (RFC 5321 sections 3.1 and 4.3.2: 220, 554, 421).
 *    Another 2xx or 3xx is no SMTP greeting (NNTP, RFC 3977 section 5.1, says 200 and 201): NOT_SMTP.
 *  - A second 220 while the answer to EHLO is awaited is a greeting in several replies instead of
 *    several lines: it joins the text of the greeting.
 *  - EHLO: 2xx accepts (section 4.2: the first digit decides). 5xx is followed by HELO, as senders
 *    do: where that is accepted, mail is sent in clear (HELO_ONLY), else EHLO_REJECTED, and STARTTLS
 *    stays unknown. 3xx is a refusal without HELO.
 *  - A tarpit (tarpit.h) leaves unknown what is behind it: TARPIT, never NOT_OFFERED.
 *  - STARTTLS: any 2xx. 4xx TEMPFAIL, anything else REJECTED, also the words of another protocol.
 *  - Octets behind the 2xx to STARTTLS mean that somebody speaks in clear where the handshake is due
 *    (CVE-2011-0411 and the like). They are noted and dropped.
 *  - A line that is none of a reply is noted and read over, whenever it comes: noise of a wrapper or a
 *    proxy. NOT_SMTP is a greeting that holds nothing else, one over its bounds, and a line
 *    with which another protocol begins. Such a session ends without QUIT: who knows what the word
 *    means there.
 *  - A peer that falls silent or closes within a 4xx or 5xx reply has refused all the same.
 *  - A refused STARTTLS is followed by QUIT: an answer shows that the session lives on, which senders need
 *    that go on in clear; a close shows that it does not (RFC 5321 section 3.8), silence neither.
 *  - After the handshake nothing changes the outcome ESTABLISHED; `seen.quirks` tells a session that
 *    is lost, silent or refused inside TLS, `seen.reply` shows the rest.
 */

#include "scanner/observation/seen_smtp.h"
#include "scanner/smtp/ehlo.h"
#include "scanner/smtp/reply.h"
#include "scanner/smtp/tarpit.h"

#define DIALOG_STATES(X)                                                  \
    X(GREETING) /* waiting for the greeting */                            \
    X(EHLO)     /* EHLO sent */                                           \
    X(HELO)     /* EHLO was refused, HELO sent */                         \
    X(STARTTLS) /* STARTTLS sent */                                       \
    X(TLS)      /* the caller runs the handshake */                       \
    X(EHLO_TLS) /* EHLO sent again, inside TLS (RFC 3207 section 4.2) */  \
    X(QUIT)     /* QUIT sent; its reply or the close ends the dialogue */ \
    X(DONE)     /* final */                                               \
    X(FAILED)   /* final; the connection is of no more use */

enum dialog_state {
#define X(name) DIALOG_##name,
    DIALOG_STATES(X)
#undef X
};

#define DIALOG_EXCERPT_MAX 256 /* octets of seen.injected, and as many of seen.bad, are kept */
#define DIALOG_OUT_MAX     512 /* octets; the longest command is "EHLO <name>", name <= 253 */
/* Five replies at most are kept in one dialogue (HELO excludes STARTTLS and EHLO_TLS), one line
 * is being collected, and there is an excerpt. */
#define DIALOG_TEXT_MAX 24576 /* octets */

/** Where a kept piece of text lies: survives the growing of the buffer. */
struct dialog_piece {
    uint32_t at;
    uint32_t len;
};

struct dialog {
    enum dialog_state state;
    enum session_outcome
        outcome; /* OUTCOME_NOT_TESTED while undecided; set once, by the first cause */
    struct seen_smtp
        seen; /* spans point into `text`; current after each call, gone with deinit or reset */
    struct buf out; /* to send; the caller empties it */
    bool tls_done;  /* what is sent and received goes through TLS */
    bool implicit_tls;

    /* private */
    const char *ehlo_name; /* borrowed; lives as long as the dialogue */
    struct buf text;       /* every reply, one after the other; seen.injected is among them */
    struct reply_parser reply;
    struct ehlo_reading ehlo;
    bool says_esmtp;     /* some line of the greeting does */
    bool shows_greeting; /* some line of it says more than that it is one */
    struct tarpit_signs tarpit;
    struct dialog_piece pieces[SMTP_STEP_COUNT];
    struct dialog_piece injected;
    uint8_t bad[DIALOG_EXCERPT_MAX];
    size_t bad_len;
    uint8_t stamp_due; /* bits by enum smtp_step: replies that wait for their time */
};

void dialog_init(struct dialog *d, const char *ehlo_name, bool implicit_tls);
/** As dialog_init() for a dialogue that was used before; keeps its memory. */
void dialog_reset(struct dialog *d, const char *ehlo_name, bool implicit_tls);
void dialog_deinit(struct dialog *d);

/**
 * Takes all of `in`: octets of the peer, clear or decrypted. In state TLS after STARTTLS: octets
 * that came before the first octet of our ClientHello was sent (they are injected); what comes
 * later belongs to the handshake, text as well, and makes it fail. Never called in state TLS with implicit TLS.
 */
void dialog_feed(struct dialog *d, struct span in);

/** The handshake completed: outcome ESTABLISHED, the dialogue goes on inside TLS. */
void dialog_tls_established(struct dialog *d);
/** The handshake did not complete: state FAILED, no QUIT. */
void dialog_tls_failed(struct dialog *d, enum session_outcome why);
/** The timer of this state ran out. In QUIT: DONE. */
void dialog_timeout(struct dialog *d);
/** The caller reads no more: the peer sent more than a session needs. Whoever is not yet known to speak
 * SMTP does not; FAILED, in QUIT: DONE. */
void dialog_octets_exceeded(struct dialog *d);
/** End of file or reset by the peer. In QUIT: DONE. */
void dialog_closed(struct dialog *d, bool reset);

/** The time of what dialog_feed() just took: call it after each feed with the time since `out` was
 * last sent (for the greeting: since the connection or the handshake). A reply that was completed
 * keeps its first time; the pace of the greeting tells a tarpit. */
void dialog_stamp(struct dialog *d, int32_t ms);

/** Final, and everything is sent. */
bool dialog_wants_close(const struct dialog *d);

const char *dialog_state_name(enum dialog_state s);
