#pragma once

#include "output/json_writer.h"
#include "scanner/explain/terms.h"
#include "scanner/view/paper.h"

/** One term: an entry of several lines, an entry of one, an object. */

void term_put_entry(struct paper *p, const struct term *t);
/** What it is, by a name that means only this, and its meaning. */
void term_put_short(struct paper *p, const struct term *t);
void term_put_json(struct json_writer *w, const struct term *t);
