#pragma once

#include "scanner/replay/results.h"

/** What is new in a manifest. */
struct reanalysis {
    const struct judging_terms *terms;
    const struct manifest_trust_ad *trust_ad;    /* NULL: as it was */
    const struct sender_profiles_file *profiles; /* NULL: none */
    const struct scan_counts *counts;
    const struct operator_summary *operators;
    const struct row_shape *shape;
    const struct manifest_file *files;
    size_t file_count;
    bool of_shards;     /* what was read does not stay */
    uint64_t rows_lost; /* now, beside those of the scan */
    struct manifest_intermediates intermediates;
};

/** The manifest of the scan with what is new in it. */
void new_manifest_put(const struct results *r, const struct reanalysis *now, struct buf *json);
