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

static enum session_outcome outcome_of(const struct seen_session *result)
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

void report_service(struct row_sink *sink, const struct seen_service *s,
                    const struct service_verdict *v, const struct findings *findings)
{
    (void)v;
    const struct seen_session *result = s->result;
    enum session_outcome outcome = outcome_of(result);
    buf_reset(&sink->key);
    service_key_put(&sink->key, &s->address, s->port);
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
        put_transcript(row_object(r, SERVICES_TRANSCRIPT), &result->smtp);
    }
    if (has_handshake(result)) {
        row_word(r, SERVICES_TLS_VERSION,
                 tls_version_word(result->tls.completed ? result->tls.version : 0));
        row_sha256(r, SERVICES_CHAIN_ID, result->tls.chain_id);
        row_sha256(r, SERVICES_LEAF_SHA256, result->tls.leaf_sha256);
        put_handshake(row_object(r, SERVICES_HANDSHAKE), result);
    }
    put_attempts(row_list(r, SERVICES_ATTEMPTS), s->attempts, s->attempt_count);
    row_natural(r, SERVICES_ATTEMPT, attempt_number(s->attempts, s->attempt_count, result));
    if (s->ptr.dns.state != DNS_NOT_ASKED) {
        put_ptr(row_object(r, SERVICES_PTR), &s->ptr);
    }
    row_uint(r, SERVICES_NAMES_TOTAL, s->names_total);
    row_uint(r, SERVICES_NAMES_DIALLED, s->names_dialled);
    put_findings(row_list(r, SERVICES_FINDINGS), findings);
    row_sink_end(sink, TABLE_SERVICES);
    report_finding_rows(sink, TABLE_SERVICES, buf_span(&sink->key), findings);
}

static void put_endpoint_keys(struct row_sink *sink, struct row *r, const struct seen_endpoint *e)
{
    buf_reset(&sink->key);
    endpoint_key_put(&sink->key, e->host, &e->address, e->port);
    struct span endpoint = buf_span(&sink->key);
    row_text(r, ENDPOINTS_ENDPOINT, endpoint);
    row_text(r, ENDPOINTS_HOST, e->host);
    row_text(r, ENDPOINTS_SERVICE, span_drop(endpoint, e->host.len + 1));
    row_address(r, ENDPOINTS_ADDRESS, &e->address);
    row_uint(r, ENDPOINTS_PORT, e->port);
}

void report_endpoint(struct row_sink *sink, const struct seen_endpoint *e,
                     const struct endpoint_verdict *v, const struct findings *findings)
{
    (void)v;
    const struct seen_session *result = e->result;
    enum session_outcome outcome = outcome_of(result);
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
    row_sha256(r, ENDPOINTS_NO_SNI_LEAF_SHA256, e->no_sni_leaf_sha256);
    row_name(r, ENDPOINTS_SESSION_FROM, e->session_from);
    row_bool(r, ENDPOINTS_REPEATED, e->repeated);
    row_bool(r, ENDPOINTS_UNSTABLE, e->unstable);
    put_attempts(row_list(r, ENDPOINTS_ATTEMPTS), e->attempts, e->attempt_count);
    row_natural(r, ENDPOINTS_ATTEMPT, attempt_number(e->attempts, e->attempt_count, result));
    if (own && has_connection(result)) {
        put_transcript(row_object(r, ENDPOINTS_TRANSCRIPT), &result->smtp);
    }
    if (own && has_handshake(result)) {
        put_handshake(row_object(r, ENDPOINTS_HANDSHAKE), result);
    }
    put_findings(row_list(r, ENDPOINTS_FINDINGS), findings);
    row_sink_end(sink, TABLE_ENDPOINTS);
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
        object_close(o);
    }
    list_close(l);
}

void report_host(struct row_sink *sink, const struct seen_host *h, const struct findings *findings)
{
    struct row *r = row_sink_begin(sink, TABLE_HOSTS);
    row_text(r, HOSTS_HOST, h->name);
    put_dns(row_object(r, HOSTS_A_DNS), &h->a);
    put_dns(row_object(r, HOSTS_AAAA_DNS), &h->aaaa);
    put_texts(row_list(r, HOSTS_CNAMES), h->cnames, h->cname_count);
    struct list *addresses = row_list(r, HOSTS_ADDRESSES);
    for (size_t i = 0; i < h->address_count; i++) {
        list_address(addresses, &h->addresses[i]);
    }
    list_close(addresses);
    row_uint(r, HOSTS_ADDRESSES_TRUNCATED, h->addresses_truncated);
    put_dns(row_object(r, HOSTS_TLSA_DNS), &h->tlsa);
    put_tlsas(row_list(r, HOSTS_TLSA), h->tlsas, h->tlsa_count);
    row_bool(r, HOSTS_BLOCKLISTED, h->blocklisted);
    put_briefs(row_list(r, HOSTS_ENDPOINTS), h->endpoints, h->endpoint_count);
    put_findings(row_list(r, HOSTS_FINDINGS), findings);
    row_sink_end(sink, TABLE_HOSTS);
    report_finding_rows(sink, TABLE_HOSTS, h->name, findings);
}
