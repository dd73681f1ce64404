/**
 * What it costs to judge chains: distinct leaves under 40 intermediates of two roots, each list with
 * its intermediate, as servers present them. Most of it ought to be the primitive of the leaf's signature.
 *
 *     bench_judging [COUNT [RSA [FILE]]]    default 20000 leaves, of them 20 per cent with RSA 2048
 *
 * With FILE, every server leaves its intermediate out, and it is known among those of FILE (as
 * --intermediates takes it).
 *
 * Prints CPU time per list: in all, inside the verification of signatures, and the rest, of which
 * most is the parsing of the leaf.
 */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/report/known_intermediates.h"
#include "scanner/tls/fast_public_key.h"
#include "scanner/trust/chain_judge.h"
#include "tests/support/test_ca.h"

#define COUNT_DEFAULT 20000
#define RSA_DEFAULT   20 /* per cent */
#define INTERMEDIATES 40
#define KEYS          8 /* of leaves, of each kind: making them is not what is measured */
#define JUDGED_AT     1780000000L
#define AHEAD         (90 * 86400L)

struct world {
    struct test_cert roots[2]; /* P-256, RSA */
    struct test_cert cas[INTERMEDIATES];
    EVP_PKEY *keys[2][KEYS];
};

static const struct test_extension ca_extensions[] = {
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_ext_key_usage, "serverAuth,clientAuth"},
    {NID_subject_key_identifier, "hash"},
};

static const struct test_extension leaf_extensions[] = {
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid"},
    {NID_info_access, "OCSP;URI:http://ocsp.test/,caIssuers;URI:http://ca.test/a.crt"},
    {NID_certificate_policies, "2.23.140.1.2.1"},
};

static struct test_cert_params ca_params(const char *cn, bool rsa)
{
    return (struct test_cert_params){.cn = cn,
                                     .ca = true,
                                     .key = rsa ? TEST_KEY_RSA2048 : TEST_KEY_P256,
                                     .at = JUDGED_AT,
                                     .from_s = -AHEAD,
                                     .until_s = AHEAD,
                                     .extensions = ca_extensions,
                                     .extension_count = 3};
}

static void make_world(struct world *w, unsigned rsa_percent)
{
    for (int rsa = 0; rsa < 2; rsa++) {
        struct test_cert_params p = ca_params(rsa ? "RSA root" : "EC root", rsa);
        w->roots[rsa] = test_cert_new(NULL, &p);
        for (size_t i = 0; i < KEYS; i++) {
            w->keys[rsa][i] = test_key_new(rsa ? TEST_KEY_RSA2048 : TEST_KEY_P256);
        }
    }
    for (unsigned i = 0; i < INTERMEDIATES; i++) {
        char cn[32];
        (void)snprintf(cn, sizeof(cn), "CA %u", i);
        bool rsa = i * 100 < rsa_percent * INTERMEDIATES;
        struct test_cert_params p = ca_params(cn, rsa);
        w->cas[i] = test_cert_new(&w->roots[rsa], &p);
    }
}

static void free_world(struct world *w)
{
    for (size_t rsa = 0; rsa < 2; rsa++) {
        test_cert_free(&w->roots[rsa]);
        for (size_t i = 0; i < KEYS; i++) {
            EVP_PKEY_free(w->keys[rsa][i]);
        }
    }
    for (size_t i = 0; i < INTERMEDIATES; i++) {
        test_cert_free(&w->cas[i]);
    }
}

static void put(struct buf *list, X509 *cert)
{
    struct span der = test_cert_der(cert);
    CHECK(cert_list_add(list, der));
    OPENSSL_free((void *)(uintptr_t)der.at);
}

static struct buf make_list(const struct world *w, size_t n, bool whole)
{
    char cn[64];
    char san[160];
    const struct test_cert *ca = &w->cas[n % INTERMEDIATES];
    bool rsa = EVP_PKEY_get_base_id(ca->key) == EVP_PKEY_RSA;
    (void)snprintf(cn, sizeof(cn), "mx%zu.example.net", n);
    (void)snprintf(san, sizeof(san), "DNS:%s,DNS:mail%zu.example.net", cn, n);
    struct test_cert leaf =
        test_cert_new(ca, &(struct test_cert_params){.cn = cn,
                                                     .san = san,
                                                     .serial = (long)n + 1,
                                                     .at = JUDGED_AT,
                                                     .from_s = -AHEAD,
                                                     .until_s = AHEAD,
                                                     .use_key = w->keys[rsa][n % KEYS],
                                                     .extensions = leaf_extensions,
                                                     .extension_count = 6});
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    put(&list, leaf.cert);
    if (whole) {
        put(&list, ca->cert);
    }
    test_cert_free(&leaf);
    return list;
}

/* Those of the file, and those of the bench. */
static struct intermediate_pool *make_pool(const struct world *w, const char *path)
{
    struct intermediates_file file;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    CHECK(intermediates_file_read(&file, path, &why));
    struct intermediate_pool *pool = known_intermediates_new(&file, 1, &why);
    CHECK(pool != NULL);
    for (size_t i = 0; i < INTERMEDIATES; i++) {
        struct span der = test_cert_der(w->cas[i].cert);
        CHECK(intermediate_pool_add(pool, der, INTERMEDIATE_FILE));
        OPENSSL_free((void *)(uintptr_t)der.at);
    }
    (void)printf("intermediates known     %10zu\n", intermediate_pool_count(pool));
    intermediates_file_deinit(&file);
    return pool;
}

static double cpu_us(void)
{
    struct timespec t = {0};
    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void print_counts(const struct chain_judge *judge, double us)
{
    const struct chain_judge_counts *c = chain_judge_counts(judge);
    double lists = (double)c->lists;
    double inside = (double)c->signature_ns / 1e3;
    (void)printf("lists judged            %10llu\n", (unsigned long long)c->lists);
    (void)printf("CPU us per list         %10.1f\n", us / lists);
    (void)printf("  verifying signatures  %10.1f\n", inside / lists);
    (void)printf("  the rest              %10.1f\n", (us - inside) / lists);
    (void)printf("signatures verified     %10llu\n", (unsigned long long)c->signatures_verified);
    (void)printf("  known already         %10llu\n", (unsigned long long)c->signatures_known);
    (void)printf("certificates parsed     %10llu\n", (unsigned long long)c->certificates_parsed);
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : COUNT_DEFAULT;
    unsigned rsa = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : RSA_DEFAULT;
    const char *path = argc > 3 ? argv[3] : NULL;
    struct world w;
    struct trust_store_octets store = {.name = "bench", .anchors = BUF_INIT(BUF_NO_LIMIT)};
    struct judging_terms terms = {.at = JUDGED_AT, .stores = &store, .store_count = 1};
    struct buf *lists = memory_new(count, sizeof(*lists));
    hash_secret_init();
    make_world(&w, rsa);
    put(&store.anchors, w.roots[0].cert);
    put(&store.anchors, w.roots[1].cert);
    for (size_t i = 0; i < count; i++) {
        lists[i] = make_list(&w, i, path == NULL);
    }
    struct intermediate_pool *pool = path != NULL ? make_pool(&w, path) : NULL;
    terms.known = pool;
    bool fast = fast_public_key_acquire(); /* as in a scan; keys have been made by now */
    struct chain_judge *judge = chain_judge_new(&terms);
    chain_judge_measure(judge);
    double from = cpu_us();
    for (size_t i = 0; i < count; i++) {
        struct chain_verdict v;
        chain_judge_list(judge, buf_span(&lists[i]), &v);
        CHECK(v.store[0].status == (pool != NULL ? CHAIN_MISSING_INTERMEDIATE : CHAIN_TRUSTED));
    }
    print_counts(judge, cpu_us() - from);
    chain_judge_free(judge);
    intermediate_pool_free(pool);
    if (fast) {
        fast_public_key_release();
    }
    for (size_t i = 0; i < count; i++) {
        buf_deinit(&lists[i]);
    }
    free(lists);
    buf_deinit(&store.anchors);
    free_world(&w);
    return 0;
}
