/* SHA256_Init() and its like are deprecated since 3.0: they are the hash without anything around it. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "scanner/tls/key_schedule.h"

#include "scanner/base/buf.h"
#include "scanner/base/check.h"

#define BLOCK_MAX SHA512_CBLOCK
#define INNER_PAD 0x36 /* RFC 2104 section 2 */
#define OUTER_PAD 0x5c
#define INFO_MAX  (2 + 1 + SCHEDULE_LABEL_MAX + 1 + SCHEDULE_LABEL_MAX + 1)
#define HASH_NAMES             \
    {                          \
        "SHA2-256", "SHA2-384" \
    }

static const size_t lengths[SCHEDULE_HASHES] = {SHA256_DIGEST_LENGTH, SHA384_DIGEST_LENGTH};
static const size_t blocks[SCHEDULE_HASHES] = {SHA256_CBLOCK, SHA512_CBLOCK};

bool schedule_hash_of(const char *name, enum schedule_hash *out)
{
    static const char *const names[SCHEDULE_HASHES] = HASH_NAMES;
    for (size_t i = 0; i < SCHEDULE_HASHES; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum schedule_hash)i;
            return true;
        }
    }
    return false;
}

size_t schedule_hash_len(enum schedule_hash hash)
{
    return lengths[hash];
}

static void digest_init(enum schedule_hash hash, union schedule_digest *d)
{
    CHECK((hash == SCHEDULE_SHA256 ? SHA256_Init(&d->sha256) : SHA384_Init(&d->sha512)) == 1);
}

static void digest_update(enum schedule_hash hash, union schedule_digest *d, struct span s)
{
    CHECK((hash == SCHEDULE_SHA256 ? SHA256_Update(&d->sha256, s.at, s.len)
                                   : SHA384_Update(&d->sha512, s.at, s.len)) == 1);
}

static void digest_final(enum schedule_hash hash, union schedule_digest *d, uint8_t *out)
{
    CHECK((hash == SCHEDULE_SHA256 ? SHA256_Final(out, &d->sha256)
                                   : SHA384_Final(out, &d->sha512)) == 1);
}

static void digest_padded(enum schedule_hash hash, union schedule_digest *d, struct span key,
                          uint8_t pad)
{
    uint8_t block[BLOCK_MAX];
    memset(block, pad, blocks[hash]);
    for (size_t i = 0; i < key.len; i++) {
        block[i] ^= key.at[i];
    }
    digest_init(hash, d);
    digest_update(hash, d, (struct span){block, blocks[hash]});
}

static void mac_init(struct schedule_mac *m, enum schedule_hash hash, struct span key)
{
    CHECK(key.len <= sizeof(m->key));
    m->hash = hash;
    m->key_len = key.len;
    m->used = true;
    if (key.len > 0) {
        memcpy(m->key, key.at, key.len);
    }
    digest_padded(hash, &m->inner, key, INNER_PAD);
    digest_padded(hash, &m->outer, key, OUTER_PAD);
}

static void mac_of(const struct schedule_mac *m, struct span data, uint8_t out[SCHEDULE_SECRET_MAX])
{
    union schedule_digest d = m->inner;
    digest_update(m->hash, &d, data);
    digest_final(m->hash, &d, out);
    d = m->outer;
    digest_update(m->hash, &d, (struct span){out, lengths[m->hash]});
    digest_final(m->hash, &d, out);
}

static bool mac_is_by(const struct schedule_mac *m, enum schedule_hash hash, struct span key)
{
    return m->used && m->hash == hash && span_eq((struct span){m->key, m->key_len}, key);
}

static const struct schedule_mac *mac_by(struct key_schedule *s, enum schedule_hash hash,
                                         struct span key)
{
    for (size_t i = 0; i < SCHEDULE_SECRETS_MAX; i++) {
        if (mac_is_by(&s->macs[i], hash, key)) {
            return &s->macs[i];
        }
    }
    struct schedule_mac *m = &s->macs[s->next];
    s->next = (s->next + 1) % SCHEDULE_SECRETS_MAX;
    mac_init(m, hash, key);
    return m;
}

/* At most one block of the hash is ever asked for: HKDF-Expand (RFC 5869 section 2.3) is one HMAC then. */
static void expand(struct key_schedule *s, enum schedule_hash hash, struct span secret,
                   struct span prefix, struct span label, struct span context, uint8_t *out,
                   size_t len)
{
    uint8_t info[INFO_MAX];
    uint8_t block[SCHEDULE_SECRET_MAX];
    struct buf b = {.at = info, .cap = sizeof(info), .limit = sizeof(info)};
    buf_put_char(&b, 0);
    buf_put_char(&b, (char)len);
    buf_put_char(&b, (char)(prefix.len + label.len));
    buf_put(&b, prefix);
    buf_put(&b, label);
    buf_put_char(&b, (char)context.len);
    buf_put(&b, context);
    buf_put_char(&b, 1);
    mac_of(mac_by(s, hash, secret), buf_span(&b), block);
    memcpy(out, block, len);
}

void key_schedule_init(struct key_schedule *s)
{
    static const uint8_t zeros[SCHEDULE_SECRET_MAX];
    memset(s, 0, sizeof(*s));
    for (size_t i = 0; i < SCHEDULE_HASHES; i++) {
        enum schedule_hash hash = (enum schedule_hash)i;
        struct schedule_constants *c = &s->constants[i];
        union schedule_digest d;
        digest_init(hash, &d);
        digest_final(hash, &d, c->nothing);
        mac_of(mac_by(s, hash, (struct span){0}), (struct span){zeros, lengths[i]}, c->early);
        expand(s, hash, (struct span){c->early, lengths[i]}, SPAN_LIT("tls13 "),
               SPAN_LIT("derived"), (struct span){c->nothing, lengths[i]}, c->derived, lengths[i]);
        mac_init(&c->by_derived, hash, (struct span){c->derived, lengths[i]});
    }
}

static void extract(struct key_schedule *s, const struct schedule_request *r, uint8_t *out)
{
    static const uint8_t zeros[SCHEDULE_SECRET_MAX];
    const struct schedule_constants *c = &s->constants[r->hash];
    size_t len = lengths[r->hash];
    bool usual = span_eq(r->prefix, SPAN_LIT("tls13 ")) && span_eq(r->label, SPAN_LIT("derived"));
    struct span key = r->key.at != NULL ? r->key : (struct span){zeros, len};
    uint8_t before[SCHEDULE_SECRET_MAX];
    if (r->salt.at == NULL && r->key.at == NULL) {
        memcpy(out, c->early, len);
    } else if (r->salt.at == NULL) {
        mac_of(mac_by(s, r->hash, (struct span){0}), key, out);
    } else if (usual && span_eq(r->salt, (struct span){c->early, len})) {
        mac_of(&c->by_derived, key, out);
    } else {
        expand(s, r->hash, r->salt, r->prefix, r->label, (struct span){c->nothing, len}, before,
               len);
        mac_of(mac_by(s, r->hash, (struct span){before, len}), key, out);
    }
}

bool key_schedule_compute(struct key_schedule *s, const struct schedule_request *r, uint8_t *out,
                          size_t len)
{
    size_t hash_len = lengths[r->hash];
    if (r->prefix.len + r->label.len > SCHEDULE_LABEL_MAX || r->data.len > SCHEDULE_LABEL_MAX) {
        return false;
    }
    if (r->extract) {
        if (len != hash_len || r->salt.len > hash_len) {
            return false;
        }
        extract(s, r, out);
        return true;
    }
    if (len == 0 || len > hash_len || r->key.at == NULL || r->key.len > hash_len) {
        return false;
    }
    expand(s, r->hash, r->key, r->prefix, r->label, r->data, out, len);
    return true;
}
