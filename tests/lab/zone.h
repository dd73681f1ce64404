#pragma once

/**
 * The DNS of the simulated internet as a pure function: what is at (name, type). The server puts it
 * into messages; the expectation reads it in place of a resolver.
 */

#include "scanner/observation/seen_dns.h"
#include "tests/lab/world.h"

/* RFC 1035 section 3.2.2, RFC 3596, RFC 4034, RFC 6672, RFC 6698. */
enum lab_type {
    LAB_TYPE_A = 1,
    LAB_TYPE_NS = 2,
    LAB_TYPE_CNAME = 5,
    LAB_TYPE_SOA = 6,
    LAB_TYPE_PTR = 12,
    LAB_TYPE_MX = 15,
    LAB_TYPE_TXT = 16,
    LAB_TYPE_AAAA = 28,
    LAB_TYPE_DNAME = 39,
    LAB_TYPE_OPT = 41,
    LAB_TYPE_RRSIG = 46,
    LAB_TYPE_TLSA = 52,
    LAB_TYPE_ANY = 255,
};

/* The data of a TLSA record beside the certificate that it is about. */
#define LAB_TLSA_DATA(X)                                                         \
    X(RIGHT, "ok")                                                               \
    X(WRONG, "wrong")                                                            \
    X(OTHER_SELECTOR, "other-selector") /* right under the other selector */     \
    X(OTHER_USAGE, "other-usage")       /* that of the issuer, or of the leaf */ \
    X(EMPTY, "empty")                   /* the digest of no octets */            \
    X(SHORT, "short")                   /* a digest of 20 octets */

enum lab_tlsa_data {
#define X(name, word) LAB_TLSA_##name,
    LAB_TLSA_DATA(X)
#undef X
};

/* Where a client of the lab says it comes from: the name leads to an address and back. */
#define LAB_CLIENT_NAME "scanner.mxcensus.test"

/* What becomes of an answer over TCP; but for AS_USUAL, those over UDP are cut (TC). */
#define LAB_TCPS(X)                                                    \
    X(AS_USUAL, "as-usual")                                            \
    X(TWICE, "twice") /* and that the name does not exist behind it */ \
    X(HALF, "half")   /* of it, then closed */                         \
    X(STALL, "stall") /* nothing comes */

enum lab_tcp {
#define X(name, word) LAB_TCP_##name,
    LAB_TCPS(X)
#undef X
};

#define ZONE_RR_MAX 420 /* records of one answer; 398 MX are the most the lab knows */
#define ZONE_TTL    3600

struct zone_rr {
    uint16_t type;
    uint16_t preference; /* MX */
    enum lab_tlsa_data tlsa_data;
    struct net_addr address; /* A, AAAA */
    uint32_t at;    /* in zone_answer.data: a name as text (no trailing dot, root ""), the */
    uint32_t len;   /* strings of a TXT with their lengths, or the octets of a TLSA */
    uint32_t below; /* octets of the name asked for in front of the owner: of a DNAME */
};

/** Reused from question to question. */
struct zone_answer {
    enum dns_state state; /* DATA, NODATA, NXDOMAIN, SERVFAIL, BOGUS (with data), REFUSED, TIMEOUT,
                             MALFORMED, NAME_INVALID (YXDOMAIN) */
    bool secure;          /* the zone is signed and its DS is there: AD and RRSIG */
    bool signatures;      /* signed: RRSIG, with a DS or without */
    int ede;              /* RFC 8914 code sent along, -1: none */
    enum lab_tcp tcp;
    char apex[LAB_NAME_MAX];
    struct zone_rr rr[ZONE_RR_MAX];
    size_t count;
    struct buf data;
};

struct cert_store; /* for the digests in TLSA records */

void zone_answer_init(struct zone_answer *a);
void zone_answer_deinit(struct zone_answer *a);

/** @param name lower case, no trailing dot, root "". @param certs NULL: TLSA digests are zero.
 * An alias answers any other type with its CNAME record alone, or with the DNAME record that it
 * follows from in front of it: the caller follows it. */
void zone_lookup(const struct world *w, struct cert_store *certs, struct span name, uint16_t type,
                 struct zone_answer *out);

/** The CNAME record that leads on from the answer to a question for `type`; NULL: none. */
const struct zone_rr *zone_alias(const struct zone_answer *a, uint16_t type);

static inline struct span zone_rr_span(const struct zone_answer *a, const struct zone_rr *rr)
{
    return (struct span){a->data.at + rr->at, rr->len};
}

/** For those who build answers: zone.c and cases.c. */
void zone_add_name(struct zone_answer *a, uint16_t type, uint16_t preference, const char *name);
/** A DNAME record at the end of `name`, behind `below` octets, and the CNAME record that follows from it; where that is
 * too long there is no CNAME, but YXDOMAIN (RFC 6672 section 2.2). */
void zone_add_dname(struct zone_answer *a, struct span name, size_t below, const char *target);
void zone_add_address(struct zone_answer *a, const struct net_addr *address);
void zone_add_octets(struct zone_answer *a, uint16_t type, struct span octets);
/** One record with a single string. */
void zone_add_text(struct zone_answer *a, const char *text);
void zone_add_tlsa(struct zone_answer *a, struct cert_store *certs, const struct cert_choice *cert,
                   uint8_t usage, uint8_t selector, uint8_t matching, enum lab_tlsa_data data);
