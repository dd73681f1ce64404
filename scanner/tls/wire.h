#pragma once

/** Numbers and vectors of TLS messages, taken off the front of octets (RFC 8446 section 3). */

#include "scanner/base/span.h"

/** A big-endian number of `size` octets, 4 at most. @return false: there are not as many */
static inline bool take_number(struct span *rest, size_t size, uint32_t *out)
{
    if (rest->len < size) {
        return false;
    }
    uint32_t n = 0;
    for (size_t i = 0; i < size; i++) {
        n = n << 8 | rest->at[i];
    }
    *out = n;
    *rest = span_drop(*rest, size);
    return true;
}

/** A vector whose length stands before it in `size` octets. @return false: it is not whole */
static inline bool take_vector(struct span *rest, size_t size, struct span *out)
{
    struct span left = *rest;
    uint32_t len = 0;
    if (!take_number(&left, size, &len) || left.len < len) {
        return false;
    }
    *out = span_take(left, len);
    *rest = span_drop(left, len);
    return true;
}

static inline bool take_extension(struct span *rest, uint32_t *type, struct span *body)
{
    struct span left = *rest;
    if (!take_number(&left, 2, type) || !take_vector(&left, 2, body)) {
        return false;
    }
    *rest = left;
    return true;
}
