#pragma once

/**
 * One domain with the rows it rests on, found and numbered once: what the report and the JSON
 * document are made of. Nothing is judged here; verdicts and findings are those of the rows.
 */

#include "scanner/analysis/catalogue.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_smtp.h"
#include "scanner/view/result_rows.h"
#include "scanner/view/sender_outcomes.h"

/** A distinct list of certificates that one of the domain's servers presents. */
struct chain_view {
    const struct result_row *chain;      /* NULL: the row is not there (the run was interrupted) */
    const struct result_row *completion; /* NULL: none */
    struct facts facts;                  /* of these rows */
    struct facts completed;
    const char *chain_id;
    bool counts; /* presented with SNI, or no handshake with SNI was made there */
};

/** One way to the domain: host and address. What was not asked for is null. */
struct route_view {
    size_t mx_index; /* its exchange in the domain row */
    struct facts mx; /* of nothing where a host is looked at by itself */
    const char *host;
    struct facts brief;                    /* its endpoint there */
    const struct result_row *endpoint_row; /* NULL: nothing was asked there */
    const struct result_row *service_row;
    struct facts endpoint; /* of these rows */
    struct facts service;
    struct facts transcript; /* of the session that speaks for the endpoint */
    struct facts handshake;
    enum session_outcome outcome; /* of the brief */
    uint16_t quirks;              /* of the transcript: bits by enum smtp_quirk */
    uint16_t forms;               /* bits by enum smtp_form */
    int chain;                    /* index of a chain_view, -1: none */
    int default_chain;            /* that without SNI */
    int other_chain;              /* that of the other kind of key */
    int dane_chain;               /* that with SNI = TLSA base domain, where this is not the host */
    bool tells; /* of port 25, or port 25 was not asked for: mail comes this way */
};

/** One finding of one row. */
struct found {
    enum finding_code code;
    enum severity severity;
    const char *evidence; /* "" when there is none */
    char *where;          /* in words; owned */
    bool counts;          /* false: only of a certificate that nobody with SNI gets */
};

/** What the rows do not say. */
struct view_setting {
    bool host_only;   /* the domain is the name of the server itself, which has no policies */
    bool incomplete;  /* the rows are of a scan that did not come to its end */
    bool no_outcomes; /* nor did anybody write what becomes of mail */
    bool tlsa;        /* with TLSA records */
    bool pem;         /* with the certificates themselves */
    bool partner;     /* with what a partner needs who demands TLS */
    /* File whose certificates are in the place of those presented; NULL: none. */
    const char *certificate;
    /* Of hosts by themselves: what they are shown for, and the domains whose mail goes there. */
    const char *subject;
    const char *const *users;
    size_t users_named;
    uint64_t user_count;
    /* The hosts that were said instead of looked up; NULL ends them, and NULL: none. */
    const char *const *as_if;
};

struct domain_view {
    struct view_setting setting;
    const struct result_rows *rows;
    const struct result_row *row; /* of table domains */
    struct facts domain;
    struct facts mta_sts;
    struct sender_outcomes outcomes;
    const struct result_row **host; /* each once, in the order of the MX set */
    size_t host_count;
    struct route_view *route;
    size_t route_count;
    bool has_smtp_port;              /* some route is to port 25 */
    const struct result_row *policy; /* of table policies; NULL: none was asked for */
    struct facts policy_facts;
    const struct result_row *policy_body;
    int policy_chain; /* index of a chain_view, -1: none */
    struct chain_view *chain;
    size_t chain_count;
    struct found *found; /* grouped: by severity, then code, then evidence */
    size_t found_count;
    size_t codes[SEVERITY_COUNT]; /* distinct codes that count, each at its highest severity */
};

void domain_view_init(struct domain_view *v, const struct result_rows *rows,
                      const struct result_row *domain);
void domain_view_init_as(struct domain_view *v, const struct result_rows *rows,
                         const struct result_row *domain, const struct view_setting *setting);
/** Hosts by themselves, without a domain: v->row is NULL. @param address only this one; NULL: all */
void domain_view_init_hosts(struct domain_view *v, const struct result_rows *rows,
                            const char *address, const struct view_setting *setting);
void domain_view_deinit(struct domain_view *v);

/** Mail is handed over there without TLS: STARTTLS is not offered, or only HELO is understood. */
bool route_is_in_clear(const struct route_view *r);
/** Its two sessions ended differently, not for SNI: what the next one meets is not known. */
bool route_is_unstable(const struct route_view *r);

/** The handshake stands, and no mail dialogue follows it: lost, refused or silent. */
bool route_ends_with_tls(const struct route_view *r);

/** TLSA records in force keep senders with DANE from delivering there. */
bool route_fails_dane(const struct route_view *r);

/** The certificate would pass, were it for the MX host. */
bool route_is_misnamed(const struct route_view *r);

/** How many addresses they are that mail comes to and that pass the test: one of several MX hosts counts once. NULL: any does. */
size_t routes_count_addresses(const struct domain_view *v,
                              bool (*test)(const struct route_view *r));

/** "192.0.2.1", with the port when it is not 25. Appends. */
void route_put_address(struct buf *out, const struct facts *brief);
