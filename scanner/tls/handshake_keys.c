#include "scanner/tls/handshake_keys.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "scanner/base/memory.h"

#define SECRET_MAX    48 /* octets of a SHA-384 */
#define LABEL_MAX     32 /* octets of an HkdfLabel besides its context: RFC 8446 section 7.1 */
#define RECORD_HEADER 5
#define CONTENT_TLS13 23 /* RFC 8446 section 5.2: the type that protected records show */
#define SEALED_MAX    64 /* octets that we ever send protected: alerts */

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

struct handshake_crypto {
    OSSL_LIB_CTX *lib; /* borrowed */
    EVP_MD *md[HASH_COUNT];
    EVP_MAC_CTX *hmac[HASH_COUNT];
    EVP_MD_CTX *digest;
    EVP_CIPHER_CTX *open[SUITE_COUNT];
    EVP_CIPHER_CTX *seal[SUITE_COUNT];
    /* Derive-Secret(Early Secret, "derived", ""): the same in every handshake without a PSK. */
    uint8_t derived[HASH_COUNT][SECRET_MAX];
    struct client_key key;
    unsigned key_uses;
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

/* --- X25519 ----------------------------------------------------------------------------------- */

static bool key_from(EVP_PKEY *key, struct client_key *out)
{
    size_t len = sizeof(out->share);
    out->key = key;
    return key != NULL && EVP_PKEY_get_raw_public_key(key, out->share, &len) == 1 &&
           len == sizeof(out->share);
}

static bool renew_key(struct handshake_crypto *c)
{
    client_key_release(&c->key);
    c->key_uses = 0;
    return key_from(EVP_PKEY_Q_keygen(c->lib, NULL, "X25519"), &c->key);
}

bool client_key_take(struct handshake_crypto *c, struct client_key *out)
{
    if ((c->key.key == NULL || c->key_uses >= KEY_USES_MAX) && !renew_key(c)) {
        return false;
    }
    c->key_uses++;
    *out = c->key;
    return EVP_PKEY_up_ref(out->key) == 1;
}

void client_key_release(struct client_key *k)
{
    EVP_PKEY_free(k->key);
    *k = (struct client_key){0};
}

static bool agree(struct handshake_crypto *c, const struct client_key *own,
                  const uint8_t share[HANDSHAKE_SHARE_LEN], uint8_t out[HANDSHAKE_SHARE_LEN])
{
    size_t len = HANDSHAKE_SHARE_LEN;
    EVP_PKEY *peer =
        EVP_PKEY_new_raw_public_key_ex(c->lib, "X25519", NULL, share, HANDSHAKE_SHARE_LEN);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(c->lib, own->key, NULL);
    bool agreed = peer != NULL && ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                  EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
                  EVP_PKEY_derive(ctx, out, &len) == 1 && len == HANDSHAKE_SHARE_LEN;
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

bool handshake_keys_derive(struct handshake_crypto *c, uint16_t id, const struct client_key *own,
                           const uint8_t share[HANDSHAKE_SHARE_LEN], struct span client_hello,
                           struct span server_hello, struct handshake_keys *out)
{
    const struct suite_info *suite = find_suite(id);
    CHECK(suite != NULL);
    size_t len = hashes[suite->hash].len;
    uint8_t shared[HANDSHAKE_SHARE_LEN];
    uint8_t transcript[SECRET_MAX];
    uint8_t secret[SECRET_MAX];
    *out = (struct handshake_keys){.suite = (uint8_t)(suite - suites)};
    ERR_clear_error();
    bool derived = agree(c, own, share, shared) &&
                   hmac(c, suite->hash, (struct span){c->derived[suite->hash], len},
                        (struct span){shared, sizeof(shared)}, secret) &&
                   transcript_hash(c, suite->hash, client_hello, server_hello, transcript) &&
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
                   EVP_DecryptUpdate(ctx, NULL, &len, header, RECORD_HEADER) == 1 &&
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
    uint8_t header[RECORD_HEADER] = {CONTENT_TLS13, 3, 3, (uint8_t)(body_len >> 8),
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

/* --- making and testing ----------------------------------------------------------------------- */

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

/* RFC 8448 section 3: the client's key, and the two hellos with both shares. */
static const uint8_t known_key[] =
    "\x49\xaf\x42\xba\x7f\x79\x94\x85\x2d\x71\x3e\xf2\x78\x4b\xcb\xca"
    "\xa7\x91\x1d\xe2\x6a\xdc\x56\x42\xcb\x63\x45\x40\xe7\xea\x50\x05";
static const uint8_t known_hello[] =
    "\x01\x00\x00\xc0\x03\x03\xcb\x34\xec\xb1\xe7\x81\x63\xba\x1c\x38\xc6\xda\xcb\x19"
    "\x6a\x6d\xff\xa2\x1a\x8d\x99\x12\xec\x18\xa2\xef\x62\x83\x02\x4d\xec\xe7\x00\x00"
    "\x06\x13\x01\x13\x03\x13\x02\x01\x00\x00\x91\x00\x00\x00\x0b\x00\x09\x00\x00\x06"
    "\x73\x65\x72\x76\x65\x72\xff\x01\x00\x01\x00\x00\x0a\x00\x14\x00\x12\x00\x1d\x00"
    "\x17\x00\x18\x00\x19\x01\x00\x01\x01\x01\x02\x01\x03\x01\x04\x00\x23\x00\x00\x00"
    "\x33\x00\x26\x00\x24\x00\x1d\x00\x20\x99\x38\x1d\xe5\x60\xe4\xbd\x43\xd2\x3d\x8e"
    "\x43\x5a\x7d\xba\xfe\xb3\xc0\x6e\x51\xc1\x3c\xae\x4d\x54\x13\x69\x1e\x52\x9a\xaf"
    "\x2c\x00\x2b\x00\x03\x02\x03\x04\x00\x0d\x00\x20\x00\x1e\x04\x03\x05\x03\x06\x03"
    "\x02\x03\x08\x04\x08\x05\x08\x06\x04\x01\x05\x01\x06\x01\x02\x01\x04\x02\x05\x02"
    "\x06\x02\x02\x02\x00\x2d\x00\x02\x01\x01\x00\x1c\x00\x02\x40\x01";
static const uint8_t known_server_hello[] =
    "\x02\x00\x00\x56\x03\x03\xa6\xaf\x06\xa4\x12\x18\x60\xdc\x5e\x6e\x60\x24\x9c\xd3"
    "\x4c\x95\x93\x0c\x8a\xc5\xcb\x14\x34\xda\xc1\x55\x77\x2e\xd3\xe2\x69\x28\x00\x13"
    "\x01\x00\x00\x2e\x00\x33\x00\x24\x00\x1d\x00\x20\xc9\x82\x88\x76\x11\x20\x95\xfe"
    "\x66\x76\x2b\xdb\xf7\xc6\x72\xe1\x56\xd6\xcc\x25\x3b\x83\x3d\xf1\xdd\x69\xb1\xb0"
    "\x4e\x75\x1f\x0f\x00\x2b\x00\x02\x03\x04";
#define KNOWN_OWN_SHARE_AT 109 /* of the client, in its hello */
#define KNOWN_SHARE_AT     52  /* of the server, in its own */

/* Records under the keys that follow for each suite: the server's first, with an empty EncryptedExtensions, and
 * the client's, with the alert user_canceled. For the first suite the keys are those of the RFC; all were computed
 * by an implementation of their own (HMAC and X25519 in Python, the AEADs of pyca/cryptography). */
static const struct known_records {
    uint16_t suite;
    struct span server;
    struct span client;
} known_records[] = {
    {0x1301,
     SPAN_INIT("\x17\x03\x03\x00\x17\xd1\xff\x33\x6c\x56\xd7\xa9\xfc\x63"
               "\x54\x4a\x32\x29\x89\x46\xa2\x49\x88\x2e\xa1\xa9\x63\xc7"),
     SPAN_INIT("\x17\x03\x03\x00\x13\x60\xb6\x58\x1b\x9a\x39\x25"
               "\x4b\x88\xed\x26\x76\x23\x22\xb0\xd8\xe8\x72\x73")},
    {0x1302,
     SPAN_INIT("\x17\x03\x03\x00\x17\xbd\xee\x17\x95\x4f\xdf\x36\xaf\xf9"
               "\xae\xa7\x17\xee\x19\x01\x6b\x09\x93\xd9\x7b\xd1\x35\xdf"),
     SPAN_INIT("\x17\x03\x03\x00\x13\x9b\x56\x03\x3f\xfe\x52\x41"
               "\x7d\xfb\x88\x5c\x57\xa8\xe9\xf8\x54\xe4\xde\x3d")},
    {0x1303,
     SPAN_INIT("\x17\x03\x03\x00\x17\x58\x73\x75\x52\x03\xcf\x81\xcd\x99"
               "\x7d\x11\x2a\x26\x06\x97\xc0\x76\x1a\x77\x88\x4c\x8a\x5f"),
     SPAN_INIT("\x17\x03\x03\x00\x13\x2a\xc9\xda\xd5\xf4\x4e\x5b"
               "\xd2\x82\x7c\x34\xa4\x7a\x79\x38\xc5\x1d\x74\xe6")},
};

static bool opens(struct handshake_crypto *c, struct handshake_keys keys, struct span record,
                  bool altered)
{
    uint8_t octets[64];
    struct buf plain = BUF_INIT(sizeof(octets));
    CHECK(record.len <= sizeof(octets));
    memcpy(octets, record.at, record.len);
    octets[record.len - 1] ^= altered;
    int type =
        record_open(c, &keys, octets,
                    (struct span){octets + RECORD_HEADER, record.len - RECORD_HEADER}, &plain);
    bool as_known = type == 22 && span_eq(buf_span(&plain), SPAN_LIT("\x08\x00\x00\x02\x00\x00"));
    buf_deinit(&plain);
    return as_known;
}

static bool seals(struct handshake_crypto *c, struct handshake_keys keys, struct span record)
{
    struct buf out = BUF_INIT(SEALED_MAX);
    bool as_known =
        record_seal(c, &keys, 21, SPAN_LIT("\x01\x5a"), &out) && span_eq(buf_span(&out), record);
    buf_deinit(&out);
    return as_known;
}

static bool known_records_work(struct handshake_crypto *c)
{
    struct client_key own = {0};
    bool works = key_from(
        EVP_PKEY_new_raw_private_key_ex(c->lib, "X25519", NULL, known_key, sizeof(known_key) - 1),
        &own);
    works = works && memcmp(own.share, known_hello + KNOWN_OWN_SHARE_AT, sizeof(own.share)) == 0;
    for (size_t i = 0; works && i < sizeof(known_records) / sizeof(known_records[0]); i++) {
        const struct known_records *r = &known_records[i];
        struct handshake_keys keys;
        works = handshake_keys_derive(
                    c, r->suite, &own, known_server_hello + KNOWN_SHARE_AT,
                    (struct span){known_hello, sizeof(known_hello) - 1},
                    (struct span){known_server_hello, sizeof(known_server_hello) - 1}, &keys) &&
                opens(c, keys, r->server, false) && !opens(c, keys, r->server, true) &&
                seals(c, keys, r->client);
    }
    client_key_release(&own);
    return works;
}

struct handshake_crypto *handshake_crypto_new(OSSL_LIB_CTX *lib)
{
    struct handshake_crypto *c = memory_new(1, sizeof(*c));
    c->lib = lib;
    ERR_clear_error();
    if (!make_all(c) || !known_records_work(c)) {
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
    client_key_release(&c->key);
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
