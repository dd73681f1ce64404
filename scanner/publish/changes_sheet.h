#pragma once

#include "scanner/compare/comparison.h"
#include "scanner/survey/sheet.h"

#define CHANGES_SHEET       "changes"
#define CHANGES_TERMS_SHEET "changes-terms"
#define CHANGES_ROWS_MAX    1000 /* the others are counted; `diff` has all of them */

/** What changed since an earlier scan, and in what the two scans are not alike. */
void make_changes_sheets(struct comparison *c, struct sheets *sheets);
