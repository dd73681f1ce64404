#include <string.h>

#include "scanner/compare/rules.h"

/* What an MX host has of its own, and what its servers present to its name. */

struct host_pair {
    const struct comparison_terms *terms;
    const struct compared_host *before;
    const struct compared_host *after;
    const struct change_sink *to;
};

static void put_host_change(const struct change_sink *to, enum change_kind kind,
                            enum change_place place, struct span key, struct span before,
                            struct span after)
{
    const struct change c = {
        .kind = kind, .place = place, .key = key, .before = before, .after = after};
    to->put(to->arg, &c);
}

static void put_joined_change(const struct change_sink *to, enum change_kind kind,
                              enum change_place place, struct span key,
                              struct compared_texts before, struct compared_texts after)
{
    struct buf was = BUF_INIT(BUF_NO_LIMIT);
    struct buf is = BUF_INIT(BUF_NO_LIMIT);
    texts_join(&was, before);
    texts_join(&is, after);
    put_host_change(to, kind, place, key, buf_span(&was), buf_span(&is));
    buf_deinit(&was);
    buf_deinit(&is);
}

/* --- addresses ------------------------------------------------------------------------------ */

static bool is_ipv6(struct span address)
{
    return memchr(address.at, ':', address.len) != NULL;
}

static bool has_ipv6(struct compared_texts addresses)
{
    return addresses.count > 0 && is_ipv6(addresses.at[addresses.count - 1]); /* IPv4 comes first */
}

/* A list that was not answered is not empty. */
static bool family_is_known(const struct host_pair *p, bool ipv6)
{
    return ipv6 ? dns_state_is_answer(p->before->aaaa) && dns_state_is_answer(p->after->aaaa)
                : dns_state_is_answer(p->before->a) && dns_state_is_answer(p->after->a);
}

static void compare_host_addresses(const struct host_pair *p)
{
    struct compared_texts was = p->before->addresses;
    struct compared_texts is = p->after->addresses;
    struct span key = p->after->name;
    if (!family_is_known(p, false) && !family_is_known(p, true)) {
        return;
    }
    if ((was.count == 0) != (is.count == 0) && family_is_known(p, false) &&
        family_is_known(p, true)) {
        put_joined_change(p->to, is.count == 0 ? CHANGE_HOST_GONE : CHANGE_HOST_BACK, PLACE_HOST,
                          key, was, is);
        return;
    }
    if (!texts_are_whole(was, is)) {
        return;
    }
    for (size_t i = 0; i < was.count; i++) {
        if (family_is_known(p, is_ipv6(was.at[i])) && !texts_have(is, was.at[i])) {
            bool last = is_ipv6(was.at[i]) && !has_ipv6(is);
            put_host_change(p->to, last ? CHANGE_IPV6_GONE : CHANGE_ADDRESS_REMOVED, PLACE_HOST,
                            key, was.at[i], (struct span){0});
        }
    }
    for (size_t i = 0; i < is.count; i++) {
        if (family_is_known(p, is_ipv6(is.at[i])) && !texts_have(was, is.at[i])) {
            bool first = is_ipv6(is.at[i]) && !has_ipv6(was);
            put_host_change(p->to, first ? CHANGE_IPV6_APPEARED : CHANGE_ADDRESS_ADDED, PLACE_HOST,
                            key, (struct span){0}, is.at[i]);
        }
    }
}

/* --- DNSSEC and TLSA ------------------------------------------------------------------------ */

static void compare_host_dnssec(const struct host_pair *p)
{
    bool was = p->before->dnssec == DNSSEC_SECURE;
    bool is = p->after->dnssec == DNSSEC_SECURE;
    bool known = p->before->dnssec != DNSSEC_UNKNOWN && p->before->dnssec != DNSSEC_FAILED &&
                 p->after->dnssec != DNSSEC_UNKNOWN && p->after->dnssec != DNSSEC_FAILED;
    if (p->terms->dnssec_known && known && was != is) {
        put_host_change(p->to, is ? CHANGE_DNSSEC_APPEARED : CHANGE_DNSSEC_LOST, PLACE_HOST,
                        p->after->name, span_of(dnssec_state_word(p->before->dnssec)),
                        span_of(dnssec_state_word(p->after->dnssec)));
    }
}

static bool tlsa_is_known(const struct host_pair *p)
{
    return dns_state_is_answer(p->before->tlsa_state) && dns_state_is_answer(p->after->tlsa_state);
}

static void compare_tlsa(const struct host_pair *p)
{
    struct compared_texts was = p->before->tlsa;
    struct compared_texts is = p->after->tlsa;
    if (tlsa_is_known(p) && !texts_are_equal(was, is)) {
        put_joined_change(p->to,
                          was.count == 0  ? CHANGE_TLSA_ADDED
                          : is.count == 0 ? CHANGE_TLSA_REMOVED
                                          : CHANGE_TLSA_CHANGED,
                          PLACE_HOST, p->after->name, was, is);
    }
}

/* --- servers -------------------------------------------------------------------------------- */

/* The server sends us away, for now or for good: nothing is known of it, and it is not down. */
static bool turns_away(enum session_outcome o)
{
    return o == OUTCOME_GREETING_TEMPFAIL || o == OUTCOME_GREETING_REJECTED ||
           o == OUTCOME_EHLO_TEMPFAIL || o == OUTCOME_TARPIT;
}

static bool is_untested(const struct compared_endpoint *e)
{
    return e->outcome == OUTCOME_NOT_TESTED || turns_away(e->outcome);
}

static struct span outcome_text(const struct compared_endpoint *e)
{
    return span_of(e->outcome == OUTCOME_NOT_TESTED && e->not_tested != NOT_TESTED_NONE
                       ? not_tested_word(e->not_tested)
                       : outcome_word(e->outcome));
}

/* @return true: both answered, so that there is more to compare */
static bool compare_reach(const struct host_pair *p, const struct compared_endpoint *was,
                          const struct compared_endpoint *is)
{
    bool answered = outcome_info(was->outcome)->conclusive;
    bool answers = outcome_info(is->outcome)->conclusive;
    if (answered && answers) {
        return true;
    }
    if (is_untested(was) != is_untested(is)) {
        put_host_change(
            p->to, is_untested(is) ? CHANGE_SERVER_NO_LONGER_TESTED : CHANGE_SERVER_NEWLY_TESTED,
            PLACE_SERVICE, is->service, outcome_text(was), outcome_text(is));
    } else if (answered != answers) {
        put_host_change(p->to, answers ? CHANGE_SERVER_UP : CHANGE_SERVER_DOWN, PLACE_SERVICE,
                        is->service, outcome_text(was), outcome_text(is));
    }
    return false;
}

static bool offers_starttls(const struct compared_endpoint *e)
{
    return e->starttls == STARTTLS_OFFERED || e->starttls == STARTTLS_INJECTED;
}

/* @return true: both completed a handshake */
static bool compare_tls(const struct host_pair *p, const struct compared_endpoint *was,
                        const struct compared_endpoint *is)
{
    bool had = offers_starttls(was);
    bool has = offers_starttls(is);
    if (had != has) {
        put_host_change(p->to, has ? CHANGE_STARTTLS_APPEARED : CHANGE_STARTTLS_GONE, PLACE_SERVICE,
                        is->service, span_of(starttls_word(was->starttls)),
                        span_of(starttls_word(is->starttls)));
        return false;
    }
    bool worked = was->outcome == OUTCOME_ESTABLISHED;
    bool works = is->outcome == OUTCOME_ESTABLISHED;
    if (had && worked != works) {
        put_host_change(p->to, works ? CHANGE_TLS_MENDED : CHANGE_TLS_BROKEN, PLACE_SERVICE,
                        is->service, outcome_text(was), outcome_text(is));
    }
    return worked && works;
}

static void compare_version(const struct host_pair *p, const struct compared_endpoint *was,
                            const struct compared_endpoint *is)
{
    int order = span_cmp(was->tls_version, is->tls_version); /* "TLSv1.2": in the order of time */
    if (order != 0 && was->tls_version.len > 0 && is->tls_version.len > 0) {
        put_host_change(p->to, order > 0 ? CHANGE_TLS_VERSION_OLDER : CHANGE_TLS_VERSION_NEWER,
                        PLACE_SERVICE, is->service, was->tls_version, is->tls_version);
    }
}

static void compare_accepted(const struct host_pair *p, const struct compared_endpoint *was,
                             const struct compared_endpoint *is)
{
    static const char *const names[] = {"TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    unsigned known = was->versions_known & is->versions_known;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        bool accepted = (was->versions_accepted >> i & 1U) != 0;
        bool accepts = (is->versions_accepted >> i & 1U) != 0;
        if ((known >> i & 1U) != 0 && accepted != accepts) {
            struct span name = span_of(names[i]);
            put_host_change(p->to, accepts ? CHANGE_VERSION_ACCEPTED : CHANGE_VERSION_REFUSED,
                            PLACE_SERVICE, is->service, accepted ? name : (struct span){0},
                            accepts ? name : (struct span){0});
        }
    }
}

/* The records matched the certificate of before, and do not match that of now, as nobody has changed them (RFC 7671 section 8.1). */
static bool is_without_tlsa(const struct host_pair *p, const struct compared_endpoint *was,
                            const struct compared_endpoint *is)
{
    return p->terms->dnssec_known && was->dane == DANE_MATCH && is->dane == DANE_MISMATCH &&
           tlsa_is_known(p) && texts_are_whole(p->before->tlsa, p->after->tlsa) &&
           texts_are_equal(p->before->tlsa, p->after->tlsa);
}

static void compare_presented(const struct host_pair *p, const struct compared_endpoint *was,
                              const struct compared_endpoint *is)
{
    if (was->leaf.len == 0 || is->leaf.len == 0 || was->unstable || is->unstable) {
        return;
    }
    if (!span_eq(was->leaf, is->leaf)) {
        bool same_key = was->key.len > 0 && span_eq(was->key, is->key);
        put_host_change(p->to,
                        is_without_tlsa(p, was, is) ? CHANGE_CERTIFICATE_WITHOUT_TLSA
                        : same_key                  ? CHANGE_CERTIFICATE_SAME_KEY
                                                    : CHANGE_CERTIFICATE_NEW_KEY,
                        PLACE_CERTIFICATE, is->leaf, was->leaf, is->leaf);
    } else if (!span_eq(was->chain, is->chain)) {
        put_host_change(p->to, CHANGE_CHAIN_CHANGED, PLACE_CHAIN, is->chain, was->chain_status,
                        is->chain_status);
    }
}

static void compare_ptr(const struct host_pair *p, const struct compared_endpoint *was,
                        const struct compared_endpoint *is)
{
    if (was->ptr_known && is->ptr_known && !texts_are_equal(was->ptr, is->ptr)) {
        put_joined_change(p->to, CHANGE_PTR_CHANGED, PLACE_SERVICE, is->service, was->ptr, is->ptr);
    }
}

static void compare_endpoints(const struct host_pair *p, const struct compared_endpoint *was,
                              const struct compared_endpoint *is)
{
    compare_ptr(p, was, is);
    if (compared_endpoint_is_our_fault(was) || compared_endpoint_is_our_fault(is) ||
        !compare_reach(p, was, is)) {
        return;
    }
    compare_accepted(p, was, is);
    if (compare_tls(p, was, is) && !was->unstable && !is->unstable) {
        compare_version(p, was, is);
    }
    compare_presented(p, was, is);
}

void compare_hosts(const struct comparison_terms *t, const struct compared_host *before,
                   const struct compared_host *after, const struct change_sink *to)
{
    const struct host_pair p = {t, before, after, to};
    compare_host_addresses(&p);
    compare_host_dnssec(&p);
    compare_tlsa(&p);
    for (size_t i = 0; i < after->endpoint_count; i++) {
        const struct compared_endpoint *is = &after->endpoints[i];
        const struct compared_endpoint *was = compared_endpoint_find(before, is->service);
        if (was != NULL) {
            compare_endpoints(&p, was, is);
        }
    }
}
