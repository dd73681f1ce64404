#pragma once

#include <jansson.h>

#include "scanner/analysis/tls_stack.h"
#include "scanner/base/buf.h"

/** One field of a sender profile or of a TLS stack: its value, and how that is known. */

/** Words of a field, by value; the last one has none. */
struct field_word {
    const char *word;
    uint32_t value;
};

/* Of a list of base/vocabulary.h: words with their values, or with their bits. */
#define FIELD_VALUE(name, ...) {VOCABULARY_FIRST(__VA_ARGS__, ), (name)},
#define FIELD_BIT(name, ...)   {VOCABULARY_FIRST(__VA_ARGS__, ), 1U << (name)},

enum field_kind {
    FIELD_WORD,
    FIELD_BOOL,
    FIELD_SET,    /* a list of words, whose values are bits; null: not known */
    FIELD_LIST,   /* the same, never null */
    FIELD_NUMBER, /* 0 to 2^31 - 1; null: not known */
};

struct field_info {
    const char *name;
    enum field_kind kind;
    const struct field_word *words;
};

#define FIELD_NOT_KNOWN UINT32_MAX /* of a set or number */

/** Where a fault is. */
struct field_place {
    const char *origin; /* the file */
    const char *thing;  /* "profile", "tls_stack" */
    const char *id;
    const char *field;
    bool absent; /* the field */
    struct buf *why;
};

/** Sets `at->why` to one line. @param allowed what stands there in its place. @return false */
bool field_fault(const struct field_place *at, const char *allowed);
/** Appends what the file says, in a line of ours: printable ASCII alone. */
void field_put_printable(struct buf *why, const char *text, size_t max);
void field_put_key(struct buf *why, const char *key);
/** @param known ends with NULL. @return false, `*unknown` set: it has a key that is none of them */
bool field_object_has_only(const json_t *object, const char *const known[], const char **unknown);

/** A value stands alone, and is assumed then, or in an object that says where it comes from.
 * @param given NULL: absent. @return false with one line in `at->why` */
bool field_read(const struct field_place *at, const json_t *given, const struct field_info *f,
                uint32_t *value, uint8_t *mark);

/** All fields of a thing. Without one that is absent stays what `values` and `marks` have, where it is
 * `like` another thing. @return false with one line in `at->why` */
bool fields_read(const struct field_place *at, const json_t *thing, const struct field_info *infos,
                 size_t count, bool like, uint32_t *values, uint8_t *marks);
/** Key "inherited_mark": what is taken over from the thing that this one is `like` counts as no better known
 * than that, because it is other software. @return false with one line in `at->why` */
bool fields_weaken_inherited(const struct field_place *at, const json_t *thing, size_t count,
                             uint8_t *marks);
/** Every key of a thing is one of its fields or of `others`, which ends with NULL. */
bool fields_are_all(const struct field_place *at, const json_t *thing,
                    const struct field_info *infos, size_t count, const char *const others[]);

/** [a-z0-9.-]+, at most 40 */
bool field_is_id(const char *id);
