#pragma once

#include "scanner/base/arena.h"
#include "scanner/base/hash.h"
#include "scanner/base/octet_file.h"
#include "scanner/dane/dane.h"
#include "scanner/observation/seen_target.h"

/**
 * What later tables need of earlier ones: where the octets of a certificate are, the verdict on a
 * chain, what DNS says of DANE for a host, the default handshake of a service, the verdict on an
 * endpoint, the row of a policy. Certificates, TLSA records, bodies and rows of policies lie in a file. What is kept of each
 * host, service, endpoint and certificate is in memory up to a bound, and beyond it in a temporary database (index/key_store.h);
 * of each chain some 80 octets are in memory.
 */
#define KNOWN_CHAIN_NONE UINT32_MAX

struct known_chain {
    struct chain_brief brief;
    uint16_t cert_count;
    uint64_t first; /* place of its first certificate, for known_list() */
};

/** What the endpoints of a service must know of it. */
struct known_service {
    enum session_outcome outcome; /* without SNI; NOT_TESTED: there was no such session */
    uint32_t chain;               /* KNOWN_CHAIN_NONE: none was presented */
    enum starttls_state starttls;
    uint16_t tls_version;  /* 0: no handshake completed */
    uint8_t versions;      /* as in endpoint_brief */
    uint64_t leaf_domains; /* of the leaf; leaf_domains.h */
    struct sender_facts facts;
    struct span
        certificate_domain; /* of what was found: valid until the next is looked for, as the next one */
    struct span banner_domain;
    uint8_t chain_status;
};

/** What DNS says of DANE for a host. */
struct known_host {
    uint8_t state;   /* enum dane_host */
    uint8_t tlsa_at; /* enum tlsa_place */
    int64_t block;   /* as in seen_host */
    uint64_t at;     /* place of base domain and records, for known_records() */
    uint32_t octets; /* 0: none */
};

struct known_endpoint {
    struct endpoint_judged judged;
    bool has_default; /* the row was made after the service's session without SNI */
    uint8_t operator_source;
    struct span mx_operator; /* as the texts of known_service */
};

struct known;

#define KNOWN_MEMORY_OCTETS \
    (32U << 20) /* of each kind of thing, before the rest is in a database */

/** @param memory_octets KNOWN_MEMORY_OCTETS, but in tests. NULL with one line in `why` */
struct known *known_new(size_t memory_octets, struct buf *why);
void known_free(struct known *k); /* NULL is allowed */
/** What failed first of the databases, as a line for people; NULL: nothing. From then on things are not found. */
const char *known_error(const struct known *k);

/** @return false with one line in `why`. A second time is fine. */
bool known_add_certificate(struct known *k, const uint8_t sha256[32], struct span der,
                           struct buf *why);

/** @param digests of certificates that were added, 32 octets each.
 * @return its number; KNOWN_CHAIN_NONE when a certificate is missing, or the chain is there
 * already: `*missing` tells. The verdict is for the caller to set. */
uint32_t known_add_chain(struct known *k, const uint8_t id[32], struct span digests, bool *missing);
struct known_chain *known_chain(struct known *k, uint32_t chain); /* valid until one is added */
uint32_t known_chain_count(const struct known *k);
uint32_t known_find_chain(const struct known *k, const uint8_t id[32]);
/** The certificates of a chain in the form of cert_list.h, the first `max` of them, in place of
 * what was in `list`. */
bool known_list(struct known *k, uint32_t chain, size_t max, struct buf *list, struct buf *why);

/* Keys as rows have them. A second row of the same key changes nothing. What is found is valid until the next of its kind is
 * looked for or added. */
void known_add_service(struct known *k, struct span key, const struct known_service *s);
const struct known_service *known_find_service(struct known *k, struct span key);
void known_add_endpoint(struct known *k, struct span key, const struct known_endpoint *e);
const struct known_endpoint *known_find_endpoint(struct known *k, struct span key);

/** Keeps base domain and records where they are in force. */
bool known_add_host(struct known *k, const struct seen_host *h, const struct dane_host_verdict *v,
                    struct buf *why);
const struct known_host *known_find_host(struct known *k, struct span name);
/** Base domain and records in force, in the arena. */
bool known_records(struct known *k, const struct known_host *h, struct arena *arena,
                   struct span *base, const struct seen_tlsa **tlsas, size_t *count,
                   struct buf *why);

/** Rows of endpoints whose session may stand for other names, by keys of the caller. The last one of a key counts. */
bool known_add_speaker(struct known *k, struct span key, struct span line, struct buf *why);
/** As known_find_policy(). */
bool known_find_speaker(struct known *k, struct span key, struct buf *octets, struct buf *why);

/** @param added set to false when the key is there already, which is no failure */
bool known_add_policy(struct known *k, struct span domain, struct span line, bool *added,
                      struct buf *why);
bool known_add_body(struct known *k, const uint8_t sha256[32], struct span body, bool *added,
                    struct buf *why);
/** In place of what was in `octets`. @return false with one line in `why`, or none: not there. */
bool known_find_policy(struct known *k, struct span domain, struct buf *octets, struct buf *why);
bool known_find_body(struct known *k, const uint8_t sha256[32], struct buf *octets,
                     struct buf *why);
