#include "scanner/record/standing.h"

void standing_init(struct standing_judge *j, struct fact_book *book)
{
    *j = (struct standing_judge){.book = book, .top_cause = BUF_INIT(BUF_NO_LIMIT)};
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
    if (j->problems.count > 0) {
        const struct problem *worst = &j->problems.item[0];
        struct cause_place at = place_of_problem(d, worst);
        struct found_cause found;
        cause_find_key(&j->causes, &at, worst->code, &found);
        cause_key_put(&j->top_cause, &found);
    }
}

struct domain_standing standing_of(struct standing_judge *j, const struct seen_domain *d,
                                   const struct domain_verdict *v, const struct findings *f,
                                   const struct findings *of_policy)
{
    facts_find_codes(j->book, &j->facts, d, &j->codes);
    domain_problems_fill(&j->problems, d, v, f, of_policy, &j->codes);
    find_top_cause(j, d);
    facts_note_domain(j->book, &j->facts, d, &j->problems, f, of_policy);
    return (struct domain_standing){.effect = j->problems.effect,
                                    .worst_severity = domain_problems_severity(&j->problems),
                                    .problem_count = j->problems.count,
                                    .top_cause = buf_span(&j->top_cause)};
}
