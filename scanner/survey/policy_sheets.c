#include <stdlib.h>

#include "scanner/survey/survey_sheets_private.h"

static void add_manager_columns(struct sheet *t)
{
    for (enum manager m = 0; m < MANAGER_COUNT; m++) {
        sheet_column(t, SHEET_COUNT, manager_word(m), manager_word(m));
    }
}

static void make_sts(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "T6", "MTA-STS by state and by who runs the policy host",
        "Weighting: domain with MX records. The state of its MTA-STS for a sender without a cached "
        "policy. Numerator: domains in this state; denominator: those whose state is known; "
        "untested: "
        "a query or the fetch could not be made. third_party: "
        "a CNAME of the policy host leads out of the registrable domain (Public Suffix List); "
        "self: "
        "none does; unknown: no policy "
        "was "
        "asked for, or its host has no address. One scan: no development over time.");
    sheet_column(t, SHEET_TEXT, "mta_sts_state", "state");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    add_manager_columns(t);
    sheet_put_words(t, &(struct word_rows){&s->sts_state, MANAGER_COUNT, MANAGER_COUNT, true, 0});
    t = sheet_new(
        out, "T6-fetch", "Fetches of MTA-STS policies",
        "Weighting: policy host. How the fetch ended. Numerator: policy hosts; denominator: all "
        "policy hosts that were asked, also of domains with implicit MX; untested: a local fault, "
        "or the scan ended before.");
    sheet_column(t, SHEET_TEXT, "fetch", "fetch");
    sheet_column(t, SHEET_SHARE, "policy_hosts", "policy hosts");
    add_manager_columns(t);
    sheet_put_words(t, &(struct word_rows){&s->fetch, MANAGER_COUNT, MANAGER_COUNT, true, 0});
}

static void make_sts_providers(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(out, "T7", "Providers of MTA-STS policies",
                                "Weighting: domain with MX records whose policy host is an alias "
                                "that leads out of its registrable domain. "
                                "The provider is the registrable domain (Public Suffix List) of "
                                "the end of the CNAME chain. What became of customers that "
                                "left is not seen in one scan.");
    sheet_column(t, SHEET_NAME, "provider", "provider");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    uint64_t total = 0;
    for (uint32_t i = 0; i < groups_count(&s->policy_provider); i++) {
        total += groups_at(&s->policy_provider, i)[0];
    }
    t->missing = total == 0 ? "No policy host of a domain with MX records is such an alias." : NULL;
    if (total > 0) {
        sheet_put_counts(t, &s->policy_provider, total);
    }
    t = sheet_new(
        out, "T8", "MX hosts that no pattern of the MTA-STS policy matches",
        "Weighting: domain with MX records and a policy in use (state enforce or testing of T6: "
        "record, certificate and policy are valid; in mode none it asks for nothing), by the worst "
        "of its MX hosts: how the "
        "closest pattern differs. Enforce: of these, with mode enforce. Former MX hosts are not "
        "compared: one scan has no history.");
    sheet_column(t, SHEET_TEXT, "mismatch", "closest pattern differs in");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    sheet_column(t, SHEET_COUNT, "enforce", "of these, enforce");
    t->missing = s->sts_covered == 0 ? "No domain with MX records has a policy in use." : NULL;
    uint32_t *order = groups_order(&s->sts_mismatch, 0);
    for (uint32_t i = 0; i < groups_count(&s->sts_mismatch); i++) {
        const uint32_t *c = groups_at(&s->sts_mismatch, order[i]);
        sheet_text(t, groups_name(&s->sts_mismatch, order[i]));
        sheet_part(t, c[0], s->sts_covered);
        sheet_count(t, c[1]);
    }
    free(order);
    t = sheet_new(out, "T9", "Does the provider of the policy run the mail?",
                  "Weighting: domain with MX records whose policy host is somebody else's (T7). "
                  "Same: an MX host "
                  "has the registrable domain of the provider. Untested: no MX host has one.");
    sheet_column(t, SHEET_TEXT, "provider", "provider of policy and of mail");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    uint64_t known = s->sts_same_provider[0] + s->sts_same_provider[1];
    t->missing = known == 0 ? "No policy host is somebody else's." : NULL;
    static const char *const words[] = {"same", "different"};
    for (int i = 0; i < 2 && known > 0; i++) {
        sheet_text(t, words[i]);
        sheet_share(t, (struct share){s->sts_same_provider[i], known, s->sts_same_provider[2]});
    }
}

static void make_rpt(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(out, "T15", "TLS-RPT",
                                "Weighting: domain with MX records. Numerator: exactly one valid "
                                "record at _smtp._tls. Denominator: "
                                "all domains with MX records, and those with a valid MTA-STS "
                                "record, where the query was answered; "
                                "untested: where not.");
    sheet_column(t, SHEET_TEXT, "of", "of");
    sheet_column(t, SHEET_SHARE, "tls_rpt", "with a TLS-RPT record");
    sheet_text(t, "domains with MX records");
    sheet_share(t, measures_share(s->whole[MAIL_EXPLICIT], MEASURE_TLS_RPT));
    sheet_text(t, "domains with an MTA-STS record");
    sheet_share(t, s->rpt_of_sts);
}

/* --- DANE ------------------------------------------------------------------------------------------ */

static void make_dane(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "T11", "DANE of domains, by who runs mail and DNS",
        "Weighting: domain with MX records. Denominator: those whose state is known; untested: "
        "it depends on what was not tested, or DNSSEC was not validated here. failed: a "
        "lookup fails or no record matches, ineffective: records "
        "without DNSSEC. self: MX hosts and name servers are of the domain's own "
        "registrable domain; "
        "dns_outsourced: name servers are not; mail_outsourced: MX hosts are not.");
    sheet_column(t, SHEET_TEXT, "dane_state", "state");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    for (enum dane_manager m = 0; m < DANE_MANAGER_COUNT; m++) {
        sheet_column(t, SHEET_COUNT, dane_manager_word(m), dane_manager_word(m));
    }
    sheet_put_words(
        t, &(struct word_rows){&s->dane_domain, DANE_MANAGER_COUNT, DANE_MANAGER_COUNT, true, 0});
    t = sheet_new(out, "T11-hosts", "DANE of MX hosts, from DNS",
                  "Weighting: MX host to which at least one domain with MX records leads. "
                  "Denominator: those whose state is known; untested: those where it is not. "
                  "Domains: domains with MX records that lead to one of them, each once in a row.");
    sheet_column(t, SHEET_TEXT, "dane_host", "state");
    sheet_column(t, SHEET_SHARE, "hosts", "MX hosts");
    sheet_column(t, SHEET_COUNT, "domains", "domains that lead to them");
    sheet_put_words(t, &(struct word_rows){&s->dane_host, 1, 2, false, 0});
    t = sheet_new(out, "T11-endpoints", "DANE of endpoints",
                  "Weighting: endpoint of these hosts, the TLSA records against the presented "
                  "list. Denominator: those whose status is known; untested: those where it is "
                  "not.");
    sheet_column(t, SHEET_TEXT, "dane_status", "status");
    sheet_column(t, SHEET_SHARE, "endpoints", "endpoints");
    sheet_put_words(t, &(struct word_rows){&s->dane_endpoint, 1, 0, false, 0});
    t = sheet_new(out, "T11-dnssec", "DNSSEC of MX records",
                  "Weighting: domain with MX records. Denominator: those where it is known; "
                  "untested: the query failed, or DNSSEC was not validated here.");
    sheet_column(t, SHEET_TEXT, "mx_dnssec", "state");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    sheet_put_words(t, &(struct word_rows){&s->mx_dnssec, 1, 0, false, 0});
}

static void make_tlsa(const struct survey *s, struct sheets *out)
{
    uint64_t records = 0;
    for (uint32_t i = 0; i < groups_count(&s->tlsa); i++) {
        records += groups_at(&s->tlsa, i)[0];
    }
    struct sheet *t = sheet_new(
        out, "T13", "TLSA parameters",
        "Numerator: TLSA records with these parameters (usage, selector, matching type), "
        "secure or not, at MX "
        "hosts to which a domain with MX records leads; denominator: all of these "
        "records. Usable: by RFC 7672, regardless of DNSSEC. MX hosts: those with at least one of "
        "them.");
    sheet_column(t, SHEET_TEXT, "parameters", "parameters");
    sheet_column(t, SHEET_SHARE, "records", "records");
    sheet_column(t, SHEET_SHARE, "usable", "usable");
    sheet_column(t, SHEET_COUNT, "hosts", "MX hosts");
    t->missing = records == 0 ? "No such MX host has TLSA records." : NULL;
    uint32_t *order = groups_order(&s->tlsa, 0);
    for (uint32_t i = 0; i < groups_count(&s->tlsa); i++) {
        const uint32_t *c = groups_at(&s->tlsa, order[i]);
        sheet_text(t, groups_name(&s->tlsa, order[i]));
        sheet_part(t, c[0], records);
        sheet_part(t, c[3], c[0]);
        sheet_count(t, c[1]);
    }
    free(order);
    t = sheet_new(
        out, "T13-rollover", "TLSA records that match nothing",
        "Numerator: endpoints with a record in force that matches nothing while another matches, "
        "as "
        "before or after a rollover. Denominator: endpoints whose secure records were compared. "
        "Rollovers themselves need several scans: see mxcensus diff.");
    sheet_column(t, SHEET_TEXT, "what", "what");
    sheet_column(t, SHEET_SHARE, "endpoints", "endpoints");
    sheet_text(t, "a record in force matches nothing");
    sheet_part(t, s->tlsa_stale, s->tlsa_compared);
}

static uint64_t sum_of(const uint32_t *counters, unsigned count)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        sum += counters[i];
    }
    return sum;
}

static uint64_t dane_domains(const struct survey *s, enum dane_domain_state state)
{
    const uint32_t *c = groups_find(&s->dane_domain, span_of(dane_domain_word(state)));
    return c != NULL ? sum_of(c, DANE_MANAGER_COUNT) : 0;
}

static void make_partial(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(out, "T14", "DANE over the whole MX set, or over a part",
                                "Weighting: domain. Denominator: domains with MX records of the "
                                "states full, partial and failed of T11. A failed one may have no "
                                "usable record that is known: adoption counts it as untested.");
    uint64_t full = dane_domains(s, DANE_DOMAIN_FULL);
    uint64_t partial = dane_domains(s, DANE_DOMAIN_PARTIAL);
    uint64_t failed = dane_domains(s, DANE_DOMAIN_FAILED);
    uint64_t total = full + partial + failed;
    sheet_column(t, SHEET_TEXT, "deployment", "deployment");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    t->missing = total == 0 ? "No domain with MX records has such records." : NULL;
    if (total > 0) {
        sheet_text(t, "every MX host");
        sheet_part(t, full, total);
        sheet_text(t, "some MX hosts");
        sheet_part(t, partial, total);
        sheet_text(t, "a lookup fails, or a record does not match");
        sheet_part(t, failed, total);
    }
}

void survey_make_policy_sheets(const struct survey *s, struct sheets *out)
{
    make_sts(s, out);
    make_sts_providers(s, out);
    make_dane(s, out);
    make_tlsa(s, out);
    make_partial(s, out);
    make_rpt(s, out);
}

void survey_make_sheets(const struct survey *s, struct sheets *out)
{
    survey_make_domain_sheets(s, out);
    survey_make_server_sheets(s, out);
    survey_make_certificate_sheets(s, out);
    survey_make_policy_sheets(s, out);
}
