#include "scanner/tls/hello_template.h"

#include "scanner/base/check.h"
#include "scanner/tls/wire.h"

#define MESSAGE_HELLO    1
#define EXTENSION_COOKIE 44 /* RFC 8446 section 4.2.2 */
#define EXTENSION_SHARE  51 /* RFC 8446 section 4.2.8 */
#define SHARE_HEAD_LEN \
    10 /* in front of a single share: type, length, length of the list, group, length */

static size_t place_in(const struct hello_template *t, struct span s)
{
    return (size_t)(s.at - t->octets);
}

/* RFC 8446 section 4.2.8: KeyShareEntry client_shares<0..2^16-1>. */
static bool read_key_share(struct hello_template *t, struct span body)
{
    struct span list;
    struct span share;
    uint32_t group = 0;
    bool one = take_vector(&body, 2, &list) && body.len == 0 && take_number(&list, 2, &group) &&
               take_vector(&list, 2, &share) && list.len == 0;
    if (!one || group != GROUP_X25519 || share.len != HELLO_SHARE_LEN) {
        return false;
    }
    t->share_at = place_in(t, share);
    return true;
}

static bool read_extensions(struct hello_template *t, struct span extensions)
{
    uint32_t type = 0;
    struct span body;
    while (take_extension(&extensions, &type, &body)) {
        if (t->extension_count == HELLO_EXTENSIONS_MAX ||
            (type == EXTENSION_SHARE && !read_key_share(t, body))) {
            return false;
        }
        t->extensions[t->extension_count++] = (uint16_t)type;
    }
    return extensions.len == 0 && t->share_at != 0;
}

static bool read_suites(struct hello_template *t, struct span list)
{
    uint32_t suite = 0;
    while (take_number(&list, 2, &suite)) {
        if (t->suite_count == HELLO_SUITES_MAX) {
            return false;
        }
        t->suites[t->suite_count++] = (uint16_t)suite;
    }
    return list.len == 0;
}

/* RFC 8446 section 4.1.2. */
static bool read_message(struct hello_template *t, struct span rest)
{
    uint32_t version = 0;
    struct span session_id;
    struct span suites;
    struct span compression;
    struct span extensions;
    if (!take_number(&rest, 2, &version) || rest.len < HELLO_RANDOM_LEN) {
        return false;
    }
    t->random_at = place_in(t, rest);
    rest = span_drop(rest, HELLO_RANDOM_LEN);
    if (!take_vector(&rest, 1, &session_id) || session_id.len != HELLO_RANDOM_LEN ||
        !take_vector(&rest, 2, &suites) || !read_suites(t, suites) ||
        !take_vector(&rest, 1, &compression) || !take_vector(&rest, 2, &extensions) ||
        rest.len > 0) {
        return false;
    }
    t->session_id_at = place_in(t, session_id);
    t->extensions_at = place_in(t, extensions);
    return read_extensions(t, extensions);
}

bool hello_template_read(struct hello_template *t, struct span record)
{
    *t = (struct hello_template){0};
    if (record.len > sizeof(t->octets)) {
        return false;
    }
    memcpy(t->octets, record.at, record.len);
    t->len = record.len;
    struct span rest = {t->octets, t->len};
    struct span message;
    struct span body;
    uint32_t type = 0;
    uint32_t version = 0;
    return take_number(&rest, 1, &type) && type == CONTENT_HANDSHAKE &&
           take_number(&rest, 2, &version) && take_vector(&rest, 2, &message) && rest.len == 0 &&
           take_number(&message, 1, &type) && type == MESSAGE_HELLO &&
           take_vector(&message, 3, &body) && message.len == 0 && read_message(t, body);
}

size_t hello_template_find_suite(const struct hello_template *t, uint16_t suite)
{
    for (size_t i = 0; i < t->suite_count; i++) {
        if (t->suites[i] == suite) {
            return i;
        }
    }
    return HELLO_SUITES_MAX;
}

size_t hello_template_find_extension(const struct hello_template *t, uint32_t type)
{
    for (size_t i = 0; i < t->extension_count; i++) {
        if (t->extensions[i] == type) {
            return i;
        }
    }
    return HELLO_EXTENSIONS_MAX;
}

void hello_template_fill(const struct hello_template *t, const uint8_t random[2 * HELLO_RANDOM_LEN],
                         const uint8_t share[HELLO_SHARE_LEN], uint8_t *out)
{
    memcpy(out, t->octets, t->len);
    memcpy(out + t->random_at, random, HELLO_RANDOM_LEN);
    memcpy(out + t->session_id_at, random + HELLO_RANDOM_LEN, HELLO_RANDOM_LEN);
    memcpy(out + t->share_at, share, HELLO_SHARE_LEN);
}

void hello_template_put_retry(const struct hello_template *t, const struct hello_retry *retry,
                              struct buf *out)
{
    CHECK(retry->cookie.len <= HELLO_COOKIE_MAX);
    size_t cookie_len = retry->cookie.len > 0 ? 6 + retry->cookie.len : 0; /* type, two lengths */
    size_t more = retry->share.len - HELLO_SHARE_LEN + cookie_len;
    size_t message_at = RECORD_HEADER_LEN;
    size_t body_at = message_at + MESSAGE_HEADER_LEN;
    size_t share_extension_at = t->share_at - SHARE_HEAD_LEN;
    struct span first = {retry->first, t->len};
    put_number(out, CONTENT_HANDSHAKE, 1);
    put_number(out, VERSION_TLS12, 2); /* RFC 8446 section 5.1: of the first it may be older */
    put_number(out, (uint32_t)(t->len - message_at + more), 2);
    put_number(out, MESSAGE_HELLO, 1);
    put_number(out, (uint32_t)(t->len - body_at + more), 3);
    buf_put(out, (struct span){retry->first + body_at, t->extensions_at - 2 - body_at});
    put_number(out, (uint32_t)(t->len - t->extensions_at + more), 2);
    buf_put(out,
            (struct span){retry->first + t->extensions_at, share_extension_at - t->extensions_at});
    put_number(out, EXTENSION_SHARE, 2);
    put_number(out, (uint32_t)(6 + retry->share.len), 2);
    put_number(out, (uint32_t)(4 + retry->share.len), 2);
    put_number(out, retry->group, 2);
    put_number(out, (uint32_t)retry->share.len, 2);
    buf_put(out, retry->share);
    if (cookie_len > 0) {
        put_number(out, EXTENSION_COOKIE, 2);
        put_number(out, (uint32_t)(2 + retry->cookie.len), 2);
        put_number(out, (uint32_t)retry->cookie.len, 2);
        buf_put(out, retry->cookie);
    }
    buf_put(out, span_drop(first, t->share_at + HELLO_SHARE_LEN));
}
