#pragma once

#include "scanner/cli/options.h"

/**
 * The catalogue of findings as text, CSV or JSON.
 *
 * @param topic a code ("sni.needed"), an area ("sni"), or NULL: everything
 * @param width columns of text
 * @return false with one line in `why`, which names the nearest codes
 */
bool explain_put(struct buf *out, const char *topic, enum explain_format format, size_t width,
                 bool color, struct buf *why);
