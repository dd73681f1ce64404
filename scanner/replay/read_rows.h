#pragma once

/**
 * Rows back into the observations they were made of: what report_*() writes of what is read here is
 * the same row. Verdicts in a row are not read; they are made anew.
 *
 * Everything that is filled in lives as long as the row, in its arena. After an error, which
 * `row->reading->why` tells, the observation is harmless but of no use.
 */

#include "scanner/replay/row_facts.h"

/** The octets of a row of certificates. */
struct span read_certificate(const struct facts *row, uint8_t sha256[32]);

/** A row of chains: `*count` digests, in the order sent. */
struct span read_chain(const struct facts *row, uint8_t chain_id[32], size_t *count);

/* The lists of certificates (seen_tls.list) and the verdicts on them are for the caller to fill in,
 * who has them: `result` and `other_key` are his to write to. */
struct read_service {
    struct seen_service seen;
    struct seen_session *result; /* seen.result */
};

struct read_endpoint {
    struct seen_endpoint seen;
    struct seen_session *result;
    struct seen_session *other_key;
};

void read_service(const struct facts *row, struct read_service *out);
void read_endpoint(const struct facts *row, struct read_endpoint *out);

/** Fills in the verdicts of an endpoint of `host` that its brief repeats: chain, name_match, sni,
 * sni_acceptable, covers_parents. */
struct brief_judge {
    void (*fill)(void *arg, struct span host, struct endpoint_brief *brief);
    void *arg;
};

void read_host(const struct facts *row, const struct brief_judge *judge, struct seen_host *out);
void read_domain(const struct facts *row, const struct brief_judge *judge, struct seen_domain *out);

/* Parts that several rows have. */
void read_dns(const struct facts *f, unsigned column, struct seen_dns *out);
void read_attempts(const struct facts *f, unsigned column, struct seen_session **attempts,
                   size_t *count);
void read_transcript(const struct facts *transcript, struct seen_smtp *out);
void read_handshake(const struct facts *handshake, struct seen_session *out);
const struct endpoint_brief *read_briefs(const struct facts *f, unsigned column, struct span host,
                                         const struct brief_judge *judge, size_t *count);
