#pragma once

#include "scanner/base/buf.h"

/** Well-formed UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, at most U+10FFFF. */
bool text_is_utf8(struct span s);
/** Length of the longest well-formed UTF-8 sequence at the front of `s`, 0 when there is none. */
size_t text_utf8_len(struct span s);
/** Decimal digits only, no sign, no space. @return false, `out` unchanged, on anything else. */
bool text_to_u64(struct span s, uint64_t *out);
/** RFC 3339 in UTC with milliseconds: "2026-01-02T03:04:05.678Z". Years 0 to 9999. */
void text_put_time_ms(struct buf *b, int64_t unix_ms);
/** RFC 3339 in UTC with seconds; seconds outside years 0..9999 are written as null text "". */
void text_put_time_s(struct buf *b, int64_t unix_s);
struct span text_trim(struct span s); /* without spaces, tabs, CR and LF at both ends */
