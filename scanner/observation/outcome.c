#include "scanner/observation/outcome.h"

#include "scanner/base/check.h"

static const struct outcome_info infos[OUTCOME_COUNT] = {
#define X(name, word, conclusive, before_tls, final, zgrab2) \
    [OUTCOME_##name] = {word, conclusive, before_tls, final, zgrab2},
    SESSION_OUTCOMES(X)
#undef X
};

const struct outcome_info *outcome_info(enum session_outcome o)
{
    CHECK((unsigned)o < OUTCOME_COUNT);
    return &infos[o];
}

const char *starttls_word(enum starttls_state s)
{
    switch (s) {
#define X(name, word)     \
    case STARTTLS_##name: \
        return word;
        STARTTLS_STATES(X)
#undef X
    }
    UNREACHABLE("unknown starttls_state");
}

const char *not_tested_word(enum not_tested_reason r)
{
    switch (r) {
#define X(name, word)       \
    case NOT_TESTED_##name: \
        return word;
        NOT_TESTED_REASONS(X)
#undef X
    }
    UNREACHABLE("unknown not_tested_reason");
}
