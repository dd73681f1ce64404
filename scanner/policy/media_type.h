#pragma once

#include "scanner/base/span.h"
#include "scanner/base/vocabulary.h"

/** A Content-Type, RFC 9110 section 8.3.1. */
#define MEDIA_TYPES(X)                                                        \
    X(MEDIA_TYPE_ABSENT, "absent", "there is none")                           \
    X(MEDIA_TYPE_TEXT_PLAIN, "text_plain", "text/plain, with any parameters") \
    X(MEDIA_TYPE_OTHER, "other", "another media type")                        \
    X(MEDIA_TYPE_MALFORMED, "malformed", "not the syntax of a media type")

enum policy_media_type {
    MEDIA_TYPES(ENUMERATOR)
};

VOCABULARY(media_type, enum policy_media_type);

/** @param content_type the field's value; empty or white space: ABSENT */
enum policy_media_type media_type_read(struct span content_type);
