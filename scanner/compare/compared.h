#pragma once

#include "scanner/base/arena.h"
#include "scanner/base/buf.h"
#include "scanner/compare/change.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_dns.h"
#include "scanner/observation/seen_policy.h"
#include "scanner/observation/seen_target.h"
#include "scanner/observation/verdict.h"

/**
 * What of a domain and of an MX host is compared: facts of one scan, read from its rows, without what is volatile. Kept in
 * short as octets of our own (base/codec.h) until both scans are read.
 *
 * Texts and lists are borrowed from the octets and the arena that they were read from. An absent text is empty.
 */

struct compared_texts {
    const struct span *at;
    size_t count;
    bool
        partial; /* there are more than are recorded, perhaps others each time: what is missing is not gone */
};

/** A finding of severity notice or more, and whose it is. */
struct compared_finding {
    struct span code;
    enum severity severity;
    enum change_place place;
    struct span key; /* of that place */
};

/** An MX host name at one address and port, with what the service has. */
struct compared_endpoint {
    struct span service; /* address|port */
    enum session_outcome outcome;
    enum not_tested_reason not_tested;
    enum starttls_state starttls;
    bool unstable; /* differs from session to session */
    enum dane_status dane;
    struct span tls_version;
    struct span leaf; /* SHA-256, hexadecimal, as the next two */
    struct span key;  /* of its public key */
    struct span chain;
    struct span chain_status;
    bool ptr_known;
    struct compared_texts ptr;
    uint8_t versions_known; /* bit n: TLS 1.n */
    uint8_t versions_accepted;
    struct compared_finding
        *findings; /* of the endpoint, the service, the chain and the certificates */
    size_t finding_count;
};

struct compared_host {
    struct span name;
    enum dns_state a;
    enum dns_state aaaa;
    struct compared_texts addresses; /* sorted as in the row */
    enum dns_state tlsa_state;
    struct compared_texts tlsa; /* "3 1 1 DIGEST" */
    enum dnssec_state dnssec;   /* of its addresses */
    struct compared_endpoint *endpoints;
    size_t endpoint_count;
    struct compared_finding *findings;
    size_t finding_count;
    bool same; /* what was observed is the same in both scans; not kept */
};

struct compared_outcome {
    struct span profile;
    enum delivery best;
    enum delivery worst;
    struct span decided_by; /* endpoint or host: reason; or the reason */
};

struct compared_domain {
    struct span name;
    struct span account;
    struct span reason; /* account_reason */
    enum mx_kind mx_kind;
    enum dns_state mx_dns;
    struct compared_texts mx;    /* "PREFERENCE EXCHANGE", sorted as in the row */
    struct compared_texts hosts; /* keys of hosts, in the same order */
    struct span mx_operator;
    enum dnssec_state dnssec; /* of the MX records */
    enum dns_state sts_dns;
    struct compared_texts sts_txt;
    struct span sts_id;
    struct span sts_mode;
    struct span policy_host; /* empty: none was asked */
    enum policy_fetch fetch;
    struct span policy; /* SHA-256 of its body; empty: none, or not fetched whole */
    enum dns_state rpt_dns;
    struct compared_texts rpt_txt;
    struct compared_outcome *outcomes;
    size_t outcome_count;
    struct compared_finding *findings; /* of the domain and of its policy */
    size_t finding_count;
    bool same; /* the same, of the domain and of all its hosts */
};

/** Octets of it: first what was observed, then what was judged. `*observed` is how many are observed. */
void compared_host_put(struct buf *out, const struct compared_host *h, size_t *observed);
void compared_host_get(struct span octets, struct arena *a, struct compared_host *h);
void compared_domain_put(struct buf *out, const struct compared_domain *d, size_t *observed);
void compared_domain_get(struct span octets, struct arena *a, struct compared_domain *d);
void compared_texts_put(struct buf *out, struct compared_texts t);
struct compared_texts compared_texts_get(struct span *in, struct arena *a);
void compared_findings_put(struct buf *out, const struct compared_finding *f, size_t count);
struct compared_finding *compared_findings_get(struct span *in, struct arena *a, size_t *count);
