#include "scanner/cert/crypto_process.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "scanner/base/memory.h"

static void *crypto_take(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return len > 0 ? memory_malloc(len) : NULL; /* as CRYPTO_malloc() does */
}

static void *crypto_resize(void *at, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    if (len == 0) { /* as CRYPTO_realloc() does */
        memory_free(at);
        return NULL;
    }
    return memory_realloc(at, len);
}

static void crypto_give_back(void *at, const char *file, int line)
{
    (void)file;
    (void)line;
    memory_free(at);
}

void crypto_process_init(void)
{
    CHECK(unsetenv("OPENSSL_CONF") == 0);
    CHECK(CRYPTO_set_mem_functions(crypto_take, crypto_resize, crypto_give_back) == 1);
    CHECK(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
}
