#pragma once

/**
 * Streaming compression, the same for every codec: octets in, octets out, frames that end when
 * told to. The frames of a file, one after the other, are again a file of the codec (RFC 1952
 * section 2.2, RFC 8878 section 3).
 */

#include "output/result_file.h"

struct encoder;

/** NULL for RESULT_CODEC_NONE. `level`: 1 to result_codec_max_level(), or 0 for the default of the library. */
struct encoder *encoder_new(enum result_codec codec, unsigned level);
void encoder_free(struct encoder *e); /* NULL is allowed */
/** Appends to `out` what compressing `in` yields now. `end_frame`: everything, and the frame ends. */
void encoder_add(struct encoder *e, struct span in, bool end_frame, struct buf *out);
