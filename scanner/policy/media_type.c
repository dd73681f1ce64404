#include "scanner/policy/media_type.h"

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* tchar, RFC 9110 section 5.6.2. */
static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return s.len > 0;
}

/* Parameters are not looked at: only charset would matter, and every policy is ASCII. */
enum policy_media_type media_type_read(struct span content_type)
{
    size_t len = 0;
    while (len < content_type.len && content_type.at[len] != ';') {
        len++;
    }
    struct span type = span_take(content_type, len);
    while (type.len > 0 && is_space(type.at[0])) {
        type = span_drop(type, 1);
    }
    while (type.len > 0 && is_space(type.at[type.len - 1])) {
        type.len--;
    }
    if (content_type.len == 0) {
        return MEDIA_TYPE_ABSENT;
    }
    const uint8_t *slash = type.len > 0 ? memchr(type.at, '/', type.len) : NULL;
    if (slash == NULL || !is_token(span_take(type, (size_t)(slash - type.at))) ||
        !is_token(span_drop(type, (size_t)(slash - type.at) + 1))) {
        return MEDIA_TYPE_MALFORMED;
    }
    return span_ieq(type, SPAN_LIT("text/plain")) ? MEDIA_TYPE_TEXT_PLAIN : MEDIA_TYPE_OTHER;
}
