#include "scanner/cert/cert_form.h"

#include "scanner/cert/der.h"
#include "scanner/cert/leaf_key.h"

#define TAG_VERSION      0xa0 /* [0] EXPLICIT, RFC 5280 section 4.1 */
#define TAG_EXTENSIONS   0xa3
#define TAG_UTC_TIME     0x17
#define TAG_GENERAL_TIME 0x18
#define DNS_NAME_TAG     0x82
#define EXTENSIONS_MAX   32 /* more is odd by itself; our own bound */
#define SERIAL_MAX       20 /* octets, RFC 5280 section 4.1.2.2 */

static const uint8_t alt_name_oid[] = {0x55, 0x1d, 0x11};
static const uint8_t constraints_oid[] = {0x55, 0x1d, 0x13};

/* The algorithms that public CAs sign with: RFC 3279, 4055, 5758, 8410. */
static const struct {
    uint8_t len;
    uint8_t octets[9];
} signatures[] = {
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05}}, /* SHA-1 with RSA */
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a}}, /* RSASSA-PSS */
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b}}, /* SHA-256 with RSA */
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c}}, /* SHA-384 */
    {9, {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d}}, /* SHA-512 */
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}},       /* ECDSA with SHA-256 */
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03}},       /* SHA-384 */
    {8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04}},       /* SHA-512 */
    {3, {0x2b, 0x65, 0x70}},                                     /* Ed25519 */
    {3, {0x2b, 0x65, 0x71}},                                     /* Ed448 */
};

static bool form_is_oid(struct span oid, const uint8_t *octets, size_t len)
{
    return oid.len == len && memcmp(oid.at, octets, len) == 0;
}

static bool signature_is_known(struct span algorithm)
{
    struct der_value oid;
    if (!der_take_tag(&algorithm, DER_OID, &oid)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        if (form_is_oid(oid.body, signatures[i].octets, signatures[i].len)) {
            return true;
        }
    }
    return false;
}

/* RFC 5280 section 4.1.2.5: YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ. */
static bool take_time(struct span *rest)
{
    struct der_value time;
    if (!der_take(rest, &time) || (time.tag != TAG_UTC_TIME && time.tag != TAG_GENERAL_TIME)) {
        return false;
    }
    size_t len = time.tag == TAG_UTC_TIME ? 13 : 15;
    if (time.body.len != len || time.body.at[len - 1] != 'Z') {
        return false;
    }
    for (size_t i = 0; i + 1 < len; i++) {
        if (time.body.at[i] < '0' || time.body.at[i] > '9') {
            return false;
        }
    }
    const uint8_t *month = time.body.at + len - 11; /* MMDDHHMMSSZ */
    unsigned m = (month[0] - '0') * 10U + (month[1] - '0');
    unsigned d = (month[2] - '0') * 10U + (month[3] - '0');
    return m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

static bool names_are_ascii(struct span value)
{
    struct der_value names;
    struct der_value name;
    if (!der_take_tag(&value, DER_SEQUENCE, &names)) {
        return false;
    }
    while (names.body.len > 0) {
        if (!der_take(&names.body, &name)) {
            return false;
        }
        for (size_t i = 0; name.tag == DNS_NAME_TAG && i < name.body.len; i++) {
            if (name.body.at[i] < ' ' || name.body.at[i] > '~') {
                return false;
            }
        }
    }
    return true;
}

static bool constraints_are_der(struct span value)
{
    struct der_value sequence;
    struct der_value field;
    if (!der_take_tag(&value, DER_SEQUENCE, &sequence) || value.len > 0) {
        return false;
    }
    (void)der_take_tag(&sequence.body, DER_BOOLEAN, &field);
    (void)der_take_tag(&sequence.body, DER_INTEGER, &field);
    return sequence.body.len == 0;
}

static bool extension_is_plain(struct span oid, struct span value)
{
    if (form_is_oid(oid, alt_name_oid, sizeof(alt_name_oid))) {
        return names_are_ascii(value);
    }
    return !form_is_oid(oid, constraints_oid, sizeof(constraints_oid)) ||
           constraints_are_der(value);
}

static bool extensions_are_plain(struct span list)
{
    struct span seen[EXTENSIONS_MAX];
    size_t count = 0;
    struct der_value extension;
    while (list.len > 0) {
        struct der_value oid;
        struct der_value octets;
        if (count == EXTENSIONS_MAX || !der_take_tag(&list, DER_SEQUENCE, &extension) ||
            !der_take_tag(&extension.body, DER_OID, &oid)) {
            return false;
        }
        (void)der_take_tag(&extension.body, DER_BOOLEAN, &octets); /* critical DEFAULT FALSE */
        if (!der_take_tag(&extension.body, DER_OCTETS, &octets) ||
            !extension_is_plain(oid.body, octets.body)) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            if (span_eq(seen[i], oid.body)) {
                return false; /* RFC 5280 section 4.2 */
            }
        }
        seen[count++] = oid.body;
    }
    return true;
}

static bool all_extensions_are_plain(struct span behind)
{
    struct der_value field;
    struct der_value list;
    while (der_take(&behind, &field)) {
        if (field.tag == TAG_EXTENSIONS) {
            return der_take_tag(&field.body, DER_SEQUENCE, &list) &&
                   extensions_are_plain(list.body);
        }
    }
    return behind.len == 0;
}

static bool head_is_plain(struct span tbs)
{
    struct der_value sequence;
    struct der_value field;
    struct der_value validity;
    if (!der_take_tag(&tbs, DER_SEQUENCE, &sequence)) {
        return false;
    }
    struct span rest = sequence.body;
    (void)der_take_tag(&rest, TAG_VERSION, &field);
    if (!der_take_tag(&rest, DER_INTEGER, &field) || field.body.len == 0 ||
        field.body.len > SERIAL_MAX + 1 || (field.body.at[0] & 0x80) != 0) {
        return false;
    }
    return der_take_tag(&rest, DER_SEQUENCE, &field) && signature_is_known(field.body) &&
           der_take_tag(&rest, DER_SEQUENCE, &field) && /* issuer */
           der_take_tag(&rest, DER_SEQUENCE, &validity) && take_time(&validity.body) &&
           take_time(&validity.body);
}

bool cert_form_is_plain(struct span der)
{
    struct der_parts parts;
    struct leaf_key key;
    return der_certificate_parts(der, &parts) && head_is_plain(parts.tbs) &&
           leaf_key_read(der, &key) && key.kind != LEAF_KEY_EC_OTHER &&
           all_extensions_are_plain(parts.behind);
}
