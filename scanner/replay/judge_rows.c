#include "scanner/replay/judge_rows.h"

#include <string.h>

#include "scanner/analysis/leaf_domains.h"
#include "scanner/analysis/rollup.h"
#include "scanner/analysis/session_facts.h"
#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/cert_names.h"
#include "scanner/cert/digest.h"
#include "scanner/report/report.h"

/* --- certificates and chains ---------------------------------------------------------------- */

static void on_certificate(struct analysis *a, const struct facts *row)
{
    uint8_t named[32];
    struct span der = read_certificate(row, named);
    if (a->reading.why.len > 0) {
        return;
    }
    bool parsed = false;
    const struct cert_info *info = chain_judge_cert(a->judge, der, &parsed);
    if (memcmp(named, info->fingerprint_sha256, sizeof(named)) != 0) {
        facts_bad(row, CERTIFICATES_FINGERPRINT_SHA256, "is not the digest of raw");
        return;
    }
    record_certificate(&a->chains, der, info, parsed);
    if (!known_add_certificate(a->known, named, der, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    } else if (a->listener != NULL) {
        a->listener->certificate(a->listener->arg, named);
    }
}

static void judge_chain(struct analysis *a, uint32_t number, const uint8_t id[32],
                        struct span digests)
{
    if (!known_list(a->known, number, SIZE_MAX, &a->list, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
        return;
    }
    known_chain(a->known, number)->brief = record_chain(
        &a->chains, id, (const uint8_t(*)[32])(const void *)digests.at, buf_span(&a->list));
}

static void on_chain(struct analysis *a, const struct facts *row)
{
    uint8_t id[32];
    uint8_t digest[32];
    size_t count = 0;
    struct span digests = read_chain(row, id, &count);
    if (a->reading.why.len > 0) {
        return;
    }
    digest_sha256(digests, digest);
    if (count == 0 || count > TLS_CERTS_MAX || memcmp(digest, id, sizeof(digest)) != 0) {
        facts_bad(row, CHAINS_CHAIN_ID, "is not the digest of the certificates");
        return;
    }
    bool missing = false;
    uint32_t number = known_add_chain(a->known, id, digests, &missing);
    if (number == KNOWN_CHAIN_NONE) {
        facts_bad(row, CHAINS_CERTIFICATES,
                  missing ? "names a certificate that has no row" : "has a row already");
        return;
    }
    judge_chain(a, number, id, digests);
    if (a->listener != NULL) {
        a->listener->chain(a->listener->arg, id, known_chain(a->known, number)->brief);
    }
}

/* --- services and endpoints ----------------------------------------------------------------- */

/* The number of the chain that a handshake presented; NONE where there was none. A chain without a row
 * is an error of the directory. */
static uint32_t presented_chain(struct analysis *a, const struct facts *row, unsigned column,
                                const struct seen_session *s)
{
    static const uint8_t none[32];
    if (s == NULL || memcmp(s->tls.chain_id, none, sizeof(none)) == 0) {
        return KNOWN_CHAIN_NONE;
    }
    uint32_t chain = known_find_chain(a->known, s->tls.chain_id);
    if (chain == KNOWN_CHAIN_NONE) {
        facts_bad(row, column, "has no row in chains");
    }
    return chain;
}

/* Gives a session the list that it presented. @return the verdict on that. */
static struct chain_brief give_list(struct analysis *a, uint32_t chain, struct seen_session *s,
                                    struct buf *list)
{
    if (chain == KNOWN_CHAIN_NONE) {
        return (struct chain_brief){.status = CHAIN_NONE};
    }
    if (!known_list(a->known, chain, SIZE_MAX, list, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    }
    const struct known_chain *known = known_chain(a->known, chain);
    s->tls.list = buf_span(list);
    s->tls.cert_count = known->cert_count;
    return known->brief;
}

/* The names of the first certificate of a list, packed. */
static struct span first_names(struct analysis *a, struct span list)
{
    struct span leaf;
    buf_reset(&a->names);
    bool read = cert_list_next(&list, &leaf) && cert_names_pack(leaf, &a->names);
    return read ? buf_span(&a->names) : (struct span){0};
}

static void on_service(struct analysis *a, const struct facts *row)
{
    struct read_service s;
    read_service(row, &s);
    uint32_t chain = presented_chain(a, row, SERVICES_CHAIN_ID, s.result);
    if (a->reading.why.len > 0) {
        return;
    }
    s.seen.chain = give_list(a, chain, s.result, &a->list);
    if (s.result != NULL) {
        record_default_session(&a->recorder, &s.seen.address, s.seen.port, s.result);
    }
    record_service(&a->recorder, &s.seen);

    struct known_service known = {.outcome = OUTCOME_NOT_TESTED,
                                  .chain = chain,
                                  .versions = seen_versions_pack(&s.seen.versions),
                                  .certificate_domain = s.seen.certificate_domain,
                                  .banner_domain = s.seen.banner_domain,
                                  .chain_status = s.seen.chain.status};
    if (s.result != NULL) {
        known.outcome = s.result->outcome;
        known.starttls = s.result->smtp.starttls;
        known.tls_version = s.result->tls.completed ? s.result->tls.version : 0;
        known.facts = session_facts_of(s.result);
    }
    if (chain != KNOWN_CHAIN_NONE) {
        known.leaf_domains = leaf_domains_of(first_names(a, buf_span(&a->list)));
    }
    buf_reset(&a->key);
    service_key_put(&a->key, &s.seen.address, s.seen.port);
    known_add_service(a->known, buf_span(&a->key), &known);
    if (a->listener != NULL) {
        a->listener->service(a->listener->arg, &s.seen);
    }
}

/* What the service's session without SNI showed. */
static void give_default(struct analysis *a, struct seen_endpoint *e)
{
    static const uint8_t none[32];
    e->no_sni_outcome = OUTCOME_NOT_TESTED;
    e->no_sni_chain = (struct chain_brief){.status = CHAIN_NONE};
    buf_reset(&a->key);
    service_key_put(&a->key, &e->address, e->port);
    const struct known_service *known = known_find_service(a->known, buf_span(&a->key));
    if (known == NULL || e->result == NULL || e->default_apart) {
        return;
    }
    bool has_leaf = memcmp(e->no_sni_leaf_sha256, none, sizeof(none)) != 0;
    if (!has_leaf && known->chain != KNOWN_CHAIN_NONE) {
        return; /* the row was made before that session */
    }
    e->no_sni_outcome = known->outcome;
    e->no_sni_facts = known->facts;
    if (known->chain == KNOWN_CHAIN_NONE) {
        return;
    }
    e->no_sni_chain = known_chain(a->known, known->chain)->brief;
    if (!known_list(a->known, known->chain, 1, &a->leaf, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
        return;
    }
    e->no_sni_names = first_names(a, buf_span(&a->leaf));
}

/* What DNS says of its host. */
static void give_dane(struct analysis *a, struct seen_endpoint *e)
{
    const struct known_host *host = known_find_host(a->known, e->host);
    if (host == NULL || e->port != tlsa_port_of(a->results.ports, a->results.port_count)) {
        return;
    }
    e->dane_host = host->state;
    if (!known_records(a->known, host, &a->reading.arena, &e->tlsa_base, &e->tlsas, &e->tlsa_count,
                       a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    }
}

static struct operator_verdict judge_operator(struct analysis *a, const struct seen_endpoint *e)
{
    struct operator_evidence evidence = {.mx_domain = e->registrable,
                                         .certificate = e->certificate_domain,
                                         .chain = (enum chain_status)e->chain.status};
    buf_reset(&a->key);
    service_key_put(&a->key, &e->address, e->port);
    const struct known_service *service = known_find_service(a->known, buf_span(&a->key));
    if (service != NULL) {
        evidence.default_certificate = service->certificate_domain;
        evidence.default_chain = (enum chain_status)service->chain_status;
        evidence.banner = service->banner_domain;
    }
    return operator_judge(&evidence, a->terms.operators);
}

/* By its list as well: of merged shards, two may have seen the same endpoint speak with different ones. */
static void put_speaker_key(struct buf *key, struct span endpoint, const uint8_t chain_id[32])
{
    buf_put(key, endpoint);
    buf_put(key, (struct span){chain_id, 32});
}

/* Reads the row of an endpoint whose session stands for others, unless it is the last one that was. */
static bool find_speaker(struct analysis *a, struct span endpoint, const uint8_t chain_id[32])
{
    struct facts row;
    buf_reset(&a->key);
    put_speaker_key(&a->key, endpoint, chain_id);
    if (a->speaker_key.len > 0 && span_eq(buf_span(&a->speaker_key), buf_span(&a->key))) {
        return true;
    }
    buf_reset(&a->speaker_key);
    if (!known_find_speaker(a->known, buf_span(&a->key), &a->speaker_line, a->why)) {
        if (a->why->len > 0) {
            analysis_stop(a, ANALYZE_FATAL);
        }
        return false;
    }
    CHECK(
        row_reading_begin(&a->speaker_reading, TABLE_ENDPOINTS, buf_span(&a->speaker_line), &row));
    if (a->lean != NULL && !lean_rows_complete(a->lean, &row, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
        return false;
    }
    read_endpoint(&row, &a->speaker);
    CHECK(a->speaker_reading.why.len == 0); /* it was read before */
    put_speaker_key(&a->speaker_key, endpoint, chain_id);
    return true;
}

/* What stands for a name that nobody asked for: all of that session, and the row has it only in short. */
static void give_spoken(struct analysis *a, const struct facts *row, struct read_endpoint *e)
{
    if (e->seen.basis != BASIS_INFERRED || a->reading.why.len > 0) {
        return;
    }
    if (e->result == NULL || !find_speaker(a, e->seen.session_from, e->result->tls.chain_id)) {
        facts_bad(row, ENDPOINTS_SESSION_FROM, "is no endpoint whose session has this chain");
        return;
    }
    e->result = a->speaker.result;
    e->seen.result = e->result;
}

/* @return false: its session stands for no other name */
static bool read_speaker(struct analysis *a, const struct facts *row, struct read_endpoint *e)
{
    if (!facts_has(row, ENDPOINTS_GROUP)) {
        return false;
    }
    read_endpoint(row, e);
    if (a->reading.why.len > 0 || e->seen.basis != BASIS_OBSERVED || e->result == NULL ||
        e->result->outcome != OUTCOME_ESTABLISHED) {
        return false;
    }
    buf_reset(&a->key);
    endpoint_key_put(&a->key, e->seen.host, &e->seen.address, e->seen.port);
    put_speaker_key(&a->key, (struct span){0}, e->result->tls.chain_id);
    if (!known_add_speaker(a->known, buf_span(&a->key), row->reading->line, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    }
    return true;
}

/* Rows of endpoints come with their hosts, so the one that speaks may stand behind those that rest on it. */
static void on_speaker(struct analysis *a, const struct facts *row)
{
    struct read_endpoint e;
    (void)read_speaker(a, row, &e);
}

/* It stands for others, whose rows may be there before its own. */
static void on_endpoint_ahead(struct analysis *a, const struct facts *row)
{
    struct read_endpoint e;
    if (!read_speaker(a, row, &e)) {
        return;
    }
    if (a->listener == NULL) {
        if (!new_results_put_ahead(&a->out, row->reading->line)) {
            analysis_stop(a, ANALYZE_ROWS_LOST);
        }
        return;
    }
    uint32_t chain = presented_chain(a, row, ENDPOINTS_CHAIN_ID, e.result);
    uint32_t dane = presented_chain(a, row, ENDPOINTS_DANE_SNI, e.dane_sni);
    if (a->reading.why.len > 0) {
        return;
    }
    e.seen.chain = give_list(a, chain, e.result, &a->list);
    e.seen.dane_sni_chain = give_list(a, dane, e.dane_sni, &a->dane_list);
    give_dane(a, &e.seen);
    a->listener->speaker(a->listener->arg, &e.seen);
}

static void on_endpoint(struct analysis *a, const struct facts *row)
{
    struct read_endpoint e;
    read_endpoint(row, &e);
    give_spoken(a, row, &e);
    uint32_t chain = presented_chain(a, row, ENDPOINTS_CHAIN_ID, e.result);
    uint32_t other = presented_chain(a, row, ENDPOINTS_OTHER_KEY, e.other_key);
    uint32_t dane = presented_chain(a, row, ENDPOINTS_DANE_SNI, e.dane_sni);
    if (a->reading.why.len > 0) {
        return;
    }
    e.seen.chain = give_list(a, chain, e.result, &a->list);
    e.seen.other_key_chain = give_list(a, other, e.other_key, &a->other_list);
    e.seen.dane_sni_chain = give_list(a, dane, e.dane_sni, &a->dane_list);
    give_default(a, &e.seen);
    give_dane(a, &e.seen);
    const struct endpoint_verdict *verdict = record_endpoint(&a->recorder, &e.seen);

    struct operator_verdict operator= judge_operator(a, &e.seen);
    struct known_endpoint known = {
        .operator_source = (uint8_t) operator.source,
        .mx_operator = operator.name,
        .judged = endpoint_judged_of(verdict, e.seen.chain),
        .has_default = e.seen.no_sni_outcome != OUTCOME_NOT_TESTED,
    };
    buf_reset(&a->key);
    endpoint_key_put(&a->key, e.seen.host, &e.seen.address, e.seen.port);
    known_add_endpoint(a->known, buf_span(&a->key), &known);
    if (a->listener != NULL) {
        const struct known_host *host = known_find_host(a->known, e.seen.host);
        a->listener->endpoint(a->listener->arg, &e.seen, verdict->name.match,
                              host != NULL ? host->block : -1);
    }
}

/* --- hosts and domains ---------------------------------------------------------------------- */

static void fill_from_service(struct analysis *a, const struct known_endpoint *e,
                              const struct known_service *s, struct endpoint_brief *brief)
{
    brief->versions = s->versions;
    if (!e->has_default) {
        return;
    }
    brief->no_sni_outcome = (uint8_t)s->outcome;
    brief->no_sni_starttls = (uint8_t)s->starttls;
    brief->no_sni_tls_version = s->tls_version;
    brief->no_sni_leaf_domains = s->leaf_domains;
    if (s->chain != KNOWN_CHAIN_NONE) {
        brief->no_sni_chain = known_chain(a->known, s->chain)->brief;
    }
}

/* An endpoint where nothing was asked has no row, and nothing to judge. */
static void fill_brief(void *arg, struct span host, struct endpoint_brief *brief)
{
    struct analysis *a = arg;
    buf_reset(&a->key);
    endpoint_key_put(&a->key, host, &brief->address, brief->port);
    struct span key = buf_span(&a->key);
    const struct known_endpoint *known = known_find_endpoint(a->known, key);
    if (known == NULL) {
        return;
    }
    brief->judged = known->judged;
    brief->mx_operator = arena_copy(&a->reading.arena, known->mx_operator);
    brief->operator_source = known->operator_source;
    const struct known_service *service =
        known_find_service(a->known, span_drop(key, host.len + 1));
    if (service != NULL) {
        fill_from_service(a, known, service, brief);
    }
}

/* What DNS says of DANE for its host. */
static void fill_mx(void *arg, struct seen_mx *mx)
{
    struct analysis *a = arg;
    const struct known_host *known = known_find_host(a->known, mx->host);
    if (known != NULL) {
        mx->dane_host = known->state;
        mx->tlsa_at = known->tlsa_at;
    }
}

/* Before the endpoints: what DNS says of DANE for their hosts. */
static void on_host_dns(struct analysis *a, const struct facts *row)
{
    struct seen_host host;
    struct dane_host_verdict verdict;
    read_host_dns(row, &host);
    if (a->reading.why.len > 0) {
        return;
    }
    dane_judge_host(&host, a->terms.trust_ad, &verdict);
    if (!known_add_host(a->known, &host, &verdict, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    }
}

static void on_host(struct analysis *a, const struct facts *row)
{
    const struct brief_judge briefs = {.fill = fill_brief, .fill_mx = fill_mx, .arg = a};
    struct seen_host host;
    read_host(row, &briefs, &host);
    if (a->reading.why.len == 0) {
        record_host(&a->recorder, &host, &a->reading.arena);
    }
    if (a->reading.why.len == 0 && a->listener != NULL) {
        a->listener->host(a->listener->arg, &host);
    }
}

/* --- policies ------------------------------------------------------------------------------- */

static void on_policy_body(struct analysis *a, const struct facts *row)
{
    uint8_t named[32];
    uint8_t digest[32];
    struct span body = read_policy_body(row, named);
    if (a->reading.why.len > 0) {
        return;
    }
    digest_sha256(body, digest);
    if (memcmp(named, digest, sizeof(named)) != 0) {
        facts_bad(row, POLICY_BODIES_POLICY_SHA256, "is not the digest of raw");
        return;
    }
    bool added = false;
    if (!known_add_body(a->known, named, body, &added, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    } else if (!added) {
        facts_bad(row, POLICY_BODIES_POLICY_SHA256, "has a row already");
    } else {
        report_policy_body(&a->out.sink, named, body);
        if (a->listener != NULL) {
            a->listener->body(a->listener->arg, named);
        }
    }
}

/* Reads a row, and gives it its list of certificates and its body. */
static void read_whole_policy(struct analysis *a, const struct facts *row, struct read_policy *out)
{
    static const uint8_t none[32];
    read_policy(row, out);
    struct seen_policy *seen = &out->seen;
    struct seen_session session = {.tls = seen->tls};
    uint32_t chain = presented_chain(a, row, POLICIES_CHAIN_ID, &session);
    if (row->reading->why.len > 0) {
        return;
    }
    seen->chain = give_list(a, chain, &session, &a->list);
    seen->tls = session.tls;
    if (memcmp(seen->body_sha256, none, sizeof(none)) == 0) {
        return;
    }
    if (!known_find_body(a->known, seen->body_sha256, &a->body, a->why)) {
        if (a->why->len > 0) {
            analysis_stop(a, ANALYZE_FATAL);
        } else {
            facts_bad(row, POLICIES_POLICY_SHA256, "has no row in policy_bodies");
        }
        return;
    }
    seen->body = buf_span(&a->body);
    if (seen->body.len != out->body_octets) {
        facts_bad(row, POLICIES_BODY_OCTETS, "is not the length of the body");
    }
}

/* A policy is judged with its domain, so its row waits for that. */
static void on_policy(struct analysis *a, const struct facts *row)
{
    struct read_policy policy;
    read_whole_policy(a, row, &policy);
    if (a->reading.why.len > 0) {
        return;
    }
    bool added = false;
    if (!known_add_policy(a->known, policy.domain, a->reading.line, &added, a->why)) {
        analysis_stop(a, ANALYZE_FATAL);
    } else if (!added) {
        facts_bad(row, POLICIES_DOMAIN, "has a policy already");
    } else {
        a->policies++;
    }
}

/* @return false: the domain has none. */
static bool find_policy_of_domain(struct analysis *a, const struct seen_domain *d,
                                  struct read_policy *out)
{
    struct facts row;
    if (!domain_is_asked(d) || !known_find_policy(a->known, d->domain, &a->policy_line, a->why)) {
        if (a->why->len > 0) {
            analysis_stop(a, ANALYZE_FATAL);
        }
        return false;
    }
    CHECK(row_reading_begin(&a->policy_reading, TABLE_POLICIES, buf_span(&a->policy_line), &row));
    read_whole_policy(a, &row, out);
    CHECK(a->policy_reading.why.len == 0); /* it was read before */
    return true;
}

static void on_domain(struct analysis *a, const struct facts *row)
{
    const struct brief_judge briefs = {.fill = fill_brief, .fill_mx = fill_mx, .arg = a};
    struct seen_domain domain;
    struct read_policy policy;
    read_domain(row, &briefs, &domain);
    if (a->reading.why.len > 0) {
        return;
    }
    if (find_policy_of_domain(a, &domain, &policy)) {
        domain.policy = &policy.seen;
        a->policies--;
    }
    (void)record_domain(&a->recorder, &domain);
    if (a->listener != NULL) {
        a->listener->domain(a->listener->arg, &domain);
    }
}

/* --- issuers -------------------------------------------------------------------------------- */

static void on_issuer(struct analysis *a, const struct facts *row)
{
    struct seen_issuer seen;
    read_issuer(row, &seen);
    if (a->reading.why.len > 0) {
        return;
    }
    if (a->fetched == NULL) {
        a->fetched = fetched_issuers_new();
    }
    fetched_issuers_add(a->fetched, seen.url, seen.body);
    report_issuer(&a->out.sink, &seen);
}

static void on_group(struct analysis *a, const struct facts *row)
{
    struct seen_group seen;
    read_group(row, &seen);
    if (a->reading.why.len == 0) {
        report_group(&a->out.sink, &seen);
    }
}

/* --- the passes ----------------------------------------------------------------------------- */

const struct table_step table_steps[TABLE_STEPS] = {
    {TABLE_CERTIFICATES, on_certificate, .newer = false},
    {TABLE_CHAINS, on_chain, .newer = false},
    {TABLE_HOSTS, on_host_dns, .keeps = true},
    {TABLE_SERVICES, on_service, .keeps = true},
    {TABLE_ENDPOINTS, on_endpoint_ahead, .ahead = true},
    {TABLE_ENDPOINTS, on_speaker, .of_groups = true},
    {TABLE_ENDPOINTS, on_endpoint, .keeps = true},
    {TABLE_HOSTS, on_host, .newer = false},
    {TABLE_POLICY_BODIES, on_policy_body, .newer = true},
    {TABLE_POLICIES, on_policy, .newer = true},
    {TABLE_DOMAINS, on_domain, .newer = false},
    {TABLE_GROUPS, on_group, .newer = true, .of_end = true},
    {TABLE_ISSUERS, on_issuer, .newer = true, .of_end = true},
};
