#pragma once

#include "scanner/base/arena.h"
#include "scanner/base/map.h"
#include "scanner/observation/seen_target.h"
#include "scanner/trust/chain_judge.h"

/**
 * Which MX hosts send a CA certificate that others leave out (requirement R3), counted without a
 * table that all threads share. A list carries few certificates behind its leaf, and few
 * combinations exist:
 *
 *   judge        numbers each distinct set of CA certificates that lists lead to an anchor with
 *   host owner   counts its hosts by the sets that their endpoints presented
 *   end of scan  brings both together: hosts by certificate, each host once
 */
#define ISSUERS_PER_LIST_MAX 16 /* certificates of a list that count, as sent; our own bound */

/** The sets of one judge. */
struct issuer_sets;

/** Numbers are `first`, `first + step`, ...; `first` at least 1, another one for each judge. */
struct issuer_sets *issuer_sets_new(uint32_t first, uint32_t step);
void issuer_sets_free(struct issuer_sets *s);
/** @return the number of its set; 0: it carries no CA certificate that certifies the leaf */
uint32_t issuer_sets_add(struct issuer_sets *s, const struct chain_verdict *v);

/** The hosts of one owner. */
struct issuer_hosts;

struct issuer_hosts *issuer_hosts_new(void);
void issuer_hosts_free(struct issuer_hosts *h);
/** One host, once. @param sets of its endpoints, in any order, with repeats and zeros; sorted here */
void issuer_hosts_add(struct issuer_hosts *h, struct span host, uint32_t *sets, size_t count);
/** The same of a host whose endpoints are known. */
void issuer_hosts_add_host(struct issuer_hosts *h, const struct seen_host *host,
                           struct arena *scratch);

struct issuer_sender {
    uint64_t hosts;    /* that send it */
    struct span first; /* of their names, the first in octet order */
};

struct issuer_senders;

/** Borrows from the hosts. */
struct issuer_senders *issuer_senders_new(const struct issuer_sets *const *sets, size_t set_count,
                                          const struct issuer_hosts *const *hosts,
                                          size_t host_count);
void issuer_senders_free(struct issuer_senders *s);
/** @return NULL: no host does */
const struct issuer_sender *issuer_senders_find(const struct issuer_senders *s,
                                                const uint8_t sha256[32]);
