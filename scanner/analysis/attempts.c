#include "scanner/analysis/attempts.h"

#include "scanner/base/check.h"

static bool is_lost_inside(const struct seen_session *s)
{
    return smtp_has_quirk(s->smtp.quirks, SMTP_QUIRK_LOST_AFTER_TLS) ||
           smtp_has_quirk(s->smtp.quirks, SMTP_QUIRK_SILENT_AFTER_TLS);
}

enum attempt_end attempt_end_of(const struct seen_session *s)
{
    const struct outcome_info *info = outcome_info(s->outcome);
    if (info->busy) {
        return ATTEMPT_BUSY;
    }
    return info->lost || is_lost_inside(s) ? ATTEMPT_LOST : ATTEMPT_ANSWERED;
}

/* What one attempt is worth beside others. */
enum worth {
    WORTH_NOTHING,      /* our own fault */
    WORTH_ONE_LOSS,     /* a handshake that was lost, the only one */
    WORTH_INCONCLUSIVE, /* as in outcome_info */
    WORTH_LOSSES,       /* handshakes that were lost, several */
    WORTH_REFUSAL,      /* for now; or lost inside TLS */
    WORTH_ANSWER,
    WORTH_SUCCESS,
};

static bool is_lost_handshake(const struct seen_session *s)
{
    const struct outcome_info *info = outcome_info(s->outcome);
    return info->lost && info->conclusive;
}

static enum worth worth_of(const struct seen_session *s, size_t losses)
{
    if (s->outcome == OUTCOME_LOCAL_FAULT || s->outcome == OUTCOME_NOT_TESTED) {
        return WORTH_NOTHING;
    }
    if (!outcome_info(s->outcome)->conclusive) {
        return WORTH_INCONCLUSIVE;
    }
    if (is_lost_handshake(s)) {
        return losses > 1 ? WORTH_LOSSES : WORTH_ONE_LOSS;
    }
    if (attempt_end_of(s) != ATTEMPT_ANSWERED) {
        return WORTH_REFUSAL;
    }
    return s->outcome == OUTCOME_ESTABLISHED ? WORTH_SUCCESS : WORTH_ANSWER;
}

size_t attempt_that_counts(const struct seen_session *attempts, size_t count)
{
    CHECK(count > 0);
    size_t losses = 0;
    for (size_t i = 0; i < count; i++) {
        losses += is_lost_handshake(&attempts[i]);
    }
    size_t best = 0;
    enum worth most = WORTH_NOTHING;
    for (size_t i = 0; i < count; i++) {
        enum worth worth = worth_of(&attempts[i], losses);
        if (worth > most || (worth == most && worth <= WORTH_INCONCLUSIVE)) {
            most = worth;
            best = i;
        }
    }
    return best;
}
