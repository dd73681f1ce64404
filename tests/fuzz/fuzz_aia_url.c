#include "scanner/base/check.h"
#include "scanner/fetch/aia_url.h"

static bool lies_in(struct span part, struct span whole)
{
    return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

/* The URL in a certificate, which anybody may have written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span url = {data, size};
    struct aia_url parts = {0};
    if (aia_url_read(url, &parts) != ISSUER_REFUSAL_NONE) {
        return 0;
    }
    CHECK(size <= AIA_URL_MAX && parts.host.len > 0);
    CHECK(lies_in(parts.host, url) && lies_in(parts.path, url));
    for (size_t i = 0; i < size;
         i++) { /* nothing that ends a line of a request, or begins another */
        CHECK(data[i] > 0x20 && data[i] < 0x7f);
    }
    for (size_t i = 0; i < parts.host.len; i++) {
        CHECK(strchr("@/?#:[]", parts.host.at[i]) == NULL);
    }
    CHECK(parts.path.len == 0 || memchr(parts.path.at, '#', parts.path.len) == NULL);
    return 0;
}
