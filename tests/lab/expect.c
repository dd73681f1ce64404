#include "tests/lab/expect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/observation/seen_target.h"
#include "tests/lab/cases.h"
#include "tests/lab/cert_store.h"
#include "tests/lab/expect_outcome.h"
#include "tests/lab/json.h"
#include "tests/lab/population.h"
#include "tests/lab/resolve.h"

#define FINDINGS_MAX      64
#define TEXT_MAX          65536 /* octets with NUL: more does not fit a message of DNS */
#define LIST_MAX          ZONE_RR_MAX
#define PORT_SMTP         25
#define PORT_IMPLICIT_TLS 465 /* RFC 8314 section 3.3 */

struct mx_record {
    uint16_t preference;
    char exchange[LAB_NAME_MAX]; /* "." is the root */
    const char *unusable;
    const char *name_kind;
};

/* Everything of one line; the account is counted along the way. */
struct expectation {
    const struct world *world;
    const struct expect_options *options;
    struct resolve_context resolver;
    struct buf *out;
    size_t endpoints;
    size_t tried;
    size_t conclusive;
    size_t hosts_with_address;
    size_t hosts_unknown;
    bool cut;
    enum dns_state unknown_state;
    enum not_tested_reason first_reason;
    enum session_outcome first_outcome;
    const char *findings[FINDINGS_MAX]; /* codes, borrowed, each once */
    size_t finding_count;
    bool is_case;
    bool mapped; /* the address under way is known by an AAAA record only */
    bool
        literal; /* the exchange under way is an address: RFC 6066 section 3, nothing is sent as SNI */
    struct expect_mail mail;
    struct expect_dane dane; /* of the host under way */
};

static bool has_data(enum dns_state s)
{
    return s == DNS_DATA || s == DNS_BOGUS;
}

static bool is_open(enum dns_state s)
{
    return dns_state_is_temporary(s) && s != DNS_BOGUS;
}

/* ---- certificates and sessions ---- */

static const char *version_word(uint16_t v)
{
    static const char *const words[] = {"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"};
    return v == 0 ? NULL : words[v - 0x0300];
}

static void put_serial(struct buf *b, const char *key, const struct cert_choice *c)
{
    char text[CERT_SERIAL_TEXT_MAX];
    cert_serial_text(c, text);
    json_put_word(b, key, text);
}

static void put_certificate(const struct world *w, struct buf *b, const struct cert_choice *c)
{
    int64_t not_before;
    int64_t not_after;
    cert_validity(c, w->now, &not_before, &not_after);
    json_put_key(b, "certificate");
    buf_put_char(b, '{');
    put_serial(b, "serial_number", c);
    json_put_word(b, "class", lab_cert_class_word(c->class));
    json_put_word(b, "chain", lab_chain_word(c->chain));
    json_put_word(b, "key", lab_key_word(c->key));
    json_put_word(b, "odd", lab_odd_word(c->odd));
    json_put_key(b, "not_before");
    buf_put_i64(b, not_before);
    json_put_key(b, "not_after");
    buf_put_i64(b, not_after);
    json_put_key(b, "subject_cn");
    size_t first = strcspn(c->names, ",");
    json_put_text(b, span_take((struct span){(const uint8_t *)c->names, first}, 64));
    json_put_key(b, "names");
    buf_put_char(b, '[');
    size_t total = c->class == LAB_CERT_CN_ONLY ? 0 : c->extra_names;
    for (const char *n = c->names; c->class != LAB_CERT_CN_ONLY && *n != '\0';) {
        size_t len = strcspn(n, ",");
        json_separate(b);
        json_put_text(b, (struct span){(const uint8_t *)n, len});
        total++;
        n += len + (n[len] == ',');
    }
    buf_put_char(b, ']');
    json_put_number(
        b, "names_total",
        c->class == LAB_CERT_CN_ONLY ? 0 : c->extra_names + 1U + (strchr(c->names, ',') ? 1U : 0U));
    buf_put_char(b, '}');
}

static void put_session(const struct world *w, struct buf *b, const struct service *s,
                        const struct expected_session *e, bool details)
{
    json_put_word(b, "outcome", outcome_info(e->outcome)->word);
    json_put_word(b, "not_tested", NULL);
    json_put_word(b, "starttls", starttls_word(e->starttls));
    bool established = e->outcome == OUTCOME_ESTABLISHED;
    json_put_word(b, "tls_version", established ? version_word(e->tls_version) : NULL);
    json_put_word(b, "server_hello_version", version_word(e->tls_version));
    if (e->has_leaf && !s->unstable) {
        put_serial(b, "leaf_serial", &e->cert);
    } else {
        json_put_word(b, "leaf_serial", NULL);
    }
    json_put_key(b, "alert");
    if (e->alert >= 0) {
        buf_put_i64(b, e->alert);
    } else {
        buf_put_text(b, "null");
    }
    json_put_bool(b, "unknown_name_warning", e->unknown_name_warning);
    if (details && e->has_leaf) {
        put_certificate(w, b, &e->cert);
    }
}

/* same, differs, unstable; fatal_with, fatal_without: one of the two handshakes fails. */
static const char *sni_word(const struct service *s, const struct expected_session *with,
                            const struct expected_session *without)
{
    bool neither = with->outcome != OUTCOME_ESTABLISHED && without->outcome != OUTCOME_ESTABLISHED;
    if (neither || outcome_info(with->outcome)->before_tls ||
        outcome_info(without->outcome)->before_tls) {
        return NULL; /* what comes before TLS is not SNI's doing */
    }
    if (with->outcome != OUTCOME_ESTABLISHED) {
        return "fatal_with";
    }
    if (without->outcome != OUTCOME_ESTABLISHED) {
        return "fatal_without";
    }
    return s->unstable                                     ? "unstable"
           : with->cert.identity == without->cert.identity ? "same"
                                                           : "differs";
}

static void note_finding(struct expectation *e, const char *code)
{
    for (size_t i = 0; i < e->finding_count; i++) {
        if (strcmp(e->findings[i], code) == 0) {
            return;
        }
    }
    CHECK(e->finding_count < FINDINGS_MAX);
    e->findings[e->finding_count++] = code;
}

/* What the two handshakes are worth for the host. */
static void put_verdict(struct expectation *e, const struct service *s, struct span host,
                        const struct expected_session *with, const struct expected_session *without)
{
    struct span server = span_of(s->name);
    struct buf *b = e->out;
    /* A server that sends a ServerHello accepts its version, whatever comes of it. Asked is with SNI,
     * and without where the server takes no name. */
    if (with->tls_version >= 0x0301 || without->tls_version >= 0x0301) {
        const char *codes[BASELINE_MAX];
        expect_baseline(s, codes);
        for (size_t i = 0; codes[i] != NULL; i++) {
            note_finding(e, codes[i]);
        }
    }
    bool with_known = with->outcome == OUTCOME_ESTABLISHED && !s->unstable;
    bool known = with_known && without->outcome == OUTCOME_ESTABLISHED;
    json_put_word(b, "chain_status", with_known ? expect_chain_status(&with->cert) : NULL);
    json_put_word(b, "name_match",
                  with_known && with->cert.odd == LAB_ODD_NONE
                      ? expect_name_match(&with->cert, host, server)
                      : NULL);
    json_put_word(b, "default_chain_status", known ? expect_chain_status(&without->cert) : NULL);
    json_put_word(b, "default_name_match",
                  known && without->cert.odd == LAB_ODD_NONE
                      ? expect_name_match(&without->cert, host, server)
                      : NULL);
    json_put_word(b, "acceptable", known ? expect_acceptable(with, without, host, server) : NULL);
}

static void put_unstable(struct buf *b, const struct service *s)
{
    json_put_key(b, "unstable_serials");
    buf_put_char(b, '[');
    for (uint64_t visit = 0; visit < 2; visit++) {
        struct cert_choice c = service_cert(s, false, visit);
        json_separate(b);
        buf_putf(b, "\"%" PRIu64 "\"", cert_serial(&c));
    }
    buf_put_char(b, ']');
}

/* ---- reverse DNS ---- */

static void reverse_name(const struct net_addr *a, char out[80])
{
    const uint8_t *o = a->octets;
    if (a->family == 4) {
        (void)snprintf(out, 80, "%u.%u.%u.%u.in-addr.arpa", o[3], o[2], o[1], o[0]);
        return;
    }
    int len = 0;
    for (int i = 15; i >= 0; i--) {
        len += snprintf(out + len, 80 - (size_t)len, "%x.%x.", o[i] & 0xf, o[i] >> 4);
    }
    (void)snprintf(out + len, 80 - (size_t)len, "ip6.arpa");
}

static bool leads_back(struct expectation *e, struct span name, const struct net_addr *a)
{
    struct resolved r = resolve(&e->resolver, name, a->family == 4 ? LAB_TYPE_A : LAB_TYPE_AAAA);
    for (size_t i = 0; i < r.answer->count; i++) {
        if (net_addr_eq(&r.answer->rr[i].address, a)) {
            return true;
        }
    }
    return false;
}

/* `nobody`: no server answers there, so no case has said anything of its reverse DNS. */
static void put_ptr(struct expectation *e, const struct net_addr *a, bool nobody)
{
    char name[80];
    char names[PTR_MAX][LAB_NAME_MAX];
    size_t count = 0;
    reverse_name(a, name);
    struct resolved r = resolve(&e->resolver, span_of(name), LAB_TYPE_PTR);
    for (; count < r.answer->count && count < PTR_MAX; count++) {
        struct span n = zone_rr_span(r.answer, &r.answer->rr[count]);
        (void)snprintf(names[count], LAB_NAME_MAX, "%.*s", (int)n.len, (const char *)n.at);
    }
    if (nobody) { /* the names drawn are made of the address */
        note_finding(e, count == 0 ? "rdns.none" : "rdns.generic");
    }
    struct buf *b = e->out;
    json_put_key(b, "ptr");
    buf_put_char(b, '{');
    json_put_word(b, "state", dns_state_word(r.state));
    json_put_key(b, "names");
    buf_put_char(b, '[');
    for (size_t i = 0; i < count; i++) {
        json_separate(b);
        buf_put_char(b, '{');
        json_put_word(b, "name", names[i]);
        json_put_bool(b, "forward_confirmed", leads_back(e, span_of(names[i]), a));
        buf_put_char(b, '}');
    }
    buf_put_text(b, "]}");
}

/* ---- endpoints ---- */

static void note_session(struct expectation *e, enum session_outcome outcome)
{
    e->tried++;
    e->conclusive += outcome_info(outcome)->conclusive;
    if (e->first_outcome == OUTCOME_NOT_TESTED) {
        e->first_outcome = outcome;
    }
}

static void put_not_tested(struct expectation *e, enum not_tested_reason why)
{
    json_put_word(e->out, "outcome", outcome_info(OUTCOME_NOT_TESTED)->word);
    json_put_word(e->out, "not_tested", not_tested_word(why));
    if (e->first_reason == NOT_TESTED_NONE) {
        e->first_reason = why;
    }
}

static void service_at(const struct world *w, const struct net_addr *a, struct span host,
                       struct service *s)
{
    if (world_service(w, a, s)) {
        world_service_for(w, s, host);
        return;
    }
    service_init(s, a);
    s->reach = address_reach_of(a) == REACH_REFUSED ? LAB_REACH_REFUSED : LAB_REACH_SILENT;
}

/* What is judged over the whole domain is told of port 25. */
static void keep_endpoint(struct expectation *e, const struct service *s,
                          const struct expected_session *with,
                          const struct expected_session *without, struct span host,
                          const char *dane)
{
    CHECK(e->mail.endpoint_count < DOMAIN_ENDPOINTS_MAX);
    struct span server = span_of(s->name);
    e->mail.endpoint[e->mail.endpoint_count++] = (struct expect_endpoint){
        .with = *with,
        .without = *without,
        .passes = s->flaky ? TRISTATE_UNSAID : expect_passes(with, host, server),
        .default_passes = s->flaky ? TRISTATE_UNSAID : expect_passes(without, host, server),
        .dane = dane,
        .v6 = s->address.family == 6,
    };
}

/* DANE is about port 25 and the session whose SNI is the base domain. */
static const char *put_endpoint_dane(struct expectation *e, const struct net_addr *a,
                                     const struct expected_client *asked, struct span host)
{
    struct service s;
    struct expected_session session;
    struct expected_client client = *asked;
    bool usable = e->dane.state != NULL && strcmp(e->dane.state, "usable") == 0;
    client.sni = true;
    service_at(e->world, a, usable ? span_of(e->dane.base) : host, &s);
    service_expect(&s, &client, &session);
    char name[LAB_NAME_MAX];
    (void)snprintf(name, sizeof(name), "%.*s", (int)host.len, (const char *)host.at);
    const char *status = expect_dane_status(&e->dane, &s, &session, name);
    json_put_word(e->out, "dane", status);
    return status;
}

static void put_endpoint(struct expectation *e, const struct net_addr *a, uint16_t port,
                         struct span host)
{
    struct buf *b = e->out;
    char text[NET_ADDR_TEXT_MAX];
    struct service s;
    struct expected_session with;
    struct expected_session without;
    net_addr_format(a, text);
    json_separate(b);
    buf_put_char(b, '{');
    json_put_word(b, "address", text);
    json_put_number(b, "port", port);
    json_put_bool(b, "mapped", e->mapped);
    e->endpoints++;
    if (net_addr_special_purpose(a) != NULL) {
        put_not_tested(e, NOT_TESTED_SPECIAL_PURPOSE);
    } else {
        service_at(e->world, a, host, &s);
        struct expected_client client = {
            .implicit_tls = port == PORT_IMPLICIT_TLS,
            .sni = !e->literal,
            .greeting_timeout_ms = e->options->greeting_timeout_ms,
        };
        service_expect(&s, &client, &with);
        client.sni = false;
        service_expect(&s, &client, &without);
        note_session(e, with.outcome);
        put_session(e->world, b, &s, &with, true);
        json_put_key(b, "no_sni");
        buf_put_char(b, '{');
        put_session(e->world, b, &s, &without, false);
        buf_put_char(b, '}');
        json_put_word(b, "sni", e->literal ? "unknown" : sni_word(&s, &with, &without));
        put_verdict(e, &s, host, &with, &without);
        if (port == PORT_SMTP) {
            const char *dane = put_endpoint_dane(e, a, &client, host);
            keep_endpoint(e, &s, &with, &without, host, dane);
        }
        if (s.unstable) {
            put_unstable(b, &s);
        }
        if (e->options->crowd != NULL) {
            json_put_number(b, "names_at_address", crowd_at(e->options->crowd, a));
        }
        json_put_word(b, "server_name", s.name);
        put_ptr(e, a, address_reach_of(a) != REACH_LIVE);
    }
    buf_put_char(b, '}');
}

/* ---- hosts ---- */

static size_t collect(const struct zone_answer *answer, struct net_addr *list, size_t count)
{
    for (size_t i = 0; i < answer->count && count < 2 * ZONE_RR_MAX; i++) {
        const struct zone_rr *rr = &answer->rr[i];
        size_t k = 0;
        while (k < count && !net_addr_eq(&list[k], &rr->address)) {
            k++;
        }
        if (k == count && rr->address.family != 0) {
            list[count++] = rr->address;
        }
    }
    return count;
}

static int cmp_address(const void *a, const void *b)
{
    return net_addr_cmp(a, b);
}

/* Sorts, and keeps HOST_ADDRESSES_MAX of one family. */
static size_t keep_first(struct net_addr *list, size_t from, size_t to, bool *cut)
{
    qsort(list + from, to - from, sizeof(*list), cmp_address);
    if (to - from > HOST_ADDRESSES_MAX) {
        *cut = true;
        return from + HOST_ADDRESSES_MAX;
    }
    return to;
}

static bool is_listed(const struct net_addr *list, size_t count, const struct net_addr *a)
{
    for (size_t i = 0; i < count; i++) {
        if (net_addr_eq(&list[i], a)) {
            return true;
        }
    }
    return false;
}

/* RFC 4291 section 2.5.5.2: a system dials the IPv4 address inside. */
static size_t unmap(struct net_addr *list, size_t v4, size_t all)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    size_t kept = v4;
    for (size_t i = v4; i < all; i++) {
        struct net_addr a = list[i];
        bool mapped = memcmp(a.octets, prefix, sizeof(prefix)) == 0;
        a = mapped ? net_addr_v4(a.octets + sizeof(prefix)) : a;
        if (!is_listed(list, kept, &a)) {
            list[kept++] = a;
        }
    }
    qsort(list, kept, sizeof(*list), cmp_address);
    return kept;
}

/* Uses the resolver: nothing of an answer before is left afterwards. */
static void put_tlsa(struct expectation *e, const char *host)
{
    char name[LAB_NAME_MAX + 16];
    (void)snprintf(name, sizeof(name), "_25._tcp.%s", host);
    struct resolved r = resolve(&e->resolver, span_of(name), LAB_TYPE_TLSA);
    json_put_word(e->out, "tlsa", dns_state_word(r.state));
    json_put_bool(e->out, "tlsa_ad", r.ad);
}

static void put_host_dane(struct expectation *e, const char *host)
{
    expect_dane_host(&e->resolver, host, &e->dane);
    if (e->is_case && e->dane.count > 0) { /* records by hand: their case says what is found */
        e->dane.state = NULL;
    }
    json_put_word(e->out, "dane_host", e->dane.state);
}

/* An address for an exchange: no question, no name to ask for, so no TLSA either. */
static void put_literal(struct expectation *e, const struct net_addr *a, struct span exchange)
{
    struct buf *b = e->out;
    struct expect_host *mail = &e->mail.host[e->mail.host_count - 1];
    e->dane = (struct expect_dane){.state = "none"};
    mail->dane = e->dane.state;
    mail->addressed = true;
    mail->addresses = 1;
    mail->v6_addresses = a->family == 6;
    e->hosts_with_address++;
    e->literal = true;
    json_put_word(b, "a", dns_state_word(DNS_NOT_ASKED));
    json_put_word(b, "aaaa", dns_state_word(DNS_NOT_ASKED));
    json_put_word(b, "dane_host", e->dane.state);
    json_put_key(b, "endpoints");
    buf_put_char(b, '[');
    for (size_t p = 0; p < e->options->port_count; p++) {
        put_endpoint(e, a, e->options->ports[p], exchange);
    }
    buf_put_char(b, ']');
    mail->count = e->mail.endpoint_count - mail->first;
    e->literal = false;
}

static void put_host(struct expectation *e, const char *host, size_t share)
{
    struct buf *b = e->out;
    struct net_addr list[2 * ZONE_RR_MAX];
    bool cut =
        false; /* by a cap, or because the host's share of the domain's addresses is used up */
    struct resolved a = resolve(&e->resolver, span_of(host), LAB_TYPE_A);
    enum dns_state a_state = a.state;
    unsigned cnames = a.cnames;
    size_t v4 = keep_first(list, 0, collect(a.answer, list, 0), &cut);
    struct resolved aaaa = resolve(&e->resolver, span_of(host), LAB_TYPE_AAAA);
    size_t all = keep_first(list, v4, collect(aaaa.answer, list, v4), &cut);
    struct net_addr from_a[HOST_ADDRESSES_MAX];
    memcpy(from_a, list, v4 * sizeof(*list));
    all = unmap(list, v4, all);
    json_put_word(b, "a", dns_state_word(a_state));
    json_put_word(b, "aaaa", dns_state_word(aaaa.state));
    json_put_number(b, "cnames", cnames > aaaa.cnames ? cnames : aaaa.cnames);
    put_tlsa(e, host);
    put_host_dane(e, host);
    struct expect_host *mail = &e->mail.host[e->mail.host_count - 1];
    mail->dane = e->dane.state;
    bool records = e->dane.state == NULL || strcmp(e->dane.state, "none") != 0;
    e->mail.divides = e->mail.divides || a_state == DNS_BOGUS || aaaa.state == DNS_BOGUS ||
                      (records && cnames > 0);
    e->hosts_with_address += has_data(a_state) || has_data(aaaa.state);
    if (is_open(a_state) || is_open(aaaa.state)) {
        e->hosts_unknown++;
        enum dns_state unknown =
            is_open(a_state) && aaaa.state != DNS_REFUSED ? a_state : aaaa.state;
        if (e->unknown_state == DNS_NOT_ASKED || unknown == DNS_REFUSED) {
            e->unknown_state = unknown;
        }
    }
    cut = cut || all > share;
    /* Of a loop, one resolver says that there is nothing, another that it failed. */
    mail->addressed = all > 0;
    mail->addresses = all < share ? all : share;
    mail->open = cut || is_open(a_state) || is_open(aaaa.state) || a_state == DNS_CNAME_LOOP ||
                 aaaa.state == DNS_CNAME_LOOP;
    json_put_key(b, "endpoints");
    buf_put_char(b, '[');
    for (size_t i = 0; i < all; i++) {
        const char *block = net_addr_special_purpose(&list[i]);
        mail->own = mail->own || (block != NULL && strcmp(block, "loopback") == 0) ||
                    net_addr_is_unspecified(&list[i]);
        mail->v6_addresses += i < share && list[i].family == 6;
        for (size_t p = 0; p < e->options->port_count && i < share; p++) {
            e->mapped = list[i].family == 4 && !is_listed(from_a, v4, &list[i]);
            e->mail.divides = e->mail.divides || e->mapped;
            put_endpoint(e, &list[i], e->options->ports[p], span_of(host));
            e->mapped = false;
        }
    }
    buf_put_char(b, ']');
    mail->count = e->mail.endpoint_count - mail->first;
    json_put_bool(b, "truncated", cut);
    e->cut = e->cut || cut;
}

/* ---- MX ---- */

static int cmp_mx(const void *left, const void *right)
{
    const struct mx_record *a = left;
    const struct mx_record *b = right;
    if (a->preference != b->preference) {
        return a->preference < b->preference ? -1 : 1;
    }
    return strcmp(a->exchange, b->exchange);
}

/* Why no scanner resolves it: RFC 7505, RFC 5321 section 5.1, RFC 6761. */
static const char *unusable_word(const char *exchange)
{
    if (strcmp(exchange, ".") == 0) {
        return "null_mx";
    }
    if (strchr(exchange, '@') != NULL) {
        return "bad_character"; /* RFC 1123 section 2.1 */
    }
    return strcmp(exchange, "localhost") == 0 ? "localhost" : NULL;
}

/* RFC 1035 section 2.3.1: a label begins and ends with a letter or digit. */
static bool has_edge_hyphen(const char *name)
{
    size_t len = strlen(name);
    return name[0] == '-' || name[len - 1] == '-' || strstr(name, ".-") != NULL ||
           strstr(name, "-.") != NULL;
}

static const char *name_kind(const struct mx_record *mx)
{
    struct net_addr unused;
    if (strcmp(mx->exchange, ".") == 0) {
        return "root";
    }
    if (net_addr_parse(span_of(mx->exchange), &unused)) {
        return "address_literal";
    }
    bool refused = mx->unusable != NULL && strcmp(mx->unusable, "localhost") != 0;
    return refused || has_edge_hyphen(mx->exchange) ? "not_a_host" : "host";
}

static size_t collect_mx(const struct zone_answer *answer, struct mx_record *list)
{
    for (size_t i = 0; i < answer->count; i++) {
        struct span name = zone_rr_span(answer, &answer->rr[i]);
        list[i].preference = answer->rr[i].preference;
        (void)snprintf(list[i].exchange, LAB_NAME_MAX, "%.*s", name.len > 0 ? (int)name.len : 1,
                       name.len > 0 ? (const char *)name.at : ".");
        list[i].unusable = unusable_word(list[i].exchange);
        list[i].name_kind = name_kind(&list[i]);
    }
    qsort(list, answer->count, sizeof(*list), cmp_mx);
    return answer->count;
}

static void put_mx(struct expectation *e, const struct mx_record *mx, size_t share)
{
    struct buf *b = e->out;
    json_separate(b);
    buf_put_char(b, '{');
    json_put_number(b, "preference", mx->preference);
    json_put_word(b, "exchange", mx->exchange);
    json_put_word(b, "host", mx->unusable == NULL ? mx->exchange : NULL);
    json_put_word(b, "name_kind", mx->name_kind);
    json_put_word(b, "unusable", mx->unusable);
    struct expect_host *mail = &e->mail.host[e->mail.host_count++];
    *mail = (struct expect_host){
        .preference = mx->preference,
        .usable = mx->unusable == NULL,
        .own = mx->unusable != NULL && strcmp(mx->unusable, "localhost") == 0,
        .first = e->mail.endpoint_count,
    };
    memcpy(mail->exchange, mx->exchange, sizeof(mail->exchange));
    struct net_addr literal;
    bool odd = mx->unusable == NULL && strcmp(mx->name_kind, "host") != 0;
    e->mail.divides = e->mail.divides || odd;
    if (net_addr_parse(span_of(mx->exchange), &literal)) {
        put_literal(e, &literal, span_of(mx->exchange));
    } else if (mx->unusable == NULL) {
        put_host(e, mx->exchange, share);
    } else {
        json_put_word(b, "a", dns_state_word(DNS_NOT_ASKED));
        json_put_word(b, "aaaa", dns_state_word(DNS_NOT_ASKED));
        json_put_key(b, "endpoints");
        buf_put_text(b, "[]");
    }
    buf_put_char(b, '}');
}

static bool has_root(const struct mx_record *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].exchange, ".") == 0) {
            return true;
        }
    }
    return false;
}

static void put_mx_list(struct expectation *e, const struct mx_record *list, size_t count)
{
    size_t usable = 0;
    size_t kept = count < MX_MAX ? count : MX_MAX;
    for (size_t i = 0; i < kept; i++) {
        usable += list[i].unusable == NULL;
    }
    e->cut = e->cut || count > kept;
    e->mail.mx_cut = count > kept;
    json_put_number(e->out, "mx_total", count);
    json_put_bool(e->out, "null_mx_beside", count > 1 && has_root(list, count));
    e->mail.divides = count > 1 && has_root(list, count);
    json_put_key(e->out, "mx");
    buf_put_char(e->out, '[');
    for (size_t i = 0; i < kept; i++) {
        put_mx(e, &list[i], DOMAIN_ENDPOINTS_MAX / (usable > 0 ? usable : 1));
    }
    buf_put_char(e->out, ']');
}

/* ---- policies in DNS ---- */

static int cmp_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* @param absent finding where there is no TXT record; NULL: none. Valid until the next call. */
static struct expect_texts put_texts(struct expectation *e, const char *key, const char *prefix,
                                     const char *domain, const char *absent)
{
    struct buf *b = e->out;
    char name[LAB_NAME_MAX + 16];
    static char texts[EXPECT_TEXTS_MAX][TEXT_MAX];
    struct expect_texts out = {0};
    (void)snprintf(name, sizeof(name), "%s%s", prefix, domain);
    struct resolved r = resolve(&e->resolver, span_of(name), LAB_TYPE_TXT);
    out.state = r.state;
    for (size_t i = 0; i < r.answer->count && i < EXPECT_TEXTS_MAX; i++) {
        struct span data = zone_rr_span(r.answer, &r.answer->rr[i]);
        size_t len = 0;
        while (data.len >
               0) { /* strings are joined without anything between, RFC 8461 section 3.1 */
            size_t part = data.at[0];
            memcpy(texts[i] + len, data.at + 1, part);
            len += part;
            data = span_drop(data, 1 + part);
        }
        texts[i][len] = '\0';
        out.count++;
    }
    qsort(texts, out.count, sizeof(texts[0]), cmp_text);
    if (absent != NULL && (r.state == DNS_NODATA || r.state == DNS_NXDOMAIN)) {
        note_finding(e, absent);
    }
    char state_key[32];
    (void)snprintf(state_key, sizeof(state_key), "%s_state", key);
    json_put_word(b, state_key, dns_state_word(r.state));
    json_put_key(b, key);
    buf_put_char(b, '[');
    for (size_t i = 0; i < out.count; i++) {
        out.text[i] = texts[i];
        json_separate(b);
        json_put_text(b, span_of(texts[i]));
    }
    buf_put_char(b, ']');
    return out;
}

/* ---- the account ---- */

static void put_account_words(struct expectation *e, enum account_class class, const char *reason)
{
    json_put_word(e->out, "account", account_class_word(class));
    json_put_word(e->out, "account_reason", reason);
}

/* RFC 1035 section 4.1.1: REFUSED is what the resolver says to its client. */
static void put_failed_lookup(struct expectation *e, enum dns_state state)
{
    if (state == DNS_REFUSED) {
        put_account_words(e, ACCOUNT_NOT_TESTED, not_tested_word(NOT_TESTED_LOCAL_FAULT));
    } else {
        put_account_words(e, ACCOUNT_DNS_FAILED, dns_state_word(state));
    }
}

static void put_account(struct expectation *e, enum mx_kind kind, enum dns_state mx_state)
{
    switch (kind) {
    case MX_KIND_UNKNOWN:
        if (mx_state == DNS_NODATA) {
            put_account_words(e, ACCOUNT_DNS_FAILED, "address_unknown");
        } else {
            put_failed_lookup(e, mx_state);
        }
        return;
    case MX_KIND_NXDOMAIN:
    case MX_KIND_NULL_MX:
    case MX_KIND_NONE:
        put_account_words(e, ACCOUNT_NO_MAIL, mx_kind_word(kind));
        return;
    case MX_KIND_NOT_ASKED:
        UNREACHABLE("a domain nobody asks for");
    case MX_KIND_EXPLICIT:
    case MX_KIND_IMPLICIT:
        break;
    }
    if (e->tried > 0 && e->conclusive == 0) {
        put_account_words(e, ACCOUNT_INCONCLUSIVE, outcome_info(e->first_outcome)->word);
    } else if (e->tried > 0) {
        bool all = e->conclusive == e->endpoints && e->hosts_unknown == 0 && !e->cut;
        put_account_words(e, all ? ACCOUNT_TESTED : ACCOUNT_PARTLY_TESTED, "");
    } else if (e->first_reason != NOT_TESTED_NONE) {
        put_account_words(e, ACCOUNT_NOT_TESTED, not_tested_word(e->first_reason));
    } else if (e->hosts_with_address == 0 && e->hosts_unknown > 0) {
        put_failed_lookup(e, e->unknown_state);
    } else {
        put_account_words(e, ACCOUNT_NO_MAIL,
                          kind == MX_KIND_IMPLICIT ? "implicit_not_dialled" : "mx_unusable");
    }
}

static int cmp_code(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Only cases say what is found, and only what is beside the baseline. */
static void put_findings(struct expectation *e, const char *domain)
{
    size_t index;
    const char *const *codes;
    size_t count;
    bool at_least;
    if (!case_find(span_of(domain), &index) ||
        !case_findings(e->world, index, &codes, &count, &at_least)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        note_finding(e, codes[i]);
    }
    qsort(e->findings, e->finding_count, sizeof(e->findings[0]), cmp_code);
    json_put_key(e->out, "findings");
    buf_put_char(e->out, '[');
    for (size_t i = 0; i < e->finding_count; i++) {
        json_separate(e->out);
        json_put_text(e->out, span_of(e->findings[i]));
    }
    buf_put_char(e->out, ']');
    json_put_bool(e->out, "findings_at_least", at_least);
}

/* NOERROR without MX: RFC 5321 section 5.1 makes the domain its own exchange, if it has addresses. */
static enum mx_kind put_implicit(struct expectation *e, const char *domain)
{
    struct resolved a = resolve(&e->resolver, span_of(domain), LAB_TYPE_A);
    bool address = a.answer->count > 0;
    bool open = is_open(a.state);
    struct resolved aaaa = resolve(&e->resolver, span_of(domain), LAB_TYPE_AAAA);
    address = address || aaaa.answer->count > 0;
    open = open || is_open(aaaa.state);
    if (address && e->options->implicit_dial) {
        struct mx_record mx = {0};
        (void)snprintf(mx.exchange, sizeof(mx.exchange), "%s", domain);
        put_mx_list(e, &mx, 1);
    } else {
        put_mx_list(e, NULL, 0);
    }
    return address ? MX_KIND_IMPLICIT : open ? MX_KIND_UNKNOWN : MX_KIND_NONE;
}

void expect_domain(const struct world *w, const struct expect_options *options, const char *domain,
                   const char *case_name, struct buf *out)
{
    struct expectation e = {.world = w, .options = options, .out = out};
    struct mx_record *list = memory_new(LIST_MAX, sizeof(*list));
    struct expect_sts *sts = memory_new(1, sizeof(*sts));
    e.is_case = case_name != NULL;
    memset(sts, 0, sizeof(*sts));
    resolve_init(&e.resolver, w);
    buf_put_char(out, '{');
    json_put_word(out, "domain", domain);
    json_put_word(out, "case", case_name);
    struct resolved mx = resolve(&e.resolver, span_of(domain), LAB_TYPE_MX);
    size_t count = collect_mx(mx.answer, list);
    json_put_word(out, "mx_state", dns_state_word(mx.state));
    json_put_bool(out, "mx_ad", mx.ad);
    enum mx_kind kind = MX_KIND_UNKNOWN;
    bool mx_ad = mx.ad;
    if (mx.state == DNS_NODATA) {
        kind = put_implicit(&e, domain);
    } else {
        put_mx_list(&e, list, count);
        if (mx.state == DNS_NXDOMAIN) {
            kind = MX_KIND_NXDOMAIN;
        } else if (count > 0) {
            bool null = count == 1 && strcmp(list[0].exchange, ".") == 0;
            kind = null ? MX_KIND_NULL_MX : MX_KIND_EXPLICIT;
        }
    }
    e.mail.kind = kind;
    e.mail.mx_ad = mx_ad;
    e.mail.divides = e.mail.divides || mx.state == DNS_BOGUS;
    json_put_word(out, "mx_kind", mx_kind_word(kind));
    put_account(&e, kind, mx.state);
    if (mx.state == DNS_NODATA || count > 0) {
        bool mail = kind == MX_KIND_EXPLICIT || kind == MX_KIND_IMPLICIT;
        struct expect_texts texts =
            put_texts(&e, "mta_sts_txt", "_mta-sts.", domain, mail ? "sts.absent" : NULL);
        expect_sts(w, &e.resolver, &texts, domain, sts);
        json_put_word(out, "mta_sts", sts->state);
        expect_put_sts_mx(out, &e.mail, sts);
        texts = put_texts(&e, "tls_rpt_txt", "_smtp._tls.", domain, mail ? "tlsrpt.absent" : NULL);
        json_put_bool(out, "tls_rpt", expect_rpt_valid(&texts));
    }
    expect_put_dane(out, &e.mail);
    expect_put_deliveries(out, &e.mail, sts);
    put_findings(&e, domain);
    buf_put_text(out, "}\n");
    resolve_deinit(&e.resolver);
    free(sts);
    free(list);
}

/* ---- names per address ---- */

static struct hash_key key_of_address(const struct net_addr *a)
{
    return hash_key_of((struct span){(const uint8_t *)a, sizeof(*a)});
}

static void count_address(struct crowd *c, const struct net_addr *a)
{
    bool added;
    uint64_t index = *map_add(&c->index, key_of_address(a), c->count, &added);
    if (added) {
        if ((c->count & (c->count - 1)) == 0) { /* full at each power of two */
            c->entries =
                memory_resize(c->entries, c->count ? c->count * 2 : 1, sizeof(*c->entries));
        }
        c->entries[c->count++] = (struct crowd_entry){.address = *a};
    }
    c->entries[index].names++;
}

static void count_host(struct crowd *c, struct resolve_context *r, const char *host)
{
    static const uint16_t types[] = {LAB_TYPE_A, LAB_TYPE_AAAA};
    struct net_addr literal;
    if (net_addr_parse(span_of(host), &literal)) {
        count_address(c, &literal);
        return;
    }
    for (size_t t = 0; t < 2; t++) {
        struct resolved answer = resolve(r, span_of(host), types[t]);
        for (size_t i = 0; i < answer.answer->count; i++) {
            count_address(c, &answer.answer->rr[i].address);
        }
    }
}

struct mx_walk {
    struct resolve_context *resolver;
    struct crowd *crowd;
    struct map hosts; /* names counted */
};

static void count_domain(struct mx_walk *k, const char *domain)
{
    static char hosts[MX_MAX][LAB_NAME_MAX];
    struct mx_record *list = memory_new(LIST_MAX, sizeof(*list));
    struct resolved mx = resolve(k->resolver, span_of(domain), LAB_TYPE_MX);
    size_t count = collect_mx(mx.answer, list);
    size_t kept = 0;
    for (size_t i = 0; i < count && i < MX_MAX; i++) {
        if (list[i].unusable == NULL) {
            memcpy(hosts[kept++], list[i].exchange, LAB_NAME_MAX);
        }
    }
    free(list);
    for (size_t i = 0; i < kept; i++) {
        bool added;
        (void)map_add(&k->hosts, hash_key_of(span_of(hosts[i])), 1, &added);
        if (added) {
            count_host(k->crowd, k->resolver, hosts[i]);
        }
    }
}

void crowd_count(const struct world *w, struct crowd *c)
{
    char domain[LAB_NAME_MAX];
    struct resolve_context resolver;
    struct mx_walk walk = {.resolver = &resolver, .crowd = c};
    memset(c, 0, sizeof(*c));
    resolve_init(&resolver, w);
    for (size_t i = 0; i < cases_count(); i++) {
        case_domain(i, domain);
        count_domain(&walk, domain);
    }
    for (uint64_t i = 0; i < w->domains; i++) {
        population_name(w, i, domain);
        count_domain(&walk, domain);
    }
    map_deinit(&walk.hosts);
    resolve_deinit(&resolver);
}

void crowd_deinit(struct crowd *c)
{
    map_deinit(&c->index);
    free(c->entries);
}

uint64_t crowd_at(const struct crowd *c, const struct net_addr *a)
{
    const uint64_t *index = map_find(&c->index, key_of_address(a));
    return index != NULL ? c->entries[*index].names : 0;
}

void crowd_print(const struct crowd *c, uint64_t limit, FILE *out)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->entries[i].names > limit) {
            char text[NET_ADDR_TEXT_MAX];
            net_addr_format(&c->entries[i].address, text);
            (void)fprintf(out, "{\"address\":\"%s\",\"names\":%" PRIu64 "}\n", text,
                          c->entries[i].names);
        }
    }
}
