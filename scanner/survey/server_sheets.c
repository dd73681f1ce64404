#include <stdlib.h>

#include "scanner/survey/survey_sheets_private.h"

#define WITH_MX_SERVERS " at least one domain with MX records leads to them"

/* --- T2: STARTTLS and certificates in three weightings ------------------------------------------- */

#define SPECIAL_PURPOSE " Addresses of special purpose (RFC 6890), which nobody can reach, "

struct property_title {
    enum property property;
    const char *title;
};

static void make_starttls(const struct survey *s, struct sheets *out)
{
    static const struct property_title rows[] = {
        {PROPERTY_REACHABLE, "connection established"},
        {PROPERTY_STARTTLS, "STARTTLS listed"},
        {PROPERTY_ESTABLISHED, "TLS handshake completes"},
        {PROPERTY_TLS1_2_OR_NEWER, "TLS 1.2 or 1.3 negotiated"},
        {PROPERTY_CHAIN_TRUSTED, "chain trusted as served"},
        {PROPERTY_NAME_MATCHES, "certificate has the name of the MX host"},
        {PROPERTY_ACCEPTABLE, "certificate passes: both"},
        {PROPERTY_SNI_NEEDED, "SNI needed"},
    };
    struct sheet *t = sheet_new(
        out, "T2", "STARTTLS and certificates, in three weightings",
        "Endpoint: a host name at one of its addresses. MX host, all: every address has it. "
        "Domain, all: every address of every MX host; primary: of the MX hosts of the lowest "
        "preference that has an address; some: at least one address. SNI needed: at least one, in "
        "each column. STARTTLS listed: in the reply to EHLO, whatever the command got then "
        "(offered, tempfail, rejected and injected of T2-starttls). Denominator: those for which "
        "it is known; without certificate counts as no. Untested: an address that was not tested "
        "could change it: of all, none is known to lack it; of some, none is known to have "
        "it." SPECIAL_PURPOSE
        "count as connection not established, and in no other row. Domains: those "
        "with MX records. MX hosts and endpoints count if" WITH_MX_SERVERS ".");
    sheet_column(t, SHEET_TEXT, "property", "property");
    sheet_column(t, SHEET_SHARE, "endpoints", "endpoints");
    sheet_column(t, SHEET_SHARE, "hosts_all", "MX hosts, all");
    sheet_column(t, SHEET_SHARE, "domains_all", "domains, all");
    sheet_column(t, SHEET_SHARE, "domains_primary_all", "domains, primary");
    sheet_column(t, SHEET_SHARE, "domains_some", "domains, some");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum property p = rows[i].property;
        sheet_text(t, rows[i].title);
        if (p == PROPERTY_SNI_NEEDED) {
            sheet_none(t);
        } else {
            sheet_share(t, s->endpoint_property[p]);
        }
        sheet_share(t, s->host[p]);
        sheet_share(t, p == PROPERTY_SNI_NEEDED ? s->domain_some[p] : s->domain_all[p]);
        sheet_share(t, s->primary[p]);
        sheet_share(t, s->domain_some[p]);
    }
}

struct spread_title {
    enum spread_id spread;
    const char *id;
    const char *title;
    const char *column;
};

static void make_spread(const struct survey *s, struct sheets *out, const struct spread_title *of)
{
    const struct spread *spread = &s->spread[of->spread];
    struct sheet *t = sheet_new(
        out, of->id, of->title,
        "With SNI = MX host. Numerator: endpoints with this word; MX hosts and domains (with MX "
        "records) with at least one such endpoint, so that their shares may add up to more than 1. "
        "Denominator: those with at least one endpoint that has a word. Untested: those without, "
        "of which an endpoint was not tested or its session was not conclusive. In neither: those "
        "known to have none, as a server without TLS has neither version nor "
        "certificate." SPECIAL_PURPOSE
        "are not counted. MX hosts and endpoints count if" WITH_MX_SERVERS ".");
    sheet_column(t, SHEET_TEXT, of->column, "word");
    sheet_column(t, SHEET_SHARE, "endpoints", "endpoints");
    sheet_column(t, SHEET_SHARE, "hosts", "MX hosts");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    uint32_t *order = groups_order(&spread->words, WEIGHTING_ENDPOINT);
    for (uint32_t i = 0; i < groups_count(&spread->words); i++) {
        const uint32_t *counters = groups_at(&spread->words, order[i]);
        sheet_text(t, groups_name(&spread->words, order[i]));
        for (enum weighting w = 0; w < WEIGHTING_COUNT; w++) {
            sheet_share(t, (struct share){counters[w], spread->known[w], spread->unknown[w]});
        }
    }
    free(order);
}

/* --- T4: versions and suites --------------------------------------------------------------------- */

static void make_negotiated(const struct groups *g, struct sheets *out, const char *id,
                            const char *title, const char *column, const struct survey *s)
{
    struct sheet *t = sheet_new(
        out, id, title,
        "As negotiated with this client, which prefers the newest; not what is accepted. "
        "Weighting: service, that is address and port, the handshake without SNI. Numerator: "
        "services that negotiated it; trusted: of these, with a chain that is trusted as served. "
        "Denominator: services with a completed handshake. Untested: services whose session was "
        "not conclusive; those known not to complete one are in neither. Domains: domains with MX "
        "records that lead to at least one of them, each once in a row. Services count "
        "if" WITH_MX_SERVERS ".");
    sheet_column(t, SHEET_TEXT, column, "negotiated");
    sheet_column(t, SHEET_SHARE, "services", "services");
    sheet_column(t, SHEET_SHARE, "trusted", "with a trusted chain");
    sheet_column(t, SHEET_COUNT, "domains_at_them", "domains that lead to them");
    uint32_t *order = groups_order(g, 0);
    for (uint32_t i = 0; i < groups_count(g); i++) {
        const uint32_t *counters = groups_at(g, order[i]);
        if (counters[ROW_THINGS] == 0) {
            break; /* of services that no domain with MX records leads to */
        }
        sheet_text(t, groups_name(g, order[i]));
        sheet_share(t, (struct share){counters[ROW_THINGS], s->services_tls, s->services_untested});
        sheet_part(t, counters[ROW_TRUSTED], counters[ROW_THINGS]);
        sheet_count(t, counters[ROW_DOMAINS]);
    }
    free(order);
}

static void make_accepted(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "T4-accepted", "Versions accepted",
        "Each version asked for by a ClientHello of its own (--probes versions). Numerator: "
        "services "
        "that accept it. Denominator: services for which that is known; untested: those where the "
        "answer was lost. Weighting: service.");
    sheet_column(t, SHEET_TEXT, "tls_version", "accepted");
    sheet_column(t, SHEET_SHARE, "services", "services");
    t->missing = s->versions_asked == 0
                     ? "No version was probed: scan with --probes sni,no-sni,versions."
                     : NULL;
    uint32_t *order = groups_by_name(&s->versions_accepted);
    for (uint32_t i = 0; i < groups_count(&s->versions_accepted); i++) {
        const uint32_t *c = groups_at(&s->versions_accepted, order[i]);
        sheet_text(t, groups_name(&s->versions_accepted, order[i]));
        sheet_share(t, (struct share){c[0], c[0] + c[1], c[2]});
    }
    free(order);
    t = sheet_new(
        out, "T4-suites-accepted", "Cipher suites accepted",
        "Each found with a ClientHello of its own (--probes ciphers). Numerator: services "
        "that accept the suite in this version. Denominator: services that were asked. "
        "Weighting: service.");
    sheet_column(t, SHEET_TEXT, "cipher_suite", "accepted");
    sheet_column(t, SHEET_SHARE, "services", "services");
    t->missing =
        s->ciphers_asked == 0
            ? "No cipher suites were probed: scan with --probes sni,no-sni,versions,ciphers."
            : NULL;
    sheet_put_counts(t, &s->ciphers_accepted, s->ciphers_asked);
}

/* --- T12: how many domains a server has ----------------------------------------------------------- */

static const char *const crowd_titles[CROWD_BINS] = {
    "1",           "2-9",           "10-99",           "100-999",
    "1,000-9,999", "10,000-99,999", "100,000-999,999", "1,000,000 or more"};

static void make_crowds(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(out, "T12", "Domains at one MX host",
                                "MX hosts by how many domains with MX records lead to them. "
                                "Cumulative share: hosts with at "
                                "most as many domains, of all hosts of the column. DANE valid: "
                                "usable TLSA records, and all "
                                "that was compared matches; failing: the lookup fails, or an "
                                "endpoint does not match; hosts that are neither are in neither "
                                "column. Pairs: of a host of the row and a domain that leads to "
                                "it. Weighting: MX host.");
    sheet_column(t, SHEET_TEXT, "domains_at_host", "domains at the host");
    static const char *const names[] = {"hosts", "dane_valid_hosts", "dane_failing_hosts"};
    static const char *const titles[] = {"MX hosts, cumulative", "DANE valid, cumulative",
                                         "DANE failing, cumulative"};
    static const char *const pair_names[] = {"pairs", "dane_valid_pairs", "dane_failing_pairs"};
    for (int i = 0; i < 3; i++) {
        sheet_column(t, SHEET_SHARE, names[i], titles[i]);
        sheet_column(t, SHEET_COUNT, pair_names[i], "pairs with a domain");
    }
    uint64_t total[3] = {0};
    uint64_t sum[3] = {0};
    unsigned last = 0;
    for (unsigned b = 0; b < CROWD_BINS; b++) {
        for (int i = 0; i < 3; i++) {
            total[i] += s->crowd_hosts[b][i];
        }
        last = s->crowd_hosts[b][0] > 0 ? b : last;
    }
    for (unsigned b = 0; b <= last; b++) {
        sheet_text(t, crowd_titles[b]);
        for (int i = 0; i < 3; i++) {
            sum[i] += s->crowd_hosts[b][i];
            sheet_part(t, sum[i], total[i]);
            sheet_count(t, s->crowd_pairs[b][i]);
        }
    }
}

/* --- T16: SNI, address families --------------------------------------------------------------------- */

static void make_sni(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "T16-sni", "What depends on SNI",
        "Rows: the handshake with SNI = MX host beside the one without. Columns: which of the two "
        "certificates passes for the MX host (chain trusted and name). Numbers of endpoints where "
        "a "
        "connection was made; untested is the row and the column unknown. Weighting: endpoint.");
    sheet_column(t, SHEET_TEXT, "sni_class", "with SNI against without");
    for (enum sni_acceptable a = 0; a <= SNI_ACCEPTABLE_NEITHER; a++) {
        sheet_column(t, SHEET_COUNT, sni_acceptable_word(a), sni_acceptable_word(a));
    }
    for (enum sni_class c = 0; c <= SNI_UNSTABLE; c++) {
        sheet_text(t, sni_class_word(c));
        for (unsigned a = 0; a <= SNI_ACCEPTABLE_NEITHER; a++) {
            sheet_count(t, s->sni[c][a]);
        }
    }
}

static void make_families(const struct survey *s, struct sheets *out)
{
    static const char *const facts[PARITY_FACT_COUNT] = {
        [PARITY_FACT_REACHABLE] = "answers",
        [PARITY_FACT_STARTTLS] = "STARTTLS",
        [PARITY_FACT_TLS_VERSION] = "version negotiated",
        [PARITY_FACT_LEAF] = "leaf certificate",
        [PARITY_FACT_ACCEPTABLE] = "certificate passes",
    };
    struct sheet *t = sheet_new(
        out, "T16-families", "IPv4 and IPv6 of the same MX host",
        "Numerator: MX hosts with addresses of both families where the two differ in this. "
        "Denominator: those where that is known; untested: one side was not tested. Weighting: MX "
        "host to which at least one domain with MX records leads.");
    sheet_column(t, SHEET_TEXT, "fact", "compared");
    sheet_column(t, SHEET_SHARE, "differs", "MX hosts that differ");
    for (int f = 0; f < PARITY_FACT_COUNT; f++) {
        const uint64_t *of = s->families[f];
        sheet_text(t, facts[f]);
        sheet_share(t, (struct share){of[PARITY_DIFFERS], of[PARITY_DIFFERS] + of[PARITY_SAME],
                                      of[PARITY_UNKNOWN]});
    }
    t = sheet_new(
        out, "T16-addresses", "Address families of MX hosts",
        "Numerator: MX hosts with addresses of these families in DNS. Denominator: MX hosts "
        "to which at least one domain with MX records leads; untested: those without an address, "
        "of which a query failed. Weighting: MX host.");
    sheet_column(t, SHEET_TEXT, "families", "addresses");
    sheet_column(t, SHEET_SHARE, "hosts", "MX hosts");
    const char *const names[] = {"IPv4 alone", "IPv4 and IPv6", "IPv6 alone", "none"};
    const uint64_t counts[] = {s->hosts_v4_only, s->hosts_both, s->hosts_v6_only, s->hosts_without};
    for (int i = 0; i < 4; i++) {
        sheet_text(t, names[i]);
        sheet_share(t, (struct share){counts[i], s->hosts_total - s->hosts_unresolved,
                                      s->hosts_unresolved});
    }
}

void survey_make_server_sheets(const struct survey *s, struct sheets *out)
{
    static const struct spread_title spreads[] = {
        {SPREAD_OUTCOME, "T2-outcome", "How sessions ended", "outcome"},
        {SPREAD_STARTTLS, "T2-starttls", "What servers say of STARTTLS", "starttls"},
        {SPREAD_CHAIN, "T2-chain", "Chains as served", "chain_status"},
        {SPREAD_NAME, "T2-name", "Certificate against the name of the MX host", "name_match"},
        {SPREAD_VERSION, "T4-versions-by-weighting", "Versions negotiated, in three weightings",
         "tls_version_negotiated"},
    };
    make_starttls(s, out);
    for (size_t i = 0; i < sizeof(spreads) / sizeof(spreads[0]); i++) {
        make_spread(s, out, &spreads[i]);
    }
    make_negotiated(&s->versions, out, "T4", "Versions negotiated", "tls_version_negotiated", s);
    make_negotiated(&s->suites, out, "T4-suites", "Cipher suites negotiated",
                    "cipher_suite_negotiated", s);
    make_negotiated(&s->key_groups, out, "T4-groups", "Key exchange groups negotiated",
                    "group_negotiated", s);
    make_accepted(s, out);
    make_crowds(s, out);
    make_sni(s, out);
    make_families(s, out);
}
