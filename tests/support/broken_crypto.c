/*
 * Preloaded into mxcensus by tests: a libcrypto that gives another public key of X25519 than there is, by a function that libssl does
 * not call. The product has no such switch.
 */
#include <dlfcn.h>
#include <stddef.h>

struct evp_pkey_st;

typedef int get_fn(const struct evp_pkey_st *key, unsigned char *out, size_t *len);

int EVP_PKEY_get_raw_public_key(const struct evp_pkey_st *key, unsigned char *out, size_t *len);

int EVP_PKEY_get_raw_public_key(const struct evp_pkey_st *key, unsigned char *out, size_t *len)
{
    get_fn *next = NULL;
    *(void **)&next = dlsym(RTLD_NEXT, "EVP_PKEY_get_raw_public_key");
    int result = next(key, out, len);
    if (result == 1 && out != NULL) {
        out[0] ^= 1;
    }
    return result;
}
