#pragma once

#include "scanner/base/vocabulary.h"
#include "scanner/view/paper.h"

/** What a value means, as the data dictionary says it, without hints at columns: the report has none. */
struct span meaning_of(const struct vocabulary *v, unsigned value);
void meaning_put(struct paper *p, enum ink ink, const struct vocabulary *v, unsigned value);
