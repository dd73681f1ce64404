#include "scanner/tls/client_hello.h"

#include "scanner/base/check.h"
#include "scanner/tls/wire.h"

#define MESSAGE_HELLO 1

enum extension {
    EXTENSION_SERVER_NAME = 0,             /* RFC 6066 section 3 */
    EXTENSION_SUPPORTED_GROUPS = 10,       /* RFC 8422 section 5.1.1 */
    EXTENSION_POINT_FORMATS = 11,          /* RFC 8422 section 5.1.2 */
    EXTENSION_SIGNATURE_ALGORITHMS = 13,   /* RFC 8446 section 4.2.3 */
    EXTENSION_EMS = 23,                    /* RFC 7627 section 5.1 */
    EXTENSION_SUPPORTED_VERSIONS = 43,     /* RFC 8446 section 4.2.1 */
    EXTENSION_PSK_MODES = 45,              /* RFC 8446 section 4.2.9 */
    EXTENSION_KEY_SHARE = 51,              /* RFC 8446 section 4.2.8 */
    EXTENSION_RENEGOTIATION_INFO = 0xff01, /* RFC 5746 section 3.2 */
};

/* The IANA registry of cipher suites; strongest first, as clients list them. */
static const uint16_t suites_tls13[] = {
    0x1302, /* AES-256-GCM */
    0x1303, /* CHACHA20-POLY1305 */
    0x1301, /* AES-128-GCM */
};
static const uint16_t suites_tls12[] = {
    0xc02c, 0xc030, 0x009f, /* AES-256-GCM: ECDHE with ECDSA, with RSA; DHE with RSA */
    0xcca9, 0xcca8, 0xccaa, /* CHACHA20-POLY1305 */
    0xc02b, 0xc02f, 0x009e, /* AES-128-GCM */
    0xc024, 0xc028, 0x006b, /* AES-256-CBC with SHA-384 or SHA-256 */
    0xc023, 0xc027, 0x0067, /* AES-128-CBC with SHA-256 */
    0x009d, 0x009c,         /* key transport by RSA: AES-GCM */
    0x003d, 0x003c,         /* AES-CBC with SHA-256 */
    0x00a3, 0x00a2,         /* DHE with DSA, AES-GCM */
};
static const uint16_t suites_tls10[] = {
    0xc00a, 0xc014, 0x0039, 0x0038, /* AES-256-CBC: ECDHE with ECDSA, RSA; DHE with RSA, DSA */
    0xc009, 0xc013, 0x0033, 0x0032, /* AES-128-CBC */
    0x0035, 0x002f,                 /* key transport by RSA */
    0x0088, 0x0045, 0x0084, 0x0041, /* CAMELLIA: DHE with RSA, key transport */
    0xc008, 0xc012, 0x0016, 0x0013, /* 3DES */
    0x000a,                         /* key transport with 3DES */
};

static const uint16_t groups[] = {GROUP_X25519, 0x0017, 0x0018, 0x0019}; /* P-256, 384, 521 */

/* RFC 8446 section 4.2.3; with SHA-1 at the end for old servers. */
static const uint16_t signature_schemes[] = {
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, /* ECDSA, Ed25519, Ed448 */
    0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, /* RSA */
    0x0303, 0x0301, 0x0203, 0x0201,                                         /* SHA-224, SHA-1 */
    0x0402, 0x0302, 0x0202,                                                 /* DSA */
};

#define PUT_ALL(out, list) put_numbers(out, list, sizeof(list) / sizeof((list)[0]))

static void put_numbers(struct buf *out, const uint16_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_number(out, list[i], 2);
    }
}

/* A vector: room for its length, which vector_end() fills in. */
static size_t vector_begin(struct buf *out, size_t size)
{
    put_number(out, 0, size);
    return out->len;
}

static void vector_end(struct buf *out, size_t from, size_t size)
{
    size_t len = out->len - from;
    for (size_t i = 1; i <= size; i++, len >>= 8) {
        out->at[from - i] = (uint8_t)len;
    }
    CHECK(len == 0);
}

static size_t extension_begin(struct buf *out, enum extension type)
{
    put_number(out, type, 2);
    return vector_begin(out, 2);
}

static void put_usual_suites(struct buf *out, uint16_t max_version)
{
    if (max_version >= VERSION_TLS13) {
        PUT_ALL(out, suites_tls13);
    }
    if (max_version >= VERSION_TLS12) {
        PUT_ALL(out, suites_tls12);
    }
    PUT_ALL(out, suites_tls10);
}

static void put_suites(struct buf *out, uint16_t max_version, struct suite_list suites)
{
    size_t list = vector_begin(out, 2);
    if (suites.count > 0) {
        put_numbers(out, suites.at, suites.count);
    } else {
        put_usual_suites(out, max_version);
    }
    vector_end(out, list, 2);
}

static void put_server_name(struct buf *out, const char *sni)
{
    size_t body = extension_begin(out, EXTENSION_SERVER_NAME);
    size_t list = vector_begin(out, 2);
    put_number(out, 0, 1); /* host_name */
    size_t name = vector_begin(out, 2);
    buf_put_text(out, sni);
    vector_end(out, name, 2);
    vector_end(out, list, 2);
    vector_end(out, body, 2);
}

static void hello_put_list(struct buf *out, enum extension type, const uint16_t *list, size_t count)
{
    size_t body = extension_begin(out, type);
    size_t vector = vector_begin(out, 2);
    put_numbers(out, list, count);
    vector_end(out, vector, 2);
    vector_end(out, body, 2);
}

static void put_tls13_extensions(struct buf *out, uint16_t max_version, struct span key)
{
    size_t body = extension_begin(out, EXTENSION_SUPPORTED_VERSIONS);
    size_t list = vector_begin(out, 1);
    for (uint16_t v = max_version; v >= VERSION_TLS10; v--) {
        put_number(out, v, 2);
    }
    vector_end(out, list, 1);
    vector_end(out, body, 2);

    buf_put(out, SPAN_LIT("\x00\x2d\x00\x02\x01\x01")); /* psk_key_exchange_modes: psk_dhe_ke */

    body = extension_begin(out, EXTENSION_KEY_SHARE);
    list = vector_begin(out, 2);
    put_number(out, GROUP_X25519, 2);
    size_t share = vector_begin(out, 2);
    buf_put(out, key);
    vector_end(out, share, 2);
    vector_end(out, list, 2);
    vector_end(out, body, 2);
}

static void hello_put_extensions(struct buf *out, uint16_t max_version, const char *sni,
                                 struct span key)
{
    size_t all = vector_begin(out, 2);
    if (sni != NULL) {
        put_server_name(out, sni);
    }
    buf_put(out, SPAN_LIT("\xff\x01\x00\x01\x00"));     /* renegotiation_info: none yet */
    buf_put(out, SPAN_LIT("\x00\x0b\x00\x02\x01\x00")); /* ec_point_formats: uncompressed */
    hello_put_list(out, EXTENSION_SUPPORTED_GROUPS, groups, sizeof(groups) / sizeof(groups[0]));
    buf_put(out, SPAN_LIT("\x00\x17\x00\x00")); /* extended_master_secret */
    if (max_version >= VERSION_TLS12) {
        hello_put_list(out, EXTENSION_SIGNATURE_ALGORITHMS, signature_schemes,
                       sizeof(signature_schemes) / sizeof(signature_schemes[0]));
    }
    if (max_version >= VERSION_TLS13) {
        put_tls13_extensions(out, max_version, key);
    }
    vector_end(out, all, 2);
}

void client_hello_put(struct buf *out, uint16_t max_version, struct suite_list suites,
                      const char *sni, const uint8_t random[CLIENT_HELLO_RANDOM_LEN])
{
    CHECK(max_version >= VERSION_TLS10 && max_version <= VERSION_TLS13);
    bool tls13 = max_version == VERSION_TLS13;
    put_number(out, CONTENT_HANDSHAKE, 1);
    put_number(out, VERSION_TLS10, 2); /* RFC 8446 section 5.1, RFC 5246 appendix E.1 */
    size_t record = vector_begin(out, 2);
    put_number(out, MESSAGE_HELLO, 1);
    size_t message = vector_begin(out, 3);
    put_number(out, tls13 ? VERSION_TLS12 : max_version, 2);
    buf_put(out, (struct span){random, 32});
    /* RFC 8446 appendix D.4: middleboxes expect a resumption. */
    size_t session_id = vector_begin(out, 1);
    buf_put(out, (struct span){random + 32, tls13 ? 32 : 0});
    vector_end(out, session_id, 1);
    put_suites(out, max_version, suites);
    buf_put(out, SPAN_LIT("\x01\x00")); /* no compression */
    /* Any 32 octets are a public key of X25519 (RFC 7748 section 5). */
    hello_put_extensions(out, max_version, sni, (struct span){random + 64, 32});
    vector_end(out, message, 3);
    vector_end(out, record, 2);
}
