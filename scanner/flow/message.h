#pragma once

#include "scanner/flow/seen_codec.h"

/**
 * What threads say to each other: flat, versioned, pointer-free octets, so that a file or a
 * broker could carry them unchanged. The field lists below are the only definition: struct,
 * encoder and decoder of each message are made from them. Their TYPEs are those of base/codec.h and
 * seen_codec.h.
 *
 *   reader ─DOMAIN─► domain owner ─HOST_WANT─► host owner ─ADDRESS_WANT─► service owner
 *                    ◄─HOST_(LATE,)RESOLVED─┘│      ◄──────ENDPOINT_DONE─────┘ │  │
 *                         ◄───HOST_DONE──────┘      ◄────NAME_CHECK(ED)────────┘  │
 *                                       operator owner ◄─LEASE_WANT/RETURN─┤─LEASE_GRANT/QUEUED
 *   domain owner ─POLICY_WANT─► policy thread ─POLICY_DONE─► domain owner ─CHAIN_NEW─► judge
 *                policy thread ─PERMIT_WANT/RETURN─► service owner ─PERMIT_GRANT─► policy thread
 *                              judge ◄─CERT_NEW─ judge of the chain ◄──CHAIN_NEW──┘
 *                                └──CERT_KNOWN──►     └──CHAIN_KNOWN─► service owner
 *   coordinator ─BLOCK_CLOSE─► every worker ─BLOCK_FENCE─► every worker (see admission.h)
 *   coordinator ─GIVE_UP─► every worker (see watchdog.h)
 *   everyone ─ROWS, LINES_DONE─► writer
 *   reader ─KNOWN_...─► every owner, in front of all DOMAINs: what rows of a scan that goes on say
 *   owner of a fleet ─KNOWN_...─► writer ─► topic `state` ─► the owner of the same part after a loss
 *   everyone of a fleet ─OUTWARD─► writer, which sends it to brokers (pipeline/member_out.c)
 */
#define MESSAGE_VERSION 15

/*
 * A request names the key that wants to know; CHAIN_NEW the worker that does, once a list.
 *
 * What comes twice, late or for a key that nobody asked for is counted as a stray, unless it says more:
 *   HOST_WANT, NAME_CHECK   are answered as often as they come: before the host is done each waits once more
 *   ADDRESS_WANT            is answered once. It is sent when its block closes, before the fence (admission.h):
 *                           one that comes behind all fences is a repeat, but in a fleet where nobody knew the name; until then the
 *                           service keeps the names it heard. One that is ahead of the close is said again then, perhaps of an earlier block
 *   LEASE_WANT              is granted again to who holds a lease; LEASE_QUEUED answers it where it has to wait,
 *                           so that the places that were taken for it go to others; a LEASE_GRANT that nobody waits for is
 *                           returned at once, or the lease would be lost
 *   POLICY_WANT             is answered once: a policy host is asked once
 *   CHAIN_NEW               is answered again behind the verdict; before it, each worker waits once
 *   CERT_NEW                is answered as often as it comes
 *   HOST_LATE, HOST_RESOLVED, HOST_DONE, ENDPOINT_DONE, NAME_CHECKED, POLICY_DONE, LEASE_QUEUED, LEASE_RETURN,
 *   CHAIN_KNOWN, CERT_KNOWN
 *                           count where they are waited for, once
 */
#define FIELDS_DOMAIN(F)                                     \
    F(u32, block)      /* of the input, see admission.h */   \
    F(u64, input_line) /* */                                 \
    F(span, input)     /* the field as given */              \
    F(span, domain)    /* normal form; empty when invalid */ \
    F(span, invalid)   /* the word of why; empty: valid */   \
    F(span, metadata)  /* passed-through columns as one JSON object; empty: none */

#define FIELDS_HOST_WANT(F)                                                                 \
    F(u32, block)                                                                           \
    F(u8, dial)          /* 0: only the addresses are asked for (implicit MX, recorded) */  \
    F(u8, addresses_max) /* to be dialled: the domain's endpoint cap shared by its hosts */ \
    F(span, domain)      /* who wants it */                                                 \
    F(span, host)

/* It will be resolved, but not soon, and belongs to this block. */
#define FIELDS_HOST_LATE(F) F(u32, block) F(span, domain) F(span, host)

#define FIELDS_HOST_RESOLVED(F) F(span, domain) F(span, host)

/* What a host comes to, as its owner keeps it and its domains hear of it. */
#define FIELDS_HOST_RESULT(F)                                                      \
    F(u8, a_state)                                                                 \
    F(u8, aaaa_state)                                                              \
    F(u8, cname_count)                                                             \
    F(flag, blocklisted)                                                           \
    F(flag, truncated) /* not all addresses are in `endpoints`, or were dialled */ \
    F(u16, address_count)                                                          \
    F(u8, dane_host) /* enum dane_host */                                          \
    F(u8, tlsa_at)   /* enum tlsa_place */                                         \
    F(u16, endpoint_count)                                                         \
    F(rest, endpoints) /* so many briefs */

#define FIELDS_HOST_DONE(F) F(span, domain) F(span, host) F(host_result, result)

#define FIELDS_ADDRESS_WANT(F)            \
    F(u32, block)                         \
    F(flag, ahead) /* of the close */     \
    F(span, host)                         \
    F(addr, address)                      \
    F(u16, port)                          \
    F(u8, dane_host) /* enum dane_host */ \
    F(span, tlsa_base)                    \
    F(span, tlsas) /* the records in force, codec_put_tlsa() */

/* Ahead of the close: it may be wanted then. Counted as often as it comes: too many are too careful. */
#define FIELDS_ADDRESS_PERHAPS(F) F(span, host) F(addr, address) F(u16, port)

#define FIELDS_ENDPOINT_DONE(F)                                                     \
    F(span, host)                                                                   \
    F(u32, issuers) /* of its chain: all that the brief's own octets do not hold */ \
    F(brief, brief) /* address and port stand there */

#define FIELDS_NAME_CHECK(F) F(addr, address) F(span, name) /* does `name` resolve to it? */

#define FIELDS_NAME_CHECKED(F) F(addr, address) F(span, name) F(u8, state) F(u8, confirmed)

/* Who asks for a lease, and of whose. Each session asks once and returns what it was granted; a lease
 * that nobody waits for is returned at once. */
#define FIELDS_LEASE(F)                                               \
    F(addr, address)                                                  \
    F(u16, port)                                                      \
    F(u64, session) /* as the owner of the service numbers its own */ \
    F(span, operator_name)

#define FIELDS_LEASE_WANT(F) \
    F(lease, lease) F(u32, sessions) /* that its service wants, this one included */
#define FIELDS_LEASE_QUEUED(F) F(lease, lease)
#define FIELDS_LEASE_GRANT(F)  F(lease, lease)
#define FIELDS_LEASE_RETURN(F) F(lease, lease)

/* A fetch of the policy thread counts at its address like a session with a mail server. It asks before it
 * connects, and returns what it was granted or does not want any more; so does the thread with a permit that
 * none of its fetches waits for. */
#define FIELDS_PERMIT(F)        F(u64, fetch) /* as the policy thread numbers them */ F(addr, address)
#define FIELDS_PERMIT_WANT(F)   FIELDS_PERMIT(F)
#define FIELDS_PERMIT_GRANT(F)  FIELDS_PERMIT(F)
#define FIELDS_PERMIT_RETURN(F) FIELDS_PERMIT(F)

/* To the policy thread: `addresses` in the order to be tried, codec_put_addr(). */
#define FIELDS_POLICY_WANT(F) \
    F(span, domain)           \
    F(span, policy_host)      \
    F(span, addresses)

#define FIELDS_POLICY_DONE(F) \
    F(span, domain)           \
    F(span, fetched) /* policy_fetched_put() */

#define FIELDS_CHAIN_NEW(F)                          \
    F(u16, from) /* the worker that wants to know */ \
    F(span, chain_id)                                \
    F(span, list) /* seen_tls.list */

#define FIELDS_CHAIN_KNOWN(F) F(span, chain_id) F(verdict, brief) F(u32, issuers)

/* Between judges: the owner of the list asks that of the certificate. */
#define FIELDS_CERT_NEW(F)   F(span, chain_id) F(span, sha256) F(span, der)
#define FIELDS_CERT_KNOWN(F) F(span, chain_id) F(span, sha256)

#define MESSAGE_BLOCKS_MAX \
    ((uint32_t)1 << 20) /* that so many lines have, late ones and some more */
/* Of a fleet, behind all others: whatever may yet come is of a closed block. */
#define BLOCK_OF_THE_REST (MESSAGE_BLOCKS_MAX - 1)
/* `may_come`: 0: it closes; else it is ahead: so many names of it, and of those before it, may yet come. */
#define FIELDS_BLOCK_CLOSE(F) F(u32, block) F(u32, may_come)
#define FIELDS_BLOCK_FENCE(F) F(u32, block) F(u32, may_come) F(u16, from)

/* What has its row already, once each; a second one is a stray. Of a service before those who speak there and its
 * names. */
#define FIELDS_KNOWN_DOMAIN(F) \
    F(u64, input_line) F(span, domain) /* empty, in a fleet: the line is invalid or a repeat */
#define FIELDS_KNOWN_HOST(F) F(span, host) F(host_result, result)
/* Of a fleet: a host that has its addresses, and no row: what DNS said. All else follows from that and the rules of the scan. */
#define FIELDS_KNOWN_RESOLVED(F)                                \
    F(span, host)                                               \
    F(u32, block) /* as it was wanted, */                       \
    F(flag, late) /* and it belongs to a later one */           \
    F(u8, addresses_max)                                        \
    F(flag, blocklisted)                                        \
    F(dns, a)                                                   \
    F(dns, aaaa)                                                \
    F(dns, tlsa)                                                \
    F(dns, first_cname)                                         \
    F(dns, expanded_tlsa)                                       \
    F(span, cnames) /* codec_put_span() each */                 \
    F(u32, addresses_truncated)                                 \
    F(span, addresses) /* codec_put_addr() each */              \
    F(span, tlsas)     /* codec_put_tlsa() each, as the next */ \
    F(span, expanded_tlsas)
#define FIELDS_KNOWN_SERVICE(F)                                         \
    F(addr, address)                                                    \
    F(u16, port)                                                        \
    F(verdict, chain)                                                   \
    F(u8, versions)    /* as in endpoint_brief */                       \
    F(u8, ptr_state)   /* enum dns_state */                             \
    F(span, ptr_names) /* of each: is it confirmed, codec_put_span() */ \
    F(span, session)   /* without SNI; empty: none */                   \
    F(flag, again)     /* it was not the first attempt, nor the first that was lost */
/** What became of a name that has its row. */
enum known_turn {
    KNOWN_DIALLED,
    KNOWN_INFERRED,
    KNOWN_INHERITED, /* the service's failures spoke for it */
    KNOWN_NOT_TESTED,
    KNOWN_TURN_COUNT,
};

/* Of a host that has its row, or of a fleet. What it got is there if it was dialled: for certificate groups (struct group_result), and for
 * failures that speak for others. */
#define FIELDS_KNOWN_NAME(F)          \
    F(u32, block)                     \
    F(span, host)                     \
    F(addr, address)                  \
    F(u16, port)                      \
    F(u8, turn) /* enum known_turn */ \
    F(u8, outcome)                    \
    F(u8, starttls)                   \
    F(flag, unanswered)               \
    F(flag, again)                    \
    F(flag, has_chain)                \
    F(flag, by_wildcard)              \
    F(u16, tls_version)               \
    F(span, chain_id)                 \
    F(facts, facts)                   \
    F(span, told) /* of a fleet: the ENDPOINT_DONE that its host is to hear, or has heard */
/* A name that speaks for others, all of it: it may have no row yet. Attempts by codec_put_session(), one behind the other,
 * as well as that with SNI = TLSA base domain. */
#define FIELDS_KNOWN_SPEAKER(F)               \
    F(span, host)                             \
    F(addr, address)                          \
    F(u16, port)                              \
    F(u8, attempt) /* which counts, from 0 */ \
    F(span, attempts)                         \
    F(flag, repeated)                         \
    F(verdict, chain)                         \
    F(u32, issuers)                           \
    F(span, dane_sni) /* empty: none */       \
    F(verdict, dane_sni_chain)                \
    F(span, tlsas) /* in force, codec_put_tlsa(), if it has a row */
#define FIELDS_KNOWN_CHAIN(F) F(span, chain_id) F(verdict, brief) F(u32, issuers)
#define FIELDS_KNOWN_CERT(F)  F(span, sha256)
#define FIELDS_KNOWN_BODY(F)  F(span, sha256) /* to the policy thread */

#define FIELDS_ROWS(F) F(u8, table) F(u8, format) F(u32, count) F(span, octets)
/* Of an endpoint: they wait for ROWS_RELEASE, behind which comes the row of its host. */
#define FIELDS_ROWS_HELD(F) F(u64, key) F(u8, table) F(u8, format) F(u32, count) F(span, octets)
/* Of an endpoint as well: NDJSON, before those that rest on it. */
#define FIELDS_ROWS_AHEAD(F)   F(u32, count) F(span, octets)
#define FIELDS_ROWS_RELEASE(F) F(span, keys)  /* 64-bit little-endian */
#define FIELDS_LINES_DONE(F)   F(span, lines) /* 64-bit little-endian line numbers */
/* Of a fleet: messages for the owners of a part, which may be another machine's (pipeline/member_out.c). */
#define FIELDS_OUTWARD(F) F(u16, from) F(u16, to) F(rest, messages)
/* Behind the lines of a block, in each part. */
#define FIELDS_BLOCK_END(F) F(u32, block) F(flag, last) /* of the list */
/* What all members of a fleet hear. A file comes in pieces of FLEET_PIECE_MAX octets. */
#define FIELDS_FLEET_FILE(F)                               \
    F(u16, member) /* FLEET_FEED: the terms of the scan */ \
    F(span, name)                                          \
    F(u32, piece)                                          \
    F(u32, pieces)                                         \
    F(span, sha256) /* of the whole file */                \
    F(rest, octets)
#define FIELDS_FLEET_JOIN(F) \
    F(span, member) /* a name that no other has */ F(flag, ipv4) F(flag, ipv6) F(flag, trust_ad)
/* The owner of the part has no line of so many blocks open, and holds none; UINT32_MAX: nor of any that comes. */
#define FIELDS_FLEET_SETTLED(F) F(u16, part) F(u32, blocks)
/* Its ADDRESS_WANTs of so many blocks are sent: in each part of `services` none lies behind this offset, 64-bit. */
#define FIELDS_FLEET_SENT(F) F(u16, part) F(u32, blocks) F(rest, offsets)
#define FIELDS_FLEET_LAST(F) F(u32, blocks) F(u64, lines) /* how many of the list have a row */
#define FIELDS_FLEET_DONE(F) F(u16, part)                 /* all of its lines have their rows */
#define FIELDS_FLEET_LEFT(F) F(u16, member) F(u32, epoch) F(flag, whole)
/* Somebody sits down where nobody works any more: the first who says so of an epoch (fleet/roster.h). */
#define FIELDS_FLEET_TAKE(F) F(u16, member) F(u32, epoch) F(span, name)
/* Who joined does not stay: before all are there its place is another's. */
#define FIELDS_FLEET_AWAY(F) F(span, member)
/* Each second: a number that changes as long as it gets anywhere. */
#define FIELDS_FLEET_BEAT(F) \
    F(u64, progress) F(u64, sent_ms) /* by the clock of who beats, for itself */
#define FIELDS_STOP(F)    F(u8, reason)
#define FIELDS_GIVE_UP(F) F(u8, reason) /* coordinator to workers, see watchdog.h */

#define MESSAGE_KINDS(X)                \
    X(DOMAIN, domain)                   \
    X(HOST_WANT, host_want)             \
    X(HOST_LATE, host_late)             \
    X(HOST_RESOLVED, host_resolved)     \
    X(HOST_DONE, host_done)             \
    X(ADDRESS_WANT, address_want)       \
    X(ADDRESS_PERHAPS, address_perhaps) \
    X(ENDPOINT_DONE, endpoint_done)     \
    X(NAME_CHECK, name_check)           \
    X(NAME_CHECKED, name_checked)       \
    X(LEASE_WANT, lease_want)           \
    X(LEASE_QUEUED, lease_queued)       \
    X(LEASE_GRANT, lease_grant)         \
    X(LEASE_RETURN, lease_return)       \
    X(PERMIT_WANT, permit_want)         \
    X(PERMIT_GRANT, permit_grant)       \
    X(PERMIT_RETURN, permit_return)     \
    X(POLICY_WANT, policy_want)         \
    X(POLICY_DONE, policy_done)         \
    X(CHAIN_NEW, chain_new)             \
    X(CHAIN_KNOWN, chain_known)         \
    X(CERT_NEW, cert_new)               \
    X(CERT_KNOWN, cert_known)           \
    X(KNOWN_DOMAIN, known_domain)       \
    X(KNOWN_HOST, known_host)           \
    X(KNOWN_RESOLVED, known_resolved)   \
    X(KNOWN_SERVICE, known_service)     \
    X(KNOWN_NAME, known_name)           \
    X(KNOWN_SPEAKER, known_speaker)     \
    X(KNOWN_CHAIN, known_chain)         \
    X(KNOWN_CERT, known_cert)           \
    X(KNOWN_BODY, known_body)           \
    X(BLOCK_CLOSE, block_close)         \
    X(BLOCK_FENCE, block_fence)         \
    X(ROWS, rows)                       \
    X(ROWS_HELD, rows_held)             \
    X(ROWS_AHEAD, rows_ahead)           \
    X(ROWS_RELEASE, rows_release)       \
    X(LINES_DONE, lines_done)           \
    X(OUTWARD, outward)                 \
    X(BLOCK_END, block_end)             \
    X(FLEET_FILE, fleet_file)           \
    X(FLEET_JOIN, fleet_join)           \
    X(FLEET_SETTLED, fleet_settled)     \
    X(FLEET_SENT, fleet_sent)           \
    X(FLEET_LAST, fleet_last)           \
    X(FLEET_DONE, fleet_done)           \
    X(FLEET_LEFT, fleet_left)           \
    X(FLEET_TAKE, fleet_take)           \
    X(FLEET_AWAY, fleet_away)           \
    X(FLEET_BEAT, fleet_beat)           \
    X(STOP, stop)                       \
    X(GIVE_UP, give_up)

enum message_kind {
#define X(NAME, name) MESSAGE_##NAME,
    MESSAGE_KINDS(X)
#undef X
};

#define MESSAGE_C_u8          uint8_t
#define MESSAGE_C_u16         uint16_t
#define MESSAGE_C_u32         uint32_t
#define MESSAGE_C_u64         uint64_t
#define MESSAGE_C_flag        bool
#define MESSAGE_C_span        struct span
#define MESSAGE_C_rest        struct span
#define MESSAGE_C_addr        struct net_addr
#define MESSAGE_C_verdict     struct chain_brief
#define MESSAGE_C_brief       struct endpoint_brief
#define MESSAGE_C_host_result struct host_result
#define MESSAGE_C_lease       struct lease
#define MESSAGE_C_facts       struct sender_facts
#define MESSAGE_C_dns         struct seen_dns

#define MESSAGE_MEMBER(type, name) MESSAGE_C_##type name;
struct host_result {
    FIELDS_HOST_RESULT(MESSAGE_MEMBER)
};
void codec_put_host_result(struct buf *out, struct host_result value);
struct host_result codec_get_host_result(struct span *in);

struct lease {
    FIELDS_LEASE(MESSAGE_MEMBER)
};
void codec_put_lease(struct buf *out, struct lease value);
struct lease codec_get_lease(struct span *in);

/* struct message_domain { uint32_t block; ... }; message_put_domain(buf, &m) appends one message;
 * message_get_domain(body, &m) reads its body: spans borrow from it, a message of another thread
 * of ours is trusted to be well-formed (CHECK). */
#define X(NAME, name)                                                         \
    struct message_##name {                                                   \
        FIELDS_##NAME(MESSAGE_MEMBER)                                         \
    };                                                                        \
    void message_put_##name(struct buf *out, const struct message_##name *m); \
    struct message_##name message_get_##name(struct span body);
MESSAGE_KINDS(X)
#undef X
#undef MESSAGE_MEMBER

/** Who owns a line: its domain, or what stands in place of one. */
static inline struct span message_domain_key(const struct message_domain *m)
{
    return m->domain.len > 0 ? m->domain : m->input;
}

/** Takes one message off the front of `in`. @return false when `in` is empty. */
bool message_next(struct span *in, enum message_kind *kind, struct span *body);
