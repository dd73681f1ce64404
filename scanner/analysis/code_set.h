#pragma once

#include "scanner/analysis/findings.h"

/**
 * The codes of the findings of one thing that are problems, each with its severity, by code: a finding in two
 * octets, without its evidence.
 */
#define CODE_SET_MAX FINDING_COUNT

struct code_set {
    const uint16_t *items; /* code_item(), ascending */
    size_t count;
};

static inline uint16_t code_item(enum finding_code code, enum severity severity)
{
    return (uint16_t)((unsigned)code << 2 | (unsigned)severity);
}
static inline enum finding_code code_of_item(uint16_t item)
{
    return (enum finding_code)(item >> 2);
}
static inline enum severity severity_of_item(uint16_t item)
{
    return (enum severity)(item & 3U);
}

/** Adds one to a list in the making; of two severities the higher one stays. @return the new count */
size_t code_set_add(uint16_t items[CODE_SET_MAX], size_t count, uint16_t item);
/** Those of a row. @return the new count */
size_t code_set_add_findings(uint16_t items[CODE_SET_MAX], size_t count, const struct findings *f);
bool code_set_has(struct code_set s, enum finding_code code);
