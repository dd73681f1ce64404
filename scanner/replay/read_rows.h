#pragma once

/**
 * Rows back into the observations they were made of: what report_*() writes of what is read here is
 * the same row. Verdicts in a row are not read; they are made anew.
 *
 * Everything that is filled in lives as long as the row, in its arena. After an error, which
 * `row->reading->why` tells, the observation is harmless but of no use.
 */

#include "scanner/observation/seen_issuer.h"
#include "scanner/observation/seen_target.h"
#include "scanner/rows/row_facts.h"

/** The octets of a row of certificates. */
struct span read_certificate(const struct facts *row, uint8_t sha256[32]);

/** A row of chains: `*count` digests, in the order sent. */
struct span read_chain(const struct facts *row, uint8_t chain_id[32], size_t *count);

/* The lists of certificates (seen_tls.list) and the verdicts on them are for the caller to fill in,
 * who has them: the sessions beside `seen` are his to write to. */
struct read_service {
    struct seen_service seen;
    struct seen_session *result; /* seen.result */
};

struct read_endpoint {
    struct seen_endpoint seen;
    struct seen_session *result;
    struct seen_session *other_key;
    struct seen_session *dane_sni;
};

void read_service(const struct facts *row, struct read_service *out);
void read_endpoint(const struct facts *row, struct read_endpoint *out);

/** A row of groups. */
void read_group(const struct facts *row, struct seen_group *out);

/** Fills in what a brief repeats of rows of endpoints and services, and an exchange of a row of hosts:
 * all that rests on a verdict, and what is not in the row. */
struct brief_judge {
    void (*fill)(void *arg, struct span host, struct endpoint_brief *brief);
    void (*fill_mx)(void *arg, struct seen_mx *mx);
    void *arg;
};

/** What DNS says of a host, without its endpoints. */
void read_host_dns(const struct facts *row, struct seen_host *out);
void read_host(const struct facts *row, const struct brief_judge *judge, struct seen_host *out);
void read_domain(const struct facts *row, const struct brief_judge *judge, struct seen_domain *out);

/** A row of policies. The list of certificates, the verdict on it and the body are for the caller to
 * fill in. */
struct read_policy {
    struct seen_policy seen;
    struct span domain;
    uint64_t body_octets; /* when seen.body_sha256 is not all zero */
};

void read_policy(const struct facts *row, struct read_policy *out);
/** A row of issuers. */
void read_issuer(const struct facts *row, struct seen_issuer *out);
/** The octets of a row of policy_bodies. */
struct span read_policy_body(const struct facts *row, uint8_t sha256[32]);

/* Parts that several rows have. */
void read_dns(const struct facts *f, unsigned column, struct seen_dns *out);
void read_attempt(const struct facts *attempt, struct seen_session *out);
void read_attempts(const struct facts *f, unsigned column, struct seen_session **attempts,
                   size_t *count);
void read_transcript(const struct facts *transcript, struct seen_smtp *out);
void read_handshake(const struct facts *handshake, struct seen_session *out);
const struct net_addr *read_addresses(const struct facts *f, unsigned column, size_t *count);
const struct endpoint_brief *read_briefs(const struct facts *f, unsigned column, struct span host,
                                         const struct brief_judge *judge, size_t *count);
