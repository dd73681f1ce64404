#pragma once

#include "scanner/base/buf.h"

/**
 * The list of certificates as a server presented it, in the form of seen_tls.list: for each
 * certificate a 24-bit big-endian length and the DER, in the order sent (RFC 5246 section
 * 7.4.2 without the total length in front; RFC 8446 section 4.4.2 without extensions).
 *
 *     struct span rest = seen->list;
 *     struct span der;
 *     while (cert_list_next(&rest, &der)) { ... }    // rest.len > 0 now: malformed
 */
#define CERT_LIST_ENTRY_MAX 0xffffffU /* octets of one certificate: a 24-bit length */

/** Takes the first certificate off `*rest`. @return false, both unchanged, at the end or when
 * the length in front passes the end. */
bool cert_list_next(struct span *rest, struct span *der);
/** Whole entries from the front on. */
size_t cert_list_count(struct span list);
/** Whether the lengths add up. The empty list does. */
bool cert_list_is_valid(struct span list);
/** Appends an entry. @return false, `list` unchanged, when its limit would be passed. */
bool cert_list_add(struct buf *list, struct span der);
