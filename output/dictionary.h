#pragma once

/**
 * The data dictionary, made from the definitions of tables.h and from vocabularies.
 * docs/data-dictionary.md is its output; a unit test compares the two.
 */

#include "scanner/base/buf.h"
#include "scanner/base/vocabulary.h"

/** @param outcomes how sessions end, which status_of() gives the status of zgrab2 of */
void dictionary_write_markdown(struct buf *out, const struct vocabulary *const *vocabularies,
                               unsigned count, const struct vocabulary *outcomes,
                               const char *(*status_of)(unsigned outcome));
