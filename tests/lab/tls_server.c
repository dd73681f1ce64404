#include "tests/lab/tls_server.h"

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "scanner/base/memory.h"
#include "tests/lab/cert_build.h"

#define VERSIONS    4
#define CONTEXTS    (VERSIONS * VERSIONS * LAB_KEX_COUNT * LAB_TRAIT_COUNT)
#define RECORD_HEAD 5

#define CA_NAMES_OCTETS     60000 /* of 65,535, beside the other extensions of TLS 1.3 */
#define LONG_REQUEST_OCTETS 102400

#define TYPE_ALERT                   21
#define TYPE_HANDSHAKE               22
#define MESSAGE_CLIENT               1
#define MESSAGE_CERT                 11
#define MESSAGE_EXCHANGE             12
#define MESSAGE_REQUEST              13
#define EXTENSION_SNI                0
#define EXTENSION_SUPPORTED_VERSIONS 43

struct tls_server {
    struct cert_store *certs;
    SSL_CTX
    *contexts[VERSIONS][VERSIONS][LAB_KEX_COUNT][LAB_TRAIT_COUNT]; /* made when first used */
};

struct tls_server *tls_server_new(struct cert_store *certs)
{
    struct tls_server *t = memory_new(1, sizeof(*t));
    t->certs = certs;
    return t;
}

void tls_server_free(struct tls_server *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < CONTEXTS; i++) {
        SSL_CTX_free((&t->contexts[0][0][0][0])[i]);
    }
    free(t);
}

static const char *cipher_list(enum lab_kex kex, enum lab_tls_trait trait)
{
    if (kex == LAB_KEX_STATIC_RSA) {
        return "kRSA+AESGCM:kRSA+AES:@SECLEVEL=0";
    }
    if (trait == LAB_TRAIT_CBC) {
        return "kECDHE+AES:!AESGCM:!AESCCM:@SECLEVEL=0";
    }
    if (trait == LAB_TRAIT_POSTFIX) { /* tls_medium_cipherlist, postconf(5) of 3.7 */
        return "aNULL:-aNULL:HIGH:MEDIUM:+RC4:@STRENGTH:@SECLEVEL=0";
    }
    if (trait == LAB_TRAIT_RESTRICTIVE) {
        return "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=0";
    }
    if (trait == LAB_TRAIT_NULL_SUITES) {
        return "HIGH:eNULL:!aNULL:@SECLEVEL=0";
    }
    if (trait == LAB_TRAIT_DHE_1024 || trait == LAB_TRAIT_DHE_2048) {
        return "kDHE+AESGCM:@SECLEVEL=0";
    }
    return "DEFAULT:@SECLEVEL=0";
}

/* RFC 2409 section 6.2 and RFC 3526 section 3 */
static EVP_PKEY *make_dh(bool small)
{
    BIGNUM *p = small ? BN_get_rfc2409_prime_1024(NULL) : BN_get_rfc3526_prime_2048(NULL);
    BIGNUM *g = BN_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *dh = NULL;
    CHECK(p != NULL && g != NULL && build != NULL && ctx != NULL && BN_set_word(g, 2) == 1);
    CHECK(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_P, p) == 1);
    CHECK(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_FFC_G, g) == 1);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    CHECK(params != NULL && EVP_PKEY_fromdata_init(ctx) == 1);
    CHECK(EVP_PKEY_fromdata(ctx, &dh, EVP_PKEY_KEY_PARAMETERS, params) == 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(ctx);
    BN_free(p);
    BN_free(g);
    return dh;
}

/* A client certificate, if one comes, is nobody's business. */
static int accept_any(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

/* Distinguished names, as many as fit: `certificate_authorities` has two octets for its length. */
static void put_ca_names(struct buf *out, size_t octets)
{
    char organisation[64];
    for (unsigned i = 0;; i++) {
        struct buf name = BUF_INIT(BUF_NO_LIMIT);
        (void)snprintf(organisation, sizeof(organisation), "An Authority Of Some Kind, Number %06u",
                       i);
        cert_put_name(&name, organisation, organisation);
        bool fits = out->len + 2 + name.len <= octets;
        if (fits) {
            buf_put_char(out, (char)(name.len >> 8));
            buf_put_char(out, (char)name.len);
            buf_put(out, buf_span(&name));
        }
        buf_deinit(&name);
        if (!fits) {
            return;
        }
    }
}

static STACK_OF(X509_NAME) * make_ca_names(void)
{
    struct buf all = BUF_INIT(BUF_NO_LIMIT);
    STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
    put_ca_names(&all, CA_NAMES_OCTETS);
    CHECK(names != NULL);
    for (struct span rest = buf_span(&all); rest.len > 2;) {
        size_t len = (size_t)rest.at[0] << 8 | rest.at[1];
        const uint8_t *at = rest.at + 2;
        X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)len);
        CHECK(name != NULL && sk_X509_NAME_push(names, name) > 0);
        rest = span_drop(rest, 2 + len);
    }
    buf_deinit(&all);
    return names;
}

static void set_trait(SSL_CTX *ctx, enum lab_tls_trait trait)
{
    switch (trait) {
    case LAB_TRAIT_NONE:
    case LAB_TRAIT_CBC:
    case LAB_TRAIT_RESTRICTIVE:
    case LAB_TRAIT_NULL_SUITES:
    case LAB_TRAIT_COUNT:
        return;
    case LAB_TRAIT_CLIENT_ORDER:
    case LAB_TRAIT_POSTFIX: /* tls_preempt_cipherlist = no */
        (void)SSL_CTX_clear_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
        return;
    case LAB_TRAIT_DHE_1024:
    case LAB_TRAIT_DHE_2048:
        CHECK(SSL_CTX_set0_tmp_dh_pkey(ctx, make_dh(trait == LAB_TRAIT_DHE_1024)) == 1);
        return;
    case LAB_TRAIT_SHA1:
        CHECK(SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA1:RSA+SHA1") == 1);
        return;
    case LAB_TRAIT_SHA224:
        CHECK(SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA224:RSA+SHA224") == 1);
        return;
    case LAB_TRAIT_NO_EMS:
        SSL_CTX_set_options(ctx, SSL_OP_NO_EXTENDED_MASTER_SECRET);
        return;
    case LAB_TRAIT_CA_NAMES:
        SSL_CTX_set0_CA_list(ctx, make_ca_names());
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, accept_any);
        return;
    case LAB_TRAIT_ASKS_CLIENT:
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, accept_any);
        return;
    case LAB_TRAIT_DEMANDS_CLIENT:
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
        return;
    }
    UNREACHABLE("unknown lab_tls_trait");
}

static SSL_CTX *make_context(const struct service *s)
{
    static const char *const groups[LAB_KEX_COUNT] = {
        [LAB_KEX_ANY] = "X25519:P-256:P-384",  [LAB_KEX_X25519] = "X25519:P-256",
        [LAB_KEX_P256] = "P-256:P-384",        [LAB_KEX_P384] = "P-384",
        [LAB_KEX_STATIC_RSA] = "X25519:P-256",
    };
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    CHECK(ctx != NULL);
    /* Level 0: TLS 1.0 and 1.1 need SHA-1 signatures. */
    CHECK(SSL_CTX_set_cipher_list(ctx, cipher_list(s->kex, s->trait)) == 1);
    CHECK(SSL_CTX_set_min_proto_version(ctx, s->tls_min) == 1);
    CHECK(SSL_CTX_set_max_proto_version(ctx, s->tls_max) == 1);
    CHECK(SSL_CTX_set1_groups_list(ctx, groups[s->kex]) == 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_NO_RENEGOTIATION);
    CHECK(SSL_CTX_set_num_tickets(ctx, 0) == 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN | SSL_MODE_RELEASE_BUFFERS);
    set_trait(ctx, s->trait);
    return ctx;
}

static void use_certificate(struct tls_server *t, SSL *ssl, const struct cert_choice *choice)
{
    const struct cert_entry *entry = cert_store_get(t->certs, choice);
    CHECK(SSL_use_cert_and_key(ssl, entry->leaf, entry->pkey, entry->chain, 1) == 1);
}

SSL *tls_server_session(struct tls_server *t, const struct service *s,
                        const struct cert_choice *cert)
{
    SSL_CTX **ctx = &t->contexts[s->tls_min - 0x0301][s->tls_max - 0x0301][s->kex][s->trait];
    if (*ctx == NULL) {
        *ctx = make_context(s);
    }
    SSL *ssl = SSL_new(*ctx);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    CHECK(ssl != NULL && in != NULL && out != NULL);
    BIO_set_mem_eof_return(in, -1); /* empty means "later" */
    SSL_set_bio(ssl, in, out);
    if (s->dual) {
        use_certificate(t, ssl, &s->other);
    }
    use_certificate(t, ssl, cert);
    SSL_set_accept_state(ssl);
    return ssl;
}

/* ---- reading a ClientHello ---- */

struct reader {
    struct span rest;
    bool bad;
};

static unsigned take_number(struct reader *r, size_t octets)
{
    unsigned n = 0;
    if (r->rest.len < octets) {
        r->bad = true;
        return 0;
    }
    for (size_t i = 0; i < octets; i++) {
        n = n << 8 | r->rest.at[i];
    }
    r->rest = span_drop(r->rest, octets);
    return n;
}

static struct reader take_vector(struct reader *r, size_t length_octets)
{
    size_t len = take_number(r, length_octets);
    if (r->rest.len < len) {
        r->bad = true;
        return (struct reader){.bad = true};
    }
    struct reader v = {.rest = span_take(r->rest, len)};
    r->rest = span_drop(r->rest, len);
    return v;
}

static struct span read_server_name(struct reader extension)
{
    struct reader list = take_vector(&extension, 2);
    unsigned type = take_number(&list, 1);
    struct reader name = take_vector(&list, 2);
    return list.bad || name.bad || type != 0 ? (struct span){0} : name.rest;
}

/* RFC 8446 section 4.2.1; values that are no version (RFC 8701) are passed over. */
static uint16_t read_highest_version(struct reader extension, uint16_t otherwise)
{
    uint16_t highest = otherwise;
    struct reader list = take_vector(&extension, 1);
    while (list.rest.len > 1) {
        unsigned version = take_number(&list, 2);
        highest = version <= 0x0304 && version > highest ? (uint16_t)version : highest;
    }
    return highest;
}

enum hello_state tls_read_hello(struct span in, struct offer *offer)
{
    *offer = (struct offer){.version = 0};
    if (in.len < RECORD_HEAD) {
        return HELLO_MORE;
    }
    struct reader r = {.rest = in};
    if (take_number(&r, 1) != TYPE_HANDSHAKE || take_number(&r, 1) != 3) {
        return HELLO_BAD;
    }
    (void)take_number(&r, 1);
    struct reader record = take_vector(&r, 2);
    if (r.bad) {
        return HELLO_MORE; /* a ClientHello in several records is not looked for */
    }
    if (take_number(&record, 1) != MESSAGE_CLIENT) {
        return HELLO_BAD;
    }
    struct reader hello = take_vector(&record, 3);
    offer->version = (uint16_t)take_number(&hello, 2);
    for (int i = 0; i < 8; i++) {
        (void)take_number(&hello, 4); /* random */
    }
    (void)take_vector(&hello, 1); /* session id */
    offer->suites = take_vector(&hello, 2).rest;
    (void)take_vector(&hello, 1); /* compression */
    if (hello.bad) {
        return HELLO_BAD;
    }
    struct reader extensions = take_vector(&hello, 2);
    while (extensions.rest.len > 0 && !extensions.bad) {
        unsigned type = take_number(&extensions, 2);
        struct reader extension = take_vector(&extensions, 2);
        if (type == EXTENSION_SNI && !extension.bad) {
            offer->sni = read_server_name(extension);
        }
        if (type == EXTENSION_SUPPORTED_VERSIONS && !extension.bad) {
            offer->version = read_highest_version(extension, offer->version);
        }
    }
    return HELLO_COMPLETE;
}

/* ---- answers by hand ---- */

void tls_put_alert(struct buf *out, bool fatal, uint8_t description)
{
    const uint8_t alert[] = {TYPE_ALERT, 3, 3, 0, 2, fatal ? 2 : 1, description};
    buf_put(out, (struct span){alert, sizeof(alert)});
}

void tls_put_ssl3_hello(struct buf *out)
{
    /* RFC 6101 section 5.6.1.3: version, random, session id, suite, compression. */
    uint8_t hello[RECORD_HEAD + 4 + 38] = {TYPE_HANDSHAKE, 3, 0, 0, 42, 2, 0, 0, 38, 3, 0};
    memset(hello + 11, 0x5a, 32);
    hello[RECORD_HEAD + 4 + 36] = 0x35; /* RSA with AES-256-CBC and SHA */
    buf_put(out, (struct span){hello, sizeof(hello)});
}

static void put_record(struct buf *out, struct span message)
{
    while (message.len > 0) {
        struct span part = span_take(message, 16384);
        const uint8_t head[RECORD_HEAD] = {TYPE_HANDSHAKE, 3, 3, (uint8_t)(part.len >> 8),
                                           (uint8_t)part.len};
        buf_put(out, (struct span){head, sizeof(head)});
        buf_put(out, part);
        message = span_drop(message, part.len);
    }
}

static void put_u24(struct buf *m, size_t n)
{
    buf_put_char(m, (char)(n >> 16));
    buf_put_char(m, (char)(n >> 8));
    buf_put_char(m, (char)n);
}

/* RFC 5246 section 7.4.2 */
static void put_certificate_message(struct buf *out, const struct span *certificates, size_t count,
                                    bool malformed)
{
    struct buf m = BUF_INIT(BUF_NO_LIMIT);
    size_t list = 0;
    for (size_t i = 0; i < count; i++) {
        list += certificates[i].len + 3;
    }
    buf_put_char(&m, MESSAGE_CERT);
    put_u24(&m, list + 3);
    put_u24(&m, list + malformed);
    for (size_t i = 0; i < count; i++) {
        put_u24(&m, certificates[i].len);
        buf_put(&m, certificates[i]);
    }
    put_record(out, buf_span(&m));
    buf_deinit(&m);
}

/* RFC 5246 section 7.4.4. What the length cannot say stands behind it. */
static void put_long_request(struct buf *out)
{
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    struct buf m = BUF_INIT(BUF_NO_LIMIT);
    put_ca_names(&names, UINT16_MAX);
    size_t listed = names.len;
    put_ca_names(&names, LONG_REQUEST_OCTETS);
    buf_put_char(&m, MESSAGE_REQUEST);
    put_u24(&m, 2 + 4 + 2 + names.len);
    buf_put(&m, SPAN_LIT("\1\1\0\2\4\1")); /* rsa_sign; rsa_pkcs1_sha256 */
    buf_put_char(&m, (char)(listed >> 8));
    buf_put_char(&m, (char)listed);
    buf_put(&m, buf_span(&names));
    put_record(out, buf_span(&m));
    buf_deinit(&m);
    buf_deinit(&names);
}

/* RFC 5246 section 7.4.3, signed with rsa_pkcs1_sha256. No prime: nobody computes with it for long enough to tell. */
static void put_dh_exchange(struct buf *out, uint32_t bits, SSL *ssl)
{
    struct buf signed_part = BUF_INIT(BUF_NO_LIMIT); /* behind both randoms */
    struct buf m = BUF_INIT(BUF_NO_LIMIT);
    uint8_t randoms[2 * 32];
    size_t octets = bits / 8;
    CHECK(SSL_get_client_random(ssl, randoms, 32) == 32 &&
          SSL_get_server_random(ssl, randoms + 32, 32) == 32);
    buf_put(&signed_part, (struct span){randoms, sizeof(randoms)});
    for (int number = 0; number < 3; number++) { /* p, g, Ys */
        size_t len = number == 1 ? 1 : octets;
        buf_put_char(&signed_part, (char)(len >> 8));
        buf_put_char(&signed_part, (char)len);
        for (size_t i = 0; i < len; i++) {
            uint8_t octet = number == 1 ? 2 : number == 0 ? 0xff : (uint8_t)(i * 73 + 1);
            buf_put_char(&signed_part, (char)octet);
        }
    }
    struct span params = span_drop(buf_span(&signed_part), sizeof(randoms));
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t len = (size_t)EVP_PKEY_get_size(SSL_get_privatekey(ssl));
    CHECK(md != NULL &&
          EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, SSL_get_privatekey(ssl)) == 1);
    buf_put_char(&m, MESSAGE_EXCHANGE);
    put_u24(&m, params.len + 4 + len);
    buf_put(&m, params);
    buf_put(&m, SPAN_LIT("\4\1"));
    buf_put_char(&m, (char)(len >> 8));
    buf_put_char(&m, (char)len);
    uint8_t *signature = buf_room(&m, len);
    CHECK(signature != NULL &&
          EVP_DigestSign(md, signature, &len, signed_part.at, signed_part.len) == 1);
    m.len += len;
    put_record(out, buf_span(&m));
    EVP_MD_CTX_free(md);
    buf_deinit(&m);
    buf_deinit(&signed_part);
}

/* The message that the fate is about, by hand. */
static void put_instead(struct tls_server *t, struct buf *out, const struct service *s,
                        const struct cert_choice *cert, SSL *ssl)
{
    static const uint8_t no_der[] = {0x30, 0x82, 0x01, 0x00, 0xde, 0xad, 0xbe, 0xef};
    if (s->tls_fate == LAB_TLS_LONG_REQUEST) {
        put_long_request(out);
        return;
    }
    if (s->tls_fate == LAB_TLS_DH) {
        put_dh_exchange(out, s->dh_bits, ssl);
        return;
    }
    struct buf gost = BUF_INIT(BUF_NO_LIMIT);
    const struct span bad = {no_der, sizeof(no_der)};
    struct span list[2] = {bad, bad};
    size_t count = s->tls_fate == LAB_TLS_NO_CERT ? 0 : 1;
    if (s->tls_fate == LAB_TLS_BAD_LATER) {
        list[0] = cert_store_get(t->certs, cert)->der;
        count = 2;
    } else if (s->tls_fate == LAB_TLS_GOST_LEAF) {
        cert_store_put_gost(t->certs, cert, &gost);
        list[0] = buf_span(&gost);
    }
    /* BAD_LIST: the length of the list is one octet more than there is. */
    put_certificate_message(out, list, count, s->tls_fate == LAB_TLS_BAD_LIST);
    buf_deinit(&gost);
}

void tls_put_changed_flight(struct tls_server *t, struct buf *out, struct span flight,
                            const struct service *s, const struct cert_choice *cert, SSL *ssl)
{
    if (flight.len == 0 || flight.at[0] != TYPE_HANDSHAKE) {
        buf_put(out, flight); /* an alert: nothing is shared */
        return;
    }
    if (s->tls_fate == LAB_TLS_CLOSE_MIDWAY) {
        buf_put(out, span_take(flight, flight.len / 2));
        return;
    }
    uint8_t instead_of = s->tls_fate == LAB_TLS_LONG_REQUEST ? MESSAGE_REQUEST
                         : s->tls_fate == LAB_TLS_DH         ? MESSAGE_EXCHANGE
                                                             : MESSAGE_CERT;
    struct buf messages = BUF_INIT(BUF_NO_LIMIT);
    while (flight.len >= RECORD_HEAD) {
        size_t len = (size_t)flight.at[3] << 8 | flight.at[4];
        CHECK(flight.at[0] == TYPE_HANDSHAKE && flight.len >= RECORD_HEAD + len);
        buf_put(&messages, (struct span){flight.at + RECORD_HEAD, len});
        flight = span_drop(flight, RECORD_HEAD + len);
    }
    struct span rest = buf_span(&messages);
    while (rest.len >= 4) {
        size_t len = 4 + ((size_t)rest.at[1] << 16 | (size_t)rest.at[2] << 8 | (size_t)rest.at[3]);
        CHECK(len <= rest.len);
        if (rest.at[0] == instead_of) {
            put_instead(t, out, s, cert, ssl);
        } else {
            put_record(out, span_take(rest, len));
        }
        rest = span_drop(rest, len);
    }
    buf_deinit(&messages);
}

void tls_put_cut_flight(struct buf *out, struct span flight)
{
    while (flight.len >= RECORD_HEAD) {
        size_t len = (size_t)flight.at[3] << 8 | flight.at[4];
        CHECK(flight.len >= RECORD_HEAD + len);
        if (flight.at[0] != TYPE_HANDSHAKE) { /* encrypted: of one piece */
            buf_put(out, span_take(flight, RECORD_HEAD + len));
        }
        for (size_t i = 0; flight.at[0] == TYPE_HANDSHAKE && i < len; i++) {
            const uint8_t record[] = {TYPE_HANDSHAKE, 3, 3, 0, 1, flight.at[RECORD_HEAD + i]};
            buf_put(out, (struct span){record, sizeof(record)});
        }
        flight = span_drop(flight, RECORD_HEAD + len);
    }
}
