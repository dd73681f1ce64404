#pragma once

#include "output/json_writer.h"
#include "scanner/analysis/catalogue.h"
#include "scanner/view/paper.h"

/** Entries of the catalogue of findings, as text, CSV and JSON. */

/** Is `topic` its code or its area? NULL: everything is wanted. */
bool finding_is_of(const struct finding_info *f, const char *topic);
enum ink finding_ink(enum severity s);

/** A line of an entry: a name, and what it is. */
void entry_put_field(struct paper *p, const char *name, const char *text);
void finding_put_entry(struct paper *p, const struct finding_info *f);
/** Those of `topic`: severity, scope, code, symptom. */
void finding_put_table(struct paper *p, const char *topic);
void finding_put_csv(struct buf *out, const char *topic);
void finding_put_json(struct json_writer *w, const struct finding_info *f);
