#pragma once

/**
 * Cipher suites over the services of a port: how many accept each, for summary.json. Sums only.
 */

#include "scanner/observation/seen_target.h"

#define COUNT_SUITES_MAX 256 /* there are fewer names in observation/tls_names.h */

struct suite_count {
    uint16_t suite;
    uint64_t services; /* that accept it, in whichever version */
};

struct cipher_counts {
    uint64_t tested;       /* services that were asked */
    uint64_t complete;     /* all that they accept is known */
    uint64_t server_order; /* follow their own order of preference, in some version */
    uint64_t client_order; /* follow the client's */
    struct suite_count suite[COUNT_SUITES_MAX]; /* ascending */
    size_t suite_count;
};

void cipher_counts_add(struct cipher_counts *c, const struct seen_service *s);
void cipher_counts_merge(struct cipher_counts *into, const struct cipher_counts *from);
