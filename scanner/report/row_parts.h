#pragma once

/** Objects that several tables hold. Only this module includes it. */

#include "scanner/analysis/parity.h"
#include "scanner/report/report.h"

void put_dns(struct object *o, const struct seen_dns *dns); /* and closes it */
/** Closes. `domain` is empty in rows of hosts. */
void put_briefs(struct list *l, const struct endpoint_brief *briefs, size_t count, struct span host,
                struct span domain, bool lean);
/** How many of them that writes: of lean rows only those that rows of endpoints do not tell. */
size_t briefs_told(const struct endpoint_brief *briefs, size_t count, bool lean);
/** Nothing was asked of the service, so neither it nor the endpoint has a row. */
bool brief_has_no_row(const struct endpoint_brief *e);
/** Are its verdicts known: a leaf, and a chain that was judged? */
bool is_judged(const struct endpoint_brief *e);
void put_rollup(struct object *o, const struct roll_up *r);          /* closes */
void put_parity(struct object *o, const struct parity_facts *p);     /* closes */
void object_truth(struct object *o, unsigned column, uint8_t truth); /* unknown: null */
/** NULL where there was no list, or it was not judged. */
const char *chain_status_or_null(const struct chain_brief *chain);
void put_policy_attempts(struct list *l, const struct policy_attempt *attempts,
                         size_t count);                                             /* closes */
void put_texts(struct list *l, const struct span *texts, size_t count);             /* closes */
void put_addresses(struct list *l, const struct net_addr *addresses, size_t count); /* closes */
void put_findings(struct list *l, const struct findings *findings);                 /* closes */
/** The rows of the join table; `key` is that of the row in `table`. Between two rows only. */
void report_finding_rows(struct row_sink *sink, enum table_id table, struct span key,
                         const struct findings *findings);

/** The columns of mx_operator. @param set NULL: not looked for */
void put_operators(struct row *r, unsigned one, unsigned all, unsigned source,
                   const struct operator_set *set);

/** NULL for the empty word, which stands for "none". */
const char *word_or_null(const char *word);

/** Closes. @param in_row its handshake is a column of the row, so that lean rows need not repeat it */
void put_attempt(struct object *o, const struct seen_session *s, bool in_row);
/** Closes. @param in_row the one whose handshake is; NULL: none */
void put_attempts(struct list *l, const struct seen_session *attempts, size_t count,
                  const struct seen_session *in_row);
/** Closes. @param said what its service said, which is left out; NULL: nothing is */
void put_transcript(struct object *o, const struct seen_smtp *smtp,
                    const struct session_said *said);
void put_handshake(struct object *o, bool sni, const struct seen_tls *t); /* closes */
/** Of a lean row: closes. All the rest is as in the handshake of the service. */
void put_handshake_as_service(struct object *o, bool sni, const struct seen_tls *t);
/** Place of `result` among the attempts, from 1; -1 when it is none of them. */
int64_t attempt_number(const struct seen_session *attempts, size_t count,
                       const struct seen_session *result);
