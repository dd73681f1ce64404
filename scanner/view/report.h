#pragma once

#include "scanner/observation/verdict.h"
#include "scanner/view/domain_view.h"
#include "scanner/view/meaning.h"
#include "scanner/view/paper.h"

/** The report on one domain, for a person: what it amounts to, what fails for whom, server by
 * server, the policies, the chains drawn, the findings with their fixes. `verbose`: also what the servers said,
 * findings of level info, and those of certificates that nobody with SNI gets. */
void report_put_text(struct paper *p, const struct domain_view *v, bool verbose);

/** The headline alone, with the effect, on one line however long. */
void report_put_brief(struct paper *p, const struct domain_view *v);

/** The same for a program: one JSON object on one line, with every row as it was written. */
void report_put_json(struct buf *out, const struct domain_view *v);

/** A row of table causes, and the domains whose problem it is: the first `named` of `count`. */
void cause_put_text(struct paper *p, const struct facts *row, const char *const *domain,
                    size_t named, uint64_t count);

/* Parts of the report, in files of their own. */

/** "example.org: 1 error: mail is encrypted, ..."; without line end. */
void headline_put(struct buf *out, const struct domain_view *v);
/** The same with the word of the worst effect behind the name, and with what is not as it is in DNS at the end. */
void headline_put_brief(struct buf *out, const struct domain_view *v);
enum ink headline_ink(const struct domain_view *v);
/** MTA-STS, DANE, TLS-RPT, what senders do, and what keeps the domain from MTA-STS enforce. */
void policies_put(struct paper *p, const struct domain_view *v, bool verbose);
/** Findings by severity, with where they were seen and how to fix them. */
void findings_put(struct paper *p, const struct domain_view *v, bool verbose);
/** What fails for whom. */
void effects_put(struct paper *p, const struct domain_view *v);
/** Whether the certificates of a file would pass at each host; nothing without such a file. */
void certificate_check_put(struct paper *p, const struct domain_view *v);
/** Records for each host, ready to be published, and in which order a certificate is replaced. */
void tlsa_plan_put(struct paper *p, const struct domain_view *v);
/** What became of the session there, in words. */
void route_put_outcome(struct paper *p, const struct route_view *r);
/** Each list of certificates once. */
void certificates_put(struct paper *p, const struct domain_view *v, bool verbose);
/** Hosts, ports, certificates and settings for somebody who demands TLS. */
void partner_put(struct paper *p, const struct domain_view *v);
/** One list of certificates: names, key, validity, and the path drawn from leaf to anchor.
 * @param number as it is called in the report */
void chain_drawing_put(struct paper *p, const struct domain_view *v, size_t index, bool verbose);
enum ink chain_status_ink(enum chain_status status);
