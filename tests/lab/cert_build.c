#include "tests/lab/cert_build.h"

#include <stdio.h>
#include <string.h>

#include "scanner/base/check.h"
#include "tests/lab/der.h"
#include "tests/lab/draw.h"

#define SHORT_NAMES_FROM 1000 /* so that ten thousand names fit into what a client takes */

void cert_put_name(struct buf *b, const char *organisation, const char *common_name)
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
    if (common_name != NULL) {
        size_t set = der_open(b, DER_SET);
        size_t pair = der_open(b, DER_SEQUENCE);
        DER_PUT_OID(b, "\x55\x04\x03");
        /* RFC 5280 appendix A: ub-common-name is 64. */
        der_put(b, DER_UTF8_STRING, span_take(span_of(common_name), 64));
        der_close(b, pair);
        der_close(b, set);
    }
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

void cert_put_extension(struct buf *b, struct span oid, bool critical, struct span content)
{
    size_t value;
    size_t at = open_extension(b, oid, critical, &value);
    buf_put(b, content);
    der_close(b, value);
    der_close(b, at);
}

void cert_put_key_ids(struct buf *b, const struct key *subject, const struct key *issuer)
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

#define OID_UNKNOWN SPAN_LIT("\x2b\x06\x01\x04\x01\x86\x8d\x1f\x63")

/* RFC 5280 section 4.2.1.10: permittedSubtrees with one dNSName. */
static void put_name_constraints(struct buf *b, const char *permitted)
{
    size_t value;
    size_t at = open_extension(b, SPAN_LIT("\x55\x1d\x1e"), true, &value);
    size_t sequence = der_open(b, DER_SEQUENCE);
    size_t subtrees = der_open(b, 0xa0);
    size_t subtree = der_open(b, DER_SEQUENCE);
    der_put(b, 0x82, span_of(permitted));
    der_close(b, subtree);
    der_close(b, subtrees);
    der_close(b, sequence);
    der_close(b, value);
    der_close(b, at);
}

static void put_basic_constraints(struct buf *b, const struct ca_profile *p)
{
    size_t value;
    size_t at = open_extension(b, SPAN_LIT("\x55\x1d\x13"), true, &value);
    size_t sequence = der_open(b, DER_SEQUENCE);
    if (!p->not_ca) {
        der_put(b, DER_BOOLEAN, SPAN_LIT("\xff"));
    }
    if (p->path_length >= 0) {
        der_put_u64(b, (uint64_t)p->path_length);
    }
    der_close(b, sequence);
    der_close(b, value);
    der_close(b, at);
}

void cert_put_ca_extensions(struct buf *b, const struct ca_profile *p, const struct key *subject,
                            const struct key *issuer)
{
    put_basic_constraints(b, p);
    cert_put_extension(
        b, SPAN_LIT("\x55\x1d\x0f"), true, /* keyCertSign and cRLSign, or that alone */
        p->no_cert_sign ? SPAN_LIT("\x03\x02\x01\x02") : SPAN_LIT("\x03\x02\x01\x06"));
    cert_put_key_ids(b, subject, issuer);
    if (p->eku_mail) {
        cert_put_extension(b, SPAN_LIT("\x55\x1d\x25"), false,
                           SPAN_LIT("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x04"));
    }
    if (p->permitted != NULL) {
        put_name_constraints(b, p->permitted);
    }
    if (p->unknown_critical) {
        cert_put_extension(b, OID_UNKNOWN, true, SPAN_LIT("\x05\x00"));
    }
}

/* dNSNames that must not be one, RFC 5280 section 4.2.1.6 and RFC 5890 section 2.3.1. */
static const struct span odd_names[LAB_ODD_COUNT] = {
    [LAB_ODD_SAN_NUL] = SPAN_INIT("mx.example.net\0.example.org"),
    [LAB_ODD_SAN_SPACE] = SPAN_INIT("mail server.example.net"),
    [LAB_ODD_SAN_UNDERSCORE] = SPAN_INIT("my_mx.example.net"),
    [LAB_ODD_SAN_DOT] = SPAN_INIT("mx.example.net."),
    [LAB_ODD_SAN_EMAIL] = SPAN_INIT("postmaster@example.net"),
    [LAB_ODD_SAN_U_LABEL] = SPAN_INIT("b\xc3\xbc"
                                      "cher.example.net"),
    [LAB_ODD_SAN_EMPTY_LABEL] = SPAN_INIT("mx..example.net"),
    [LAB_ODD_SAN_INNER_WILDCARD] = SPAN_INIT("m*.example.net"),
};

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
        if (c->extra_names > SHORT_NAMES_FROM) {
            (void)snprintf(text, sizeof(text), "n%u.mxlab.net", i);
        } else {
            (void)snprintf(text, sizeof(text), "alt-%u.%.*s", i, (int)first, c->names);
        }
        der_put(b, 0x82, span_of(text));
    }
    struct span odd = odd_names[c->odd];
    if (odd.len > 0) {
        der_put(b, 0x82, odd);
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

bool cert_from_public_ca(const struct cert_choice *c)
{
    return c->class != LAB_CERT_SELF_SIGNED && c->class != LAB_CERT_PRIVATE_CA;
}

static void put_usages(struct buf *b, enum lab_odd odd, bool rsa)
{
    static const struct span usage = SPAN_INIT("\x55\x1d\x0f");
    static const struct span extended = SPAN_INIT("\x55\x1d\x25");
    /* serverAuth, clientAuth */
    static const struct span both = SPAN_INIT(
        "\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02");
    static const struct span client = SPAN_INIT("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02");
    cert_put_extension(b, usage, true,
                       odd == LAB_ODD_USAGE            ? SPAN_LIT("\x03\x02\x04\x10")
                       : odd == LAB_ODD_USAGE_ENCIPHER ? SPAN_LIT("\x03\x02\x05\x20")
                       : rsa                           ? SPAN_LIT("\x03\x02\x05\xa0")
                                                       : SPAN_LIT("\x03\x02\x07\x80"));
    for (int i = 0; i < (odd == LAB_ODD_TWICE ? 2 : 1); i++) {
        cert_put_extension(b, extended, false, odd == LAB_ODD_EKU_CLIENT ? client : both);
    }
}

static void put_odd_extension(struct buf *b, enum lab_odd odd)
{
    if (odd == LAB_ODD_POISON) { /* RFC 6962 section 3.1 */
        cert_put_extension(b, SPAN_LIT("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03"), true,
                           SPAN_LIT("\x05\x00"));
    } else if (odd == LAB_ODD_MUST_STAPLE) { /* RFC 7633 section 4: status_request */
        cert_put_extension(b, SPAN_LIT("\x2b\x06\x01\x05\x05\x07\x01\x18"), false,
                           SPAN_LIT("\x30\x03\x02\x01\x05"));
    } else if (odd == LAB_ODD_CRITICAL) {
        cert_put_extension(b, OID_UNKNOWN, true, SPAN_LIT("\x05\x00"));
    }
}

void cert_put_leaf_extensions(struct buf *b, const struct cert_choice *c, const struct key *subject,
                              const struct key *issuer)
{
    put_usages(b, c->odd, subject->rsa);
    cert_put_extension(b, SPAN_LIT("\x55\x1d\x13"), true,
                       c->odd == LAB_ODD_BAD_EXTENSION ? SPAN_LIT("\x30\x04\x01")
                                                       : SPAN_LIT("\x30\x00"));
    cert_put_key_ids(b, subject, issuer);
    if (c->class != LAB_CERT_CN_ONLY && c->odd != LAB_ODD_NO_NAMES) {
        put_alternative_names(b, c);
    }
    put_odd_extension(b, c->odd);
    if (cert_from_public_ca(c)) {
        put_authority_access(b, c->issuer);
        cert_put_extension(b, SPAN_LIT("\x55\x1d\x20"), false, /* domain-validated */
                           SPAN_LIT("\x30\x0a\x30\x08\x06\x06\x67\x81\x0c\x01\x02\x01"));
        if (c->odd != LAB_ODD_POISON) {
            put_timestamps(b, c->identity);
        }
    }
}

void cert_put_unknown_spki(struct buf *b)
{
    size_t spki = der_open(b, DER_SEQUENCE);
    size_t algorithm = der_open(b, DER_SEQUENCE);
    der_put(b, DER_OID, OID_UNKNOWN);
    der_close(b, algorithm);
    der_put(b, DER_BIT_STRING, SPAN_LIT("\0not a key that anybody knows"));
    der_close(b, spki);
}

void cert_put_gost_spki(struct buf *b)
{
    size_t spki = der_open(b, DER_SEQUENCE);
    size_t algorithm = der_open(b, DER_SEQUENCE);
    DER_PUT_OID(b, "\x2a\x85\x03\x07\x01\x01\x01\x01"); /* id-tc26-gost3410-12-256 */
    size_t parameters = der_open(b, DER_SEQUENCE);
    DER_PUT_OID(b, "\x2a\x85\x03\x07\x01\x02\x01\x01\x01"); /* paramSetA */
    DER_PUT_OID(b, "\x2a\x85\x03\x07\x01\x01\x02\x02");     /* Streebog-256 */
    der_close(b, parameters);
    der_close(b, algorithm);
    size_t bits = der_open(b, DER_BIT_STRING);
    buf_put_char(b, 0);
    size_t point = der_open(b, DER_OCTET_STRING);
    for (unsigned i = 0; i < 64; i++) {
        buf_put_char(b, (char)(i * 37 + 5));
    }
    der_close(b, point);
    der_close(b, bits);
    der_close(b, spki);
}

/* y * y = 696 at x = 0 has no answer, and once had a search for it that did not end (CVE-2022-0778). */
void cert_put_curve_spki(struct buf *b)
{
    size_t spki = der_open(b, DER_SEQUENCE);
    size_t algorithm = der_open(b, DER_SEQUENCE);
    DER_PUT_OID(b, "\x2a\x86\x48\xce\x3d\x02\x01"); /* id-ecPublicKey */
    size_t parameters = der_open(b, DER_SEQUENCE);  /* SEC 1 appendix C.2 */
    der_put_u64(b, 1);
    size_t field = der_open(b, DER_SEQUENCE);
    DER_PUT_OID(b, "\x2a\x86\x48\xce\x3d\x01\x01"); /* prime-field */
    der_put_u64(b, 697);
    der_close(b, field);
    size_t curve = der_open(b, DER_SEQUENCE);
    der_put(b, DER_OCTET_STRING, SPAN_LIT("\0\x17"));
    der_put(b, DER_OCTET_STRING, SPAN_LIT("\x02\xb8"));
    der_close(b, curve);
    der_put(b, DER_OCTET_STRING, SPAN_LIT("\x02\0\0")); /* the generator, compressed */
    der_put_u64(b, 701);
    der_close(b, parameters);
    der_close(b, algorithm);
    der_put(b, DER_BIT_STRING, SPAN_LIT("\0\x02\0\0"));
    der_close(b, spki);
}

static void put_algorithm(struct buf *b, const struct tbs *t)
{
    if (t->algorithm_unknown) {
        size_t at = der_open(b, DER_SEQUENCE);
        der_put(b, DER_OID, OID_UNKNOWN);
        der_close(b, at);
    } else {
        key_put_signature_algorithm(t->signer, t->digest, b);
    }
}

static void put_moment(struct buf *b, int64_t unix_s, const char *instead)
{
    if (instead != NULL) {
        der_put(b, DER_TIME, span_of(instead));
    } else {
        der_put_time(b, unix_s);
    }
}

static void put_tbs(struct buf *b, const struct tbs *t)
{
    size_t sequence = der_open(b, DER_SEQUENCE);
    if (!t->version_1) {
        size_t version = der_open(b, 0xa0);
        der_put_u64(b, 2); /* v3 */
        der_close(b, version);
    }
    der_put(b, DER_INTEGER, t->serial);
    put_algorithm(b, t);
    buf_put(b, t->issuer);
    size_t validity = der_open(b, DER_SEQUENCE);
    put_moment(b, t->not_before, t->not_before_text);
    put_moment(b, t->not_after, t->not_after_text);
    der_close(b, validity);
    buf_put(b, t->subject);
    buf_put(b, t->spki);
    if (!t->version_1) {
        size_t tagged = der_open(b, 0xa3);
        der_put(b, DER_SEQUENCE, t->extensions);
        der_close(b, tagged);
    }
    der_close(b, sequence);
}

void cert_put(struct buf *out, const struct tbs *t)
{
    struct buf tbs = BUF_INIT(BUF_NO_LIMIT);
    struct buf signature = BUF_INIT(BUF_NO_LIMIT);
    put_tbs(&tbs, t);
    buf_put_char(&signature, 0); /* no unused bits */
    key_sign(t->signer, t->digest, buf_span(&tbs), &signature);
    signature.at[signature.len - 1] ^= t->flipped;
    size_t certificate = der_open(out, DER_SEQUENCE);
    buf_put(out, buf_span(&tbs));
    put_algorithm(out, t);
    der_put(out, DER_BIT_STRING, buf_span(&signature));
    der_close(out, certificate);
    buf_deinit(&signature);
    buf_deinit(&tbs);
}
