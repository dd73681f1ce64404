#pragma once

#include "scanner/base/vocabulary.h"

/** Those whose words are in rows, in the order of the data dictionary. */
extern const struct vocabulary *const row_vocabularies[];
extern const unsigned row_vocabulary_count;
