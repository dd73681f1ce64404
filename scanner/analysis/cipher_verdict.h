#pragma once

/**
 * What the cipher suites that a service accepts amount to, over all versions. Pure.
 */

#include "scanner/analysis/cipher_traits.h"
#include "scanner/observation/seen_target.h"

#define DISTINCT_SUITES_MAX (TLS_VERSION_COUNT * ACCEPTED_SUITES_MAX)

struct cipher_verdict {
    bool complete; /* no other suites are accepted in any version, of those that are offered here */
    unsigned some; /* enum cipher_trait: of at least one suite */
    size_t count;
    uint16_t suite[DISTINCT_SUITES_MAX]; /* each once, those of the newest version first */
};

/** Where the suites were asked for: `s->ciphers.version` is not NULL. */
void cipher_verdict_of(const struct seen_service *s, struct cipher_verdict *out);
