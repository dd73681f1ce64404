#pragma once

#include "scanner/base/buf.h"

/** Just enough JSON for the lab's own lines: the program under test has its own writer. */

/** A string; octets outside printable ASCII are written as \u00XX. */
void json_put_text(struct buf *b, struct span text);
/** ,"key": or "key": right behind an opening brace. */
void json_put_key(struct buf *b, const char *key);
/** NULL is null. */
void json_put_word(struct buf *b, const char *key, const char *word);
void json_put_bool(struct buf *b, const char *key, bool value);
void json_put_number(struct buf *b, const char *key, uint64_t value);
/** A comma, unless at the front of an array or object. */
void json_separate(struct buf *b);
