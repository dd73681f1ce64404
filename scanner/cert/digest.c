#include "scanner/cert/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "scanner/base/check.h"

void digest_sha256(struct span octets, uint8_t out[32])
{
    CHECK(SHA256(octets.at, octets.len, out) != NULL);
}

void *digest_begin(void)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    CHECK(ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1);
    return ctx;
}

void digest_add(void *digest, struct span octets)
{
    CHECK(EVP_DigestUpdate(digest, octets.at, octets.len) == 1);
}

void digest_end(void *digest, uint8_t out[32])
{
    unsigned len = 0;
    CHECK(EVP_DigestFinal_ex(digest, out, &len) == 1 && len == 32);
    EVP_MD_CTX_free(digest);
}
