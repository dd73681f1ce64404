#pragma once

#include "scanner/base/span.h"

/** A Content-Type, RFC 9110 section 8.3.1. */
#define MEDIA_TYPES(X)                                                          \
    X(ABSENT, "absent")                                                         \
    X(TEXT_PLAIN, "text_plain") /* RFC 8461 section 3.3; with any parameters */ \
    X(OTHER, "other")                                                           \
    X(MALFORMED, "malformed")

enum policy_media_type {
#define X(name, word) MEDIA_TYPE_##name,
    MEDIA_TYPES(X)
#undef X
};

const char *media_type_word(enum policy_media_type t);

/** @param content_type the field's value; empty or white space: ABSENT */
enum policy_media_type media_type_read(struct span content_type);
