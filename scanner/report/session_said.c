#include "scanner/report/session_said.h"

#include <string.h>

static struct hash_key hash_of_reply(const struct seen_reply *reply)
{
    struct hash_key text = hash_key_of(reply->text);
    const uint64_t whole[] = {(uint64_t)reply->code << 1 | reply->truncated, text.low, text.high};
    return hash_key_of((struct span){(const uint8_t *)whole, sizeof(whole)});
}

/* All that put_handshake() writes but for times, SNI, and that it was cut short. */
static struct hash_key hash_of_handshake(const struct seen_session *s)
{
    const struct seen_tls *t = &s->tls;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&text, "%d%d%d%d%d%d%d%d%d%d ", s->tls_attempted, t->completed,
             t->client_cert_requested, t->ems, t->secure_reneg, t->unknown_name_warning,
             t->ocsp_stapled, t->sct_in_tls, t->list_truncated, t->list_malformed);
    buf_putf(&text, "%u %u %u %u %u %d %d ", t->version, t->cipher, t->group, t->dh_bits,
             t->signature_scheme, t->alert_received, t->alert_sent);
    buf_putf(&text, "%u %u %u %s", t->error_code, t->cert_count, t->certificate_octets,
             t->error_text);
    struct hash_key key = hash_key_of(buf_span(&text));
    buf_deinit(&text);
    return key;
}

void session_said_fill(struct session_said *out, const struct seen_session *s)
{
    for (unsigned i = 0; i < SMTP_STEP_COUNT; i++) {
        out->reply[i] = hash_of_reply(&s->smtp.reply[i]);
    }
    out->handshake = hash_of_handshake(s);
}

bool session_said_reply(const struct session_said *said, enum smtp_step step,
                        const struct seen_reply *reply)
{
    return said != NULL && hash_key_eq(said->reply[step], hash_of_reply(reply));
}

bool session_said_handshake(const struct session_said *said, const struct seen_session *s)
{
    return said != NULL && s->tls_attempted && !s->tls.list_malformed &&
           hash_key_eq(said->handshake, hash_of_handshake(s));
}
