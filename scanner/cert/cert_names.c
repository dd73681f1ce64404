#include "scanner/cert/cert_names.h"

#include "scanner/base/check.h"
#include "scanner/cert/der.h"

#define ENTRY_HEAD 3 /* kind and length */

/* GeneralName, RFC 5280 section 4.2.1.6. */
#define DNS_NAME_TAG 0x82
#define IP_TAG       0x87

static const uint8_t alt_name_oid[] = {0x55, 0x1d, 0x11};    /* 2.5.29.17 */
static const uint8_t common_name_oid[] = {0x55, 0x04, 0x03}; /* 2.5.4.3 */

struct packing {
    struct buf *out;
    size_t room; /* octets of CERT_NAMES_PACKED_MAX that are left */
    bool full;   /* a name was dropped: so are all behind it */
    bool dns;
    bool address;
};

static void cert_names_pack_one(struct packing *p, enum cert_names_kind kind, struct span name)
{
    size_t need = ENTRY_HEAD + name.len;
    p->full = p->full || name.len > UINT16_MAX || need > p->room;
    uint8_t *to = p->full ? NULL : buf_room(p->out, need);
    if (to == NULL) {
        p->full = true;
        return;
    }
    to[0] = (uint8_t)kind;
    to[1] = (uint8_t)(name.len >> 8);
    to[2] = (uint8_t)name.len;
    if (name.len > 0) {
        memcpy(to + ENTRY_HEAD, name.at, name.len);
    }
    p->out->len += need;
    p->room -= need;
}

/* otherName, x400Address, directoryName and ediPartyName are constructed; the others are not. */
static bool is_general_name(uint8_t tag)
{
    switch (tag) {
    case 0xa0:
    case 0x81:
    case DNS_NAME_TAG:
    case 0xa3:
    case 0xa4:
    case 0xa5:
    case 0x86:
    case IP_TAG:
    case 0x88:
        return true;
    default:
        return false;
    }
}

static bool pack_general_names(struct span list, struct packing *p)
{
    struct der_value name;
    while (list.len > 0) {
        if (!der_take(&list, &name) || !is_general_name(name.tag)) {
            return false;
        }
        if (name.tag == DNS_NAME_TAG) {
            cert_names_pack_one(p, CERT_NAMES_DNS, name.body);
            p->dns = true;
        }
        p->address = p->address || name.tag == IP_TAG;
    }
    return true;
}

/* All or nothing. */
static void pack_alt_names(struct span extension_value, struct packing *p)
{
    struct packing start = *p;
    size_t start_len = p->out->len;
    struct der_value names;
    if (!der_take_tag(&extension_value, DER_SEQUENCE, &names) ||
        !pack_general_names(names.body, p)) {
        *p = start;
        p->out->len = start_len;
    }
}

static bool name_is_oid(struct span body, const uint8_t oid[3])
{
    return body.len == 3 && memcmp(body.at, oid, 3) == 0;
}

/* Types that hold characters, X.680 section 8.6; nobody puts a name into another one. */
static bool is_string(uint8_t tag)
{
    switch (tag) {
    case 12: /* UTF8String */
    case 18: /* NumericString */
    case 19: /* PrintableString */
    case 20: /* TeletexString */
    case 22: /* IA5String */
    case 26: /* VisibleString */
    case 28: /* UniversalString */
    case 30: /* BMPString */
        return true;
    default:
        return false;
    }
}

/* Name, RFC 5280 section 4.1.2.4: a sequence of sets of (type, value). */
static void pack_common_names(struct span subject, struct packing *p)
{
    struct der_value set;
    struct der_value attribute;
    while (der_take_tag(&subject, DER_SET, &set)) {
        while (der_take_tag(&set.body, DER_SEQUENCE, &attribute)) {
            struct der_value oid;
            struct der_value value;
            if (der_take_tag(&attribute.body, DER_OID, &oid) &&
                name_is_oid(oid.body, common_name_oid) && der_take(&attribute.body, &value) &&
                is_string(value.tag)) {
                cert_names_pack_one(p, CERT_NAMES_CN, value.body);
            }
        }
    }
}

bool cert_names_pack(struct span der, struct buf *packed)
{
    struct der_parts parts;
    if (!der_certificate_parts(der, &parts)) {
        return false;
    }
    struct packing p = {.out = packed, .room = CERT_NAMES_PACKED_MAX};
    struct span alt_names;
    if (der_find_extension(parts.behind, (struct span){alt_name_oid, sizeof(alt_name_oid)},
                           &alt_names)) {
        pack_alt_names(alt_names, &p);
    }
    pack_common_names(parts.subject, &p);
    if (p.address && !p.dns) {
        cert_names_pack_one(&p, CERT_NAMES_ADDRESS, (struct span){0});
    }
    return true;
}

bool cert_names_next(struct span *packed, enum cert_names_kind *kind, struct span *name)
{
    struct span s = *packed;
    if (s.len < ENTRY_HEAD || s.at[0] < CERT_NAMES_DNS || s.at[0] > CERT_NAMES_ADDRESS) {
        return false;
    }
    size_t len = (size_t)s.at[1] << 8 | s.at[2];
    if (len > s.len - ENTRY_HEAD) {
        return false;
    }
    *kind = (enum cert_names_kind)s.at[0];
    *name = (struct span){s.at + ENTRY_HEAD, len};
    *packed = span_drop(s, ENTRY_HEAD + len);
    return true;
}
