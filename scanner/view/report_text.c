#include "scanner/analysis/cipher_traits.h"
#include "scanner/analysis/will_break.h"
#include "scanner/dane/dane.h"
#include "scanner/observation/seen_target.h"
#include "scanner/observation/tls_names.h"
#include "scanner/view/report.h"

#define FACT_COLUMN 20 /* of what is told of an address */

/** Puts a text that buf functions made. */
static void put_made(struct paper *p, enum ink ink, struct buf *text)
{
    buf_put_char(text, '\0');
    paper_put(p, ink, (const char *)text->at);
    buf_deinit(text);
}

static void put_heading(struct paper *p, const char *text)
{
    paper_blank(p);
    paper_say(p, INK_STRONG, text);
}

/* --- server by server ------------------------------------------------------------------------ */

static void put_unusable(struct paper *p, const struct facts *mx)
{
    enum mx_name_kind kind = facts_enum(mx, MX_FACTS_NAME_KIND, &mx_name_kind_vocabulary);
    const char *unusable = facts_string(mx, MX_FACTS_UNUSABLE);
    if (unusable != NULL) {
        paper_putf(p, INK_ERROR, ", not usable: %s", unusable);
    } else if (kind == MX_NAME_ADDRESS_LITERAL) {
        paper_put(p, INK_ERROR, ", an address instead of a host name: some senders connect to it");
    } else if (kind == MX_NAME_NOT_A_HOST) {
        paper_put(p, INK_ERROR, ", not a valid host name: Postfix and Exim reject it");
    }
    if (facts_bool(mx, MX_FACTS_BLOCKLISTED)) {
        paper_put(p, INK_FAINT, ", on the blocklist");
    }
    if (unusable == NULL && facts_list_len(mx, MX_FACTS_ENDPOINTS) == 0) {
        paper_putf(p, INK_ERROR, ", no address (A: %s, AAAA: %s)",
                   facts_string_or(mx, MX_FACTS_A, "?"), facts_string_or(mx, MX_FACTS_AAAA, "?"));
    }
}

static void report_put_host_name(struct paper *p, const struct domain_view *v, const char *host,
                                 const char *otherwise)
{
    struct facts row = result_rows_facts(v->rows, TABLE_HOSTS, host);
    size_t tlsa = facts_list_len(&row, HOSTS_TLSA);
    const char *dane = facts_string(&row, HOSTS_DANE);
    paper_put(p, INK_STRONG, host != NULL ? host : otherwise);
    if (tlsa > 0) {
        paper_putf(p, INK_FAINT, ", %zu TLSA %s", tlsa, tlsa == 1 ? "record" : "records");
        paper_putf(p, INK_FAINT, dane != NULL ? " (%s)" : "%s", dane != NULL ? dane : "");
    }
}

static void put_exchange(struct paper *p, const struct domain_view *v, const struct facts *mx)
{
    const char *exchange = facts_string_or(mx, MX_FACTS_EXCHANGE, "?");
    enum mx_kind kind = facts_enum(&v->domain, DOMAINS_MX_KIND, &mx_kind_vocabulary);
    paper_begin(p, "  ", "    ");
    if (v->setting.host_only) {
        paper_put(p, INK_PLAIN, "host ");
    } else if (kind == MX_KIND_IMPLICIT) {
        paper_put(p, INK_PLAIN, "no MX record, the domain itself: ");
    } else {
        paper_putf(p, INK_PLAIN, "MX %d ", facts_u16(mx, MX_FACTS_PREFERENCE));
    }
    report_put_host_name(p, v, facts_string(mx, MX_FACTS_HOST), exchange);
    put_unusable(p, mx);
    paper_end(p);
}

static void begin_fact(struct paper *p, const char *label)
{
    paper_begin(p, "      ", "                    ");
    paper_put(p, INK_FAINT, label);
    paper_tab(p, FACT_COLUMN);
}

/* What was not observed is said to be so. */
static void put_basis(struct paper *p, const struct route_view *r)
{
    if (facts_enum(&r->brief, BRIEF_BASIS, &basis_vocabulary) == BASIS_INFERRED) {
        paper_putf(p, INK_PLAIN, " (inferred from the session with %s)",
                   facts_string_or(&r->endpoint, ENDPOINTS_SESSION_FROM, "?"));
    }
}

/** The first line of a reply; the others are in the transcript. */
static void put_first_line(struct paper *p, const char *text)
{
    paper_putf(p, INK_PLAIN, "%.*s", (int)strcspn(text, "\r\n"), text);
}

static void put_greeting(struct paper *p, const struct route_view *r)
{
    struct facts banner = facts_member(&r->transcript, TRANSCRIPT_BANNER);
    const char *of_service = facts_string_or(&r->service, SERVICES_BANNER, "");
    const char *text = facts_string_or(&banner, REPLY_FACTS_TEXT, of_service);
    if (text[0] != '\0') {
        begin_fact(p, "greeting");
        put_first_line(p, text);
        paper_end(p);
    }
}

static void put_name_match(struct paper *p, const struct route_view *r)
{
    struct facts name = facts_member(&r->endpoint, ENDPOINTS_NAME);
    enum name_match match = facts_enum(&name, NAME_FACTS_MATCH, &name_match_vocabulary);
    const char *matched = facts_string(&name, NAME_FACTS_MATCHED);
    bool fits = name_match_is_match(match);
    if (!facts_has(&name, NAME_FACTS_MATCH)) {
        return;
    }
    paper_put(p, INK_PLAIN, ", ");
    paper_put(p, fits ? INK_GOOD : INK_ERROR, fits ? "name matches" : "name does not match");
    if (match == NAME_MATCH_WILDCARD && matched != NULL) {
        paper_putf(p, INK_PLAIN, " by %s", matched);
    } else if (!fits) {
        paper_put(p, INK_PLAIN, " (");
        meaning_put(p, INK_PLAIN, &name_match_vocabulary, match);
        paper_put(p, INK_PLAIN, ")");
    }
}

static void put_certificate(struct paper *p, const struct route_view *r)
{
    enum chain_status status = facts_enum(&r->brief, BRIEF_CHAIN_STATUS, &chain_status_vocabulary);
    if (r->chain < 0) {
        return;
    }
    begin_fact(p, "certificate");
    paper_putf(p, INK_PLAIN, "chain %d", r->chain + 1);
    if (facts_has(&r->brief, BRIEF_CHAIN_STATUS)) {
        paper_put(p, INK_PLAIN, ": ");
        paper_put(p, chain_status_ink(status), chain_status_word(status));
    }
    put_name_match(p, r);
    paper_end(p);
}

/* "chain 2: expired" */
static void put_chain_and_status(struct paper *p, int chain, const struct facts *f, unsigned status)
{
    const char *word = facts_string(f, status);
    paper_putf(p, INK_PLAIN, "chain %d", chain + 1);
    paper_putf(p, INK_PLAIN, word != NULL ? ": %s" : "%s", word != NULL ? word : "");
}

static void put_sni(struct paper *p, const struct route_view *r)
{
    struct facts sni = facts_member(&r->endpoint, ENDPOINTS_SNI);
    enum sni_class class = facts_enum(&sni, SNI_FACTS_CLASS, &sni_class_vocabulary);
    const char *match = facts_string(&sni, SNI_FACTS_DEFAULT_NAME_MATCH);
    if (class == SNI_SAME || class == SNI_UNKNOWN) {
        return;
    }
    begin_fact(p, "without SNI");
    if (class == SNI_FATAL_WITHOUT) {
        paper_put(p, INK_ERROR, "the handshake fails");
    } else if (class == SNI_FATAL_WITH) {
        paper_put(p, INK_WARNING, "the handshake completes; with SNI it fails");
    } else if (class == SNI_UNSTABLE) {
        paper_put(p, INK_WARNING, "not comparable: two handshakes with SNI differ");
    } else if (r->default_chain >= 0) {
        put_chain_and_status(p, r->default_chain, &sni, SNI_FACTS_DEFAULT_CHAIN_STATUS);
        paper_putf(p, INK_PLAIN, match != NULL ? ", name: %s" : "%s", match != NULL ? match : "");
    } else {
        meaning_put(p, INK_PLAIN, &sni_class_vocabulary, class);
    }
    paper_end(p);
}

static void put_other_key(struct paper *p, const struct route_view *r)
{
    struct facts other = facts_member(&r->endpoint, ENDPOINTS_OTHER_KEY);
    struct facts dane = facts_member(&r->endpoint, ENDPOINTS_DANE);
    const char *key = facts_string(&other, OTHER_KEY_FACTS_KEY);
    if (key == NULL) {
        return;
    }
    begin_fact(p, "other key");
    paper_putf(p, INK_PLAIN, "%s only: ", key);
    if (r->other_chain >= 0) {
        put_chain_and_status(p, r->other_chain, &other, OTHER_KEY_FACTS_CHAIN_STATUS);
    } else {
        paper_put(p, INK_FAINT, facts_string_or(&other, OTHER_KEY_FACTS_OUTCOME, "unknown"));
    }
    if (facts_has(&dane, ENDPOINT_DANE_OTHER_KEY)) {
        enum dane_status status =
            facts_enum(&dane, ENDPOINT_DANE_OTHER_KEY, &dane_status_vocabulary);
        paper_put(p, INK_PLAIN, "; DANE: ");
        paper_put(p, status == DANE_MISMATCH ? INK_ERROR : INK_PLAIN, dane_status_word(status));
    }
    paper_end(p);
}

static void route_put_dane(struct paper *p, const struct route_view *r)
{
    struct facts dane = facts_member(&r->endpoint, ENDPOINTS_DANE);
    enum dane_status status = facts_enum(&dane, ENDPOINT_DANE_STATUS, &dane_status_vocabulary);
    enum dane_ta_fault ta_fault =
        facts_enum(&dane, ENDPOINT_DANE_TA_FAULT, &dane_ta_fault_vocabulary);
    const char *base = facts_string(&r->endpoint, ENDPOINTS_TLSA_BASE);
    int64_t record = facts_natural(&dane, ENDPOINT_DANE_MATCHING_RECORD, TLSA_MAX);
    if (status == DANE_NONE || status == DANE_UNKNOWN) {
        return;
    }
    begin_fact(p, "DANE");
    bool good = status == DANE_MATCH || status == DANE_UNUSABLE;
    paper_put(p,
              good                        ? INK_GOOD
              : status == DANE_OTHER_NAME ? INK_WARNING
                                          : INK_ERROR,
              dane_status_word(status));
    paper_put(p, INK_PLAIN, ": ");
    meaning_put(p, INK_PLAIN, &dane_status_vocabulary, status);
    if (record >= 0) {
        paper_putf(p, INK_FAINT, " (number %lld)", (long long)record + 1);
    }
    if (ta_fault != DANE_TA_NONE) {
        paper_put(p, INK_PLAIN, "; ");
        meaning_put(p, INK_PLAIN, &dane_ta_fault_vocabulary, ta_fault);
    }
    if (r->dane_chain >= 0 && base != NULL) {
        paper_putf(p, INK_PLAIN, "; SNI = %s: chain %d", base, r->dane_chain + 1);
    }
    paper_end(p);
}

static void put_versions(struct paper *p, const struct route_view *r)
{
    static const struct {
        unsigned column;
        enum ink ink;
        const char *word;
    } versions[] = {{VERSION_FACTS_TLSV1_0, INK_NOTE, "TLSv1.0"},
                    {VERSION_FACTS_TLSV1_1, INK_NOTE, "TLSv1.1"},
                    {VERSION_FACTS_TLSV1_2, INK_PLAIN, "TLSv1.2"},
                    {VERSION_FACTS_TLSV1_3, INK_PLAIN, "TLSv1.3"}};
    struct facts accepted;
    const char *before = "";
    if (!facts_object(&r->service, SERVICES_VERSIONS, &accepted)) {
        return;
    }
    begin_fact(p, "accepts");
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (facts_bool(&accepted, versions[i].column)) {
            paper_putf(p, versions[i].ink, "%s%s", before, versions[i].word);
            before = ", ";
        }
    }
    paper_put(p, INK_FAINT, before[0] == '\0' ? "no version found" : "");
    paper_end(p);
}

static bool suite_is_broken(const char *name)
{
    uint16_t suite = 0;
    unsigned traits = 0;
    return tls_cipher_find(span_of(name), &suite) && cipher_traits_of(suite, &traits) &&
           (traits & CIPHER_BROKEN) != 0;
}

/* The suites of one version; then whose order it is, and whether there may be more. */
static void put_suites_of_version(struct paper *p, const struct facts *list, const char *version)
{
    static const char *const orders[] = {
        [CIPHER_ORDER_UNKNOWN] = "",
        [CIPHER_ORDER_SERVER] = " (the server's order)",
        [CIPHER_ORDER_CLIENT] = " (the client's order decides)",
    };
    enum cipher_end end = facts_enum(list, CIPHER_LIST_END, &cipher_end_vocabulary);
    size_t count = facts_list_len(list, CIPHER_LIST_SUITES);
    if (list->object == NULL || end == CIPHERS_NONE) {
        return;
    }
    begin_fact(p, version);
    for (size_t i = 0; i < count; i++) {
        const char *name = facts_list_string(list, CIPHER_LIST_SUITES, i);
        paper_putf(p, suite_is_broken(name) ? INK_NOTE : INK_PLAIN, "%s%s", name,
                   i + 1 < count ? ", " : "");
    }
    paper_put(p, INK_FAINT, count == 0 ? "no cipher suite found" : "");
    paper_put(p, INK_FAINT, orders[facts_enum(list, CIPHER_LIST_ORDER, &cipher_order_vocabulary)]);
    if (end != CIPHERS_NOT_ASKED && end != CIPHERS_COMPLETE) {
        paper_putf(p, INK_NOTE, "; %s: ", cipher_end_word(end));
        meaning_put(p, INK_NOTE, &cipher_end_vocabulary, end);
    }
    paper_end(p);
}

static void put_ciphers(struct paper *p, const struct route_view *r)
{
    static const struct {
        unsigned column;
        const char *word;
    } versions[] = {{CIPHER_FACTS_TLSV1_3, "TLSv1.3"},
                    {CIPHER_FACTS_TLSV1_2, "TLSv1.2"},
                    {CIPHER_FACTS_TLSV1_1, "TLSv1.1"},
                    {CIPHER_FACTS_TLSV1_0, "TLSv1.0"}};
    struct facts ciphers = facts_member(&r->service, SERVICES_CIPHERS);
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        struct facts list = facts_member(&ciphers, versions[i].column);
        put_suites_of_version(p, &list, versions[i].word);
    }
}

static void put_unknown_name(struct paper *p, const struct route_view *r)
{
    struct facts wrong = facts_member(&r->service, SERVICES_WRONG_SNI);
    const char *outcome = facts_string(&wrong, WRONG_SNI_FACTS_OUTCOME);
    const char *alert = facts_string(&wrong, WRONG_SNI_FACTS_ALERT_RECEIVED);
    enum truth same = facts_truth(&wrong, WRONG_SNI_FACTS_SAME_LEAF);
    if (outcome == NULL) {
        return;
    }
    begin_fact(p, "unknown SNI");
    if (alert != NULL) {
        paper_putf(p, INK_PLAIN, "%s: %s", outcome, alert);
    } else {
        paper_put(p, INK_PLAIN, outcome);
    }
    paper_put(p, INK_PLAIN,
              same == TRUTH_YES  ? ", the same certificate as without SNI"
              : same == TRUTH_NO ? ", another certificate than without SNI"
                                 : "");
    paper_end(p);
}

static void put_reverse(struct paper *p, const struct route_view *r)
{
    struct facts ptr = facts_member(&r->service, SERVICES_PTR);
    struct facts dns = facts_member(&ptr, PTR_FACTS_DNS);
    enum dns_state state = facts_enum(&dns, DNS_FACTS_STATE, &dns_state_vocabulary);
    size_t count = facts_list_len(&ptr, PTR_FACTS_NAMES);
    if (state == DNS_NOT_ASKED) {
        return;
    }
    begin_fact(p, "reverse DNS");
    for (size_t i = 0; i < count; i++) {
        struct facts one;
        facts_list_object(&ptr, PTR_FACTS_NAMES, i, &one);
        bool confirmed = facts_bool(&one, PTR_NAME_FORWARD_CONFIRMED);
        paper_putf(p, INK_PLAIN, "%s%s", i > 0 ? ", " : "",
                   facts_string_or(&one, PTR_NAME_NAME, "?"));
        paper_put(p, INK_FAINT, confirmed ? " (confirmed)" : " (not confirmed)");
    }
    paper_put(p, INK_FAINT, count == 0 ? dns_state_word(state) : "");
    paper_end(p);
}

static void put_reply(struct paper *p, const char *label, const struct facts *reply)
{
    const char *text = facts_string(reply, REPLY_FACTS_TEXT);
    for (const char *line = text; line != NULL;) {
        size_t len = strcspn(line, "\n");
        begin_fact(p, line == text ? label : "");
        paper_putf(p, INK_FAINT, "%.*s", (int)len, line);
        paper_end(p);
        line = line[len] != '\0' ? line + len + 1 : NULL;
    }
}

static void route_put_transcript(struct paper *p, const struct route_view *r)
{
    static const struct {
        unsigned column;
        const char *label;
    } replies[] = {{TRANSCRIPT_BANNER, "greeting"},    {TRANSCRIPT_EHLO, "EHLO"},
                   {TRANSCRIPT_HELO, "HELO"},          {TRANSCRIPT_STARTTLS, "STARTTLS"},
                   {TRANSCRIPT_EHLO_TLS, "EHLO, TLS"}, {TRANSCRIPT_QUIT, "QUIT"}};
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        struct facts reply = facts_member(&r->transcript, replies[i].column);
        put_reply(p, replies[i].label, &reply);
    }
}

/* What was lost, or put off, and tried again; of the row whose sessions speak. */
static void put_second_attempts(struct paper *p, const struct route_view *r)
{
    bool own = facts_list_len(&r->endpoint, ENDPOINTS_ATTEMPTS) > 0;
    const struct facts *row = own ? &r->endpoint : &r->service;
    unsigned column = own ? ENDPOINTS_ATTEMPTS : SERVICES_ATTEMPTS;
    size_t count = facts_list_len(row, column);
    size_t usual = own && facts_bool(row, ENDPOINTS_REPEATED) ? 2 : 1;
    if (count <= usual || r->outcome == OUTCOME_NOT_TESTED) {
        return;
    }
    begin_fact(p, "attempts");
    for (size_t i = 0; i < count; i++) {
        struct facts attempt;
        facts_list_object(row, column, i, &attempt);
        paper_put(p, INK_PLAIN, i > 0 ? ", then " : "");
        paper_put(p, INK_PLAIN, facts_string_or(&attempt, ATTEMPT_OUTCOME, "?"));
    }
    paper_end(p);
}

static void put_route(struct paper *p, const struct route_view *r, bool verbose)
{
    struct buf address = BUF_INIT(BUF_NO_LIMIT);
    paper_begin(p, "    ", "                    ");
    route_put_address(&address, &r->brief);
    put_made(p, INK_STRONG, &address);
    paper_tab(p, FACT_COLUMN);
    route_put_outcome(p, r);
    put_basis(p, r);
    paper_end(p);
    put_second_attempts(p, r);
    if (verbose) {
        route_put_transcript(p, r);
    } else {
        put_greeting(p, r);
    }
    put_certificate(p, r);
    put_sni(p, r);
    put_other_key(p, r);
    route_put_dane(p, r);
    put_versions(p, r);
    put_ciphers(p, r);
    put_unknown_name(p, r);
    put_reverse(p, r);
}

static void put_routes_of(struct paper *p, const struct domain_view *v, size_t mx_index,
                          bool verbose)
{
    for (size_t i = 0; i < v->route_count; i++) {
        if (v->route[i].mx_index == mx_index) {
            put_route(p, &v->route[i], verbose);
        }
    }
}

static void report_put_hosts(struct paper *p, const struct domain_view *v, bool verbose)
{
    put_heading(p, "Mail servers");
    for (size_t i = 0; i < v->host_count; i++) {
        paper_begin(p, "  ", "    ");
        paper_put(p, INK_PLAIN, "host ");
        report_put_host_name(p, v, v->host[i]->key, NULL);
        paper_put(p, INK_ERROR,
                  facts_list_len(&v->host[i]->facts, HOSTS_ENDPOINTS) == 0 ? ", no address" : "");
        paper_end(p);
        put_routes_of(p, v, i, verbose);
    }
}

static void put_servers(struct paper *p, const struct domain_view *v, bool verbose)
{
    size_t count = facts_list_len(&v->domain, DOMAINS_MX);
    if (v->row == NULL) {
        report_put_hosts(p, v, verbose);
        return;
    }
    if (count == 0) {
        return;
    }
    put_heading(p, "Mail servers");
    for (size_t i = 0; i < count; i++) {
        struct facts mx;
        facts_list_object(&v->domain, DOMAINS_MX, i, &mx);
        put_exchange(p, v, &mx);
        put_routes_of(p, v, i, verbose);
    }
}

/* Whose mail goes to the hosts that are looked at by themselves. */
static void put_users(struct paper *p, const struct view_setting *s)
{
    paper_blank(p);
    paper_begin(p, "", "  ");
    paper_putf(p, INK_PLAIN, "The mail of %llu %s of the results goes there",
               (unsigned long long)s->user_count, s->user_count == 1 ? "domain" : "domains");
    for (size_t i = 0; i < s->users_named; i++) {
        paper_put(p, INK_PLAIN, i == 0 ? ": " : ", ");
        paper_put(p, INK_PLAIN, s->users[i]);
    }
    if (s->user_count > s->users_named) {
        paper_putf(p, INK_PLAIN, " and %llu more",
                   (unsigned long long)(s->user_count - s->users_named));
    }
    paper_end(p);
}

/* What is not as it is in DNS, or not whole. */
static void put_setting(struct paper *p, const struct view_setting *s)
{
    if (s->as_if != NULL) {
        paper_begin(p, "", "  ");
        paper_put(p, INK_NOTE,
                  s->host_only ? "The server alone, without a domain: "
                               : "Not as in DNS, but as if the MX were ");
        for (const char *const *host = s->as_if; *host != NULL; host++) {
            paper_putf(p, INK_NOTE, "%s%s", host == s->as_if ? "" : ", ", *host);
        }
        paper_end(p);
    }
    if (s->certificate != NULL) {
        paper_begin(p, "", "  ");
        paper_putf(p, INK_NOTE, "As if the mail servers presented %s; all else is as they are now",
                   s->certificate);
        paper_end(p);
    }
    if (s->incomplete) {
        paper_say(p, INK_NOTE, "From incomplete results: some rows may be missing");
    }
}

/* From when on mail suffers if nobody does anything, and of whom; no news where that or worse becomes of mail today. */
static void put_will_break(struct paper *p, const struct domain_view *v)
{
    enum break_kind kind = facts_enum(&v->domain, DOMAINS_WILL_BREAK_CAUSE, &break_kind_vocabulary);
    const char *at = facts_string(&v->domain, DOMAINS_WILL_BREAK_AT);
    enum effect effect = facts_enum(&v->domain, DOMAINS_WILL_BREAK_EFFECT, &effect_vocabulary);
    enum effect today = facts_enum(&v->domain, DOMAINS_EFFECT, &effect_vocabulary);
    if (at == NULL || kind == BREAK_NONE || !effect_is_news(effect, today)) {
        return;
    }
    paper_blank(p);
    paper_begin(p, "", "  ");
    paper_putf(p, INK_STRONG, "For senders that %s, mail suffers from %.10s on",
               effect == EFFECT_STRICT_RISK ? "verify certificates"
                                            : "keep to the MTA-STS or DANE of the domain",
               at);
    /* The meaning ends with where the row's key leads, which is of no use here. */
    struct span meaning = meaning_of(&break_kind_vocabulary, kind);
    const uint8_t *key = memmem(meaning.at, meaning.len, ": ", 2);
    int len = (int)(key != NULL ? (size_t)(key - meaning.at) : meaning.len);
    paper_putf(p, INK_PLAIN, " if nobody does anything: %.*s", len, (const char *)meaning.at);
    paper_end(p);
}

void report_put_brief(struct paper *p, const struct domain_view *v)
{
    struct buf headline = BUF_INIT(BUF_NO_LIMIT);
    size_t width = p->width;
    headline_put_brief(&headline, v);
    p->width = SIZE_MAX;
    paper_begin(p, "", "");
    put_made(p, headline_ink(v), &headline);
    paper_end(p);
    p->width = width;
}

void report_put_text(struct paper *p, const struct domain_view *v, bool verbose)
{
    struct buf headline = BUF_INIT(BUF_NO_LIMIT);
    headline_put(&headline, v);
    paper_begin(p, "", "  ");
    put_made(p, headline_ink(v), &headline);
    paper_end(p);
    put_setting(p, &v->setting);
    if (v->row == NULL) {
        put_users(p, &v->setting);
    }
    certificate_check_put(p, v);
    effects_put(p, v);
    put_will_break(p, v);
    policies_put(p, v, verbose);
    put_servers(p, v, verbose);
    certificates_put(p, v, verbose);
    if (v->setting.tlsa || v->setting.certificate != NULL) {
        tlsa_plan_put(p, v);
    }
    if (v->setting.partner) {
        partner_put(p, v);
    }
    findings_put(p, v, verbose);
}
