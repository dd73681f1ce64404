#pragma once

#include <stdio.h>

#include "scanner/base/map.h"
#include "tests/lab/world.h"

/**
 * What a scan of the lab should find, read off the simulated world: one NDJSON line per domain, in
 * the words and the layout of the scanner's rows, without any of its code.
 */

struct crowd_entry {
    struct net_addr address;
    uint64_t names;
};

/** Host names per address. */
struct crowd {
    struct map index; /* address → its place in `entries` */
    struct crowd_entry *entries;
    size_t count;
};

/** Counts over all domains and cases; takes about a microsecond and some octets per domain. */
void crowd_count(const struct world *w, struct crowd *c);
void crowd_deinit(struct crowd *c);
uint64_t crowd_at(const struct crowd *c, const struct net_addr *a);
/** One line per address with more than `limit` names: {"address","names"}. */
void crowd_print(const struct crowd *c, uint64_t limit, FILE *out);

struct expect_options {
    const uint16_t *ports;
    size_t port_count;
    bool implicit_dial;           /* as mxcensus --implicit-mx dial */
    uint32_t greeting_timeout_ms; /* as mxcensus --greeting-timeout */
    const struct crowd *crowd;    /* NULL: names_at_address is left out */
};

/** Appends the line of a domain. @param case_name NULL for the random world. */
void expect_domain(const struct world *w, const struct expect_options *options, const char *domain,
                   const char *case_name, struct buf *out);
