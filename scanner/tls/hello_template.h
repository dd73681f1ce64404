#pragma once

/**
 * The ClientHello of the whole handshakes, taken from libssl, as a form to fill in: another one differs in
 * random, session id and key share only. So what is asked by it is asked as by them, whatever version of
 * OpenSSL runs. So it is with the second one, after HelloRetryRequest.
 */

#include "scanner/base/buf.h"

#define HELLO_TEMPLATE_MAX   1024 /* octets of the record; usual are 330 */
#define HELLO_EXTENSIONS_MAX 32
#define HELLO_SUITES_MAX     128
#define HELLO_RANDOM_LEN     32
#define HELLO_SHARE_LEN      32   /* X25519, RFC 7748 section 5 */
#define HELLO_COOKIE_MAX     1024 /* octets of HelloRetryRequest that are sent back; our own bound */

struct hello_template {
    uint8_t octets[HELLO_TEMPLATE_MAX]; /* one record, its header included */
    size_t len;
    size_t random_at;
    size_t session_id_at;
    size_t share_at;
    size_t extensions_at;                      /* behind the length of all */
    uint16_t extensions[HELLO_EXTENSIONS_MAX]; /* types that it offers */
    size_t extension_count;
    uint16_t suites[HELLO_SUITES_MAX];
    uint8_t exchanges[HELLO_SUITES_MAX]; /* enum key_exchange of each: the caller's to fill in */
    size_t suite_count;
};

/**
 * @param record what a client sent first
 * @return false: it is not of the form that is filled in: one record, a session id of 32 octets, and one key
 *   share, of X25519.
 */
bool hello_template_read(struct hello_template *t, struct span record);
/** @return its place in `suites`; HELLO_SUITES_MAX: not offered */
size_t hello_template_find_suite(const struct hello_template *t, uint16_t suite);
/** @return its place in `extensions`; HELLO_EXTENSIONS_MAX: not offered */
size_t hello_template_find_extension(const struct hello_template *t, uint32_t type);
/** Fills the form in. @param random for random and session id @param share X25519 @param out room for `len` octets */
void hello_template_fill(const struct hello_template *t, const uint8_t random[2 * HELLO_RANDOM_LEN],
                         const uint8_t share[HELLO_SHARE_LEN], uint8_t *out);

/** The answer to HelloRetryRequest (RFC 8446 section 4.1.2): the same hello with another key share, and the server's
 * cookie behind that, where OpenSSL puts it. */
struct hello_retry {
    const uint8_t *first; /* as filled in */
    uint16_t group;
    struct span share;
    struct span cookie; /* HELLO_COOKIE_MAX at most; empty: none was sent */
};
/** Appends one record; the message begins behind its header. */
void hello_template_put_retry(const struct hello_template *t, const struct hello_retry *retry,
                              struct buf *out);
