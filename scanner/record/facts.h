#pragma once

#include "scanner/analysis/deliveries.h"
#include "scanner/analysis/domain_problems.h"
#include "scanner/analysis/list_validity.h"
#include "scanner/record/fact_book.h"
#include "scanner/trust/chain_judge.h"

/**
 * Records of the fact book: what each row leaves in it while a scan runs, and what the end reads back of it.
 */

/* --- while rows are made; `f` are the findings of the row -------------------------------------------- */

/** Scratch of one recorder. */
struct facts_scratch {
    struct buf key;
    struct buf record;
    struct buf other;
};

void facts_scratch_init(struct facts_scratch *s);
void facts_scratch_deinit(struct facts_scratch *s);

void facts_note_host(struct fact_book *b, struct facts_scratch *s, const struct seen_host *h,
                     const struct findings *f);
void facts_note_service(struct fact_book *b, struct facts_scratch *s,
                        const struct seen_service *seen, const struct findings *f);
/** Its list was noted before. @return until when that is good */
struct list_validity facts_note_endpoint(struct fact_book *b, struct facts_scratch *s,
                                         const struct seen_endpoint *e, const struct findings *f);
/** Of a list that was noted. */
struct list_validity facts_validity_of_list(struct fact_book *b, struct facts_scratch *s,
                                            const uint8_t chain_id[32]);
/** With the findings of its certificates.
 * @param v of the list; of no more use afterwards @param judge that made it @param of_certificate scratch */
void facts_note_chain(struct fact_book *b, struct facts_scratch *s, const uint8_t chain_id[32],
                      const struct chain_verdict *v, struct chain_judge *judge, struct span list,
                      const struct findings *f, struct findings *of_certificate);
void facts_note_completion(struct fact_book *b, struct facts_scratch *s, const uint8_t chain_id[32],
                           const struct findings *f);
/** @param f of the domain @param of_policy NULL: it has none */
void facts_note_domain(struct fact_book *b, struct facts_scratch *s, const struct seen_domain *d,
                       const struct domain_problems *p, const struct findings *f,
                       const struct findings *of_policy);
/** What becomes of its mail, as a set that many domains have. */
void facts_note_outcomes(struct fact_book *b, struct facts_scratch *s, const struct deliveries *v);
/** What is known of the hosts and endpoints of a domain. */
void facts_find_codes(struct fact_book *b, struct facts_scratch *s, const struct seen_domain *d,
                      struct domain_codes *out);

/* --- read back --------------------------------------------------------------------------------------- */

/** One finding of a thing. */
struct fact_item {
    enum finding_code code;
    struct span evidence;
    struct span certificate; /* SHA-256; empty: it is of the thing itself */
    struct span name;        /* of that certificate */
};

/** The record of a host, service, endpoint, list or completion. */
struct fact_record {
    struct buf octets;
    uint64_t list;    /* of an endpoint: the place of the record of its list; FACT_NOWHERE: none */
    struct span key;  /* of a list: its id */
    struct span name; /* of a list: what its leaf is called */
    struct fact_item items[UINT8_MAX];
    size_t count;
};

void fact_record_init(struct fact_record *r);
void fact_record_deinit(struct fact_record *r);
/** @return false: there is none */
bool fact_record_read(struct fact_book *b, uint64_t place, struct fact_record *out);
/** NULL: it has none of that code */
const struct fact_item *fact_record_find(const struct fact_record *r, enum finding_code code);
