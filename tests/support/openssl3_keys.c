/*
 * Preloaded into Debian 12's OpenSMTPD, which was written for OpenSSL 1.1: it marks the RSA key it gets
 * from a certificate, so that another process signs for it. OpenSSL 3 hands out a copy, and the mark
 * is lost; here the copy takes the place of the original, as it was before. Without this no TLS
 * handshake of that package completes (OpenSMTPD's issue 1171).
 */
#include <dlfcn.h>
#include <stddef.h>

/* Declared here, for OpenSSL's own headers make them differ by version. */
typedef struct rsa_st RSA;
typedef struct evp_pkey_st EVP_PKEY;
typedef RSA *get1_fn(EVP_PKEY *pkey);
typedef int set1_fn(EVP_PKEY *pkey, RSA *rsa);

RSA *EVP_PKEY_get1_RSA(EVP_PKEY *pkey);

RSA *EVP_PKEY_get1_RSA(EVP_PKEY *pkey)
{
    /* POSIX's way to turn the pointer of dlsym() into a function's. */
    get1_fn *get1 = NULL;
    set1_fn *set1 = NULL;
    *(void **)&get1 = dlsym(RTLD_NEXT, "EVP_PKEY_get1_RSA");
    *(void **)&set1 = dlsym(RTLD_DEFAULT, "EVP_PKEY_set1_RSA");
    RSA *rsa = get1 != NULL ? get1(pkey) : NULL;
    if (rsa != NULL && set1 != NULL && set1(pkey, rsa) != 1) {
        return NULL;
    }
    return rsa;
}
