#include "scanner/trust/pem_certs.h"

#include <errno.h>
#include <stdio.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "scanner/base/check.h"
#include "scanner/base/file.h"
#include "scanner/base/map.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/digest.h"

enum block {
    BLOCK_ADDED,
    BLOCK_SKIPPED,
    BLOCK_UNREADABLE,
};

/* The certificate is kept as it stands in the file, not as OpenSSL would write it again. */
static void add_certificate(struct pem_certs *c, struct map *known, struct span der)
{
    uint8_t sha256[32];
    bool added = false;
    digest_sha256(der, sha256);
    (void)map_add(known, hash_key_of((struct span){sha256, sizeof(sha256)}), 1, &added);
    if (added) {
        (void)cert_list_add(&c->list, der);
        c->count++;
    }
}

/* "TRUSTED CERTIFICATE" is OpenSSL's own: a certificate followed by what it is trusted for. */
static enum block pem_take_block(struct pem_certs *c, struct map *known, const char *type,
                                 struct span octets)
{
    bool with_trust = strcmp(type, PEM_STRING_X509_TRUSTED) == 0;
    if (!with_trust && strcmp(type, PEM_STRING_X509) != 0 &&
        strcmp(type, PEM_STRING_X509_OLD) != 0) {
        return BLOCK_SKIPPED;
    }
    const unsigned char *at = octets.at;
    X509 *cert = octets.len > CERT_LIST_ENTRY_MAX ? NULL
                 : with_trust                     ? d2i_X509_AUX(NULL, &at, (long)octets.len)
                                                  : d2i_X509(NULL, &at, (long)octets.len);
    if (cert == NULL) {
        return BLOCK_UNREADABLE;
    }
    bool refused = X509_check_trust(cert, X509_TRUST_SSL_SERVER, 0) == X509_TRUST_REJECTED;
    X509_free(cert);
    if (refused) {
        return BLOCK_SKIPPED;
    }
    if (with_trust) { /* what follows is no part of the certificate */
        at = octets.at;
        cert = d2i_X509(NULL, &at, (long)octets.len);
        CHECK(cert != NULL);
        X509_free(cert);
    }
    add_certificate(c, known, span_take(octets, (size_t)(at - octets.at)));
    return BLOCK_ADDED;
}

/* Comments between blocks are skipped by PEM_read_bio(), RFC 7468 section 5.2. */
static bool take_blocks(struct pem_certs *c, BIO *bio, struct buf *why)
{
    struct map known = {0};
    bool good = true;
    size_t certificates = 0;
    for (size_t blocks = 1; good; blocks++) {
        char *type = NULL;
        char *header = NULL;
        unsigned char *octets = NULL;
        long len = 0;
        ERR_clear_error();
        if (PEM_read_bio(bio, &type, &header, &octets, &len) != 1) {
            if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
                buf_putf(
                    why,
                    "PEM block %zu, after %zu certificates, is damaged; give an undamaged file",
                    blocks, certificates);
                good = false;
            }
            break;
        }
        enum block b = pem_take_block(c, &known, type, (struct span){octets, (size_t)len});
        certificates += b != BLOCK_SKIPPED;
        if (b == BLOCK_UNREADABLE) {
            buf_putf(why, "certificate %zu of the file cannot be read; remove or replace it",
                     certificates);
            good = false;
        }
        OPENSSL_free(type);
        OPENSSL_free(header);
        OPENSSL_free(octets);
    }
    ERR_clear_error();
    map_deinit(&known);
    return good;
}

bool pem_certs_read(struct pem_certs *c, struct span pem, struct buf *why)
{
    BIO *bio = BIO_new_mem_buf(pem.len > 0 ? (const void *)pem.at : "", (int)pem.len);
    CHECK(bio != NULL && pem.len <= INT32_MAX);
    bool good = take_blocks(c, bio, why);
    BIO_free(bio);
    return good;
}

bool pem_file_read(struct buf *into, const char *path, const char *what, struct buf *why)
{
    switch (file_read(path, into)) {
    case FILE_COMPLETE:
        return true;
    case FILE_TOO_LARGE:
        buf_putf(why, "%s: over %zu octets; give a smaller file", path, into->limit);
        return false;
    case FILE_FAILED:
        buf_putf(why, "%s: %s; give a PEM file of %s", path, strerror(errno), what);
        return false;
    }
    UNREACHABLE("unknown file_end");
}
