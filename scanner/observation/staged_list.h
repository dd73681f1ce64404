#pragma once

#include "scanner/base/span.h"

/** A certificate list that is noted in the place of the one a server presents: what would be seen if it were
 * installed. */
struct staged_list {
    struct span list; /* as seen_tls.list */
    uint32_t cert_count;
    uint8_t chain_id[32];
    uint8_t leaf_sha256[32];
};
