#pragma once

#include "scanner/base/span.h"

/** A set of input lines: one bit a line. Zero-initialised is empty. */
struct line_set {
    uint8_t *bits;
    uint64_t capacity; /* octets */
};

void line_set_add(struct line_set *s, uint64_t line);
bool line_set_has(const struct line_set *s, uint64_t line);
void line_set_deinit(struct line_set *s);
