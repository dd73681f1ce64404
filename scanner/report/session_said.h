#pragma once

#include "scanner/base/hash.h"
#include "scanner/observation/seen_session.h"

/**
 * What a session said, as hashes: rows of endpoints of less than full detail leave out what the session of their service, without
 * SNI, said as well, which is most of it. Times, SNI and the list of certificates do not count.
 */
struct session_said {
    struct hash_key reply[SMTP_STEP_COUNT]; /* code and text */
    struct hash_key handshake;
};

void session_said_fill(struct session_said *out, const struct seen_session *s);
bool session_said_reply(const struct session_said *said, enum smtp_step step,
                        const struct seen_reply *reply);
bool session_said_handshake(const struct session_said *said, const struct seen_session *s);
