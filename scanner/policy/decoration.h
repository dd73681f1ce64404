#pragma once

#include "scanner/base/span.h"

/** What a web form, an editor or a word processor leaves around a TXT record. Pure. */

/** The record inside quotes, white space and marks without a width; behind it only where quotes stand before it.
 * @param quoted set to whether they do */
struct span decoration_remove(struct span text, bool *quoted);
