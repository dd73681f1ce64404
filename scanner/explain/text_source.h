#pragma once

#include "scanner/base/buf.h"

/** A file or standard input, plain or gzip, whose first octets can be looked at before it is read. */
struct text_source;

/** @param path "-": standard input. @return NULL with one line in `why` */
struct text_source *text_source_open(const char *path, struct buf *why);
void text_source_close(struct text_source *s);
/** For faults: the path as a terminal may have it, or "standard input". */
const char *text_source_name(const struct text_source *s);

/** Up to 64 KiB from the begin; nothing is taken. */
struct span text_source_peek(struct text_source *s);
/** @return false with one line in `why`, which says what it is instead */
bool text_source_is_text(struct text_source *s, struct buf *why);
/** More octets; valid until the next call. Empty at the end, and where it cannot be read: text_source_why(). */
struct span text_source_next(struct text_source *s);
/** @return false with one line in `why`: it could not be read to its end */
bool text_source_is_whole(const struct text_source *s, struct buf *why);
