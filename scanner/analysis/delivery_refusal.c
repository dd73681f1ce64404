#include "scanner/analysis/delivery_refusal.h"

static struct delivery_outcome with_refusal(const struct delivery_place *at,
                                            enum profile_field field, enum profile_refusal takes,
                                            enum delivery_reason reason)
{
    delivery_rests_on(at, field);
    switch (takes) {
    case PROFILE_REFUSAL_NEXT:
        return (struct delivery_outcome){RESULT_FAILS, reason};
    case PROFILE_REFUSAL_RETURNS:
        return (struct delivery_outcome){RESULT_RETURNED, DELIVERY_REASON_STARTTLS_REJECTED};
    case PROFILE_REFUSAL_UNKNOWN:
        break;
    }
    return (struct delivery_outcome){RESULT_FAILS | RESULT_RETURNED, reason};
}

struct delivery_outcome delivery_without_required_tls(const struct delivery_place *at,
                                                      const struct delivery_met *m,
                                                      const struct delivery_handshake *h,
                                                      enum delivery_reason reason)
{
    const struct sender_profile *p = at->profile;
    if (h->reachable && !h->offered) {
        return with_refusal(at, PROFILE_FIELD_REQUIRED_TLS_MISSING, p->required_tls_missing,
                            reason);
    }
    if (h->reachable && m->outcome == OUTCOME_STARTTLS_REJECTED) { /* or with no reply at all */
        bool is_5xx = (m->facts.events & SENDER_EVENT_STARTTLS_5XX) != 0;
        enum profile_refusal takes = p->required_tls_rejected;
        if (takes == PROFILE_REFUSAL_RETURNS && !is_5xx) {
            takes = PROFILE_REFUSAL_UNKNOWN;
        }
        return with_refusal(at, PROFILE_FIELD_REQUIRED_TLS_REJECTED, takes, reason);
    }
    return (struct delivery_outcome){RESULT_FAILS, reason};
}

struct delivery_outcome delivery_where_unstable(const struct delivery_place *at, uint8_t good,
                                                uint16_t from)
{
    const struct delivery_met met[] = {delivery_met_with_sni(at->e),
                                       delivery_met_without_sni(at->e)};
    unsigned set = RESULT_FAILS | good;
    for (size_t i = 0; i < sizeof(met) / sizeof(met[0]); i++) {
        struct delivery_handshake h = delivery_handshake_of(at, &met[i], from);
        set |= h.tls == FIT_NO ? delivery_without_required_tls(at, &met[i], &h, h.reason).set : 0;
    }
    return (struct delivery_outcome){(uint8_t)set, DELIVERY_REASON_UNSTABLE};
}

/* By the greeting or at EHLO, before TLS or in it. */
static bool is_turned_away(uint8_t outcome, const struct sender_facts *f)
{
    return outcome == OUTCOME_GREETING_REJECTED || outcome == OUTCOME_EHLO_REJECTED ||
           smtp_has_quirk(f->quirks, SMTP_QUIRK_REFUSED_AFTER_TLS);
}

bool delivery_may_be_returned(const struct delivery_place *at, uint8_t set)
{
    const struct endpoint_brief *e = at->e;
    if (set == RESULT_FAILS) { /* whatever it says */
        return false;
    }
    if (is_turned_away(e->outcome, &e->facts) ||
        is_turned_away(e->no_sni_outcome, &e->no_sni_facts)) {
        return true;
    }
    bool heard = outcome_info((enum session_outcome)e->outcome)->conclusive ||
                 outcome_info((enum session_outcome)e->no_sni_outcome)->conclusive;
    if (heard || (set & RESULT_PLAINTEXT) != 0) { /* the latter: TLS is not demanded */
        return false;
    }
    delivery_rests_on(at, PROFILE_FIELD_REQUIRED_TLS_REJECTED);
    delivery_rests_on(at, PROFILE_FIELD_REQUIRED_TLS_MISSING);
    return at->profile->required_tls_rejected != PROFILE_REFUSAL_NEXT ||
           at->profile->required_tls_missing != PROFILE_REFUSAL_NEXT;
}
