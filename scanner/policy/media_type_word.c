#include "scanner/base/check.h"
#include "scanner/policy/media_type.h"

const struct vocabulary media_type_vocabulary =
    VOCABULARY_OF(MEDIA_TYPES, "media_type", "media_type", "The Content-Type of a policy.");
