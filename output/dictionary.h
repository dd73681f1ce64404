#pragma once

/**
 * The data dictionary: docs/data-dictionary.md, made from the definitions of tables.h and the
 * vocabularies of words.def.
 */

#include "scanner/base/buf.h"

void dictionary_write_markdown(struct buf *out);
