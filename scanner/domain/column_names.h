#pragma once

/** Names for the columns of an input: from its header where there is one, else "column_N". Every
 * name is used once, so that a record of them can be an object with these keys. */

#include "scanner/base/buf.h"

struct column_names {
    struct buf text;
    size_t *ends; /* owned; where each name ends in `text` */
    size_t count;
};

void column_names_init(struct column_names *n);
void column_names_deinit(struct column_names *n);
/** Names the next column; an empty or used name is replaced. */
void column_names_add(struct column_names *n, struct span name);
/** Names columns until there are `count`. */
void column_names_fill(struct column_names *n, size_t count);
/** Valid until the next name is added. */
struct span column_names_get(const struct column_names *n, size_t index);
