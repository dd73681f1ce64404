#pragma once

#include "scanner/base/hash.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/verdict.h"
#include "scanner/replay/octet_file.h"

/**
 * What later tables need of earlier ones: where the octets of a certificate are, the verdict on a
 * chain, the default handshake of a service, the verdict on an endpoint. Certificates lie in a
 * file; in memory are some 32 octets per certificate, service and endpoint, and some 70 per chain.
 */
#define KNOWN_CHAIN_NONE UINT32_MAX

struct known_chain {
    uint8_t id[32];
    struct chain_brief brief;
    uint16_t cert_count;
    uint64_t first; /* place of its first certificate, for known_list() */
};

/** What the endpoints of a service must know of it. */
struct known_service {
    enum session_outcome outcome; /* without SNI; NOT_TESTED: there was no such session */
    uint32_t chain;               /* KNOWN_CHAIN_NONE: none was presented */
};

/** The judged part of an endpoint_brief. */
struct known_endpoint {
    struct chain_brief chain;
    uint8_t name_match;
    uint8_t sni;
    uint8_t sni_acceptable;
    uint8_t covers_parents;
};

struct known;

struct known *known_new(struct buf *why); /* NULL with one line in `why` */
void known_free(struct known *k);         /* NULL is allowed */

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

/* Keys as rows have them. A second row of the same key changes nothing. */
void known_add_service(struct known *k, struct span key, const struct known_service *s);
bool known_find_service(const struct known *k, struct span key, struct known_service *out);
void known_add_endpoint(struct known *k, struct span key, const struct known_endpoint *e);
bool known_find_endpoint(const struct known *k, struct span key, struct known_endpoint *out);
