#include "scanner/policy/media_type.h"

#include "scanner/policy/octets.h"

/* tchar, RFC 9110 section 5.6.2. */
static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        if (!is_alnum(c) && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
            return false;
        }
    }
    return s.len > 0;
}

/* Parameters are not looked at: only charset would matter, and every policy is ASCII. */
enum policy_media_type media_type_read(struct span content_type)
{
    struct span value = trim(content_type); /* white space around is not part of a field's value */
    struct span type = trim(span_before(value, ';'));
    if (value.len == 0) {
        return MEDIA_TYPE_ABSENT;
    }
    if (!is_token(span_before(type, '/')) || !is_token(span_behind(type, '/'))) {
        return MEDIA_TYPE_MALFORMED;
    }
    return span_ieq(type, SPAN_LIT("text/plain")) ? MEDIA_TYPE_TEXT_PLAIN : MEDIA_TYPE_OTHER;
}
