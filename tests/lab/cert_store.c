#include "tests/lab/cert_store.h"

#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "scanner/base/memory.h"
#include "tests/lab/der.h"
#include "tests/lab/draw.h"

#define CACHE_SLOTS 4096 /* certificates kept ready, about 12 KB each; direct-mapped */
#define DAY         86400
#define HUGE_ROUNDS 3 /* times all CA certificates in a huge list: more than 20,000 octets */

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
    struct cert_slot {
        struct cert_entry entry;
        struct buf der;
    } cache[CACHE_SLOTS];
};

struct tbs {
    uint64_t serial;
    struct span issuer; /* Name, DER */
    struct span subject;
    int64_t not_before;
    int64_t not_after;
    const struct key *key;
    const struct key *signer;
    struct span extensions; /* content of the SEQUENCE; empty: none */
};

uint64_t cert_serial(const struct cert_choice *choice)
{
    /* Class and chain are a consequence of the identity; the key is a property of its own. */
    return (draw_mix(choice->identity ^ 0x5e71a1) >> 2) | 1ULL << 61;
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
    if (choice->class == LAB_CERT_EXPIRED) {
        left = -1 - (int64_t)((d >> 8) % 400);
    } else if (choice->class == LAB_CERT_NOT_YET_VALID) {
        left = life + 5;
    }
    *not_after = now + left * DAY + (int64_t)((d >> 40) % DAY) - DAY / 2;
    *not_before = *not_after - life * DAY;
}

/* ---- parts ---- */

static void put_name(struct buf *b, const char *organisation, const char *common_name)
{
    size_t name = der_open(b, DER_SEQUENCE);
    if (organisation != NULL) {
        size_t set = der_open(b, DER_SET);
        size_t pair = der_open(b, DER_SEQUENCE);
        DER_PUT_OID(b, "\x55\x04\x0a");
        der_put(b, DER_UTF8_STRING, span_of(organisation));
        der_close(b, pair);
        der_close(b, set);
    }
    size_t set = der_open(b, DER_SET);
    size_t pair = der_open(b, DER_SEQUENCE);
    DER_PUT_OID(b, "\x55\x04\x03");
    /* RFC 5280 appendix A: ub-common-name is 64. */
    der_put(b, DER_UTF8_STRING, span_take(span_of(common_name), 64));
    der_close(b, pair);
    der_close(b, set);
    der_close(b, name);
}

static size_t open_extension(struct buf *b, struct span oid, bool critical, size_t *value)
{
    size_t at = der_open(b, DER_SEQUENCE);
    der_put(b, DER_OID, oid);
    if (critical) {
        der_put(b, DER_BOOLEAN, SPAN_LIT("\xff"));
    }
    *value = der_open(b, DER_OCTET_STRING);
    return at;
}

static void put_extension(struct buf *b, struct span oid, bool critical, struct span content)
{
    size_t value;
    size_t at = open_extension(b, oid, critical, &value);
    buf_put(b, content);
    der_close(b, value);
    der_close(b, at);
}

static void put_key_ids(struct buf *b, const struct key *subject, const struct key *issuer)
{
    size_t value;
    size_t at = open_extension(b, SPAN_LIT("\x55\x1d\x0e"), false, &value);
    der_put(b, DER_OCTET_STRING, (struct span){subject->id, sizeof(subject->id)});
    der_close(b, value);
    der_close(b, at);
    at = open_extension(b, SPAN_LIT("\x55\x1d\x23"), false, &value);
    size_t sequence = der_open(b, DER_SEQUENCE);
    der_put(b, 0x80, (struct span){issuer->id, sizeof(issuer->id)});
    der_close(b, sequence);
    der_close(b, value);
    der_close(b, at);
}

static void put_ca_extensions(struct buf *b, const struct key *subject, const struct key *issuer,
                              bool intermediate)
{
    put_extension(b, SPAN_LIT("\x55\x1d\x13"), true,
                  intermediate ? SPAN_LIT("\x30\x06\x01\x01\xff\x02\x01\x00")
                               : SPAN_LIT("\x30\x03\x01\x01\xff"));
    put_extension(b, SPAN_LIT("\x55\x1d\x0f"), true, SPAN_LIT("\x03\x02\x01\x06"));
    put_key_ids(b, subject, issuer);
}

static void put_alternative_names(struct buf *b, const struct cert_choice *c)
{
    size_t value;
    size_t at = open_extension(b, SPAN_LIT("\x55\x1d\x11"), false, &value);
    size_t sequence = der_open(b, DER_SEQUENCE);
    const char *name = c->names;
    size_t first = strcspn(name, ",");
    while (*name != '\0') {
        size_t len = strcspn(name, ",");
        der_put(b, 0x82, (struct span){(const uint8_t *)name, len});
        name += len + (name[len] == ',');
    }
    for (unsigned i = 1; i <= c->extra_names; i++) {
        char text[CERT_NAMES_MAX + 16];
        (void)snprintf(text, sizeof(text), "alt-%u.%.*s", i, (int)first, c->names);
        der_put(b, 0x82, span_of(text));
    }
    der_close(b, sequence);
    der_close(b, value);
    der_close(b, at);
}

/* Two signed certificate timestamps of the right shape (RFC 6962 section 3.3) by no real log. */
static void put_timestamps(struct buf *b, uint64_t identity)
{
    uint8_t list[2 + 2 * (2 + 119)] = {0, 2 * (2 + 119)};
    for (size_t n = 0; n < 2; n++) {
        uint8_t *sct = list + 2 + n * 121;
        sct[1] = 119;
        for (size_t i = 3; i < 121; i++) {
            sct[i] = (uint8_t)draw_mix(identity ^ (n << 16 | i));
        }
        sct[2] = 0;      /* version 1 */
        sct[3 + 32] = 0; /* a time before the year 4000 */
        sct[3 + 33] = 0;
        sct[3 + 40] = sct[3 + 41] = 0; /* no extensions */
        sct[3 + 42] = 4;               /* SHA-256 */
        sct[3 + 43] = 3;               /* ECDSA */
        sct[3 + 44] = 0;
        sct[3 + 45] = 72;
    }
    size_t value;
    size_t at =
        open_extension(b, SPAN_LIT("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"), false, &value);
    der_put(b, DER_OCTET_STRING, (struct span){list, sizeof(list)});
    der_close(b, value);
    der_close(b, at);
}

static void put_authority_access(struct buf *b, unsigned ca)
{
    char text[64];
    size_t value;
    size_t at = open_extension(b, SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x01\x01"), false, &value);
    size_t list = der_open(b, DER_SEQUENCE);
    size_t item = der_open(b, DER_SEQUENCE);
    DER_PUT_OID(b, "\x2b\x06\x01\x05\x05\x07\x30\x01"); /* ocsp */
    (void)snprintf(text, sizeof(text), "http://ocsp%u.ca-mxlab.net", ca + 1);
    der_put(b, 0x86, span_of(text));
    der_close(b, item);
    item = der_open(b, DER_SEQUENCE);
    DER_PUT_OID(b, "\x2b\x06\x01\x05\x05\x07\x30\x02"); /* caIssuers */
    (void)snprintf(text, sizeof(text), "http://ca%u.ca-mxlab.net/issuer.der", ca + 1);
    der_put(b, 0x86, span_of(text));
    der_close(b, item);
    der_close(b, list);
    der_close(b, value);
    der_close(b, at);
}

static bool from_public_ca(enum lab_cert_class class)
{
    return class != LAB_CERT_SELF_SIGNED && class != LAB_CERT_PRIVATE_CA;
}

static void put_leaf_extensions(struct buf *b, const struct cert_choice *c,
                                const struct key *subject, const struct key *issuer)
{
    put_extension(b, SPAN_LIT("\x55\x1d\x0f"), true,
                  subject->rsa ? SPAN_LIT("\x03\x02\x05\xa0") : SPAN_LIT("\x03\x02\x07\x80"));
    put_extension(
        b, SPAN_LIT("\x55\x1d\x25"), false, /* serverAuth, clientAuth */
        SPAN_LIT("\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01\x06\x08\x2b\x06\x01\x05"
                 "\x05\x07\x03\x02"));
    put_extension(b, SPAN_LIT("\x55\x1d\x13"), true, SPAN_LIT("\x30\x00"));
    put_key_ids(b, subject, issuer);
    if (c->class != LAB_CERT_CN_ONLY) {
        put_alternative_names(b, c);
    }
    if (from_public_ca(c->class)) {
        put_authority_access(b, c->issuer);
        put_extension(b, SPAN_LIT("\x55\x1d\x20"), false, /* domain-validated */
                      SPAN_LIT("\x30\x0a\x30\x08\x06\x06\x67\x81\x0c\x01\x02\x01"));
        put_timestamps(b, c->identity);
    }
}

static void put_certificate(struct buf *out, const struct tbs *t)
{
    struct buf tbs = BUF_INIT(BUF_NO_LIMIT);
    struct buf signature = BUF_INIT(BUF_NO_LIMIT);
    size_t sequence = der_open(&tbs, DER_SEQUENCE);
    size_t version = der_open(&tbs, 0xa0);
    der_put_u64(&tbs, 2); /* v3 */
    der_close(&tbs, version);
    der_put_u64(&tbs, t->serial);
    key_put_signature_algorithm(t->signer, &tbs);
    buf_put(&tbs, t->issuer);
    size_t validity = der_open(&tbs, DER_SEQUENCE);
    der_put_time(&tbs, t->not_before);
    der_put_time(&tbs, t->not_after);
    der_close(&tbs, validity);
    buf_put(&tbs, t->subject);
    buf_put(&tbs, (struct span){t->key->spki, t->key->spki_len});
    size_t tagged = der_open(&tbs, 0xa3);
    der_put(&tbs, DER_SEQUENCE, t->extensions);
    der_close(&tbs, tagged);
    der_close(&tbs, sequence);

    buf_put_char(&signature, 0); /* no unused bits */
    key_sign(t->signer, buf_span(&tbs), &signature);
    size_t certificate = der_open(out, DER_SEQUENCE);
    buf_put(out, buf_span(&tbs));
    key_put_signature_algorithm(t->signer, out);
    der_put(out, DER_BIT_STRING, buf_span(&signature));
    der_close(out, certificate);
    buf_deinit(&signature);
    buf_deinit(&tbs);
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
    put_name(b, ca_organisations[ca], text);
}

static void put_intermediate_name(struct buf *b, int ca, bool ec)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s %s%d", ca_organisations[ca], ec ? "E" : "R", ca + 1);
    put_name(b, ca_organisations[ca], text);
}

static void make_ca(struct cert_store *s, struct ca_cert *out, uint64_t serial, struct span subject,
                    struct span issuer, const struct key *key, const struct key *signer,
                    bool intermediate)
{
    struct buf extensions = BUF_INIT(BUF_NO_LIMIT);
    put_ca_extensions(&extensions, key, signer, intermediate);
    struct tbs t = {
        .serial = serial,
        .issuer = issuer,
        .subject = subject,
        .not_before = s->now - (int64_t)1200 * DAY,
        .not_after = s->now + (int64_t)2400 * DAY,
        .key = key,
        .signer = signer,
        .extensions = buf_span(&extensions),
    };
    out->der = BUF_INIT(BUF_NO_LIMIT);
    put_certificate(&out->der, &t);
    out->x509 = parse(buf_span(&out->der));
    buf_deinit(&extensions);
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
        uint64_t serial = 1000 + (uint64_t)i * 10;
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
    return s;
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
    for (int i = 0; i < LAB_CA_COUNT; i++) {
        struct ca_cert *all[] = {&s->root[i], &s->rsa[i], &s->ec[i], &s->cross[i]};
        for (size_t k = 0; k < 4; k++) {
            X509_free(all[k]->x509);
            buf_deinit(&all[k]->der);
        }
    }
    key_pool_close(&s->keys);
    free(s);
}

/* ---- leaves ---- */

static const struct key *leaf_key(const struct cert_store *s, const struct cert_choice *c)
{
    return key_pool_leaf(&s->keys, c->key, draw_mix(c->identity ^ 0x4e1) >> 7);
}

static const struct key *issuer_key(const struct cert_store *s, const struct cert_choice *c)
{
    if (c->class == LAB_CERT_SELF_SIGNED) {
        return leaf_key(s, c);
    }
    if (c->class == LAB_CERT_PRIVATE_CA) {
        return &s->keys.ca[c->issuer_ec ? CA_KEY_PRIVATE_EC : CA_KEY_PRIVATE_RSA];
    }
    return &s->keys.ca[(c->issuer_ec ? CA_KEY_EC : CA_KEY_RSA) + c->issuer];
}

static void put_private_name(struct buf *b, const struct cert_choice *c)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "Private CA %08x", (unsigned)draw_mix(c->identity ^ 0xca));
    put_name(b, "Some Company", text);
}

static void put_leaf(const struct cert_store *s, const struct cert_choice *c, struct buf *out)
{
    struct buf subject = BUF_INIT(BUF_NO_LIMIT);
    struct buf issuer = BUF_INIT(BUF_NO_LIMIT);
    struct buf extensions = BUF_INIT(BUF_NO_LIMIT);
    char first[LAB_NAME_MAX];
    (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(c->names, ","), c->names);
    put_name(&subject, NULL, first);
    if (c->class == LAB_CERT_SELF_SIGNED) {
        buf_put(&issuer, buf_span(&subject));
    } else if (c->class == LAB_CERT_PRIVATE_CA) {
        put_private_name(&issuer, c);
    } else {
        put_intermediate_name(&issuer, c->issuer, c->issuer_ec);
    }
    struct tbs t = {
        .serial = cert_serial(c),
        .issuer = buf_span(&issuer),
        .subject = buf_span(&subject),
        .key = leaf_key(s, c),
        .signer = issuer_key(s, c),
    };
    cert_validity(c, s->now, &t.not_before, &t.not_after);
    put_leaf_extensions(&extensions, c, t.key, t.signer);
    t.extensions = buf_span(&extensions);
    put_certificate(out, &t);
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

static STACK_OF(X509) * make_chain(struct cert_store *s, const struct cert_choice *c)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    CHECK(chain != NULL);
    if (c->class == LAB_CERT_PRIVATE_CA) {
        push_private_root(s, c, chain);
        return chain;
    }
    if (c->class == LAB_CERT_SELF_SIGNED || c->class == LAB_CERT_MISSING_INTERMEDIATE) {
        return chain;
    }
    X509 *root = s->root[c->issuer].x509;
    X509 *intermediate = (c->issuer_ec ? s->ec : s->rsa)[c->issuer].x509;
    if (c->chain == LAB_CHAIN_ORDER) {
        push(chain, root);
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
    }
    return chain;
}

const struct cert_entry *cert_store_get(struct cert_store *s, const struct cert_choice *c)
{
    uint64_t key = draw_mix(c->identity) | 1;
    struct cert_slot *slot = &s->cache[(key >> 1) % CACHE_SLOTS];
    if (slot->entry.key != key) {
        free_entry(&slot->entry);
        buf_reset(&slot->der);
        put_leaf(s, c, &slot->der);
        slot->entry.key = key;
        slot->entry.der = buf_span(&slot->der);
        slot->entry.leaf = parse(slot->entry.der);
        slot->entry.chain = make_chain(s, c);
        slot->entry.pkey = leaf_key(s, c)->pkey;
    }
    return &slot->entry;
}

void cert_store_digest(struct cert_store *s, const struct cert_choice *c, bool issuer, bool spki,
                       uint8_t matching, uint8_t out[64])
{
    struct span data;
    if (spki) {
        const struct key *k = issuer ? issuer_key(s, c) : leaf_key(s, c);
        data = (struct span){k->spki, k->spki_len};
    } else if (issuer && from_public_ca(c->class)) {
        data = buf_span(&(c->issuer_ec ? s->ec : s->rsa)[c->issuer].der);
    } else {
        data = cert_store_get(s, c)->der;
    }
    if (matching == 2) {
        CHECK(SHA512(data.at, data.len, out) != NULL);
    } else {
        CHECK(SHA256(data.at, data.len, out) != NULL);
    }
}

bool cert_store_write_roots(struct cert_store *s, const char *path)
{
    FILE *file = fopen(path, "w");
    bool ok = file != NULL;
    for (int i = 0; ok && i < LAB_CA_COUNT; i++) {
        ok = PEM_write_X509(file, s->root[i].x509) == 1;
    }
    return (file == NULL || fclose(file) == 0) && ok;
}
