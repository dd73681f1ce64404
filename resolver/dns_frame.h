#pragma once

/** What of an answer the library under the resolver sees, and where answers begin and end in TCP. Pure. */

#include "resolver/dns_query.h"

#define DNS_FRAME_MAX (2 + 65535) /* octets; RFC 1035 section 4.2.2 */

/** The answer as the library may see it: its id and question, always REFUSED, nothing else.
 * @return its length; 0: it is no answer to a single question of class IN. */
size_t dns_stub_make(struct span answer, uint8_t out[DNS_QUERY_MAX]);

/** Takes the first message off octets of a TCP stream. @return false, nothing changed: it is not whole yet. */
bool dns_frame_take(struct span *stream, struct span *message);
