#pragma once

/** Lines of a list, of any form. */

#include "scanner/base/text.h"

static inline bool list_line_is_comment(struct span line)
{
    line = text_trim(line);
    return line.len > 0 && line.at[0] == '#';
}

/** Neither blank nor a comment. */
static inline bool list_line_is_data(struct span line)
{
    line = text_trim(line);
    return line.len > 0 && line.at[0] != '#';
}

/** Up to a '#' behind white space, where a comment begins. A line that begins with a quote is taken whole: there it may be text. */
static inline struct span list_line_without_comment(struct span line)
{
    struct span trimmed = text_trim(line);
    for (size_t i = 1; i < trimmed.len && trimmed.at[0] != '"'; i++) {
        if (trimmed.at[i] == '#' && (trimmed.at[i - 1] == ' ' || trimmed.at[i - 1] == '\t')) {
            return text_trim(span_take(trimmed, i));
        }
    }
    return line;
}

static inline struct span list_line_without_end(struct span line)
{
    for (const char *c = "\n\r"; *c != '\0'; c++) {
        if (line.len > 0 && line.at[line.len - 1] == (uint8_t)*c) {
            line.len--;
        }
    }
    return line;
}
