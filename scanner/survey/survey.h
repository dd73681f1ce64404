#pragma once

#include "scanner/analysis/counts.h"
#include "scanner/analysis/effect.h"
#include "scanner/analysis/will_break.h"
#include "scanner/domain/public_suffix.h"
#include "scanner/rows/row_facts.h"
#include "scanner/survey/groups.h"
#include "scanner/survey/measures.h"

/**
 * What the rows of a scan add up to, for a report: sums in one pass over typed rows, without I/O. Tables are added
 * in this order: policies, certificates, services, domains, hosts, endpoints, then survey_end(). Within a table the
 * order does not matter. What is noted of a certificate or service before the domains lets a domain count once
 * in each row of a table, however many servers it leads to.
 *
 * Domains with MX records and those with an implicit MX (RFC 5321 section 5.1) are never added together: all sums
 * are of the former, but for `whole[MAIL_IMPLICIT]` and `mx_kind`. A host, service or leaf counts if at least one
 * domain with MX records leads to it. Ports are not mixed either: `port` alone counts.
 *
 * What was not tested is in no denominator (survey_word_is_untested()).
 */
enum mail_kind {
    MAIL_EXPLICIT,
    MAIL_IMPLICIT,
    MAIL_KIND_COUNT,
};

/** What a share is of. A host or domain has a word if one of its endpoints has it. */
#define WEIGHTINGS(X)                  \
    X(WEIGHTING_ENDPOINT, "endpoints") \
    X(WEIGHTING_HOST, "MX hosts")      \
    X(WEIGHTING_DOMAIN, "domains")

enum weighting {
    WEIGHTINGS(ENUMERATOR) WEIGHTING_COUNT
};

VOCABULARY(weighting, enum weighting);

/** How often the words of one column occur, in three weightings. Counters: by weighting, then the last unit that had
 * it. A unit that certainly has no word, as a server without certificate none of its chain, is neither known nor not. */
struct spread {
    struct groups words;
    uint64_t known[WEIGHTING_COUNT];
    uint64_t unknown[WEIGHTING_COUNT];
};

#define SPREADS(X)                                                               \
    X(SPREAD_OUTCOME, "outcome", "how the session ended")                        \
    X(SPREAD_STARTTLS, "starttls", "what the server said of STARTTLS")           \
    X(SPREAD_VERSION, "version_negotiated", "version negotiated")                \
    X(SPREAD_CHAIN, "chain_status", "chain as served, by the first trust store") \
    X(SPREAD_NAME, "name_match", "certificate against the name of the MX host")

enum spread_id {
#define X(name, ...) name,
    SPREADS(X)
#undef X
    SPREAD_COUNT
};

/* Counters of a host, service or leaf: domains with MX records that lead to it, and the last of them, so that none
 * counts twice. What follows is of services and of leaves; a number of a group is one more, 0: none. */
enum thing_counter {
    THING_DOMAINS,
    THING_STAMP,
    THING_WIDTH,
};

enum service_counter {
    SERVICE_HAS_ROW = THING_WIDTH, /* false: nobody could dial it */
    SERVICE_TLS,                   /* enum truth: did a handshake complete? */
    SERVICE_VERSION,
    SERVICE_SUITE,
    SERVICE_KEY_GROUP,
    SERVICE_LEAF,
    SERVICE_JUDGED,  /* its chain has a verdict */
    SERVICE_TRUSTED, /* and is trusted */
    SERVICE_ASKED, /* versions were probed: two bits for each (enum truth), and one above that it was */
    SERVICE_WIDTH,
};

enum leaf_counter {
    LEAF_ENDPOINTS = THING_WIDTH,
    LEAF_SERVICES,
    LEAF_JUDGED,  /* of these, with a verdict on the chain */
    LEAF_TRUSTED, /* with a trusted chain */
    LEAF_READ,    /* 0: it has no row, 1: cannot be parsed, 2: parsed */
    LEAF_KEY,
    LEAF_SIGNATURE,
    LEAF_ISSUER,
    LEAF_LIFETIME,
    LEAF_DAYS,
    LEAF_WEEK,
    LEAF_COUNTERS,
};

#define RANK_DECADES 9  /* 1-1k, 1k-10k, ... */
#define RANK_STEPS   28 /* 1, 2, 5, 10, ... of the cumulative figure */
#define RANK_NONE    0

#define WEEKS 26 /* of the calendar of expiries */

/** Days left of leaf certificates, as upper bounds of bins. */
#define DAYS_BINS(X)  \
    X(0, "expired")   \
    X(7, "under 7")   \
    X(14, "7-13")     \
    X(30, "14-29")    \
    X(60, "30-59")    \
    X(90, "60-89")    \
    X(180, "90-179")  \
    X(398, "180-397") \
    X(INT32_MAX, "398+")

enum {
#define X(...) +1
    DAYS_BIN_COUNT = 0 DAYS_BINS(X)
#undef X
};

#define CROWD_BINS 8 /* domains at one host: 1, 2-9, 10-99, ... */

/* Counters of a row of a table of services or leaves. A domain counts once in a row. */
enum {
    ROW_THINGS, /* services or leaves */
    ROW_DOMAINS,
    ROW_STAMP,   /* the last of them */
    ROW_TRUSTED, /* of services: with a trusted chain */
    ROW_WIDTH,
    ROW_ENDPOINTS = ROW_TRUSTED, /* of leaves: presented at, with SNI */
    ROW_SERVICES = ROW_WIDTH,    /* and without */
    LEAF_ROW_WIDTH,
};

struct survey_terms {
    const struct public_suffixes *suffixes; /* NULL: no registrable domain is known */
    uint16_t port;                          /* the one that counts; 0: all */
    int64_t at;                             /* the judgement time, Unix seconds */
    const char *rank_column;                /* of --metadata-passthrough; NULL: none */
    bool rank_is_line;                      /* the list is sorted by rank */
    const char *customer_column;            /* likewise; NULL: none */
    const char *customer;                   /* only domains with this value; NULL: all */
};

struct survey {
    struct survey_terms terms;
    uint64_t inputs;
    uint64_t left_out;      /* rows of other customers */
    uint64_t with_rank;     /* rows that have the column of ranks, left out or not */
    uint64_t with_column;   /* and that of customers */
    uint64_t with_customer; /* rows that are not left out, where there are customers */
    uint64_t account[ACCOUNT_CLASS_COUNT];
    uint64_t mx_kind[MX_KIND_COUNT];
    uint64_t inferred; /* domains whose results rest on inferred ones */
    uint32_t whole[MAIL_KIND_COUNT][MEASURES_WIDTH];
    struct groups tld; /* these four: MEASURES_WIDTH counters */
    struct groups operator;
    struct groups customer;
    /* the worst effect of a domain's problems; NONE: there is none */
    uint64_t effect[MAIL_KIND_COUNT][EFFECT_COUNT];
    uint64_t effect_unknown[MAIL_KIND_COUNT]; /* none is known, and nothing was tested */
    uint64_t effect_others[EFFECT_COUNT];     /* of domains with neither kind of MX */
    /* domains by the days until their mail suffers if nobody does anything, and by what runs out */
    uint64_t break_days[DAYS_BIN_COUNT][BREAK_COUNT];
    uint64_t break_effect[DAYS_BIN_COUNT]
                         [EFFECT_COUNT]; /* NONE: that effect or a worse one is there today */
    uint64_t break_week[WEEKS];
    uint64_t break_known;
    uint64_t break_unknown;
    struct groups customer_effect; /* EFFECT_COUNT */
    struct map line_customer;      /* of input_line: its customer's number + 1 */
    uint32_t rank_decade[RANK_DECADES][MEASURES_WIDTH];
    uint32_t rank_step[RANK_STEPS][MEASURES_WIDTH];
    uint64_t ranked;
    /* senders, of domains with MX records; 2 * DELIVERY_COUNT counters, best and worst, in the order of the profiles */
    struct groups profile;
    struct groups profile_reason; /* "profile\x1freason": 1 */
    struct spread spread[SPREAD_COUNT];
    struct groups hosts;    /* without names; THING_WIDTH */
    struct groups services; /* SERVICE_WIDTH */
    struct groups leaves;   /* LEAF_COUNTERS */
    uint32_t unit;
    /* properties of MX sets, hosts and endpoints */
    struct share domain_all[PROPERTY_COUNT];
    struct share domain_some[PROPERTY_COUNT];
    struct share primary[PROPERTY_COUNT]; /* all, but of SNI_NEEDED some; likewise of hosts */
    struct share host[PROPERTY_COUNT];
    struct share endpoint_property[PROPERTY_COUNT];
    /* services: ROW_WIDTH */
    struct groups suites;
    struct groups key_groups;
    struct groups versions;
    uint64_t services_tls;
    uint64_t services_untested;
    uint64_t versions_asked;         /* services of --probes versions */
    struct groups versions_accepted; /* word: accepted, not, unknown */
    bool has_ciphers;                /* a row has: survey_add_ciphers() is to see them again */
    uint64_t ciphers_asked;
    struct groups ciphers_accepted; /* suite: services */
    /* SNI, endpoints */
    uint64_t sni[SNI_UNSTABLE + 1][SNI_ACCEPTABLE_NEITHER + 1];
    uint64_t families[PARITY_FACT_COUNT][PARITY_DIFFERS + 1];
    uint64_t hosts_v4_only;
    uint64_t hosts_v6_only;
    uint64_t hosts_both;
    uint64_t hosts_without;
    uint64_t hosts_unresolved; /* the queries for their addresses failed */
    uint64_t hosts_total;
    /* certificates */
    struct groups keys; /* LEAF_ROW_WIDTH */
    struct groups signatures;
    struct groups issuers;
    struct groups lifetimes;
    uint64_t leaf_total;
    uint64_t leaf_trusted;
    uint64_t leaf_unjudged;
    uint64_t leaf_unread;
    uint32_t days_left[DAYS_BIN_COUNT][LEAF_ROW_WIDTH];
    uint32_t week[WEEKS][LEAF_ROW_WIDTH];
    struct groups reuse; /* services at which a leaf was seen; without domains */
    /* MTA-STS, TLS-RPT */
    struct groups policy_of; /* by domain: manager, and the provider's number + 1 */
    struct groups policy_provider;
    uint64_t policy_hosts;
    struct groups fetch; /* by manager */
    struct groups sts_state;
    uint64_t sts_enforce[MANAGER_COUNT];
    struct groups sts_mismatch; /* domains, of these enforce */
    uint64_t sts_covered;
    uint64_t sts_same_provider[3]; /* same, different, unknown */
    struct share rpt_of_sts;
    /* DANE */
    struct groups dane_domain; /* state: by dane_manager */
    struct groups dane_host;   /* hosts, domains at them, stamp */
    struct groups dane_endpoint;
    struct groups mx_dnssec;
    struct groups tlsa;  /* "3 1 1": records, hosts, stamp, usable */
    uint64_t tlsa_stale; /* endpoints with a record that matches nothing */
    uint64_t tlsa_compared;
    uint64_t crowd_hosts[CROWD_BINS][3]; /* all, DANE valid, DANE failing */
    uint64_t crowd_pairs[CROWD_BINS][3]; /* of one of them and a domain that leads to it */
};

void survey_init(struct survey *s, const struct survey_terms *terms);
void survey_deinit(struct survey *s);

void survey_add_policy(struct survey *s, const struct facts *row);
void survey_add_certificate(struct survey *s, const struct facts *row);
void survey_add_service(struct survey *s, const struct facts *row);
void survey_add_domain(struct survey *s, const struct facts *row);
void survey_add_host(struct survey *s, const struct facts *row);
void survey_add_endpoint(struct survey *s, const struct facts *row);
/** Rows of services once more, behind the domains, if `has_ciphers`: lists of suites are too long to be kept. */
void survey_add_ciphers(struct survey *s, const struct facts *row);
void survey_end(struct survey *s);

/** Does the word, of whichever vocabulary, say that nothing is known? Then it is in no denominator. */
bool survey_word_is_untested(const char *word);

/** The customer of an input line, from 1; 0: none, or another one than was asked for. */
uint32_t survey_customer_of_line(const struct survey *s, uint64_t input_line);

/** 1 to RANK_DECADES for ranks up to 1,000, 10,000, ...: the number of the bin, from 0. */
unsigned survey_rank_decade(uint64_t rank);
/** The bin of the cumulative figure, from 0, and the rank at which a bin ends. */
unsigned survey_rank_step(uint64_t rank);
uint64_t survey_rank_step_end(unsigned step);
unsigned survey_days_bin(int64_t days);
const char *survey_days_title(unsigned bin);
