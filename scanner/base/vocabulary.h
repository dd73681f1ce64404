#pragma once

#include <stdbool.h>

#include "scanner/base/span.h"

/**
 * A vocabulary: an enum whose values are words in rows, files or options. Its list is its only definition:
 * enumerator, word, and what the data dictionary says of the word. All else is made of the list.
 *
 *     #define PARITIES(X)                                                      in a header
 *         X(PARITY_UNKNOWN, "unknown", "one side was not tested")
 *         X(PARITY_SAME, "same", "both sides are the same")
 *
 *     enum parity {
 *         PARITIES(ENUMERATOR)
 *     };
 *     VOCABULARY(parity, enum parity);       declares parity_vocabulary and defines parity_word()
 *
 *     const struct vocabulary parity_vocabulary =                              in a source
 *         VOCABULARY_OF(PARITIES, "parity", "leaf, starttls", "A comparison of two sides.");
 *
 * One that is not in the data dictionary may go without meanings, X(SCOPE_HOST, "host"), and is
 * VOCABULARY_WORDS(LIST).
 */

struct vocabulary_word {
    const char *word;    /* NULL or "": the value has none, and is null in rows */
    const char *meaning; /* NULL: not told */
};

struct vocabulary {
    const char *name;                    /* in the data dictionary; NULL: not in it */
    const char *used_in;                 /* columns */
    const char *meaning;                 /* what the words answer */
    const struct vocabulary_word *words; /* by enumerator */
    unsigned count;
};

/** The word of a value, which must be one of the enum. */
const char *vocabulary_word(const struct vocabulary *v, unsigned value);
static inline bool vocabulary_has_word(const struct vocabulary *v, unsigned value)
{
    const char *word = vocabulary_word(v, value);
    return word != NULL && word[0] != '\0';
}

/** @return false, `value` unchanged, when no value has the word. */
bool vocabulary_find(const struct vocabulary *v, struct span word, unsigned *value);

#define VOCABULARY(name, type)                                       \
    extern const struct vocabulary name##_vocabulary;                \
    static inline const char *name##_word(type value)                \
    {                                                                \
        return vocabulary_word(&name##_vocabulary, (unsigned)value); \
    }                                                                \
    struct name##_takes_a_semicolon

/* What a list is called with. */
#define ENUMERATOR(name, ...) name,
#define VOCABULARY_ENTRY(name, ...) \
    [name] = {VOCABULARY_FIRST(__VA_ARGS__, ), VOCABULARY_SECOND(__VA_ARGS__, NULL, )},

#define VOCABULARY_FIRST(one, ...)       one
#define VOCABULARY_SECOND(one, two, ...) two

#define VOCABULARY_TABLE(...)                               \
    .words = (const struct vocabulary_word[]){__VA_ARGS__}, \
    .count =                                                \
        sizeof((const struct vocabulary_word[]){__VA_ARGS__}) / sizeof(struct vocabulary_word)

#define VOCABULARY_OF(LIST, name_, used_in_, meaning_)                 \
    {                                                                  \
        .name = (name_), .used_in = (used_in_), .meaning = (meaning_), \
        VOCABULARY_TABLE(LIST(VOCABULARY_ENTRY))                       \
    }
#define VOCABULARY_WORDS(LIST)                   \
    {                                            \
        VOCABULARY_TABLE(LIST(VOCABULARY_ENTRY)) \
    }
