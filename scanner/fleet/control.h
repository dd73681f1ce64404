#pragma once

#include "scanner/fleet/control_files.h"
#include "scanner/fleet/topics.h"

/** What stands in `control` up to now, for those who are no member: feed, collect, and work before it joins. */
struct control_state {
    struct control_files files;
    uint32_t blocks; /* of the list; 0: it is not fed to its end */
    uint64_t lines;
    struct {
        uint32_t epoch; /* of the seat */
        bool left;
        bool whole;
    } members[FLEET_PARTS_LIMIT];
    uint64_t unreadable;
};

/** Reads the topic from its beginning to where its end is now. @return false with one line in `why` */
bool control_read(struct control_state *s, const struct kafka_params *p,
                  const struct fleet_topics *t, struct buf *why);
void control_state_deinit(struct control_state *s);
