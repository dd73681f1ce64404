#pragma once

#include "scanner/base/buf.h"

/** Well-formed UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, at most U+10FFFF. */
bool text_is_utf8(struct span s);
/** Length of the longest well-formed UTF-8 sequence at the front of `s`, 0 when there is none. */
size_t text_utf8_len(struct span s);
/** Of one character in UTF-8. */
uint32_t text_code_point(struct span character);
/** Decimal digits only, no sign, no space. @return false, `out` unchanged, on anything else. */
bool text_to_u64(struct span s, uint64_t *out);
/** RFC 3339 in UTC with milliseconds: "2026-01-02T03:04:05.678Z". Years 0 to 9999. */
void text_put_time_ms(struct buf *b, int64_t unix_ms);
/** RFC 3339 in UTC with seconds; seconds outside years 0..9999 are written as null text "". */
void text_put_time_s(struct buf *b, int64_t unix_s);
/** Reads what the two above write, nothing else. @return false, `unix_ms` unspecified: it is no such time */
bool text_to_time_ms(struct span text, int64_t *unix_ms);
/** What stands before the first `end`, taken off the front together with that octet; all where there is none. */
struct span text_take_until(struct span *rest, uint8_t end);

struct span text_trim(struct span s); /* without spaces, tabs, CR and LF at both ends */

/** The code point of a well-formed sequence, if it would command a terminal, break a line, be invisible or
 * turn the direction of what follows; 0: it is harmless, or U+0000. */
uint32_t text_unsafe_code(struct span sequence);

#define TEXT_VISIBLE_MAX \
    16 /* octets of one character as text_visible_character() writes it, with NUL */

/**
 * The first character of `text`, which must not be empty, as a terminal may have it: what would command
 * it, break the line, be invisible or turn the direction of what follows is written as an escape, and so
 * is an octet that is no UTF-8. @return its length in `text`; `columns`: those of `out`.
 */
size_t text_visible_character(struct span text, char out[TEXT_VISIBLE_MAX], size_t *columns);
/** Appends `text` so. For all that others may have written and a person reads. */
void text_put_visible(struct buf *b, struct span text);
