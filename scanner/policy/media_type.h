#pragma once

#include "scanner/base/span.h"

/** A Content-Type, RFC 9110 section 8.3.1. */
enum policy_media_type {
    MEDIA_TYPE_ABSENT,
    MEDIA_TYPE_TEXT_PLAIN, /* RFC 8461 section 3.3; with any parameters */
    MEDIA_TYPE_OTHER,
    MEDIA_TYPE_MALFORMED,
};

enum policy_media_type media_type_read(struct span content_type);
