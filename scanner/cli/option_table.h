#pragma once

#include "scanner/cli/options.h"

#define OPTION_GROUPS(X)      \
    X(INPUT, "Input")         \
    X(RESULTS, "Results")     \
    X(FLEET, "Fleet")         \
    X(JUDGING, "Judging")     \
    X(DNS, "DNS")             \
    X(PROBES, "Probes")       \
    X(IDENTITY, "Identity")   \
    X(LIMITS, "Limits")       \
    X(TIMEOUTS, "Timeouts")   \
    X(SAFETY, "Safety")       \
    X(LAB, "Lab")             \
    X(REPORTING, "Reporting") \
    X(OTHER, "Other")

enum option_group {
#define X(name, title) OPTION_GROUP_##name,
    OPTION_GROUPS(X)
#undef X
    OPTION_GROUP_COUNT
};

struct option_row;

/** Reads `text` (NULL for a flag) into `o`. @return false, with the reason in `why`: words that
 * follow the name of the option. */
typedef bool option_reader(struct options *o, const struct option_row *row, const char *text,
                           struct buf *why);

/** One option: all that is known of it. */
struct option_row {
    enum option_group group;
    unsigned commands; /* bit n: enum command n knows it; a name stands once for each command */
    char letter;       /* 0: none */
    const char *name;
    const char *argument;     /* its name in the help; NULL: a flag */
    const char *preset;       /* the default, read by the same function; NULL: none. Those of
                               * `check` that differ: option_preset() */
    const char *preset_shown; /* where the default is found out later; NULL: show `preset` */
    const char *help;         /* a phrase for the one-screen help */
    const char *manual;       /* whole sentences for the manual page */
    option_reader *read;      /* NULL: handled by options_read() itself */
    size_t field;             /* offset in struct options, for the generic readers */
    uint64_t min;             /* of numbers; milliseconds for times */
    uint64_t max;
};

/** In the order of the help. */
extern const struct option_row option_table[];
extern const size_t option_table_count;

bool option_is_of(const struct option_row *row, enum command c);
/** Does each value count, not the last alone? */
bool option_is_repeatable(const struct option_row *row);
const char *option_preset(const struct option_row *row, enum command c);

struct command_info {
    const char *word;
    const char *arguments;
    const char *help; /* a phrase */
};

const struct command_info *command_info(enum command c);

const char *option_group_title(enum option_group g);
