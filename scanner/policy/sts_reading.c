#include "scanner/policy/sts_reading.h"

#include "scanner/base/check.h"

const struct vocabulary sts_record_quirk_vocabulary = VOCABULARY_WORDS(STS_RECORD_QUIRKS);

const struct vocabulary sts_policy_quirk_vocabulary = VOCABULARY_WORDS(STS_POLICY_QUIRKS);

enum truth sts_reading_takes(struct sts_reading reading, bool readable, uint32_t quirks)
{
    uint32_t left = quirks & ~reading.takes;
    if (!readable || (left & ~reading.unsure) != 0) {
        return TRUTH_NO;
    }
    return left != 0 ? TRUTH_UNKNOWN : TRUTH_YES;
}
