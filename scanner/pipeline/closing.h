#pragma once

/**
 * What is written beside the rows: started.json and copies of what they are judged with before them, when all
 * are there summary.json, and manifest.json of a complete scan, state.json of an interrupted one.
 */

#include "scanner/pipeline/reader.h"
#include "scanner/pipeline/weather_station.h"
#include "scanner/pipeline/writer.h"
#include "scanner/report/manifest.h"

struct closing_facts {
    const struct scan *scan;
    const struct reader *reader;
    struct writer *writer;
    const struct scan_counts *counts; /* of all workers and judges */
    struct manifest_intermediates intermediates;
    struct manifest_memory memory;
    int64_t started_unix_ms;
    int64_t ended_unix_ms;
    int64_t clock_jump_ms; /* by which the clock went wrong in between; 0: it did not */
    bool complete;
    const char *reason; /* of an interruption; NULL: none */
};

/** Before the threads start: what the scan was told, for whoever finds the directory without its end.
 * @return false when a file could not be written. */
bool closing_prepare(const struct closing_facts *facts);
/** While the scan lasts: outages so far into started.json of the directory, beside whoever writes its rows.
 * @return false: as it was */
bool closing_note_outages(struct weather_station *s, const char *path);
/** Writes the files beside the rows (nothing for standard output) and the summary for people.
 * @return the same */
bool closing_write(const struct closing_facts *facts, struct buf *summary_text);
