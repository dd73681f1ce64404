#include "scanner/view/domain_view.h"

#include <stdlib.h>

#include "scanner/base/memory.h"

#define SMTP_PORT 25

void route_put_address(struct buf *out, const json_t *brief)
{
    const char *address = value_text(brief, "address");
    int64_t port = value_int(brief, "port", SMTP_PORT);
    buf_put_text(out, address != NULL ? address : "?");
    if (port != SMTP_PORT) {
        buf_putf(out, " port %lld", (long long)port);
    }
}

bool route_is_in_clear(const struct route_view *r)
{
    const char *outcome = value_text(r->brief, "outcome");
    if (outcome == NULL) {
        return false;
    }
    return strcmp(outcome, "starttls_not_offered") == 0 ||
           strcmp(outcome, "starttls_masked") == 0 || strcmp(outcome, "helo_only") == 0;
}

bool route_has_quirk(const struct route_view *r, const char *quirk)
{
    const json_t *quirks = json_object_get(value_object(r->session, "transcript"), "quirks");
    for (size_t i = 0; i < json_array_size(quirks); i++) {
        const char *word = json_string_value(json_array_get(quirks, i));
        if (word != NULL && strcmp(word, quirk) == 0) {
            return true;
        }
    }
    return false;
}

bool route_has_form(const struct route_view *r)
{
    return json_array_size(json_object_get(value_object(r->session, "transcript"), "forms")) > 0;
}

bool route_ends_with_tls(const struct route_view *r)
{
    return route_has_quirk(r, "lost_after_tls") || route_has_quirk(r, "refused_after_tls") ||
           route_has_quirk(r, "silent_after_tls");
}

/* --- rows ------------------------------------------------------------------------------------ */

static void add_host(struct domain_view *v, const char *name)
{
    const struct result_row *row = result_rows_find(v->rows, TABLE_HOSTS, name);
    for (size_t i = 0; i < v->host_count; i++) {
        if (v->host[i] == row) {
            return;
        }
    }
    if (row != NULL) {
        v->host = memory_grow_list(v->host, v->host_count, sizeof(const struct result_row *));
        v->host[v->host_count++] = row;
    }
}

static int add_chain(struct domain_view *v, const char *chain_id, bool counts)
{
    if (chain_id == NULL) {
        return -1;
    }
    for (size_t i = 0; i < v->chain_count; i++) {
        if (strcmp(v->chain[i].chain_id, chain_id) == 0) {
            v->chain[i].counts = v->chain[i].counts || counts;
            return (int)i;
        }
    }
    v->chain = memory_grow_list(v->chain, v->chain_count, sizeof(*v->chain));
    v->chain[v->chain_count] = (struct chain_view){
        .chain = result_rows_find(v->rows, TABLE_CHAINS, chain_id),
        .completion = result_rows_find(v->rows, TABLE_COMPLETIONS, chain_id),
        .chain_id = chain_id,
        .counts = counts,
    };
    return (int)v->chain_count++;
}

static const json_t *value_of(const struct result_row *row)
{
    return row != NULL ? row->value : NULL;
}

/** The row whose session speaks for the endpoint: its own, or the one it names. */
static const json_t *session_of(const struct domain_view *v, const struct result_row *endpoint)
{
    const char *from = value_text(value_of(endpoint), "session_from");
    const struct result_row *service = result_rows_find(v->rows, TABLE_SERVICES, from);
    const struct result_row *other = result_rows_find(v->rows, TABLE_ENDPOINTS, from);
    return service != NULL ? service->value : other != NULL ? other->value : value_of(endpoint);
}

static void add_route(struct domain_view *v, const json_t *mx, const json_t *brief)
{
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    const char *host = value_text(mx, "host");
    const char *address = value_text(brief, "address");
    long long port = (long long)value_int(brief, "port", 0);
    struct route_view r = {.mx = mx, .brief = brief};
    buf_putf(&key, "%s|%s|%lld", host ? host : "", address ? address : "", port);
    buf_put_char(&key, '\0');
    r.endpoint = result_rows_find(v->rows, TABLE_ENDPOINTS, (const char *)key.at);
    r.service = result_rows_find(v->rows, TABLE_SERVICES, strchr((const char *)key.at, '|') + 1);
    r.session = r.endpoint != NULL ? session_of(v, r.endpoint) : value_of(r.service);
    r.chain = add_chain(v, value_text(value_of(r.endpoint), "chain_id"), true);
    r.default_chain = add_chain(v, value_text(value_of(r.service), "chain_id"), r.chain < 0);
    const json_t *other_key = value_object(value_of(r.endpoint), "other_key");
    r.other_chain = add_chain(v, value_text(other_key, "chain_id"), true);
    const json_t *dane_sni = value_object(value_of(r.endpoint), "dane_sni");
    r.dane_chain = add_chain(v, value_text(dane_sni, "chain_id"), true);
    v->route = memory_grow_list(v->route, v->route_count, sizeof(*v->route));
    v->route[v->route_count++] = r;
    buf_deinit(&key);
}

static void find_rows(struct domain_view *v)
{
    const json_t *set = value_object(v->domain->value, "mx");
    for (size_t i = 0; i < json_array_size(set); i++) {
        const json_t *mx = json_array_get(set, i);
        const json_t *briefs = value_object(mx, "endpoints");
        add_host(v, value_text(mx, "host"));
        for (size_t k = 0; k < json_array_size(briefs); k++) {
            add_route(v, mx, json_array_get(briefs, k));
        }
    }
}

static void find_policy(struct domain_view *v)
{
    const json_t *sts = value_object(v->domain->value, "mta_sts");
    v->policy = result_rows_find(v->rows, TABLE_POLICIES, value_text(sts, "policy_host"));
    const json_t *policy = value_of(v->policy);
    v->policy_body =
        result_rows_find(v->rows, TABLE_POLICY_BODIES, value_text(policy, "policy_sha256"));
    v->policy_chain = add_chain(v, value_text(policy, "chain_id"), true);
}

/** Mail comes by port 25; the others are judged for the domain where nothing else was asked for. */
static void mark_routes(struct domain_view *v)
{
    bool any = false;
    for (size_t i = 0; i < v->route_count; i++) {
        any = any || value_int(v->route[i].brief, "port", 0) == SMTP_PORT;
    }
    v->has_smtp_port = any;
    for (size_t i = 0; i < v->route_count; i++) {
        v->route[i].tells = !any || value_int(v->route[i].brief, "port", 0) == SMTP_PORT;
    }
}

/* --- findings -------------------------------------------------------------------------------- */

static bool find_severity(const char *word, enum severity *out)
{
    for (enum severity s = 0; word != NULL && s < SEVERITY_COUNT; s++) {
        if (strcmp(word, severity_word(s)) == 0) {
            *out = s;
            return true;
        }
    }
    return false;
}

static bool has_code(const struct result_row *row, const char *code)
{
    const json_t *list = value_object(value_of(row), "findings");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *this = value_text(json_array_get(list, i), "code");
        if (this != NULL && strcmp(this, code) == 0) {
            return true;
        }
    }
    return false;
}

/** @param but a code that is told otherwise, or NULL */
static void add_findings(struct domain_view *v, const struct result_row *row, const char *where,
                         bool counts, const char *but)
{
    const json_t *list = value_object(value_of(row), "findings");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *finding = json_array_get(list, i);
        const char *code = value_text(finding, "code");
        const char *evidence = value_text(finding, "evidence");
        struct found f = {.evidence = evidence != NULL ? evidence : "", .counts = counts};
        if (code == NULL || !finding_code_find(code, &f.code) ||
            !find_severity(value_text(finding, "severity"), &f.severity) ||
            (but != NULL && strcmp(code, but) == 0)) {
            continue;
        }
        f.where = memory_new(strlen(where) + 1, 1);
        memcpy(f.where, where, strlen(where));
        v->found = memory_grow_list(v->found, v->found_count, sizeof(*v->found));
        v->found[v->found_count++] = f;
    }
}

/** Evidence may begin with the place, which is told beside it: the same fault at several addresses
 * then reads the same. */
static const char *without_prefix(const char *evidence, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(evidence, prefix, len) == 0 ? evidence + len : evidence;
}

static const char *without_place(const char *evidence, const struct route_view *r)
{
    struct buf place = BUF_INIT(BUF_NO_LIMIT);
    const char *host = value_text(r->mx, "host");
    const char *address = value_text(r->brief, "address");
    buf_putf(&place, "%s port %lld", address != NULL ? address : "",
             (long long)value_int(r->brief, "port", 0));
    buf_put_char(&place, '\0');
    const char *rest = without_prefix(evidence, (const char *)place.at);
    if (rest != evidence) {
        buf_reset(&place);
        buf_putf(&place, ", host %s", host != NULL ? host : "");
        buf_put_char(&place, '\0');
        rest = without_prefix(rest, (const char *)place.at);
        rest = without_prefix(without_prefix(rest, ": "), ", ");
    }
    buf_deinit(&place);
    return rest;
}

static void add_findings_of_route(struct domain_view *v, const struct route_view *r,
                                  const struct result_row *row, const char *where)
{
    size_t first = v->found_count;
    add_findings(v, row, where, true, NULL);
    for (size_t i = first; i < v->found_count; i++) {
        v->found[i].evidence = without_place(v->found[i].evidence, r);
    }
}

static void add_findings_of_routes(struct domain_view *v)
{
    struct buf where = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < v->route_count; i++) {
        const struct route_view *r = &v->route[i];
        buf_reset(&where);
        route_put_address(&where, r->brief);
        buf_put_char(&where, '\0');
        add_findings_of_route(v, r, r->service, (const char *)where.at);
        add_findings_of_route(v, r, r->endpoint, (const char *)where.at);
    }
    buf_deinit(&where);
}

static void add_findings_of_certificates(struct domain_view *v, const struct chain_view *c)
{
    const json_t *list = value_object(value_of(c->chain), "certificates");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *fingerprint = json_string_value(json_array_get(list, i));
        const struct result_row *row = result_rows_find(v->rows, TABLE_CERTIFICATES, fingerprint);
        const char *name = value_text(value_of(row), "subject_cn");
        name = name != NULL ? name : value_text(value_of(row), "subject_dn");
        add_findings(v, row, name != NULL && name[0] != '\0' ? name : "a certificate", c->counts,
                     NULL);
    }
}

static void add_findings_of_chains(struct domain_view *v)
{
    for (size_t i = 0; i < v->chain_count; i++) {
        const struct chain_view *c = &v->chain[i];
        char where[32];
        (void)snprintf(where, sizeof(where), "chain %zu", i + 1);
        /* A chain that could be completed says so; that its issuer is unknown is the same fault. */
        bool completed = has_code(c->completion, "chain.missing_intermediate");
        add_findings(v, c->chain, where, c->counts, completed ? "chain.issuer_unknown" : NULL);
        add_findings(v, c->completion, where, c->counts, NULL);
        add_findings_of_certificates(v, c);
    }
}

static int compare_found(const void *a, const void *b)
{
    const struct found *x = a;
    const struct found *y = b;
    if (x->counts != y->counts) {
        return x->counts ? -1 : 1;
    }
    if (x->severity != y->severity) {
        return x->severity > y->severity ? -1 : 1;
    }
    if (x->code != y->code) {
        return x->code < y->code ? -1 : 1;
    }
    int order = strcmp(x->evidence, y->evidence);
    return order != 0 ? order : strcmp(x->where, y->where);
}

/** One code has one severity in a report: the highest that it has somewhere. */
static void raise_severities(struct domain_view *v)
{
    enum severity highest[FINDING_COUNT][2] = {{0}};
    for (size_t i = 0; i < v->found_count; i++) {
        const struct found *f = &v->found[i];
        enum severity *h = &highest[f->code][f->counts];
        *h = f->severity > *h ? f->severity : *h;
    }
    for (size_t i = 0; i < v->found_count; i++) {
        v->found[i].severity = highest[v->found[i].code][v->found[i].counts];
    }
}

/** The same code, evidence and place: a certificate of two chains. */
static void drop_repeats(struct domain_view *v)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->found_count; i++) {
        if (kept > 0 && compare_found(&v->found[kept - 1], &v->found[i]) == 0) {
            free(v->found[i].where);
        } else {
            v->found[kept++] = v->found[i];
        }
    }
    v->found_count = kept;
}

static void count_codes(struct domain_view *v)
{
    for (size_t i = 0; i < v->found_count; i++) {
        const struct found *f = &v->found[i];
        if (f->counts && (i == 0 || v->found[i - 1].code != f->code)) {
            v->codes[f->severity]++;
        }
    }
}

static void find_findings(struct domain_view *v)
{
    add_findings(v, v->domain, "the domain", true, NULL);
    for (size_t i = 0; i < v->host_count; i++) {
        add_findings(v, v->host[i], v->host[i]->key, true, NULL);
    }
    if (v->policy != NULL) {
        add_findings(v, v->policy, v->policy->key, true, NULL);
    }
    add_findings_of_routes(v);
    add_findings_of_chains(v);
    raise_severities(v);
    if (v->found_count > 0) {
        qsort(v->found, v->found_count, sizeof(*v->found), compare_found);
    }
    drop_repeats(v);
    count_codes(v);
}

void domain_view_init(struct domain_view *v, const struct result_rows *rows,
                      const struct result_row *domain)
{
    *v = (struct domain_view){.rows = rows, .domain = domain};
    find_rows(v);
    find_policy(v);
    mark_routes(v);
    find_findings(v);
}

void domain_view_deinit(struct domain_view *v)
{
    for (size_t i = 0; i < v->found_count; i++) {
        free(v->found[i].where);
    }
    free(v->host);
    free(v->route);
    free(v->chain);
    free(v->found);
    *v = (struct domain_view){0};
}
