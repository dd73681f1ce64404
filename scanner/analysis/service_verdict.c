#include "scanner/analysis/service_verdict.h"

#include "scanner/analysis/endpoint_verdict.h"
#include "scanner/analysis/generic_name.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/cert_names.h"
#include "scanner/domain/domain_name.h"

void service_verdict_init(struct service_verdict *v)
{
    *v = (struct service_verdict){
        .server_name = BUF_INIT(BUF_NO_LIMIT),
        .greeting_name = BUF_INIT(BUF_NO_LIMIT),
        .ehlo_name = BUF_INIT(BUF_NO_LIMIT),
        .names = BUF_INIT(CERT_NAMES_PACKED_MAX),
        .ptr_name = BUF_INIT(BUF_NO_LIMIT),
    };
}

void service_verdict_deinit(struct service_verdict *v)
{
    buf_deinit(&v->server_name);
    buf_deinit(&v->greeting_name);
    buf_deinit(&v->ehlo_name);
    buf_deinit(&v->names);
    buf_deinit(&v->ptr_name);
}

static enum truth ptr_truth_of(bool yes)
{
    return yes ? TRUTH_YES : TRUTH_NO;
}

static bool is_accepted(const struct seen_smtp *smtp, enum smtp_step step)
{
    return smtp->reply[step].code / 100 == 2;
}

static void take_server_names(struct service_verdict *v, const struct seen_smtp *smtp)
{
    struct seen_smtp greeting = {.starttls = smtp->starttls};
    struct seen_smtp rest = *smtp;
    greeting.reply[SMTP_STEP_GREETING] = smtp->reply[SMTP_STEP_GREETING];
    rest.reply[SMTP_STEP_GREETING] = (struct seen_reply){0};
    server_name_put(smtp, &v->server_name);
    server_name_put(&greeting, &v->greeting_name);
    server_name_put(&rest, &v->ehlo_name);
    v->answered = is_accepted(smtp, SMTP_STEP_GREETING);
    v->introduced =
        v->answered && (is_accepted(smtp, SMTP_STEP_EHLO) || is_accepted(smtp, SMTP_STEP_HELO));
    if (v->greeting_name.len > 0 && v->ehlo_name.len > 0) {
        v->relations.greeting_is_ehlo =
            ptr_truth_of(span_eq(buf_span(&v->greeting_name), buf_span(&v->ehlo_name)));
    }
}

/* @return false: no certificate, or none that can be read. */
static bool take_certificate_names(struct service_verdict *v, const struct seen_session *s)
{
    struct span rest = s->tls_attempted ? s->tls.list : (struct span){0};
    struct span leaf;
    return cert_list_next(&rest, &leaf) && cert_names_pack(leaf, &v->names);
}

/* The name of a PTR record leads, or does not lead, back: both for good. */
static bool is_settled(enum dns_state forward)
{
    return forward != DNS_NOT_ASKED && !dns_state_is_temporary(forward);
}

static enum truth forward_confirmed(const struct seen_ptr *ptr)
{
    bool settled = !ptr->dns.truncated;
    for (size_t i = 0; i < ptr->name_count; i++) {
        if (ptr->forward_confirmed[i]) {
            return TRUTH_YES;
        }
        settled = settled && is_settled((enum dns_state)ptr->forward_state[i]);
    }
    return settled ? TRUTH_NO : TRUTH_UNKNOWN;
}

static enum truth ptr_is_generic(const struct seen_service *s)
{
    for (size_t i = 0; i < s->ptr.name_count; i++) {
        if (!name_is_generic(s->ptr.names[i], &s->address)) {
            return TRUTH_NO;
        }
    }
    return s->ptr.dns.truncated ? TRUTH_UNKNOWN : TRUTH_YES;
}

/* One PTR name for which it holds is enough; one that is not kept could be it. */
static enum truth holds_for_some(const struct seen_ptr *ptr, struct service_verdict *v,
                                 bool (*holds)(const struct service_verdict *v, struct span name))
{
    for (size_t i = 0; i < ptr->name_count; i++) {
        buf_reset(&v->ptr_name);
        if (host_name_normalise(ptr->names[i], &v->ptr_name, NULL) &&
            holds(v, buf_span(&v->ptr_name))) {
            return TRUTH_YES;
        }
    }
    return ptr->dns.truncated ? TRUTH_UNKNOWN : TRUTH_NO;
}

static bool is_server_name(const struct service_verdict *v, struct span name)
{
    return span_eq(name, buf_span(&v->server_name));
}

static bool is_covered(const struct service_verdict *v, struct span name)
{
    return name_match_covers(buf_span(&v->names), name);
}

void service_verdict_fill(struct service_verdict *v, const struct seen_service *s)
{
    buf_reset(&v->server_name);
    buf_reset(&v->greeting_name);
    buf_reset(&v->ehlo_name);
    buf_reset(&v->names);
    v->answered = false;
    v->introduced = false;
    v->relations = (struct name_relations){.forward_confirmed = TRUTH_UNKNOWN}; /* and all others */
    bool has_certificate = false;
    if (s->result != NULL) {
        take_server_names(v, &s->result->smtp);
        has_certificate = take_certificate_names(v, s->result);
    }
    struct name_relations *r = &v->relations;
    if (has_certificate && v->server_name.len > 0) {
        r->certificate_covers_server_name = ptr_truth_of(is_covered(v, buf_span(&v->server_name)));
    }
    if (s->ptr.name_count == 0) {
        return;
    }
    r->forward_confirmed = forward_confirmed(&s->ptr);
    r->ptr_is_generic = ptr_is_generic(s);
    if (v->server_name.len > 0) {
        r->ptr_is_server_name = holds_for_some(&s->ptr, v, is_server_name);
    }
    if (has_certificate) {
        r->certificate_covers_ptr = holds_for_some(&s->ptr, v, is_covered);
    }
}
