#pragma once

/**
 * The catalogue as a page for people. docs/findings.md is its output; a unit test compares the
 * two.
 */

#include "scanner/base/buf.h"

void catalogue_write_markdown(struct buf *out);
