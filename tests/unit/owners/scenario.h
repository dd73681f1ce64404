#pragma once

/**
 * Scenarios of an owner, in the manner of Unbound's .rpl files: a text of what happens to it, and of what it
 * asks for then. No network can be made to show some of these orders.
 *
 *     scenario NAME     begins anew
 *     EVENT WORD...     a word in double quotes may have spaces; the test of the owner tells its events
 *       COMMAND         indented: all that follow from the event above, in their order; none: nothing does
 *
 * Lines that begin with # are comments.
 */

#include <stddef.h>

#define SCENARIO_WORDS_MAX 24

#define TEXT(s) (int)(s).len, (const char *)(s).at /* a span, for %.*s */

struct scenario_form {
    const char *file; /* in the folder of this one */
    void (*init)(void *world);
    void (*deinit)(void *world);
    /** One event happens; what follows from it is said. */
    void (*event)(void *world, char *const *word, size_t count);
};

/** @return how many scenarios were read */
size_t scenarios_run(const struct scenario_form *form, void *world);
/** Of the event under way: the commands, each with its indentation and end of line. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
