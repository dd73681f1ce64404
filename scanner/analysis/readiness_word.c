#include "scanner/analysis/sts_readiness.h"
#include "scanner/base/check.h"

const struct vocabulary readiness_vocabulary =
    VOCABULARY_OF(READINESS_RESULTS, "readiness", "ready, result", "Whether a requirement is met.");
