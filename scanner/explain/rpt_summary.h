#pragma once

#include "scanner/explain/rpt_report.h"
#include "scanner/explain/text_source.h"

/** Reports of TLS-RPT summed up by domain, policy and type of failure. Its memory does not grow with their number
 * beyond RPT_SECTIONS_MAX domains. */

#define RPT_SECTIONS_MAX 500 /* domains, by type of policy; our own bound */
#define RPT_NAMES_MAX    16 /* hosts, senders and reasons of one failure that are counted by name */

#define RPT_KNOWN_MAX 65536 /* reports whose ids are remembered; what comes again counts once */

struct rpt_summary;

/** hash_secret_init() comes first. */
struct rpt_summary *rpt_summary_new(void);
void rpt_summary_free(struct rpt_summary *s);

void rpt_summary_add(struct rpt_summary *s, const struct rpt_report *r);
/** @param origin its name in faults. @return false with one line in `why` */
bool rpt_summary_add_source(struct rpt_summary *s, struct text_source *source, const char *origin,
                            struct buf *why);

void rpt_summary_put_text(const struct rpt_summary *s, struct buf *out, size_t width, bool color);
void rpt_summary_put_json(const struct rpt_summary *s, struct buf *out);
