#include "tests/lab/cert_store.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "scanner/base/memory.h"
#include "tests/lab/cert_build.h"
#include "tests/lab/draw.h"

#define CACHE_SLOTS        4096 /* certificates kept ready, about 12 KB each; direct-mapped */
#define DAY                86400
#define CERT_SERIAL_OCTETS 30
#define MANY_CERTS         110 /* more than mxcensus keeps of a list */
#define DEEP_LEVELS        9   /* of intermediates above the one that signs the leaf */
#define HUGE_ROUNDS        3 /* times all CA certificates in a huge list: more than 20,000 octets */

/* A CA certificate, made when the store is opened. */
struct ca_cert {
    struct buf der;
    X509 *x509;
};

struct cert_store {
    struct key_pool keys;
    int64_t now;
    struct ca_cert root[LAB_CA_COUNT];
    struct ca_cert rsa[LAB_CA_COUNT];
    struct ca_cert ec[LAB_CA_COUNT];
    struct ca_cert cross[LAB_CA_COUNT]; /* root N signed by root N + 1 */
    struct ca_cert old_root;            /* expired */
    struct ca_cert old_cross;           /* root 0 signed by it */
    struct cert_slot {
        struct cert_entry entry;
        struct buf der;
    } cache[CACHE_SLOTS];
};

uint64_t cert_serial(const struct cert_choice *choice)
{
    /* Class and chain are a consequence of the identity; the key is a property of its own. */
    return (draw_mix(choice->identity ^ 0x5e71a1) >> 2) | 1ULL << 61;
}

/* Content octets of its INTEGER. @return how many */
static size_t serial_of(const struct cert_choice *c, uint8_t out[CERT_SERIAL_OCTETS])
{
    uint64_t serial = cert_serial(c);
    size_t len = c->odd == LAB_ODD_SERIAL_LONG ? CERT_SERIAL_OCTETS : 8;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(serial >> (8 * (7 - i % 8)));
    }
    if (c->odd == LAB_ODD_SERIAL_ZERO) {
        out[0] = 0;
        return 1;
    }
    if (c->odd == LAB_ODD_SERIAL_NEGATIVE) {
        out[0] |= 0x80;
    }
    return len;
}

/* Of a root; its intermediates count on from there. */
static int serial_of_ca(int ca)
{
    return 1000 + ca * 10;
}

void cert_serial_text(const struct cert_choice *c, char out[CERT_SERIAL_TEXT_MAX])
{
    uint8_t octets[CERT_SERIAL_OCTETS];
    size_t len = serial_of(c, octets);
    if (c->odd == LAB_ODD_LEAF_LAST) { /* what is sent first */
        (void)snprintf(out, CERT_SERIAL_TEXT_MAX, "%d", serial_of_ca(c->issuer) + 1);
        return;
    }
    BIGNUM *n = BN_bin2bn(octets, (int)len, NULL);
    BIGNUM *wrap = BN_new();
    CHECK(n != NULL && wrap != NULL);
    if (octets[0] >= 0x80) { /* two's complement, X.690 section 8.3.3 */
        CHECK(BN_set_bit(wrap, (int)len * 8) == 1 && BN_sub(n, n, wrap) == 1);
    }
    char *text = BN_bn2dec(n);
    CHECK(text != NULL && strlen(text) < CERT_SERIAL_TEXT_MAX);
    memcpy(out, text, strlen(text) + 1);
    OPENSSL_free(text);
    BN_free(wrap);
    BN_free(n);
}

void cert_validity(const struct cert_choice *choice, int64_t now, int64_t *not_before,
                   int64_t *not_after)
{
    uint64_t d = draw_mix(choice->identity ^ 0x7a11d);
    int64_t life = (d & 0xff) < 192 ? 90 : 398; /* 75 % are short-lived, see validity_90d */
    if (choice->class == LAB_CERT_SELF_SIGNED || choice->class == LAB_CERT_PRIVATE_CA) {
        life = 3650;
    }
    int64_t left = 2 + (int64_t)((d >> 8) % (uint64_t)(life - 3)); /* days */
    left = choice->days_left > 0 ? choice->days_left : left;
    if (choice->class == LAB_CERT_EXPIRED) {
        left = -1 - (int64_t)((d >> 8) % 400);
    } else if (choice->class == LAB_CERT_NOT_YET_VALID) {
        left = life + 5;
    }
    *not_after = now + left * DAY + (int64_t)((d >> 40) % DAY) - DAY / 2;
    *not_before = *not_after - life * DAY;
    if (choice->odd == LAB_ODD_TIMES_REVERSED) {
        *not_before = now - 10 * DAY;
        *not_after = now - 20 * DAY;
    }
}

static X509 *parse(struct span der)
{
    const uint8_t *at = der.at;
    X509 *x = d2i_X509(NULL, &at, (long)der.len);
    CHECK(x != NULL && at == der.at + der.len);
    return x;
}

/* ---- the public CAs ---- */

static const char *const ca_organisations[LAB_CA_COUNT] = {"Lab Encrypt", "Lab Sectional",
                                                           "Lab Trust Services"};

static void put_root_name(struct buf *b, int ca)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s Root X%d", ca_organisations[ca], ca + 1);
    cert_put_name(b, ca_organisations[ca], text);
}

static void put_intermediate_name(struct buf *b, int ca, bool ec)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s %s%d", ca_organisations[ca], ec ? "E" : "R", ca + 1);
    cert_put_name(b, ca_organisations[ca], text);
}

/* A CA certificate as it should be, and what may differ. */
struct ca_plan {
    uint64_t serial;
    struct span subject;
    struct span issuer;
    const struct key *key;
    const struct key *signer;
    int from_day; /* relative to now */
    int to_day;
    enum key_digest digest;
    struct ca_profile profile;
};

static struct ca_plan plan_of_ca(struct span subject, struct span issuer, const struct key *key,
                                 const struct key *signer)
{
    return (struct ca_plan){.subject = subject,
                            .issuer = issuer,
                            .key = key,
                            .signer = signer,
                            .from_day = -1200,
                            .to_day = 2400,
                            .profile = {.path_length = -1}};
}

/* Content octets of an INTEGER. */
static struct span serial_octets(uint64_t serial, uint8_t out[9])
{
    out[0] = 0;
    for (size_t i = 0; i < 8; i++) {
        out[8 - i] = (uint8_t)(serial >> (8 * i));
    }
    size_t skip = 0; /* the shortest form whose first bit is zero */
    while (skip < 8 && out[skip] == 0 && out[skip + 1] < 0x80) {
        skip++;
    }
    return (struct span){out + skip, 9 - skip};
}

static void make_planned(const struct cert_store *s, struct ca_cert *out, const struct ca_plan *p)
{
    struct buf extensions = BUF_INIT(BUF_NO_LIMIT);
    uint8_t serial[9];
    cert_put_ca_extensions(&extensions, &p->profile, p->key, p->signer);
    struct tbs t = {
        .serial = serial_octets(p->serial, serial),
        .issuer = p->issuer,
        .subject = p->subject,
        .not_before = s->now + (int64_t)p->from_day * DAY,
        .not_after = s->now + (int64_t)p->to_day * DAY,
        .spki = {p->key->spki, p->key->spki_len},
        .signer = p->signer,
        .digest = p->digest,
        .extensions = buf_span(&extensions),
    };
    out->der = BUF_INIT(BUF_NO_LIMIT);
    cert_put(&out->der, &t);
    out->x509 = parse(buf_span(&out->der));
    buf_deinit(&extensions);
}

static void make_ca(const struct cert_store *s, struct ca_cert *out, uint64_t serial,
                    struct span subject, struct span issuer, const struct key *key,
                    const struct key *signer, bool intermediate)
{
    struct ca_plan p = plan_of_ca(subject, issuer, key, signer);
    p.serial = serial;
    p.profile.path_length = intermediate ? 0 : -1;
    make_planned(s, out, &p);
}

static void put_old_root_name(struct buf *b)
{
    cert_put_name(b, "Lab Trust Services", "Lab Trust Services Old Root");
}

/* A root to trust that has expired, and the first root signed by it, as real ones were. */
static void make_old_root(struct cert_store *s)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    struct buf first = BUF_INIT(BUF_NO_LIMIT);
    const struct key *key = &s->keys.ca[CA_KEY_PRIVATE_RSA];
    put_old_root_name(&name);
    put_root_name(&first, 0);
    struct ca_plan p = plan_of_ca(buf_span(&name), buf_span(&name), key, key);
    p.serial = 1900;
    p.from_day = -7000;
    p.to_day = -100;
    make_planned(s, &s->old_root, &p);
    make_ca(s, &s->old_cross, 1901, buf_span(&first), buf_span(&name), &s->keys.ca[CA_KEY_ROOT],
            key, false);
    buf_deinit(&name);
    buf_deinit(&first);
}

static void make_cas(struct cert_store *s)
{
    for (int i = 0; i < LAB_CA_COUNT; i++) {
        int next = (i + 1) % LAB_CA_COUNT;
        const struct key *root = &s->keys.ca[CA_KEY_ROOT + i];
        const struct key *other = &s->keys.ca[CA_KEY_ROOT + next];
        struct buf root_name = BUF_INIT(BUF_NO_LIMIT);
        struct buf other_name = BUF_INIT(BUF_NO_LIMIT);
        struct buf rsa_name = BUF_INIT(BUF_NO_LIMIT);
        struct buf ec_name = BUF_INIT(BUF_NO_LIMIT);
        put_root_name(&root_name, i);
        put_root_name(&other_name, next);
        put_intermediate_name(&rsa_name, i, false);
        put_intermediate_name(&ec_name, i, true);
        uint64_t serial = (uint64_t)serial_of_ca(i);
        make_ca(s, &s->root[i], serial, buf_span(&root_name), buf_span(&root_name), root, root,
                false);
        make_ca(s, &s->rsa[i], serial + 1, buf_span(&rsa_name), buf_span(&root_name),
                &s->keys.ca[CA_KEY_RSA + i], root, true);
        make_ca(s, &s->ec[i], serial + 2, buf_span(&ec_name), buf_span(&root_name),
                &s->keys.ca[CA_KEY_EC + i], root, true);
        make_ca(s, &s->cross[i], serial + 3, buf_span(&root_name), buf_span(&other_name), root,
                other, false);
        buf_deinit(&root_name);
        buf_deinit(&other_name);
        buf_deinit(&rsa_name);
        buf_deinit(&ec_name);
    }
}

struct cert_store *cert_store_open(const char *keys_path, int64_t now, struct buf *error)
{
    struct cert_store *s = memory_new(1, sizeof(*s));
    s->now = now;
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        s->cache[i].der = BUF_INIT(BUF_NO_LIMIT);
    }
    if (!key_pool_open(&s->keys, keys_path, error)) {
        cert_store_close(s);
        return NULL;
    }
    make_cas(s);
    make_old_root(s);
    return s;
}

static void free_ca(struct ca_cert *ca)
{
    X509_free(ca->x509);
    buf_deinit(&ca->der);
}

static void free_entry(struct cert_entry *e)
{
    X509_free(e->leaf);
    sk_X509_pop_free(e->chain, X509_free);
    memset(e, 0, sizeof(*e));
}

void cert_store_close(struct cert_store *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < CACHE_SLOTS; i++) {
        free_entry(&s->cache[i].entry);
        buf_deinit(&s->cache[i].der);
    }
    free_ca(&s->old_root);
    free_ca(&s->old_cross);
    for (int i = 0; i < LAB_CA_COUNT; i++) {
        struct ca_cert *all[] = {&s->root[i], &s->rsa[i], &s->ec[i], &s->cross[i]};
        for (size_t k = 0; k < 4; k++) {
            free_ca(all[k]);
        }
    }
    key_pool_close(&s->keys);
    free(s);
}

static const struct key *leaf_key(const struct cert_store *s, const struct cert_choice *c)
{
    return key_pool_leaf(&s->keys, c->key, draw_mix(c->identity ^ 0x4e1) >> 7);
}

/* ---- odd issuers ---- */

/* The certificate has an intermediate of its own kind. */
static bool has_odd_issuer(const struct cert_choice *c)
{
    return c->odd >= LAB_ODD_ISSUER_EXPIRED && c->odd <= LAB_ODD_ROOT_EXPIRED;
}

static const struct key *odd_issuer_key(const struct cert_store *s, const struct cert_choice *c)
{
    if (c->odd == LAB_ODD_ISSUER_RSA_1024) {
        return key_pool_leaf(&s->keys, LAB_KEY_RSA_1024, 0);
    }
    return c->odd == LAB_ODD_ISSUER_K256 ? key_pool_leaf(&s->keys, LAB_KEY_SECP256K1, 0)
                                         : &s->keys.ca[CA_KEY_RSA + c->issuer];
}

static void put_odd_name(struct buf *b, const struct cert_choice *c, const char *suffix)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "Lab Odd %s%s", lab_odd_word(c->odd), suffix);
    cert_put_name(b, ca_organisations[c->issuer], text);
}

static void set_oddity(struct ca_plan *p, enum lab_odd odd)
{
    p->to_day = odd == LAB_ODD_ISSUER_EXPIRED ? -30 : p->to_day;
    p->from_day = odd == LAB_ODD_ISSUER_NOT_YET_VALID ? 30 : p->from_day;
    p->digest = odd == LAB_ODD_ISSUER_SHA1 ? KEY_SHA1 : KEY_SHA256;
    p->profile.eku_mail = odd == LAB_ODD_ISSUER_EKU;
    p->profile.no_cert_sign = odd == LAB_ODD_ISSUER_NO_CERT_SIGN;
    p->profile.not_ca = odd == LAB_ODD_ISSUER_NOT_CA;
    p->profile.unknown_critical = odd == LAB_ODD_ISSUER_CRITICAL;
    p->profile.permitted = odd == LAB_ODD_ISSUER_NAMES      ? "example.org"
                           : odd == LAB_ODD_ISSUER_NAMES_OK ? "mxlab.net"
                                                            : NULL;
}

/* Intermediates above the one that signs the leaf: one that allows none below itself, or many. */
static const struct key *upper_key(const struct cert_store *s, const struct cert_choice *c,
                                   unsigned level)
{
    return &s->keys.ca[CA_KEY_RSA + (c->issuer + level) % LAB_CA_COUNT];
}

static unsigned upper_levels(const struct cert_choice *c)
{
    return c->odd == LAB_ODD_ISSUER_PATH_LENGTH ? 1
           : c->odd == LAB_ODD_ISSUER_DEEP      ? DEEP_LEVELS
                                                : 0;
}

static void put_upper_name(struct buf *b, const struct cert_choice *c, unsigned level)
{
    char suffix[16];
    (void)snprintf(suffix, sizeof(suffix), " %u", level);
    put_odd_name(b, c, suffix);
}

/* The intermediate that signs the leaf. */
static void make_odd_issuer(const struct cert_store *s, const struct cert_choice *c,
                            struct ca_cert *out)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    struct buf above = BUF_INIT(BUF_NO_LIMIT);
    const struct key *signer = &s->keys.ca[CA_KEY_ROOT + c->issuer];
    put_odd_name(&name, c, "");
    if (upper_levels(c) > 0) {
        put_upper_name(&above, c, 1);
        signer = upper_key(s, c, 1);
    } else if (c->odd == LAB_ODD_ROOT_EXPIRED) {
        put_old_root_name(&above);
        signer = &s->keys.ca[CA_KEY_PRIVATE_RSA];
    } else {
        put_root_name(&above, c->issuer);
    }
    struct ca_plan p = plan_of_ca(buf_span(&name), buf_span(&above), odd_issuer_key(s, c), signer);
    p.serial = 2000 + (uint64_t)c->odd * 2;
    set_oddity(&p, c->odd);
    make_planned(s, out, &p);
    buf_deinit(&name);
    buf_deinit(&above);
}

/* One of those above, counted from below. */
static void make_odd_upper(const struct cert_store *s, const struct cert_choice *c, unsigned level,
                           struct ca_cert *out)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    struct buf above = BUF_INIT(BUF_NO_LIMIT);
    bool top = level == upper_levels(c);
    put_upper_name(&name, c, level);
    if (top) {
        put_root_name(&above, c->issuer);
    } else {
        put_upper_name(&above, c, level + 1);
    }
    make_ca(s, out, 3000 + (uint64_t)c->odd * 16 + level, buf_span(&name), buf_span(&above),
            upper_key(s, c, level),
            top ? &s->keys.ca[CA_KEY_ROOT + c->issuer] : upper_key(s, c, level + 1),
            c->odd == LAB_ODD_ISSUER_PATH_LENGTH);
    buf_deinit(&name);
    buf_deinit(&above);
}

/* A certificate with a key that nobody can read, or not everybody. */
static X509 *make_odd_key(const struct cert_store *s, const struct cert_choice *c)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    struct buf above = BUF_INIT(BUF_NO_LIMIT);
    struct buf spki = BUF_INIT(BUF_NO_LIMIT);
    struct buf extensions = BUF_INIT(BUF_NO_LIMIT);
    struct buf der = BUF_INIT(BUF_NO_LIMIT);
    uint8_t serial[9];
    const struct key *root = &s->keys.ca[CA_KEY_ROOT + c->issuer];
    put_odd_name(&name, c, "");
    put_root_name(&above, c->issuer);
    if (c->odd == LAB_ODD_GOST_KEY) {
        cert_put_gost_spki(&spki);
    } else if (c->odd == LAB_ODD_CURVE) {
        cert_put_curve_spki(&spki);
    } else {
        cert_put_unknown_spki(&spki);
    }
    cert_put_ca_extensions(&extensions, &(struct ca_profile){.path_length = -1}, root, root);
    struct tbs t = {
        .serial = serial_octets(1950, serial),
        .issuer = buf_span(&above),
        .subject = buf_span(&name),
        .not_before = s->now - 100 * DAY,
        .not_after = s->now + 1000 * DAY,
        .spki = buf_span(&spki),
        .signer = root,
        .extensions = buf_span(&extensions),
    };
    cert_put(&der, &t);
    X509 *x = parse(buf_span(&der));
    struct buf *all[] = {&name, &above, &spki, &extensions, &der};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        buf_deinit(all[i]);
    }
    return x;
}

static const struct key *issuer_key(const struct cert_store *s, const struct cert_choice *c)
{
    if (c->class == LAB_CERT_SELF_SIGNED) {
        return leaf_key(s, c);
    }
    if (c->class == LAB_CERT_PRIVATE_CA) {
        return &s->keys.ca[c->issuer_ec ? CA_KEY_PRIVATE_EC : CA_KEY_PRIVATE_RSA];
    }
    if (has_odd_issuer(c)) {
        return odd_issuer_key(s, c);
    }
    return &s->keys.ca[(c->issuer_ec ? CA_KEY_EC : CA_KEY_RSA) + c->issuer];
}

static void put_private_name(struct buf *b, const struct cert_choice *c)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "Private CA %08x", (unsigned)draw_mix(c->identity ^ 0xca));
    cert_put_name(b, "Some Company", text);
}

static void put_issuer_name(struct buf *b, const struct cert_choice *c, struct span subject)
{
    if (c->class == LAB_CERT_SELF_SIGNED) {
        buf_put(b, subject);
    } else if (c->class == LAB_CERT_PRIVATE_CA) {
        put_private_name(b, c);
    } else if (has_odd_issuer(c)) {
        put_odd_name(b, c, "");
    } else {
        put_intermediate_name(b, c->issuer, c->issuer_ec);
    }
}

/* ---- leaves ---- */

static void set_leaf_oddity(struct tbs *t, enum lab_odd odd)
{
    t->version_1 = odd == LAB_ODD_VERSION_1;
    t->digest = odd == LAB_ODD_SHA1 ? KEY_SHA1 : odd == LAB_ODD_MD5 ? KEY_MD5 : KEY_SHA256;
    t->flipped = odd == LAB_ODD_FLIPPED;
    t->algorithm_unknown = odd == LAB_ODD_UNKNOWN_SIGNATURE;
    if (odd == LAB_ODD_TIMES_FAR) {
        t->not_before_text = "00000101000000Z";
        t->not_after_text = "99991231235959Z";
    } else if (odd == LAB_ODD_TIMES_JUNK) {
        t->not_after_text = "at the end of time";
    }
}

/* @param gost with a key of GOST in place of its own */
static void put_leaf(const struct cert_store *s, const struct cert_choice *c, bool gost,
                     struct buf *out)
{
    struct buf other_key = BUF_INIT(BUF_NO_LIMIT);
    struct buf subject = BUF_INIT(BUF_NO_LIMIT);
    struct buf issuer = BUF_INIT(BUF_NO_LIMIT);
    struct buf extensions = BUF_INIT(BUF_NO_LIMIT);
    uint8_t serial[CERT_SERIAL_OCTETS];
    char first[LAB_NAME_MAX];
    const struct key *key = leaf_key(s, c);
    (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(c->names, ","), c->names);
    if (c->odd == LAB_ODD_NO_NAMES) {
        cert_put_name(&subject, "Some Company", NULL);
    } else {
        cert_put_name(&subject, NULL, first);
    }
    put_issuer_name(&issuer, c, buf_span(&subject));
    struct tbs t = {
        .serial = {serial, serial_of(c, serial)},
        .issuer = buf_span(&issuer),
        .subject = buf_span(&subject),
        .spki = {key->spki, key->spki_len},
        .signer = issuer_key(s, c),
    };
    cert_validity(c, s->now, &t.not_before, &t.not_after);
    set_leaf_oddity(&t, c->odd);
    cert_put_leaf_extensions(&extensions, c, key, t.signer);
    t.extensions = buf_span(&extensions);
    if (gost) {
        cert_put_gost_spki(&other_key);
        t.spki = buf_span(&other_key);
    }
    cert_put(out, &t);
    buf_deinit(&other_key);
    buf_deinit(&extensions);
    buf_deinit(&issuer);
    buf_deinit(&subject);
}

static void push(STACK_OF(X509) * chain, X509 *x)
{
    CHECK(X509_up_ref(x) == 1 && sk_X509_push(chain, x) > 0);
}

static void push_private_root(struct cert_store *s, const struct cert_choice *c,
                              STACK_OF(X509) * chain)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    struct ca_cert ca;
    const struct key *key = issuer_key(s, c);
    put_private_name(&name, c);
    make_ca(s, &ca, cert_serial(c) ^ 1ULL << 60, buf_span(&name), buf_span(&name), key, key, false);
    push(chain, ca.x509);
    X509_free(ca.x509);
    buf_deinit(&ca.der);
    buf_deinit(&name);
}

/* Takes what is in `ca`. */
static void push_made(STACK_OF(X509) * chain, struct ca_cert *ca)
{
    push(chain, ca->x509);
    free_ca(ca);
}

static void push_odd_chain(struct cert_store *s, const struct cert_choice *c,
                           STACK_OF(X509) * chain)
{
    struct ca_cert ca;
    if (c->odd == LAB_ODD_ISSUER_HIDDEN) {
        return;
    }
    make_odd_issuer(s, c, &ca);
    push_made(chain, &ca);
    for (unsigned level = 1; level <= upper_levels(c); level++) {
        make_odd_upper(s, c, level, &ca);
        push_made(chain, &ca);
    }
}

/* The issuer once more, by the root that has expired: a path that ends badly, where another is good. */
static void push_crossed_issuer(struct cert_store *s, const struct cert_choice *c,
                                STACK_OF(X509) * chain)
{
    int key = (c->issuer_ec ? CA_KEY_EC : CA_KEY_RSA) + c->issuer;
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    struct buf root = BUF_INIT(BUF_NO_LIMIT);
    struct ca_cert ca;
    put_intermediate_name(&name, c->issuer, c->issuer_ec);
    put_old_root_name(&root);
    make_ca(s, &ca, 1902, buf_span(&name), buf_span(&root), &s->keys.ca[key],
            &s->keys.ca[CA_KEY_PRIVATE_RSA], true);
    push_made(chain, &ca);
    buf_deinit(&name);
    buf_deinit(&root);
}

static STACK_OF(X509) * make_chain(struct cert_store *s, const struct cert_choice *c)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    CHECK(chain != NULL);
    if (c->class == LAB_CERT_PRIVATE_CA) {
        if (c->odd != LAB_ODD_ROOT_HIDDEN) {
            push_private_root(s, c, chain);
        }
        return chain;
    }
    if (c->class == LAB_CERT_SELF_SIGNED || c->class == LAB_CERT_MISSING_INTERMEDIATE) {
        return chain;
    }
    if (has_odd_issuer(c)) {
        push_odd_chain(s, c, chain);
        return chain;
    }
    X509 *root = s->root[c->issuer].x509;
    X509 *intermediate = (c->issuer_ec ? s->ec : s->rsa)[c->issuer].x509;
    if (c->chain == LAB_CHAIN_ORDER) {
        push(chain, root);
    }
    if (c->odd == LAB_ODD_CROSS_FIRST) {
        push_crossed_issuer(s, c, chain);
    }
    if (c->chain != LAB_CHAIN_ONE) {
        push(chain, intermediate);
    }
    switch (c->chain) {
    case LAB_CHAIN_ONE:
    case LAB_CHAIN_TWO:
    case LAB_CHAIN_ORDER:
        break;
    case LAB_CHAIN_THREE:
        push(chain, s->cross[c->issuer].x509);
        break;
    case LAB_CHAIN_ROOT:
        push(chain, root);
        break;
    case LAB_CHAIN_TWICE:
        push(chain, intermediate);
        break;
    case LAB_CHAIN_EXTRA:
        push(chain, s->rsa[(c->issuer + 1) % LAB_CA_COUNT].x509);
        break;
    case LAB_CHAIN_HUGE:
        for (int i = 0; i < LAB_CA_COUNT * HUGE_ROUNDS; i++) {
            push(chain, s->cross[i % LAB_CA_COUNT].x509);
            push(chain, s->rsa[i % LAB_CA_COUNT].x509);
            push(chain, s->ec[i % LAB_CA_COUNT].x509);
        }
        break;
    case LAB_CHAIN_MANY:
        for (int i = 0; i < MANY_CERTS; i++) {
            push(chain, s->cross[i % LAB_CA_COUNT].x509);
        }
        break;
    }
    if (c->odd == LAB_ODD_CROSS_EXPIRED) {
        push(chain, s->old_cross.x509);
        push(chain, s->old_root.x509);
    } else if (c->odd == LAB_ODD_WITH_UNKNOWN_KEY || c->odd == LAB_ODD_GOST_KEY ||
               c->odd == LAB_ODD_CURVE) {
        CHECK(sk_X509_push(chain, make_odd_key(s, c)) > 0);
    }
    return chain;
}

/* The issuer sent first, its key used, and the leaf behind it. */
static void put_leaf_last(struct cert_store *s, const struct cert_choice *c, struct cert_entry *e)
{
    X509 *leaf = e->leaf;
    e->leaf = sk_X509_shift(e->chain);
    CHECK(e->leaf != NULL && sk_X509_unshift(e->chain, leaf) > 0);
    e->pkey = issuer_key(s, c)->pkey;
}

const struct cert_entry *cert_store_get(struct cert_store *s, const struct cert_choice *c)
{
    uint64_t key = draw_mix(c->identity) | 1;
    struct cert_slot *slot = &s->cache[(key >> 1) % CACHE_SLOTS];
    if (slot->entry.key != key) {
        free_entry(&slot->entry);
        buf_reset(&slot->der);
        put_leaf(s, c, false, &slot->der);
        slot->entry.key = key;
        slot->entry.der = buf_span(&slot->der);
        slot->entry.leaf = parse(slot->entry.der);
        slot->entry.chain = make_chain(s, c);
        slot->entry.pkey = leaf_key(s, c)->pkey;
        if (c->odd == LAB_ODD_LEAF_LAST) {
            put_leaf_last(s, c, &slot->entry);
        }
    }
    return &slot->entry;
}

void cert_store_put_gost(struct cert_store *s, const struct cert_choice *c, struct buf *out)
{
    put_leaf(s, c, true, out);
}

void cert_store_digest_of(struct span data, uint8_t matching, struct buf *out)
{
    uint8_t digest[64];
    const uint8_t *at = data.len > 0 ? data.at : digest;
    if (matching == 2) {
        CHECK(SHA512(at, data.len, digest) != NULL);
    } else {
        CHECK(SHA256(at, data.len, digest) != NULL);
    }
    buf_put(out, (struct span){digest, matching == 2 ? 64 : 32});
}

void cert_store_data(struct cert_store *s, const struct cert_choice *c, bool issuer, bool spki,
                     uint8_t matching, struct buf *out)
{
    struct span data;
    if (spki) {
        const struct key *k = issuer ? issuer_key(s, c) : leaf_key(s, c);
        data = (struct span){k->spki, k->spki_len};
    } else if (issuer && cert_from_public_ca(c)) {
        data = buf_span(&(c->issuer_ec ? s->ec : s->rsa)[c->issuer].der);
    } else {
        data = cert_store_get(s, c)->der;
    }
    if (matching == 0) {
        buf_put(out, data);
    } else {
        cert_store_digest_of(data, matching, out);
    }
}

bool cert_store_write_roots(struct cert_store *s, const char *path, bool fewer)
{
    FILE *file = fopen(path, "w");
    bool ok = file != NULL;
    for (int i = 0; ok && i < LAB_CA_COUNT - fewer; i++) {
        ok = PEM_write_X509(file, s->root[i].x509) == 1;
    }
    ok = ok && PEM_write_X509(file, s->old_root.x509) == 1;
    return (file == NULL || fclose(file) == 0) && ok;
}
