#pragma once

#include <stddef.h>
#include <stdint.h>

#define UUID_TEXT_MAX 37 /* octets with NUL: RFC 9562 section 4 */
#define UUID_NIL      "00000000-0000-0000-0000-000000000000"

#define UUID7_RANDOM_LEN 10 /* octets, of which the version and the variant take 6 bits */

/** RFC 9562 section 5.7: sorts by time, and is unique without anybody who hands out numbers. */
void uuid7_format(int64_t unix_ms, const uint8_t random[UUID7_RANDOM_LEN],
                  char text[UUID_TEXT_MAX]);
/** With octets of the kernel. */
void uuid7_make(int64_t unix_ms, char text[UUID_TEXT_MAX]);
