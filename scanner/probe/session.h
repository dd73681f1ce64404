#pragma once

/**
 * One session with a mail server over libuv: connect, greeting, EHLO, STARTTLS, handshake, EHLO,
 * QUIT; or up to a ServerHello, or to the end of the server's first flight. An actor: callbacks become events, one function decides, finish() is the only way out.
 *
 * The completion callback runs exactly once, after the connection was closed and never from
 * inside session_start(). What was seen stays valid until session_release().
 *
 * Limits, leases and waiting are the caller's: a session begins at once.
 *
 * A peer gets one read_room in a turn of the wheel, and SESSION_OCTETS_MAX in all; the handshake has bounds of
 * its own. Beyond them the session ends: in the handshake as TLS_PROTOCOL_ERROR, before it as NOT_SMTP,
 * and behind it with what was decided; error_text of the handshake says which bound it was.
 */

#include <uv.h>

#include "scanner/base/buf.h"
#include "scanner/base/wheel.h"
#include "scanner/observation/seen_session.h"
#include "scanner/observation/staged_list.h"
#include "scanner/tls/client_hello.h"
#include "scanner/tls/handshake.h"

struct session;
typedef void (*session_done_fn)(void *arg, struct session *s);

/** What all sessions of a worker share. Plain data, borrowed for the life of the sessions. */
struct session_environment {
    uv_loop_t *loop;
    struct wheel *wheel; /* turned by the loop's owner, who calls on_due() */
    struct tls_context *tls;
    const char *ehlo_domain;
    uint32_t connect_timeout_ms;
    uint32_t greeting_timeout_ms;
    uint32_t reply_timeout_ms;
    uint32_t tls_timeout_ms;
    uint32_t target_timeout_ms; /* the whole session; a peer cannot stretch it */
    uint8_t *read_room;         /* where octets are read to, one per loop */
    size_t read_room_len;
    const struct staged_list *staged; /* borrowed; NULL: what is presented is what is noted */
    struct session *idle;             /* finished sessions, kept for their memory */
    struct buf out;                   /* what one of them is about to send; empty between events */
    struct buf plain;                 /* the same of one decrypted read */
};

#define SESSION_OUT_MAX   (64 * 1024) /* octets to be sent at once; a ClientHello is about 500 */
#define SESSION_PLAIN_MAX (64 * 1024)

struct session_target {
    uint32_t tag;                 /* the caller's own: session_tag() */
    struct net_addr dial_address; /* where the connection really goes (--address-map) */
    uint16_t dial_port;
    struct net_addr local;  /* our address; family 0: the system chooses */
    bool implicit_tls;      /* RFC 8314 section 3.3 */
    const char *sni;        /* copied; NULL: none */
    enum handshake_key key; /* ANY, or only one kind is offered */
    /* Up to where the server waits, by a context that has short handshakes; without SNI, and not with implicit TLS. */
    bool short_handshake;
    /* Not 0: instead of a handshake, one ClientHello that offers TLS 1.0 up to this version. The
     * session ends with the answer, which is in seen_session.hello. */
    uint16_t hello_max_version;
    struct suite_list
        hello_suites; /* that it offers, until the session is done; none: the usual ones */
};

struct session *session_start(struct session_environment *env, const struct session_target *target,
                              session_done_fn done, void *arg);
const struct seen_session *session_seen(const struct session *s);
uint32_t session_tag(const struct session *s);
/** It was cut short by silence, by a reset or by a connection that did not come about; a refusal is an answer. So may an
 * outage of ours. */
bool session_was_cut(const struct session *s);
/** Gives the session back; its seen_session and everything it points to is gone. */
void session_release(struct session_environment *env, struct session *s);
/** Ends a session from our side (shutdown of the run): RST, outcome LOCAL_FAULT when undecided. */
void session_abort(struct session *s);
void session_environment_deinit(struct session_environment *env);
