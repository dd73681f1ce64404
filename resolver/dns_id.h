#pragma once

/** Ids of questions, which nobody off the path can guess (RFC 5452 section 9.2): from getrandom(2), many a call. */

#include <stdint.h>

#define DNS_IDS_MAX 128 /* drawn at once: 256 octets come whole from getrandom(2) */

struct dns_ids {
    uint16_t id[DNS_IDS_MAX];
    unsigned left;
};

/** All zero is a good start of `ids`. */
uint16_t dns_id_draw(struct dns_ids *ids);
