#include "scanner/fetch/aia_url.h"

#include <string.h>
#include <strings.h>

#define SCHEME "http://"

/* RFC 3986 section 2: ASCII that is printed. Neither a fragment, which is not sent, nor what
 * readers of URLs differ in. */
static bool is_plain(struct span url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (url.at[i] <= ' ' || url.at[i] >= 0x7f || strchr("#\\\"<>^`{|}", url.at[i]) != NULL) {
            return false;
        }
    }
    return url.len > 0 && url.len <= AIA_URL_MAX;
}

static size_t authority_len(struct span rest)
{
    size_t len = 0;
    while (len < rest.len && rest.at[len] != '/' && rest.at[len] != '?') {
        len++;
    }
    return len;
}

enum issuer_refusal aia_url_read(struct span url, struct aia_url *out)
{
    const size_t scheme = strlen(SCHEME);
    if (!is_plain(url)) {
        return ISSUER_REFUSAL_TEXT;
    }
    if (url.len < scheme || strncasecmp((const char *)url.at, SCHEME, scheme) != 0) {
        return ISSUER_REFUSAL_SCHEME;
    }
    struct span rest = span_drop(url, scheme);
    struct span authority = span_take(rest, authority_len(rest));
    out->path = span_drop(rest, authority.len);
    for (size_t i = 0; i < authority.len; i++) {
        if (strchr("@[]%", authority.at[i]) != NULL) {
            return ISSUER_REFUSAL_HOST;
        }
    }
    const uint8_t *colon = memchr(authority.at, ':', authority.len);
    out->host = colon != NULL ? span_take(authority, (size_t)(colon - authority.at)) : authority;
    struct span port = span_drop(authority, out->host.len);
    bool usual = port.len == 0 || span_eq(port, SPAN_LIT(":")) || span_eq(port, SPAN_LIT(":80"));
    return out->host.len == 0 ? ISSUER_REFUSAL_HOST
           : !usual           ? ISSUER_REFUSAL_PORT
                              : ISSUER_REFUSAL_NONE;
}
