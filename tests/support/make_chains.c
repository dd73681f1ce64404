/*
 * Makes certificate lists with all sorts of faults, as PEM files for openssl(1), and writes what
 * scanner/trust thinks of them:
 *
 *     make_chains FOLDER COUNT SEED
 *
 * FOLDER/N.leaf.pem, N.rest.pem (what else was presented), N.list.pem (both), N.roots.pem (the
 * store), N.path.pem and N.anchor.pem (the best path, the leaf left out), and one line of
 * FOLDER/verdicts a list, with what OpenSSL's builder said when it was asked through us:
 *
 *     N STATUS BAD-SIGNATURE ERROR,DEPTH,ERROR-AT-LEVEL-1 FAULT,FAULT,...
 */
#include <inttypes.h>
#include <string.h>

#include <openssl/pem.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"
#include "scanner/trust/chain_judge.h"
#include "tests/support/test_ca.h"

#define JUDGED_AT  1780000000L
#define DAY        86400L
#define KEYS       16
#define DEPTH_MAX  4 /* CAs of a list, the root included */
#define WORLD_MAX  24
#define FOLDER_MAX 4000

struct world {
    uint64_t random;
    EVP_PKEY *keys[KEYS];
    struct test_cert made[WORLD_MAX];
    size_t made_count;
    const struct test_cert *presented[2 * WORLD_MAX]; /* the leaf first */
    size_t presented_count;
    const struct test_cert *anchors[WORLD_MAX];
    size_t anchor_count;
};

/* splitmix64: the same in every run. */
static uint64_t draw(struct world *w)
{
    uint64_t z = w->random += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static unsigned below(struct world *w, unsigned n)
{
    return (unsigned)(draw(w) % n);
}

static bool percent(struct world *w, unsigned p)
{
    return below(w, 100) < p;
}

static void make_keys(struct world *w)
{
    static const enum test_key kinds[KEYS] = {
        TEST_KEY_P256,    TEST_KEY_P256,    TEST_KEY_P256,    TEST_KEY_P256,
        TEST_KEY_P256,    TEST_KEY_P256,    TEST_KEY_P256,    TEST_KEY_P384,
        TEST_KEY_P384,    TEST_KEY_RSA2048, TEST_KEY_RSA2048, TEST_KEY_RSA2048,
        TEST_KEY_RSA2048, TEST_KEY_ED25519, TEST_KEY_ED25519, TEST_KEY_RSA1024,
    };
    for (size_t i = 0; i < KEYS; i++) {
        w->keys[i] = test_key_new(kinds[i]);
    }
}

/* A weak key is rarer than the others. */
static EVP_PKEY *draw_key(struct world *w)
{
    return w->keys[percent(w, 3) ? KEYS - 1 : below(w, KEYS - 1)];
}

static void draw_times(struct world *w, struct test_cert_params *p)
{
    p->at = JUDGED_AT;
    p->from_s = -300 * DAY;
    p->until_s = (long)(100 + below(w, 500)) * DAY;
    if (percent(w, 4)) {
        p->until_s = percent(w, 10) ? 0 : -DAY; /* at the very second, too */
        p->until_s = p->until_s ? p->until_s : 1;
    } else if (percent(w, 3)) {
        p->from_s = DAY;
    }
}

/* Room for the extensions of one certificate. */
struct extensions {
    struct test_extension at[8];
    size_t count;
};

static void extend(struct extensions *e, int nid, const char *value)
{
    e->at[e->count++] = (struct test_extension){nid, value};
}

static void draw_common(struct world *w, struct extensions *e, const struct test_cert *issuer)
{
    if (percent(w, 60)) {
        extend(e, NID_subject_key_identifier, "hash");
    }
    if (issuer != NULL && percent(w, 50)) {
        bool has_id = X509_get0_subject_key_id(issuer->cert) != NULL;
        extend(e, NID_authority_key_identifier, has_id ? "keyid" : "issuer:always");
    }
}

static void draw_ca_extensions(struct world *w, struct extensions *e)
{
    static const char *const constraints[] = {
        "critical,permitted;DNS:test", "critical,permitted;DNS:example", "excluded;DNS:mx.test",
        "excluded;DNS:other.test", "permitted;email:example"};
    static const char *const purposes[] = {"serverAuth", "serverAuth,clientAuth", "clientAuth",
                                           "anyExtendedKeyUsage"};
    if (percent(w, 50)) {
        extend(e, NID_key_usage,
               percent(w, 6) ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
    }
    if (percent(w, 10)) {
        extend(e, NID_ext_key_usage, purposes[below(w, 4)]);
    }
    if (percent(w, 8)) {
        extend(e, NID_name_constraints, constraints[below(w, 5)]);
    }
}

static void draw_leaf_extensions(struct world *w, struct extensions *e)
{
    static const char *const usages[] = {"digitalSignature", "keyEncipherment", "keyAgreement",
                                         "nonRepudiation", "cRLSign"};
    static const char *const purposes[] = {"serverAuth", "serverAuth,clientAuth", "clientAuth",
                                           "anyExtendedKeyUsage"};
    if (percent(w, 40)) {
        extend(e, NID_key_usage, usages[percent(w, 80) ? 0 : below(w, 5)]);
    }
    if (percent(w, 50)) {
        extend(e, NID_ext_key_usage, purposes[percent(w, 85) ? below(w, 2) : below(w, 4)]);
    }
}

/* An extension that no one knows, critical now and then: one of the two ways to be refused. */
static void add_unknown(struct world *w, struct test_cert *c, EVP_PKEY *signer)
{
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    CHECK(oid != NULL && octets != NULL && ASN1_OCTET_STRING_set(octets, (const uint8_t *)"x", 1));
    X509_EXTENSION *x = X509_EXTENSION_create_by_OBJ(NULL, oid, percent(w, 60), octets);
    CHECK(x != NULL && X509_add_ext(c->cert, x, -1) == 1);
    test_cert_sign(c->cert, signer, NULL);
    X509_EXTENSION_free(x);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(oid);
}

static void damage(struct test_cert *c)
{
    struct span der = test_cert_der(c->cert);
    uint8_t *octets = (uint8_t *)(uintptr_t)der.at;
    const unsigned char *at = octets;
    octets[der.len - 1] ^= 1;
    X509_free(c->cert);
    c->cert = d2i_X509(NULL, &at, (long)der.len);
    CHECK(c->cert != NULL);
    OPENSSL_free(octets);
}

static const struct test_cert *make(struct world *w, const struct test_cert *issuer,
                                    struct test_cert_params *p, struct extensions *e)
{
    CHECK(w->made_count < WORLD_MAX);
    EVP_PKEY *signer = issuer ? issuer->key : p->use_key;
    bool is_rsa = EVP_PKEY_get_base_id(signer) == EVP_PKEY_RSA;
    draw_times(w, p);
    draw_common(w, e, issuer);
    p->serial = 1 + (long)(draw(w) % 1000000000);
    p->hash = percent(w, 4) ? (is_rsa && percent(w, 50) ? EVP_md5() : EVP_sha1()) : EVP_sha256();
    p->extensions = e->at;
    p->extension_count = p->version_1 ? 0 : e->count;
    struct test_cert *c = &w->made[w->made_count++];
    *c = test_cert_new(issuer, p);
    if (percent(w, 4) && !p->version_1) {
        add_unknown(w, c, signer);
    }
    if (percent(w, 3)) {
        damage(c);
    }
    return c;
}

/* `like` not NULL: with its name and key, as a cross-sign has them. */
static const struct test_cert *make_ca(struct world *w, const struct test_cert *issuer,
                                       const char *cn, const struct test_cert *like)
{
    struct extensions e = {.count = 0};
    struct test_cert_params p = {.cn = cn, .ca = !percent(w, 3)};
    p.use_key = like ? like->key : draw_key(w);
    p.depth = percent(w, 15) ? 1 + (long)below(w, 3) : 0;
    p.version_1 = percent(w, 3);
    draw_ca_extensions(w, &e);
    return make(w, issuer, &p, &e);
}

static const struct test_cert *make_leaf(struct world *w, const struct test_cert *issuer)
{
    struct extensions e = {.count = 0};
    struct test_cert_params p = {.cn = "mx.test", .use_key = draw_key(w)};
    p.san = percent(w, 85) ? "DNS:mx.test" : NULL;
    p.ca = percent(w, 4);
    draw_leaf_extensions(w, &e);
    return make(w, issuer, &p, &e);
}

static void present(struct world *w, const struct test_cert *c)
{
    CHECK(w->presented_count < 2 * WORLD_MAX);
    w->presented[w->presented_count++] = c;
}

static void trust(struct world *w, const struct test_cert *c)
{
    w->anchors[w->anchor_count++] = c;
}

/* Other certificates for the name of a CA: its own key signed elsewhere, or another key. */
static const struct test_cert *make_sibling(struct world *w, const struct test_cert *ca,
                                            const char *cn, const struct test_cert *other_root)
{
    const struct test_cert *issuer = percent(w, 70) ? other_root : NULL;
    return make_ca(w, issuer, cn, percent(w, 75) ? ca : NULL);
}

static void shuffle(struct world *w)
{
    for (size_t i = w->presented_count - 1; i > 1; i--) {
        size_t other = 1 + below(w, (unsigned)i);
        const struct test_cert *t = w->presented[i];
        w->presented[i] = w->presented[other];
        w->presented[other] = t;
    }
}

static void make_world(struct world *w)
{
    static const char *const names[DEPTH_MAX] = {"Root", "Upper", "Middle", "Lower"};
    const struct test_cert *ca[DEPTH_MAX];
    const struct test_cert *issuer = NULL;
    unsigned depth = below(w, 20) == 0 ? 0 : 1 + below(w, DEPTH_MAX);
    const struct test_cert *other_root = make_ca(w, NULL, "Other", NULL);
    w->presented_count = 1;
    for (unsigned i = 0; i < depth; i++) {
        issuer = ca[i] = make_ca(w, issuer, names[i], NULL);
    }
    w->presented[0] = make_leaf(w, issuer);
    for (unsigned i = depth; i-- > 0;) {
        if (i > 0 ? !percent(w, 6) : percent(w, 35)) {
            present(w, ca[i]);
        }
        if (percent(w, 15)) {
            present(w, make_sibling(w, ca[i], names[i], other_root));
        }
        if (percent(w, 5)) {
            present(w, ca[i]);
        }
    }
    if (percent(w, 8)) {
        present(w, other_root);
    }
    if (percent(w, 25)) {
        shuffle(w);
    }
    if (depth > 0 && !percent(w, 12)) {
        trust(w, ca[0]);
    }
    if (percent(w, 50) || w->anchor_count == 0) {
        trust(w, other_root);
    }
    if (depth > 1 && percent(w, 5)) {
        trust(w, ca[1]); /* no anchor: it did not sign itself */
    }
    if (depth > 0 && percent(w, 10)) {
        trust(w, make_sibling(w, ca[0], names[0], NULL));
    }
    if (percent(w, depth > 0 ? 2 : 50)) {
        trust(w, w->presented[0]);
    }
}

static void free_world(struct world *w)
{
    for (size_t i = 0; i < w->made_count; i++) {
        test_cert_free(&w->made[i]);
    }
    w->made_count = w->presented_count = w->anchor_count = 0;
}

static FILE *open_file(const char *folder, unsigned n, const char *what)
{
    char path[FOLDER_MAX + 96];
    (void)snprintf(path, sizeof(path), "%s/%u.%s.pem", folder, n, what);
    FILE *file = fopen(path, "we");
    CHECK(file != NULL);
    return file;
}

static void write_certs(const char *folder, unsigned n, const char *what,
                        const struct test_cert *const *certs, size_t count)
{
    FILE *file = open_file(folder, n, what);
    for (size_t i = 0; i < count; i++) {
        CHECK(PEM_write_X509(file, certs[i]->cert) == 1);
    }
    CHECK(fclose(file) == 0);
}

static X509 *find_made(const struct world *w, const uint8_t sha256[32])
{
    for (size_t i = 0; i < w->made_count; i++) {
        uint8_t is[32];
        unsigned len = 0;
        CHECK(X509_digest(w->made[i].cert, EVP_sha256(), is, &len) == 1);
        if (memcmp(is, sha256, 32) == 0) {
            return w->made[i].cert;
        }
    }
    UNREACHABLE("a certificate of a path that no one made");
}

static void write_path(const struct world *w, const char *folder, unsigned n,
                       const struct store_verdict *v)
{
    FILE *path = open_file(folder, n, "path");
    FILE *anchor = open_file(folder, n, "anchor");
    for (size_t i = 0; i < v->step_count; i++) {
        X509 *cert = find_made(w, v->step[i].cert->fingerprint_sha256);
        if (i > 0) {
            CHECK(PEM_write_X509(path, cert) == 1);
        }
        if (v->anchored && i + 1 == v->step_count) {
            CHECK(PEM_write_X509(anchor, cert) == 1);
        }
    }
    CHECK(fclose(path) == 0 && fclose(anchor) == 0);
}

static void put_list(struct buf *list, const struct test_cert *const *certs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span der = test_cert_der(certs[i]->cert);
        CHECK(cert_list_add(list, der));
        OPENSSL_free((void *)(uintptr_t)der.at);
    }
}

static void write_verdict(FILE *out, unsigned n, const struct chain_verdict *v)
{
    const struct store_verdict *s = &v->store[0];
    CHECK(s->openssl.asked);
    (void)fprintf(out, "%u %s %s %d,%d,%d ", n, chain_status_word(s->status),
                  v->bad_signature_child >= 0 ? "bad" : "good", s->openssl.error, s->openssl.depth,
                  s->openssl.level_1_error);
    for (size_t i = 0; i < s->fault_count; i++) {
        (void)fprintf(out, "%s%s", i ? "," : "", path_fault_word(s->fault[i].fault));
    }
    (void)fputs(s->fault_count ? "\n" : "-\n", out);
}

static void judge_world(const struct world *w, const char *folder, unsigned n, FILE *out)
{
    struct trust_store_octets store = {.name = "test", .anchors = BUF_INIT(BUF_NO_LIMIT)};
    struct judging_terms terms = {.at = JUDGED_AT, .stores = &store, .store_count = 1};
    struct buf list = BUF_INIT(BUF_NO_LIMIT);
    struct chain_verdict v;
    put_list(&store.anchors, w->anchors, w->anchor_count);
    put_list(&list, w->presented, w->presented_count);
    struct chain_judge *judge = chain_judge_new(&terms);
    chain_judge_list(judge, buf_span(&list), &v);
    write_certs(folder, n, "leaf", w->presented, 1);
    write_certs(folder, n, "rest", w->presented + 1, w->presented_count - 1);
    write_certs(folder, n, "list", w->presented, w->presented_count);
    write_certs(folder, n, "roots", w->anchors, w->anchor_count);
    write_path(w, folder, n, &v.store[0]);
    write_verdict(out, n, &v);
    chain_judge_free(judge);
    buf_deinit(&list);
    buf_deinit(&store.anchors);
}

int main(int argc, char **argv)
{
    if (argc != 4 || strlen(argv[1]) >= FOLDER_MAX) {
        (void)fprintf(stderr, "usage: make_chains FOLDER COUNT SEED\n");
        return 2;
    }
    struct world *w = memory_new(1, sizeof(*w));
    char path[FOLDER_MAX + 96];
    unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
    w->random = strtoul(argv[3], NULL, 10);
    hash_secret_init();
    make_keys(w);
    (void)snprintf(path, sizeof(path), "%s/verdicts", argv[1]);
    FILE *out = fopen(path, "we");
    CHECK(out != NULL);
    for (unsigned n = 0; n < count; n++) {
        make_world(w);
        judge_world(w, argv[1], n, out);
        free_world(w);
    }
    CHECK(fclose(out) == 0);
    for (size_t i = 0; i < KEYS; i++) {
        EVP_PKEY_free(w->keys[i]);
    }
    free(w);
    return 0;
}
