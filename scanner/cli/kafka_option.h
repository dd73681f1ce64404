#pragma once

#include "scanner/cli/option_table.h"

/** --kafka-option KEY=VALUE */
bool option_read_kafka_option(struct options *o, const struct option_row *row, const char *text,
                              struct buf *why);
