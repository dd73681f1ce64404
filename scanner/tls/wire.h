#pragma once

/** What TLS is made of on the wire: its numbers, and numbers and vectors taken off the front of octets (RFC 8446 section 3). */

#include "scanner/base/buf.h"

#define VERSION_TLS10      0x0301
#define VERSION_TLS12      0x0303
#define VERSION_TLS13      0x0304
#define GROUP_X25519       0x001d /* RFC 8446 section 4.2.7, as the next */
#define GROUP_P256         0x0017
#define RECORD_HEADER_LEN  5
#define RECORD_LEN_MAX     16384 /* RFC 8446 section 5.1 */
#define MESSAGE_HEADER_LEN 4     /* type, 24-bit length: section 4 */

/* RFC 8446 section 5.1 */
enum content_type {
    CONTENT_CHANGE_CIPHER_SPEC = 20,
    CONTENT_ALERT = 21,
    CONTENT_HANDSHAKE = 22,
    CONTENT_APPLICATION_DATA = 23,
};

/* RFC 8446 section 6 */
#define ALERT_LEN           2
#define LEVEL_WARNING       1
#define ALERT_CLOSE_NOTIFY  0
#define ALERT_USER_CANCELED 90

/** How a client leaves a handshake in good order, in clear: user_canceled, close_notify (RFC 8446 section 6.1). */
static inline void put_farewell(struct buf *out, uint16_t version)
{
    static const uint8_t alerts[] = {ALERT_USER_CANCELED, ALERT_CLOSE_NOTIFY};
    for (size_t i = 0; i < sizeof(alerts); i++) {
        const uint8_t record[RECORD_HEADER_LEN + ALERT_LEN] = {
            CONTENT_ALERT, (uint8_t)(version >> 8), (uint8_t)version, 0,
            ALERT_LEN,     LEVEL_WARNING,           alerts[i]};
        buf_put(out, (struct span){record, sizeof(record)});
    }
}

/** A big-endian number of `size` octets. */
static inline void put_number(struct buf *out, uint32_t n, size_t size)
{
    uint8_t octets[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    buf_put(out, (struct span){octets + sizeof(octets) - size, size});
}

/** A big-endian number of `size` octets, 4 at most. @return false: there are not as many */
static inline bool take_number(struct span *rest, size_t size, uint32_t *out)
{
    if (rest->len < size) {
        return false;
    }
    uint32_t n = 0;
    for (size_t i = 0; i < size; i++) {
        n = n << 8 | rest->at[i];
    }
    *out = n;
    *rest = span_drop(*rest, size);
    return true;
}

/** A vector whose length stands before it in `size` octets. @return false: it is not whole */
static inline bool take_vector(struct span *rest, size_t size, struct span *out)
{
    struct span left = *rest;
    uint32_t len = 0;
    if (!take_number(&left, size, &len) || left.len < len) {
        return false;
    }
    *out = span_take(left, len);
    *rest = span_drop(left, len);
    return true;
}

static inline bool take_extension(struct span *rest, uint32_t *type, struct span *body)
{
    struct span left = *rest;
    if (!take_number(&left, 2, type) || !take_vector(&left, 2, body)) {
        return false;
    }
    *rest = left;
    return true;
}
