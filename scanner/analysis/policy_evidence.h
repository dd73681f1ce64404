#pragma once

#include "scanner/analysis/findings.h"

/** What the findings about MTA-STS, TLS-RPT and DANE have in common. */

/** With the severity of the catalogue, or `most` where that is less. */
struct buf *findings_add_at_most(struct findings *out, enum finding_code code, enum severity most);

/** "a -> b -> c": `name` and the links from it on. */
void evidence_put_links(struct buf *evidence, struct span name, const struct span *links,
                        size_t count);
/** The state of an answer, its code and its extended error. */
void evidence_put_dns(struct buf *evidence, const struct seen_dns *dns);
/** Begins the next item of a list: a comma, from the second on.
 * @return false: EVIDENCE_LIST_MAX are there already, the item is only counted. */
bool evidence_next(struct buf *evidence, size_t *count);
/** Ends such a list: how many were not listed. */
void evidence_end(struct buf *evidence, size_t count);

/** The question brought neither data nor a denial, and not by a fault of ours. */
bool dns_question_failed(const struct seen_dns *dns);
/** The domain takes mail as far as is known, so that what protects mail is of use. */
bool domain_takes_mail(const struct seen_domain *d);
