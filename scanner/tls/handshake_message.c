#include "scanner/tls/handshake_message.h"

#include "scanner/cert/cert_list.h"
#include "scanner/tls/wire.h"

#define RANDOM_LEN 32 /* RFC 8446 section 4.1.2 */

enum extension {
    EXTENSION_STATUS_REQUEST = 5, /* RFC 6066 section 8 */
    EXTENSION_SCT = 18,           /* RFC 6962 section 3.3.1 */
    EXTENSION_EMS = 23,           /* RFC 7627 section 5.1 */
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_KEY_SHARE = 51,
    EXTENSION_RENEGOTIATION_INFO = 0xff01, /* RFC 5746 section 3.2 */
};

#define CURVE_TYPE_NAMED 3 /* RFC 8422 section 5.4 */

const char *handshake_message_name(int type)
{
    static const char *const names[] = {
        [0] = "hello_request",        [2] = "server_hello",
        [4] = "new_session_ticket",   [8] = "encrypted_extensions",
        [11] = "certificate",         [12] = "server_key_exchange",
        [13] = "certificate_request", [14] = "server_hello_done",
        [15] = "certificate_verify",  [20] = "finished",
        [22] = "certificate_status",  [24] = "key_update",
    };
    bool known = type >= 0 && (size_t)type < sizeof(names) / sizeof(names[0]);
    return known ? names[type] : NULL;
}

static void server_extension_read(uint32_t type, struct span body, struct seen_tls *seen)
{
    uint32_t n = 0;
    if (type == EXTENSION_SUPPORTED_VERSIONS && take_number(&body, 2, &n)) {
        seen->version = (uint16_t)n;
    } else if (type == EXTENSION_KEY_SHARE && take_number(&body, 2, &n)) {
        seen->group = (uint16_t)n;
    } else if (type == EXTENSION_EMS) {
        seen->ems = true;
    } else if (type == EXTENSION_RENEGOTIATION_INFO) {
        seen->secure_reneg = true;
    } else if (type == EXTENSION_SCT) {
        seen->sct_in_tls = true;
    }
}

void server_hello_read(struct span message, struct seen_tls *seen)
{
    if (message.len < MESSAGE_HEADER_LEN) {
        return;
    }
    struct span rest = span_drop(message, MESSAGE_HEADER_LEN);
    struct span session_id;
    uint32_t version = 0;
    uint32_t cipher = 0;
    uint32_t compression = 0;
    if (!take_number(&rest, 2, &version) || rest.len < RANDOM_LEN) {
        return;
    }
    rest = span_drop(rest, RANDOM_LEN);
    if (!take_vector(&rest, 1, &session_id) || !take_number(&rest, 2, &cipher) ||
        !take_number(&rest, 1, &compression)) {
        return;
    }
    seen->version = (uint16_t)version;
    seen->cipher = (uint16_t)cipher;

    struct span extensions;
    uint32_t type = 0;
    struct span body;
    if (take_vector(&rest, 2, &extensions)) {
        while (take_extension(&extensions, &type, &body)) {
            server_extension_read(type, body, seen);
        }
    }
}

bool server_hello_asks_again(struct span message)
{
    static const uint8_t random[RANDOM_LEN] = {
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
        0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
        0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    };
    size_t at = MESSAGE_HEADER_LEN + 2; /* behind legacy_version */
    return message.len >= at + sizeof(random) &&
           memcmp(message.at + at, random, sizeof(random)) == 0;
}

static void certificate_extensions_read(struct span extensions, struct seen_tls *seen)
{
    uint32_t type = 0;
    struct span body;
    while (take_extension(&extensions, &type, &body)) {
        seen->ocsp_stapled |= type == EXTENSION_STATUS_REQUEST;
        seen->sct_in_tls |= type == EXTENSION_SCT;
    }
}

void certificate_message_read(struct span message, struct buf *list, struct seen_tls *seen)
{
    bool tls13 = seen->version >= VERSION_TLS13;
    struct span rest = message.len < MESSAGE_HEADER_LEN ? (struct span){0}
                                                        : span_drop(message, MESSAGE_HEADER_LEN);
    struct span context;
    struct span entries;
    seen->certificate_octets = (uint32_t)rest.len; /* a 24-bit length */
    if ((tls13 && !take_vector(&rest, 1, &context)) || !take_vector(&rest, 3, &entries)) {
        seen->list_malformed = true;
        return;
    }
    seen->list_malformed = rest.len > 0;

    struct span der;
    struct span extensions;
    while (entries.len > 0) {
        if (!take_vector(&entries, 3, &der) || (tls13 && !take_vector(&entries, 2, &extensions))) {
            seen->list_malformed = true;
            return;
        }
        if (tls13) {
            certificate_extensions_read(extensions, seen);
        }
        if (seen->cert_count >= TLS_CERTS_MAX || !cert_list_add(list, der)) {
            seen->list_truncated = true;
            return;
        }
        seen->cert_count++;
    }
}

void server_key_exchange_read(struct span message, enum key_exchange kind, struct seen_tls *seen)
{
    if (message.len < MESSAGE_HEADER_LEN) {
        return;
    }
    struct span rest = span_drop(message, MESSAGE_HEADER_LEN);
    struct span p;
    struct span g;
    struct span public_key;
    uint32_t curve_type = 0;
    uint32_t n = 0;
    switch (kind) {
    case KEY_EXCHANGE_OTHER:
        return;
    case KEY_EXCHANGE_ECDHE:
        if (!take_number(&rest, 1, &curve_type) || curve_type != CURVE_TYPE_NAMED ||
            !take_number(&rest, 2, &n)) {
            return;
        }
        seen->group = (uint16_t)n;
        if (!take_vector(&rest, 1, &public_key)) {
            return;
        }
        break;
    case KEY_EXCHANGE_DHE:
        if (!take_vector(&rest, 2, &p)) {
            return;
        }
        while (p.len > 0 && p.at[0] == 0) {
            p = span_drop(p, 1);
        }
        /* At most 65,535 octets; more bits than fit are more than anyone computes with. */
        n = (uint32_t)p.len * 8;
        for (uint32_t top = p.len ? p.at[0] : 0x80; top < 0x80; top <<= 1) {
            n--;
        }
        seen->dh_bits = n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
        if (!take_vector(&rest, 2, &g) || !take_vector(&rest, 2, &public_key)) {
            return;
        }
        break;
    }
    if (seen->version == VERSION_TLS12 && take_number(&rest, 2, &n)) {
        seen->signature_scheme = (uint16_t)n; /* older versions do not name it */
    }
}

void certificate_verify_read(struct span message, struct seen_tls *seen)
{
    uint32_t scheme = 0;
    struct span rest = message.len < MESSAGE_HEADER_LEN ? (struct span){0}
                                                        : span_drop(message, MESSAGE_HEADER_LEN);
    if (take_number(&rest, 2, &scheme)) {
        seen->signature_scheme = (uint16_t)scheme;
    }
}
