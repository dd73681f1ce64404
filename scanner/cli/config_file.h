#pragma once

#include "scanner/base/buf.h"

/**
 * The file of --config: one `name = value` a line, with the names of the options without their hyphens. Blank lines and
 * lines that begin with '#' are passed over; a value reaches to the end of its line, without the blanks around it. A name
 * alone is a flag.
 */

#define CONFIG_FILE_MAX 1048576 /* octets; our own bound */

struct config_line {
    unsigned number; /* from 1; 0 before the first */
    struct span name;
    struct span value; /* empty: none */
    bool has_value;    /* there is an equals sign */
};

enum config_step {
    CONFIG_LINE = 1,
    CONFIG_END,
    CONFIG_BAD, /* `why` has the reason, without file and line */
};

/** The next line that says something, from what is left of the text. */
enum config_step config_file_next(struct span *rest, struct config_line *line, struct buf *why);
