#include "scanner/view/domain_view.h"

#include <stdlib.h>

#include "scanner/base/memory.h"
#include "scanner/observation/seen_target.h"

#define SMTP_PORT 25

void route_put_address(struct buf *out, const struct facts *brief)
{
    uint16_t port = facts_u16(brief, BRIEF_PORT);
    buf_put_text(out, facts_string_or(brief, BRIEF_ADDRESS, "?"));
    if (port != SMTP_PORT) {
        buf_putf(out, " port %d", port);
    }
}

bool route_is_unstable(const struct route_view *r)
{
    return facts_has(&r->service, SERVICES_OUTCOME) &&
           outcomes_are_unstable(r->outcome,
                                 facts_enum(&r->service, SERVICES_OUTCOME, &outcome_vocabulary));
}

bool route_is_in_clear(const struct route_view *r)
{
    if (route_is_unstable(r)) {
        return false;
    }
    return r->outcome == OUTCOME_STARTTLS_NOT_OFFERED || r->outcome == OUTCOME_STARTTLS_MASKED ||
           r->outcome == OUTCOME_HELO_ONLY;
}

bool route_ends_with_tls(const struct route_view *r)
{
    return smtp_has_quirk(r->quirks, SMTP_QUIRK_LOST_AFTER_TLS) ||
           smtp_has_quirk(r->quirks, SMTP_QUIRK_REFUSED_AFTER_TLS) ||
           smtp_has_quirk(r->quirks, SMTP_QUIRK_SILENT_AFTER_TLS);
}

bool route_is_misnamed(const struct route_view *r)
{
    enum name_match match = facts_enum(&r->brief, BRIEF_NAME_MATCH, &name_match_vocabulary);
    enum chain_status status = facts_enum(&r->brief, BRIEF_CHAIN_STATUS, &chain_status_vocabulary);
    return facts_truth(&r->brief, BRIEF_ACCEPTABLE) == TRUTH_NO && status == CHAIN_TRUSTED &&
           facts_has(&r->brief, BRIEF_NAME_MATCH) && !name_match_is_match(match);
}

static bool routes_have_same_address(const struct route_view *a, const struct route_view *b)
{
    return facts_u16(&a->brief, BRIEF_PORT) == facts_u16(&b->brief, BRIEF_PORT) &&
           strcmp(facts_string_or(&a->brief, BRIEF_ADDRESS, ""),
                  facts_string_or(&b->brief, BRIEF_ADDRESS, "")) == 0;
}

size_t routes_count_addresses(const struct domain_view *v, bool (*test)(const struct route_view *r))
{
    size_t n = 0;
    for (size_t i = 0; i < v->route_count; i++) {
        const struct route_view *r = &v->route[i];
        bool counts = r->tells && (test == NULL || test(r));
        for (size_t k = 0; k < i && counts; k++) {
            const struct route_view *before = &v->route[k];
            counts = !before->tells || (test != NULL && !test(before)) ||
                     !routes_have_same_address(before, r);
        }
        n += counts;
    }
    return n;
}

bool route_fails_dane(const struct route_view *r)
{
    enum dane_status dane = facts_enum(&r->brief, BRIEF_DANE, &dane_status_vocabulary);
    return dane == DANE_FAILED || dane == DANE_NO_TLS || dane == DANE_MISMATCH;
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
        .facts = result_rows_facts(v->rows, TABLE_CHAINS, chain_id),
        .completed = result_rows_facts(v->rows, TABLE_COMPLETIONS, chain_id),
        .chain_id = chain_id,
        .counts = counts,
    };
    return (int)v->chain_count++;
}

/** The session that speaks for the endpoint: its own, or that of the row it names. */
static void find_session(const struct domain_view *v, struct route_view *r)
{
    const char *from = facts_string(&r->endpoint, ENDPOINTS_SESSION_FROM);
    struct facts service = result_rows_facts(v->rows, TABLE_SERVICES, from);
    struct facts endpoint = result_rows_facts(v->rows, TABLE_ENDPOINTS, from);
    if (r->endpoint.object == NULL) {
        service = r->service;
    } else if (endpoint.object == NULL) {
        endpoint = r->endpoint;
    }
    bool of_service = service.object != NULL;
    r->transcript = of_service ? facts_member(&service, SERVICES_TRANSCRIPT)
                               : facts_member(&endpoint, ENDPOINTS_TRANSCRIPT);
    r->handshake = of_service ? facts_member(&service, SERVICES_HANDSHAKE)
                              : facts_member(&endpoint, ENDPOINTS_HANDSHAKE);
    r->quirks = facts_bits(&r->transcript, TRANSCRIPT_QUIRKS, &smtp_quirk_vocabulary);
    r->forms = facts_bits(&r->transcript, TRANSCRIPT_FORMS, &smtp_form_vocabulary);
}

static void find_chains(struct domain_view *v, struct route_view *r)
{
    struct facts other_key = facts_member(&r->endpoint, ENDPOINTS_OTHER_KEY);
    struct facts dane_sni = facts_member(&r->endpoint, ENDPOINTS_DANE_SNI);
    r->chain = add_chain(v, facts_string(&r->endpoint, ENDPOINTS_CHAIN_ID), true);
    r->default_chain = add_chain(v, facts_string(&r->service, SERVICES_CHAIN_ID), r->chain < 0);
    r->other_chain = add_chain(v, facts_string(&other_key, OTHER_KEY_FACTS_CHAIN_ID), true);
    r->dane_chain = add_chain(v, facts_string(&dane_sni, DANE_SNI_FACTS_CHAIN_ID), true);
}

static void add_route(struct domain_view *v, size_t mx_index, const struct facts *mx,
                      const char *host, const struct facts *brief)
{
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    struct route_view r = {.mx_index = mx_index, .mx = *mx, .host = host, .brief = *brief};
    buf_putf(&key, "%s|%s|%d", host, facts_string_or(brief, BRIEF_ADDRESS, ""),
             facts_u16(brief, BRIEF_PORT));
    buf_put_char(&key, '\0');
    const char *endpoint = (const char *)key.at;
    const char *service = strchr(endpoint, '|') + 1;
    r.endpoint_row = result_rows_find(v->rows, TABLE_ENDPOINTS, endpoint);
    r.service_row = result_rows_find(v->rows, TABLE_SERVICES, service);
    r.endpoint = result_rows_facts(v->rows, TABLE_ENDPOINTS, endpoint);
    r.service = result_rows_facts(v->rows, TABLE_SERVICES, service);
    r.outcome = facts_enum(brief, BRIEF_OUTCOME, &outcome_vocabulary);
    find_session(v, &r);
    find_chains(v, &r);
    v->route = memory_grow_list(v->route, v->route_count, sizeof(*v->route));
    v->route[v->route_count++] = r;
    buf_deinit(&key);
}

static void find_rows(struct domain_view *v)
{
    size_t count = facts_list_len(&v->domain, DOMAINS_MX);
    for (size_t i = 0; i < count; i++) {
        struct facts mx;
        facts_list_object(&v->domain, DOMAINS_MX, i, &mx);
        size_t briefs = facts_list_len(&mx, MX_FACTS_ENDPOINTS);
        add_host(v, facts_string(&mx, MX_FACTS_HOST));
        for (size_t k = 0; k < briefs; k++) {
            struct facts brief;
            facts_list_object(&mx, MX_FACTS_ENDPOINTS, k, &brief);
            add_route(v, i, &mx, facts_string_or(&mx, MX_FACTS_HOST, ""), &brief);
        }
    }
}

static void domain_view_find_policy(struct domain_view *v)
{
    const char *host = facts_string(&v->mta_sts, MTA_STS_FACTS_POLICY_HOST);
    v->policy = result_rows_find(v->rows, TABLE_POLICIES, host);
    v->policy_facts = result_rows_facts(v->rows, TABLE_POLICIES, host);
    v->policy_body = result_rows_find(v->rows, TABLE_POLICY_BODIES,
                                      facts_string(&v->policy_facts, POLICIES_POLICY_SHA256));
    v->policy_chain = add_chain(v, facts_string(&v->policy_facts, POLICIES_CHAIN_ID), true);
}

/** Mail comes by port 25; the others are judged for the domain where nothing else was asked for. */
static void mark_routes(struct domain_view *v)
{
    bool any = false;
    for (size_t i = 0; i < v->route_count; i++) {
        any = any || facts_u16(&v->route[i].brief, BRIEF_PORT) == SMTP_PORT;
    }
    v->has_smtp_port = any;
    for (size_t i = 0; i < v->route_count; i++) {
        v->route[i].tells = !any || facts_u16(&v->route[i].brief, BRIEF_PORT) == SMTP_PORT;
    }
}

/* --- findings -------------------------------------------------------------------------------- */

static bool has_code(const struct facts *row, unsigned column, enum finding_code code)
{
    size_t count = facts_list_len(row, column);
    for (size_t i = 0; i < count; i++) {
        struct facts finding;
        facts_list_object(row, column, i, &finding);
        if (strcmp(facts_string_or(&finding, FINDING_FACTS_CODE, ""), finding_info(code)->code) ==
            0) {
            return true;
        }
    }
    return false;
}

#define NO_CODE FINDING_COUNT

/* Of MTA-STS and TLS-RPT, which are a domain's and not a server's. */
static bool is_of_policies(enum finding_code code)
{
    const char *word = finding_info(code)->code;
    return strncmp(word, "sts.", 4) == 0 || strncmp(word, "tlsrpt.", 7) == 0;
}

/** The list of findings of a row. @param but a code that is told otherwise, or NO_CODE */
static void add_findings(struct domain_view *v, const struct facts *row, unsigned column,
                         const char *where, bool counts, enum finding_code but)
{
    size_t count = facts_list_len(row, column);
    for (size_t i = 0; i < count; i++) {
        struct facts finding;
        struct found f = {.counts = counts};
        facts_list_object(row, column, i, &finding);
        f.evidence = facts_string_or(&finding, FINDING_FACTS_EVIDENCE, "");
        f.severity = facts_enum(&finding, FINDING_FACTS_SEVERITY, &severity_vocabulary);
        if (!finding_code_find(facts_string_or(&finding, FINDING_FACTS_CODE, ""), &f.code)) {
            facts_bad(&finding, FINDING_FACTS_CODE, "has a word that this version does not know");
            continue;
        }
        if (f.code == but || (v->setting.host_only && is_of_policies(f.code))) {
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
    buf_putf(&place, "%s port %d", facts_string_or(&r->brief, BRIEF_ADDRESS, ""),
             facts_u16(&r->brief, BRIEF_PORT));
    buf_put_char(&place, '\0');
    const char *rest = without_prefix(evidence, (const char *)place.at);
    if (rest != evidence) {
        buf_reset(&place);
        buf_putf(&place, ", host %s", r->host);
        buf_put_char(&place, '\0');
        rest = without_prefix(rest, (const char *)place.at);
        rest = without_prefix(without_prefix(rest, ": "), ", ");
    }
    buf_deinit(&place);
    return rest;
}

static void add_findings_of_routes(struct domain_view *v)
{
    struct buf where = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < v->route_count; i++) {
        const struct route_view *r = &v->route[i];
        size_t first = v->found_count;
        buf_reset(&where);
        route_put_address(&where, &r->brief);
        buf_put_char(&where, '\0');
        const char *at = (const char *)where.at;
        add_findings(v, &r->service, SERVICES_FINDINGS, at, true, NO_CODE);
        add_findings(v, &r->endpoint, ENDPOINTS_FINDINGS, at, true, NO_CODE);
        for (size_t k = first; k < v->found_count; k++) {
            v->found[k].evidence = without_place(v->found[k].evidence, r);
        }
    }
    buf_deinit(&where);
}

static void add_findings_of_certificates(struct domain_view *v, const struct chain_view *c)
{
    size_t count = facts_list_len(&c->facts, CHAINS_CERTIFICATES);
    for (size_t i = 0; i < count; i++) {
        const char *fingerprint = facts_list_string(&c->facts, CHAINS_CERTIFICATES, i);
        struct facts row = result_rows_facts(v->rows, TABLE_CERTIFICATES, fingerprint);
        const char *name = facts_string(&row, CERTIFICATES_SUBJECT_CN);
        name = name != NULL ? name : facts_string_or(&row, CERTIFICATES_SUBJECT_DN, "");
        add_findings(v, &row, CERTIFICATES_FINDINGS, name[0] != '\0' ? name : "a certificate",
                     c->counts, NO_CODE);
    }
}

static void add_findings_of_chains(struct domain_view *v)
{
    for (size_t i = 0; i < v->chain_count; i++) {
        const struct chain_view *c = &v->chain[i];
        char where[32];
        (void)snprintf(where, sizeof(where), "chain %zu", i + 1);
        /* A chain that could be completed says so; that its issuer is unknown is the same fault. */
        bool completed =
            has_code(&c->completed, COMPLETIONS_FINDINGS, FINDING_CHAIN_MISSING_INTERMEDIATE);
        add_findings(v, &c->facts, CHAINS_FINDINGS, where, c->counts,
                     completed ? FINDING_CHAIN_ISSUER_UNKNOWN : NO_CODE);
        add_findings(v, &c->completed, COMPLETIONS_FINDINGS, where, c->counts, NO_CODE);
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
    add_findings(v, &v->domain, DOMAINS_FINDINGS, "the domain", true, NO_CODE);
    for (size_t i = 0; i < v->host_count; i++) {
        add_findings(v, &v->host[i]->facts, HOSTS_FINDINGS, v->host[i]->key, true, NO_CODE);
    }
    if (v->policy != NULL) {
        add_findings(v, &v->policy_facts, POLICIES_FINDINGS, v->policy->key, true, NO_CODE);
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
    domain_view_init_as(v, rows, domain, &(struct view_setting){.as_if = NULL});
}

void domain_view_init_as(struct domain_view *v, const struct result_rows *rows,
                         const struct result_row *domain, const struct view_setting *setting)
{
    *v = (struct domain_view){
        .setting = *setting, .rows = rows, .row = domain, .domain = domain->facts};
    v->mta_sts = facts_member(&v->domain, DOMAINS_MTA_STS);
    sender_outcomes_init(&v->outcomes, &v->domain);
    find_rows(v);
    domain_view_find_policy(v);
    mark_routes(v);
    find_findings(v);
}

static void add_host_routes(struct domain_view *v, size_t host, const char *address)
{
    size_t count = facts_list_len(&v->host[host]->facts, HOSTS_ENDPOINTS);
    for (size_t i = 0; i < count; i++) {
        struct facts brief;
        facts_list_object(&v->host[host]->facts, HOSTS_ENDPOINTS, i, &brief);
        if (address == NULL || strcmp(facts_string_or(&brief, BRIEF_ADDRESS, ""), address) == 0) {
            add_route(v, host, &(struct facts){.object = NULL}, v->host[host]->key, &brief);
        }
    }
}

void domain_view_init_hosts(struct domain_view *v, const struct result_rows *rows,
                            const char *address, const struct view_setting *setting)
{
    const struct result_table *hosts = &rows->table[TABLE_HOSTS];
    *v = (struct domain_view){
        .setting = *setting, .rows = rows, .domain = facts_of_nothing(TABLE_DOMAINS)};
    v->mta_sts = facts_member(&v->domain, DOMAINS_MTA_STS);
    v->policy_facts = facts_of_nothing(TABLE_POLICIES);
    v->policy_chain = -1;
    for (size_t i = 0; i < hosts->count; i++) {
        add_host(v, hosts->row[i].key);
    }
    for (size_t i = 0; i < v->host_count; i++) {
        add_host_routes(v, i, address);
    }
    mark_routes(v);
    find_findings(v);
}

void domain_view_deinit(struct domain_view *v)
{
    for (size_t i = 0; i < v->found_count; i++) {
        free(v->found[i].where);
    }
    sender_outcomes_deinit(&v->outcomes);
    free(v->host);
    free(v->route);
    free(v->chain);
    free(v->found);
    *v = (struct domain_view){0};
}
