#pragma once

#include "scanner/base/vocabulary.h"

/** --infer: which wildcards may have certificate groups (certificate_groups.h). */
#define INFER_CHOICES(X)      \
    X(INFER_OFF, "off")       \
    X(INFER_LISTED, "listed") \
    X(INFER_ALL, "all")

enum infer {
    INFER_CHOICES(ENUMERATOR)
};

VOCABULARY(infer, enum infer);
