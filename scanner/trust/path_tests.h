#pragma once

#include "scanner/trust/chain_judge.h"
#include "scanner/trust/link_memory.h"

/** A path as the search found it: signatures hold, nothing else has been looked at. */
struct found_path {
    struct known_cert *cert[CHAIN_STEPS_MAX]; /* leaf first */
    uint16_t node[CHAIN_STEPS_MAX];           /* of the search */
    size_t count;
    bool anchored;
    bool self_signed_end; /* ends at a self-signed certificate, an anchor or not */
    size_t pool_count;    /* of its steps, from the pool */
    /* Filled by path_test(). */
    struct found_fault fault[CHAIN_FAULTS_MAX];
    size_t fault_count;
    size_t heavy_count; /* of these, other than EXPIRED and NOT_YET_VALID */
};

/** The rules of RFC 5280 section 6.1 along the path, as `openssl verify -purpose sslserver
 * -auth_level 2` has them. The extensions of RFC 3779 (resources of the Internet) are left out. */
void path_test(struct found_path *p, struct link_memory *links);
/** Orders paths by their worth, whatever the order in which they were found. */
bool path_is_better(const struct found_path *a, const struct found_path *b);
enum chain_status path_status(const struct found_path *p);
