#pragma once

#include "scanner/policy/octets.h"

/** Which TXT record at a name is the one: MTA-STS and TLS-RPT choose alike (RFC 8461 section 3.1, RFC 8460
 * section 3). Pure; for the files of this folder. */

/** How a record begins. */
enum record_front {
    RECORD_FRONT_STRICT, /* with the version and a semicolon, the prefix that both sections ask for */
    RECORD_FRONT_LOOSE, /* with white space between the two: fits the grammar alone */
    RECORD_FRONT_OTHER,
};

static inline enum record_front record_front_of(struct span text, struct span literal)
{
    if (!begins_with(text, literal) || !has_delimiter(text, literal)) {
        return RECORD_FRONT_OTHER;
    }
    return text.at[literal.len] == ';' ? RECORD_FRONT_STRICT : RECORD_FRONT_LOOSE;
}

/** "v=STSv1\;", as a zone file has it and a web form must not. */
static inline bool is_escaped(struct span text, struct span literal)
{
    struct span s = trim_front(text);
    return is_version_front(s, literal) &&
           begins_with(trim_front(span_drop(s, literal.len)), SPAN_LIT("\\;"));
}

/** The first of each kind, and how many there are. Begins as zero. */
struct record_choice {
    struct span strict;
    struct span loose;
    struct span meant; /* of the others, in a lenient reading */
    size_t strict_count;
    size_t loose_count;
    size_t other_count;
};

static inline void record_choice_add(struct record_choice *c, struct span text, struct span literal,
                                     bool meant)
{
    switch (record_front_of(text, literal)) {
    case RECORD_FRONT_STRICT:
        c->strict = c->strict_count++ == 0 ? text : c->strict;
        return;
    case RECORD_FRONT_LOOSE:
        c->loose = c->loose_count++ == 0 ? text : c->loose;
        return;
    case RECORD_FRONT_OTHER:
        c->other_count++;
        c->meant = meant && c->meant.at == NULL ? text : c->meant;
        return;
    }
}

static inline struct span record_choice_first(const struct record_choice *c)
{
    return c->strict_count > 0 ? c->strict : c->loose_count > 0 ? c->loose : c->meant;
}

/** More than one is left by the letter: there is none. */
static inline bool record_choice_is_several(const struct record_choice *c)
{
    return c->strict_count > 1 || (c->strict_count == 0 && c->loose_count > 1);
}

/** Exactly one by the letter. @param count of all records at the name */
static inline bool record_choice_is_one(const struct record_choice *c, size_t count)
{
    return c->strict_count == 1 || (count == 1 && c->loose_count == 1);
}
