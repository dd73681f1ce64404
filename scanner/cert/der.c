#include "scanner/cert/der.h"

#define TAG_VERSION    0xa0 /* [0] EXPLICIT */
#define TAG_EXTENSIONS 0xa3 /* [3] EXPLICIT, RFC 5280 section 4.1 */
#define EXTENSIONS_MAX 256  /* that are looked at, as in cert_info_read() */
#define TAG_HIGH       0x1f /* the number stands in the octets that follow */
#define LENGTH_MAX     4    /* octets of a length in long form: more than any certificate needs */

static bool der_take_length(struct span *rest, size_t *len)
{
    if (rest->len == 0) {
        return false;
    }
    size_t n = rest->at[0];
    *rest = span_drop(*rest, 1);
    if (n < 0x80) {
        *len = n;
        return true;
    }
    size_t octets = n & 0x7f;
    if (octets == 0 || octets > LENGTH_MAX || octets > rest->len) {
        return false; /* 0: the indefinite form of BER */
    }
    n = 0;
    for (size_t i = 0; i < octets; i++) {
        n = n << 8 | rest->at[i];
    }
    *rest = span_drop(*rest, octets);
    *len = n;
    return true;
}

bool der_take(struct span *rest, struct der_value *out)
{
    struct span left = *rest;
    size_t len = 0;
    if (left.len == 0 || (left.at[0] & TAG_HIGH) == TAG_HIGH) {
        return false;
    }
    uint8_t tag = left.at[0];
    left = span_drop(left, 1);
    if (!der_take_length(&left, &len) || len > left.len) {
        return false;
    }
    size_t head = rest->len - left.len;
    *out = (struct der_value){tag, {left.at, len}, {rest->at, head + len}};
    *rest = span_drop(left, len);
    return true;
}

bool der_take_tag(struct span *rest, uint8_t tag, struct der_value *out)
{
    struct span left = *rest;
    struct der_value value;
    if (!der_take(&left, &value) || value.tag != tag) {
        return false;
    }
    *rest = left;
    *out = value;
    return true;
}

bool der_certificate_parts(struct span der, struct der_parts *out)
{
    struct der_value certificate;
    struct der_value tbs;
    struct der_value field;
    if (!der_take_tag(&der, DER_SEQUENCE, &certificate) ||
        !der_take_tag(&certificate.body, DER_SEQUENCE, &tbs)) {
        return false;
    }
    struct span rest = tbs.body;
    (void)der_take_tag(&rest, TAG_VERSION, &field); /* DEFAULT v1 */
    if (!der_take_tag(&rest, DER_INTEGER, &field)) {
        return false; /* the serial number */
    }
    struct der_value sequence[5]; /* signature, issuer, validity, subject, key */
    for (int i = 0; i < 5; i++) {
        if (!der_take_tag(&rest, DER_SEQUENCE, &sequence[i])) {
            return false;
        }
    }
    *out = (struct der_parts){tbs.whole, sequence[3].body, sequence[4].whole, rest};
    return true;
}

static bool find_extensions(struct span behind, struct der_value *list)
{
    struct der_value field;
    do {
        if (!der_take(&behind, &field)) {
            return false;
        }
    } while (field.tag != TAG_EXTENSIONS);
    return der_take_tag(&field.body, DER_SEQUENCE, list);
}

bool der_find_extension(struct span behind, struct span oid, struct span *value)
{
    struct der_value list;
    struct der_value extension;
    if (!find_extensions(behind, &list)) {
        return false;
    }
    for (int i = 0; i < EXTENSIONS_MAX && der_take_tag(&list.body, DER_SEQUENCE, &extension); i++) {
        struct der_value id;
        struct der_value octets;
        if (!der_take_tag(&extension.body, DER_OID, &id) || !span_eq(id.body, oid)) {
            continue;
        }
        (void)der_take_tag(&extension.body, DER_BOOLEAN, &octets); /* critical DEFAULT FALSE */
        if (!der_take_tag(&extension.body, DER_OCTETS, &octets)) {
            return false;
        }
        *value = octets.body;
        return true;
    }
    return false;
}
