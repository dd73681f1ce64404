#include "scanner/analysis/delivery_result.h"

#include <string.h>

#include "scanner/analysis/delivery_certificate.h"
#include "scanner/analysis/delivery_refusal.h"
#include "scanner/analysis/delivery_sts.h"
#include "scanner/base/check.h"

#define TLS1_0 0x0301
#define TLS1_3 0x0304

/** What becomes of it where a policy is of no effect; asked only then, as it adds to what the result
 * rests on. */
typedef struct delivery_outcome (*alternative)(const struct delivery_place *at);

/* --- the sender's own level ---------------------------------------------------------------- */

/** @param failed what the sender does where the certificate is as bad as no TLS */
static struct delivery_outcome by_certificate(const struct delivery_place *at,
                                              const struct delivery_met *m, uint8_t failed)
{
    bool verify = at->profile->level == PROFILE_VERIFY;
    uint8_t good = verify ? RESULT_AUTHENTICATED : RESULT_ENCRYPTED;
    struct delivery_outcome passed = delivery_one(good, verify ? DELIVERY_REASON_AUTHENTICATED_PKIX
                                                               : DELIVERY_REASON_OPPORTUNISTIC);
    if (!verify) {
        delivery_rests_on(at, PROFILE_FIELD_OPPORTUNISTIC_VERIFY);
        if (!at->profile->opportunistic_verify) {
            return passed;
        }
    }
    enum fit path = m->judged ? delivery_path_fits(at, m) : FIT_UNKNOWN;
    if (path == FIT_NO) {
        return delivery_one(failed, delivery_reason_of_path(m));
    }
    delivery_rests_on(at, PROFILE_FIELD_NAMES);
    enum fit name = delivery_name_fits(at, m);
    if (name == FIT_NO) {
        return delivery_one(failed, DELIVERY_REASON_NAME);
    }
    if (path == FIT_YES && name == FIT_YES) {
        return passed;
    }
    return delivery_one(failed | good,
                        path == FIT_YES ? DELIVERY_REASON_NAME : delivery_reason_of_path(m));
}

static uint8_t results_of(enum profile_failure f)
{
    switch (f) {
    case PROFILE_FAILURE_CLEAR:
        return RESULT_PLAINTEXT;
    case PROFILE_FAILURE_CLEAR_LATER:
        return RESULT_PLAINTEXT_LATER;
    case PROFILE_FAILURE_NEXT:
        return RESULT_FAILS;
    case PROFILE_FAILURE_DEFERS:
        return RESULT_DEFERRED;
    case PROFILE_FAILURE_UNKNOWN:
        break;
    }
    return RESULT_FAILS | RESULT_PLAINTEXT | RESULT_DEFERRED;
}

/* What becomes of it without TLS, by the field that tells; without one where TLS is demanded. */
static uint8_t otherwise(const struct delivery_place *at, enum profile_field field)
{
    const struct sender_profile *p = at->profile;
    if (p->level != PROFILE_MAY) {
        return RESULT_FAILS;
    }
    delivery_rests_on(at, field);
    return results_of(field == PROFILE_FIELD_WITHOUT_TLS               ? p->without_tls
                      : field == PROFILE_FIELD_TLS_FAILURE             ? p->tls_failure
                      : field == PROFILE_FIELD_STARTTLS_REFUSED        ? p->starttls_refused
                      : field == PROFILE_FIELD_STARTTLS_REFUSED_CLOSED ? p->starttls_refused_closed
                                                                       : p->session_lost);
}

/* RFC 5321 section 3.8: a server may end the session with its refusal. Who would go on in it cannot. */
static uint8_t after_refusal(const struct delivery_place *at, const struct delivery_met *m)
{
    bool closed = (m->facts.forms & smtp_form_bit(SMTP_FORM_CLOSED_AFTER_REFUSAL)) != 0;
    bool open = (m->facts.events & SENDER_EVENT_REFUSED_OPEN) != 0;
    unsigned set = closed ? 0 : otherwise(at, PROFILE_FIELD_STARTTLS_REFUSED);
    set |= closed || open ? otherwise(at, PROFILE_FIELD_STARTTLS_REFUSED_CLOSED) : 0;
    bool unread = (m->facts.events & SENDER_EVENT_STARTTLS_UNREAD) != 0;
    return (uint8_t)(set | (unread ? RESULT_FAILS : 0));
}

static struct delivery_outcome after_handshake(const struct delivery_place *at,
                                               const struct delivery_met *m, enum truth lost)
{
    struct delivery_outcome stays = {0};
    if (lost != TRUTH_YES) {
        bool checks = at->profile->level == PROFILE_VERIFY || at->profile->opportunistic_verify;
        stays =
            by_certificate(at, m, checks ? otherwise(at, PROFILE_FIELD_TLS_FAILURE) : RESULT_FAILS);
    }
    if (lost == TRUTH_NO) {
        return stays;
    }
    return delivery_one(stays.set | otherwise(at, PROFILE_FIELD_SESSION_LOST),
                        DELIVERY_REASON_SESSION_LOST);
}

/* The command, before TLS; of a sender that takes 220 alone, any other positive reply too. */
static bool delivery_is_refused(const struct delivery_met *m, const struct delivery_handshake *h)
{
    return m->outcome == OUTCOME_STARTTLS_TEMPFAIL || m->outcome == OUTCOME_STARTTLS_REJECTED ||
           h->reason == DELIVERY_REASON_STARTTLS_REPLY;
}

/* As far as the handshake got, or all that could come of one that is not known. */
static struct delivery_outcome with_session(const struct delivery_place *at,
                                            const struct delivery_met *m)
{
    struct delivery_handshake h = delivery_handshake_of(at, m, at->profile->tls_min);
    uint8_t good = at->profile->level == PROFILE_VERIFY ? RESULT_AUTHENTICATED : RESULT_ENCRYPTED;
    if (!h.reachable) {
        return delivery_one(RESULT_FAILS, h.reason);
    }
    switch (h.tls) {
    case FIT_YES:
        return after_handshake(at, m, h.lost);
    case FIT_NO:
        if (at->profile->level != PROFILE_MAY) {
            return delivery_without_required_tls(at, m, &h, good, h.reason);
        }
        if (h.offered && delivery_is_refused(m, &h)) {
            return delivery_one(after_refusal(at, m), h.reason);
        }
        return delivery_one(
            otherwise(at, h.offered ? PROFILE_FIELD_TLS_FAILURE : PROFILE_FIELD_WITHOUT_TLS),
            h.reason);
    case FIT_UNKNOWN:
        break;
    }
    if (m->known && m->outcome == OUTCOME_ESTABLISHED && h.offered) {
        struct delivery_outcome fails =
            delivery_one(otherwise(at, PROFILE_FIELD_TLS_FAILURE), h.reason);
        return delivery_either(after_handshake(at, m, h.lost), fails, h.reason);
    }
    return delivery_one(RESULT_FAILS | good | otherwise(at, PROFILE_FIELD_WITHOUT_TLS) |
                            otherwise(at, PROFILE_FIELD_TLS_FAILURE),
                        h.reason);
}

static bool judged_the_same(const struct chain_brief *a, const struct chain_brief *b)
{
    return a->status == b->status && a->trusted_by == b->trusted_by &&
           a->openssl_level_2 == b->openssl_level_2 && a->openssl_level_1 == b->openssl_level_1;
}

static bool met_the_same(const struct delivery_met *a, const struct delivery_met *b)
{
    return a->outcome == b->outcome && a->starttls == b->starttls && a->version == b->version &&
           judged_the_same(&a->chain, &b->chain) && a->name == b->name &&
           a->leaf_domains == b->leaf_domains && a->judged == b->judged && a->known == b->known &&
           memcmp(&a->facts, &b->facts, sizeof(a->facts)) == 0;
}

static struct delivery_outcome by_own_level(const struct delivery_place *at)
{
    struct delivery_met with = delivery_met_with_sni(at->e);
    struct delivery_met without = delivery_met_without_sni(at->e);
    delivery_rests_on(at, PROFILE_FIELD_LEVEL);
    if (!met_the_same(&with, &without)) {
        delivery_rests_on(at, PROFILE_FIELD_SNI);
    }
    if (endpoint_is_unstable(at->e)) { /* whichever of the two it was, the next may be the other */
        return delivery_either(with_session(at, &with), with_session(at, &without),
                               DELIVERY_REASON_UNSTABLE);
    }
    return with_session(at, at->profile->sni ? &with : &without);
}

/* --- MTA-STS ------------------------------------------------------------------------------- */

/** @param without what becomes of it where no policy is enforced */
static struct delivery_outcome by_sts_or(const struct delivery_place *at, alternative without)
{
    switch (delivery_sts_is_enforced(at)) {
    case TRUTH_YES:
        return delivery_by_sts(at);
    case TRUTH_NO:
        return without(at);
    case TRUTH_UNKNOWN:
        break;
    }
    return delivery_either(without(at), delivery_by_sts(at), DELIVERY_REASON_STS_UNKNOWN);
}

static struct delivery_outcome by_sts_or_own_level(const struct delivery_place *at)
{
    return by_sts_or(at, by_own_level);
}

/* --- DANE ---------------------------------------------------------------------------------- */

/* The handshake with the TLSA base domain completed; where that is not the MX host, what it showed is not
 * among the facts unless the other one completed too.
 * @param done what comes of it where nothing fails */
static struct delivery_outcome with_dane_session(const struct delivery_place *at,
                                                 struct delivery_outcome done)
{
    struct delivery_met m = delivery_met_with_sni(at->e);
    struct delivery_handshake h = (done.set & RESULT_AUTHENTICATED) != 0
                                      ? delivery_handshake_demanded(at, &m, at->profile->tls_min)
                                      : delivery_handshake_of(at, &m, at->profile->tls_min);
    if (endpoint_is_unstable(at->e)) {
        return delivery_where_unstable(at, done.set, at->profile->tls_min);
    }
    if (h.tls == FIT_NO) {
        return delivery_without_required_tls(at, &m, &h, done.set,
                                             h.reachable ? DELIVERY_REASON_DANE_NO_TLS : h.reason);
    }
    if (h.tls == FIT_YES && h.lost != TRUTH_UNKNOWN) {
        return h.lost == TRUTH_NO ? done : delivery_one(RESULT_FAILS, DELIVERY_REASON_DANE_NO_TLS);
    }
    return delivery_one(RESULT_FAILS | done.set,
                        h.tls == FIT_YES ? DELIVERY_REASON_SESSION_LOST : h.reason);
}

/* TLS is asked for, and nothing else (RFC 7672 section 2.2). Of malformed records that is not what all make:
 * Exim with GnuTLS defers, Postfix 3.7 ends where there is no data. */
static struct delivery_outcome by_unusable_records(const struct delivery_place *at)
{
    struct delivery_outcome r =
        with_dane_session(at, delivery_one(RESULT_ENCRYPTED, DELIVERY_REASON_DANE_UNUSABLE));
    bool malformed = (at->e->dane_flags & DANE_FLAG_MALFORMED) != 0;
    return malformed ? delivery_one((unsigned)r.set | RESULT_FAILS, DELIVERY_REASON_DANE_UNUSABLE)
                     : r;
}

static struct delivery_outcome by_match(const struct delivery_place *at)
{
    const struct delivery_outcome matched =
        delivery_one(RESULT_AUTHENTICATED, DELIVERY_REASON_AUTHENTICATED_DANE);
    struct delivery_met m = delivery_met_with_sni(at->e);
    if (m.known && m.outcome == OUTCOME_ESTABLISHED) {
        return with_dane_session(at, matched);
    }
    delivery_rests_on(at, PROFILE_FIELD_TLS_MIN);
    delivery_rests_on(at, PROFILE_FIELD_TLS_MAX);
    bool all = at->profile->tls_min == TLS1_0 && at->profile->tls_max == TLS1_3;
    return all ? matched
               : delivery_one(RESULT_FAILS | RESULT_AUTHENTICATED,
                              DELIVERY_REASON_VERSION_NOT_PROBED);
}

/* A DANE-TA record that fails for the host and may pass for the domain (RFC 7672 section 3.2.2). */
static struct delivery_outcome by_other_name(const struct delivery_place *at)
{
    switch (dane_endpoint_passes(at->domain, at->dane->mx, at->mx->host, at->e)) {
    case TRUTH_YES:
        return by_match(at);
    case TRUTH_NO:
        return delivery_one(RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
    case TRUTH_UNKNOWN:
        break;
    }
    return delivery_one(RESULT_FAILS | RESULT_AUTHENTICATED, DELIVERY_REASON_DANE_MISMATCH);
}

/* RFC 7672 section 3.2.2 compares names; of senders that do not as it says, no more is known. */
static struct delivery_outcome by_name_of_anchor(const struct delivery_place *at,
                                                 struct delivery_outcome as_rfc_says)
{
    delivery_rests_on(at, PROFILE_FIELD_DANE_NAMES);
    return at->profile->dane_names == PROFILE_DANE_NAMES_NEXT_HOP
               ? as_rfc_says
               : delivery_one(as_rfc_says.set | RESULT_FAILS | RESULT_ENCRYPTED,
                              DELIVERY_REASON_DANE_MISMATCH);
}

/* A DANE-TA record, and a name of the host by a rule that the sender's library may not share. */
static struct delivery_outcome by_anchor(const struct delivery_place *at)
{
    struct delivery_met m = delivery_met_with_sni(at->e);
    struct delivery_outcome matched = by_match(at);
    bool ee = (at->e->dane_flags & DANE_FLAG_EE) != 0;
    if (ee || !m.known || delivery_name_rule_fits(at, &m, FIT_YES) == FIT_YES) {
        return matched;
    }
    return delivery_one(matched.set | RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
}

static struct delivery_outcome by_matching_records(const struct delivery_place *at)
{
    struct delivery_outcome matched =
        at->e->dane == DANE_MATCH ? by_anchor(at) : by_name_of_anchor(at, by_other_name(at));
    if ((at->e->dane_flags & DANE_FLAG_ANCHOR_IN_DNS) == 0) {
        return matched;
    }
    delivery_rests_on(at, PROFILE_FIELD_DANE_ANCHOR); /* RFC 7671 section 5.2.3 */
    switch (at->profile->dane_anchor) {
    case PROFILE_ANCHOR_FROM_DNS:
        return matched;
    case PROFILE_ANCHOR_PRESENTED:
        return delivery_one(RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
    case PROFILE_ANCHOR_UNKNOWN:
        break;
    }
    return delivery_one(matched.set | RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
}

/* RFC 7671 section 5.2 has the anchor above the leaf: OpenSSL and GnuTLS do not take the leaf for it, Go does.
 * And GnuTLS finds a path where OpenSSL and Go look at what the leaf is for. */
static bool may_pass_elsewhere(const struct delivery_place *at)
{
    unsigned disputed = at->e->dane_flags & (DANE_FLAG_TA_IS_LEAF | DANE_FLAG_TA_NO_PATH);
    if (disputed == 0) {
        return false;
    }
    enum stack_library library = at->profile->stack->library;
    delivery_rests_on_stack(at, STACK_FIELD_LIBRARY);
    bool leaf = (disputed & DANE_FLAG_TA_IS_LEAF) != 0 && library != STACK_LIBRARY_GNUTLS;
    bool path = (disputed & DANE_FLAG_TA_NO_PATH) != 0 && library != STACK_LIBRARY_GO;
    return library != STACK_LIBRARY_OPENSSL && (leaf || path);
}

/* RFC 7671 section 9: of several digests only the strongest counts; not every sender looks at that. */
static struct delivery_outcome by_mismatch(const struct delivery_place *at)
{
    const struct delivery_outcome fails =
        delivery_one(may_pass_elsewhere(at) ? RESULT_FAILS | RESULT_AUTHENTICATED : RESULT_FAILS,
                     DELIVERY_REASON_DANE_MISMATCH);
    if ((at->e->dane_flags & DANE_FLAG_TA_NO_NAME) != 0) {
        return by_name_of_anchor(at, fails);
    }
    if ((at->e->dane_flags & DANE_FLAG_SET_ASIDE_MATCHES) == 0) {
        return fails;
    }
    delivery_rests_on(at, PROFILE_FIELD_DANE_AGILITY);
    switch (at->profile->dane_agility) {
    case PROFILE_CHOICE_YES:
        return fails;
    case PROFILE_CHOICE_NO:
        return by_match(at);
    case PROFILE_CHOICE_UNKNOWN:
        break;
    }
    return delivery_either(fails, by_match(at), DELIVERY_REASON_DANE_MISMATCH);
}

/* A sender of 3 1 x alone: of other records it makes what others make of unusable ones. */
static struct delivery_outcome by_records_31(const struct delivery_place *at)
{
    if ((at->e->dane_flags & DANE_FLAG_HAS_31) == 0) {
        return by_unusable_records(at);
    }
    return (at->e->dane_flags & DANE_FLAG_31) != 0
               ? by_match(at)
               : delivery_one(RESULT_FAILS, DELIVERY_REASON_DANE_MISMATCH);
}

static struct delivery_outcome by_usable_records(const struct delivery_place *at)
{
    bool only_31 = at->profile->dane_ee_only_31;
    uint8_t good = RESULT_AUTHENTICATED | (only_31 ? RESULT_ENCRYPTED : 0);
    delivery_rests_on(at, PROFILE_FIELD_DANE_EE_ONLY_31);
    struct delivery_met m = delivery_met_with_sni(at->e);
    struct delivery_handshake h = delivery_handshake_of(at, &m, at->profile->tls_min);
    switch ((enum dane_status)at->e->dane) {
    case DANE_MATCH:
    case DANE_OTHER_NAME:
        return only_31 ? by_records_31(at) : by_matching_records(at);
    case DANE_MISMATCH:
        return only_31 ? by_records_31(at) : by_mismatch(at);
    case DANE_NO_TLS:
        return delivery_without_required_tls(at, &m, &h, good, DELIVERY_REASON_DANE_NO_TLS);
    case DANE_FAILED:
        return delivery_one(RESULT_FAILS, DELIVERY_REASON_DANE_LOOKUP);
    case DANE_UNKNOWN:
    case DANE_NONE:
    case DANE_UNUSABLE:
    case DANE_STATUS_COUNT:
        break;
    }
    if (!h.reachable) {
        return delivery_one(RESULT_FAILS, h.reason);
    }
    return delivery_one(RESULT_FAILS | good,
                        h.tls == FIT_UNKNOWN ? h.reason : DELIVERY_REASON_DANE_UNKNOWN);
}

/* Neither whether there are records in force nor whether the server matches them. */
static struct delivery_outcome by_unknown_records(const struct delivery_place *at)
{
    struct delivery_outcome r = by_unusable_records(at);
    r.set |= RESULT_FAILS; /* the lookup may fail, the records not match */
    r.set |= (r.set & RESULT_ENCRYPTED) != 0 ? RESULT_AUTHENTICATED : 0;
    return r;
}

static struct delivery_outcome by_records(const struct delivery_place *at, alternative without)
{
    switch ((enum dane_host)at->mx->dane_host) {
    case DANE_HOST_LOOKUP_FAILED: /* RFC 7672 section 2.1.2: the host is skipped */
        return delivery_one(RESULT_FAILS, DELIVERY_REASON_DANE_LOOKUP);
    case DANE_HOST_UNUSABLE:
        return by_unusable_records(at);
    case DANE_HOST_USABLE:
        return by_usable_records(at);
    case DANE_HOST_NONE: /* of these three has_records() spoke */
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
    case DANE_HOST_UNKNOWN:
    case DANE_HOST_COUNT:
        break;
    }
    bool tested = at->e->outcome != OUTCOME_NOT_TESTED;
    return delivery_either(without(at), by_unknown_records(at),
                           tested ? DELIVERY_REASON_DANE_UNKNOWN : DELIVERY_REASON_NOT_TESTED);
}

/* Records that may be in force: what comes of it hangs on what the sender makes of DANE. */
static bool has_records(const struct delivery_place *at)
{
    switch ((enum dane_host)at->mx->dane_host) {
    case DANE_HOST_NONE:
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
        return false;
    case DANE_HOST_UNKNOWN:
    case DANE_HOST_LOOKUP_FAILED:
    case DANE_HOST_UNUSABLE:
    case DANE_HOST_USABLE:
    case DANE_HOST_COUNT:
        break;
    }
    return true;
}

/* RFC 7672 section 2.2.2 allows both names of an alias: does the sender not ask at the one that has
 * the records? */
static enum truth is_beside_alias(const struct delivery_place *at)
{
    if (at->mx->tlsa_at != TLSA_PLACE_ALIAS) {
        return TRUTH_NO;
    }
    delivery_rests_on(at, PROFILE_FIELD_DANE_ALIAS);
    switch (at->profile->dane_alias) {
    case PROFILE_ALIAS_BOTH:
        return TRUTH_NO;
    case PROFILE_ALIAS_END_ONLY:
        return TRUTH_YES;
    case PROFILE_ALIAS_UNKNOWN:
        break;
    }
    return TRUTH_UNKNOWN;
}

/** @param without what becomes of it where no records are in force */
static struct delivery_outcome by_dane_or(const struct delivery_place *at, alternative without)
{
    const struct sender_profile *p = at->profile;
    if (!has_records(at)) {
        return without(at);
    }
    delivery_rests_on(at, PROFILE_FIELD_POLICY_ORDER);
    if (!profile_uses_dane(p)) {
        return without(at);
    }
    delivery_rests_on(at, PROFILE_FIELD_DANE);
    bool mx_is_insecure = at->dane->mx != DNSSEC_SECURE && at->dane->mx != DNSSEC_UNKNOWN;
    /* Where there are none, their absence: Exim goes by the addresses then. */
    bool implicit = at->domain->mx_kind == MX_KIND_IMPLICIT;
    if (p->dane == PROFILE_DANE_SECURE_MX && mx_is_insecure && !implicit) {
        return without(at); /* RFC 7672 section 2.2.1 */
    }
    if (is_beside_alias(at) == TRUTH_YES) {
        return without(at);
    }
    struct delivery_outcome with = by_records(at, without);
    bool certain = (p->dane == PROFILE_DANE_INSECURE_MX || at->dane->mx == DNSSEC_SECURE) &&
                   is_beside_alias(at) == TRUTH_NO;
    return certain ? with : delivery_either(without(at), with, DELIVERY_REASON_DANE_UNKNOWN);
}

static struct delivery_outcome by_dane_or_own_level(const struct delivery_place *at)
{
    return by_dane_or(at, by_own_level);
}

/* --- both ----------------------------------------------------------------------------------- */

/* Where the TLSA base domain is not the MX host, the certificate is held against it and not against the host. */
static struct delivery_outcome by_sts_beside_dane(const struct delivery_place *at)
{
    struct delivery_outcome sts = delivery_by_sts(at);
    bool of_host = sts.reason == DELIVERY_REASON_STS_CERTIFICATE ||
                   sts.reason == DELIVERY_REASON_STS_NAME ||
                   sts.reason == DELIVERY_REASON_STS_PATTERNS ||
                   sts.reason == DELIVERY_REASON_AUTHENTICATED_STS;
    bool alias = at->mx->tlsa_at == TLSA_PLACE_ALIAS || at->mx->tlsa_at == TLSA_PLACE_TARGET;
    return of_host && alias && has_records(at)
               ? delivery_one((unsigned)sts.set | RESULT_FAILS | RESULT_AUTHENTICATED,
                              DELIVERY_REASON_STS_CERTIFICATE)
               : sts;
}

/* What fails one of them fails, for whichever reason; unusable records take nothing from MTA-STS. */
static struct delivery_outcome by_dane_and_enforced_sts(const struct delivery_place *at)
{
    struct delivery_outcome sts = by_sts_beside_dane(at);
    struct delivery_outcome dane = by_dane_or(at, delivery_by_sts);
    if (sts.set == RESULT_FAILS || dane.set == RESULT_FAILS) {
        return sts.set == RESULT_FAILS ? sts : dane;
    }
    unsigned set = ((unsigned)sts.set | dane.set) & (RESULT_FAILS | RESULT_RETURNED);
    unsigned checked = RESULT_ENCRYPTED | RESULT_AUTHENTICATED;
    if ((sts.set & checked) != 0 && (dane.set & checked) != 0) {
        set |= RESULT_AUTHENTICATED;
    }
    bool of_sts = sts.set != RESULT_AUTHENTICATED || dane.set == RESULT_ENCRYPTED;
    return delivery_one(set, of_sts ? sts.reason : dane.reason);
}

static struct delivery_outcome by_dane_and_sts(const struct delivery_place *at)
{
    switch (delivery_sts_is_enforced(at)) {
    case TRUTH_YES:
        return by_dane_and_enforced_sts(at);
    case TRUTH_NO:
        return by_dane_or_own_level(at);
    case TRUTH_UNKNOWN:
        break;
    }
    return delivery_either(by_dane_or_own_level(at), by_dane_and_enforced_sts(at),
                           DELIVERY_REASON_STS_UNKNOWN);
}

/* --- DANE for the whole domain ---------------------------------------------------------------- */

/** What the exchanges of a domain say of their TLSA records, together. */
struct domain_records {
    enum truth any;    /* some exchange has records in force */
    enum truth failed; /* some lookup failed */
};

/* At the end of an alias such a service does not ask, and an insecure alias has no records for it. */
static void domain_records_add(struct domain_records *r, const struct seen_mx *mx)
{
    bool alias = mx->cname_count > 0;
    switch ((enum dane_host)mx->dane_host) {
    case DANE_HOST_NONE:
    case DANE_HOST_TLSA_INSECURE:
    case DANE_HOST_HOST_INSECURE:
        return;
    case DANE_HOST_USABLE:
    case DANE_HOST_UNUSABLE:
        r->any = alias && r->any != TRUTH_YES ? TRUTH_UNKNOWN : TRUTH_YES;
        return;
    case DANE_HOST_LOOKUP_FAILED:
        r->failed = alias && r->failed != TRUTH_YES ? TRUTH_UNKNOWN : TRUTH_YES;
        r->any = alias && r->any != TRUTH_YES ? TRUTH_UNKNOWN : r->any;
        return;
    case DANE_HOST_UNKNOWN:
    case DANE_HOST_COUNT:
        break;
    }
    r->failed = r->failed == TRUTH_YES ? TRUTH_YES : TRUTH_UNKNOWN;
    r->any = r->any == TRUTH_YES ? TRUTH_YES : TRUTH_UNKNOWN;
}

/* As postfix-tlspol has it: with records at one exchange MTA-STS is left out at all of them, and where a lookup
 * fails the mail waits. */
static struct delivery_outcome by_domain_dane(const struct delivery_place *at)
{
    struct domain_records r = {TRUTH_NO, TRUTH_NO};
    for (size_t i = 0; i < at->domain->mx_count; i++) {
        if (at->domain->mx[i].unusable == NULL) {
            domain_records_add(&r, &at->domain->mx[i]);
        }
    }
    if (r.any != TRUTH_NO || r.failed != TRUTH_NO) {
        delivery_rests_on(at, PROFILE_FIELD_POLICY_ORDER);
    }
    if (r.failed == TRUTH_YES) {
        return delivery_one(RESULT_FAILS, DELIVERY_REASON_DANE_LOOKUP);
    }
    struct delivery_outcome out =
        r.any == TRUTH_YES ? by_dane_or_own_level(at)
        : r.any == TRUTH_NO
            ? by_sts_or(at, by_dane_or_own_level)
            : delivery_either(by_sts_or(at, by_dane_or_own_level), by_dane_or_own_level(at),
                              DELIVERY_REASON_DANE_UNKNOWN);
    return r.failed == TRUTH_NO
               ? out
               : delivery_either(out, delivery_one(RESULT_FAILS, DELIVERY_REASON_DANE_LOOKUP),
                                 DELIVERY_REASON_DANE_UNKNOWN);
}

/* --- all of it ------------------------------------------------------------------------------ */

static struct delivery_outcome by_policies(const struct delivery_place *at)
{
    switch (at->profile->policy_order) {
    case PROFILE_ORDER_STS_FIRST:
        return by_sts_or(at, by_dane_or_own_level);
    case PROFILE_ORDER_DANE_AND_STS:
        return by_dane_and_sts(at);
    case PROFILE_ORDER_DANE_DOMAIN_THEN_STS:
        return by_domain_dane(at);
    case PROFILE_ORDER_NONE:
    case PROFILE_ORDER_DANE_THEN_STS:
    case PROFILE_ORDER_DANE_ONLY:
    case PROFILE_ORDER_STS_ONLY:
        break;
    }
    return by_dane_or(at, by_sts_or_own_level);
}

struct delivery_outcome delivery_result_at(const struct delivery_place *at)
{
    struct delivery_outcome r = by_policies(at);
    return delivery_one(r.set | (delivery_may_be_returned(at, r.set) ? RESULT_RETURNED : 0),
                        r.reason);
}
