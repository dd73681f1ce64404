#include "scanner/cert/der.h"

#define TAG_INTEGER  0x02
#define TAG_SEQUENCE 0x30
#define TAG_VERSION  0xa0 /* [0] EXPLICIT */
#define LENGTH_MAX   4    /* octets of a length in long form: more than any certificate needs */

struct der_value {
    uint8_t tag;
    struct span body;
    struct span whole; /* tag and length included */
};

static bool take_length(struct span *rest, size_t *len)
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

static bool take_value(struct span *rest, struct der_value *out)
{
    struct span left = *rest;
    size_t len = 0;
    if (left.len == 0) {
        return false;
    }
    uint8_t tag = left.at[0];
    left = span_drop(left, 1);
    if (!take_length(&left, &len) || len > left.len) {
        return false;
    }
    size_t head = rest->len - left.len;
    *out = (struct der_value){tag, {left.at, len}, {rest->at, head + len}};
    *rest = span_drop(left, len);
    return true;
}

bool der_certificate_parts(struct span der, struct der_parts *out)
{
    struct der_value certificate;
    struct der_value tbs;
    struct der_value field;
    if (!take_value(&der, &certificate) || certificate.tag != TAG_SEQUENCE ||
        !take_value(&certificate.body, &tbs) || tbs.tag != TAG_SEQUENCE ||
        !take_value(&tbs.body, &field)) {
        return false;
    }
    if (field.tag == TAG_VERSION && !take_value(&tbs.body, &field)) {
        return false;
    }
    /* `field` is the serial number; signature, issuer, validity, subject and key follow. */
    if (field.tag != TAG_INTEGER) {
        return false;
    }
    for (int i = 0; i < 5; i++) {
        if (!take_value(&tbs.body, &field) || field.tag != TAG_SEQUENCE) {
            return false;
        }
    }
    *out = (struct der_parts){tbs.whole, field.whole};
    return true;
}
