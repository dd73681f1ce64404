#pragma once

#include "scanner/base/arena.h"
#include "scanner/base/map.h"

/**
 * The names of default certificates (cert_names.h, packed), once per certificate: host names that
 * come to a service later are compared with them as well.
 */
struct leaf_names {
    struct map index; /* SHA-256 of the certificate → struct span * in the arena */
    struct arena arena;
};

/** Adds the names of `der`, unless they are there. */
void leaf_names_add(struct leaf_names *l, const uint8_t sha256[32], struct span der);
/** Empty when the certificate is unknown, cannot be read or has no names. */
struct span leaf_names_find(const struct leaf_names *l, const uint8_t sha256[32]);
void leaf_names_deinit(struct leaf_names *l);
