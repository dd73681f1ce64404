#include "scanner/base/check.h"
#include "scanner/observation/tls_names.h"
#include "scanner/report/row_parts.h"

static const char *left_out_word(enum session_outcome outcome, enum not_tested_reason reason)
{
    bool told = outcome == OUTCOME_NOT_TESTED && reason != NOT_TESTED_NONE;
    return told ? not_tested_word(reason) : NULL;
}

static void put_ptr(struct object *o, const struct seen_ptr *ptr)
{
    put_dns(object_object(o, PTR_FACTS_DNS), &ptr->dns);
    struct list *names = object_list(o, PTR_FACTS_NAMES);
    for (size_t i = 0; i < ptr->name_count; i++) {
        struct object *name = list_object(names);
        object_text(name, PTR_NAME_NAME, ptr->names[i]);
        object_word(name, PTR_NAME_FORWARD, dns_state_word((enum dns_state)ptr->forward_state[i]));
        object_bool(name, PTR_NAME_FORWARD_CONFIRMED, ptr->forward_confirmed[i]);
        object_close(name);
    }
    list_close(names);
    object_close(o);
}

static enum session_outcome result_outcome_of(const struct seen_session *result)
{
    return result != NULL ? result->outcome : OUTCOME_NOT_TESTED;
}

/* Whatever follows from a ServerHello; an unreached handshake leaves the columns null. */
static bool has_handshake(const struct seen_session *result)
{
    return result != NULL && result->tls_attempted;
}

static bool has_connection(const struct seen_session *result)
{
    return result != NULL && result->connect_ms >= 0;
}

static void put_relations(struct object *o, const struct name_relations *n)
{
    object_truth(o, NAME_RELATIONS_FORWARD_CONFIRMED, (uint8_t)n->forward_confirmed);
    object_truth(o, NAME_RELATIONS_PTR_IS_GENERIC, (uint8_t)n->ptr_is_generic);
    object_truth(o, NAME_RELATIONS_PTR_IS_SERVER_NAME, (uint8_t)n->ptr_is_server_name);
    object_truth(o, NAME_RELATIONS_GREETING_IS_EHLO, (uint8_t)n->greeting_is_ehlo);
    object_truth(o, NAME_RELATIONS_CERTIFICATE_COVERS_SERVER_NAME,
                 (uint8_t)n->certificate_covers_server_name);
    object_truth(o, NAME_RELATIONS_CERTIFICATE_COVERS_PTR, (uint8_t)n->certificate_covers_ptr);
    object_close(o);
}

static void put_service_versions(struct object *o, const struct seen_versions *v)
{
    object_truth(o, VERSION_FACTS_TLSV1_0, v->accepted[0]);
    object_truth(o, VERSION_FACTS_TLSV1_1, v->accepted[1]);
    object_truth(o, VERSION_FACTS_TLSV1_2, v->accepted[2]);
    object_truth(o, VERSION_FACTS_TLSV1_3, v->accepted[3]);
    object_bool(o, VERSION_FACTS_SNI, v->sni);
    object_uint(o, VERSION_FACTS_CONNECTIONS, v->connections);
    object_close(o);
}

static void put_accepted_suites(struct object *o, const struct accepted_suites *v)
{
    struct list *suites = object_list(o, CIPHER_LIST_SUITES);
    for (size_t i = 0; i < v->count; i++) {
        list_word(suites, tls_cipher_name(v->suite[i]));
    }
    list_close(suites);
    object_word(o, CIPHER_LIST_ORDER, cipher_order_word((enum cipher_order)v->order));
    object_word(o, CIPHER_LIST_END, cipher_end_word((enum cipher_end)v->end));
    object_natural(o, CIPHER_LIST_UNOFFERED, v->end == CIPHERS_UNOFFERED ? v->unoffered : -1);
    object_uint(o, CIPHER_LIST_CONNECTIONS, v->sessions);
    object_close(o);
}

static void put_service_ciphers(struct object *o, const struct seen_ciphers *c)
{
    static const unsigned columns[TLS_VERSION_COUNT] = {CIPHER_FACTS_TLSV1_0, CIPHER_FACTS_TLSV1_1,
                                                        CIPHER_FACTS_TLSV1_2, CIPHER_FACTS_TLSV1_3};
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        if (c->version[i].end != CIPHERS_NOT_ASKED) {
            put_accepted_suites(object_object(o, columns[i]), &c->version[i]);
        }
    }
    object_bool(o, CIPHER_FACTS_SNI, c->sni);
    object_bool(o, CIPHER_FACTS_TRUNCATED, c->truncated);
    object_uint(o, CIPHER_FACTS_CONNECTIONS, c->connections);
    object_close(o);
}

static void put_wrong_sni(struct object *o, const struct seen_service *s)
{
    const struct seen_tls *tls = &s->wrong_sni->tls;
    bool has_leaf = s->wrong_sni->tls_attempted && !digest_is_none(tls->leaf_sha256);
    bool has_default = has_handshake(s->result) && !digest_is_none(s->result->tls.leaf_sha256);
    object_text(o, WRONG_SNI_FACTS_SNI, SPAN_LIT(WRONG_SNI_NAME));
    object_word(o, WRONG_SNI_FACTS_OUTCOME, outcome_info(s->wrong_sni->outcome)->word);
    object_word(o, WRONG_SNI_FACTS_ALERT_RECEIVED,
                s->wrong_sni->tls_attempted ? tls_alert_name(tls->alert_received) : NULL);
    object_bool(o, WRONG_SNI_FACTS_UNKNOWN_NAME_WARNING, tls->unknown_name_warning);
    if (has_leaf) {
        object_sha256(o, WRONG_SNI_FACTS_CHAIN_ID, tls->chain_id);
        object_sha256(o, WRONG_SNI_FACTS_LEAF_SHA256, tls->leaf_sha256);
    }
    if (has_leaf && has_default) {
        object_bool(o, WRONG_SNI_FACTS_SAME_LEAF,
                    memcmp(tls->leaf_sha256, s->result->tls.leaf_sha256, 32) == 0);
    }
    object_close(o);
}

/* What its names, its chain, its versions and their suites amount to. */
static void put_service_verdicts(struct row *r, const struct seen_service *s,
                                 const struct service_verdict *v)
{
    row_word(r, SERVICES_CHAIN_STATUS, chain_status_or_null(&s->chain));
    if (v != NULL) {
        row_name(r, SERVICES_SERVER_NAME, buf_span(&v->server_name));
    }
    row_name(r, SERVICES_CERTIFICATE_DOMAIN, s->certificate_domain);
    row_name(r, SERVICES_BANNER_DOMAIN, s->banner_domain);
    if (v != NULL && v->answered) {
        put_relations(row_object(r, SERVICES_NAME_RELATIONS), &v->relations);
    }
    if (s->versions.asked) {
        put_service_versions(row_object(r, SERVICES_VERSIONS), &s->versions);
    }
    if (s->ciphers.version != NULL) {
        put_service_ciphers(row_object(r, SERVICES_CIPHERS), &s->ciphers);
    }
    if (s->wrong_sni != NULL) {
        put_wrong_sni(row_object(r, SERVICES_WRONG_SNI), s);
    }
}

static void put_service_row(struct row_sink *sink, const struct seen_service *s,
                            const struct service_verdict *v, const struct findings *findings)
{
    const struct seen_session *result = s->result;
    enum session_outcome outcome = result_outcome_of(result);
    struct row *r = row_sink_begin(sink, TABLE_SERVICES);
    row_text(r, SERVICES_SERVICE, buf_span(&sink->key));
    row_address(r, SERVICES_ADDRESS, &s->address);
    row_uint(r, SERVICES_PORT, s->port);
    row_word(r, SERVICES_OUTCOME, outcome_info(outcome)->word);
    row_word(r, SERVICES_STATUS, outcome_info(outcome)->zgrab2);
    row_word(r, SERVICES_NOT_TESTED, left_out_word(outcome, s->not_tested));
    row_word(r, SERVICES_STARTTLS,
             starttls_word(result != NULL ? result->smtp.starttls : STARTTLS_UNKNOWN));
    if (has_connection(result)) {
        row_name(r, SERVICES_BANNER, result->smtp.reply[SMTP_STEP_GREETING].text);
        put_transcript(row_object(r, SERVICES_TRANSCRIPT), &result->smtp, NULL);
    }
    if (has_handshake(result)) {
        row_word(r, SERVICES_TLS_VERSION,
                 tls_version_word(result->tls.completed ? result->tls.version : 0));
        row_sha256(r, SERVICES_CHAIN_ID, result->tls.chain_id);
        row_sha256(r, SERVICES_LEAF_SHA256, result->tls.leaf_sha256);
        put_handshake(row_object(r, SERVICES_HANDSHAKE), result->sni, &result->tls);
    }
    put_attempts(row_list(r, SERVICES_ATTEMPTS), s->attempts, s->attempt_count,
                 has_handshake(result) ? result : NULL);
    row_natural(r, SERVICES_ATTEMPT, attempt_number(s->attempts, s->attempt_count, result));
    if (s->ptr.dns.state != DNS_NOT_ASKED) {
        put_ptr(row_object(r, SERVICES_PTR), &s->ptr);
    }
    put_service_verdicts(r, s, v);
    row_uint(r, SERVICES_NAMES_TOTAL, s->names_total);
    row_uint(r, SERVICES_NAMES_DIALLED, s->names_dialled);
    put_findings(row_list(r, SERVICES_FINDINGS), findings);
    row_sink_end(sink, TABLE_SERVICES);
}

void report_service(struct row_sink *sink, const struct seen_service *s,
                    const struct service_verdict *v, const struct findings *findings)
{
    buf_reset(&sink->key);
    service_key_put(&sink->key, &s->address, s->port);
    if (row_sink_wants(sink, TABLE_SERVICES)) {
        put_service_row(sink, s, v, findings);
    }
    report_finding_rows(sink, TABLE_SERVICES, buf_span(&sink->key), findings);
}

static void put_endpoint_keys(struct row_sink *sink, struct row *r, const struct seen_endpoint *e)
{
    struct span endpoint = buf_span(&sink->key);
    row_text(r, ENDPOINTS_ENDPOINT, endpoint);
    row_text(r, ENDPOINTS_HOST, e->host);
    row_text(r, ENDPOINTS_SERVICE, span_drop(endpoint, e->host.len + 1));
    row_address(r, ENDPOINTS_ADDRESS, &e->address);
    row_uint(r, ENDPOINTS_PORT, e->port);
}

/* In lean rows without what other columns of the row have: the host, where that is the name that matches. */
static void put_endpoint_name(struct object *o, const struct seen_endpoint *e,
                              const struct endpoint_verdict *v)
{
    bool told =
        object_is_lean(o) && v->name.match == NAME_MATCH_EXACT && span_eq(v->name.matched, e->host);
    object_word(o, NAME_FACTS_MATCH, name_match_word(v->name.match));
    object_name(o, NAME_FACTS_MATCHED, told ? (struct span){0} : v->name.matched);
    object_truth(o, NAME_FACTS_COVERS_SERVER_NAME, (uint8_t)v->covers_server_name);
    object_close(o);
}

/* Without SNI it presents the same leaf: all that follows from the leaf is the same too. */
static bool is_leaf_without_sni(const struct seen_endpoint *e, const struct endpoint_verdict *v)
{
    return v->sni == SNI_SAME && memcmp(e->no_sni_leaf_sha256, e->result->tls.leaf_sha256, 32) == 0;
}

static void put_endpoint_sni(struct object *o, const struct seen_endpoint *e,
                             const struct endpoint_verdict *v)
{
    bool lean = object_is_lean(o) && is_leaf_without_sni(e, v);
    bool same_chain = lean && e->no_sni_chain.status == e->chain.status;
    bool same_match = lean && v->default_name.match == v->name.match;
    object_word(o, SNI_FACTS_CLASS, sni_class_word(v->sni));
    object_word(o, SNI_FACTS_ACCEPTABLE, sni_acceptable_word(v->acceptable));
    object_word(o, SNI_FACTS_DEFAULT_CHAIN_STATUS,
                same_chain ? NULL : chain_status_or_null(&e->no_sni_chain));
    if (!digest_is_none(e->no_sni_leaf_sha256) && !same_match) {
        object_word(o, SNI_FACTS_DEFAULT_NAME_MATCH, name_match_word(v->default_name.match));
    }
    object_close(o);
}

/* Only signatures by the other kind of key than that of the first leaf were offered. */
static const char *key_asked_for(const struct seen_session *first)
{
    const char *scheme = tls_signature_scheme_name(first->tls.signature_scheme);
    const char *cipher = tls_cipher_name(first->tls.cipher); /* says it before TLS 1.3 */
    bool by_scheme = scheme != NULL && strncmp(scheme, "rsa_", strlen("rsa_")) == 0;
    bool by_cipher = scheme == NULL && cipher != NULL && strstr(cipher, "_RSA_") != NULL;
    return by_scheme || by_cipher ? "EC" : "RSA";
}

static void put_endpoint_other_key(struct object *o, const struct seen_endpoint *e,
                                   const struct endpoint_verdict *v)
{
    const struct seen_session *s = e->other_key;
    object_word(o, OTHER_KEY_FACTS_KEY, key_asked_for(e->result));
    object_word(o, OTHER_KEY_FACTS_OUTCOME, outcome_info(s->outcome)->word);
    if (s->tls_attempted && !digest_is_none(s->tls.leaf_sha256)) {
        object_sha256(o, OTHER_KEY_FACTS_CHAIN_ID, s->tls.chain_id);
        object_sha256(o, OTHER_KEY_FACTS_LEAF_SHA256, s->tls.leaf_sha256);
        object_word(o, OTHER_KEY_FACTS_CHAIN_STATUS, chain_status_or_null(&e->other_key_chain));
        object_word(o, OTHER_KEY_FACTS_NAME_MATCH, name_match_word(v->other_key_name.match));
    }
    object_close(o);
}

static void put_tlsa_results(struct list *l, const struct dane_verdict *v)
{
    for (size_t i = 0; i < v->record_count; i++) {
        const struct tlsa_result *result = &v->record[i];
        struct object *o = list_object(l);
        object_word(o, TLSA_RESULT_USABLE, tlsa_fault_word(result->fault));
        object_bool(o, TLSA_RESULT_IN_FORCE, result->in_force);
        object_bool(o, TLSA_RESULT_MATCHES, result->matches);
        object_natural(o, TLSA_RESULT_POSITION, result->position);
        object_bool(o, TLSA_RESULT_OTHER_SELECTOR, result->other_selector);
        object_bool(o, TLSA_RESULT_OTHER_USAGE, result->other_usage);
        object_bool(o, TLSA_RESULT_ANCHOR_IN_DNS, result->anchor_in_dns);
        if (v->other_key != DANE_UNKNOWN) {
            object_bool(o, TLSA_RESULT_MATCHES_OTHER_KEY, result->matches_other_key);
        }
        object_close(o);
    }
    list_close(l);
}

static void put_endpoint_dane(struct object *o, enum dane_host host, const struct dane_verdict *v)
{
    object_word(o, ENDPOINT_DANE_HOST, object_is_lean(o) ? NULL : dane_host_word(host));
    object_word(o, ENDPOINT_DANE_STATUS, dane_status_word(v->status));
    object_natural(o, ENDPOINT_DANE_MATCHING_RECORD, v->matching_record);
    if (v->record_count > 0) {
        put_tlsa_results(object_list(o, ENDPOINT_DANE_RECORDS), v);
    }
    object_word(o, ENDPOINT_DANE_TA_FAULT, word_or_null(dane_ta_fault_word(v->ta_fault)));
    object_bool(o, ENDPOINT_DANE_AGILITY_CONFLICT, v->agility_conflict);
    object_count(o, ENDPOINT_DANE_STALE, v->stale);
    if (v->other_key != DANE_UNKNOWN) {
        object_word(o, ENDPOINT_DANE_OTHER_KEY, dane_status_word(v->other_key));
    }
    object_close(o);
}

static void put_dane_sni(struct object *o, const struct seen_session *s,
                         const struct chain_brief *chain)
{
    object_word(o, DANE_SNI_FACTS_OUTCOME, outcome_info(s->outcome)->word);
    if (s->tls_attempted && !digest_is_none(s->tls.leaf_sha256)) {
        object_sha256(o, DANE_SNI_FACTS_CHAIN_ID, s->tls.chain_id);
        object_sha256(o, DANE_SNI_FACTS_LEAF_SHA256, s->tls.leaf_sha256);
        object_word(o, DANE_SNI_FACTS_CHAIN_STATUS, chain_status_or_null(chain));
    }
    put_attempt(object_object(o, DANE_SNI_FACTS_ATTEMPT), s, false);
    object_close(o);
}

/* What its chain, its names and SNI amount to. */
static void put_endpoint_verdicts(struct row *r, const struct seen_endpoint *e,
                                  const struct endpoint_verdict *v)
{
    row_word(r, ENDPOINTS_CHAIN_STATUS, chain_status_or_null(&e->chain));
    if (v == NULL || e->result == NULL) {
        return;
    }
    bool has_leaf = e->result->tls_attempted && !digest_is_none(e->result->tls.leaf_sha256);
    if (has_leaf) {
        put_endpoint_name(row_object(r, ENDPOINTS_NAME), e, v);
    }
    if (has_leaf && e->chain.status != CHAIN_NONE) {
        row_bool(r, ENDPOINTS_ACCEPTABLE,
                 e->chain.status == CHAIN_TRUSTED && name_match_is_match(v->name.match));
    }
    put_endpoint_sni(row_object(r, ENDPOINTS_SNI), e, v);
    if (e->other_key != NULL) {
        put_endpoint_other_key(row_object(r, ENDPOINTS_OTHER_KEY), e, v);
    }
}

/* Its own dialogue and handshake. */
static void put_endpoint_session(struct row *r, const struct seen_endpoint *e,
                                 const struct session_said *said)
{
    const struct seen_session *result = e->result;
    bool lean = row_is_lean(r);
    if (e->session_from.len > 0) {
        return;
    }
    if (has_connection(result)) {
        put_transcript(row_object(r, ENDPOINTS_TRANSCRIPT), &result->smtp, lean ? said : NULL);
    }
    if (has_handshake(result) && lean && session_said_handshake(said, result)) {
        row_bool(r, ENDPOINTS_AS_SERVICE, true);
        put_handshake_as_service(row_object(r, ENDPOINTS_HANDSHAKE), result->sni, &result->tls);
    } else if (has_handshake(result)) {
        put_handshake(row_object(r, ENDPOINTS_HANDSHAKE), result->sni, &result->tls);
    }
}

static void put_endpoint_row(struct row_sink *sink, const struct seen_endpoint *e,
                             const struct endpoint_verdict *v, const struct session_said *said,
                             const struct findings *findings)
{
    const struct seen_session *result = e->result;
    enum session_outcome outcome = result_outcome_of(result);
    bool own = e->session_from.len == 0;
    struct row *r = row_sink_begin(sink, TABLE_ENDPOINTS);
    put_endpoint_keys(sink, r, e);
    row_word(r, ENDPOINTS_OUTCOME, outcome_info(outcome)->word);
    row_word(r, ENDPOINTS_STATUS, outcome_info(outcome)->zgrab2);
    row_word(r, ENDPOINTS_NOT_TESTED, left_out_word(outcome, e->not_tested));
    row_word(r, ENDPOINTS_STARTTLS,
             starttls_word(result != NULL ? result->smtp.starttls : STARTTLS_UNKNOWN));
    if (has_handshake(result)) {
        row_word(r, ENDPOINTS_TLS_VERSION,
                 tls_version_word(result->tls.completed ? result->tls.version : 0));
        row_sha256(r, ENDPOINTS_CHAIN_ID, result->tls.chain_id);
        row_sha256(r, ENDPOINTS_LEAF_SHA256, result->tls.leaf_sha256);
    }
    put_endpoint_verdicts(r, e, v);
    if (v != NULL) {
        put_endpoint_dane(row_object(r, ENDPOINTS_DANE), (enum dane_host)e->dane_host, &v->dane);
    }
    if (e->dane_sni != NULL) {
        put_dane_sni(row_object(r, ENDPOINTS_DANE_SNI), e->dane_sni, &e->dane_sni_chain);
    }
    row_name(r, ENDPOINTS_TLSA_BASE, e->tlsa_base);
    row_name(r, ENDPOINTS_MX_REGISTRABLE_DOMAIN, e->registrable);
    if (!(row_is_lean(r) && v != NULL && result != NULL && is_leaf_without_sni(e, v))) {
        row_name(r, ENDPOINTS_CERTIFICATE_DOMAIN, e->certificate_domain);
        row_sha256(r, ENDPOINTS_NO_SNI_LEAF_SHA256, e->no_sni_leaf_sha256);
    }
    if (e->default_apart) {
        row_bool(r, ENDPOINTS_DEFAULT_APART, true);
    }
    row_word(r, ENDPOINTS_BASIS, word_or_null(basis_word(e->basis)));
    row_name(r, ENDPOINTS_GROUP, e->group);
    row_name(r, ENDPOINTS_SESSION_FROM, e->session_from);
    row_bool(r, ENDPOINTS_REPEATED, e->repeated);
    row_bool(r, ENDPOINTS_UNSTABLE, e->unstable);
    put_attempts(row_list(r, ENDPOINTS_ATTEMPTS), e->attempts, e->attempt_count,
                 own && has_handshake(result) ? result : NULL);
    row_natural(r, ENDPOINTS_ATTEMPT, attempt_number(e->attempts, e->attempt_count, result));
    put_endpoint_session(r, e, said);
    put_findings(row_list(r, ENDPOINTS_FINDINGS), findings);
    row_sink_end(sink, TABLE_ENDPOINTS);
}

void report_endpoint(struct row_sink *sink, const struct seen_endpoint *e,
                     const struct endpoint_verdict *v, const struct session_said *said,
                     const struct findings *findings)
{
    buf_reset(&sink->key);
    endpoint_key_put(&sink->key, e->host, &e->address, e->port);
    if (row_sink_wants(sink, TABLE_ENDPOINTS)) {
        put_endpoint_row(sink, e, v, said, findings);
    }
    report_finding_rows(sink, TABLE_ENDPOINTS, buf_span(&sink->key), findings);
}

static void put_tlsas(struct list *l, const struct seen_tlsa *tlsas, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct object *o = list_object(l);
        object_uint(o, TLSA_FACTS_USAGE, tlsas[i].usage);
        object_uint(o, TLSA_FACTS_SELECTOR, tlsas[i].selector);
        object_uint(o, TLSA_FACTS_MATCHING, tlsas[i].matching);
        object_hex(o, TLSA_FACTS_DATA, tlsas[i].data);
        object_word(o, TLSA_FACTS_USABLE, tlsa_fault_word(tlsa_fault_of(&tlsas[i])));
        object_close(o);
    }
    list_close(l);
}

/* Questions that are asked only of an alias (RFC 7672 section 2.2.2). */
static void put_expanded(struct row *r, const struct seen_host *h)
{
    if (h->first_cname.state != DNS_NOT_ASKED) {
        put_dns(row_object(r, HOSTS_FIRST_CNAME_DNS), &h->first_cname);
    }
    if (h->expanded_tlsa.state != DNS_NOT_ASKED) {
        put_dns(row_object(r, HOSTS_EXPANDED_TLSA_DNS), &h->expanded_tlsa);
        put_tlsas(row_list(r, HOSTS_EXPANDED_TLSA), h->expanded_tlsas, h->expanded_tlsa_count);
    }
}

static void put_host_dane(struct row *r, const struct dane_host_verdict *v)
{
    row_word(r, HOSTS_ADDRESS_DNSSEC, dnssec_state_word(v->address));
    row_word(r, HOSTS_TLSA_DNSSEC, dnssec_state_word(v->tlsa));
    row_word(r, HOSTS_DANE, dane_host_word(v->state));
    row_name(r, HOSTS_TLSA_BASE, v->base);
}

static void put_sides(struct row *r, const struct seen_host *h)
{
    struct roll_up all = roll_up_host(h, host_port(h));
    struct parity_facts parity;
    if (all.endpoints > 0) {
        put_rollup(row_object(r, HOSTS_ROLLUP), &all);
    }
    if (parity_of_families(h, &parity)) {
        put_parity(row_object(r, HOSTS_PARITY_FAMILIES), &parity);
    }
    if (parity_of_addresses(h, &parity)) {
        put_parity(row_object(r, HOSTS_PARITY_ADDRESSES), &parity);
    }
}

static void put_host_row(struct row_sink *sink, const struct seen_host *h,
                         const struct dane_host_verdict *v, const struct operator_set *operators,
                         const struct findings *findings)
{
    struct row *r = row_sink_begin(sink, TABLE_HOSTS);
    row_text(r, HOSTS_HOST, h->name);
    put_dns(row_object(r, HOSTS_A_DNS), &h->a);
    put_dns(row_object(r, HOSTS_AAAA_DNS), &h->aaaa);
    put_texts(row_list(r, HOSTS_CNAMES), h->cnames, h->cname_count);
    put_addresses(row_list(r, HOSTS_ADDRESSES), h->addresses, h->address_count);
    row_uint(r, HOSTS_ADDRESSES_TRUNCATED, h->addresses_truncated);
    put_dns(row_object(r, HOSTS_TLSA_DNS), &h->tlsa);
    put_tlsas(row_list(r, HOSTS_TLSA), h->tlsas, h->tlsa_count);
    put_expanded(r, h);
    if (v != NULL) {
        put_host_dane(r, v);
    }
    row_bool(r, HOSTS_BLOCKLISTED, h->blocklisted);
    row_natural(r, HOSTS_BLOCK, h->block);
    put_briefs(row_list(r, HOSTS_ENDPOINTS), h->endpoints, h->endpoint_count, h->name,
               (struct span){0}, row_is_lean(r));
    row_name(r, HOSTS_MX_REGISTRABLE_DOMAIN, h->registrable);
    put_operators(r, HOSTS_MX_OPERATOR, HOSTS_MX_OPERATORS, HOSTS_MX_OPERATOR_SOURCE, operators);
    put_sides(r, h);
    put_findings(row_list(r, HOSTS_FINDINGS), findings);
    row_sink_end(sink, TABLE_HOSTS);
}

void report_host(struct row_sink *sink, const struct seen_host *h,
                 const struct dane_host_verdict *v, const struct operator_set *operators,
                 const struct findings *findings)
{
    if (row_sink_wants(sink, TABLE_HOSTS)) {
        put_host_row(sink, h, v, operators, findings);
    }
    report_finding_rows(sink, TABLE_HOSTS, h->name, findings);
}
