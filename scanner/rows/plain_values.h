#pragma once

#include "scanner/base/arena.h"

/** Values that rows and the small files hold as text. Each returns false on anything that the
 * program does not write itself. */

/** Lower-case hexadecimal, as buf_put_hex() writes it. */
bool octets_of_hex(struct span text, struct arena *a, struct span *out);
/** The same, of 32 octets. */
bool sha256_of_hex(struct span text, uint8_t out[32]);
/** RFC 4648 section 4, padded, as buf_put_base64() writes it. */
bool octets_of_base64(struct span text, struct arena *a, struct span *out);
