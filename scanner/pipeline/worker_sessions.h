#pragma once

/** The sessions that the owner of services asks for. */

#include "scanner/pipeline/worker.h"

/** @param done gets the worker */
void worker_dial(struct worker *w, const struct owner_dial *d, session_done_fn done);
/** Right behind connect(), for whoever starts next at the address. */
void worker_tell_connect(struct worker *w, const struct net_addr *address, uint16_t port);
/** A session without a visit. */
struct session *worker_probe(struct worker *w, uint32_t tag, const struct net_addr *address,
                             uint16_t port, session_done_fn done);
/** Before session_release(): it is not under way any more. */
void worker_note_session_end(struct worker *w, struct session *session);
/** RST for what is still open. */
void worker_abort_sessions(struct worker *w);
/** The same in the middle of a scan: those who did not end are named. */
void worker_give_sessions_up(struct worker *w);
