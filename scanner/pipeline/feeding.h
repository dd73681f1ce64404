#pragma once

/** The lists of a scan, numbered and cut into blocks, for the members of a fleet. In this thread. */

#include "scanner/pipeline/member.h"

struct feeding {
    const struct scan_params *params; /* of the lists */
    struct kafka_params kafka;
    const char *scan;
    const struct fleet_topics *topics;
    struct fleet_terms *terms; /* words, partitions and members as given; all else is filled in */
    int64_t at;                /* judgement time, Unix seconds, where the user gave none */
    void (*say)(void *arg, const char *line);
    void *arg;
};

/** Goes on where it was killed: what was sent is passed over by whoever reads. @return with one line in `why`, but COMPLETE */
enum scan_end feeding_run(const struct feeding *f, struct buf *why);
