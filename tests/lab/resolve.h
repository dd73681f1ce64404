#pragma once

#include "tests/lab/zone.h"

/** Questions as a client of the lab's name server sees them answered: aliases followed, with the cap of
 * the scanner's contract (DNS_CNAME_MAX). */

struct resolved {
    enum dns_state state;
    bool ad;
    bool signatures; /* RRSIG of the records that answer */
    unsigned cnames;
    char name[LAB_NAME_MAX];    /* the question's, or the end of its aliases */
    struct zone_answer *answer; /* whose records answer; the resolver's, until its next use */
};

struct resolve_context {
    const struct world *world;
    struct zone_answer answer;
};

void resolve_init(struct resolve_context *c, const struct world *world);
void resolve_deinit(struct resolve_context *c);
struct resolved resolve(struct resolve_context *c, struct span name, uint16_t type);
