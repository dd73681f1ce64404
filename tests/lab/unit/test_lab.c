/* The lab's own tests: what its expectations rest on. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <openssl/x509v3.h>

#include "scanner/base/hash.h"
#include "tests/lab/address_plan.h"
#include "tests/lab/cases.h"
#include "tests/lab/cert_store.h"
#include "tests/lab/dns_message.h"
#include "tests/lab/expect.h"
#include "tests/lab/population.h"
#include "tests/lab/tls_server.h"

#define DOMAINS 20000
#define NOW     1790035200 /* 2026-09-22 */

static void open_world(struct world *w, const char *preset)
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
    (void)snprintf(w->params_path, sizeof(w->params_path), MXLAB_PRESETS "/%s.params", preset);
    cr_assert(params_read(w->params_path, &w->params, &error), "%.*s", (int)error.len,
              (const char *)error.at);
    world_finish(w);
    buf_deinit(&error);
}

Test(params, presets_are_whole_and_mistakes_are_named)
{
    static const char *const presets[] = {"tranco1m", "gtld", "perf"};
    static const struct {
        const char *text;
        const char *said;
    } mistakes[] = {
        {"nxdomain 1%\n", "is missing"},
        {"nxdomain one\n", ":1: not understood"},
        {"# a comment\nnobody 1\n", ":2: not understood"},
        {"nxdomain 1% 2%\n", ":1: not understood"},
        {"nxdomain -1%\n", ":1: not understood"},
        {"operator x 1% names=mx\n", ":1: not understood"},
        {"operator x 1% domain=x.net\n", ":1: not understood"},
        {"operator x 1% domain=x.net names=mx addresses=0\n", ":1: not understood"},
        {"include nowhere.params\n", "No such file"},
    };
    struct world w;
    for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        open_world(&w, presets[i]);
        world_deinit(&w);
    }
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        char path[] = "/tmp/mxlab-params-XXXXXX";
        int fd = mkstemp(path);
        struct params p;
        struct buf error = BUF_INIT(BUF_NO_LIMIT);
        cr_assert(fd >= 0 && write(fd, mistakes[i].text, strlen(mistakes[i].text)) > 0);
        (void)close(fd);
        cr_expect_not(params_read(path, &p, &error), "%s", mistakes[i].text);
        buf_put_char(&error, '\0');
        cr_expect(strstr((const char *)error.at, mistakes[i].said) != NULL, "%s: %s",
                  mistakes[i].text, (const char *)error.at);
        (void)unlink(path);
        buf_deinit(&error);
    }
}

/* Applies the options as a client does: the first map that holds the address. */
static bool dialled(struct span options, const struct net_addr *a, uint32_t *local, bool *has_port)
{
    static const struct span option = SPAN_INIT("--address-map=");
    while (options.len > 0) {
        const uint8_t *end = memchr(options.at, '\n', options.len);
        struct span line = span_take(options, (size_t)(end - options.at));
        options = span_drop(options, line.len + 1);
        if (line.len < option.len || memcmp(line.at, option.at, option.len) != 0) {
            continue;
        }
        line = span_drop(line, option.len);
        const uint8_t *equals = memchr(line.at, '=', line.len);
        struct span to = span_drop(line, (size_t)(equals - line.at) + 1);
        const uint8_t *colon = memchr(to.at, ':', to.len);
        struct net_prefix from_prefix;
        struct net_prefix to_prefix;
        cr_assert(net_prefix_parse(span_take(line, (size_t)(equals - line.at)), &from_prefix));
        cr_assert(
            net_prefix_parse(span_take(to, colon ? (size_t)(colon - to.at) : to.len), &to_prefix));
        if (net_prefix_contains(&from_prefix, a)) {
            struct net_addr m = net_addr_mapped(a, &from_prefix, &to_prefix);
            *local = (uint32_t)m.octets[0] << 24 | (uint32_t)m.octets[1] << 16 |
                     (uint32_t)m.octets[2] << 8 | m.octets[3];
            *has_port = colon != NULL;
            return true;
        }
    }
    return false;
}

Test(address_plan, every_place_is_found_again_through_the_options)
{
    static const struct address_place places[] = {
        {PART_CASE, 0, 1, false},
        {PART_CASE, 255, 255, false},
        {PART_CASE, 511, 255, false},
        {PART_CASE, 511, 255, true},
        {PART_CASE, 512, 0, false},
        {PART_CASE, 512, 0, true},
        {PART_CASE, PLAN_CASES - 1, 255, false},
        {PART_CASE, PLAN_CASES - 1, 255, true},
        {PART_POLICY_PROVIDER, 0, 0, false},
        {PART_POLICY_PROVIDER, PLAN_PROVIDERS - 1, 255, false},
        {PART_POLICY_PROVIDER, PLAN_PROVIDERS - 1, 255, true},
        {PART_POLICY_WEB, 0, 0, true},
        {PART_POLICY_WEB, PLAN_POLICY_WEB - 1, 0, false},
        {PART_POLICY_WEB, PLAN_POLICY_WEB - 1, 0, true},
        {PART_CASE, 131, 7, true},
        {PART_SMALL_HOSTER, 0, 0, false},
        {PART_SMALL_HOSTER, 32767, 3, false},
        {PART_OPERATOR, 0, 0, false},
        {PART_OPERATOR, 199, 63, false},
        {PART_OPERATOR, 199, 63, true},
        {PART_HOSTING, 0, 0, false},
        {PART_HOSTING, 599, 0, false},
        {PART_HOSTING, 599, 0, true},
        {PART_SELF, 0, 0, false},
        {PART_SELF, PLAN_SELF_SLOTS - 1, 0, false},
        {PART_SELF, PLAN_SELF_SLOTS - 2, 0, true},
        {PART_SELF, 123456, 0, true},
    };
    const struct address_ports ports = {1, 2, 3, 4, 5, 6, 7};
    const uint32_t companies = 25;
    struct buf options = BUF_INIT(BUF_NO_LIMIT);
    address_options(&options, &ports);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const struct address_place *p = &places[i];
        struct net_addr a = address_of_place(p, companies);
        struct address_place back = address_place_of(&a, companies);
        uint32_t local = 0;
        bool has_port = true;
        cr_expect(back.part == p->part && back.owner == p->owner && back.item == p->item &&
                      back.v6 == p->v6,
                  "place %zu", i);
        cr_expect_null(net_addr_special_purpose(&a), "place %zu", i);
        cr_expect_eq(address_reach_of(&a), REACH_LIVE);
        cr_assert(dialled(buf_span(&options), &a, &local, &has_port), "place %zu", i);
        struct net_addr again = address_public_of(local);
        cr_expect(net_addr_eq(&again, &a) && !has_port && local >> 24 == 127, "place %zu", i);
    }
    for (unsigned i = 0; i < 4; i++) {
        enum address_reach reach = i % 2 ? REACH_REFUSED : REACH_SILENT;
        struct net_addr a = address_dead(reach, i >= 2, 0x123456789);
        uint32_t local = 0;
        bool has_port = false;
        cr_expect_eq(address_reach_of(&a), reach);
        cr_expect_null(net_addr_special_purpose(&a));
        cr_expect(dialled(buf_span(&options), &a, &local, &has_port) && has_port);
        cr_expect_eq(address_place_of(&a, companies).part, PART_NONE);
    }
    buf_deinit(&options);
}

Test(population, names_and_addresses_lead_back)
{
    struct world w;
    open_world(&w, "tranco1m");
    size_t hosts = 0;
    size_t services = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        char name[LAB_NAME_MAX];
        char exchange[LAB_NAME_MAX];
        uint16_t preference;
        struct found_name found;
        struct domain_facts d;
        population_name(&w, i, name);
        cr_assert(population_find(&w, span_of(name), &found));
        cr_assert(found.kind == NAME_DOMAIN && found.index == i && found.rest.len == 0);
        population_domain(&w, i, &d);
        for (uint32_t n = 0; population_mx(&w, &d, n, &preference, exchange); n++) {
            struct host_facts h;
            if (exchange[0] == '\0' || strcmp(exchange, "localhost") == 0) {
                continue;
            }
            cr_assert(population_find(&w, span_of(exchange), &found), "%s", exchange);
            cr_assert(population_host(&w, &found, &h), "%s of %s", exchange, name);
            hosts++;
            for (size_t k = 0; k < h.address_count; k++) {
                struct service s;
                if (address_reach_of(&h.addresses[k]) == REACH_LIVE &&
                    net_addr_special_purpose(&h.addresses[k]) == NULL) {
                    cr_expect(world_service(&w, &h.addresses[k], &s), "%s", exchange);
                    cr_expect(d.kind != DOMAIN_TAIL || d.vanity ||
                                  strncmp(exchange, "real", 4) == 0 ||
                                  strcmp(s.name, exchange) == 0,
                              "%s is at %s", exchange, s.name);
                    services++;
                }
            }
        }
    }
    cr_expect(hosts > 3000 && services > 3000, "%zu %zu", hosts, services);
    world_deinit(&w);
}

Test(population, shares_are_those_of_the_parameters)
{
    struct world w;
    double count[DOMAIN_TAIL + 1] = {0};
    double with_mx = 0;
    open_world(&w, "tranco1m");
    for (uint64_t i = 0; i < DOMAINS; i++) {
        struct domain_facts d;
        population_domain(&w, i, &d);
        count[d.kind]++;
        with_mx += d.kind >= DOMAIN_NULL_MX;
    }
    double google = 0;
    for (uint64_t i = 0; i < DOMAINS; i++) {
        struct domain_facts d;
        population_domain(&w, i, &d);
        google += d.kind == DOMAIN_OPERATOR && d.op == 0;
    }
    const struct {
        const char *what;
        double seen;
        double of;
        double share;
    } rows[] = {
        {"nxdomain", count[DOMAIN_NXDOMAIN], DOMAINS, 0.01},
        {"servfail", count[DOMAIN_SERVFAIL], DOMAINS, 0.007},
        {"timeout", count[DOMAIN_TIMEOUT], DOMAINS, 0.003},
        {"with MX", with_mx, DOMAINS, 0.98 * 0.67},
        {"null MX", count[DOMAIN_NULL_MX], with_mx, 0.008},
        {"google", google, with_mx, 0.2146 * 0.99},
        {"small hosters", count[DOMAIN_SMALL_HOSTER], with_mx, 0.085 * 0.99},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double sigma = sqrt(rows[i].of * rows[i].share);
        cr_expect(fabs(rows[i].seen - rows[i].of * rows[i].share) < 4 * sigma, "%s: %g of %g",
                  rows[i].what, rows[i].seen, rows[i].of);
    }
    world_deinit(&w);
}

static struct cert_store *open_store(const char *path)
{
    struct buf error = BUF_INIT(BUF_NO_LIMIT);
    struct cert_store *s = cert_store_open(path, NOW, &error);
    cr_assert_not_null(s, "%.*s", (int)error.len, (const char *)error.at);
    buf_deinit(&error);
    return s;
}

Test(cert_store, the_same_octets_from_two_stores_and_good_signatures)
{
    char path[] = "/tmp/mxlab-keys-XXXXXX";
    cr_assert(mkdtemp(path) != NULL);
    char file[64];
    (void)snprintf(file, sizeof(file), "%s/keys.pem", path);
    struct cert_store *a = open_store(file);
    struct cert_store *b = open_store(file);
    for (unsigned i = 0; i < 48; i++) {
        struct cert_choice c = {.identity = 1000 + i,
                                .class = (enum lab_cert_class)(i % 8),
                                .chain = (enum lab_chain)(i % 8),
                                .key = (enum lab_key)(i % LAB_KEY_RSA_1024),
                                .issuer = (uint8_t)(i % 3),
                                .issuer_ec = i % 2 == 0,
                                .extra_names = (uint16_t)(i * 3),
                                .names = "mx.example.net,example.net"};
        const struct cert_entry *one = cert_store_get(a, &c);
        const struct cert_entry *two = cert_store_get(b, &c);
        cr_assert(span_eq(one->der, two->der), "certificate %u", i);
        X509 *issuer = c.class == LAB_CERT_SELF_SIGNED ? one->leaf : NULL;
        for (int k = 0; issuer == NULL && k < sk_X509_num(one->chain); k++) {
            X509 *x = sk_X509_value(one->chain, k);
            issuer = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(one->leaf)) == 0
                         ? x
                         : NULL;
        }
        if (issuer != NULL) {
            cr_expect_eq(X509_verify(one->leaf, X509_get0_pubkey(issuer)), 1, "signature of %u", i);
        }
        uint64_t serial = 0;
        cr_assert_eq(ASN1_INTEGER_get_uint64(&serial, X509_get0_serialNumber(one->leaf)), 1);
        cr_expect_eq(serial, cert_serial(&c));
        int64_t from;
        int64_t to;
        time_t now = NOW;
        cert_validity(&c, NOW, &from, &to);
        bool valid = X509_cmp_time(X509_get0_notBefore(one->leaf), &now) < 0 &&
                     X509_cmp_time(X509_get0_notAfter(one->leaf), &now) > 0;
        cr_expect_eq(valid, c.class != LAB_CERT_EXPIRED && c.class != LAB_CERT_NOT_YET_VALID, "%u",
                     i);
        cr_expect_eq(valid, from < NOW && to > NOW);
        bool named = X509_check_host(one->leaf, "mx.example.net", 0,
                                     X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
        cr_expect_eq(named, c.class != LAB_CERT_CN_ONLY);
    }
    cert_store_close(a);
    cert_store_close(b);
    (void)unlink(file);
    (void)rmdir(path);
}

/* As `openssl verify -purpose sslserver -auth_level 2` judges. */
static int verify(const struct cert_entry *entry, X509_STORE *store)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    cr_assert(ctx != NULL && X509_STORE_CTX_init(ctx, store, entry->leaf, entry->chain) == 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    cr_assert_eq(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER), 1);
    X509_VERIFY_PARAM_set_auth_level(param, 2);
    X509_VERIFY_PARAM_set_time(param, NOW);
    int error = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    return error;
}

static X509_STORE *read_roots(struct cert_store *certs, const char *path)
{
    X509_STORE *store = X509_STORE_new();
    cr_assert(store != NULL && cert_store_write_roots(certs, path, false));
    cr_assert_eq(X509_STORE_load_file(store, path), 1);
    return store;
}

Test(cert_store, odd_certificates_are_what_another_verifier_takes_them_for)
{
    static const struct {
        enum lab_odd odd;
        enum lab_cert_class class;
        enum lab_key key;
        int error;
    } rows[] = {
        {LAB_ODD_NONE, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_NONE, LAB_CERT_VALID, LAB_KEY_RSA_E3, X509_V_OK},
        {LAB_ODD_NONE, LAB_CERT_VALID, LAB_KEY_RSA_9216, X509_V_OK},
        {LAB_ODD_NONE, LAB_CERT_VALID, LAB_KEY_RSA_16384, X509_V_OK},
        {LAB_ODD_NONE, LAB_CERT_VALID, LAB_KEY_P256_EXPLICIT, X509_V_ERR_EC_KEY_EXPLICIT_PARAMS},
        {LAB_ODD_GOST_KEY, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_CURVE, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_NONE, LAB_CERT_VALID, LAB_KEY_P521, X509_V_OK},
        {LAB_ODD_NONE, LAB_CERT_VALID, LAB_KEY_ED25519, X509_V_OK},
        {LAB_ODD_NONE, LAB_CERT_VALID, LAB_KEY_RSA_1024, X509_V_ERR_EE_KEY_TOO_SMALL},
        {LAB_ODD_VERSION_1, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_SERIAL_ZERO, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_SERIAL_NEGATIVE, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_SERIAL_LONG, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_SAN_NUL, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_NO_NAMES, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_TIMES_REVERSED, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CERT_HAS_EXPIRED},
        {LAB_ODD_TIMES_FAR, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_TIMES_JUNK, LAB_CERT_VALID, LAB_KEY_P256,
         X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD},
        {LAB_ODD_MUST_STAPLE, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_POISON, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION},
        {LAB_ODD_CRITICAL, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION},
        {LAB_ODD_EKU_CLIENT, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_INVALID_PURPOSE},
        {LAB_ODD_USAGE, LAB_CERT_VALID, LAB_KEY_RSA_2048, X509_V_ERR_INVALID_PURPOSE},
        {LAB_ODD_SHA1, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CA_MD_TOO_WEAK},
        {LAB_ODD_MD5, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CA_MD_TOO_WEAK},
        {LAB_ODD_FLIPPED, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CERT_SIGNATURE_FAILURE},
        {LAB_ODD_UNKNOWN_SIGNATURE, LAB_CERT_VALID, LAB_KEY_P256,
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {LAB_ODD_ROOT_HIDDEN, LAB_CERT_PRIVATE_CA, LAB_KEY_P256,
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {LAB_ODD_NONE, LAB_CERT_PRIVATE_CA, LAB_KEY_P256, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN},
        {LAB_ODD_NONE, LAB_CERT_SELF_SIGNED, LAB_KEY_P256, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT},
        {LAB_ODD_NONE, LAB_CERT_EXPIRED, LAB_KEY_P256, X509_V_ERR_CERT_HAS_EXPIRED},
        {LAB_ODD_ISSUER_EXPIRED, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CERT_HAS_EXPIRED},
        {LAB_ODD_ISSUER_NOT_YET_VALID, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CERT_NOT_YET_VALID},
        {LAB_ODD_ISSUER_EKU, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_INVALID_PURPOSE},
        {LAB_ODD_ISSUER_NO_CERT_SIGN, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_INVALID_CA},
        {LAB_ODD_ISSUER_NOT_CA, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_INVALID_CA},
        {LAB_ODD_ISSUER_PATH_LENGTH, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_PATH_LENGTH_EXCEEDED},
        {LAB_ODD_ISSUER_NAMES, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_PERMITTED_VIOLATION},
        {LAB_ODD_ISSUER_NAMES_OK, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_ISSUER_CRITICAL, LAB_CERT_VALID, LAB_KEY_P256,
         X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION},
        {LAB_ODD_ISSUER_SHA1, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CA_MD_TOO_WEAK},
        {LAB_ODD_ISSUER_RSA_1024, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CA_KEY_TOO_SMALL},
        {LAB_ODD_ISSUER_K256, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_ISSUER_DEEP, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_ISSUER_HIDDEN, LAB_CERT_VALID, LAB_KEY_P256,
         X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
        {LAB_ODD_ROOT_EXPIRED, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CERT_HAS_EXPIRED},
        {LAB_ODD_CROSS_EXPIRED, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
        {LAB_ODD_CROSS_FIRST, LAB_CERT_VALID, LAB_KEY_P256, X509_V_ERR_CERT_HAS_EXPIRED},
        {LAB_ODD_USAGE_ENCIPHER, LAB_CERT_VALID, LAB_KEY_RSA_2048, X509_V_OK},
        {LAB_ODD_NONE, LAB_CERT_VALID, LAB_KEY_ED448, X509_V_OK},
        {LAB_ODD_WITH_UNKNOWN_KEY, LAB_CERT_VALID, LAB_KEY_P256, X509_V_OK},
    };
    char path[] = "/tmp/mxlab-keys-XXXXXX";
    char file[64];
    char roots[64];
    cr_assert(mkdtemp(path) != NULL);
    (void)snprintf(file, sizeof(file), "%s/keys.pem", path);
    (void)snprintf(roots, sizeof(roots), "%s/roots.pem", path);
    struct cert_store *certs = open_store(file);
    X509_STORE *store = read_roots(certs, roots);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cert_choice c = {.identity = 5000 + i,
                                .class = rows[i].class,
                                .key = rows[i].key,
                                .odd = rows[i].odd,
                                .days_left = 60,
                                .names = "mx.case-test.mxlab.net"};
        const struct cert_entry *entry = cert_store_get(certs, &c);
        int error = verify(entry, store);
        cr_expect_eq(error, rows[i].error, "%s, row %zu: %s", lab_odd_word(rows[i].odd), i,
                     X509_verify_cert_error_string(error));
        char serial[CERT_SERIAL_TEXT_MAX];
        BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(entry->leaf), NULL);
        char *text = BN_bn2dec(n);
        cert_serial_text(&c, serial);
        cr_expect_str_eq(text, serial, "%s", lab_odd_word(rows[i].odd));
        OPENSSL_free(text);
        BN_free(n);
    }
    X509_STORE_free(store);
    cert_store_close(certs);
    (void)unlink(file);
    (void)unlink(roots);
    (void)rmdir(path);
}

Test(dns_message, any_cut_of_a_query_is_survived)
{
    static const uint8_t query[] = {0x12, 0x34, 0x01, 0x20, 0,   1,   0,   0,   0,    0,   0,  1,
                                    9,    'c',  'a',  's',  'e', '-', 'G', 'o', 'o',  'd', 5,  'm',
                                    'x',  'l',  'a',  'b',  3,   'n', 'e', 't', 0,    0,   15, 0,
                                    1,    0,    0,    41,   16,  0,   0,   0,   0x80, 0,   0,  0};
    struct world w;
    struct dns_responder r;
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    open_world(&w, "tranco1m");
    dns_responder_init(&r, &w, NULL, NULL);
    for (size_t len = 0; len <= sizeof(query); len++) {
        buf_reset(&out);
        bool answered = dns_respond(&r, (struct span){query, len}, false, &out);
        cr_expect_eq(answered, len >= 37, "%zu octets", len);
    }
    /* QR, RD, RA; NOERROR; one answer of type MX that points to mx.case-good.mxlab.net. */
    cr_assert(out.len > sizeof(query));
    cr_expect_eq(out.at[2], 0x81);
    cr_expect_eq(out.at[3], 0x80);
    cr_expect_eq(out.at[7], 1);
    dns_responder_deinit(&r);
    world_deinit(&w);
    buf_deinit(&out);
}

Test(tls_server, a_client_hello_is_read_once_it_is_whole)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    for (unsigned named = 0; named < 2; named++) {
        SSL *ssl = SSL_new(ctx);
        BIO *in = BIO_new(BIO_s_mem());
        BIO *out = BIO_new(BIO_s_mem());
        char *at;
        SSL_set_bio(ssl, in, out);
        if (named) {
            cr_assert_eq(SSL_set_tlsext_host_name(ssl, "mx.example.net"), 1);
        }
        cr_assert_eq(SSL_connect(ssl), -1);
        long len = BIO_get_mem_data(out, &at);
        for (size_t cut = 0; cut <= (size_t)len; cut++) {
            struct offer offer;
            enum hello_state state =
                tls_read_hello((struct span){(const uint8_t *)at, cut}, &offer);
            cr_expect_eq(state, cut == (size_t)len ? HELLO_COMPLETE : HELLO_MORE, "%zu", cut);
            cr_expect(state == HELLO_MORE || offer.version == 0x0304);
            cr_expect(state == HELLO_MORE || offer.suites.len > 2 * 20);
            cr_expect(span_eq(offer.sni, named && cut == (size_t)len ? SPAN_LIT("mx.example.net")
                                                                     : (struct span){0}));
        }
        SSL_free(ssl);
    }
    SSL_CTX_free(ctx);
    struct offer offer;
    cr_expect_eq(tls_read_hello(SPAN_LIT("QUIT\r\n"), &offer), HELLO_BAD);
}

/* RFC 5246 section 7.4.1.3, and what servers do instead. */
Test(raw_suites, answers)
{
    static const struct {
        const char *suites;
        const char *offered; /* as octets */
        enum lab_pick pick;
        uint16_t max;
        uint8_t refusal;
        const char *answer; /* version and suite; or type, version, alert */
        size_t len;
    } cases[] = {
        {"0005,000a", "\x00\x0a\x00\x05", LAB_PICK_OWN, 0x0303, 40, "\x03\x03\x00\x05", 47},
        {"0005,000a", "\x00\x0a\x00\x05", LAB_PICK_CLIENT, 0x0303, 40, "\x03\x03\x00\x0a", 47},
        {"0005,000a", "\x00\x2f\x00\x0a", LAB_PICK_OWN, 0x0301, 40, "\x03\x01\x00\x0a", 47},
        {"0005", "\x00\x2f\x00\x0a", LAB_PICK_FIXED, 0x0303, 40, "\x03\x03\x00\x05", 47},
        {"0005", "\x00\x2f\x00\x0a", LAB_PICK_OWN, 0x0303, 80, "\x02\x50", 7},
        {"0005", "\x00\x2f\x00\x0a", LAB_PICK_CLIENT, 0x0303, 0, "", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct raw_suites r = {.pick = cases[i].pick, .refusal = cases[i].refusal};
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        struct offer offer = {.suites = {(const uint8_t *)cases[i].offered, 4}, .version = 0x0304};
        cr_assert(raw_suites_parse(&r, cases[i].suites));
        raw_suites_answer(&r, &offer, 0x0301, cases[i].max, &out);
        cr_assert_eq(out.len, cases[i].len, "%zu: %zu", i, out.len);
        if (out.len == 47) {
            cr_expect_arr_eq(out.at + 9, cases[i].answer, 2, "%zu", i);
            cr_expect_arr_eq(out.at + 44, cases[i].answer + 2, 2, "%zu", i);
        } else if (out.len > 0) {
            cr_expect_arr_eq(out.at + 5, cases[i].answer, 2, "%zu", i);
        }
        buf_deinit(&out);
    }
    struct raw_suites r;
    static const char *const bad[] = {
        "", "5", "0005,", "0005;000a", "00055", "0001,0002,0003,0004,0005,0006,0007,0008,0009"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect_not(raw_suites_parse(&r, bad[i]), "%s", bad[i]);
    }
}

Test(cases, every_outcome_and_dns_state_occurs)
{
    struct world w;
    struct buf all = BUF_INIT(BUF_NO_LIMIT);
    static const uint16_t ports[] = {25};
    const struct expect_options options = {
        .ports = ports, .port_count = 1, .greeting_timeout_ms = 30000};
    open_world(&w, "tranco1m");
    for (size_t i = 0; i < cases_count(); i++) {
        char domain[LAB_NAME_MAX];
        case_domain(i, domain);
        expect_domain(&w, &options, domain, case_table[i].name, &all);
    }
    buf_put_char(&all, '\0');
    for (int o = OUTCOME_NOT_TESTED; o < OUTCOME_COUNT; o++) {
        char word[64];
        /* Loopback has no unreachable hosts, and local faults are not the lab's. */
        if (o == OUTCOME_LOCAL_FAULT || o == OUTCOME_UNREACHABLE) {
            continue;
        }
        (void)snprintf(word, sizeof(word), "\"outcome\":\"%s\"",
                       outcome_info((enum session_outcome)o)->word);
        cr_expect(strstr((const char *)all.at, word) != NULL, "%s", word);
    }
    for (int s = DNS_NOT_ASKED; s < DNS_STATE_COUNT; s++) {
        char word[64];
        if (s == DNS_LOCAL_FAULT || s == DNS_OTHER_RCODE || s == DNS_NAME_INVALID) {
            continue;
        }
        (void)snprintf(word, sizeof(word), "\"%s\"", dns_state_word((enum dns_state)s));
        cr_expect(strstr((const char *)all.at, word) != NULL, "%s", word);
    }
    world_deinit(&w);
    buf_deinit(&all);
}
