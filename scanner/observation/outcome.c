#include "scanner/observation/outcome.h"

#include "scanner/base/check.h"

/* Of the list, which says what they mean. */
enum outcome_trait {
    NOTHING = 0,
    CONCLUSIVE = 1,
    BEFORE_TLS = 2,
    FINAL = 4,
    LOST = 8,
    BUSY = 16,
};

static const struct outcome_info infos[OUTCOME_COUNT] = {
#define X(name, word, meaning, traits, zgrab2) \
    [name] = {word,                            \
              ((traits)&CONCLUSIVE) != 0,      \
              ((traits)&BEFORE_TLS) != 0,      \
              ((traits)&FINAL) != 0,           \
              ((traits)&LOST) != 0,            \
              ((traits)&BUSY) != 0,            \
              zgrab2},
    SESSION_OUTCOMES(X)
#undef X
};

const struct vocabulary outcome_vocabulary =
    VOCABULARY_OF(SESSION_OUTCOMES, "outcome", "outcome",
                  "How a session with a mail server ended. The first cause decides, in the order "
                  "of the stages connect, greeting, EHLO, STARTTLS, TLS.");

const struct outcome_info *outcome_info(enum session_outcome o)
{
    CHECK((unsigned)o < OUTCOME_COUNT);
    return &infos[o];
}

const struct vocabulary starttls_vocabulary =
    VOCABULARY_OF(STARTTLS_STATES, "starttls", "starttls",
                  "What the server replied about STARTTLS. Implicit TLS counts as offered.");

const struct vocabulary not_tested_vocabulary =
    VOCABULARY_OF(NOT_TESTED_REASONS, "not_tested", "not_tested",
                  "Why there was no session, where the outcome is not_tested.");
