/*
 * Preloaded into mxcensus by tests: a libcrypto that takes another public key of X25519 than it is given, and to which no two keys are the
 * same, by functions that libssl does not call. So the self-tests of short handshakes and of the lean provider fail. The product has no
 * such switch.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

struct evp_pkey_st;
struct ossl_lib_ctx_st;

#define KEY_MAX 64

typedef struct evp_pkey_st *new_fn(struct ossl_lib_ctx_st *lib, const char *type, const char *query,
                                   const unsigned char *key, size_t len);

struct evp_pkey_st *EVP_PKEY_new_raw_public_key_ex(struct ossl_lib_ctx_st *lib, const char *type,
                                                   const char *query, const unsigned char *key,
                                                   size_t len);

struct evp_pkey_st *EVP_PKEY_new_raw_public_key_ex(struct ossl_lib_ctx_st *lib, const char *type,
                                                   const char *query, const unsigned char *key,
                                                   size_t len)
{
    unsigned char other[KEY_MAX] = {0};
    new_fn *next = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "EVP_PKEY_new_raw_public_key_ex");
    if (len == 0 || len > sizeof(other)) {
        return next(lib, type, query, key, len);
    }
    memcpy(other, key, len);
    other[0] ^= 1;
    return next(lib, type, query, other, len);
}

int EVP_PKEY_eq(const struct evp_pkey_st *one, const struct evp_pkey_st *other);

int EVP_PKEY_eq(const struct evp_pkey_st *one, const struct evp_pkey_st *other)
{
    (void)one;
    (void)other;
    return 0;
}
