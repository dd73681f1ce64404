/* What the lab says of policies: octets of HTTP, policies, names in DNS, TLSA records. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "scanner/base/hash.h"
#include "tests/lab/address_plan.h"
#include "tests/lab/cases.h"
#include "tests/lab/http_text.h"
#include "tests/lab/policy_population.h"
#include "tests/lab/resolve.h"
#include "tests/lab/unit/key_pool.h"
#include "tests/lab/zone_tlsa.h"

#define DOMAINS 20000
#define NOW     1790035200 /* 2026-09-22 */

/* @param sts share of domains with MTA-STS, 0: as the preset has it */
static void open_world(struct world *w, double sts)
{
    struct buf error = BUF_INIT(BUF_NO_LIMIT);
    hash_secret_init();
    *w = (struct world){.seed = 7,
                        .domains = DOMAINS,
                        .server_domains = DOMAINS,
                        .oversample = 1,
                        .now = NOW,
                        .time_scale = 1,
                        .delay_max_ms = 5000};
    cr_assert(params_read(MXLAB_PRESETS "/tranco1m.params", &w->params, &error), "%.*s",
              (int)error.len, (const char *)error.at);
    if (sts > 0) {
        w->params.sts = sts;
    }
    world_finish(w);
    buf_deinit(&error);
}

static const char *text_of(struct buf *b)
{
    buf_put_char(b, '\0');
    return (const char *)b->at;
}

/* ---- HTTP ---- */

Test(http_text, only_a_get_of_the_policy_from_its_host_is_one)
{
    static const struct {
        const char *head;
        bool is;
    } rows[] = {
        {"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.a.example\r\n\r\n", true},
        {"GET /.well-known/mta-sts.txt HTTP/1.1\r\nAccept: */*\r\nhOST: MTA-STS.a.example\r\n\r\n",
         true},
        {"GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: mta-sts.a.example\r\n\r\n", false},
        {"HEAD /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.a.example\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: mta-sts.a.example\r\n\r\n", false},
        {"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.b.example\r\n\r\n", false},
        {"GET /.well-known/mta-sts.txt HTTP/1.1\r\n\r\n", false},
        {"GET /.well-known/mta-sts.txt HTTP/1.1", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(http_is_policy_request(span_of(rows[i].head), "mta-sts.a.example"), rows[i].is,
                     "%s", rows[i].head);
    }
}

Test(http_text, answers_are_framed_as_described)
{
    static const struct {
        const char *properties[3];
        const char *first; /* what stands somewhere in the first part */
        const char *end;   /* the first part ends so */
        const char *slowly;
        const char *again;
        bool close;
    } rows[] = {
        {{"media=text/html"}, "Content-Type: text/html\r\n", "\r\n\r\npolicy", "", "", true},
        {{"media=none"}, "\r\nContent-Length: 6\r\n", "\r\n\r\npolicy", "", "", true},
        {{"framing=chunked"}, "chunked\r\n", "3\r\npol\r\n3\r\nicy\r\n0\r\n\r\n", "", "", true},
        {{"framing=chunk-cut"}, "chunked\r\n", "\r\n\r\n3\r\npol\r\n", "", "", true},
        {{"framing=close"}, "close\r\n\r\n", "\r\n\r\npolicy", "", "", true},
        {{"framing=too-long"}, "Content-Length: 106\r\n", "\r\n\r\npolicy", "", "", true},
        {{"framing=stalled"}, "Content-Length: 6\r\n", "\r\n\r\npol", "", "", false},
        {{"framing=slow"}, "Content-Length: 6\r\n", "\r\n\r\n", "policy", "", true},
        {{"framing=endless"}, "200 OK", "\r\n\r\n", "", "policy", true},
        {{"framing=chunked-endless"}, "chunked\r\n", "\r\n\r\n", "", "6\r\npolicy\r\n", true},
        {{"status=404"}, "HTTP/1.1 404 Not Found\r\n", "</html>\n", "", "", true},
        {{"status=301", "location=https://$H/x"},
         "Location: https://mta-sts.a.example/x\r\n",
         "</html>\n",
         "",
         "",
         true},
        {{"http=silent"}, "", "", "", "", false},
        {{"http=close"}, "", "", "", "", true},
        {{"http=garbage"}, "220 ", "\r\n", "", "", true},
        {{"http=bad-status"}, "HTTP/1.1 fine\r\n", "policy", "", "", true},
        {{"http=half-head"}, "HTTP/1.1 200 OK\r\n", "text/plain\r\n", "", "", false},
        {{"http=interim"}, "HTTP/1.1 103 ", "\r\n\r\npolicy", "", "", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct policy_host h;
        struct http_answer a;
        policy_host_init(&h);
        (void)snprintf(h.name, sizeof(h.name), "mta-sts.a.example");
        for (size_t k = 0; k < 3 && rows[i].properties[k] != NULL; k++) {
            char key[100];
            (void)snprintf(key, sizeof(key), "%s", rows[i].properties[k]);
            char *equals = strchr(key, '=');
            *equals = '\0';
            cr_assert(policy_host_set(&h, key, equals + 1), "%s", rows[i].properties[k]);
        }
        http_answer_init(&a);
        http_answer_policy(&h, SPAN_LIT("policy"), &a);
        const char *what = rows[i].properties[0];
        cr_expect(span_ends_with(buf_span(&a.first), span_of(rows[i].end)), "%s", what);
        cr_expect(span_eq(buf_span(&a.slowly), span_of(rows[i].slowly)), "%s", what);
        cr_expect(span_eq(buf_span(&a.again), span_of(rows[i].again)), "%s", what);
        cr_expect_eq(a.close, rows[i].close, "%s", what);
        cr_expect_not_null(strstr(text_of(&a.first), rows[i].first), "%s", what);
        http_answer_deinit(&a);
    }
}

/* ---- policies ---- */

static const char *const two_mx[] = {"mx1.a.example", "mail.b.example"};

Test(policy_text, each_word_changes_what_it_says)
{
    static const struct {
        const char *key;
        const char *value;
        const char *text;
    } rows[] = {
        {"eol", "lf",
         "version: STSv1\nmode: enforce\nmx: mx1.a.example\nmx: mail.b.example\nmax_age: 604800\n"},
        {"mode", "none",
         "version: STSv1\r\nmode: none\r\nmx: mx1.a.example\r\nmx: mail.b.example\r\nmax_age: "
         "604800\r\n"},
        {"fault", "no-end",
         "version: STSv1\r\nmode: enforce\r\nmx: mx1.a.example\r\nmx: mail.b.example\r\nmax_age: "
         "604800"},
        {"fault", "no-mx", "version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n"},
        {"fault", "blank-line",
         "version: STSv1\r\nmode: enforce\r\n\r\nmx: mx1.a.example\r\nmx: "
         "mail.b.example\r\nmax_age: 604800\r\n"},
        {"fault", "mx-empty",
         "version: STSv1\r\nmode: enforce\r\nmx: \r\nmx: mail.b.example\r\nmax_age: 604800\r\n"},
        {"fault", "mx-email",
         "version: STSv1\r\nmode: enforce\r\nmx: postmaster@mx1.a.example\r\nmx: "
         "mail.b.example\r\nmax_age: 604800\r\n"},
        {"fault", "empty", ""},
        {"patterns", "wildcards",
         "version: STSv1\r\nmode: enforce\r\nmx: *.a.example\r\nmx: *.b.example\r\nmax_age: "
         "604800\r\n"},
        {"patterns", "partial",
         "version: STSv1\r\nmode: enforce\r\nmx: mail.b.example\r\nmax_age: 604800\r\n"},
        {"patterns", "tld",
         "version: STSv1\r\nmode: enforce\r\nmx: mx1.a.info\r\nmx: mail.b.info\r\nmax_age: "
         "604800\r\n"},
        {"patterns", "typo",
         "version: STSv1\r\nmode: enforce\r\nmx: mx1.a.xeample\r\nmx: mail.b.xeample\r\nmax_age: "
         "604800\r\n"},
        {"patterns", "mta-sts",
         "version: STSv1\r\nmode: enforce\r\nmx: mta-sts.mx1.a.example\r\nmx: "
         "mta-sts.mail.b.example\r\nmax_age: 604800\r\n"},
        {"mx", "mx.$D,*.example.com",
         "version: STSv1\r\nmode: enforce\r\nmx: mx.a.example\r\nmx: *.example.com\r\nmax_age: "
         "604800\r\n"},
        {"lines", "mode: none|$D", "mode: none\r\na.example\r\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct policy_host h;
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        policy_host_init(&h);
        cr_assert(policy_text_set(&h.text, rows[i].key, rows[i].value), "%s", rows[i].value);
        policy_text_put(&h.text, "a.example", two_mx, 2, &out);
        cr_expect_str_eq(text_of(&out), rows[i].text, "%s=%s", rows[i].key, rows[i].value);
        buf_deinit(&out);
    }
}

Test(policy_text, sizes_are_to_the_octet)
{
    static const struct {
        const char *fault;
        size_t octets;
    } rows[] = {{"64k", 65536}, {"64k+1", 65537}};
    for (size_t i = 0; i < 4; i++) {
        struct policy_host h;
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        policy_host_init(&h);
        cr_assert(policy_text_set(&h.text, "fault", rows[i / 2].fault));
        cr_assert(policy_text_set(&h.text, "eol", i % 2 ? "lf" : "crlf"));
        policy_text_put(&h.text, "a.example", two_mx, 2, &out);
        cr_expect_eq(out.len, rows[i / 2].octets);
        buf_deinit(&out);
    }
}

Test(policy_host, words_that_nobody_knows_are_refused)
{
    struct policy_host h;
    policy_host_init(&h);
    cr_expect_not(policy_host_set(&h, "http", "loud"));
    cr_expect_not(policy_host_set(&h, "framing", "loud"));
    cr_expect_not(policy_host_set(&h, "fault", "loud"));
    cr_expect_not(policy_host_set(&h, "status", "99"));
    cr_expect_not(policy_host_set(&h, "nothing", "at all"));
    cr_expect(policy_host_set(&h, "alert", "112") && h.server.tls_fate == LAB_TLS_ALERT);
}

/* ---- the population ---- */

struct tally {
    double domains, provider, parked, dead, tls_own, tls_provider, not_200, testing, day, other,
        unused;
    double own;
};

static void tally_host(const struct policy_host *h, struct tally *t)
{
    bool provider = h->hosting == LAB_POLICY_PROVIDER;
    bool tls = h->server.plain.class != LAB_CERT_VALID || h->server.tls_fate != LAB_TLS_OK ||
               h->server.tls_max < 0x0303;
    t->domains++;
    t->provider += provider;
    t->own += !provider;
    t->parked += h->hosting == LAB_POLICY_PARKED;
    t->dead += h->address_count == 1 && h->addresses[0].octets[0] == 11 &&
               h->addresses[0].octets[1] >= 192;
    t->tls_provider += provider && tls && !h->opted_out;
    t->tls_own += !provider && tls;
    t->not_200 += h->status != 200;
    t->testing += strcmp(h->text.mode, "testing") == 0;
    t->day += strcmp(h->text.max_age, "86400") == 0;
    t->other += h->text.patterns == LAB_PATTERN_OTHER;
    t->unused += h->text.patterns == LAB_PATTERN_UNUSED;
}

Test(policy_population, shares_are_those_of_the_parameters)
{
    struct world w;
    struct tally t = {0};
    open_world(&w, 1);
    for (uint64_t i = 0; i < DOMAINS; i++) {
        struct domain_facts d;
        struct policy_host h;
        population_domain(&w, i, &d);
        if (population_policy(&w, &d, &h)) {
            tally_host(&h, &t);
        }
    }
    const struct {
        const char *what;
        double seen;
        double of;
        double share;
    } rows[] = {
        {"at a provider", t.provider, t.domains, 0.42},
        {"parked", t.parked, t.domains, 0},
        {"dead address", t.dead, t.domains, 0.42 * 0.001 + 0.58 * 0.007},
        {"TLS of one's own", t.tls_own, t.own, 0.186 * 0.9913},
        {"TLS of providers", t.tls_provider, t.provider, 0.039},
        {"another status", t.not_200, t.domains, 0.42 * 0.008 + 0.58 * 0.028 * 0.79},
        {"testing", t.testing, t.domains, 0.45},
        {"max_age of a day", t.day, t.domains, 0.30},
        {"patterns of another domain", t.other, t.domains, 0.015},
        {"a pattern too many", t.unused, t.domains, 0.05 * 0.97},
    };
    cr_assert_gt(t.domains, DOMAINS / 2);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double sigma = sqrt(rows[i].of * rows[i].share) + 0.001;
        cr_expect(fabs(rows[i].seen - rows[i].of * rows[i].share) < 4 * sigma,
                  "%s: %g of %g, expected %g", rows[i].what, rows[i].seen, rows[i].of,
                  rows[i].of * rows[i].share);
    }
    world_deinit(&w);
}

/* ---- DNS ---- */

static bool has_address(const struct resolved *r, const struct net_addr *a)
{
    for (size_t i = 0; i < r->answer->count; i++) {
        if (net_addr_eq(&r->answer->rr[i].address, a)) {
            return true;
        }
    }
    return false;
}

static void check_policy_host(const struct world *w, struct resolve_context *c,
                              const struct policy_host *h)
{
    struct policy_host found;
    cr_assert(world_policy(w, span_of(h->name), &found), "%s", h->name);
    cr_expect_eq(memcmp(&found, h, sizeof(found)), 0, "%s", h->name);
    struct resolved r = resolve(c, span_of(h->name), LAB_TYPE_A);
    cr_expect_eq(r.cnames > 0, h->alias[0] != '\0' && h->dns != LAB_POLICY_DNS_SERVFAIL, "%s",
                 h->name);
    if (h->dns != LAB_POLICY_DNS_OK) {
        cr_expect_eq(r.answer->count, 0, "%s", h->name);
        return;
    }
    cr_expect_str_eq(r.name, h->alias[0] != '\0' ? h->alias : h->name);
    for (size_t i = 0; i < h->address_count; i++) {
        const struct net_addr *a = &h->addresses[i];
        if (a->family == 4) {
            cr_expect(has_address(&r, a), "%s", h->name);
        }
        if (net_addr_special_purpose(a) == NULL && address_reach_of(a) == REACH_LIVE) {
            cr_expect(world_policy_server(w, a), "%s", h->name);
            struct service s;
            cr_expect_not(world_service(w, a, &s), "%s", h->name);
        }
    }
}

Test(zone_policy, names_and_policy_hosts_lead_to_each_other)
{
    struct world w;
    struct resolve_context c;
    size_t hosts = 0;
    size_t aliases = 0;
    open_world(&w, 0.2);
    resolve_init(&c, &w);
    for (uint64_t i = 0; i < DOMAINS / 4; i++) {
        struct domain_facts d;
        struct policy_host h;
        char domain[LAB_NAME_MAX];
        char name[LAB_NAME_MAX + 16];
        char text[RECORD_TEXT_MAX];
        population_domain(&w, i, &d);
        population_name(&w, i, domain);
        (void)snprintf(name, sizeof(name), "_mta-sts.%s", domain);
        struct resolved r = resolve(&c, span_of(name), LAB_TYPE_TXT);
        if (!population_policy(&w, &d, &h)) {
            continue;
        }
        hosts++;
        aliases += r.cnames;
        cr_assert(population_sts_text(&w, &d, text));
        cr_assert_eq(r.answer->count, 1, "%s", name);
        struct span record = zone_rr_span(r.answer, &r.answer->rr[0]);
        cr_expect(span_eq(span_drop(record, 1), span_of(text)), "%s", name);
        check_policy_host(&w, &c, &h);
    }
    cr_expect(hosts > 400 && aliases > 30, "%zu %zu", hosts, aliases);
    struct policy_host none;
    cr_expect_not(world_policy(&w, SPAN_LIT("mta-sts.example.com"), &none));
    cr_expect_not(world_policy(&w, SPAN_LIT("mta-sts.case-good.mxlab.net"), &none));
    resolve_deinit(&c);
    world_deinit(&w);
}

Test(zone, security_of_answers)
{
    static const struct {
        const char *name;
        uint16_t type;
        enum dns_state state;
        bool ad;
        bool signatures;
        unsigned cnames;
        size_t count;
    } rows[] = {
        {"", LAB_TYPE_NS, DNS_DATA, true, true, 0, 2}, /* of validating resolvers */
        {"_25._tcp.mx.case-dane-311.mxlab.net", LAB_TYPE_TLSA, DNS_DATA, true, true, 0, 1},
        {"_25._tcp.mx.case-dane-no-ds.mxlab.net", LAB_TYPE_TLSA, DNS_DATA, false, true, 0, 1},
        {"_25._tcp.mx.case-tlsa-unsigned.mxlab.net", LAB_TYPE_TLSA, DNS_DATA, false, false, 0, 1},
        {"_25._tcp.mx.case-dane-bogus.mxlab.net", LAB_TYPE_TLSA, DNS_BOGUS, false, true, 0, 1},
        {"_25._tcp.mx.case-dane-servfail.mxlab.net", LAB_TYPE_TLSA, DNS_SERVFAIL, false, false, 0,
         0},
        {"_25._tcp.mx.case-dane-401.mxlab.net", LAB_TYPE_TLSA, DNS_DATA, true, true, 0, 401},
        {"mx.case-dane-host-insecure.mxlab.net", LAB_TYPE_A, DNS_DATA, false, false, 0, 1},
        {"_25._tcp.mx.case-dane-host-insecure.mxlab.net", LAB_TYPE_TLSA, DNS_DATA, true, true, 0,
         1},
        {"mx.case-dane-alias.mxlab.net", LAB_TYPE_CNAME, DNS_DATA, true, true, 0, 1},
        {"mx.case-dane-alias.mxlab.net", LAB_TYPE_A, DNS_DATA, true, true, 1, 1},
        {"real.case-dane-alias.mxlab.net", LAB_TYPE_CNAME, DNS_NODATA, true, false, 0, 0},
        {"_25._tcp.mx.case-dane-alias.mxlab.net", LAB_TYPE_TLSA, DNS_NXDOMAIN, true, false, 0, 0},
        {"_25._tcp.real.case-dane-alias.mxlab.net", LAB_TYPE_TLSA, DNS_DATA, true, true, 0, 1},
        {"_25._tcp.mx.case-dane-tlsa-alias.mxlab.net", LAB_TYPE_TLSA, DNS_DATA, true, true, 1, 1},
        {"mx.case-dane-alias-insecure.mxlab.net", LAB_TYPE_A, DNS_DATA, false, false, 1, 1},
        {"_mta-sts.case-sts-txt-wildcard.mxlab.net", LAB_TYPE_TXT, DNS_DATA, false, false, 0, 1},
        {"_smtp._tls.case-sts-txt-wildcard.mxlab.net", LAB_TYPE_TXT, DNS_DATA, false, false, 0, 1},
        {"mta-sts.case-sts-txt-wildcard.mxlab.net", LAB_TYPE_A, DNS_NODATA, false, false, 0, 0},
        {"a.mx.case-sts-txt-wildcard.mxlab.net", LAB_TYPE_TXT, DNS_NXDOMAIN, false, false, 0, 0},
        {"_mta-sts.case-sts-txt-alias-loop.mxlab.net", LAB_TYPE_TXT, DNS_CNAME_LOOP, false, false,
         2, 0},
        {"mta-sts.case-sts-dns-loopback.mxlab.net", LAB_TYPE_AAAA, DNS_DATA, false, false, 0, 1},
    };
    struct world w;
    struct resolve_context c;
    open_world(&w, 0);
    resolve_init(&c, &w);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct resolved r = resolve(&c, span_of(rows[i].name), rows[i].type);
        cr_expect_eq(r.state, rows[i].state, "%s: %s", rows[i].name, dns_state_word(r.state));
        cr_expect_eq(r.ad, rows[i].ad, "%s", rows[i].name);
        cr_expect_eq(r.signatures, rows[i].signatures, "%s", rows[i].name);
        cr_expect_eq(r.cnames, rows[i].cnames, "%s: %u", rows[i].name, r.cnames);
        cr_expect_eq(r.answer->count, rows[i].count, "%s: %zu", rows[i].name, r.answer->count);
    }
    struct resolved huge =
        resolve(&c, SPAN_LIT("_mta-sts.case-sts-txt-64k.mxlab.net"), LAB_TYPE_TXT);
    cr_expect_gt(huge.answer->rr[0].len, 64000U);
    resolve_deinit(&c);
    world_deinit(&w);
}

/* ---- TLSA ---- */

/* The data of a record by another way: the certificates as a server sends them. */
static void put_data_of(X509 *x, bool spki, unsigned matching, struct buf *out)
{
    uint8_t *der = NULL;
    int len = spki ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : i2d_X509(x, &der);
    uint8_t digest[64];
    cr_assert_gt(len, 0);
    struct span data = {der, (size_t)len};
    if (matching == 1) {
        data = (struct span){SHA256(der, (size_t)len, digest), 32};
    } else if (matching == 2) {
        data = (struct span){SHA512(der, (size_t)len, digest), 64};
    }
    buf_put(out, data);
    OPENSSL_free(der);
}

Test(zone_tlsa, data_is_that_of_the_certificates)
{
    static const struct {
        struct tlsa_form form;
        bool issuer; /* whose data it is */
        bool spki;
    } rows[] = {
        {{3, 1, 1, LAB_TLSA_RIGHT}, false, true},
        {{3, 0, 1, LAB_TLSA_RIGHT}, false, false},
        {{3, 1, 2, LAB_TLSA_RIGHT}, false, true},
        {{2, 1, 1, LAB_TLSA_RIGHT}, true, true},
        {{2, 0, 1, LAB_TLSA_RIGHT}, true, false},
        {{3, 1, 0, LAB_TLSA_RIGHT}, false, true},
        {{2, 0, 0, LAB_TLSA_RIGHT}, true, false},
        {{3, 0, 1, LAB_TLSA_OTHER_SELECTOR}, false, true},
        {{3, 1, 1, LAB_TLSA_OTHER_USAGE}, true, true},
        {{2, 1, 1, LAB_TLSA_OTHER_USAGE}, false, true},
    };
    struct cert_store *certs = unit_cert_store(NOW);
    struct zone_answer a;
    struct cert_choice cert = {.identity = 99, .names = "mx.example.net"};
    zone_answer_init(&a);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tlsa_form *f = &rows[i].form;
        struct buf expected = BUF_INIT(BUF_NO_LIMIT);
        uint8_t head[3] = {f->usage, f->selector, f->matching};
        buf_put(&expected, (struct span){head, 3});
        const struct cert_entry *e = cert_store_get(certs, &cert);
        put_data_of(rows[i].issuer ? sk_X509_value(e->chain, 0) : e->leaf, rows[i].spki,
                    f->matching, &expected);
        a.count = 0;
        zone_add_tlsa(&a, certs, &cert, f->usage, f->selector, f->matching, f->data);
        cr_expect(span_eq(zone_rr_span(&a, &a.rr[0]), buf_span(&expected)), "row %zu", i);
        a.count = 0;
        zone_add_tlsa(&a, certs, &cert, f->usage, f->selector, f->matching, LAB_TLSA_WRONG);
        struct span wrong = zone_rr_span(&a, &a.rr[0]);
        cr_expect(wrong.len >= 35 && !span_eq(wrong, buf_span(&expected)), "row %zu", i);
        buf_deinit(&expected);
    }
    zone_answer_deinit(&a);
    cert_store_close(certs);
}

Test(zone_tlsa, shares_are_those_of_the_parameters)
{
    struct world w;
    double count = 0;
    double plain = 0;
    double stale = 0;
    double full = 0;
    double full_wrong = 0;
    open_world(&w, 0);
    for (uint64_t i = 1; i <= DOMAINS; i++) {
        struct tlsa_plan plan;
        const struct host_facts h = {.tlsa = true, .tlsa_draw = i * 2 + 1};
        zone_tlsa_plan(&w, &h, &plan);
        count++;
        plain +=
            plan.form[0].usage == 3 && plan.form[0].selector == 1 && plan.form[0].matching == 1;
        stale += plan.count == 2 && plan.form[1].matching == 2;
        full += plan.form[0].selector == 0;
        full_wrong += plan.form[0].selector == 0 && plan.form[0].data != LAB_TLSA_RIGHT;
    }
    const double sum = 0.82 + 0.07 + 0.015 + 0.05 + 0.03 + 0.007 + 0.003;
    cr_expect_float_eq(plain / count, 0.823 / sum, 0.015);
    cr_expect_float_eq(stale / count, 0.005 * 0.82 / sum, 0.002);
    cr_expect_float_eq(full / count, 0.10 / sum, 0.01);
    cr_expect_float_eq(full_wrong / full, 0.34, 0.05);
    world_deinit(&w);
}
