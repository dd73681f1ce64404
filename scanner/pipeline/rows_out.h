#pragma once

/**
 * The way of rows to the writer: each thread renders into a sink of its own, and now and then its
 * whole lines leave as ROWS messages.
 */

#include "scanner/base/buf.h"
#include "scanner/pipeline/scan_params.h"
#include "scanner/report/row_sink.h"

struct row_sink *rows_out_new(const struct scan_params *params);
void rows_out_free(struct row_sink *sink);
/** Empties the sink into `messages`, tables in the order in which rows name one another. */
void rows_out_add(struct row_sink *sink, struct buf *messages);
