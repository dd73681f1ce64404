#include "scanner/analysis/reverse_dns_findings.h"

static void put_ptr_question(struct buf *evidence, const struct seen_service *s)
{
    evidence_put_address(evidence, &s->address);
    buf_putf(evidence, ": PTR %s", dns_state_word((enum dns_state)s->ptr.dns.state));
}

/* "192.0.2.1 -> a.test, b.test" */
static void put_ptr_names(struct buf *evidence, const struct seen_service *s)
{
    const struct seen_ptr *ptr = &s->ptr;
    evidence_put_address(evidence, &s->address);
    buf_put_text(evidence, " -> ");
    for (size_t i = 0; i < ptr->name_count && i < EVIDENCE_LIST_MAX; i++) {
        buf_put_text(evidence, i > 0 ? ", " : "");
        evidence_put(evidence, ptr->names[i]);
    }
    if (ptr->name_count > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, " and %zu more", ptr->name_count - EVIDENCE_LIST_MAX);
    }
}

static void put_forward_states(struct buf *evidence, const struct seen_ptr *ptr)
{
    const char *separator = " (";
    for (size_t i = 0; i < ptr->name_count && i < EVIDENCE_LIST_MAX; i++) {
        enum dns_state state = (enum dns_state)ptr->forward_state[i];
        const char *word = state == DNS_DATA ? "other addresses" : dns_state_word(state);
        buf_putf(evidence, "%s%s", separator, word);
        separator = ", ";
    }
    buf_put_char(evidence, ')');
}

static void names_findings(const struct seen_service *s, const struct service_verdict *v,
                           struct findings *out)
{
    const struct name_relations *r = &v->relations;
    if (s->ptr.name_count > 1) {
        put_ptr_names(findings_add_max(out, FINDING_RDNS_SEVERAL), s);
    }
    if (r->forward_confirmed == TRUTH_NO) {
        struct buf *evidence = findings_add_max(out, FINDING_RDNS_NOT_CONFIRMED);
        put_ptr_names(evidence, s);
        put_forward_states(evidence, &s->ptr);
    }
    if (r->ptr_is_generic == TRUTH_YES) {
        put_ptr_names(findings_add_max(out, FINDING_RDNS_GENERIC), s);
    }
    if (r->ptr_is_server_name == TRUTH_NO && v->ehlo_name.len > 0) {
        struct buf *evidence = findings_add_max(out, FINDING_RDNS_DIFFERS_FROM_EHLO);
        evidence_put(evidence, buf_span(&v->ehlo_name));
        buf_put_text(evidence, "; ");
        put_ptr_names(evidence, s);
    }
}

static void ptr_findings(const struct seen_service *s, const struct service_verdict *v,
                         struct findings *out)
{
    switch ((enum dns_state)s->ptr.dns.state) {
    case DNS_NOT_ASKED:
    case DNS_NAME_INVALID:
    case DNS_CNAME_LIMIT:
    case DNS_LOCAL_FAULT: /* ours, as the next two */
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
    case DNS_STATE_COUNT:
        return;
    case DNS_NODATA:
    case DNS_NXDOMAIN:
        put_ptr_question(findings_add_max(out, FINDING_RDNS_NONE), s);
        return;
    case DNS_SERVFAIL:
    case DNS_BOGUS:
    case DNS_TIMEOUT:
    case DNS_MALFORMED:
    case DNS_CNAME_LOOP:
        put_ptr_question(findings_add_max(out, FINDING_RDNS_FAILED), s);
        return;
    case DNS_DATA:
        names_findings(s, v, out);
        return;
    }
}

static void server_name_findings(const struct seen_service *s, const struct service_verdict *v,
                                 struct findings *out)
{
    if (v->relations.greeting_is_ehlo == TRUTH_NO) {
        struct buf *evidence = findings_add_max(out, FINDING_SMTP_NAMES_DIFFER);
        buf_put_text(evidence, "greeting ");
        evidence_put(evidence, buf_span(&v->greeting_name));
        buf_put_text(evidence, ", EHLO ");
        evidence_put(evidence, buf_span(&v->ehlo_name));
    }
    if (v->introduced && v->server_name.len == 0) {
        struct buf *evidence = findings_add_max(out, FINDING_SMTP_NO_HOST_NAME);
        const struct seen_reply *reply = s->result->smtp.reply;
        evidence_put(evidence, reply[SMTP_STEP_GREETING].text);
        buf_put_text(evidence, ", then ");
        bool ehlo = reply[SMTP_STEP_EHLO].code / 100 == 2;
        evidence_put(evidence, reply[ehlo ? SMTP_STEP_EHLO : SMTP_STEP_HELO].text);
    }
}

void reverse_dns_findings(const struct seen_service *s, const struct service_verdict *v,
                          struct findings *out)
{
    ptr_findings(s, v, out);
    server_name_findings(s, v, out);
}
