#pragma once

#include "scanner/record/cause_finder.h"
#include "scanner/report/report.h"

/** How a domain stands: its problems, from what the fact book knows of its hosts and endpoints. One for each recorder. */
struct standing_judge {
    struct fact_book *book; /* borrowed */
    struct facts_scratch facts;
    struct cause_finder causes;
    struct domain_codes codes; /* of the domain under work, as the next one */
    struct domain_problems problems;
    struct buf top_cause;
    struct buf breaking;
};

void standing_init(struct standing_judge *j, struct fact_book *book);
void standing_deinit(struct standing_judge *j);
/** Judged, and its problems kept in the book for the end of the scan. Valid until the next call.
 * @param at judgement time @param f findings of the domain, as domain_problems_fill() @param of_policy those of its policy */
struct domain_standing standing_of(struct standing_judge *j, const struct seen_domain *d,
                                   const struct domain_verdict *v, int64_t at, struct findings *f,
                                   const struct findings *of_policy);
