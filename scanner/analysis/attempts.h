#pragma once

#include "scanner/observation/seen_session.h"

/**
 * The attempts of one question at one server, in their order: which of them counts. Pure.
 */

enum attempt_end {
    ATTEMPT_ANSWERED, /* by the server or by our own fault: nothing to wait for */
    ATTEMPT_LOST,     /* outcome_info.lost, or lost inside TLS: it may be chance */
    ATTEMPT_BUSY,     /* outcome_info.busy: the server wants us back later */
};

enum attempt_end attempt_end_of(const struct seen_session *s);

/**
 * A handshake that completed before another answer; the first conclusive answer before any other. One handshake that
 * was lost is no answer: it counts where all attempts are like it. Otherwise the last one.
 * @return the index. @param count 1 at least
 */
size_t attempt_that_counts(const struct seen_session *attempts, size_t count);
