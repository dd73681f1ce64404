#pragma once

/**
 * The only JSON writer of the program (RFC 8259), for rows and for the small files beside them.
 *
 *     struct json_writer w = json_writer(&out);
 *     json_object_begin(&w);
 *     json_key(&w, "rows");
 *     json_uint(&w, 7);
 *     json_object_end(&w);            {"rows":7}
 *
 * What it writes is valid UTF-8 on one line, whatever the octets of a text were:
 *  - what is not well-formed UTF-8 (RFC 3629) becomes U+FFFD, one for each maximal subpart (the
 *    Unicode Standard, section 3.9), and so does U+0000, which neither PostgreSQL nor most
 *    readers of CSV can hold; the call tells that octets were altered;
 *  - the other controls, line separators, and what is invisible or turns the direction of text
 *    (text_unsafe_code()) are escaped, so that no reader splits the line there, no terminal obeys
 *    them and nobody is misled; a parser gets them exactly.
 */

#include "scanner/base/buf.h"

struct json_writer {
    struct buf *out; /* borrowed; without a limit */
    unsigned depth;
    bool comma;     /* a value came before in the same object or array */
    bool after_key; /* its value is due */
    bool indented;  /* on lines of their own, two spaces a level: for files that people read */
};

struct json_writer json_writer(struct buf *out);
struct json_writer json_writer_indented(struct buf *out);

void json_object_begin(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w);
void json_array_end(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);                  /* any text; escaped */
void json_key_uint(struct json_writer *w, const char *key, uint64_t n); /* with its value */
void json_key_text(struct json_writer *w, struct span key);
/** A key that was written before, with quotes and colon. Not in indented files. */
void json_key_ready(struct json_writer *w, struct span key);
/** @return true when octets had to be altered. */
bool json_text(struct json_writer *w, struct span text);
void json_word(struct json_writer *w, const char *text); /* NULL: null */
void json_uint(struct json_writer *w, uint64_t n);
void json_int(struct json_writer *w, int64_t n);
/** `scaled` / 10^digits, such as (1234, 2) for 12.34; independent of any locale. digits <= 18. */
void json_decimal(struct json_writer *w, int64_t scaled, unsigned digits);
/** numerator / denominator as a number of four decimals; null without a denominator. Both are far
 * from 2^64 / 10^4: they count things of a scan. */
void json_share(struct json_writer *w, uint64_t numerator, uint64_t denominator);
void json_bool(struct json_writer *w, bool value);
/* "null"; json_null() is a name of jansson, which other programs of the tree link. */
void json_null_value(struct json_writer *w);
void json_hex(struct json_writer *w, struct span octets);
void json_base64(struct json_writer *w, struct span octets);
void json_time_ms(struct json_writer *w, int64_t unix_ms); /* null outside the years 0 to 9999 */
void json_time_s(struct json_writer *w, int64_t unix_s);
/** One whole JSON value that was written before. */
void json_fragment(struct json_writer *w, struct span json);

/** Appends `text` as valid UTF-8 as above, but without quotes or escapes: for formats other than
 * JSON. @return true when octets had to be altered. */
bool text_put_repaired(struct buf *out, struct span text);
/** Would json_text() alter octets of `text`? */
bool text_needs_repair(struct span text);
