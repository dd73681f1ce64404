#include <stdio.h>

#include "scanner/analysis/sts_verdict.h"
#include "scanner/dane/dane.h"
#include "scanner/view/report.h"

/*
 * TLSA records that are ready to be published, what is published, and in which order a certificate is replaced
 * (RFC 7671 sections 5.1, 5.2 and 8.1; RFC 7672 section 3.1); whether the certificates of a file would pass.
 */

#define USAGE_TA      2 /* RFC 7218 section 2 */
#define USAGE_EE      3
#define SELECTOR_CERT 0
#define SELECTOR_SPKI 1
#define MATCHING_256  1
#define MATCHING_512  2
#define DATA_SHOWN    128 /* characters of the data of a record: SHA-512 in hex */

/* One host of the domain with the list that its servers present. */
struct plan_host {
    const char *name;
    struct facts row;
    const struct route_view *route; /* the first that has a list */
    struct facts leaf;
    struct facts issuer; /* the certificate that signed the leaf, if it is in the list */
    const char *base;    /* the name that the records stand at */
};

static struct facts certificate_of(const struct domain_view *v, const char *fingerprint)
{
    return result_rows_facts(v->rows, TABLE_CERTIFICATES, fingerprint);
}

/* The second step of the best path; what is not in the list cannot be published with usage 2 as it is. */
static struct facts plan_issuer_of(const struct domain_view *v, const struct chain_view *c)
{
    struct facts verdict;
    if (facts_list_len(&c->facts, CHAINS_VERDICTS) == 0) {
        return certificate_of(v, NULL);
    }
    facts_list_object(&c->facts, CHAINS_VERDICTS, 0, &verdict);
    if (facts_list_len(&verdict, STORE_VERDICT_PATH) < 2) {
        return certificate_of(v, NULL);
    }
    const char *second = facts_list_string(&verdict, STORE_VERDICT_PATH, 1);
    size_t count = facts_list_len(&c->facts, CHAINS_CERTIFICATES);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(facts_list_string(&c->facts, CHAINS_CERTIFICATES, i), second) == 0) {
            return certificate_of(v, second);
        }
    }
    return certificate_of(v, NULL);
}

static bool plan_host_find(const struct domain_view *v, size_t host, struct plan_host *h)
{
    *h = (struct plan_host){.name = v->host[host]->key, .row = v->host[host]->facts};
    for (size_t i = 0; i < v->route_count && h->route == NULL; i++) {
        const struct route_view *r = &v->route[i];
        bool of_host = strcmp(r->host, h->name) == 0;
        h->route = of_host && r->tells && r->chain >= 0 ? r : NULL;
    }
    if (h->route == NULL) {
        return false;
    }
    const struct chain_view *c = &v->chain[h->route->chain];
    h->leaf = certificate_of(v, facts_list_len(&c->facts, CHAINS_CERTIFICATES) > 0
                                    ? facts_list_string(&c->facts, CHAINS_CERTIFICATES, 0)
                                    : NULL);
    h->issuer = plan_issuer_of(v, c);
    h->base = facts_string_or(&h->row, HOSTS_TLSA_BASE, h->name);
    return true;
}

/* --- records ---------------------------------------------------------------------------------- */

/* @param data NULL: whatever it is of */
static bool is_published(const struct plan_host *h, unsigned usage, unsigned matching,
                         const char *data)
{
    size_t count = facts_list_len(&h->row, HOSTS_TLSA);
    for (size_t i = 0; i < count; i++) {
        struct facts r;
        facts_list_object(&h->row, HOSTS_TLSA, i, &r);
        if (facts_u8(&r, TLSA_FACTS_USAGE) == usage &&
            facts_u8(&r, TLSA_FACTS_SELECTOR) == SELECTOR_SPKI &&
            facts_u8(&r, TLSA_FACTS_MATCHING) == matching &&
            (data == NULL || strcmp(facts_string_or(&r, TLSA_FACTS_DATA, ""), data) == 0)) {
            return true;
        }
    }
    return false;
}

/* Of records that differ in the digest alone, senders look at those with the strongest one only (RFC 7671 section 9):
 * beside a record with SHA-512, one with SHA-256 needs its like. */
static bool needs_512(const struct plan_host *h, unsigned usage)
{
    return is_published(h, usage, MATCHING_512, NULL);
}

/* On one line however long: it is copied into a zone. */
static void plan_put_record(struct paper *p, const struct plan_host *h, unsigned usage,
                            unsigned matching, const char *data, const char *of)
{
    size_t width = p->width;
    p->width = SIZE_MAX;
    paper_begin(p, "    ", "    ");
    paper_putf(p, INK_STRONG, "_%u._tcp.%s. IN TLSA %u %u %u %s",
               facts_u16(&h->route->brief, BRIEF_PORT), h->base, usage, SELECTOR_SPKI, matching,
               data);
    paper_putf(p, INK_FAINT, " ; %s%s%s", of,
               is_published(h, usage, matching, data) ? ", published" : "",
               matching == MATCHING_512
                   ? ", as senders may look at nothing but SHA-512 beside a record with it"
                   : "");
    paper_end(p);
    p->width = width;
}

static void plan_put_records(struct paper *p, const struct plan_host *h, unsigned usage,
                             const struct facts *certificate, const char *of)
{
    const char *key = facts_string(certificate, CERTIFICATES_SPKI_FINGERPRINT_SHA256);
    if (key == NULL) {
        return;
    }
    plan_put_record(p, h, usage, MATCHING_256, key, of);
    struct buf data = BUF_INIT(BUF_NO_LIMIT);
    if (needs_512(h, usage)) {
        tlsa_data_put(&data, SELECTOR_SPKI, MATCHING_512,
                      facts_base64(certificate, CERTIFICATES_RAW));
    }
    if (data.len > 0) {
        buf_put_char(&data, '\0');
        plan_put_record(p, h, usage, MATCHING_512, (const char *)data.at, of);
    }
    buf_deinit(&data);
}

static void put_ready(struct paper *p, const struct plan_host *h)
{
    plan_put_records(p, h, USAGE_EE, &h->leaf, "the key of the server");
    plan_put_records(p, h, USAGE_TA, &h->issuer, "the key of its issuer");
}

static void put_published(struct paper *p, const struct plan_host *h)
{
    struct facts dns = facts_member(&h->row, HOSTS_TLSA_DNS);
    size_t count = facts_list_len(&h->row, HOSTS_TLSA);
    paper_begin(p, "  ", "    ");
    paper_put(p, INK_STRONG, h->name);
    if (count > 0) {
        paper_putf(p, INK_PLAIN, ": %zu published, %s", count,
                   facts_string_or(&h->row, HOSTS_DANE, "not known whether in force"));
    } else {
        paper_putf(p, INK_PLAIN, ": none published (%s)",
                   facts_string_or(&dns, DNS_FACTS_STATE, "not known"));
    }
    paper_end(p);
}

/* --- what an installed certificate would meet -------------------------------------------------- */

/* What a record that does not match asks for. */
static void put_wanted_by(struct paper *p, const struct facts *r)
{
    unsigned usage = facts_u8(r, TLSA_FACTS_USAGE);
    unsigned selector = facts_u8(r, TLSA_FACTS_SELECTOR);
    unsigned matching = facts_u8(r, TLSA_FACTS_MATCHING);
    const char *of = usage == USAGE_EE && selector == SELECTOR_SPKI ? "the key of the server"
                     : usage == USAGE_EE                            ? "the certificate itself"
                     : usage == USAGE_TA && selector == SELECTOR_SPKI
                         ? "the key of an issuer in the list"
                     : usage == USAGE_TA ? "an issuer in the list"
                                         : NULL;
    if (of == NULL || matching > 2) {
        return; /* nobody uses it */
    }
    const char *data = facts_string_or(r, TLSA_FACTS_DATA, "");
    paper_begin(p, "      ", "        ");
    paper_putf(p, INK_PLAIN, "TLSA %u %u %u asks for %s with %s %.*s%s", usage, selector, matching,
               of,
               matching == 0   ? "the octets"
               : matching == 1 ? "SHA-256"
                               : "SHA-512",
               DATA_SHOWN, data, strlen(data) > DATA_SHOWN ? "..." : "");
    paper_end(p);
}

static void put_needed_key(struct paper *p, const struct plan_host *h)
{
    size_t count = facts_list_len(&h->row, HOSTS_TLSA);
    for (size_t i = 0; i < count; i++) {
        struct facts r;
        facts_list_object(&h->row, HOSTS_TLSA, i, &r);
        put_wanted_by(p, &r);
    }
}

/* What the policy says of the host, if there is one that counts. */
static void put_sts_result(struct paper *p, const struct domain_view *v, const char *host)
{
    enum sts_state state = facts_enum(&v->mta_sts, MTA_STS_FACTS_STATE, &sts_state_vocabulary);
    size_t count = facts_list_len(&v->mta_sts, MTA_STS_FACTS_MX);
    if (state != STS_STATE_ENFORCE && state != STS_STATE_TESTING) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct facts mx;
        facts_list_object(&v->mta_sts, MTA_STS_FACTS_MX, i, &mx);
        if (strcmp(facts_string_or(&mx, STS_MX_FACTS_HOST, ""), host) == 0) {
            enum truth covered = facts_truth(&mx, STS_MX_FACTS_COVERED);
            paper_putf(p, covered == TRUTH_NO ? INK_ERROR : INK_PLAIN, ", MTA-STS policy (%s) %s",
                       sts_state_word(state),
                       covered == TRUTH_YES  ? "covers it"
                       : covered == TRUTH_NO ? "does not cover it"
                                             : "not known");
            return;
        }
    }
}

static void put_host_result(struct paper *p, const struct domain_view *v, const struct plan_host *h)
{
    const struct facts *brief = &h->route->brief;
    enum name_match match = facts_enum(brief, BRIEF_NAME_MATCH, &name_match_vocabulary);
    enum chain_status chain = facts_enum(brief, BRIEF_CHAIN_STATUS, &chain_status_vocabulary);
    enum dane_status dane = facts_enum(brief, BRIEF_DANE, &dane_status_vocabulary);
    bool acceptable = facts_bool(brief, BRIEF_ACCEPTABLE);
    bool refused = dane == DANE_MISMATCH || dane == DANE_OTHER_NAME;
    paper_begin(p, "  ", "    ");
    paper_putf(p, INK_STRONG, "%s", h->name);
    paper_put(p, INK_PLAIN, ": ");
    paper_put(p, acceptable && !refused ? INK_GOOD : INK_ERROR,
              acceptable && !refused ? "passes" : "does not pass");
    paper_putf(p, INK_PLAIN, ": chain %s, name %s", chain_status_word(chain),
               name_match_word(match));
    if (facts_has(brief, BRIEF_DANE) && dane != DANE_NONE) {
        paper_putf(p, INK_PLAIN, ", DANE %s", dane_status_word(dane));
    }
    put_sts_result(p, v, h->name);
    paper_end(p);
    if (refused) {
        put_needed_key(p, h);
    }
}

/* Nothing was presented there that the file could be in the place of. */
static void put_host_not_known(struct paper *p, const struct domain_view *v, const char *host)
{
    paper_begin(p, "  ", "    ");
    paper_putf(p, INK_STRONG, "%s", host);
    paper_put(p, INK_PLAIN, ": ");
    paper_put(p, INK_WARNING, "not known");
    const char *before = ", as no certificate was presented: ";
    for (size_t i = 0; i < v->route_count; i++) {
        const struct route_view *r = &v->route[i];
        if (strcmp(r->host, host) == 0 && r->tells) {
            struct buf address = BUF_INIT(BUF_NO_LIMIT);
            route_put_address(&address, &r->brief);
            paper_putf(p, INK_PLAIN, "%s%.*s ", before, (int)address.len, (const char *)address.at);
            route_put_outcome(p, r);
            buf_deinit(&address);
            before = "; ";
        }
    }
    paper_put(p, INK_PLAIN, before[0] == ',' ? ", as it has no address to connect to" : "");
    paper_end(p);
}

void certificate_check_put(struct paper *p, const struct domain_view *v)
{
    struct plan_host h;
    if (v->setting.certificate == NULL) {
        return;
    }
    paper_blank(p);
    paper_begin(p, "", "  ");
    paper_putf(p, INK_STRONG, "If %s were installed", v->setting.certificate);
    paper_end(p);
    for (size_t i = 0; i < v->host_count; i++) {
        if (plan_host_find(v, i, &h)) {
            put_host_result(p, v, &h);
        } else {
            put_host_not_known(p, v, v->host[i]->key);
        }
    }
    if (v->host_count == 0) {
        paper_begin(p, "  ", "  ");
        paper_put(p, INK_WARNING,
                  "Not known: there is no mail server that it could be installed at.");
        paper_end(p);
    }
}

/* --- in which order --------------------------------------------------------------------------- */

static void plan_put_step(struct paper *p, int number, const char *text)
{
    char first[8];
    (void)snprintf(first, sizeof(first), "    %d. ", number);
    paper_begin(p, first, "       ");
    paper_put(p, INK_PLAIN, text);
    paper_end(p);
}

static void put_wait(struct paper *p, const struct plan_host *h)
{
    struct facts dns = facts_member(&h->row, HOSTS_TLSA_DNS);
    uint32_t ttl = facts_u32(&dns, DNS_FACTS_TTL);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&text, "Wait until no cache has the records of before: ");
    if (ttl > 0) {
        buf_putf(&text,
                 "at least twice their TTL (RFC 7671 section 8.1), %u seconds if it is the %u "
                 "seconds that this answer had left (a cache counts down: see the zone)",
                 2 * ttl, ttl);
    } else {
        buf_put_text(&text, "at least twice their TTL (RFC 7671 section 8.1)");
    }
    buf_put_text(&text, ", counted from when all name servers of the zone have the new ones.");
    buf_put_char(&text, '\0');
    plan_put_step(p, 2, (const char *)text.at);
    buf_deinit(&text);
}

static void put_order(struct paper *p, const struct plan_host *h)
{
    const char *key = facts_string(&h->leaf, CERTIFICATES_SPKI_FINGERPRINT_SHA256);
    enum dane_status dane = facts_enum(&h->route->brief, BRIEF_DANE, &dane_status_vocabulary);
    if (facts_list_len(&h->row, HOSTS_TLSA) == 0) {
        paper_begin(p, "    ", "    ");
        paper_put(
            p, INK_PLAIN,
            "Nothing has to change in DNS. Where the zone is signed, the records above can be "
            "published once the certificate is installed.");
        paper_end(p);
    } else if (dane == DANE_MATCH) {
        paper_begin(p, "    ", "    ");
        paper_put(
            p, INK_PLAIN,
            "A published record matches the new certificate: install it at any time, and remove "
            "records that match nothing any more afterwards.");
        paper_end(p);
    } else if (key != NULL) {
        plan_put_step(
            p, 1,
            needs_512(h, USAGE_EE) || needs_512(h, USAGE_TA)
                ? "Publish the records of usage 3 above with all digests (or those of usage 2, if "
                  "all certificates to come are from this issuer), and keep the present ones: they "
                  "are needed until the certificate is replaced."
                : "Publish the record 3 1 1 above (or 2 1 1, if all certificates to come are from "
                  "this issuer), and keep the present ones: they are needed until the certificate "
                  "is replaced.");
        put_wait(p, h);
        plan_put_step(p, 3, "Install the certificate on every server of the host, and check them.");
        plan_put_step(p, 4, "Remove the records of the certificate of before.");
    }
}

void tlsa_plan_put(struct paper *p, const struct domain_view *v)
{
    struct plan_host h;
    bool headed = false;
    for (size_t i = 0; i < v->host_count; i++) {
        if (!plan_host_find(v, i, &h)) {
            continue;
        }
        if (!headed) {
            paper_blank(p);
            paper_say(p, INK_STRONG, "TLSA records");
        }
        headed = true;
        put_published(p, &h);
        put_ready(p, &h);
        if (v->setting.certificate != NULL) {
            put_order(p, &h);
        }
    }
}
