/* A results directory made by hand of the same parts as a scan's, judged again. */

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/pem.h>

#include "output/journal.h"
#include "output/result_dir.h"
#include "scanner/analysis/account.h"
#include "scanner/analysis/leaf_domains.h"
#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/cert_names.h"
#include "scanner/cert/digest.h"
#include "scanner/record/problem_tables.h"
#include "scanner/record/standing.h"
#include "scanner/replay/analyze.h"
#include "scanner/replay/restore.h"
#include "scanner/report/report.h"
#include "tests/support/test_ca.h"

#define AT           1700000000 /* when the scan judges */
#define YEAR         31536000
#define LEAF_S       (YEAR / 2) /* the leaf's remaining life */
#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

static void folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char name[512];
        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        (void)unlink(name);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    (void)rmdir(path);
}

static void read_file(const char *dir, const char *name, struct buf *to)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s: %s", path, strerror(errno));
    for (size_t got = 1; got > 0; to->len += got) {
        uint8_t *room = buf_room(to, 65536);
        got = fread(room, 1, 65536, file);
    }
    (void)fclose(file);
}

static void write_file(const char *dir, const char *name, struct span octets)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(octets.at, 1, octets.len, file), octets.len);
    cr_assert_eq(fclose(file), 0);
}

/* --- what was presented --------------------------------------------------------------------- */

struct pki {
    struct test_cert root;
    struct test_cert other_root;
    struct test_cert intermediate;
    struct test_cert leaf;
    struct test_cert self_signed;
};

static struct pki pki_new(void)
{
    struct pki p;
    const struct test_cert_params root = {
        .cn = "Root", .ca = true, .at = AT, .from_s = -YEAR, .until_s = 10 * YEAR};
    const struct test_cert_params other = {
        .cn = "Other", .ca = true, .at = AT, .from_s = -YEAR, .until_s = 10 * YEAR};
    const struct test_cert_params intermediate = {
        .cn = "Intermediate", .ca = true, .at = AT, .from_s = -YEAR, .until_s = 5 * YEAR};
    const struct test_cert_params leaf = {.cn = "mx.example.com",
                                          .san = "DNS:mx.example.com,DNS:*.example.com",
                                          .at = AT,
                                          .from_s = -86400,
                                          .until_s = LEAF_S};
    const struct test_cert_params self_signed = {
        .cn = "localhost", .at = AT, .from_s = -86400, .until_s = 10 * YEAR};
    p.root = test_cert_new(NULL, &root);
    p.other_root = test_cert_new(NULL, &other);
    p.intermediate = test_cert_new(&p.root, &intermediate);
    p.leaf = test_cert_new(&p.intermediate, &leaf);
    p.self_signed = test_cert_new(NULL, &self_signed);
    return p;
}

static void pki_free(struct pki *p)
{
    test_cert_free(&p->root);
    test_cert_free(&p->other_root);
    test_cert_free(&p->intermediate);
    test_cert_free(&p->leaf);
    test_cert_free(&p->self_signed);
}

static void make_store(struct trust_store_octets *store, const char *name, X509 *root)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    BIO *bio = BIO_new(BIO_s_mem());
    cr_assert_eq(PEM_write_bio_X509(bio, root), 1);
    char *at = NULL;
    long len = BIO_get_mem_data(bio, &at);
    cr_assert(
        trust_store_parse(store, name, (struct span){(const uint8_t *)at, (size_t)len}, &why));
    BIO_free(bio);
    buf_deinit(&why);
}

/* --- the scan ------------------------------------------------------------------------------- */

struct made_scan {
    char path[64];
    struct judging_terms terms;
    struct chain_judge *judge;
    struct row_sink sink;
    struct findings findings;
    struct findings other_findings;
    struct fact_book *book;
    struct standing_judge standing;
    struct buf good; /* lists */
    struct buf bad;
    struct chain_brief good_brief;
    struct chain_brief bad_brief;
    uint8_t good_id[32];
    uint8_t leaf_sha256[32]; /* of the good chain */
};

static void put_certificate(struct made_scan *s, X509 *cert, struct buf *list)
{
    bool parsed = false;
    struct span der = test_cert_der(cert);
    const struct cert_info *info = chain_judge_cert(s->judge, der, &parsed);
    findings_reset(&s->findings);
    findings_of_certificate(info, parsed, &s->findings);
    report_certificate(&s->sink, der, info, parsed, &s->terms, &s->findings);
    cr_assert(cert_list_add(list, der));
    OPENSSL_free((void *)(uintptr_t)der.at);
}

static struct chain_brief put_chain(struct made_scan *s, struct span list, uint8_t id[32])
{
    uint8_t digests[4][32];
    struct chain_facts facts = {.digests = (const uint8_t(*)[32])digests};
    struct span rest = list;
    struct span der;
    while (cert_list_next(&rest, &der)) {
        digest_sha256(der, digests[facts.count++]);
        facts.octets += der.len;
    }
    digest_sha256((struct span){digests[0], facts.count * 32}, facts.chain_id);
    memcpy(id, facts.chain_id, 32);
    struct chain_verdict verdict;
    chain_judge_list(s->judge, list, &verdict);
    findings_reset(&s->findings);
    findings_of_chain(&verdict, &s->terms, &s->findings);
    report_chain(&s->sink, &facts, &verdict, &s->terms, &s->findings);
    struct chain_brief brief = chain_brief_of(&verdict);
    facts_note_chain(s->book, &s->standing.facts, id, &verdict, s->judge, list, &s->findings,
                     &s->other_findings);
    return brief;
}

static struct seen_session presented(struct span list, const uint8_t id[32], bool sni)
{
    struct seen_session s = {
        .outcome = OUTCOME_ESTABLISHED,
        .sni = sni,
        .tls_attempted = true,
        .started_unix_ms = AT * INT64_C(1000) + 7,
        .connect_ms = 3,
        .total_ms = 9,
        .smtp = {.starttls = STARTTLS_OFFERED},
        .tls = {.completed = true,
                .version = 0x0303,
                .cipher = 0xc02f,
                .alert_received = -1,
                .alert_sent = -1,
                .ms = 2,
                .list = list,
                .cert_count = (uint32_t)cert_list_count(list)},
    };
    for (int i = 0; i < SMTP_STEP_COUNT; i++) {
        s.smtp.reply[i].ms = -1;
    }
    s.smtp.reply[SMTP_STEP_GREETING] =
        (struct seen_reply){220, false, 1, SPAN_LIT("220 \xe4 mail.example.net")};
    s.smtp.reply[SMTP_STEP_EHLO] =
        (struct seen_reply){250, false, 1, SPAN_LIT("250-mail.example.net\n250 STARTTLS")};
    memcpy(s.tls.chain_id, id, 32);
    struct span der;
    cr_assert(cert_list_next(&list, &der));
    digest_sha256(der, s.tls.leaf_sha256);
    return s;
}

static void put_service(struct made_scan *s, const struct seen_service *seen)
{
    struct service_verdict v;
    service_verdict_init(&v);
    service_verdict_fill(&v, seen);
    findings_reset(&s->findings);
    findings_of_service(seen, &v, &s->findings);
    report_service(&s->sink, seen, &v, &s->findings);
    facts_note_service(s->book, &s->standing.facts, seen, &s->findings);
    service_verdict_deinit(&v);
}

static struct endpoint_brief put_endpoint(struct made_scan *s, const struct seen_endpoint *seen)
{
    struct endpoint_verdict v;
    endpoint_verdict_init(&v);
    endpoint_verdict_fill(&v, seen, 0);
    findings_reset(&s->findings);
    findings_of_endpoint(seen, &v, &s->findings);
    report_endpoint(&s->sink, seen, &v, NULL, &s->findings);
    v.validity = facts_note_endpoint(s->book, &s->standing.facts, seen, &s->findings);
    struct endpoint_brief b = {
        .address = seen->address,
        .port = seen->port,
        .outcome = (uint8_t)seen->result->outcome,
        .starttls = (uint8_t)seen->result->smtp.starttls,
        .inherited = seen->session_from.len > 0,
        .judged = endpoint_judged_of(&v, seen->chain),
        .ptr_is_host = TRUTH_NO,
        .no_sni_outcome = (uint8_t)seen->no_sni_outcome,
        .no_sni_chain = seen->no_sni_chain,
        .no_sni_leaf_domains = leaf_domains_of(seen->no_sni_names),
    };
    if (seen->no_sni_outcome == OUTCOME_ESTABLISHED) {
        b.no_sni_starttls = STARTTLS_OFFERED;
        b.no_sni_tls_version = 0x0303;
    }
    if (seen->result->tls_attempted) {
        b.tls_version = seen->result->tls.version;
        memcpy(b.leaf_sha256, seen->result->tls.leaf_sha256, 32);
    }
    endpoint_verdict_deinit(&v);
    return b;
}

static const struct seen_dns secure = {
    .state = DNS_DATA, .ad = true, .rrsig_present = true, .ede = -1, .ttl = 60};

/* A policy over HTTPS, with the good chain: mode enforce, and every address has to pass. */
static void put_policy(struct made_scan *s, const struct seen_policy *p,
                       const struct seen_domain *d)
{
    struct sts_verdict *v = memory_new(1, sizeof(*v));
    sts_verdict_init(v);
    sts_verdict_fill(v, d);
    findings_reset(&s->other_findings);
    findings_of_policy(p, v, &s->other_findings);
    report_policy_body(&s->sink, p->body_sha256, p->body);
    report_policy(&s->sink, d->domain, p, v, &s->other_findings);
    sts_verdict_deinit(v);
    free(v);
}

static struct seen_policy good_policy(const struct made_scan *s)
{
    struct seen_policy p = {
        .policy_host = SPAN_LIT("mta-sts.example.com"),
        .a = secure,
        .aaaa = {.state = DNS_NODATA, .ede = -1},
        .outcome = POLICY_FETCH_FETCHED,
        .started_unix_ms = AT * INT64_C(1000) + 9,
        .tls_ms = 2,
        .total_ms = 11,
        .tls_attempted = true,
        .tls = presented(buf_span(&s->good), s->good_id, true).tls,
        .status = 200,
        .head_octets = 99,
        .content_type = SPAN_LIT("text/plain"),
        .body = SPAN_LIT("version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 604800\n"),
        .chain = s->good_brief,
    };
    digest_sha256(p.body, p.body_sha256);
    return p;
}

static void put_domain(struct made_scan *s, const struct seen_domain *d)
{
    struct domain_verdict *v = memory_new(1, sizeof(*v));
    const char *reason = NULL;
    enum account_class ending = account_class_of(d, &reason);
    domain_verdict_init(v);
    domain_verdict_fill(v, d, &s->terms);
    findings_reset(&s->findings);
    findings_of_domain(d, v, &s->findings);
    struct domain_standing standing =
        standing_of(&s->standing, d, v, s->terms.at, &s->findings, &s->other_findings);
    report_domain(&s->sink, d, v, s->terms.profiles, ending, reason, &standing, &s->findings);
    domain_verdict_deinit(v);
    free(v);
}

static void put_host_and_domain(struct made_scan *s, const struct endpoint_brief *briefs,
                                size_t count)
{
    struct net_addr addresses[4];
    for (size_t i = 0; i < count; i++) {
        addresses[i] = briefs[i].address;
    }
    const struct seen_dns data = {.state = DNS_DATA, .ede = -1, .ttl = 60};
    const struct seen_dns none = {.state = DNS_NODATA, .ede = -1};
    const struct seen_tlsa tlsa = {3, 0, 1, {s->leaf_sha256, 32}};
    const struct seen_host host = {.name = SPAN_LIT("mx.example.com"),
                                   .a = secure,
                                   .aaaa = {.state = DNS_NODATA, .ad = true, .ede = -1},
                                   .tlsa = secure,
                                   .tlsas = &tlsa,
                                   .tlsa_count = 1,
                                   .addresses = addresses,
                                   .address_count = count,
                                   .endpoints = briefs,
                                   .endpoint_count = count};
    findings_reset(&s->findings);
    struct dane_host_verdict dane;
    dane_judge_host(&host, s->terms.trust_ad, &dane);
    cr_assert_eq(dane.state, DANE_HOST_USABLE);
    findings_of_host(&host, &dane, &s->findings);
    report_host(&s->sink, &host, &dane, NULL, &s->findings);
    facts_note_host(s->book, &s->standing.facts, &host, &s->findings);

    const struct seen_mx mx = {.preference = 10,
                               .exchange = SPAN_LIT("MX.example.com"),
                               .host = SPAN_LIT("mx.example.com"),
                               .a_state = DNS_DATA,
                               .aaaa_state = DNS_NODATA,
                               .dane_host = DANE_HOST_USABLE,
                               .tlsa_at = TLSA_PLACE_HOST,
                               .endpoints = briefs,
                               .endpoint_count = count};
    const struct span record = SPAN_LIT("v=STSv1; id=1;");
    const struct seen_policy policy = good_policy(s);
    const struct seen_domain domain = {.input_line = 3,
                                       .input = SPAN_LIT("Example.com"),
                                       .domain = SPAN_LIT("example.com"),
                                       .registrable = SPAN_LIT("example.com"),
                                       .tld = SPAN_LIT("com"),
                                       .metadata_json = SPAN_LIT("{\"rank\":\"1\"}"),
                                       .mx_kind = MX_KIND_EXPLICIT,
                                       .mx_dns = data,
                                       .mx = &mx,
                                       .mx_count = 1,
                                       .mx_total = 1,
                                       .mta_sts = {.dns = data, .texts = &record, .count = 1},
                                       .policy = &policy,
                                       .tls_rpt = {.dns = none},
                                       .ns_dns = none};
    put_policy(s, &policy, &domain);
    put_domain(s, &domain);
}

static void put_group(struct made_scan *s)
{
    struct seen_group group = {.address = net_addr_v4((const uint8_t[]){192, 0, 2, 1}),
                               .port = 25,
                               .parent = SPAN_LIT("example.com"),
                               .listed = true,
                               .state = GROUP_CONFIRMED,
                               .names_dialled = 1,
                               .names_inferred = 1,
                               .speaks = SPAN_LIT("mx.example.com")};
    memcpy(group.chain_id, s->good_id, sizeof(group.chain_id));
    report_group(&s->sink, &group);
}

/* A name that rests on the session of another one. */
static void put_inferred(struct made_scan *s, const struct seen_endpoint *by)
{
    struct seen_endpoint seen = {.host = SPAN_LIT("other.example.com"),
                                 .address = by->address,
                                 .port = by->port,
                                 .result = by->result,
                                 .session_from = SPAN_LIT("mx.example.com|192.0.2.1|25"),
                                 .group = by->group,
                                 .basis = BASIS_INFERRED,
                                 .no_sni_outcome = by->no_sni_outcome,
                                 .no_sni_names = by->no_sni_names,
                                 .no_sni_chain = by->no_sni_chain,
                                 .chain = by->chain};
    memcpy(seen.no_sni_leaf_sha256, by->no_sni_leaf_sha256, sizeof(seen.no_sni_leaf_sha256));
    (void)put_endpoint(s, &seen);
}

/* The first address presents a good chain to SNI and a self-signed certificate without; the second
 * refuses. */
static void put_rows(struct made_scan *s, const struct pki *p)
{
    uint8_t good[32];
    uint8_t bad[32];
    put_certificate(s, p->leaf.cert, &s->good);
    put_certificate(s, p->intermediate.cert, &s->good);
    put_certificate(s, p->self_signed.cert, &s->bad);
    s->good_brief = put_chain(s, buf_span(&s->good), good);
    memcpy(s->good_id, good, sizeof(good));
    struct span first_der = test_cert_der(p->leaf.cert);
    digest_sha256(first_der, s->leaf_sha256);
    OPENSSL_free((void *)(uintptr_t)first_der.at);
    s->bad_brief = put_chain(s, buf_span(&s->bad), bad);

    struct net_addr first = net_addr_v4((const uint8_t[]){192, 0, 2, 1});
    struct net_addr second = net_addr_v4((const uint8_t[]){192, 0, 2, 2});
    const struct span ptr[] = {SPAN_LIT("mail.example.net")};
    struct seen_session plain = presented(buf_span(&s->bad), bad, false);
    struct seen_session with_sni = presented(buf_span(&s->good), good, true);
    struct seen_session refused = {.outcome = OUTCOME_REFUSED,
                                   .started_unix_ms = AT * INT64_C(1000),
                                   .connect_ms = -1,
                                   .total_ms = 1,
                                   .sys = -ECONNREFUSED,
                                   .tls = {.alert_received = -1, .alert_sent = -1, .ms = -1}};
    struct seen_session spoken = {.outcome = OUTCOME_REFUSED, .connect_ms = -1};
    put_service(s, &(struct seen_service){.address = first,
                                          .port = 25,
                                          .attempts = &plain,
                                          .attempt_count = 1,
                                          .result = &plain,
                                          .ptr = {.dns = {.state = DNS_DATA, .ede = -1, .ttl = 1},
                                                  .names = ptr,
                                                  .name_count = 1,
                                                  .forward_state = (const uint8_t[]){DNS_DATA},
                                                  .forward_confirmed = (const bool[]){true}},
                                          .chain = s->bad_brief,
                                          .names_total = 1,
                                          .names_dialled = 1});
    put_service(s, &(struct seen_service){.address = second,
                                          .port = 25,
                                          .attempts = &refused,
                                          .attempt_count = 1,
                                          .result = &refused,
                                          .ptr = {.dns = {.rcode = 255, .ede = -1}}});
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    struct span rest = buf_span(&s->bad);
    struct span leaf;
    cr_assert(cert_list_next(&rest, &leaf) && cert_names_pack(leaf, &names));
    const struct seen_tlsa tlsa = {3, 0, 1, {s->leaf_sha256, 32}};
    struct seen_endpoint endpoint = {.host = SPAN_LIT("mx.example.com"),
                                     .dane_host = DANE_HOST_USABLE,
                                     .tlsa_base = SPAN_LIT("mx.example.com"),
                                     .tlsas = &tlsa,
                                     .tlsa_count = 1,
                                     .address = first,
                                     .port = 25,
                                     .attempts = &with_sni,
                                     .attempt_count = 1,
                                     .result = &with_sni,
                                     .no_sni_outcome = OUTCOME_ESTABLISHED,
                                     .no_sni_names = buf_span(&names),
                                     .no_sni_chain = s->bad_brief,
                                     .chain = s->good_brief,
                                     .group = SPAN_LIT("192.0.2.1|25|*.example.com"),
                                     .basis = BASIS_OBSERVED};
    memcpy(endpoint.no_sni_leaf_sha256, plain.tls.leaf_sha256, 32);
    struct endpoint_brief briefs[2];
    briefs[0] = put_endpoint(s, &endpoint);
    briefs[1] = put_endpoint(s, &(struct seen_endpoint){.host = SPAN_LIT("mx.example.com"),
                                                        .address = second,
                                                        .port = 25,
                                                        .result = &spoken,
                                                        .session_from = SPAN_LIT("192.0.2.2|25"),
                                                        .dane_host = DANE_HOST_USABLE,
                                                        .tlsa_base = SPAN_LIT("mx.example.com"),
                                                        .tlsas = &tlsa,
                                                        .tlsa_count = 1,
                                                        .no_sni_outcome = OUTCOME_REFUSED});
    put_inferred(s, &endpoint);
    put_group(s);
    put_host_and_domain(s, briefs, 2);
    buf_deinit(&names);
}

static void put_manifest(const struct made_scan *s, struct result_dir *dir)
{
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&json,
             "{\"schema\":1,\"program\":\"mxcensus\",\"version\":\"0.0.1\",\"options\":{"
             "\"ports\":\"25\"},\"seed\":\"18446744073709551615\",\"started\":\"2023-11-14T22"
             ":13:20.000Z\",\"ended\":\"2023-11-14T22:14:20.000Z\",\"account\":{},"
             "\"rows_lost\":0,\"trust_ad\":{\"setting\":\"yes\",\"trusted\":true,"
             "\"reason\":\"asked for\"},\"judged_at\":\"2023-11-14T22:13:20Z\",\"trust_stores\":[");
    for (size_t i = 0; i < s->terms.store_count; i++) {
        const struct trust_store_octets *store = &s->terms.stores[i];
        buf_putf(&json, "%s{\"name\":\"%s\",\"file\":\"root-cas-%s.pem\",\"sha256\":\"",
                 i > 0 ? "," : "", store->name, store->name);
        buf_put_hex(&json, (struct span){store->sha256, 32});
        buf_putf(&json, "\",\"anchors\":%zu}", store->anchor_count);
        char name[128];
        (void)snprintf(name, sizeof(name), "root-cas-%s.pem", store->name);
        cr_assert(result_dir_write_file(dir, name, buf_span(&store->pem)));
    }
    buf_put_text(&json, "],\"files\":[");
    const char *comma = "";
    for (int t = 0; t < TABLE_COUNT; t++) {
        for (int f = 0; f < ROW_FORMAT_COUNT; f++) {
            const struct result_file_info *info =
                result_dir_file_of(dir, (enum table_id)t, (enum row_format)f);
            if (info != NULL) {
                buf_putf(&json,
                         "%s{\"name\":\"%s\",\"table\":\"%s\",\"format\":\"%s\",\"rows\":%d}",
                         comma, info->name, table_name((enum table_id)t),
                         f == ROW_FORMAT_CSV ? "csv" : "ndjson", (int)info->rows);
                comma = ",";
            }
        }
    }
    buf_put_text(&json, "]}\n");
    cr_assert(result_dir_write_file(dir, "manifest.json", buf_span(&json)));
    buf_deinit(&json);
}

static void on_problem_row(void *arg)
{
    (void)arg;
}

static void put_problems(struct made_scan *s)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    const struct problem_tables t = {
        .book = s->book, .profiles = s->terms.profiles, .on_row = on_problem_row};
    cr_assert(report_problem_tables(&s->sink, &t, &why));
    cr_assert_gt(s->sink.table[TABLE_PROBLEMS].rows, 0);
    buf_deinit(&why);
}

static void scan_new(struct made_scan *s, const struct pki *p,
                     const struct trust_store_octets *stores, size_t store_count,
                     enum result_codec codec)
{
    *s = (struct made_scan){
        .path = "/tmp/mxcensus-scan-XXXXXX",
        .terms = {.at = AT, .stores = stores, .store_count = store_count, .trust_ad = true},
        .good = BUF_INIT(BUF_NO_LIMIT),
        .bad = BUF_INIT(BUF_NO_LIMIT)};
    cr_assert_not_null(mkdtemp(s->path));
    hash_secret_init();
    s->judge = chain_judge_new(&s->terms);
    findings_init(&s->findings);
    row_sink_init(&s->sink, true, true, false);
    row_sink_set_time(&s->sink, 1700000060000); /* "ended" of the manifest */
    findings_init(&s->other_findings);
    s->book = fact_book_new(FACTS_NO_BOUND);
    standing_init(&s->standing, s->book);
    put_rows(s, p);
    const struct result_dir_params params = {
        .path = s->path, .ndjson = true, .csv = true, .codec = codec};
    struct result_error error = {0};
    struct result_dir *dir = result_dir_new(&params, &error);
    cr_assert_not_null(dir);
    put_problems(s);
    for (int t = 0; t < TABLE_COUNT; t++) {
        const struct row_sink_table *rows = &s->sink.table[t];
        cr_assert(result_dir_append(dir, (enum table_id)t, ROW_FORMAT_NDJSON,
                                    buf_span(&rows->ndjson), rows->rows));
        cr_assert(result_dir_append(dir, (enum table_id)t, ROW_FORMAT_CSV, buf_span(&rows->csv),
                                    rows->rows));
    }
    cr_assert(result_dir_finish(dir));
    put_manifest(s, dir);
    result_dir_free(dir);
}

static void scan_free(struct made_scan *s)
{
    folder_remove(s->path);
    chain_judge_free(s->judge);
    findings_deinit(&s->findings);
    findings_deinit(&s->other_findings);
    standing_deinit(&s->standing);
    fact_book_free(s->book);
    row_sink_deinit(&s->sink);
    buf_deinit(&s->good);
    buf_deinit(&s->bad);
}

/* --- tests ---------------------------------------------------------------------------------- */

static void new_path(char path[64])
{
    (void)snprintf(path, 64, "/tmp/mxcensus-again-XXXXXX");
    cr_assert_not_null(mkdtemp(path));
}

static enum analyze_end analyze(const char *results, const char *output, struct buf *why)
{
    const struct analyze_params p = {
        .results = results, .output = output, .ndjson = true, .csv = true, .at = INT64_MIN};
    return analyze_run(&p, why);
}

static const char *const tables[] = {"certificates", "chains",        "hosts",    "services",
                                     "endpoints",    "policy_bodies", "policies", "domains",
                                     "problems",     "causes"};

static void expect_same_file(const char *a, const char *b, const char *name)
{
    struct buf x = BUF_INIT(BUF_NO_LIMIT);
    struct buf y = BUF_INIT(BUF_NO_LIMIT);
    read_file(a, name, &x);
    read_file(b, name, &y);
    cr_expect_gt(x.len, 0);
    cr_expect(span_eq(buf_span(&x), buf_span(&y)), "%s:\n%.*s\n%.*s", name, (int)x.len,
              (const char *)x.at, (int)y.len, (const char *)y.at);
    buf_deinit(&x);
    buf_deinit(&y);
}

static void expect_same_files(const char *a, const char *b)
{
    for (size_t i = 0; i < LENGTH(tables) * 2; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%s.%s", tables[i / 2], i % 2 == 0 ? "ndjson" : "csv");
        expect_same_file(a, b, name);
    }
}

struct world {
    struct pki pki;
    struct trust_store_octets stores[2]; /* "own", then "other" */
    struct made_scan scan;
    struct buf why;
    char again[64];
};

static void world_new(struct world *w, enum result_codec codec)
{
    w->pki = pki_new();
    memset(w->stores, 0, sizeof(w->stores));
    make_store(&w->stores[0], "own", w->pki.root.cert);
    make_store(&w->stores[1], "other", w->pki.other_root.cert);
    scan_new(&w->scan, &w->pki, w->stores, 2, codec);
    w->why = BUF_INIT(BUF_NO_LIMIT);
    new_path(w->again);
}

static void world_free(struct world *w)
{
    scan_free(&w->scan);
    folder_remove(w->again);
    buf_deinit(&w->why);
    trust_store_deinit(&w->stores[0]);
    trust_store_deinit(&w->stores[1]);
    pki_free(&w->pki);
}

Test(analyze, given_nothing_else_every_row_is_the_same)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_COMPLETE, "%.*s", (int)w.why.len,
                 (const char *)w.why.at);
    expect_same_files(w.scan.path, w.again);
    expect_same_file(w.scan.path, w.again, "groups.ndjson");
    char third[64];
    new_path(third);
    cr_expect_eq(analyze(w.again, third, &w.why), ANALYZE_COMPLETE); /* and of that again */
    expect_same_files(w.scan.path, third);
    expect_same_file(w.scan.path, third, "groups.ndjson");
    folder_remove(third);
    world_free(&w);
}

static void analyze_with(struct world *w, const char *results, const char *output,
                         const struct row_shape *shape, size_t memory_octets)
{
    const struct analyze_params p = {.results = results,
                                     .output = output,
                                     .ndjson = true,
                                     .csv = true,
                                     .shape = shape,
                                     .memory_octets = memory_octets,
                                     .at = INT64_MIN};
    cr_expect_eq(analyze_run(&p, &w->why), ANALYZE_COMPLETE, "%.*s", (int)w->why.len,
                 (const char *)w->why.at);
}

/* All that is kept lies in temporary databases; of rows that have all columns, and of those that say each thing once. */
Test(analyze, with_little_memory_every_row_is_the_same)
{
    struct world w;
    const struct row_shape normal = {.detail = ROW_DETAIL_NORMAL};
    char lean[64];
    char third[64];
    world_new(&w, RESULT_CODEC_NONE);
    new_path(lean);
    new_path(third);
    analyze_with(&w, w.scan.path, w.again, NULL, 1);
    expect_same_files(w.scan.path, w.again);
    analyze_with(&w, w.scan.path, lean, &normal, 0);
    analyze_with(&w, lean, third, &normal, 1);
    expect_same_files(lean, third);
    folder_remove(lean);
    folder_remove(third);
    world_free(&w);
}

/* Rows of endpoints come with their hosts, and hosts are finished in any order. */
Test(analyze, a_name_stands_in_front_of_the_one_that_speaks_for_it)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    struct buf rows = BUF_INIT(BUF_NO_LIMIT);
    struct buf turned = BUF_INIT(BUF_NO_LIMIT);
    struct buf again = BUF_INIT(BUF_NO_LIMIT);
    read_file(w.scan.path, "endpoints.ndjson", &rows);
    size_t last = rows.len - 1;
    while (rows.at[last - 1] != '\n') {
        last--;
    }
    struct span speakers = span_take(buf_span(&rows), last);
    struct span inferred = span_drop(buf_span(&rows), last);
    buf_put(&turned, inferred);
    buf_put(&turned, speakers);
    write_file(w.scan.path, "endpoints.ndjson", buf_span(&turned));
    cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_COMPLETE, "%.*s", (int)w.why.len,
                 (const char *)w.why.at);
    read_file(w.again, "endpoints.ndjson", &again);
    cr_expect(span_eq(buf_span(&again), buf_span(&turned)));
    buf_deinit(&rows);
    buf_deinit(&turned);
    buf_deinit(&again);
    world_free(&w);
}

Test(analyze, compressed_tables_are_read_as_well)
{
    const enum result_codec codecs[] = {RESULT_CODEC_GZIP, RESULT_CODEC_ZSTD};
    for (size_t i = 0; i < LENGTH(codecs); i++) {
        struct world w;
        world_new(&w, codecs[i]);
        cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_COMPLETE, "%.*s",
                     (int)w.why.len, (const char *)w.why.at);
        struct buf rows = BUF_INIT(BUF_NO_LIMIT);
        read_file(w.again, "domains.ndjson", &rows);
        cr_expect(span_eq(buf_span(&rows), buf_span(&w.scan.sink.table[TABLE_DOMAINS].ndjson)));
        buf_deinit(&rows);
        world_free(&w);
    }
}

/* The first line of a table as JSON. */
static json_t *first_row(const char *dir, const char *table)
{
    char name[64];
    struct buf rows = BUF_INIT(BUF_NO_LIMIT);
    (void)snprintf(name, sizeof(name), "%s.ndjson", table);
    read_file(dir, name, &rows);
    const uint8_t *end = memchr(rows.at, '\n', rows.len);
    cr_assert_not_null(end);
    json_t *row = json_loadb((const char *)rows.at, (size_t)(end - rows.at), 0, NULL);
    cr_assert_not_null(row);
    buf_deinit(&rows);
    return row;
}

static void expect_word(const json_t *value, const char *word)
{
    const char *got = json_string_value(value);
    cr_expect(got != NULL && strcmp(got, word) == 0, "%s, not %s", got, word);
}

static void expect_verdict(const char *dir, const char *status)
{
    json_t *chain = first_row(dir, "chains");
    json_t *endpoint = first_row(dir, "endpoints");
    json_t *domain = first_row(dir, "domains");
    expect_word(json_object_get(chain, "status"), status);
    expect_word(json_object_get(endpoint, "chain_status"), status);
    const json_t *mx = json_array_get(json_object_get(domain, "mx"), 0);
    const json_t *brief = json_array_get(json_object_get(mx, "endpoints"), 0);
    expect_word(json_object_get(brief, "chain_status"), status);
    json_decref(chain);
    json_decref(endpoint);
    json_decref(domain);
}

/* Replaces `from`, which is there, by `to` in a file; `from` NULL: the file goes. */
static void change_file(const char *dir, const char *name, const char *from, const char *to)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (from == NULL) {
        cr_assert_eq(unlink(path), 0);
        return;
    }
    struct buf old = BUF_INIT(BUF_NO_LIMIT);
    struct buf new = BUF_INIT(BUF_NO_LIMIT);
    read_file(dir, name, &old);
    uint8_t *at = memmem(old.at, old.len, from, strlen(from));
    cr_assert_not_null(at, "%s is not in %s", from, name);
    buf_put(&new, (struct span){old.at, (size_t)(at - old.at)});
    buf_put_text(&new, to);
    buf_put(&new, span_drop(buf_span(&old), (size_t)(at - old.at) + strlen(from)));
    write_file(dir, name, buf_span(&new));
    buf_deinit(&old);
    buf_deinit(&new);
}

static void expect_policies(const char *dir, const char *sts, const char *dane, const char *status)
{
    json_t *domain = first_row(dir, "domains");
    json_t *endpoint = first_row(dir, "endpoints");
    expect_word(json_object_get(json_object_get(domain, "mta_sts"), "state"), sts);
    expect_word(json_object_get(json_object_get(domain, "dane"), "state"), dane);
    expect_word(json_object_get(json_object_get(endpoint, "dane"), "status"), status);
    json_decref(domain);
    json_decref(endpoint);
}

/* RFC 7672 section 2.1.1: AD counts only where the resolver is trusted. */
Test(analyze, without_trust_in_ad_nothing_is_known_of_dane)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    expect_policies(w.scan.path, "enforce", "full", "match");
    const struct analyze_params p = {.results = w.scan.path,
                                     .output = w.again,
                                     .ndjson = true,
                                     .at = INT64_MIN,
                                     .trust_ad = TRUTH_NO};
    cr_expect_eq(analyze_run(&p, &w.why), ANALYZE_COMPLETE);
    expect_policies(w.again, "enforce", "unknown", "unknown");
    char name[128];
    json_error_t error;
    (void)snprintf(name, sizeof(name), "%s/manifest.json", w.again);
    json_t *manifest = json_load_file(name, 0, &error);
    const json_t *now = json_object_get(manifest, "trust_ad");
    const json_t *from = json_object_get(manifest, "analyzed_from");
    cr_expect(json_is_false(json_object_get(now, "trusted")));
    cr_expect(json_is_true(json_object_get(json_object_get(from, "trust_ad"), "trusted")));
    json_decref(manifest);
    world_free(&w);
}

/* A scan by an older version has no such tables. */
Test(analyze, a_scan_without_tables_of_policies)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    for (int i = 0; i < 2; i++) {
        change_file(w.scan.path, "manifest.json", "\"table\":\"policies\"", "\"table\":\"x\"");
        change_file(w.scan.path, "manifest.json", "\"table\":\"policy_bodies\"", "\"table\":\"y\"");
    }
    cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_COMPLETE, "%.*s", (int)w.why.len,
                 (const char *)w.why.at);
    expect_policies(w.again, "unknown", "full", "match");
    world_free(&w);
}

Test(analyze, at_another_time_the_verdict_is_another_all_the_way_to_the_domain)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    expect_verdict(w.scan.path, "trusted");
    const struct analyze_params p = {
        .results = w.scan.path, .output = w.again, .ndjson = true, .at = AT + YEAR};
    cr_expect_eq(analyze_run(&p, &w.why), ANALYZE_COMPLETE);
    expect_verdict(w.again, "expired");
    json_t *certificate = first_row(w.again, "certificates");
    cr_expect_eq(json_integer_value(json_object_get(certificate, "days_left")),
                 (LEAF_S - YEAR) / 86400 - ((LEAF_S - YEAR) % 86400 != 0));
    json_decref(certificate);
    world_free(&w);
}

Test(analyze, with_other_roots_the_path_ends_nowhere)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    const struct analyze_params p = {.results = w.scan.path,
                                     .output = w.again,
                                     .ndjson = true,
                                     .stores = &w.stores[1],
                                     .store_count = 1,
                                     .at = INT64_MIN};
    cr_expect_eq(analyze_run(&p, &w.why), ANALYZE_COMPLETE);
    expect_verdict(w.again, "issuer_unknown");
    expect_policies(w.again, "certificate_invalid", "full", "match"); /* 3 0 1 needs no root */
    char name[128];
    (void)snprintf(name, sizeof(name), "%s/root-cas-other.pem", w.again);
    cr_expect_eq(access(name, F_OK), 0);
    json_error_t error;
    (void)snprintf(name, sizeof(name), "%s/manifest.json", w.again);
    json_t *manifest = json_load_file(name, 0, &error);
    cr_assert_not_null(manifest);
    expect_word(json_object_get(manifest, "seed"), "18446744073709551615");
    expect_word(json_object_get(manifest, "judged_at"), "2023-11-14T22:13:20Z");
    expect_word(json_object_get(manifest, "version"), MXCENSUS_VERSION);
    const json_t *from = json_object_get(manifest, "analyzed_from");
    expect_word(json_object_get(from, "directory"), w.scan.path);
    expect_word(json_object_get(from, "version"), "0.0.1");
    cr_expect_eq(json_array_size(json_object_get(from, "trust_stores")), 2);
    cr_expect_eq(json_array_size(json_object_get(manifest, "trust_stores")), 1);
    json_decref(manifest);
    world_free(&w);
}

/* --- directories that are not what they should be -------------------------------------------- */

static const struct hostile_case {
    const char *name;
    const char *file;
    const char *from;
    const char *to;
    const char *why; /* behind the directory */
} hostile_cases[] = {
    {"no table", "chains.ndjson", NULL, NULL, "/chains.ndjson: No such file or directory"},
    {"no trust store", "root-cas-own.pem", NULL, NULL,
     "/root-cas-own.pem: No such file or directory"},
    {"another trust store", "root-cas-own.pem", "M", "N",
     "/root-cas-own.pem: not the trust store of the scan: its SHA-256 is different"},
    {"CSV only", "manifest.json", "\"certificates\",\"format\":\"ndjson\"",
     "\"certificates\",\"format\":\"xml\"",
     "/manifest.json: names no NDJSON file of table certificates, which is needed"},
    {"a file elsewhere", "manifest.json", "\"certificates.ndjson\"", "\"../certificates.ndjson\"",
     "/manifest.json: names no NDJSON file of table certificates, which is needed"},
    {"fewer rows", "manifest.json", "\"table\":\"hosts\",\"format\":\"ndjson\",\"rows\":1",
     "\"table\":\"hosts\",\"format\":\"ndjson\",\"rows\":2",
     "/hosts.ndjson: has 1 rows, but 2 when the scan ended"},
    {"a newer layout", "manifest.json", "{\"schema\":1", "{\"schema\":2",
     "/manifest.json: has schema 2, but this version reads schema 1: it was written by mxcensus "
     "0.0.1; use that version or a later one"},
    {"no JSON", "manifest.json", "{\"schema\"", "{schema", "/manifest.json: is not a JSON object"},
    {"no judgement time", "manifest.json", "\"judged_at\"", "\"judged\"",
     "/manifest.json: has no time of judgement; give --at"},
    {"a bad judgement time", "manifest.json", "2023-11-14T22:13:20Z", "yesterday",
     "/manifest.json: judged_at is not a time"},
    {"no trust stores named", "manifest.json", "\"trust_stores\"", "\"stores\"",
     "/manifest.json: does not say which trust stores were used; give --root-cas"},
    {"a trust store without a name", "manifest.json", "\"name\":\"own\"", "\"name\":\"\"",
     "/manifest.json: an entry of trust_stores has a name that no scan gives, or twice"},
    {"a name of 64 octets for it", "manifest.json", "\"name\":\"own\"",
     "\"name\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"",
     "/manifest.json: an entry of trust_stores has a name that no scan gives, or twice"},
    {"a path", "manifest.json", "\"name\":\"own\"", "\"name\":\"../../etc/x\"",
     "/manifest.json: an entry of trust_stores has a name that no scan gives, or twice"},
    {"a control sequence", "manifest.json", "\"name\":\"own\"", "\"name\":\"o\\u001b[2J\"",
     "/manifest.json: an entry of trust_stores has a name that no scan gives, or twice"},
    {"two lines", "manifest.json", "\"name\":\"own\"", "\"name\":\"o\\nn\"",
     "/manifest.json: an entry of trust_stores has a name that no scan gives, or twice"},
    {"the other store's name", "manifest.json", "\"name\":\"own\"", "\"name\":\"other\"",
     "/manifest.json: an entry of trust_stores has a name that no scan gives, or twice"},
    {"no ports", "manifest.json", "\"ports\":\"25\"", "\"ports\":\"smtp\"",
     "/manifest.json: does not say which ports were scanned"},
    {"a column of a newer version", "services.ndjson", "{\"schema\":1,", "{\"schema\":1,\"x\":1,",
     "/services.ndjson, line 1: services has a column that this version does not know: \"x\""},
    {"another type", "endpoints.ndjson", "\"port\":25", "\"port\":\"25\"",
     "/endpoints.ndjson, line 1: endpoints.port is not a whole number"},
    {"a word of a newer version", "hosts.ndjson", "\"established\"", "\"sleeping\"",
     "/hosts.ndjson, line 1: endpoint.outcome has a word that this version does not know"},
    {"a certificate altered", "certificates.ndjson", "\"raw\":\"MIIB", "\"raw\":\"MIIC",
     "/certificates.ndjson, line 1: certificates.fingerprint_sha256 is not the digest of raw"},
    {"a chain altered", "chains.ndjson", "\"certificates\":[\"", "\"certificates\":[\"00",
     "/chains.ndjson, line 1: chains.certificates has an item that is not a SHA-256"},
    {"nobody speaks", "endpoints.ndjson", "\"mx.example.com|192.0.2.1|25\",\"repeated\"",
     "\"mx.example.org|192.0.2.1|25\",\"repeated\"",
     "/endpoints.ndjson, line 3: endpoints.session_from is no endpoint whose session has this "
     "chain"},
    {"an attempt that is none", "services.ndjson", "\"attempt\":1", "\"attempt\":2",
     "/services.ndjson, line 1: services.attempt is not one of the attempts"},
    {"a result of nobody", "endpoints.ndjson", "\"mx.example.com|192.0.2.1|25\",\"repeated\"",
     "null,\"repeated\"",
     "/endpoints.ndjson, line 3: endpoints.attempt is null, but the row has an outcome of its own"},
    {"half a line", "domains.ndjson", "}\n", "}",
     "/domains.ndjson, line 1: the file ends inside the line"},
    {"a body altered", "policy_bodies.ndjson", "\"raw\":\"d", "\"raw\":\"e",
     "/policy_bodies.ndjson, line 1: policy_bodies.policy_sha256 is not the digest of raw"},
    {"a policy without its body", "policies.ndjson", "\"policy_sha256\":\"",
     "\"policy_sha256\":\"0000",
     "/policies.ndjson, line 1: policies.policy_sha256 is not a SHA-256"},
    {"a policy of another domain", "policies.ndjson", "\"domain\":\"example.com\"",
     "\"domain\":\"example.net\"", ": 1 rows of policies belong to no domain"},
    {"no row at all", "domains.ndjson", "{\"schema\"", "{{\"schema\"",
     "/domains.ndjson, line 1: not a JSON object: "},
};

Test(analyze, a_directory_that_cannot_be_used_is_refused_in_one_line)
{
    for (size_t i = 0; i < LENGTH(hostile_cases); i++) {
        const struct hostile_case *c = &hostile_cases[i];
        struct world w;
        world_new(&w, RESULT_CODEC_NONE);
        change_file(w.scan.path, c->file, c->from, c->to);
        cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_UNUSABLE, "%s", c->name);
        cr_expect_eq(rmdir(w.again), 0, "%s: something was left", c->name);
        struct span told = span_drop(buf_span(&w.why), strlen(w.scan.path));
        cr_expect(span_eq(span_take(told, strlen(c->why)), span_of(c->why)), "%s: %.*s", c->name,
                  (int)w.why.len, (const char *)w.why.at);
        world_free(&w);
    }
}

static void drop_first_row(const char *dir, const char *name)
{
    struct buf rows = BUF_INIT(BUF_NO_LIMIT);
    read_file(dir, name, &rows);
    struct span rest = buf_span(&rows);
    (void)text_take_until(&rest, '\n');
    write_file(dir, name, rest);
    buf_deinit(&rows);
}

/* Each digest is one, but nobody presented a certificate with it. */
Test(analyze, a_chain_of_certificates_that_have_no_row)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    drop_first_row(w.scan.path, "certificates.ndjson");
    change_file(w.scan.path, "manifest.json",
                "\"table\":\"certificates\",\"format\":\"ndjson\",\"rows\":3",
                "\"table\":\"certificates\",\"format\":\"ndjson\",\"rows\":2");
    cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_UNUSABLE);
    cr_expect(span_ends_with(buf_span(&w.why),
                             SPAN_LIT("chains.certificates names a certificate that has no row")));
    world_free(&w);
}

/* By a version that kept no journal. */
Test(analyze, an_interrupted_scan_without_a_journal_is_refused)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    change_file(w.scan.path, "manifest.json", NULL, NULL);
    write_file(w.scan.path, "state.json", SPAN_LIT("{}"));
    cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_UNUSABLE);
    cr_expect(span_ends_with(buf_span(&w.why),
                             SPAN_LIT("of the tables alone, report, show and diff can be made")));
    world_free(&w);
}

/* As if it had been killed behind its last row. @param more a further file of rows; NULL: none */
static void make_unfinished(const char *dir, const char *more)
{
    enum {
        FILES_MAX = LENGTH(tables) + 1
    };
    char names[FILES_MAX][64];
    const char *list[FILES_MAX];
    struct journal_entry entry = {.durable = true,
                                  .progress.unix_ms = 1700000060000,
                                  .file_count = LENGTH(tables) + (more != NULL)};
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    struct buf journal = BUF_INIT(BUF_NO_LIMIT);
    uint64_t sum = 0;
    read_file(dir, "manifest.json", &octets);
    write_file(dir, "started.json", buf_span(&octets));
    change_file(dir, "manifest.json", NULL, NULL);
    for (size_t i = 0; i < entry.file_count; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%s.ndjson",
                       i < LENGTH(tables) ? tables[i] : more);
        list[i] = names[i];
        buf_reset(&octets);
        read_file(dir, names[i], &octets);
        entry.files[i].octets = octets.len;
        for (size_t k = 0; k < octets.len; k++) {
            entry.files[i].rows += octets.at[k] == '\n';
        }
    }
    journal_put_names(&journal, list, entry.file_count, &sum);
    journal_put_entry(&journal, &entry, &sum);
    write_file(dir, JOURNAL_NAME, buf_span(&journal));
    buf_deinit(&octets);
    buf_deinit(&journal);
}

/* Groups have no rows in either directory: they are written at the end of a scan. */
Test(analyze, an_unfinished_scan_whose_names_all_have_their_speaker)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    make_unfinished(w.scan.path, NULL);
    cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_COMPLETE, "%.*s", (int)w.why.len,
                 (const char *)w.why.at);
    expect_same_files(w.scan.path, w.again);
    char third[64];
    new_path(third);
    cr_expect_eq(analyze(w.again, third, &w.why), ANALYZE_COMPLETE, "%.*s", (int)w.why.len,
                 (const char *)w.why.at);
    expect_same_files(w.scan.path, third);
    folder_remove(third);
    world_free(&w);
}

/* It came ahead of its host's row, so that what rests on it can be judged. */
Test(analyze, an_unfinished_scan_in_which_the_one_that_speaks_has_no_row_yet)
{
    struct world w;
    struct buf rows = BUF_INIT(BUF_NO_LIMIT);
    world_new(&w, RESULT_CODEC_NONE);
    read_file(w.scan.path, "endpoints.ndjson", &rows);
    struct span rest = buf_span(&rows);
    (void)text_take_until(&rest, '\n');
    write_file(w.scan.path, RESULT_AHEAD_NAME ".ndjson",
               span_take(buf_span(&rows), rows.len - rest.len));
    drop_first_row(w.scan.path, "endpoints.ndjson");
    make_unfinished(w.scan.path, RESULT_AHEAD_NAME);
    cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_COMPLETE, "%.*s", (int)w.why.len,
                 (const char *)w.why.at);
    expect_same_file(w.scan.path, w.again, "endpoints.ndjson");
    char third[64];
    new_path(third);
    cr_expect_eq(analyze(w.again, third, &w.why), ANALYZE_COMPLETE, "%.*s", (int)w.why.len,
                 (const char *)w.why.at);
    expect_same_file(w.scan.path, third, "endpoints.ndjson");
    expect_same_file(w.scan.path, third, RESULT_AHEAD_NAME ".ndjson");
    folder_remove(third);
    buf_deinit(&rows);
    world_free(&w);
}

/* By a version that did not keep it. What it got is not told by the rows that rest on it. */
Test(analyze, an_unfinished_scan_in_which_the_one_that_speaks_is_nowhere)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    drop_first_row(w.scan.path, "endpoints.ndjson");
    make_unfinished(w.scan.path, NULL);
    cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_UNUSABLE);
    cr_expect(span_ends_with(buf_span(&w.why),
                             SPAN_LIT("line 2: endpoints.session_from is no endpoint whose session "
                                      "has this chain")),
              "%.*s", (int)w.why.len, (const char *)w.why.at);
    world_free(&w);
}

static void hear_digest(void *arg, const uint8_t sha256[32])
{
    (void)arg;
    (void)sha256;
}

static void hear_chain(void *arg, const uint8_t chain_id[32], struct chain_brief brief)
{
    (void)arg;
    (void)chain_id;
    (void)brief;
}

static void hear_service(void *arg, const struct seen_service *s)
{
    (void)arg;
    (void)s;
}

static void hear_endpoint(void *arg, const struct seen_endpoint *e, enum name_match match,
                          int64_t block)
{
    (void)arg;
    (void)e;
    (void)match;
    (void)block;
}

static void hear_speaker(void *arg, const struct seen_endpoint *e)
{
    (void)arg;
    (void)e;
}

static void hear_host(void *arg, const struct seen_host *h)
{
    (void)arg;
    (void)h;
}

static void hear_domain(void *arg, const struct seen_domain *d)
{
    (void)arg;
    (void)d;
}

static bool hear_and_go_on(void *arg)
{
    (void)arg;
    return true;
}

/* As the writer of a scan that goes on does. */
static void take_names(const char *dir)
{
    for (size_t i = 0; i <= LENGTH(tables); i++) {
        char name[128];
        char part[160];
        (void)snprintf(name, sizeof(name), "%s/%s.ndjson", dir,
                       i < LENGTH(tables) ? tables[i] : "groups");
        (void)snprintf(part, sizeof(part), "%s" RESULT_PART_SUFFIX, name);
        cr_assert_eq(rename(name, part), 0);
    }
}

/* Whoever goes on with it has emptied the files that are written at the end, before it reads the others. */
Test(analyze, a_scan_that_goes_on_reads_nothing_of_the_end)
{
    struct world w;
    struct results results;
    const struct restore_listener listener = {.certificate = hear_digest,
                                              .chain = hear_chain,
                                              .service = hear_service,
                                              .endpoint = hear_endpoint,
                                              .speaker = hear_speaker,
                                              .host = hear_host,
                                              .domain = hear_domain,
                                              .body = hear_digest,
                                              .go_on = hear_and_go_on};
    world_new(&w, RESULT_CODEC_NONE);
    write_file(w.scan.path, "groups.ndjson", SPAN_LIT("{}\n"));
    make_unfinished(w.scan.path, "groups");
    cr_assert(results_open(&results, w.scan.path, &w.why));
    write_file(w.scan.path, "groups.ndjson", SPAN_LIT(""));
    take_names(w.scan.path);
    struct fact_book *book = fact_book_new(FACTS_NO_BOUND);
    struct restored *r = restored_new(&results, &w.scan.terms, NULL, book, 0, 1);
    cr_expect(restored_read(r, &listener, &w.why), "%.*s", (int)w.why.len, (const char *)w.why.at);
    restored_free(r);
    fact_book_free(book);
    results_deinit(&results);
    world_free(&w);
}

Test(analyze, the_new_directory_must_be_empty)
{
    struct world w;
    world_new(&w, RESULT_CODEC_NONE);
    write_file(w.again, "mine", SPAN_LIT("precious"));
    cr_expect_eq(analyze(w.scan.path, w.again, &w.why), ANALYZE_UNUSABLE);
    cr_expect(span_ends_with(buf_span(&w.why),
                             SPAN_LIT("; give a directory that is empty or does not exist")));
    world_free(&w);
}
