#pragma once

#include "scanner/analysis/delivery_result.h"

/**
 * A server that does not begin TLS where it is demanded, or turns the sender away: on to the next one, or
 * the end of it. For delivery_result.c; pure.
 */

/** TLS is demanded, and the sender does not get it.
 * @param good what comes of it where a server that does not offer STARTTLS takes it
 * @param reason where it goes on to the next */
struct delivery_outcome delivery_without_required_tls(const struct delivery_place *at,
                                                      const struct delivery_met *m,
                                                      const struct delivery_handshake *h,
                                                      uint8_t good, enum delivery_reason reason);

/**
 * TLS is demanded of a server that is not the same in each session: any of both may be met.
 * @param good what comes of it where nothing fails
 * @param from the oldest version that will do
 */
struct delivery_outcome delivery_where_unstable(const struct delivery_place *at, uint8_t good,
                                                uint16_t from);

/**
 * A server that turned us away may do so to others, of whom some return the mail: a 5xx to EHLO is that to
 * Postfix. One whose word on STARTTLS nobody heard may refuse it for good.
 * @param set of enum delivery_result, what else may come of it
 */
bool delivery_may_be_returned(const struct delivery_place *at, uint8_t set);
