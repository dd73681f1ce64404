#pragma once

#include "output/result_dir.h"
#include "scanner/fleet/control.h"
#include "scanner/fleet/terms.h"

/** The manifest of rows that were collected: that of a member, with what is true of all of them in place of what is true of one. */
struct collected_facts {
    const struct control_state *control;
    const struct fleet_terms *terms;
    uint16_t base;                /* the member */
    const struct result_dir *dir; /* that holds the rows */
    uint64_t lines;               /* that have a row */
};

/** Members that have not ended their work. */
uint32_t collected_members_missing(const struct collected_facts *facts);
/** The list is fed to its end, each line has its row, and no member is missing. */
bool collected_is_whole(const struct collected_facts *facts);
/** The same octets for the same rows. @return false with one line in `why`: what members left cannot be read */
bool collected_manifest_put(const struct collected_facts *facts, struct buf *json, struct buf *why);
