/**
 * What it costs to judge and render one row of each table, as NDJSON, from facts as an ordinary
 * session brings them. A certificate is read from its DER as well.
 *
 *     bench_report [COUNT [ROW]]    default 20000 of each; ROW: domain, host, service, endpoint,
 *                                   certificate
 *
 * Prints CPU time and octets. Instructions, which do not scatter (the smaller count takes out
 * what happens once):
 *
 *     for n in 10 110; do valgrind --tool=callgrind --callgrind-out-file=/dev/null \
 *         --toggle-collect='render_*' bench_report $n endpoint; done       # difference / 100
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scanner/report/report.h"
#include "tests/support/test_ca.h"

#define COUNT_DEFAULT 20000
#define NOINLINE      __attribute__((noinline)) /* callgrind knows these functions by their names */

static const char greeting[] = "220 mx1.example.net ESMTP Postfix (Debian/GNU)";
static const char ehlo[] =
    "250-mx1.example.net\n250-PIPELINING\n250-SIZE 52428800\n250-VRFY\n250-ETRN\n"
    "250-STARTTLS\n250-ENHANCEDSTATUSCODES\n250-8BITMIME\n250-DSN\n250 CHUNKING";

struct facts {
    struct net_addr address;
    struct seen_session session;
    struct endpoint_brief brief;
    struct seen_mx mx[2];
    struct span texts[1];
    struct span ns[2];
    struct seen_domain domain;
    struct seen_host host;
    struct seen_service service;
    struct seen_endpoint endpoint;
    struct span der;
    struct findings findings;
    struct row_sink sink;
};

static struct seen_reply reply_of(uint16_t code, const char *text)
{
    return (struct seen_reply){.code = code, .ms = 12, .text = span_of(text)};
}

static void fill_session(struct facts *f)
{
    struct seen_session *s = &f->session;
    *s = (struct seen_session){.outcome = OUTCOME_ESTABLISHED,
                               .sni = true,
                               .tls_attempted = true,
                               .started_unix_ms = 1790000000123,
                               .source = f->address,
                               .connect_ms = 20,
                               .total_ms = 160,
                               .octets_in = 4711,
                               .octets_out = 812};
    s->smtp.starttls = STARTTLS_OFFERED;
    s->smtp.reply[SMTP_STEP_GREETING] = reply_of(220, greeting);
    s->smtp.reply[SMTP_STEP_EHLO] = reply_of(250, ehlo);
    s->smtp.reply[SMTP_STEP_STARTTLS] = reply_of(220, "220 2.0.0 Ready to start TLS");
    s->smtp.reply[SMTP_STEP_EHLO_TLS] = reply_of(250, ehlo);
    s->smtp.reply[SMTP_STEP_QUIT] = reply_of(221, "221 2.0.0 Bye");
    s->tls = (struct seen_tls){.completed = true,
                               .version = 0x0304,
                               .cipher = 0x1302,
                               .group = 29,
                               .signature_scheme = 0x0403,
                               .alert_received = -1,
                               .alert_sent = -1,
                               .ms = 60,
                               .cert_count = 2};
    memset(s->tls.chain_id, 0xab, sizeof(s->tls.chain_id));
    memset(s->tls.leaf_sha256, 0xcd, sizeof(s->tls.leaf_sha256));
}

static void fill_targets(struct facts *f)
{
    const struct seen_dns data = {.state = DNS_DATA, .ede = -1, .ttl = 300};
    const struct seen_dns none = {.state = DNS_NODATA, .ede = -1, .ttl = 300};
    f->service = (struct seen_service){.address = f->address,
                                       .port = 25,
                                       .attempts = &f->session,
                                       .attempt_count = 1,
                                       .result = &f->session,
                                       .ptr = {.dns = none},
                                       .names_total = 1,
                                       .names_dialled = 1};
    f->endpoint = (struct seen_endpoint){.host = SPAN_LIT("mx1.example.net"),
                                         .address = f->address,
                                         .port = 25,
                                         .attempts = &f->session,
                                         .attempt_count = 1,
                                         .result = &f->session};
    f->host = (struct seen_host){.name = SPAN_LIT("mx1.example.net"),
                                 .a = data,
                                 .aaaa = none,
                                 .tlsa = none,
                                 .addresses = &f->address,
                                 .address_count = 1,
                                 .endpoints = &f->brief,
                                 .endpoint_count = 1};
}

static void fill_domain(struct facts *f)
{
    const struct seen_dns data = {.state = DNS_DATA, .ede = -1, .ttl = 300};
    for (size_t i = 0; i < 2; i++) {
        f->mx[i] = (struct seen_mx){
            .preference = (uint16_t)(10 * (i + 1)),
            .exchange = i == 0 ? SPAN_LIT("mx1.example.net") : SPAN_LIT("mx2.example.net"),
            .host = i == 0 ? SPAN_LIT("mx1.example.net") : SPAN_LIT("mx2.example.net"),
            .a_state = DNS_DATA,
            .aaaa_state = DNS_NODATA,
            .endpoints = &f->brief,
            .endpoint_count = 1};
    }
    f->texts[0] = SPAN_LIT("v=STSv1; id=20260101T000000;");
    f->ns[0] = SPAN_LIT("ns1.example.net");
    f->ns[1] = SPAN_LIT("ns2.example.net");
    f->domain = (struct seen_domain){
        .input_line = 4711,
        .input = SPAN_LIT("example.com"),
        .domain = SPAN_LIT("example.com"),
        .registrable = SPAN_LIT("example.com"),
        .tld = SPAN_LIT("com"),
        .mx_kind = MX_KIND_EXPLICIT,
        .mx_dns = data,
        .mx = f->mx,
        .mx_count = 2,
        .mx_total = 2,
        .mta_sts = {.dns = data, .texts = f->texts, .count = 1},
        .tls_rpt = {.dns = {.state = DNS_NXDOMAIN, .rcode = 3, .ede = -1}},
        .ns_dns = data,
        .ns = f->ns,
        .ns_count = 2,
    };
}

static void fill(struct facts *f)
{
    CHECK(net_addr_parse(SPAN_LIT("93.184.216.34"), &f->address));
    f->brief = (struct endpoint_brief){.address = f->address,
                                       .port = 25,
                                       .outcome = OUTCOME_ESTABLISHED,
                                       .starttls = STARTTLS_OFFERED,
                                       .tls_version = 0x0304};
    memset(f->brief.leaf_sha256, 0xcd, sizeof(f->brief.leaf_sha256));
    fill_session(f);
    fill_targets(f);
    fill_domain(f);
    findings_init(&f->findings);
    row_sink_init(&f->sink, true, false, false);
}

NOINLINE static void render_domain(struct facts *f)
{
    const char *reason = NULL;
    findings_reset(&f->findings);
    findings_of_domain(&f->domain, NULL, &f->findings);
    enum account_class class = account_class_of(&f->domain, &reason);
    report_domain(&f->sink, &f->domain, NULL, NULL, class, reason, NULL, &f->findings);
}

NOINLINE static void render_host(struct facts *f)
{
    findings_reset(&f->findings);
    findings_of_host(&f->host, NULL, &f->findings);
    report_host(&f->sink, &f->host, NULL, NULL, &f->findings);
}

NOINLINE static void render_service(struct facts *f)
{
    findings_reset(&f->findings);
    findings_of_service(&f->service, NULL, &f->findings);
    report_service(&f->sink, &f->service, NULL, &f->findings);
}

NOINLINE static void render_endpoint(struct facts *f)
{
    findings_reset(&f->findings);
    findings_of_endpoint(&f->endpoint, NULL, &f->findings);
    report_endpoint(&f->sink, &f->endpoint, NULL, NULL, &f->findings);
}

NOINLINE static void render_certificate(struct facts *f)
{
    struct cert_info info;
    bool parsed = cert_info_read(f->der, &info);
    CHECK(parsed);
    report_certificate(&f->sink, f->der, &info, parsed, NULL, NULL);
    cert_info_deinit(&info);
}

static const struct {
    const char *name;
    enum table_id table;
    void (*render)(struct facts *f);
} rows[] = {
    {"domain", TABLE_DOMAINS, render_domain},
    {"host", TABLE_HOSTS, render_host},
    {"service", TABLE_SERVICES, render_service},
    {"endpoint", TABLE_ENDPOINTS, render_endpoint},
    {"certificate", TABLE_CERTIFICATES, render_certificate},
};

/* An ordinary leaf: @return its DER, to be freed with OPENSSL_free(). */
static struct span make_leaf(void)
{
    static const struct test_extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_info_access, "OCSP;URI:http://o.example.net,caIssuers;URI:http://i.example.net/"},
        {NID_certificate_policies, "2.23.140.1.2.1"},
    };
    struct test_cert root =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "Root", .ca = true});
    struct test_cert leaf = test_cert_new(
        &root,
        &(struct test_cert_params){.cn = "mx1.example.net",
                                   .san = "DNS:mx1.example.net,DNS:mx2.example.net",
                                   .extensions = extensions,
                                   .extension_count = sizeof(extensions) / sizeof(extensions[0])});
    unsigned char *der = NULL;
    int len = i2d_X509(leaf.cert, &der);
    CHECK(len > 0);
    test_cert_free(&root);
    test_cert_free(&leaf);
    return (struct span){der, (size_t)len};
}

static double cpu_now(void)
{
    struct timespec t;
    CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : COUNT_DEFAULT;
    const char *only = argc > 2 ? argv[2] : NULL;
    static struct facts f;
    fill(&f);
    struct span leaf = make_leaf();
    f.der = leaf;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && count > 0; i++) {
        if (only != NULL && strcmp(only, rows[i].name) != 0) {
            continue;
        }
        struct buf *lines = &f.sink.table[rows[i].table].ndjson;
        double from = cpu_now();
        for (size_t n = 0; n < count; n++) {
            buf_reset(lines);
            rows[i].render(&f);
        }
        double spent = cpu_now() - from;
        printf("%-12s %8.2f us, %6zu octets\n", rows[i].name, spent / (double)count * 1e6,
               lines->len);
    }
    row_sink_deinit(&f.sink);
    findings_deinit(&f.findings);
    OPENSSL_free((void *)(uintptr_t)leaf.at);
    return 0;
}
