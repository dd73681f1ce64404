#pragma once

#include "scanner/base/buf.h"

/**
 * Octets in short, as what is different in them from others that they are like: runs that are the same are left out. What
 * stands behind the end of the others counts as zero, so that zeros cost nothing. Octets of our own, as in codec.h.
 *
 *     length of `now`, u16, then until it is reached: how many are the same, u8; how many are not, u8; those
 */
#define OCTET_CHANGE_MAX UINT16_MAX /* octets of `now` */

void octet_change_put(struct buf *out, struct span before, struct span now);
/** Takes one off the front of `in` and appends what it was to `now`. @param before lies in no octets of `now` */
void octet_change_get(struct span *in, struct span before, struct buf *now);
