#include "scanner/analysis/delivery_refusal.h"

/* 5xx to STARTTLS. */
static struct delivery_outcome when_rejected(const struct delivery_place *at,
                                             enum profile_refusal takes,
                                             enum delivery_reason reason)
{
    delivery_rests_on(at, PROFILE_FIELD_REQUIRED_TLS_REJECTED);
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

/* STARTTLS is not offered. What a server says to it all the same, and does then, nobody asked it. */
static struct delivery_outcome when_missing(const struct delivery_place *at, uint8_t good,
                                            enum delivery_reason reason)
{
    const struct sender_profile *p = at->profile;
    delivery_rests_on(at, PROFILE_FIELD_REQUIRED_TLS_MISSING);
    if (p->required_tls_missing == PROFILE_MISSING_NEXT) {
        return (struct delivery_outcome){RESULT_FAILS, reason};
    }
    unsigned set = RESULT_FAILS | good | when_rejected(at, p->required_tls_rejected, reason).set;
    return (struct delivery_outcome){(uint8_t)set, reason};
}

struct delivery_outcome delivery_without_required_tls(const struct delivery_place *at,
                                                      const struct delivery_met *m,
                                                      const struct delivery_handshake *h,
                                                      uint8_t good, enum delivery_reason reason)
{
    if (h->reachable && !h->offered) {
        return when_missing(at, good, reason);
    }
    if (h->reachable && m->outcome == OUTCOME_STARTTLS_REJECTED) { /* or with no reply at all */
        bool is_5xx = (m->facts.events & SENDER_EVENT_STARTTLS_5XX) != 0;
        enum profile_refusal takes = at->profile->required_tls_rejected;
        if (takes == PROFILE_REFUSAL_RETURNS && !is_5xx) {
            takes = PROFILE_REFUSAL_UNKNOWN;
        }
        return when_rejected(at, takes, reason);
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
        set |= h.tls == FIT_NO ? delivery_without_required_tls(at, &met[i], &h, good, h.reason).set
                               : 0;
    }
    return (struct delivery_outcome){(uint8_t)set, DELIVERY_REASON_UNSTABLE};
}

/* By the greeting or at EHLO, before TLS or in it. */
static bool is_turned_away(uint8_t outcome, const struct sender_facts *f)
{
    return outcome == OUTCOME_GREETING_REJECTED || outcome == OUTCOME_EHLO_REJECTED ||
           smtp_has_quirk(f->quirks, SMTP_QUIRK_REFUSED_AFTER_TLS);
}

/* A server that calls itself as its client does is the client to some: Postfix returns the mail. It may be
 * that it only has our name. */
static bool may_be_taken_for_loop(const struct delivery_place *at, const struct sender_facts *f)
{
    unsigned own = 1U << SMTP_FORM_OWN_NAME;
    return (f->forms & own) != 0 && (at->profile->forms & own) == 0;
}

/* Replies out of step: what a sender takes for the answer to a command, such as DATA, may be none that allows
 * it to go on. */
static bool is_out_of_step(const struct sender_facts *f)
{
    return (f->quirks & (SENDER_FACTS_EARLY_REPLY | SENDER_FACTS_LONG_REPLY)) != 0;
}

bool delivery_may_be_returned(const struct delivery_place *at, uint8_t set)
{
    const struct endpoint_brief *e = at->e;
    if (set == RESULT_FAILS) { /* whatever it says */
        return false;
    }
    if (is_turned_away(e->outcome, &e->facts) ||
        is_turned_away(e->no_sni_outcome, &e->no_sni_facts) || is_out_of_step(&e->facts) ||
        is_out_of_step(&e->no_sni_facts) || may_be_taken_for_loop(at, &e->facts) ||
        may_be_taken_for_loop(at, &e->no_sni_facts)) {
        return true;
    }
    bool heard = outcome_info((enum session_outcome)e->outcome)->conclusive ||
                 outcome_info((enum session_outcome)e->no_sni_outcome)->conclusive;
    bool demanded = (set & (RESULT_PLAINTEXT | RESULT_PLAINTEXT_LATER)) == 0;
    if (heard || !demanded) {
        return false;
    }
    delivery_rests_on(at, PROFILE_FIELD_REQUIRED_TLS_REJECTED);
    return at->profile->required_tls_rejected != PROFILE_REFUSAL_NEXT;
}
