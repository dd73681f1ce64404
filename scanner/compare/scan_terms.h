#pragma once

#include "scanner/base/buf.h"
#include "scanner/compare/rules.h"
#include "scanner/replay/results.h"

/** In what two scans are alike, by what their manifests say. */

/** Lines for people, each said once. */
struct term_notes {
    char **at;
    size_t count;
};

void term_notes_put(struct term_notes *n, const struct buf *line);
void term_notes_deinit(struct term_notes *n);

void scan_terms_compare(const struct results *old, const struct results *new,
                        struct comparison_terms *terms, struct term_notes *notes);
/** Both have all of their lists, or the same shard. */
bool scan_terms_same_shard(const struct results *old, const struct results *new);
/** Ports of both. */
size_t scan_terms_ports(const struct results *old, const struct results *new,
                        uint16_t ports[COUNT_PORTS_MAX]);
