#include "scanner/tls/handshake_notes.h"

#include <openssl/err.h>

#include "scanner/base/memory.h"
#include "scanner/cert/cert_list.h"

void handshake_notes_init(struct handshake_notes *n, const EVP_MD *sha256, EVP_MD_CTX *digest)
{
    *n = (struct handshake_notes){
        .sha256 = sha256, .digest = digest, .list = BUF_INIT(TLS_LIST_MAX)};
    handshake_notes_reset(n, 0);
}

void handshake_notes_reset(struct handshake_notes *n, size_t keep)
{
    buf_reset_trim(&n->list, keep);
    n->last_message = -1;
    n->messages = 0;
    n->seen = (struct seen_tls){.alert_received = -1, .alert_sent = -1, .ms = -1};
}

void handshake_notes_deinit(struct handshake_notes *n)
{
    buf_deinit(&n->list);
}

static void notes_digest(struct handshake_notes *n, struct span s, uint8_t out[32])
{
    CHECK(EVP_DigestInit_ex(n->digest, n->sha256, NULL) == 1 &&
          EVP_DigestUpdate(n->digest, s.at, s.len) == 1 &&
          EVP_DigestFinal_ex(n->digest, out, NULL) == 1);
}

static void note_certificates(struct handshake_notes *n, struct span message)
{
    struct seen_tls *seen = &n->seen;
    certificate_message_read(message, &n->list, seen);
    seen->list = buf_span(&n->list);

    uint8_t digests[TLS_CERTS_MAX][32];
    size_t count = 0;
    struct span rest = seen->list;
    struct span der;
    while (cert_list_next(&rest, &der)) {
        notes_digest(n, der, digests[count++]);
    }
    if (count > 0) {
        memcpy(seen->leaf_sha256, digests[0], sizeof(digests[0]));
        notes_digest(n, (struct span){digests[0], count * sizeof(digests[0])}, seen->chain_id);
    }
}

enum key_exchange handshake_key_exchange(const SSL_CIPHER *cipher)
{
    int kind = cipher ? SSL_CIPHER_get_kx_nid(cipher) : NID_undef;
    return kind == NID_kx_ecdhe ? KEY_EXCHANGE_ECDHE
           : kind == NID_kx_dhe ? KEY_EXCHANGE_DHE
                                : KEY_EXCHANGE_OTHER;
}

bool handshake_count_message(struct handshake_notes *n)
{
    if (n->messages < HANDSHAKE_MESSAGES_MAX) {
        n->messages++;
        return true;
    }
    handshake_note_flood(&n->seen, "handshake messages");
    return false;
}

void handshake_note_flood(struct seen_tls *seen, const char *of_what)
{
    (void)snprintf(seen->error_text, sizeof(seen->error_text), "more %s than a session needs",
                   of_what);
}

void handshake_note_message(struct handshake_notes *n, const SSL *ssl, struct span message)
{
    bool names_key = message.len > 0 && message.at[0] == MESSAGE_SERVER_KEY_EXCHANGE;
    handshake_note_octets(
        n, names_key ? handshake_key_exchange(SSL_get_pending_cipher(ssl)) : KEY_EXCHANGE_OTHER,
        message);
}

void handshake_note_octets(struct handshake_notes *n, enum key_exchange kind, struct span message)
{
    n->last_message = message.len > 0 ? message.at[0] : -1;
    switch (n->last_message) {
    case MESSAGE_SERVER_HELLO:
        server_hello_read(message, &n->seen);
        break;
    case MESSAGE_CERTIFICATE:
        if (n->seen.cert_count == 0) { /* a second one is refused by OpenSSL */
            note_certificates(n, message);
        }
        break;
    case MESSAGE_SERVER_KEY_EXCHANGE:
        server_key_exchange_read(message, kind, &n->seen);
        break;
    case MESSAGE_CERTIFICATE_REQUEST:
        n->seen.client_cert_requested = true;
        break;
    case MESSAGE_CERTIFICATE_VERIFY:
        certificate_verify_read(message, &n->seen);
        break;
    case MESSAGE_CERTIFICATE_STATUS:
        n->seen.ocsp_stapled = true;
        break;
    default: /* a number chosen by the peer */
        break;
    }
}

/* RFC 8446 section 6: what ends a connection is fatal in TLS 1.3 whatever its level says;
 * user_canceled is the exception beside close_notify. */
static bool alert_is_fatal(const struct seen_tls *seen, uint8_t level, int description)
{
    return description != SSL_AD_CLOSE_NOTIFY && description != SSL_AD_USER_CANCELLED &&
           (level == SSL3_AL_FATAL || (seen->version == TLS1_3_VERSION && level != 0));
}

void handshake_note_alert(struct seen_tls *seen, bool sent, const uint8_t alert[2])
{
    int description = alert[1];
    if (!sent && alert[0] == SSL3_AL_WARNING && description == SSL_AD_UNRECOGNIZED_NAME) {
        seen->unknown_name_warning = true;
    }
    if (sent ? alert[0] == SSL3_AL_FATAL : alert_is_fatal(seen, alert[0], description)) {
        *(sent ? &seen->alert_sent : &seen->alert_received) = (int16_t)description;
    }
}

/* Whether the next message must have been the Certificate: OpenSSL names its size, not its type. */
static bool certificate_was_due(const struct handshake_notes *n)
{
    bool tls13 = n->seen.version == TLS1_3_VERSION;
    return n->last_message == (tls13 ? MESSAGE_ENCRYPTED_EXTENSIONS : MESSAGE_SERVER_HELLO) ||
           (tls13 && n->last_message == MESSAGE_CERTIFICATE_REQUEST);
}

/* The first error of the queue is the cause; what follows tells where it was noticed. */
void handshake_note_error(struct handshake_notes *n)
{
    unsigned long error = ERR_peek_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;
    const char *after = handshake_message_name(n->last_message);
    char number[32];
    (void)snprintf(number, sizeof(number), "error %lx", error);
    n->seen.error_code = (uint32_t)ERR_GET_REASON(error);
    (void)snprintf(n->seen.error_text, sizeof(n->seen.error_text), "%s%s%s",
                   reason ? reason : number, after ? ", at " : "", after ? after : "");
    if (n->seen.error_code == SSL_R_EXCESSIVE_MESSAGE_SIZE && certificate_was_due(n)) {
        n->seen.list_truncated = true;
        n->seen.certificate_octets = TLS_CERTIFICATE_MESSAGE_MAX + 1;
    }
}
