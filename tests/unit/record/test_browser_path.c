#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/record/browser_path.h"
#include "tests/support/test_ca.h"

#define AT   1780000000L
#define YEAR (365 * 86400L)

static void init(void)
{
    hash_secret_init();
}

TestSuite(browser_path, .init = init);

/* root > upper (URL /root) > lower (URL /upper) > leaf (URLs /lower, /mirror) */
enum made {
    ROOT,
    UPPER,
    LOWER,
    LEAF,
    OTHER,
    MADE_COUNT
};

struct world {
    struct test_cert made[MADE_COUNT];
    struct trust_store_octets store;
    struct judging_terms terms;
    struct chain_judge *judge;
};

static struct test_cert make(const struct test_cert *issuer, const char *cn, bool ca,
                             const char *access)
{
    const struct test_extension extensions[] = {{NID_info_access, access}};
    return test_cert_new(issuer, &(struct test_cert_params){.cn = cn,
                                                            .ca = ca,
                                                            .at = AT,
                                                            .from_s = -YEAR,
                                                            .until_s = YEAR,
                                                            .extensions = extensions,
                                                            .extension_count = access != NULL});
}

static void put(struct buf *list, const struct test_cert *c)
{
    struct span der = test_cert_der(c->cert);
    cr_assert(cert_list_add(list, der));
    OPENSSL_free((void *)(uintptr_t)der.at);
}

static void world_init(struct world *w)
{
    *w = (struct world){.store = {.name = "roots", .anchors = BUF_INIT(BUF_NO_LIMIT)}};
    w->made[ROOT] = make(NULL, "Root", true, NULL);
    w->made[UPPER] = make(&w->made[ROOT], "Upper", true, "caIssuers;URI:http://ca.test/root");
    w->made[LOWER] = make(&w->made[UPPER], "Lower", true, "caIssuers;URI:http://ca.test/upper");
    w->made[LEAF] = make(&w->made[LOWER], "mx.test", false,
                         "caIssuers;URI:http://ca.test/lower,caIssuers;URI:http://ca.test/mirror");
    w->made[OTHER] = make(&w->made[ROOT], "Other", true, NULL);
    put(&w->store.anchors, &w->made[ROOT]);
    w->terms = (struct judging_terms){.at = AT, .stores = &w->store, .store_count = 1};
    w->judge = chain_judge_new(&w->terms);
}

static void world_deinit(struct world *w)
{
    chain_judge_free(w->judge);
    buf_deinit(&w->store.anchors);
    for (size_t i = 0; i < MADE_COUNT; i++) {
        test_cert_free(&w->made[i]);
    }
}

static void answer(struct fetched_issuers *f, const char *url, const struct test_cert *c)
{
    struct span der = c != NULL ? test_cert_der(c->cert) : (struct span){0};
    fetched_issuers_add(f, span_of(url), der);
    OPENSSL_free((void *)(uintptr_t)der.at);
}

/* What was wanted, one URL a line. */
static void want(void *arg, struct span url)
{
    buf_put(arg, url);
    buf_put_char(arg, '\n');
}

static const struct row {
    const char *name;
    enum made presented[3]; /* after the leaf; ROOT: none */
    enum made lower;        /* the answer at /lower; ROOT: not asked, LEAF: nothing came */
    enum made mirror;
    enum made upper;
    enum chain_status status;
    size_t fetched; /* of the path */
    const char *wanted;
} rows[] = {
    {"nothing was asked",
     {ROOT},
     ROOT,
     ROOT,
     ROOT,
     CHAIN_ISSUER_UNKNOWN,
     0,
     "http://ca.test/lower\nhttp://ca.test/mirror\n"},
    {"one level", {UPPER}, LOWER, LEAF, ROOT, CHAIN_TRUSTED, 1, ""},
    {"the second URL of two", {UPPER}, LEAF, LOWER, ROOT, CHAIN_TRUSTED, 1, ""},
    {"its issuer is missing too",
     {ROOT},
     LOWER,
     LEAF,
     ROOT,
     CHAIN_ISSUER_UNKNOWN,
     1,
     "http://ca.test/upper\n"},
    {"and is there", {ROOT}, LOWER, LEAF, UPPER, CHAIN_TRUSTED, 2, ""},
    {"another CA's", {ROOT}, OTHER, LEAF, UPPER, CHAIN_ISSUER_UNKNOWN, 0, ""},
    {"nothing came", {ROOT}, LEAF, LEAF, UPPER, CHAIN_ISSUER_UNKNOWN, 0, ""},
    {"nothing is missing", {LOWER, UPPER}, ROOT, ROOT, ROOT, CHAIN_TRUSTED, 0, ""},
};

static void ask_row(struct fetched_issuers *f, const struct world *w, const char *url, enum made m)
{
    if (m != ROOT) {
        answer(f, url, m == LEAF ? NULL : &w->made[m]);
    }
}

/* RFC 5280 section 4.2.2.1, as clients use it that fetch. */
Test(browser_path, a_client_that_fetches_goes_on_until_nothing_is_new)
{
    struct world w;
    world_init(&w);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct fetched_issuers *f = fetched_issuers_new();
        struct chain_verdict *v = memory_new(1, sizeof(*v));
        struct buf list = BUF_INIT(BUF_NO_LIMIT);
        struct buf octets = BUF_INIT(BUF_NO_LIMIT);
        struct buf wanted = BUF_INIT(BUF_NO_LIMIT);
        put(&list, &w.made[LEAF]);
        for (size_t k = 0; k < 3 && row->presented[k] != ROOT; k++) {
            put(&list, &w.made[row->presented[k]]);
        }
        ask_row(f, &w, "http://ca.test/lower", row->lower);
        ask_row(f, &w, "http://ca.test/mirror", row->mirror);
        ask_row(f, &w, "http://ca.test/upper", row->upper);
        browser_judge(w.judge, buf_span(&list), f, &octets, want, &wanted, v);
        size_t fetched = 0;
        for (size_t k = 0; k < v->store[0].step_count; k++) {
            fetched += v->store[0].step[k].source == STEP_POOL;
        }
        cr_expect_eq(v->store[0].status, row->status, "%s: %s", row->name,
                     chain_status_word(v->store[0].status));
        cr_expect_eq(fetched, row->fetched, "%s: %zu", row->name, fetched);
        cr_expect(span_eq(buf_span(&wanted), span_of(row->wanted)), "%s: %.*s", row->name,
                  (int)wanted.len, (const char *)wanted.at);
        fetched_issuers_free(f);
        buf_deinit(&list);
        buf_deinit(&octets);
        buf_deinit(&wanted);
        free(v);
    }
    world_deinit(&w);
}

/* A certificate that names itself as its issuer's place: rounds end. */
Test(browser_path, a_circle_ends)
{
    struct world w;
    world_init(&w);
    struct test_cert a = make(&w.made[ROOT], "A", true, "caIssuers;URI:http://ca.test/a");
    struct test_cert b = make(&a, "B", true, "caIssuers;URI:http://ca.test/b");
    struct fetched_issuers *f = fetched_issuers_new();
    struct chain_verdict *v = memory_new(1, sizeof(*v));
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    put(&list, &b);
    answer(f, "http://ca.test/b", &b);
    browser_judge(w.judge, buf_span(&list), f, &octets, NULL, NULL, v);
    cr_expect_eq(v->store[0].status, CHAIN_ISSUER_UNKNOWN);
    fetched_issuers_free(f);
    buf_deinit(&list);
    buf_deinit(&octets);
    free(v);
    test_cert_free(&a);
    test_cert_free(&b);
    world_deinit(&w);
}
