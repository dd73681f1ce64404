#include "scanner/tls/handshake_keys.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "scanner/base/memory.h"
#include "scanner/tls/wire.h"

#define SECRET_MAX   48  /* octets of a SHA-384 */
#define LABEL_MAX    32  /* octets of an HkdfLabel besides its context: RFC 8446 section 7.1 */
#define SECRET_LEN   32  /* octets that X25519 and P-256 agree on */
#define SEALED_MAX   64  /* octets that we ever send protected: alerts */
#define UNCOMPRESSED 4   /* RFC 8446 section 4.2.8.2: the one form of a point */
#define MESSAGE_HASH 254 /* RFC 8446 section 4.4.1 */

enum hash {
    HASH_SHA256,
    HASH_SHA384,
    HASH_COUNT,
};

static const struct hash_info {
    const char *name;
    size_t len;
} hashes[HASH_COUNT] = {
    [HASH_SHA256] = {"SHA2-256", 32},
    [HASH_SHA384] = {"SHA2-384", 48},
};

/* RFC 8446 appendix B.4. */
static const struct suite_info {
    uint16_t id;
    enum hash hash;
    const char *aead;
    size_t key_len;
} suites[] = {
    {0x1301, HASH_SHA256, "AES-128-GCM", 16},
    {0x1302, HASH_SHA384, "AES-256-GCM", 32},
    {0x1303, HASH_SHA256, "ChaCha20-Poly1305", 32},
};

#define SUITE_COUNT (sizeof(suites) / sizeof(suites[0]))

/* RFC 8446 section 4.2.7. */
static const struct group_info {
    uint16_t id;
    size_t share_len;
    const char *type;
    const char *curve; /* NULL: the type is one */
} groups[] = {
    {GROUP_X25519, 32, "X25519", NULL},
    {GROUP_P256, HANDSHAKE_SHARE_MAX, "EC", "prime256v1"}, /* a name that ENGINEs know, too */
};

#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

/* A client key, and how many hellos have shown it. */
struct shown_key {
    struct client_key key;
    unsigned uses;
};

struct handshake_crypto {
    OSSL_LIB_CTX *lib; /* borrowed */
    EVP_MD *md[HASH_COUNT];
    EVP_MAC_CTX *hmac[HASH_COUNT];
    EVP_MD_CTX *digest;
    EVP_CIPHER_CTX *open[SUITE_COUNT];
    EVP_CIPHER_CTX *seal[SUITE_COUNT];
    /* Derive-Secret(Early Secret, "derived", ""): the same in every handshake without a PSK. */
    uint8_t derived[HASH_COUNT][SECRET_MAX];
    struct shown_key keys[GROUP_COUNT];
};

/* --- HKDF, RFC 5869 and RFC 8446 section 7.1 -------------------------------------------------- */

static bool hmac(struct handshake_crypto *c, enum hash hash, struct span key, struct span data,
                 uint8_t out[SECRET_MAX])
{
    size_t len = 0;
    EVP_MAC_CTX *mac = c->hmac[hash];
    return EVP_MAC_init(mac, key.at, key.len, NULL) == 1 &&
           EVP_MAC_update(mac, data.at, data.len) == 1 &&
           EVP_MAC_final(mac, out, &len, SECRET_MAX) == 1 && len == hashes[hash].len;
}

/* At most one block of the hash is ever asked for: HKDF-Expand is one HMAC then. */
static bool expand_label(struct handshake_crypto *c, enum hash hash, const uint8_t *secret,
                         const char *label, struct span context, uint8_t *out, size_t len)
{
    uint8_t info[LABEL_MAX + SECRET_MAX];
    uint8_t block[SECRET_MAX];
    struct buf b = {.at = info, .cap = sizeof(info), .limit = sizeof(info)};
    CHECK(len <= hashes[hash].len);
    buf_put_char(&b, 0);
    buf_put_char(&b, (char)len);
    buf_put_char(&b, (char)(strlen("tls13 ") + strlen(label)));
    buf_put_text(&b, "tls13 ");
    buf_put_text(&b, label);
    buf_put_char(&b, (char)context.len);
    buf_put(&b, context);
    buf_put_char(&b, 1);
    if (!hmac(c, hash, (struct span){secret, hashes[hash].len}, buf_span(&b), block)) {
        return false;
    }
    memcpy(out, block, len);
    return true;
}

static bool transcript_hash(struct handshake_crypto *c, enum hash hash, struct span first,
                            struct span second, uint8_t out[SECRET_MAX])
{
    return EVP_DigestInit_ex(c->digest, c->md[hash], NULL) == 1 &&
           EVP_DigestUpdate(c->digest, first.at, first.len) == 1 &&
           EVP_DigestUpdate(c->digest, second.at, second.len) == 1 &&
           EVP_DigestFinal_ex(c->digest, out, NULL) == 1;
}

static bool derive_early(struct handshake_crypto *c, enum hash hash)
{
    static const uint8_t zeros[SECRET_MAX];
    struct span zero = {zeros, hashes[hash].len};
    uint8_t early[SECRET_MAX];
    uint8_t nothing[SECRET_MAX];
    return hmac(c, hash, zero, zero, early) &&
           transcript_hash(c, hash, (struct span){0}, (struct span){0}, nothing) &&
           expand_label(c, hash, early, "derived", (struct span){nothing, hashes[hash].len},
                        c->derived[hash], hashes[hash].len);
}

static bool derive_direction(struct handshake_crypto *c, const struct suite_info *suite,
                             const uint8_t *secret, const char *label, const uint8_t *transcript,
                             struct record_keys *out)
{
    uint8_t traffic[SECRET_MAX];
    size_t len = hashes[suite->hash].len;
    struct span none = {0};
    return expand_label(c, suite->hash, secret, label, (struct span){transcript, len}, traffic,
                        len) &&
           expand_label(c, suite->hash, traffic, "key", none, out->key, suite->key_len) &&
           expand_label(c, suite->hash, traffic, "iv", none, out->iv, sizeof(out->iv));
}

/* --- key exchange ----------------------------------------------------------------------------- */

static size_t find_group(uint16_t id)
{
    size_t i = 0;
    while (i < GROUP_COUNT && groups[i].id != id) {
        i++;
    }
    return i;
}

size_t handshake_share_len(uint16_t group)
{
    size_t i = find_group(group);
    return i < GROUP_COUNT ? groups[i].share_len : 0;
}

static bool key_of(EVP_PKEY *key, const struct group_info *group, struct client_key *out)
{
    uint8_t *share = NULL;
    size_t len = key != NULL ? EVP_PKEY_get1_encoded_public_key(key, &share) : 0;
    *out = (struct client_key){.key = key, .group = group->id};
    if (len == group->share_len) {
        memcpy(out->share, share, len);
    }
    OPENSSL_free(share);
    return len == group->share_len;
}

static bool renew_key(struct handshake_crypto *c, size_t i)
{
    const struct group_info *group = &groups[i];
    struct shown_key *shown = &c->keys[i];
    client_key_release(&shown->key);
    shown->uses = 0;
    return key_of(group->curve != NULL ? EVP_PKEY_Q_keygen(c->lib, NULL, group->type, group->curve)
                                       : EVP_PKEY_Q_keygen(c->lib, NULL, group->type),
                  group, &shown->key);
}

bool client_key_take(struct handshake_crypto *c, uint16_t group, struct client_key *out)
{
    size_t i = find_group(group);
    CHECK(i < GROUP_COUNT);
    struct shown_key *shown = &c->keys[i];
    if ((shown->key.key == NULL || shown->uses >= KEY_USES_MAX) && !renew_key(c, i)) {
        return false;
    }
    shown->uses++;
    *out = shown->key;
    return EVP_PKEY_up_ref(out->key) == 1;
}

/* ECPrivateKey (RFC 5915 section 3): where EC keys are those of an ENGINE (fast_public_key.h), this is the one form that is read. */
static EVP_PKEY *known_p256_key(struct handshake_crypto *c, const uint8_t secret[SECRET_LEN],
                                const uint8_t *share)
{
    uint8_t der[128];
    struct buf b = {.at = der, .cap = sizeof(der), .limit = sizeof(der)};
    buf_put(&b, SPAN_LIT("\x30\x77\x02\x01\x01\x04\x20"));
    buf_put(&b, (struct span){secret, SECRET_LEN});
    buf_put(&b, SPAN_LIT("\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\xa1\x44\x03\x42\x00"));
    buf_put(&b, (struct span){share, handshake_share_len(GROUP_P256)});
    const uint8_t *at = der;
    return d2i_AutoPrivateKey_ex(NULL, &at, (long)b.len, c->lib, NULL);
}

bool client_key_from(struct handshake_crypto *c, uint16_t id, const uint8_t secret[SECRET_LEN],
                     const uint8_t *share, struct client_key *out)
{
    const struct group_info *group = &groups[find_group(id)];
    return key_of(group->curve != NULL ? known_p256_key(c, secret, share)
                                       : EVP_PKEY_new_raw_private_key_ex(c->lib, group->type, NULL,
                                                                         secret, SECRET_LEN),
                  group, out) &&
           memcmp(out->share, share, group->share_len) == 0;
}

void client_key_release(struct client_key *k)
{
    EVP_PKEY_free(k->key);
    *k = (struct client_key){0};
}

/* That a point is one of the curve libcrypto looks at as it reads it. */
static EVP_PKEY *peer_key(struct handshake_crypto *c, const struct client_key *own,
                          const uint8_t *share)
{
    size_t len = handshake_share_len(own->group);
    if (own->group == GROUP_X25519) {
        return EVP_PKEY_new_raw_public_key_ex(c->lib, "X25519", NULL, share, len);
    }
    EVP_PKEY *key = EVP_PKEY_new();
    if (key != NULL && share[0] == UNCOMPRESSED && EVP_PKEY_copy_parameters(key, own->key) == 1 &&
        EVP_PKEY_set1_encoded_public_key(key, share, len) == 1) {
        return key;
    }
    EVP_PKEY_free(key);
    return NULL;
}

static bool agree(struct handshake_crypto *c, const struct client_key *own, const uint8_t *share,
                  uint8_t out[SECRET_LEN])
{
    size_t len = SECRET_LEN;
    EVP_PKEY *peer = peer_key(c, own, share);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, own->key, NULL);
    bool agreed = peer != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                  EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
                  EVP_PKEY_derive(ctx, out, &len) == 1 && len == SECRET_LEN;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return agreed;
}

static const struct suite_info *find_suite(uint16_t id)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (suites[i].id == id) {
            return &suites[i];
        }
    }
    return NULL;
}

bool handshake_suite_is_known(uint16_t suite)
{
    return find_suite(suite) != NULL;
}

bool handshake_put_retried(struct handshake_crypto *c, uint16_t id, struct span client_hello,
                           struct span retry_request, struct buf *out)
{
    const struct suite_info *suite = find_suite(id);
    CHECK(suite != NULL);
    uint8_t digest[SECRET_MAX];
    size_t len = hashes[suite->hash].len;
    const uint8_t header[MESSAGE_HEADER_LEN] = {MESSAGE_HASH, 0, 0, (uint8_t)len};
    return transcript_hash(c, suite->hash, client_hello, (struct span){0}, digest) &&
           buf_append(out, (struct span){header, sizeof(header)}) &&
           buf_append(out, (struct span){digest, len}) && buf_append(out, retry_request);
}

bool handshake_keys_derive(struct handshake_crypto *c, uint16_t id, const struct client_key *own,
                           const uint8_t *share, struct span client_side, struct span server_hello,
                           struct handshake_keys *out)
{
    const struct suite_info *suite = find_suite(id);
    CHECK(suite != NULL);
    size_t len = hashes[suite->hash].len;
    uint8_t shared[SECRET_LEN];
    uint8_t transcript[SECRET_MAX];
    uint8_t secret[SECRET_MAX];
    *out = (struct handshake_keys){.suite = (uint8_t)(suite - suites)};
    ERR_clear_error();
    bool derived = agree(c, own, share, shared) &&
                   hmac(c, suite->hash, (struct span){c->derived[suite->hash], len},
                        (struct span){shared, sizeof(shared)}, secret) &&
                   transcript_hash(c, suite->hash, client_side, server_hello, transcript) &&
                   derive_direction(c, suite, secret, "s hs traffic", transcript, &out->server) &&
                   derive_direction(c, suite, secret, "c hs traffic", transcript, &out->client);
    ERR_clear_error();
    return derived;
}

/* --- records, RFC 8446 section 5.2 ------------------------------------------------------------ */

static void next_nonce(struct record_keys *keys, uint8_t nonce[AEAD_NONCE_LEN])
{
    memcpy(nonce, keys->iv, AEAD_NONCE_LEN);
    for (size_t i = 0; i < sizeof(keys->number); i++) {
        nonce[AEAD_NONCE_LEN - 1 - i] ^= (uint8_t)(keys->number >> 8 * i);
    }
    keys->number++;
}

/* Section 5.4: zeros behind the content type are padding. */
static int strip_padding(struct buf *plain, size_t from)
{
    while (plain->len > from && plain->at[plain->len - 1] == 0) {
        plain->len--;
    }
    if (plain->len <= from + 1) {
        plain->len = from;
        return -1;
    }
    return plain->at[--plain->len];
}

int record_open(struct handshake_crypto *c, struct handshake_keys *keys, const uint8_t header[5],
                struct span body, struct buf *plain)
{
    CHECK(body.len > AEAD_TAG_LEN);
    uint8_t nonce[AEAD_NONCE_LEN];
    uint8_t tag[AEAD_TAG_LEN];
    size_t content = body.len - AEAD_TAG_LEN;
    size_t from = plain->len;
    uint8_t *to = buf_room(plain, content);
    EVP_CIPHER_CTX *ctx = c->open[keys->suite];
    int len = 0;
    int rest = 0;
    if (to == NULL) {
        return -1;
    }
    next_nonce(&keys->server, nonce);
    memcpy(tag, body.at + content, sizeof(tag));
    ERR_clear_error();
    bool genuine = EVP_DecryptInit_ex2(ctx, NULL, keys->server.key, nonce, NULL) == 1 &&
                   EVP_DecryptUpdate(ctx, NULL, &len, header, RECORD_HEADER_LEN) == 1 &&
                   EVP_DecryptUpdate(ctx, to, &len, body.at, (int)content) == 1 &&
                   EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1 &&
                   EVP_DecryptFinal_ex(ctx, to + len, &rest) == 1 && (size_t)len == content;
    ERR_clear_error();
    if (!genuine) {
        return -1;
    }
    plain->len += content;
    return strip_padding(plain, from);
}

bool record_seal(struct handshake_crypto *c, struct handshake_keys *keys, uint8_t type,
                 struct span content, struct buf *out)
{
    CHECK(content.len < SEALED_MAX);
    uint8_t nonce[AEAD_NONCE_LEN];
    uint8_t inner[SEALED_MAX];
    uint8_t sealed[SEALED_MAX + AEAD_TAG_LEN];
    size_t inner_len = content.len + 1;
    size_t body_len = inner_len + AEAD_TAG_LEN;
    uint8_t header[RECORD_HEADER_LEN] = {CONTENT_APPLICATION_DATA, 3, 3, (uint8_t)(body_len >> 8),
                                         (uint8_t)body_len};
    EVP_CIPHER_CTX *ctx = c->seal[keys->suite];
    int len = 0;
    int rest = 0;
    memcpy(inner, content.at, content.len);
    inner[content.len] = type;
    next_nonce(&keys->client, nonce);
    ERR_clear_error();
    bool done =
        EVP_EncryptInit_ex2(ctx, NULL, keys->client.key, nonce, NULL) == 1 &&
        EVP_EncryptUpdate(ctx, NULL, &len, header, sizeof(header)) == 1 &&
        EVP_EncryptUpdate(ctx, sealed, &len, inner, (int)inner_len) == 1 &&
        EVP_EncryptFinal_ex(ctx, sealed + len, &rest) == 1 && (size_t)len == inner_len &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, sealed + inner_len) == 1;
    ERR_clear_error();
    return done && buf_append(out, (struct span){header, sizeof(header)}) &&
           buf_append(out, (struct span){sealed, body_len});
}

/* --- making ------------------------------------------------------------------------------- */

static bool make_hash(struct handshake_crypto *c, enum hash hash, EVP_MAC *mac)
{
    OSSL_PARAM digest[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)hashes[hash].name, 0),
        OSSL_PARAM_construct_end()};
    c->md[hash] = EVP_MD_fetch(c->lib, hashes[hash].name, NULL);
    c->hmac[hash] = EVP_MAC_CTX_new(mac);
    return c->md[hash] != NULL && c->hmac[hash] != NULL &&
           EVP_MAC_CTX_set_params(c->hmac[hash], digest) == 1 && derive_early(c, hash);
}

static bool make_suite(struct handshake_crypto *c, size_t i)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(c->lib, suites[i].aead, NULL);
    c->open[i] = EVP_CIPHER_CTX_new();
    c->seal[i] = EVP_CIPHER_CTX_new();
    bool made = cipher != NULL && c->open[i] != NULL && c->seal[i] != NULL &&
                EVP_DecryptInit_ex2(c->open[i], cipher, NULL, NULL, NULL) == 1 &&
                EVP_EncryptInit_ex2(c->seal[i], cipher, NULL, NULL, NULL) == 1;
    EVP_CIPHER_free(cipher); /* the contexts hold it */
    return made;
}

static bool make_all(struct handshake_crypto *c)
{
    EVP_MAC *mac = EVP_MAC_fetch(c->lib, "HMAC", NULL);
    c->digest = EVP_MD_CTX_new();
    bool made = mac != NULL && c->digest != NULL;
    for (size_t i = 0; i < HASH_COUNT; i++) {
        made = made && make_hash(c, (enum hash)i, mac);
    }
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        made = made && make_suite(c, i);
    }
    EVP_MAC_free(mac);
    return made;
}

struct handshake_crypto *handshake_crypto_new(OSSL_LIB_CTX *lib)
{
    struct handshake_crypto *c = memory_new(1, sizeof(*c));
    c->lib = lib;
    ERR_clear_error();
    if (!make_all(c)) {
        handshake_crypto_free(c);
        c = NULL;
    }
    ERR_clear_error();
    return c;
}

void handshake_crypto_free(struct handshake_crypto *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        client_key_release(&c->keys[i].key);
    }
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        EVP_CIPHER_CTX_free(c->open[i]);
        EVP_CIPHER_CTX_free(c->seal[i]);
    }
    for (size_t i = 0; i < HASH_COUNT; i++) {
        EVP_MAC_CTX_free(c->hmac[i]);
        EVP_MD_free(c->md[i]);
    }
    EVP_MD_CTX_free(c->digest);
    free(c);
}
