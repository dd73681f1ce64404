#pragma once

#include "scanner/base/arena.h"
#include "scanner/trust/cert_cache.h"
#include "scanner/trust/intermediate_pool.h"
#include "scanner/trust/path_tests.h"

/**
 * The search for paths from the first certificate of a list to the anchors: depth first, over
 * issuers that are there by name and whose key verifies the signature.
 *
 * Who may be an issuer is decided as by X509_check_issued(): by name, unless the key identifiers
 * or the issuer and serial number that the child gives speak against it. Anchors are recognised by
 * their octets and found by their name, so that a presented copy of a root with other octets does
 * not keep a path from the anchor. An anchor that did not sign itself does not end a path, as with
 * OpenSSL without -partial_chain; it is one more issuer.
 *
 * What comes first within a bound does not depend on the order of the list.
 */
#define SEARCH_NODES_MAX      512 /* certificates looked at per list; our own bound */
#define SEARCH_CANDIDATES_MAX 64  /* issuers by name per certificate; our own bound */
#define SEARCH_POOL_MAX       16  /* of these, from the pool; our own bound */

/** The anchors of all stores, each once. */
struct anchor_set {
    struct known_cert **at; /* by hash of the subject, then by digest */
    size_t count;
};

enum answer {
    ANSWER_NONE, /* not asked yet */
    ANSWER_GOOD,
    ANSWER_BAD,
    ANSWER_UNKNOWN, /* cannot be verified */
};

struct candidate {
    uint16_t node;
    uint8_t answer; /* enum answer: whether its key verifies the signature */
};

struct search_node {
    struct known_cert *cert;
    int list_index; /* first place in the list, -1: not presented */
    bool from_pool;
    bool reached; /* certifies the leaf by some path */
    uint8_t self; /* enum answer: its own key verifies its signature */
    bool has_candidates;
    struct candidate *candidates;
    size_t candidate_count;
};

struct path_search {
    /* Given. */
    struct cert_cache *certs;
    struct link_memory *links;
    const struct anchor_set *anchors;
    const struct intermediate_pool *pool; /* NULL: none */
    struct arena *arena;
    /* Found. */
    struct search_node nodes[SEARCH_NODES_MAX];
    size_t node_count;
    size_t presented_count; /* of these, the first are from the list; the leaf is number 0 */
    size_t signatures;      /* asked for, whether from memory or not */
    bool capped;
};

/** Adds a certificate of the list, in its order, each once. */
void path_search_present(struct path_search *s, struct known_cert *cert, int list_index);
/** The best path with trust store number `store`; there is always one. */
void path_search_run(struct path_search *s, unsigned store, struct found_path *best);
/** Whether the signature of `child` is verified by the key of `issuer`: nodes. */
enum answer path_search_ask(struct path_search *s, size_t child, size_t issuer);
/** Whether the node names itself as its issuer and its own key verifies that. */
bool path_search_is_self_signed(struct path_search *s, size_t node);
/** By name an issuer, with nothing in it that speaks against it. */
bool path_search_may_have_issued(const struct known_cert *issuer, const struct known_cert *child);
