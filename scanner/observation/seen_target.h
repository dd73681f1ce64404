#pragma once

/**
 * What is known of the things a scan works on, one struct per table (design section 5).
 * Plain data, assembled by the owner of the key when the thing is finished; everything it
 * points to is borrowed for the call.
 */

#include "scanner/base/vocabulary.h"
#include "scanner/observation/mx_name.h"
#include "scanner/observation/seen_ciphers.h"
#include "scanner/observation/seen_dns.h"
#include "scanner/observation/seen_policy.h"
#include "scanner/observation/seen_session.h"
#include "scanner/observation/sender_facts.h"
#include "scanner/observation/verdict.h"

#define ATTEMPTS_MAX         6  /* sessions kept per service or endpoint */
#define MX_MAX               32 /* exchanges per domain that are worked on */
#define HOST_ADDRESSES_MAX   16 /* per address family */
#define DOMAIN_ENDPOINTS_MAX 64
#define TLSA_MAX             64 /* records kept per host */
#define PTR_MAX              8

/** Where the result of an endpoint is from. */
#define BASES(X)                                                       \
    X(BASIS_NONE, "", NULL)                                            \
    X(BASIS_OBSERVED, "observed",                                      \
      "a session with the host; or, where session_from is set, a "     \
      "session with the service that failed before the name mattered") \
    X(BASIS_INFERRED, "inferred",                                      \
      "nobody asked for the host: what other names of its certificate group got")

enum basis {
    BASES(ENUMERATOR) BASIS_COUNT
};

VOCABULARY(basis, enum basis);

/*
 * What is judged of an endpoint: a part of its brief, and kept by itself by analyze, which needs it for the rows of hosts and
 * domains. Of what was presented with SNI, but for `no_sni_`.
 *
 * covers_parents: bit n: the leaf covers the host's name without its first n + 1 labels. So a domain at or above the host
 *     knows whether the certificate is also its own.
 * dane_covers_parents: the same where `dane` is OTHER_NAME, of the leaf that DANE is about, whose SNI is the TLSA base
 *     domain; but common names count where there is no dNSName (RFC 7672 section 3.2.3).
 * leaf_domains: a set bit for each hash of a name of the leaf or of a name above it: a domain whose bit is not set is
 *     neither in the certificate nor above a name in it (leaf_domains.h).
 * dane_leaf_names: of the leaf that DANE is about, leaf_names_of().
 * path_until, leaf_until, path_end: analysis/will_break.h; of the first the Unix second until which the path is good.
 * facts: what only some senders mind, of the session with SNI; and of the service's without.
 */
#define ENDPOINT_JUDGED(F)                                           \
    F(verdict, chain)                                                \
    F(u8, name_match)        /* enum name_match, against the host */ \
    F(u8, no_sni_name_match) /* the same */                          \
    F(u8, sni)               /* enum sni_class */                    \
    F(u8, sni_acceptable)    /* enum sni_acceptable */               \
    F(u8, dane)              /* enum dane_status */                  \
    F(u8, covers_parents)                                            \
    F(u8, dane_covers_parents)                                       \
    F(u16, dane_flags) /* enum dane_flag */                          \
    F(u64, leaf_domains)                                             \
    F(u64, dane_leaf_names)                                          \
    F(u32, path_until)                                               \
    F(u32, leaf_until)                                               \
    F(u8, path_end)                                                  \
    F(facts, facts)                                                  \
    F(facts, no_sni_facts)

/* Types as flow/seen_codec.h calls them, which has the list, too. */
#define MEMBER(type, name) MEMBER_##type name;
#define MEMBER_u8          uint8_t
#define MEMBER_u16         uint16_t
#define MEMBER_u32         uint32_t
#define MEMBER_u64         uint64_t
#define MEMBER_verdict     struct chain_brief
#define MEMBER_facts       struct sender_facts

struct endpoint_judged {
    ENDPOINT_JUDGED(MEMBER)
};

/** Short facts of one (host, address, port): what a host keeps and a domain row repeats. */
struct endpoint_brief {
    struct net_addr address;
    uint16_t port;
    uint8_t outcome;    /* enum session_outcome */
    uint8_t not_tested; /* enum not_tested_reason, when the outcome is NOT_TESTED */
    uint8_t starttls;   /* enum starttls_state */
    uint8_t mapped;     /* known only by an AAAA record that holds this IPv4 address */
    uint8_t inherited; /* the result is that of another session of the service (session_from), which
                        * did not come to the name */
    uint8_t basis;     /* enum basis; INFERRED: session_from is a name of the group */
    uint16_t tls_version;    /* 0: none */
    uint8_t leaf_sha256[32]; /* all zero: none */
    uint8_t ptr_is_host;     /* enum truth: a PTR name of the address is the host */
    /* Who operates the server, operator_judge(): a name, or a registrable domain. Empty: not known. */
    struct span mx_operator;
    uint8_t operator_source; /* enum operator_source */
    union {
        struct endpoint_judged judged;
        struct {
            ENDPOINT_JUDGED(MEMBER)
        };
    };
    /* What a sender without SNI meets: the service's session. */
    uint8_t no_sni_outcome;  /* enum session_outcome; NOT_TESTED: there was none */
    uint8_t no_sni_starttls; /* enum starttls_state */
    uint16_t no_sni_tls_version;
    struct chain_brief no_sni_chain;
    uint64_t no_sni_leaf_domains;
    /* Two bits for each of seen_versions.accepted (enum truth), TLS 1.0 lowest. */
    uint8_t versions;
};

/** The certificate passes for the host: what a sender that checks strictly would ask. */
static inline bool endpoint_is_acceptable(const struct endpoint_brief *e)
{
    return e->chain.status == CHAIN_TRUSTED && name_match_is_match((enum name_match)e->name_match);
}

/**
 * Two sessions with one address that ended differently, although both answer the question and nothing
 * could depend on the name yet: the difference is not SNI's. A 421 or silence in one answers nothing.
 */
static inline bool outcomes_are_unstable(enum session_outcome a, enum session_outcome b)
{
    const struct outcome_info *one = outcome_info(a);
    const struct outcome_info *other = outcome_info(b);
    return a != b && one->conclusive && other->conclusive && (one->before_tls || other->before_tls);
}

/** The reply to EHLO listed STARTTLS, in a session that came as far as to say so (conclusive). */
static inline bool outcome_lists_starttls(enum session_outcome o)
{
    return o != OUTCOME_HELO_ONLY && o != OUTCOME_STARTTLS_NOT_OFFERED &&
           o != OUTCOME_STARTTLS_MASKED;
}

/** Two sessions that are unstable, of which the other got further: STARTTLS was listed there and not here, or
 * TLS came about there. */
static inline bool outcome_is_outdone(enum session_outcome here, enum session_outcome other)
{
    return outcomes_are_unstable(here, other) &&
           (other == OUTCOME_ESTABLISHED ||
            (outcome_lists_starttls(other) && !outcome_lists_starttls(here)));
}

static inline bool endpoint_is_unstable(const struct endpoint_brief *e)
{
    return outcomes_are_unstable((enum session_outcome)e->outcome,
                                 (enum session_outcome)e->no_sni_outcome);
}

struct seen_name {
    struct span name; /* A-label, lower case, no trailing dot */
};

struct seen_tlsa {
    uint8_t usage;
    uint8_t selector;
    uint8_t matching;
    struct span data;
};

struct seen_host {
    struct span name;
    struct span registrable; /* of the name, as the next ones of seen_*; empty: none */
    struct seen_dns a;
    struct seen_dns aaaa;
    struct seen_dns tlsa;
    const struct span *cnames; /* links from the name on, of whichever address answer had more */
    size_t cname_count;
    /* The CNAME record of the name itself, asked for where the addresses are not secure as a whole:
     * is the first link secure (RFC 7672 section 2.2.2)? */
    struct seen_dns first_cname;
    const struct net_addr *addresses; /* sorted by net_addr_cmp */
    size_t address_count;
    size_t addresses_truncated; /* beyond the cap, not kept */
    const struct seen_tlsa *tlsas;
    size_t tlsa_count;
    /* TLSA at the end of the CNAME chain, asked for first where the chain is secure as a whole. */
    struct seen_dns expanded_tlsa;
    const struct seen_tlsa *expanded_tlsas;
    size_t expanded_tlsa_count;
    bool blocklisted;
    int64_t block; /* of the input, the first that wants it; -1: nothing was to be dialled */
    const struct endpoint_brief *endpoints; /* by address, then port */
    size_t endpoint_count;
};

/** Reverse DNS of an address. */
struct seen_ptr {
    struct seen_dns dns;
    const struct span *names;
    size_t name_count;
    /* Per name: does it resolve to the address again (same family)? enum dns_state of the
     * question and the answer to it. */
    const uint8_t *forward_state;
    const bool *forward_confirmed;
};

/** Which versions a server accepts, each 0x0301 + n; only where --probes versions asked. */
#define TLS_VERSION_COUNT 4

struct seen_versions {
    bool asked;
    bool sni; /* the ClientHellos carried the name of the first host dialled */
    uint8_t accepted[TLS_VERSION_COUNT]; /* enum truth, TLS 1.0 first */
    uint8_t connections;                 /* made for this */
};

/** --probes wrong-sni: no server's name, for it cannot exist (RFC 6761 section 6.4). */
#define WRONG_SNI_NAME "wrong-sni.invalid"

/** As endpoint_brief.versions. */
static inline uint8_t seen_versions_pack(const struct seen_versions *v)
{
    unsigned packed = 0;
    for (unsigned i = 0; i < TLS_VERSION_COUNT; i++) {
        packed |= (unsigned)v->accepted[i] << (2 * i);
    }
    return (uint8_t)packed;
}

struct seen_service {
    struct net_addr address;
    uint16_t port;
    const struct seen_session *attempts; /* without SNI; none when not tested */
    size_t attempt_count;
    const struct seen_session *result; /* the conclusive attempt, else the last; NULL: none */
    enum not_tested_reason not_tested; /* when result is NULL */
    struct seen_ptr ptr;
    struct seen_versions versions;
    struct seen_ciphers ciphers;
    const struct seen_session *wrong_sni; /* SNI is WRONG_SNI_NAME; NULL: not asked */
    struct chain_brief chain;             /* verdict on the list of `result` */
    struct span certificate_domain;       /* certificate_domain_put() of the leaf of `result` */
    struct span banner_domain;            /* banner_domain_put() */
    uint32_t names_total;   /* host names that lead here, as far as known when the row is written */
    uint32_t names_dialled; /* of these, handshakes asked for */
};

struct seen_endpoint {
    struct span host;
    struct span registrable;        /* of the host */
    struct span certificate_domain; /* certificate_domain_put() of the leaf of `result` */
    struct net_addr address;
    uint16_t port;
    const struct seen_session *attempts; /* with SNI */
    size_t attempt_count;
    const struct seen_session
        *result; /* own, or borrowed from the session in session_from; NULL: not tested */
    enum not_tested_reason not_tested;
    struct span session_from; /* key of the service or endpoint whose session speaks; empty: own */
    struct span group;        /* key of the certificate group that the name is of; empty: none */
    enum basis basis;
    bool
        repeated; /* the SNI handshake was repeated because its leaf differs from the one without */
    bool unstable; /* and the two SNI handshakes differ from each other */
    bool
        default_apart; /* the row of the service is of another shard, which saw something else: not compared */
    uint8_t no_sni_leaf_sha256[32];      /* of the service's handshake without SNI; zero: none */
    enum session_outcome no_sni_outcome; /* of that session; NOT_TESTED: there was none */
    struct span no_sni_names;            /* packed names of that leaf, cert_names.h; empty: none */
    struct chain_brief no_sni_chain;     /* verdict on that list */
    struct sender_facts no_sni_facts;    /* of that session */
    struct chain_brief chain;            /* verdict on the list of `result` */
    /* --probes ecdsa-rsa: a handshake that takes only a leaf with the other kind of key. */
    const struct seen_session *other_key; /* NULL: not asked */
    struct chain_brief other_key_chain;
    /* DANE: what the host's DNS says, and the records in force. */
    uint8_t dane_host;     /* enum dane_host */
    struct span tlsa_base; /* TLSA base domain, RFC 7671 section 7; empty: no records in force */
    const struct seen_tlsa *tlsas; /* of the base domain, where UNUSABLE or USABLE */
    size_t tlsa_count;
    const struct seen_session *dane_sni; /* SNI is the base domain; NULL: the base is the host */
    struct chain_brief dane_sni_chain;
};

/** The result is that of a session that did not come to the name: it tells nothing of what depends on that. */
static inline bool endpoint_is_inherited(const struct seen_endpoint *e)
{
    return e->session_from.len > 0 && e->basis != BASIS_INFERRED;
}

/** How a certificate group ended. */
#define GROUP_STATES(X)                                                                         \
    X(GROUP_OPEN, "open", "too few names have agreed: every name was asked for")                \
    X(GROUP_CONFIRMED, "confirmed", "enough names agreed: what they got stands for the others") \
    X(GROUP_CONTRADICTED, "contradicted",                                                       \
      "a name got something else: since then every name was asked for")

enum group_state {
    GROUP_STATES(ENUMERATOR) GROUP_STATE_COUNT
};

VOCABULARY(group_state, enum group_state);

#define CONTRADICTIONS_KEPT 8 /* names of a group; our own bound */

/** A certificate group: names under one wildcard at one service, in the order of asking. */
struct seen_group {
    struct net_addr address;
    uint16_t port;
    struct span parent; /* the wildcard without its "*." */
    bool listed;        /* the wildcard is in the list of shared operators */
    enum group_state state;
    uint64_t names_dialled;
    uint64_t names_inferred;
    uint64_t agreements;   /* of those dialled */
    uint64_t inconclusive; /* the same: they tell nothing */
    uint64_t checks;       /* the same: dialled although the group was confirmed */
    struct span speaks;    /* the host whose session stands for the others; empty: none */
    uint8_t chain_id[32];  /* of that session; zero: none */
    uint64_t contradictions;
    struct span contradicted_by[CONTRADICTIONS_KEPT]; /* hosts: the first, then by name */
};

struct seen_mx {
    uint16_t preference;
    struct span exchange;    /* text as in the record, DNS escapes included */
    struct span host;        /* normal form, also of an address literal; empty when it is neither */
    struct span registrable; /* of the host */
    uint8_t name_kind;       /* enum mx_name_kind */
    const char *
        unusable; /* why nothing was tried: a word such as "null_mx"; NULL: usable for some sender */
    uint8_t a_state; /* enum dns_state */
    uint8_t aaaa_state;
    uint8_t cname_count;
    bool blocklisted;
    uint8_t dane_host; /* enum dane_host */
    uint8_t tlsa_at;   /* enum tlsa_place */
    const struct endpoint_brief *endpoints;
    size_t endpoint_count;
};

/** Where the mail of a domain goes. Words are part of the output. */
#define MX_KINDS(X)                                                                       \
    X(MX_KIND_NOT_ASKED, "not_asked", "no query was sent: there was no reason to")        \
    X(MX_KIND_EXPLICIT, "explicit", "to its MX hosts")                                    \
    X(MX_KIND_IMPLICIT, "implicit",                                                       \
      "to the domain itself: it has an address, but no MX record (RFC 5321 section 5.1)") \
    X(MX_KIND_NULL_MX, "null_mx", "the domain accepts no mail (RFC 7505)")                \
    X(MX_KIND_NONE, "none", "neither an MX record nor an address")                        \
    X(MX_KIND_NXDOMAIN, "nxdomain", "the domain does not exist")                          \
    X(MX_KIND_UNKNOWN, "unknown", "SERVFAIL, timeout and similar: never taken as no MX")

enum mx_kind {
    MX_KINDS(ENUMERATOR)
};

VOCABULARY(mx_kind, enum mx_kind);

/** How an input line ended: the classes of the account, disjoint (design section 5). */
#define ACCOUNT_CLASSES(X)                                                                     \
    X(ACCOUNT_TESTED, "tested", "every endpoint of every MX host has a conclusive result")     \
    X(ACCOUNT_PARTLY_TESTED, "partly_tested", "some endpoints have a conclusive result")       \
    X(ACCOUNT_INCONCLUSIVE, "inconclusive",                                                    \
      "there are endpoints, but none has a conclusive result")                                 \
    X(ACCOUNT_NO_MAIL, "no_mail", "the domain accepts no mail; see account_reason")            \
    X(ACCOUNT_DNS_FAILED, "dns_failed", "the MX hosts could not be resolved")                  \
    X(ACCOUNT_NOT_TESTED, "not_tested",                                                        \
      "no connection was made: budget, special-purpose addresses, address family, a fault of " \
      "ours")                                                                                  \
    X(ACCOUNT_BLOCKLISTED, "blocklisted", "on the blocklist")                                  \
    X(ACCOUNT_INVALID, "invalid", "the line is not a domain; see invalid")                     \
    X(ACCOUNT_DUPLICATE, "duplicate", "an earlier line has the domain; see duplicate_of")

enum account_class {
    ACCOUNT_CLASSES(ENUMERATOR) ACCOUNT_CLASS_COUNT
};

VOCABULARY(account_class, enum account_class);

struct seen_txt {
    struct seen_dns dns;
    const struct span *texts; /* strings of one record joined, RFC 7208 section 3.3 style */
    size_t count;
};

struct seen_domain {
    uint64_t input_line;     /* 1 for the first line of the input, comments counted */
    struct span input;       /* the field as given, before normalising */
    struct span domain;      /* normal form; empty when invalid */
    struct span registrable; /* empty when the domain is itself a public suffix */
    struct span tld;
    struct span metadata_json; /* passed-through columns as one JSON object; empty: none */
    const char *invalid;       /* why the line is no domain: a word; NULL: valid */
    uint64_t duplicate_of;     /* input_line of the first; 0: not a duplicate */
    bool blocklisted;
    enum mx_kind mx_kind;
    struct seen_dns mx_dns;
    const struct span *cnames; /* CNAME at the domain itself */
    size_t cname_count;
    const struct seen_mx *mx; /* by preference, then host */
    size_t mx_count;
    size_t mx_total; /* as answered; over MX_MAX the rest is not worked on */
    bool
        null_mx_beside; /* a null MX among several records, perhaps beyond MX_MAX: RFC 7505 section 3 */
    bool endpoints_truncated;
    struct seen_txt mta_sts;           /* _mta-sts.<domain> */
    const struct span *mta_sts_cnames; /* links from _mta-sts.<domain> on */
    size_t mta_sts_cname_count;
    struct seen_txt tls_rpt;          /* _smtp._tls.<domain> */
    const struct seen_policy *policy; /* NULL: not asked for */
    struct seen_dns ns_dns;
    const struct span *ns;
    size_t ns_count;
};

/** DNS was asked about it: a name, not one of an earlier line, and not on the blocklist. */
static inline bool domain_is_asked(const struct seen_domain *d)
{
    return d->invalid == NULL && d->duplicate_of == 0 && !d->blocklisted;
}
