#include <openssl/evp.h>
#include <openssl/x509.h>

#include "scanner/base/check.h"
#include "scanner/cert/der.h"
#include "scanner/dane/dane_private.h"

const struct vocabulary tlsa_fault_vocabulary =
    VOCABULARY_OF(TLSA_FAULTS, "tlsa_fault", "usable", "Whether a TLSA record is usable for SMTP.");

/* --- what a record is compared with -------------------------------------------------------- */

static void put_digest(struct tlsa_subject *s, const EVP_MD *md, struct span octets)
{
    unsigned len = 0;
    CHECK(EVP_Digest(octets.at, octets.len, s->digest, &len, md, NULL) == 1);
    s->data = (struct span){s->digest, len};
}

void tlsa_subject_make(struct tlsa_subject *s, uint8_t selector, uint8_t matching, struct span der)
{
    struct der_parts parts;
    s->data = (struct span){0};
    if (selector == TLSA_SELECTOR_SPKI) {
        if (!der_certificate_parts(der, &parts)) {
            return;
        }
        der = parts.spki;
    }
    if (matching == TLSA_MATCHING_FULL) {
        s->data = der;
    } else if (matching == TLSA_MATCHING_256) {
        put_digest(s, EVP_sha256(), der);
    } else if (matching == TLSA_MATCHING_512) {
        put_digest(s, EVP_sha512(), der);
    }
}

void tlsa_data_put(struct buf *out, uint8_t selector, uint8_t matching, struct span der)
{
    struct tlsa_subject s;
    tlsa_subject_make(&s, selector, matching, der);
    buf_put_hex(out, s.data);
}

/* --- usability ----------------------------------------------------------------------------- */

/* The digest of nothing is what broken scripts publish. */
static bool is_empty_digest(const struct seen_tlsa *r)
{
    struct tlsa_subject s = {0};
    put_digest(&s, r->matching == TLSA_MATCHING_256 ? EVP_sha256() : EVP_sha512(), SPAN_LIT(""));
    return span_eq(s.data, r->data);
}

static enum tlsa_fault digest_fault(const struct seen_tlsa *r)
{
    size_t expected = r->matching == TLSA_MATCHING_256 ? 32 : 64;
    if (r->data.len != expected) {
        return TLSA_FAULT_DIGEST_LENGTH;
    }
    return is_empty_digest(r) ? TLSA_FAULT_EMPTY_DIGEST : TLSA_FAULT_NONE;
}

bool tlsa_is_usable(enum tlsa_fault f)
{
    return f == TLSA_FAULT_NONE || f == TLSA_FAULT_EMPTY_DIGEST;
}

/* RFC 6698 section 2.1.4: the certificate or SubjectPublicKeyInfo itself, and nothing behind it. */
static enum tlsa_fault full_fault(const struct seen_tlsa *r)
{
    const unsigned char *at = r->data.at;
    bool whole = false;
    if (r->data.len == 0) {
        return TLSA_FAULT_FULL_MALFORMED;
    }
    if (r->selector == TLSA_SELECTOR_CERT) {
        X509 *cert = d2i_X509(NULL, &at, (long)r->data.len);
        whole = cert != NULL && at == r->data.at + r->data.len;
        X509_free(cert);
    } else {
        X509_PUBKEY *key = d2i_X509_PUBKEY(NULL, &at, (long)r->data.len);
        whole = key != NULL && at == r->data.at + r->data.len;
        X509_PUBKEY_free(key);
    }
    return whole ? TLSA_FAULT_NONE : TLSA_FAULT_FULL_MALFORMED;
}

enum tlsa_fault tlsa_fault_of(const struct seen_tlsa *r)
{
    if (r->usage < TLSA_USAGE_TA) {
        return TLSA_FAULT_PKIX_USAGE;
    }
    if (r->usage > TLSA_USAGE_EE) {
        return TLSA_FAULT_USAGE;
    }
    if (r->selector > TLSA_SELECTOR_SPKI) {
        return TLSA_FAULT_SELECTOR;
    }
    if (r->matching > TLSA_MATCHING_512) {
        return TLSA_FAULT_MATCHING;
    }
    return r->matching == TLSA_MATCHING_FULL ? full_fault(r) : digest_fault(r);
}
