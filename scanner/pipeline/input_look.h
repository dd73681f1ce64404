#pragma once

#include "scanner/pipeline/scan_params.h"

/**
 * A look at the lists before anything is asked, made or written for them: is there something to read in each? Of a pipe that
 * shows only when it is read.
 */

#define INPUT_WITHOUT_DOMAIN "has no line with a domain"

/** @return false with one line in `why`: one cannot be read, is no text, or has no line or no such column */
bool input_look(const struct scan_params *p, struct buf *why);
