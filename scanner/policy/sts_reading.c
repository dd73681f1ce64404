#include "scanner/policy/sts_reading.h"

#include "scanner/base/check.h"

const char *sts_record_quirk_word(enum sts_record_quirk q)
{
    switch (q) {
#define X(name, word)             \
    case STS_RECORD_QUIRK_##name: \
        return word;
        STS_RECORD_QUIRKS(X)
#undef X
    case STS_RECORD_QUIRK_COUNT:
        break;
    }
    UNREACHABLE("unknown sts_record_quirk");
}

const char *sts_policy_quirk_word(enum sts_policy_quirk q)
{
    switch (q) {
#define X(name, word)             \
    case STS_POLICY_QUIRK_##name: \
        return word;
        STS_POLICY_QUIRKS(X)
#undef X
    case STS_POLICY_QUIRK_COUNT:
        break;
    }
    UNREACHABLE("unknown sts_policy_quirk");
}

enum truth sts_reading_takes(struct sts_reading reading, bool readable, uint32_t quirks)
{
    uint32_t left = quirks & ~reading.takes;
    if (!readable || (left & ~reading.unsure) != 0) {
        return TRUTH_NO;
    }
    return left != 0 ? TRUTH_UNKNOWN : TRUTH_YES;
}
