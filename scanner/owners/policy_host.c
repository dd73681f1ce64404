/**
 * The policy host of a domain: its addresses, the fetch by the policy thread, the verdict on its chain. See
 * domain_owner.h.
 */
#include <string.h>

#include "scanner/analysis/sts_verdict.h"
#include "scanner/owners/address_answers.h"
#include "scanner/owners/domain_work.h"

#define POLICY_HOST_PREFIX "mta-sts." /* RFC 8461 section 3.2 */

/* --- its addresses ------------------------------------------------------------------------- */

static void end_with(struct domain_work *d, enum policy_fetch outcome,
                     enum not_tested_reason reason)
{
    d->policy->outcome = outcome;
    d->policy->not_tested = reason;
    d->policy_state = POLICY_DONE;
}

static struct span policy_host_of(struct domain_work *d)
{
    size_t prefix = strlen(POLICY_HOST_PREFIX);
    uint8_t *name = arena_new(&d->arena, prefix + d->seen.domain.len, 1);
    memcpy(name, POLICY_HOST_PREFIX, prefix);
    memcpy(name + prefix, d->seen.domain.at, d->seen.domain.len);
    return (struct span){name, prefix + d->seen.domain.len};
}

void policy_host_begin(struct domain_owner *o, struct domain_work *d)
{
    if (!o->rules.fetch_policies || !sts_wants_policy(&d->seen.mta_sts)) {
        return;
    }
    d->policy = arena_new(&d->arena, 1, sizeof(*d->policy));
    *d->policy =
        (struct seen_policy){.policy_host = policy_host_of(d), .tls_ms = -1, .total_ms = -1};
    d->seen.policy = d->policy;
    if (blocklist_has_name(o->rules.dial.blocklist, d->policy->policy_host)) {
        end_with(d, POLICY_FETCH_NOT_DIALLED, NOT_TESTED_BLOCKLISTED);
        return;
    }
    d->policy_state = POLICY_RESOLVES;
    domain_ask(o, d, QUESTION_POLICY_A, POLICY_HOST_PREFIX, DNS_TYPE_A);
    domain_ask(o, d, QUESTION_POLICY_AAAA, POLICY_HOST_PREFIX, DNS_TYPE_AAAA);
}

/* Those that may be dialled, in the order to be tried. @return why there is none */
static enum not_tested_reason put_addresses_to_dial(const struct domain_owner *o,
                                                    const struct seen_policy *p, struct buf *out)
{
    enum not_tested_reason reason = NOT_TESTED_NONE;
    size_t count = 0;
    for (size_t i = 0; i < p->address_count && count < POLICY_DIALLED_MAX; i++) {
        enum not_tested_reason no = dial_rules_refuse(&o->rules.dial, &p->addresses[i]);
        if (no == NOT_TESTED_NONE) {
            codec_put_addr(out, p->addresses[i]);
            count++;
        } else if (reason == NOT_TESTED_NONE) {
            reason = no; /* of the first one */
        }
    }
    return count > 0 ? NOT_TESTED_NONE : reason;
}

static void want_policy(struct domain_owner *o, struct domain_work *d)
{
    const struct seen_policy *p = d->policy;
    struct buf addresses = BUF_INIT(BUF_NO_LIMIT);
    enum not_tested_reason reason =
        d->policy_blocklisted ? NOT_TESTED_BLOCKLISTED : put_addresses_to_dial(o, p, &addresses);
    if (p->address_count == 0) {
        end_with(d, fetch_without_address(&p->a, &p->aaaa), NOT_TESTED_NONE);
    } else if (reason != NOT_TESTED_NONE) {
        end_with(d, POLICY_FETCH_NOT_DIALLED, reason);
    } else if (o->policies_given_up) {
        end_with(d, POLICY_FETCH_LOCAL_FAULT, NOT_TESTED_NONE);
    } else {
        struct message_policy_want m = {.domain = d->seen.domain,
                                        .policy_host = p->policy_host,
                                        .addresses = buf_span(&addresses)};
        d->policy_state = POLICY_FETCHES;
        o->policies_pending++;
        message_put_policy_want(o->out->to_policies, &m);
    }
    buf_deinit(&addresses);
}

void policy_host_on_answer(struct domain_owner *o, struct domain_work *d, enum domain_question q,
                           const struct dns_answer *answer)
{
    struct seen_policy *p = d->policy;
    bool ipv4 = q == QUESTION_POLICY_A;
    *(ipv4 ? &p->a : &p->aaaa) = answer->seen;
    bool blocklisted =
        cnames_add(&d->arena, answer, ipv4, o->rules.dial.blocklist, &p->cnames, &p->cname_count);
    d->policy_blocklisted = d->policy_blocklisted || blocklisted;
    (void)addresses_add(&d->arena, answer, ipv4, POLICY_ADDRESSES_MAX / 2, &p->addresses,
                        &p->address_count);
    if (p->a.state != DNS_NOT_ASKED && p->aaaa.state != DNS_NOT_ASKED) {
        want_policy(o, d);
    }
}

/* --- what the policy thread and the judge say ---------------------------------------------- */

void policy_host_give_up(struct domain_owner *o, struct domain_work *d)
{
    o->policies_given_up = true;
    o->policies_pending--;
    end_with(d, POLICY_FETCH_LOCAL_FAULT, NOT_TESTED_NONE);
}

static void keep_texts(struct domain_work *d, struct seen_policy *p)
{
    p->location = arena_copy(&d->arena, p->location);
    p->content_type = arena_copy(&d->arena, p->content_type);
    p->body = arena_copy(&d->arena, p->body);
    p->tls.list = arena_copy(&d->arena, p->tls.list);
}

void policy_host_on_fetched(struct domain_owner *o, struct domain_work *d, struct span fetched)
{
    struct seen_policy *p = d->policy;
    struct chain_waiter waiter = {WAITER_DOMAIN, d->index};
    o->policies_pending--;
    policy_fetched_get(fetched, p);
    keep_texts(d, p);
    bool known = p->tls.cert_count == 0 || known_chains_ask(o->chains, o->out, p->tls.chain_id,
                                                            p->tls.list, waiter, &p->chain);
    d->policy_state = known ? POLICY_DONE : POLICY_JUDGES;
}

void policy_host_on_verdict(struct domain_work *d, struct chain_brief verdict)
{
    d->policy->chain = verdict;
    d->policy_state = POLICY_DONE;
}
