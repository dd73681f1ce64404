#include "scanner/cert/leaf_key.h"

#include "scanner/cert/der.h"

#define BIT_STRING        0x03
#define DIGITAL_SIGNATURE 0x80 /* first octet of KeyUsage, RFC 5280 section 4.2.1.3 */
#define KEY_ENCIPHERMENT  0x20
#define OID_OCTETS_MAX    9

struct known_oid {
    uint8_t len;
    uint8_t octets[OID_OCTETS_MAX];
    uint8_t kind; /* enum leaf_key_kind */
};

/* RFC 3279, 4055, 5480, 8410. */
static const struct known_oid algorithms[] = {
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01}, LEAF_KEY_RSA},
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a}, LEAF_KEY_RSA_PSS},
    {7, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01}, LEAF_KEY_EC_OTHER},
    {3, {0x2b, 0x65, 0x70}, LEAF_KEY_ED25519},
    {3, {0x2b, 0x65, 0x71}, LEAF_KEY_ED448},
    {7, {0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01}, LEAF_KEY_DSA},
};

/* RFC 5480 section 2.1.1.1. */
static const struct known_oid curves[] = {
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, LEAF_KEY_P256},
    {5, {0x2b, 0x81, 0x04, 0x00, 0x22}, LEAF_KEY_P384},
    {5, {0x2b, 0x81, 0x04, 0x00, 0x23}, LEAF_KEY_P521},
};

static const uint8_t key_usage_oid[] = {0x55, 0x1d, 0x0f}; /* 2.5.29.15 */

static uint8_t kind_of(struct span oid, const struct known_oid *known, size_t count,
                       uint8_t otherwise)
{
    for (size_t i = 0; i < count; i++) {
        if (oid.len == known[i].len && memcmp(oid.at, known[i].octets, oid.len) == 0) {
            return known[i].kind;
        }
    }
    return otherwise;
}

/* The modulus of RSAPublicKey, RFC 8017 appendix A.1.1. */
static uint16_t modulus_bits(struct span bit_string)
{
    struct der_value key;
    struct der_value n;
    struct span rest = span_drop(bit_string, bit_string.len > 0); /* unused bits */
    if (!der_take_tag(&rest, DER_SEQUENCE, &key) || !der_take_tag(&key.body, DER_INTEGER, &n)) {
        return 0;
    }
    while (n.body.len > 0 && n.body.at[0] == 0) {
        n.body = span_drop(n.body, 1);
    }
    if (n.body.len == 0) {
        return 0;
    }
    size_t bits = n.body.len * 8;
    for (unsigned top = n.body.at[0]; (top & 0x80U) == 0; top <<= 1) {
        bits--;
    }
    return (uint16_t)(bits < UINT16_MAX ? bits : UINT16_MAX);
}

static void leaf_read_spki(struct span spki, struct leaf_key *out)
{
    struct der_value whole;
    struct der_value algorithm;
    struct der_value oid;
    struct der_value value;
    out->kind = LEAF_KEY_OTHER;
    if (!der_take_tag(&spki, DER_SEQUENCE, &whole) ||
        !der_take_tag(&whole.body, DER_SEQUENCE, &algorithm) ||
        !der_take_tag(&algorithm.body, DER_OID, &oid)) {
        return;
    }
    out->kind =
        kind_of(oid.body, algorithms, sizeof(algorithms) / sizeof(algorithms[0]), LEAF_KEY_OTHER);
    if (out->kind == LEAF_KEY_EC_OTHER && der_take_tag(&algorithm.body, DER_OID, &oid)) {
        out->kind =
            kind_of(oid.body, curves, sizeof(curves) / sizeof(curves[0]), LEAF_KEY_EC_OTHER);
    } else if ((out->kind == LEAF_KEY_RSA || out->kind == LEAF_KEY_RSA_PSS) &&
               der_take_tag(&whole.body, BIT_STRING, &value)) {
        out->bits = modulus_bits(value.body);
    }
}

static uint8_t read_usage(struct span behind)
{
    struct span extension;
    struct der_value bits;
    if (!der_find_extension(behind, (struct span){key_usage_oid, sizeof(key_usage_oid)},
                            &extension)) {
        return 0;
    }
    unsigned usage = LEAF_USAGE_LIMITED;
    if (der_take_tag(&extension, BIT_STRING, &bits) && bits.body.len > 1) {
        usage |= (bits.body.at[1] & DIGITAL_SIGNATURE) != 0 ? LEAF_USAGE_SIGNS : 0;
        usage |= (bits.body.at[1] & KEY_ENCIPHERMENT) != 0 ? LEAF_USAGE_ENCIPHERS : 0;
    }
    return (uint8_t)usage;
}

bool leaf_key_read(struct span der, struct leaf_key *out)
{
    struct der_parts parts;
    *out = (struct leaf_key){0};
    if (!der_certificate_parts(der, &parts)) {
        return false;
    }
    leaf_read_spki(parts.spki, out);
    out->usage = read_usage(parts.behind);
    return true;
}
