#include "scanner/owners/reception.h"

#include "scanner/base/check.h"

#define CODE_CLOSING  421 /* RFC 5321 section 3.8: the server shuts the connection down */
#define CODE_NO_MAIL  521 /* RFC 7504 section 3: it takes mail from nobody */
#define CODE_REJECTED 550 /* RFC 5321 section 4.2.3, as the next: for reasons of policy */
#define CODE_FAILED   554 /* "no SMTP service here", where it greets */

const struct vocabulary reception_vocabulary = VOCABULARY_WORDS(RECEPTIONS);

static enum reception reception_of_ehlo_reply(uint16_t code)
{
    return code == CODE_REJECTED || code == CODE_FAILED ? RECEPTION_REJECTED : RECEPTION_ANSWERED;
}

enum reception reception_of(const struct seen_session *s)
{
    switch (s->outcome) {
    case OUTCOME_NOT_TESTED:
    case OUTCOME_LOCAL_FAULT:
    case OUTCOME_UNREACHABLE:
    case OUTCOME_COUNT:
        return RECEPTION_UNKNOWN;
    case OUTCOME_REFUSED:
    case OUTCOME_GREETING_CLOSED:
        return RECEPTION_CUT;
    case OUTCOME_CONNECT_TIMEOUT:
    case OUTCOME_GREETING_TIMEOUT:
        return RECEPTION_SILENT;
    case OUTCOME_GREETING_TEMPFAIL:
    case OUTCOME_EHLO_TEMPFAIL:
        return RECEPTION_TEMPFAIL;
    case OUTCOME_STARTTLS_TEMPFAIL: /* 454 is about TLS (RFC 3207 section 4), not about us */
        return s->smtp.reply[SMTP_STEP_STARTTLS].code == CODE_CLOSING ? RECEPTION_TEMPFAIL
                                                                      : RECEPTION_ANSWERED;
    case OUTCOME_GREETING_REJECTED:
        return s->smtp.reply[SMTP_STEP_GREETING].code == CODE_NO_MAIL ? RECEPTION_ANSWERED
                                                                      : RECEPTION_REJECTED;
    case OUTCOME_EHLO_REJECTED:
        return reception_of_ehlo_reply(s->smtp.reply[SMTP_STEP_EHLO].code);
    case OUTCOME_TARPIT:
        return RECEPTION_TARPIT;
    case OUTCOME_NOT_SMTP:
    case OUTCOME_EHLO_TIMEOUT:
    case OUTCOME_EHLO_CLOSED:
    case OUTCOME_HELO_ONLY:
    case OUTCOME_STARTTLS_NOT_OFFERED:
    case OUTCOME_STARTTLS_MASKED:
    case OUTCOME_STARTTLS_TIMEOUT:
    case OUTCOME_STARTTLS_CLOSED:
    case OUTCOME_STARTTLS_REJECTED:
    case OUTCOME_TLS_TIMEOUT:
    case OUTCOME_TLS_CLOSED:
    case OUTCOME_TLS_RESET:
    case OUTCOME_TLS_ALERT:
    case OUTCOME_TLS_NO_SHARED_VERSION:
    case OUTCOME_TLS_NO_SHARED_CIPHER:
    case OUTCOME_TLS_PROTOCOL_ERROR:
    case OUTCOME_ESTABLISHED:
        return RECEPTION_ANSWERED;
    }
    UNREACHABLE("session_outcome");
}

/* How many of the sessions count as turned away in this way. */
static uint64_t turned_away_by(const struct reception_counts *c, enum reception r,
                               uint64_t sessions)
{
    uint64_t count = c->of[r];
    bool answers = c->of[RECEPTION_ANSWERED] > 0;
    switch (r) {
    case RECEPTION_UNKNOWN:
    case RECEPTION_ANSWERED:
    case RECEPTION_COUNT:
        return 0;
    case RECEPTION_TEMPFAIL:
    case RECEPTION_REJECTED:
    case RECEPTION_TARPIT:
        return count;
    case RECEPTION_CUT:
        return answers ? count : 0;
    case RECEPTION_SILENT:
        return answers && count >= NIGHT_SILENT_MIN && count * NIGHT_SILENT >= sessions ? count : 0;
    }
    UNREACHABLE("reception");
}

enum night_verdict receptions_judge(const struct reception_counts *c, enum reception *why)
{
    uint64_t sessions = 0;
    uint64_t turned_away = 0;
    uint64_t most = 0;
    for (enum reception r = RECEPTION_ANSWERED; r < RECEPTION_COUNT; r++) {
        sessions += c->of[r];
    }
    for (enum reception r = RECEPTION_ANSWERED; r < RECEPTION_COUNT; r++) {
        uint64_t count = turned_away_by(c, r, sessions);
        turned_away += count;
        if (count > most) {
            most = count;
            *why = r;
        }
    }
    if (turned_away > 0 && turned_away * NIGHT_TOLERATED >= sessions) {
        return NIGHT_TURNED_AWAY;
    }
    return c->of[RECEPTION_ANSWERED] > 0 ? NIGHT_CLEAN : NIGHT_SAYS_NOTHING;
}
