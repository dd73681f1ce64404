#pragma once

#include "scanner/survey/sheet.h"
#include "scanner/survey/survey.h"

/** The tables of a survey: those that papers print (T1 to T17) and some more, each with its definition. What a scan
 * cannot give is a sheet as well, with the reason and without rows. */
void survey_make_sheets(const struct survey *s, struct sheets *out);

#define SHEET_ROWS_MAX \
    1000 /* of tables by operator, customer, issuer and the like; our own bound */
