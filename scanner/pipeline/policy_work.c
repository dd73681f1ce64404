/**
 * The policy host of a domain, asked once a scan because it belongs to that domain alone (RFC 8461
 * section 3.2): its addresses, the fetch by the policy thread, the verdict on its chain.
 *
 *   record of MTA-STS ─► A, AAAA of mta-sts.<domain> ─► POLICY_WANT ─► POLICY_DONE ─► CHAIN_NEW
 *                                  └ none that may be dialled ─► done          CHAIN_KNOWN ─► done
 */
#include "scanner/pipeline/dialling.h"
#include "scanner/pipeline/domain_work.h"

#define POLICY_HOST_PREFIX "mta-sts." /* RFC 8461 section 3.2 */

/* --- its addresses ------------------------------------------------------------------------- */

static void end_with(struct domain_work *d, enum policy_fetch outcome,
                     enum not_tested_reason reason)
{
    d->policy->outcome = outcome;
    d->policy->not_tested = reason;
    d->policy_pending = false;
}

void policy_begin(struct worker *w, uint32_t index)
{
    struct domain_work *d = w->domains->slots[index];
    if (!w->scan->params->fetch_policies || !sts_wants_policy(&d->seen.mta_sts)) {
        return;
    }
    d->policy = arena_new(&d->arena, 1, sizeof(*d->policy));
    *d->policy = (struct seen_policy){.tls_ms = -1, .total_ms = -1};
    size_t prefix = strlen(POLICY_HOST_PREFIX);
    uint8_t *name = arena_new(&d->arena, prefix + d->seen.domain.len, 1);
    memcpy(name, POLICY_HOST_PREFIX, prefix);
    memcpy(name + prefix, d->seen.domain.at, d->seen.domain.len);
    d->policy->policy_host = (struct span){name, prefix + d->seen.domain.len};
    d->seen.policy = d->policy;
    d->policy_pending = true;
    if (blocklist_has_name(w->scan->blocklist, d->policy->policy_host)) {
        end_with(d, POLICY_FETCH_NOT_DIALLED, NOT_TESTED_BLOCKLISTED);
        return;
    }
    domain_ask(w, index, QUESTION_POLICY_A, d->policy->policy_host, DNS_TYPE_A);
    domain_ask(w, index, QUESTION_POLICY_AAAA, d->policy->policy_host, DNS_TYPE_AAAA);
}

/* The longer way of the two, that of A where they are as long, whichever answer comes first. No name
 * of either may be blocklisted. */
static void take_cnames(struct worker *w, struct domain_work *d, const struct dns_answer *answer,
                        bool ipv4)
{
    struct seen_policy *p = d->policy;
    size_t count = answer->cname_count;
    if (count > p->cname_count || (count > 0 && count == p->cname_count && ipv4)) {
        p->cnames = domain_copy_names(&d->arena, answer->cnames, count);
        p->cname_count = count;
    }
    for (size_t i = 0; i < count; i++) {
        d->policy_blocklisted =
            d->policy_blocklisted || blocklist_has_name(w->scan->blocklist, answer->cnames[i]);
    }
}

/* IPv4 before IPv6, whichever answer comes first; each is sorted. */
static void take_addresses(struct domain_work *d, const struct dns_answer *answer, bool in_front)
{
    struct seen_policy *p = d->policy;
    size_t room = POLICY_ADDRESSES_MAX / 2;
    size_t added = answer->rr_count < room ? answer->rr_count : room;
    struct net_addr *list = arena_new(&d->arena, p->address_count + added, sizeof(*list));
    size_t own = in_front ? 0 : p->address_count;
    for (size_t i = 0; i < added; i++) {
        list[own + i] = answer->rrs[i].address;
    }
    if (p->address_count > 0) {
        memcpy(list + (in_front ? added : 0), p->addresses, p->address_count * sizeof(*list));
    }
    p->addresses = list;
    p->address_count += added;
}

static void want(struct worker *w, uint32_t index)
{
    struct domain_work *d = w->domains->slots[index];
    const struct seen_policy *p = d->policy;
    if (p->address_count == 0) {
        end_with(d, fetch_without_address(&p->a, &p->aaaa), NOT_TESTED_NONE);
        return;
    }
    if (d->policy_blocklisted) {
        end_with(d, POLICY_FETCH_NOT_DIALLED, NOT_TESTED_BLOCKLISTED);
        return;
    }
    enum not_tested_reason reason = NOT_TESTED_NONE;
    struct buf addresses = BUF_INIT(BUF_NO_LIMIT);
    size_t count = 0;
    for (size_t i = 0; i < p->address_count && count < POLICY_ATTEMPTS_MAX; i++) {
        enum not_tested_reason no = address_reason_not_to_dial(w->scan, &p->addresses[i]);
        if (no == NOT_TESTED_NONE) {
            codec_put_addr(&addresses, p->addresses[i]);
            count++;
        } else if (reason == NOT_TESTED_NONE) {
            reason = no; /* of the first one */
        }
    }
    if (count == 0) {
        end_with(d, POLICY_FETCH_NOT_DIALLED, reason);
    } else if (w->policies_given_up) {
        end_with(d, POLICY_FETCH_LOCAL_FAULT, NOT_TESTED_NONE);
    } else {
        d->policy_asked = true;
        atomic_fetch_add_explicit(&w->counters.policies_pending, 1, memory_order_relaxed);
        struct message_policy_want m = {.from = (uint16_t)w->index,
                                        .domain = index,
                                        .generation = d->generation,
                                        .policy_host = p->policy_host,
                                        .addresses = buf_span(&addresses)};
        message_put_policy_want(&w->policy_outbox, &m);
    }
    buf_deinit(&addresses);
}

void policy_on_answer(struct worker *w, uint32_t index, enum domain_question q,
                      const struct dns_answer *answer)
{
    struct domain_work *d = w->domains->slots[index];
    struct seen_policy *p = d->policy;
    bool ipv4 = q == QUESTION_POLICY_A;
    *(ipv4 ? &p->a : &p->aaaa) = answer->seen;
    take_cnames(w, d, answer, ipv4);
    take_addresses(d, answer, ipv4);
    if (p->a.state != DNS_NOT_ASKED && p->aaaa.state != DNS_NOT_ASKED) {
        want(w, index);
    }
}

/* --- what the policy thread and the judge say ---------------------------------------------- */

static void note_answered(struct worker *w, struct domain_work *d)
{
    d->policy_asked = false;
    atomic_fetch_sub_explicit(&w->counters.policies_pending, 1, memory_order_relaxed);
}

void policy_give_up(struct worker *w)
{
    for (uint32_t i = 0; i < w->domains->count; i++) {
        struct domain_work *d = w->domains->slots[i];
        if (d->policy_asked) {
            w->policies_given_up = true;
            given_up_add(&w->scan->given_up, "policy host", d->policy->policy_host);
            note_answered(w, d);
            end_with(d, POLICY_FETCH_LOCAL_FAULT, NOT_TESTED_NONE);
            domain_finish_when_complete(w, i);
        }
    }
}

static void keep_texts(struct domain_work *d, struct seen_policy *p)
{
    p->location = arena_copy(&d->arena, p->location);
    p->content_type = arena_copy(&d->arena, p->content_type);
    p->body = arena_copy(&d->arena, p->body);
    p->tls.list = arena_copy(&d->arena, p->tls.list);
}

void policy_on_done(struct worker *w, const struct message_policy_done *m)
{
    struct domain_work *d = domain_find_open(w->domains, m->domain, m->generation);
    if (d == NULL || !d->policy_asked) {
        return; /* given up */
    }
    struct seen_policy *p = d->policy;
    note_answered(w, d);
    policy_fetched_get(m->fetched, p);
    keep_texts(d, p);
    struct chain_waiter waiter = {WAITER_DOMAIN, m->domain};
    if (p->tls.cert_count == 0 ||
        known_chains_ask(&w->chains, &w->out, p->tls.chain_id, p->tls.list, waiter, &p->chain)) {
        d->policy_pending = false;
        domain_finish_when_complete(w, m->domain);
    }
}

void policy_on_verdict(struct worker *w, uint32_t domain, struct chain_brief verdict)
{
    struct domain_work *d = w->domains->slots[domain];
    d->policy->chain = verdict;
    d->policy_pending = false;
    domain_finish_when_complete(w, domain);
}
