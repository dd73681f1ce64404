#include "scanner/report/row_parts.h"

#include "scanner/observation/tls_names.h"

#define RCODE_NONE UINT8_MAX

void service_key_put(struct buf *key, const struct net_addr *address, uint16_t port)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(address, text);
    buf_put_text(key, text);
    buf_put_char(key, '|');
    buf_put_u64(key, port);
}

void endpoint_key_put(struct buf *key, struct span host, const struct net_addr *address,
                      uint16_t port)
{
    buf_put(key, host);
    buf_put_char(key, '|');
    service_key_put(key, address, port);
}

void put_dns(struct object *o, const struct seen_dns *dns)
{
    enum dns_state state = (enum dns_state)dns->state;
    object_word(o, DNS_FACTS_STATE, dns_state_word(state));
    if (state != DNS_NOT_ASKED && dns->rcode != RCODE_NONE) {
        object_uint(o, DNS_FACTS_RCODE, dns->rcode);
        object_bool(o, DNS_FACTS_AD, dns->ad);
        object_bool(o, DNS_FACTS_RRSIG_PRESENT, dns->rrsig_present);
        object_natural(o, DNS_FACTS_EDE, dns->ede);
        object_bool(o, DNS_FACTS_TCP, dns->tcp);
        object_uint(o, DNS_FACTS_CNAME_COUNT, dns->cname_count);
        object_bool(o, DNS_FACTS_TRUNCATED, dns->truncated);
    }
    if (state == DNS_DATA || state == DNS_BOGUS) {
        object_uint(o, DNS_FACTS_TTL, dns->ttl);
    }
    object_close(o);
}

static const char *not_tested_or_null(enum session_outcome outcome, enum not_tested_reason reason)
{
    bool told = outcome == OUTCOME_NOT_TESTED && reason != NOT_TESTED_NONE;
    return told ? not_tested_word(reason) : NULL;
}

void put_briefs(struct list *l, const struct endpoint_brief *briefs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct endpoint_brief *b = &briefs[i];
        enum session_outcome outcome = (enum session_outcome)b->outcome;
        struct object *o = list_object(l);
        object_address(o, BRIEF_ADDRESS, &b->address);
        object_uint(o, BRIEF_PORT, b->port);
        object_word(o, BRIEF_OUTCOME, outcome_info(outcome)->word);
        object_word(o, BRIEF_NOT_TESTED,
                    not_tested_or_null(outcome, (enum not_tested_reason)b->not_tested));
        object_word(o, BRIEF_STARTTLS, starttls_word((enum starttls_state)b->starttls));
        object_word(o, BRIEF_TLS_VERSION, tls_version_word(b->tls_version));
        object_sha256(o, BRIEF_LEAF_SHA256, b->leaf_sha256);
        object_bool(o, BRIEF_INHERITED, b->inherited != 0);
        object_close(o);
    }
    list_close(l);
}

void put_texts(struct list *l, const struct span *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        list_text(l, texts[i]);
    }
    list_close(l);
}

void put_findings(struct list *l, const struct findings *findings)
{
    for (size_t i = 0; findings != NULL && i < findings->count; i++) {
        const struct finding *f = &findings->item[i];
        struct object *o = list_object(l);
        object_word(o, FINDING_FACTS_CODE, finding_info(f->code)->code);
        object_word(o, FINDING_FACTS_SEVERITY, severity_word(f->severity));
        object_name(o, FINDING_FACTS_EVIDENCE, findings_evidence(findings, i));
        object_close(o);
    }
    list_close(l);
}

void report_finding_rows(struct row_sink *sink, enum table_id table, struct span key,
                         const struct findings *findings)
{
    if (findings == NULL || !row_sink_wants(sink, TABLE_FINDINGS)) {
        return;
    }
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *f = &findings->item[i];
        struct row *r = row_sink_begin(sink, TABLE_FINDINGS);
        row_word(r, FINDINGS_TABLE, table_name(table));
        row_text(r, FINDINGS_KEY, key);
        row_word(r, FINDINGS_CODE, finding_info(f->code)->code);
        row_word(r, FINDINGS_SEVERITY, severity_word(f->severity));
        row_name(r, FINDINGS_EVIDENCE, findings_evidence(findings, i));
        row_sink_end(sink, TABLE_FINDINGS);
    }
}
