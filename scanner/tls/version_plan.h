#pragma once

/**
 * Which TLS versions a server accepts, asked with few ClientHellos: pure, a value and what is
 * learnt about it.
 *
 * A server answers with the highest version that it shares with the offer (RFC 8446 section
 * 4.2.1, RFC 5246 appendix E.1). So one answer settles all versions above its own, the next hello
 * offers what is below, and a refusal settles the rest. The handshake that a scan makes anyway
 * offers them all and is the first of these answers.
 *
 * Some servers say no without the alert for it: they close or reset the connection (Schannel), or
 * send internal_error (OpenSSL at some security levels). What is said so twice is taken for a
 * refusal; once, it may be chance. From a server that accepts no version at all it tells nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "scanner/observation/seen_session.h"
#include "scanner/observation/seen_target.h"

#define VERSION_CONNECTIONS_MAX 4 /* for one service */

struct version_plan {
    uint8_t accepted[TLS_VERSION_COUNT]; /* enum truth, TLS 1.0 first */
    uint8_t connections;
    bool declined_once; /* the last hello was */
    bool over;          /* nothing more can be learnt now */
};

/** A handshake that offered all versions. One that failed tells something only if the server
 * had chosen a version, or found none to share. */
void version_plan_note_handshake(struct version_plan *p, const struct seen_session *seen);
/** The session for what version_plan_next() asked. */
void version_plan_note_hello(struct version_plan *p, const struct seen_session *seen);
/** @return the highest version that the next hello offers; 0: done. */
uint16_t version_plan_next(const struct version_plan *p);
