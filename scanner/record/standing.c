#include "scanner/record/standing.h"

void standing_init(struct standing_judge *j, struct fact_book *book)
{
    *j = (struct standing_judge){
        .book = book, .top_cause = BUF_INIT(BUF_NO_LIMIT), .breaking = BUF_INIT(BUF_NO_LIMIT)};
    facts_scratch_init(&j->facts);
    cause_finder_init(&j->causes, book);
    domain_problems_init(&j->problems);
}

void standing_deinit(struct standing_judge *j)
{
    facts_scratch_deinit(&j->facts);
    cause_finder_deinit(&j->causes);
    domain_codes_deinit(&j->codes);
    domain_problems_deinit(&j->problems);
    buf_deinit(&j->top_cause);
    buf_deinit(&j->breaking);
}

static struct cause_place place_of_problem(const struct seen_domain *d, const struct problem *p)
{
    struct cause_place at = {.domain = d->domain};
    if (p->place_count > 0 && finding_info(p->code)->scope == SCOPE_HOST) {
        at.host = d->mx[p->first].host;
    } else if (p->place_count > 0) {
        size_t mx = 0;
        size_t place = p->first;
        for (; place >= d->mx[mx].endpoint_count; mx++) {
            place -= d->mx[mx].endpoint_count;
        }
        at.host = d->mx[mx].host;
        at.address = d->mx[mx].endpoints[place].address;
        at.port = d->mx[mx].endpoints[place].port;
    }
    return at;
}

/* The key of the cause of the worst problem. */
static void find_top_cause(struct standing_judge *j, const struct seen_domain *d)
{
    buf_reset(&j->top_cause);
    if (j->problems.count > 0 && fact_book_error(j->book) == NULL) {
        const struct problem *worst = &j->problems.item[0];
        struct cause_place at = place_of_problem(d, worst);
        struct found_cause found;
        cause_find_key(&j->causes, &at, worst->code, &found);
        cause_key_put(&j->top_cause, &found);
    }
}

/* With the key of what runs out. */
static struct will_break find_break(struct standing_judge *j, const struct seen_domain *d,
                                    const struct domain_verdict *v, int64_t at)
{
    struct list_validity policy = {0};
    if (d->policy != NULL && d->policy->tls_attempted && !digest_is_none(d->policy->tls.chain_id)) {
        policy = facts_validity_of_list(j->book, &j->facts, d->policy->tls.chain_id);
    }
    struct will_break b = will_break_of(d, v, &policy, at);
    buf_reset(&j->breaking);
    if (b.kind == BREAK_POLICY_CERTIFICATE_EXPIRES) {
        buf_put(&j->breaking, d->policy->policy_host);
    } else if (b.kind == BREAK_TLSA_NAMES_LEAF || b.kind == BREAK_TLSA_NAMES_ISSUER) {
        buf_put(&j->breaking, d->mx[b.mx].host);
    } else if (b.kind != BREAK_NONE) {
        const struct endpoint_brief *e = &d->mx[b.mx].endpoints[b.endpoint];
        buf_put_hex(&j->breaking, (struct span){e->leaf_sha256, sizeof(e->leaf_sha256)});
    }
    return b;
}

struct domain_standing standing_of(struct standing_judge *j, const struct seen_domain *d,
                                   const struct domain_verdict *v, int64_t at, struct findings *f,
                                   const struct findings *of_policy)
{
    struct will_break breaks = find_break(j, d, v, at);
    facts_find_codes(j->book, &j->facts, d, &j->codes);
    domain_problems_fill(&j->problems, d, v, f, of_policy, &j->codes);
    find_top_cause(j, d);
    facts_note_domain(j->book, &j->facts, d, &j->problems, f, of_policy);
    return (struct domain_standing){.effect = j->problems.effect,
                                    .worst_severity = domain_problems_severity(&j->problems),
                                    .problem_count = j->problems.count,
                                    .top_cause = buf_span(&j->top_cause),
                                    .breaks = breaks,
                                    .breaking = buf_span(&j->breaking)};
}
