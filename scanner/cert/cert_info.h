#pragma once

#include "scanner/base/buf.h"
#include "scanner/base/vocabulary.h"

/**
 * The fields of one certificate (RFC 5280), read from its DER, as plain data.
 *
 *     struct cert_info c;
 *     if (cert_info_read(der, &c)) { use(&c); } else { use(&c.parse_error, c.fingerprint_sha256); }
 *     cert_info_deinit(&c);
 *
 * Everything that a `struct cert_info` points to is owned by it. Texts are what stands in the
 * certificate, as octets: usually UTF-8, but nothing keeps a certificate from holding a NUL
 * or worse, so the writer of rows checks. Lists have bounds; `*_total` counts what was there.
 */
#define CERT_NAMES_MAX \
    1000 /* subject alternative names that are kept: dNSName, and as many others; our own bound */
#define CERT_LIST_ITEMS_MAX 64          /* of every other list; our own bound */
#define CERT_DN_MAX         (16U << 10) /* octets of a distinguished name as text; our own bound */
#define CERT_SERIAL_MAX \
    128 /* octets of a serial number that are kept; RFC 5280 section 4.1.2.2 allows 20 */

/** Kinds of GeneralName, RFC 5280 section 4.2.1.6. Words are part of the output. */
#define CERT_NAME_KINDS(X)                                            \
    X(CERT_NAME_OTHER, "other") /* text: OID of the type */           \
    X(CERT_NAME_EMAIL, "email")                                       \
    X(CERT_NAME_DNS, "dns")                                           \
    X(CERT_NAME_X400, "x400")           /* text: empty */             \
    X(CERT_NAME_DIRECTORY, "directory") /* text: RFC 4514 */          \
    X(CERT_NAME_EDI_PARTY, "edi_party") /* text: empty */             \
    X(CERT_NAME_URI, "uri")                                           \
    X(CERT_NAME_IP, "ip")   /* text: address; other lengths in hex */ \
    X(CERT_NAME_RID, "rid") /* text: OID */

enum cert_name_kind {
    CERT_NAME_KINDS(ENUMERATOR)
};

VOCABULARY(cert_name_kind, enum cert_name_kind);

struct cert_alt_name {
    enum cert_name_kind kind;
    struct span text;
};

/** Bits of KeyUsage, RFC 5280 section 4.2.1.3: bit n of `key_usage` is bit n of the standard. */
#define CERT_KEY_USAGES(X)                              \
    X(CERT_USAGE_DIGITAL_SIGNATURE, "digitalSignature") \
    X(CERT_USAGE_CONTENT_COMMITMENT, "nonRepudiation")  \
    X(CERT_USAGE_KEY_ENCIPHERMENT, "keyEncipherment")   \
    X(CERT_USAGE_DATA_ENCIPHERMENT, "dataEncipherment") \
    X(CERT_USAGE_KEY_AGREEMENT, "keyAgreement")         \
    X(CERT_USAGE_KEY_CERT_SIGN, "keyCertSign")          \
    X(CERT_USAGE_CRL_SIGN, "cRLSign")                   \
    X(CERT_USAGE_ENCIPHER_ONLY, "encipherOnly")         \
    X(CERT_USAGE_DECIPHER_ONLY, "decipherOnly")

enum cert_key_usage {
    CERT_KEY_USAGES(ENUMERATOR) CERT_USAGE_COUNT
};

VOCABULARY(cert_key_usage, enum cert_key_usage);

struct cert_time {
    bool valid;      /* a UTCTime or GeneralizedTime that names a moment */
    int64_t unix_s;  /* years 0 to 9999 */
    struct span raw; /* as encoded, such as "260102030405Z" */
};

/** A list of texts. */
struct cert_texts {
    const struct span *at;
    size_t count;
    size_t total; /* in the certificate; `count` of these are kept */
};

struct cert_memory; /* private */

struct cert_info {
    /* identity */
    size_t der_len;
    uint8_t fingerprint_sha256[32];
    uint8_t fingerprint_sha1[20];
    uint8_t spki_sha256[32]; /* of SubjectPublicKeyInfo as encoded (RFC 6698 selector 1) */
    uint8_t tbs_sha256[32];  /* of TBSCertificate as encoded */
    /* Why the whole or a part could not be read; NULL: all was read. Static or owned text. */
    const char *parse_error;

    /* TBSCertificate */
    int version;               /* 1, 2, 3; other numbers as found */
    struct span serial_number; /* decimal, '-' in front when negative */
    struct span serial_hex;    /* octets of the magnitude, lower case, '-' in front when negative */
    bool serial_negative;
    bool serial_truncated;  /* over CERT_SERIAL_MAX: no decimal, hex of its first octets */
    struct span subject_dn; /* RFC 4514, UTF-8 */
    struct span issuer_dn;
    struct span subject_cn; /* the most specific common name, empty: none */
    bool self_issued;       /* subject = issuer */
    struct cert_time not_before;
    struct cert_time not_after;

    /* keys; texts are names where OpenSSL knows one, else dotted OIDs */
    struct span key_algorithm; /* "RSA", "RSA-PSS", "EC", "Ed25519", "Ed448", "DSA", ... */
    struct span key_algorithm_oid;
    uint32_t key_bits;        /* 0: unknown */
    struct span key_curve;    /* "P-256", ..., "explicit"; empty: none */
    struct span rsa_exponent; /* decimal; empty: none, or over 512 bits */
    bool key_unreadable;
    struct span signature_algorithm; /* "sha256WithRSAEncryption", "ecdsa-with-SHA256", ... */
    struct span signature_algorithm_oid;
    struct span signature_hash; /* "SHA256"; empty: none of its own or unknown */

    /* names: dNSName of the subject alternative name apart from the other kinds */
    struct cert_texts dns_names;
    const struct cert_alt_name *other_names;
    size_t other_name_count;
    size_t other_name_total;
    bool has_san;

    /* extensions */
    bool has_basic_constraints;
    bool is_ca;
    int64_t pathlen; /* -1: none */
    bool has_key_usage;
    uint16_t key_usage; /* bits: 1 << enum cert_key_usage */
    bool has_ext_key_usage;
    struct cert_texts ext_key_usage; /* "serverAuth", "clientAuth", ..., else OIDs */
    bool has_subject_key_id;
    struct span subject_key_id; /* octets */
    bool has_authority_key_id;
    struct span authority_key_id; /* octets of keyIdentifier */
    struct cert_texts ocsp_urls;
    struct cert_texts ca_issuer_urls;
    struct cert_texts crl_urls;
    struct cert_texts policies; /* OIDs */
    bool has_sct_list;
    uint32_t sct_count;     /* RFC 6962 section 3.3 */
    bool is_precertificate; /* the poison extension, RFC 6962 section 3.1 */
    bool must_staple;       /* RFC 7633 */
    bool has_name_constraints;
    bool name_constraints_critical;
    struct cert_texts
        unknown_critical;     /* OIDs of critical extensions that OpenSSL does not process */
    bool duplicate_extension; /* RFC 5280 section 4.2: MUST NOT */

    struct cert_memory *memory; /* owned */
};

/**
 * Fills `out`, whatever `der` holds. @return false when it is no certificate at all: then
 * only der_len, the fingerprints and parse_error are set. Uses OpenSSL's default library
 * context of the thread.
 */
bool cert_info_read(struct span der, struct cert_info *out);
void cert_info_deinit(struct cert_info *c);
