#pragma once

#include "scanner/base/span.h"

/**
 * As much of DER (ITU-T X.690) as it takes to cut a certificate into its parts by octets: for what
 * must be hashed as encoded, which OpenSSL would encode again, and for what every endpoint needs,
 * for which OpenSSL is too slow.
 */
#define DER_OID      0x06
#define DER_BOOLEAN  0x01
#define DER_INTEGER  0x02
#define DER_OCTETS   0x04
#define DER_SEQUENCE 0x30
#define DER_SET      0x31

struct der_value {
    uint8_t tag; /* identifier octet: class, constructed or not, number below 31 */
    struct span body;
    struct span whole; /* tag and length included */
};

/** Takes the first value off `*rest`. @return false, both unchanged, at the end, at the indefinite
 * form of BER, at a tag number of several octets or when the length passes the end. */
bool der_take(struct span *rest, struct der_value *out);
/** The same for a value of this tag only. */
bool der_take_tag(struct span *rest, uint8_t tag, struct der_value *out);

struct der_parts {
    struct span tbs;     /* TBSCertificate, RFC 5280 section 4.1 */
    struct span subject; /* inside it: the RDNSequence without tag and length */
    struct span spki;    /* SubjectPublicKeyInfo */
    struct span behind;  /* unique identifiers and extensions, as they are */
};

/** @return false, `out` unchanged, when `der` does not begin with a certificate in DER. Octets
 * behind it are not looked at. */
bool der_certificate_parts(struct span der, struct der_parts *out);

/** The value of an extension, the first if it is there twice. @param behind of der_parts
 * @param oid octets of the OID without tag and length. @return false: there is none */
bool der_find_extension(struct span behind, struct span oid, struct span *value);
