#pragma once

/**
 * The owner of host names. Private to host_work.c, host_addresses.c and host_record.c.
 */

#include "scanner/pipeline/worker.h"

enum question {
    QUESTION_A,
    QUESTION_AAAA,
    QUESTION_TLSA,
    /* Only for a name with CNAME links, once the others are answered (RFC 7672 section 2.2.2) */
    QUESTION_FIRST_CNAME,   /* is the first link secure? */
    QUESTION_EXPANDED_TLSA, /* at the end of the links */
    QUESTION_COUNT,
};

struct subscriber {
    struct span domain; /* in the arena of the work */
    bool dial;
};

/** A name under work. */
struct host_work {
    struct arena arena;
    struct span name;
    struct seen_dns dns[QUESTION_COUNT];
    bool asked[QUESTION_COUNT];
    bool answered[QUESTION_COUNT];
    bool dial;    /* wanted as an MX host */
    bool literal; /* the name is an address: nothing to ask for */
    bool blocklisted;
    bool addresses_sent; /* ADDRESS_WANTs are out */
    uint32_t block;      /* the smallest of those who want it dialled */
    uint8_t addresses_max;
    struct net_addr *v4;
    struct net_addr *v6;
    size_t v4_count;
    size_t v6_count;
    size_t truncated;
    struct span *cnames;
    size_t cname_count;
    struct seen_tlsa *tlsas;
    size_t tlsa_count;
    struct seen_tlsa *expanded_tlsas;
    size_t expanded_tlsa_count;
    /* Once ADDRESS_WANTs are out: */
    uint8_t dane;              /* enum dane_host */
    uint8_t tlsa_at;           /* enum tlsa_place */
    struct span tlsa_base;     /* of the records in force; empty: none */
    struct buf tlsas_in_force; /* codec_put_tlsa() */
    struct endpoint_brief *endpoints;
    size_t endpoint_count;
    size_t endpoints_pending;
    struct subscriber *subscribers; /* who waits for HOST_RESOLVED or HOST_DONE; malloc */
    size_t subscriber_count;
    size_t subscribers_told;   /* of these, who were told that the addresses are known */
    struct net_addr *checkers; /* whose reverse DNS names it; malloc */
    size_t checker_count;
};

/** What is kept of a name that is done; its octets are those of base/codec.h. */
struct host_record {
    uint32_t dialled : 1;
    uint32_t len : 31;
    uint8_t octets[];
};

struct host_entry {
    struct host_work *work;
    struct host_record *record;
};

struct host_table {
    struct worker *worker;
    struct map index; /* name → index in `entries` */
    struct host_entry *entries;
    uint32_t count;
    uint32_t capacity;
    uint64_t strays;
};

/** An address that senders connect to. */
struct dial_address {
    struct net_addr address;
    bool mapped; /* out of an AAAA record that holds an IPv4 address, and in no A record */
};

/* host_addresses.c */
/** A name that is an address, which an MX record may hold (RFC 5321 section 5.1): its only address. */
void host_take_literal(struct host_work *h);
/** IPv4-mapped addresses (RFC 4291 section 2.5.5.2) as the IPv4 address that a system dials for them.
 * Sorted, each once. @param out room for all addresses of `h` @return how many */
size_t host_dial_list(const struct host_work *h, struct dial_address *out);

/** Some of its addresses are not in the list, or were not dialled. */
bool host_is_truncated(const struct host_work *h);

/* host_record.c. A name that was not dialled may yet be wanted as an MX host: everything for its
 * row is kept. A dialled name is done for good: its result is. Records are malloc'ed. */
struct host_record *host_record_of_addresses(const struct host_work *h);
void host_record_restore(struct host_work *h, const struct host_record *r);
struct host_record *host_record_of_result(const struct host_work *h);
/** Of a dialled name; its briefs borrow from `r`. */
struct host_result host_record_result(const struct host_record *r);
