#pragma once

#include "scanner/base/buf.h"

struct terms;

enum explain_format {
    EXPLAIN_TEXT,
    EXPLAIN_CSV, /* findings alone */
    EXPLAIN_JSON,
};

/**
 * What a name means: of a finding or its area, a word, column or table of the results, a result type of TLS-RPT, a
 * term of the glossary. Case does not matter, nor whether words are joined by '.', '-', '_' or space.
 *
 * @param topic NULL: the catalogue of findings
 * @param width columns of text
 * @return false: nothing has that name; `out` is unchanged
 */
bool explain_put(struct buf *out, const char *topic, enum explain_format format, size_t width,
                 bool color);

/** The same of these terms, for who has many topics; never of NULL. Their order is another afterwards. */
bool explain_put_from(struct buf *out, struct terms *all, const char *topic,
                      enum explain_format format, size_t width, bool color);

/** As text, what `topic` was meant to be, if one letter or two are wrong. @return false: it is not clear */
bool explain_put_misspelt(struct buf *out, const char *topic, size_t width, bool color);

/** One line: there is no such name, and which are similar. */
void explain_put_unknown(struct buf *why, const char *topic);
