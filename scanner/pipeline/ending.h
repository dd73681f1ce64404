#pragma once

#include "scanner/pipeline/pipeline.h"
#include "scanner/pipeline/reader.h"
#include "scanner/pipeline/writer.h"

/** What a scan ended by, and what the user hears of it then. */
struct ending {
    /* borrowed */
    const struct scan_params *params;
    const struct pipeline_hooks *hooks;
    const struct reader *reader;
    const struct writer *writer;
    const struct scan_counts *counts; /* of the whole scan */
    int signal;                       /* the first one that came; 0: none */
    bool lines_done;                  /* all of the input, whatever signal came meanwhile */
    bool cut_short;                   /* what comes behind the last line was, by a signal */
    bool stuck;                       /* no progress, and giving up did not help */
    bool out_of_memory;               /* the reserve is in use */
    bool fleet_lost;                  /* its brokers, or a member that cannot be replaced */
    bool outage_lasts;                /* longer than it may */
    bool reader_gone;                 /* of standard output */
    bool completions_missing;         /* for want of a temporary file */
    bool problems_missing;            /* the same, of problems and causes */
    struct buf problems_why;          /* and why, in one line */
};

/** By a signal. One that came before the last line was done lets what comes behind go on, as long as it lets lines. */
bool ending_is_interrupted(const struct ending *e);
/** A word for state.json; NULL: it is complete. @param whole nothing of the results is lost, as below */
const char *ending_reason(const struct ending *e, bool whole);
enum scan_end ending_of(const struct ending *e, bool whole);
/** How far the clock moved beyond the time that passed; 0 within what slewing does. */
int64_t ending_clock_jump(int64_t by_clock_ms, int64_t passed_ms);
/** What failed, and what makes the results less than they seem. */
void ending_say(const struct ending *e, int64_t clock_jump_ms);
