#include "scanner/fetch/tls_evidence.h"

#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/tls/handshake_message.h"
#include "scanner/tls/tls_settings.h"

#define LIST_KEPT_MAX (16U << 10) /* octets of list memory kept for reuse; our own bound */
#define CLIENT_HELLO  1           /* RFC 8446 section 4 */

void tls_evidence_init(struct tls_evidence *e, const EVP_MD *sha256, EVP_MD_CTX *digest)
{
    *e = (struct tls_evidence){0};
    handshake_notes_init(&e->notes, sha256, digest);
}

void tls_evidence_detach(struct tls_evidence *e)
{
    e->ctx = NULL;
    e->bio = NULL;
}

void tls_evidence_reset(struct tls_evidence *e)
{
    tls_evidence_detach(e);
    handshake_notes_reset(&e->notes, LIST_KEPT_MAX);
    *e = (struct tls_evidence){.notes = e->notes};
}

void tls_evidence_deinit(struct tls_evidence *e)
{
    tls_evidence_detach(e);
    handshake_notes_deinit(&e->notes);
}

void tls_evidence_begin_turn(struct tls_evidence *e)
{
    e->turn_octets = 0;
}

/* Objects of earlier connections still have `e` in their callbacks. They are alive while they call, so
 * they are never those of the present one. */
static bool is_present(const struct tls_evidence *e, const SSL *ssl)
{
    return e != NULL && e->ctx == SSL_get_SSL_CTX(ssl);
}

static bool may_read(struct tls_evidence *e)
{
    if (!e->flooded && e->ended_ns == 0 && e->octets_in >= SESSION_OCTETS_MAX) {
        handshake_note_flood(&e->notes.seen, "octets");
        e->flooded = true;
    }
    return !e->flooded && e->turn_octets < SESSION_TURN_OCTETS;
}

static void note_transfer(struct tls_evidence *e, BIO *bio, int result, size_t octets, bool in)
{
    if (result > 0) {
        e->octets_in += in ? octets : 0;
        e->turn_octets += in ? (uint32_t)octets : 0;
    } else if (!BIO_should_retry(bio)) {
        e->gone = true;
        e->reset |= result < 0;
    }
}

static long on_bio(BIO *bio, int what, const char *at, size_t len, int argi, long argl, int result,
                   size_t *octets)
{
    (void)at;
    (void)len;
    (void)argi;
    (void)argl;
    struct tls_evidence *e = (struct tls_evidence *)BIO_get_callback_arg(bio);
    if (e->bio != bio) {
        return result;
    }
    if (what == BIO_CB_READ && !may_read(e)) { /* as if nothing had come yet */
        BIO_clear_retry_flags(bio);
        BIO_set_retry_read(bio);
        return -1;
    }
    if (what == (BIO_CB_READ | BIO_CB_RETURN) || what == (BIO_CB_WRITE | BIO_CB_RETURN)) {
        note_transfer(e, bio, result, octets != NULL ? *octets : 0,
                      what == (BIO_CB_READ | BIO_CB_RETURN));
    }
    return result;
}

static void tls_evidence_begin(struct tls_evidence *e, SSL *ssl)
{
    e->begun_ns = clock_monotonic_ns();
    e->bio = SSL_get_rbio(ssl);
    BIO_set_callback_ex(SSL_get_rbio(ssl), on_bio);
    BIO_set_callback_arg(SSL_get_rbio(ssl), (char *)e);
}

static void tls_evidence_on_message(int sent, int version, int content_type, const void *at,
                                    size_t len, SSL *ssl, void *arg)
{
    (void)version;
    struct tls_evidence *e = arg;
    const uint8_t *octets = at;
    if (!is_present(e, ssl)) {
        return;
    }
    if (content_type == SSL3_RT_HANDSHAKE && !sent && !e->flooded) {
        e->flooded = !handshake_count_message(&e->notes);
    }
    if (content_type == SSL3_RT_HANDSHAKE && sent && e->begun_ns == 0) {
        CHECK(len > 0 && octets[0] == CLIENT_HELLO);
        tls_evidence_begin(e, ssl);
    } else if (content_type == SSL3_RT_HANDSHAKE && !sent && e->ended_ns == 0) {
        handshake_note_message(&e->notes, ssl, (struct span){octets, len});
    } else if (content_type == SSL3_RT_ALERT && len == 2) {
        handshake_note_alert(&e->notes.seen, sent, octets);
    }
}

/* The only place where OpenSSL's error queue is still as the handshake left it: whoever called
 * takes the errors out. */
static void on_state(const SSL *ssl, int where, int result)
{
    struct tls_evidence *e = (struct tls_evidence *)BIO_get_callback_arg(SSL_get_rbio(ssl));
    if (!is_present(e, ssl) ||
        e->ended_ns != 0) { /* before the ClientHello; or a ticket of TLS 1.3 */
        return;
    }
    if (where & SSL_CB_HANDSHAKE_DONE) {
        e->notes.seen.completed = true;
        e->ended_ns = clock_monotonic_ns();
    } else if (where == SSL_CB_CONNECT_EXIT && result <= 0 && ERR_peek_error() != 0) {
        handshake_note_error(&e->notes);
    }
}

void tls_evidence_install(struct tls_evidence *e, SSL_CTX *ssl)
{
    e->ctx = ssl;
    tls_settings_hello(ssl);
    tls_settings_behaviour(ssl);
    SSL_CTX_set_msg_callback(ssl, tls_evidence_on_message);
    SSL_CTX_set_msg_callback_arg(ssl, e);
    SSL_CTX_set_info_callback(ssl, on_state);
}
