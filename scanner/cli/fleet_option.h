#pragma once

#include "scanner/cli/option_table.h"
#include "scanner/fleet/terms.h"

/** Options of feed, work and collect, and what is told of them to the other machines of a fleet. */

/** What single options cannot see, and what is made of them. @return false with one line in `why` */
bool fleet_option_apply(struct options *o, struct buf *why);
struct kafka_params fleet_option_kafka(const struct options *o);

/** Options of scan that were given, each as one word: "--name=value". @return false: too many */
bool fleet_option_put_words(const struct options *o, struct fleet_terms *terms);
/** JSON: the SHA-256 of each file that they name. @return false with one line in `why` */
bool fleet_option_put_files(const struct options *o, struct buf *json, struct buf *why);
