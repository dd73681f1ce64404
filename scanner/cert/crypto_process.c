#include "scanner/cert/crypto_process.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "scanner/base/check.h"
#include "scanner/cert/crypto_memory.h"

void crypto_process_init(void)
{
    CHECK(unsetenv("OPENSSL_CONF") == 0);
    CHECK(CRYPTO_set_mem_functions(crypto_take, crypto_resize, crypto_give_back) == 1);
    CHECK(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1);
}
