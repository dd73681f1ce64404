#pragma once

#include "scanner/base/buf.h"

/**
 * What the first octets of a file say of it. Lists, logs and reports are text in UTF-8; what is given instead is mostly
 * one of these, and a message that names it is worth more than a thousand lines that cannot be read.
 */

#define FILE_MARK_MAX 512 /* octets that are looked at; fewer where the file is shorter */

struct file_mark {
    const char *what; /* "gzip data" */
    const char
        *text; /* a command that makes text of it, with FILE for its name; NULL: none is common */
    const char
        *piped; /* the same of its standard input; NULL: none, or `text` takes it compressed */
};

/** @return NULL: nothing says that it is no text */
const struct file_mark *file_mark_of(struct span begin);
/** "; give what 'bzcat FILE' prints"; nothing where no command is common.
 * @param unpack what prints the file it is compressed in: "zcat"; NULL: it is the file itself */
void file_mark_put_command(const struct file_mark *m, const char *unpack, struct buf *to);

/** Octets of the byte order mark of UTF-8 in front (RFC 3629 section 6); 0: there is none. */
size_t file_mark_utf8_len(struct span begin);
