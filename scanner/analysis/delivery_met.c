#include "scanner/analysis/delivery_met.h"

#define TLS1_0 0x0301

/* Quirks of reply lines, which a sender reads or not. */
static uint16_t line_quirks(const struct sender_facts *f)
{
    return f->quirks & SMTP_LINE_QUIRKS;
}

/* --- the two sessions ---------------------------------------------------------------------- */

static bool ends_at_connecting(enum session_outcome o)
{
    return o == OUTCOME_REFUSED || o == OUTCOME_UNREACHABLE;
}

/* A result of another session of the service comes without its facts; where they ended in the same way, those
 * of the session without SNI are what there is. */
static bool is_known_with_sni(const struct endpoint_brief *e)
{
    enum session_outcome o = (enum session_outcome)e->outcome;
    return !e->inherited || ends_at_connecting(o) ||
           (outcome_info(o)->before_tls && e->no_sni_outcome == e->outcome);
}

struct delivery_met delivery_met_with_sni(const struct endpoint_brief *e)
{
    return (struct delivery_met){
        .outcome = (enum session_outcome)e->outcome,
        .starttls = (enum starttls_state)e->starttls,
        .version = e->tls_version,
        .chain = e->chain,
        .name = (enum name_match)e->name_match,
        .leaf_domains = e->leaf_domains,
        .facts = e->inherited ? e->no_sni_facts : e->facts,
        .judged = !endpoint_has_leaf(e) || e->chain.status != CHAIN_NONE,
        .known = is_known_with_sni(e),
    };
}

struct delivery_met delivery_met_without_sni(const struct endpoint_brief *e)
{
    const struct outcome_info *with = outcome_info((enum session_outcome)e->outcome);
    /* What ends before TLS does not depend on the name, and may be the only session there is. */
    if (e->no_sni_outcome == OUTCOME_NOT_TESTED && with->before_tls) {
        return delivery_met_with_sni(e);
    }
    return (struct delivery_met){
        .outcome = (enum session_outcome)e->no_sni_outcome,
        .starttls = (enum starttls_state)e->no_sni_starttls,
        .version = e->no_sni_tls_version,
        .chain = e->no_sni_chain,
        .name = (enum name_match)e->no_sni_name_match,
        .leaf_domains = e->no_sni_leaf_domains,
        .facts = e->no_sni_facts,
        .judged = e->no_sni_outcome != OUTCOME_ESTABLISHED || e->no_sni_chain.status != CHAIN_NONE,
        .known = e->no_sni_outcome != OUTCOME_NOT_TESTED || e->outcome == OUTCOME_NOT_TESTED,
    };
}

/* --- versions ------------------------------------------------------------------------------ */

static enum truth accepts(const struct endpoint_brief *e, uint16_t version)
{
    return (enum truth)(e->versions >> (2 * (version - TLS1_0)) & 3U);
}

/* The version that was negotiated is the highest that the server shares with us, who offer all. */
static enum fit version_fits(const struct endpoint_brief *e, uint16_t version, uint16_t from,
                             uint16_t to)
{
    if (version < from) {
        return FIT_NO;
    }
    if (version <= to) {
        return from <= to ? FIT_YES : FIT_NO;
    }
    bool known = true;
    for (uint16_t v = from; v <= to; v++) {
        if (accepts(e, v) == TRUTH_YES) {
            return FIT_YES;
        }
        known = known && accepts(e, v) == TRUTH_NO;
    }
    return known ? FIT_NO : FIT_UNKNOWN;
}

/* --- how far the sender gets --------------------------------------------------------------- */

static struct delivery_handshake ends(enum fit tls, enum delivery_reason reason, bool offered,
                                      bool reachable)
{
    return (struct delivery_handshake){
        .tls = tls, .reason = reason, .offered = offered, .reachable = reachable, .lost = TRUTH_NO};
}

static struct delivery_handshake unknown(enum delivery_reason reason)
{
    return ends(FIT_UNKNOWN, reason, false, true);
}

/* Silence and resets happen by chance; where the other session completed its handshake, one that
 * did not says nothing of the next. */
static bool may_be_chance(const struct delivery_place *at, const struct delivery_met *m)
{
    bool other =
        at->e->outcome == OUTCOME_ESTABLISHED || at->e->no_sni_outcome == OUTCOME_ESTABLISHED;
    return other && (m->outcome == OUTCOME_TLS_RESET || m->outcome == OUTCOME_TLS_TIMEOUT);
}

/* Of what the stack has, this program offers neither the suites of AES-CCM nor the rest of "other", and none
 * without a certificate (tls/tls_context.c): the server may be waiting for one of these. */
static bool has_more_suites(const struct delivery_place *at)
{
    const struct tls_stack *s = at->profile->stack;
    delivery_rests_on_stack(at, STACK_FIELD_CIPHERS);
    if (s->ciphers == STACK_UNKNOWN_SET ||
        (s->ciphers & (1U << STACK_CIPHER_AES_CCM | 1U << STACK_CIPHER_OTHER)) != 0) {
        return true;
    }
    if (at->profile->level == PROFILE_VERIFY) {
        return false;
    }
    delivery_rests_on_stack(at, STACK_FIELD_ANONYMOUS);
    return s->anonymous != STACK_NO;
}

/* What one client was refused, another may get: by other suites, or by reading a message that our TLS
 * library would not, or more of them than this program. */
static bool others_may_succeed(const struct delivery_place *at, const struct delivery_met *m)
{
    if (m->outcome == OUTCOME_TLS_NO_SHARED_CIPHER) {
        return has_more_suites(at);
    }
    if ((m->facts.quirks & SENDER_FACTS_OUR_BOUND) != 0) {
        return true;
    }
    if (m->outcome == OUTCOME_TLS_PROTOCOL_ERROR) {
        delivery_rests_on_stack(at, STACK_FIELD_LIBRARY);
        return at->profile->stack->library != STACK_LIBRARY_OPENSSL;
    }
    return false; /* the server's doing, or before TLS */
}

static enum delivery_reason reason_of_forms(unsigned forms)
{
    return (forms & SMTP_KEYWORD_FORMS) != 0                ? DELIVERY_REASON_STARTTLS_KEYWORD
           : (forms & 1U << SMTP_FORM_HIDDEN_GREETING) != 0 ? DELIVERY_REASON_HIDDEN_GREETING
           : (forms & 1U << SMTP_FORM_OWN_NAME) != 0        ? DELIVERY_REASON_OWN_NAME
                                                            : DELIVERY_REASON_SMTP_REPLIES;
}

/* What senders make different things of. @return false: `*h` tells how it ends for this one */
static bool passes_forms(const struct delivery_place *at, const struct delivery_met *m,
                         struct delivery_handshake *h)
{
    const struct sender_profile *p = at->profile;
    unsigned odd = m->facts.forms & SMTP_DIALOGUE_FORMS;
    if (odd == 0) {
        return true;
    }
    delivery_rests_on(at, PROFILE_FIELD_FORMS);
    delivery_rests_on(at, PROFILE_FIELD_FORMS_UNSEEN);
    delivery_rests_on(at, PROFILE_FIELD_FORMS_FATAL);
    unsigned open = odd & ~(p->forms | p->forms_unseen | p->forms_fatal);
    if ((odd & p->forms_fatal) != 0) {
        *h = ends(FIT_NO, reason_of_forms(odd & p->forms_fatal), false, false);
        return false;
    }
    if (open != 0) {
        *h = unknown(reason_of_forms(open));
        return false;
    }
    if ((odd & p->forms_unseen) != 0) {
        *h = ends(FIT_NO, reason_of_forms(odd & p->forms_unseen), false, true);
        return false;
    }
    return true;
}

/* The dialogue before TLS, where all goes well for the most forgiving sender.
 * @return false: `*h` tells how it ends for this one */
static bool passes_dialogue(const struct delivery_place *at, const struct delivery_met *m,
                            struct delivery_handshake *h)
{
    const struct sender_profile *p = at->profile;
    if ((m->facts.quirks & (SENDER_FACTS_EARLY_REPLY | SENDER_FACTS_LONG_REPLY)) != 0) {
        *h = unknown(
            DELIVERY_REASON_SMTP_REPLIES); /* taken for the answer to what follows; or cut */
        return false;
    }
    uint16_t odd = line_quirks(&m->facts);
    if (odd != 0) {
        delivery_rests_on(at, PROFILE_FIELD_REPLY_LINES);
        delivery_rests_on(at, PROFILE_FIELD_REPLY_LINES_FATAL);
        bool in_tls = (m->facts.forms & smtp_form_bit(SMTP_FORM_ODD_LINE_IN_TLS)) != 0;
        if (in_tls && (odd & ~p->reply_lines) != 0) {
            *h = unknown(DELIVERY_REASON_SMTP_REPLIES); /* fatal to the host, or to TLS alone */
            return false;
        }
        if ((odd & p->reply_lines_fatal) != 0) {
            *h = ends(FIT_NO, DELIVERY_REASON_SMTP_REPLIES, false, false);
            return false;
        }
        if ((odd & ~p->reply_lines) != 0) {
            *h = unknown(DELIVERY_REASON_SMTP_REPLIES);
            return false;
        }
    }
    if (!passes_forms(at, m, h)) {
        return false;
    }
    if (smtp_has_quirk(m->facts.quirks, SMTP_QUIRK_KEYWORD_CASE)) {
        delivery_rests_on(at, PROFILE_FIELD_STARTTLS_KEYWORD);
        if (p->starttls_keyword != PROFILE_KEYWORD_ANY_CASE) {
            *h = p->starttls_keyword == PROFILE_KEYWORD_UNKNOWN
                     ? unknown(DELIVERY_REASON_STARTTLS_KEYWORD)
                     : ends(FIT_NO, DELIVERY_REASON_STARTTLS_KEYWORD, false, true);
            return false;
        }
    }
    return true;
}

/* The reply to STARTTLS that our client went on after. */
static bool passes_reply(const struct delivery_place *at, const struct delivery_met *m,
                         struct delivery_handshake *h)
{
    const struct sender_profile *p = at->profile;
    if ((m->facts.quirks & SENDER_FACTS_NOT_220) != 0) {
        delivery_rests_on(at, PROFILE_FIELD_STARTTLS_REPLY);
        if (p->starttls_reply != PROFILE_REPLY_2XX) {
            *h = ends(p->starttls_reply == PROFILE_REPLY_UNKNOWN ? FIT_UNKNOWN : FIT_NO,
                      DELIVERY_REASON_STARTTLS_REPLY, true, true);
            return false;
        }
    }
    if (smtp_has_quirk(m->facts.quirks, SMTP_QUIRK_INJECTED)) {
        delivery_rests_on(at, PROFILE_FIELD_AFTER_220);
        if (p->after_220 != PROFILE_INJECTED_DROPPED) {
            *h = ends(p->after_220 == PROFILE_INJECTED_UNKNOWN ? FIT_UNKNOWN : FIT_NO,
                      DELIVERY_REASON_AFTER_220, true, true);
            return false;
        }
    }
    return true;
}

static enum delivery_reason reason_of_obstacle(enum stack_obstacle o)
{
    switch (o) {
    case STACK_OBSTACLE_SUITE:
        return DELIVERY_REASON_TLS_SUITE;
    case STACK_OBSTACLE_FORM:
        return DELIVERY_REASON_CERTIFICATE_FORM;
    case STACK_OBSTACLE_KEY:
        return DELIVERY_REASON_LEAF_KEY;
    case STACK_OBSTACLE_USAGE:
        return DELIVERY_REASON_KEY_USAGE;
    case STACK_OBSTACLE_LIST:
        return DELIVERY_REASON_LIST_SIZE;
    case STACK_OBSTACLE_ALERT:
        return DELIVERY_REASON_TLS_FAILED;
    case STACK_OBSTACLE_NONE:
        break;
    }
    return DELIVERY_REASON_NONE;
}

/* RFC 3207 section 4.2: after the handshake the client says EHLO again. What comes late, or is refused and
 * may be asked for by HELO, is not known. */
static enum truth met_is_lost(const struct sender_facts *f)
{
    return smtp_has_quirk(f->quirks, SMTP_QUIRK_LOST_AFTER_TLS) ? TRUTH_YES
           : smtp_has_quirk(f->quirks, SMTP_QUIRK_SILENT_AFTER_TLS) ||
                   smtp_has_quirk(f->quirks, SMTP_QUIRK_REFUSED_AFTER_TLS)
               ? TRUTH_UNKNOWN
               : TRUTH_NO;
}

static struct delivery_handshake established(const struct delivery_place *at,
                                             const struct delivery_met *m, uint16_t from)
{
    delivery_rests_on(at, PROFILE_FIELD_TLS_MIN);
    delivery_rests_on(at, PROFILE_FIELD_TLS_MAX);
    enum fit version = version_fits(at->e, m->version, from, at->profile->tls_max);
    if (version != FIT_YES) {
        return ends(version,
                    version == FIT_NO ? DELIVERY_REASON_TLS_VERSION
                                      : DELIVERY_REASON_VERSION_NOT_PROBED,
                    true, true);
    }
    struct stack_verdict stack = tls_stack_fits(at->profile->stack, &m->facts, m->version);
    at->rests_on->stack |= stack.fields;
    struct delivery_handshake h = ends(stack.fit, reason_of_obstacle(stack.obstacle), true, true);
    h.lost = met_is_lost(&m->facts);
    return h;
}

struct delivery_handshake delivery_handshake_of(const struct delivery_place *at,
                                                const struct delivery_met *m, uint16_t from)
{
    struct delivery_handshake h;
    bool offered = m->outcome != OUTCOME_HELO_ONLY && m->starttls != STARTTLS_NOT_OFFERED &&
                   m->starttls != STARTTLS_MASKED;
    if (!m->known) {
        return unknown(DELIVERY_REASON_SNI_NOT_PROBED);
    }
    if (ends_at_connecting(m->outcome)) {
        return ends(FIT_NO, DELIVERY_REASON_NOT_REACHABLE, false, false);
    }
    if (!outcome_info(m->outcome)->conclusive || may_be_chance(at, m)) {
        return unknown(DELIVERY_REASON_NOT_TESTED);
    }
    if (!passes_dialogue(at, m, &h)) {
        return h;
    }
    if (!offered) {
        return ends(FIT_NO, DELIVERY_REASON_NO_STARTTLS, false, true);
    }
    if (!passes_reply(at, m, &h)) {
        return h;
    }
    if (m->outcome == OUTCOME_ESTABLISHED) {
        return established(at, m, from);
    }
    if (m->outcome == OUTCOME_STARTTLS_TEMPFAIL || m->outcome == OUTCOME_STARTTLS_REJECTED) {
        return ends(FIT_NO, DELIVERY_REASON_STARTTLS_REFUSED, true, true);
    }
    return ends(others_may_succeed(at, m) ? FIT_UNKNOWN : FIT_NO, DELIVERY_REASON_TLS_FAILED, true,
                true);
}

struct delivery_handshake delivery_handshake_demanded(const struct delivery_place *at,
                                                      const struct delivery_met *m, uint16_t from)
{
    struct delivery_handshake h = delivery_handshake_of(at, m, from);
    if (h.tls != FIT_YES || at->profile->level == PROFILE_VERIFY) {
        return h;
    }
    const struct tls_stack *s = at->profile->stack;
    unsigned sha1 = 1U << STACK_FIELD_SHA1_SIGNATURES;
    if ((tls_stack_fits(s, &m->facts, m->version).fields & sha1) != 0 &&
        s->anonymous == STACK_YES) {
        delivery_rests_on_stack(at, STACK_FIELD_ANONYMOUS);
        h.tls = FIT_UNKNOWN;
        h.reason = DELIVERY_REASON_TLS_SUITE;
    }
    return h;
}
