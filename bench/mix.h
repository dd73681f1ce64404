#pragma once

/**
 * Who has which hosts, and what these show, for benchmarks without a network: pure functions of names and addresses. Shares
 * are those of datasets/lab/tranco1m.params; operators beside the one with the most endpoints are drawn together.
 */

#include "scanner/observation/seen_session.h"
#include "scanner/owners/owner.h"

#define MIX_NAME_SIZE     64
#define MIX_ADDRESSES_MAX 8 /* of a host */
#define MIX_ISSUERS       40
#define MIX_WILDCARD      "*.mail.tenants.net" /* of names that stand for each other */

enum mix_kind {
    MIX_NO_MAIL,
    MIX_TENANT, /* a host name of its own at the operator with the most endpoints, on 32 addresses */
    MIX_OPERATOR,
    MIX_SMALL_HOSTER,
    MIX_SHARED_HOSTING, /* own names, on a server of many */
    MIX_OWN,            /* own names and servers */
};

/** Domains are called d00000042.com, by their number. @return 0: it has no mail */
uint32_t mix_host_count(uint32_t domain);
/** @param total how many domains there are */
void mix_host_name(uint32_t domain, uint32_t n, uint32_t total, char name[MIX_NAME_SIZE]);

struct mix_host {
    enum mix_kind kind;
    uint32_t domain; /* whose it is, or its own number */
    uint32_t n;      /* of the domain's */
    struct net_addr addresses[MIX_ADDRESSES_MAX];
    size_t count; /* 0: there is no such host */
};

struct mix_host mix_host_of(struct span name, uint32_t total);
/** @return false: it has none */
bool mix_ptr(const struct net_addr *address, uint32_t total, char name[MIX_NAME_SIZE]);

/** Room for what a session shows. */
struct mix_shown {
    struct buf list;
    uint8_t digests[2][32];
};

/** A whole session, as it ends; borrows from `shown`. */
struct seen_session mix_session(const struct owner_dial *d, struct mix_shown *shown);
