/*
 * Preloaded into mxcensus by tests: a library that does not come back. STUCK_LIBRARY names which: `curl` holds the
 * policy thread, `tls` every worker that begins a handshake. The product has no such switch.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Declared here: nothing of the libraries themselves is needed. */
typedef int perform_fn(void *multi, int *running);
typedef int handshake_fn(void *ssl);

int curl_multi_perform(void *multi, int *running);
int SSL_do_handshake(void *ssl);

static int is_stuck(const char *name)
{
    const char *which = getenv("STUCK_LIBRARY");
    return which != NULL && strcmp(which, name) == 0;
}

static void hold(void)
{
    for (;;) {
        (void)sleep(3600);
    }
}

int curl_multi_perform(void *multi, int *running)
{
    perform_fn *perform = NULL;
    *(void **)&perform = dlsym(RTLD_NEXT, "curl_multi_perform");
    int result = perform(multi, running);
    if (*running > 0 && is_stuck("curl")) { /* with a transfer, as in a flood */
        hold();
    }
    return result;
}

int SSL_do_handshake(void *ssl)
{
    handshake_fn *handshake = NULL;
    if (is_stuck("tls")) {
        hold();
    }
    *(void **)&handshake = dlsym(RTLD_NEXT, "SSL_do_handshake");
    return handshake(ssl);
}
