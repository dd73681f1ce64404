#pragma once

#include "scanner/base/buf.h"
#include "scanner/base/key_table.h"

/**
 * The names of default certificates (cert_names.h, packed), once per certificate: host names that
 * come to a service later are compared with them as well. A peer chooses how many names there are:
 * what is longer than LEAF_NAMES_INLINE lies in an unlinked file, so that memory per certificate is
 * bounded.
 */
#define LEAF_NAMES_INLINE 240 /* octets in memory; half a dozen names of usual length */

struct leaf_names {
    struct key_table index; /* SHA-256 of the certificate */
    uint64_t *places;       /* of its names, by its number; malloc */
    uint32_t capacity;
    struct buf octets;  /* names behind their length; or where they lie in the file */
    struct buf packing; /* names on their way in, or back from the file */
    int file;           /* descriptor; -1: none yet, or none could be made */
    uint64_t file_len;
};

void leaf_names_init(struct leaf_names *l);
/** Adds the names of `der`, unless they are there. */
void leaf_names_add(struct leaf_names *l, const uint8_t sha256[32], struct span der);
/** Empty when the certificate is unknown, cannot be read or has no names. Valid until the next call. */
struct span leaf_names_find(struct leaf_names *l, const uint8_t sha256[32]);
void leaf_names_deinit(struct leaf_names *l);
