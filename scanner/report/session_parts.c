#include <string.h>

#include "scanner/observation/tls_names.h"
#include "scanner/report/row_parts.h"

#define MALFORMED_LIST_MAX \
    1024 /* octets of a list that cannot be taken apart; as its column says */

/* The step whose reply decided; SMTP_STEP_COUNT where no reply did. */
static enum smtp_step deciding_step(enum session_outcome outcome)
{
    switch (outcome) {
    case OUTCOME_GREETING_TIMEOUT:
    case OUTCOME_GREETING_CLOSED:
    case OUTCOME_GREETING_TEMPFAIL:
    case OUTCOME_GREETING_REJECTED:
        return SMTP_STEP_GREETING;
    case OUTCOME_EHLO_TIMEOUT:
    case OUTCOME_EHLO_CLOSED:
    case OUTCOME_EHLO_TEMPFAIL:
    case OUTCOME_EHLO_REJECTED:
    case OUTCOME_HELO_ONLY:
    case OUTCOME_TARPIT:
    case OUTCOME_STARTTLS_NOT_OFFERED:
    case OUTCOME_STARTTLS_MASKED:
        return SMTP_STEP_EHLO;
    case OUTCOME_STARTTLS_TIMEOUT:
    case OUTCOME_STARTTLS_CLOSED:
    case OUTCOME_STARTTLS_TEMPFAIL:
    case OUTCOME_STARTTLS_REJECTED:
        return SMTP_STEP_STARTTLS;
    case OUTCOME_NOT_TESTED:
    case OUTCOME_LOCAL_FAULT:
    case OUTCOME_REFUSED:
    case OUTCOME_UNREACHABLE:
    case OUTCOME_CONNECT_TIMEOUT:
    case OUTCOME_NOT_SMTP:
    case OUTCOME_TLS_TIMEOUT:
    case OUTCOME_TLS_CLOSED:
    case OUTCOME_TLS_RESET:
    case OUTCOME_TLS_ALERT:
    case OUTCOME_TLS_NO_SHARED_VERSION:
    case OUTCOME_TLS_NO_SHARED_CIPHER:
    case OUTCOME_TLS_PROTOCOL_ERROR:
    case OUTCOME_ESTABLISHED:
    case OUTCOME_COUNT:
        return SMTP_STEP_COUNT;
    }
    return SMTP_STEP_COUNT;
}

/* NULL: no reply at all. */
static const struct seen_reply *deciding_reply(const struct seen_session *s)
{
    enum smtp_step step = deciding_step(s->outcome);
    if (step != SMTP_STEP_COUNT && s->smtp.reply[step].code != 0) {
        return &s->smtp.reply[step];
    }
    for (size_t i = SMTP_STEP_COUNT; i > 0; i--) {
        if (s->smtp.reply[i - 1].code != 0) {
            return &s->smtp.reply[i - 1];
        }
    }
    return NULL;
}

static int64_t zero_is_none(uint32_t number)
{
    return number == 0 ? -1 : (int64_t)number;
}

/* The words of a set; null for the empty one. facts_bits() reads it back. */
static void put_words_of_bits(struct object *o, unsigned column, unsigned bits,
                              const struct vocabulary *v)
{
    if (bits == 0) {
        return;
    }
    struct list *words = object_list(o, column);
    for (unsigned i = 0; i < v->count; i++) {
        if ((bits >> i & 1U) != 0) {
            list_word(words, vocabulary_word(v, i));
        }
    }
    list_close(words);
}

void put_attempt(struct object *o, const struct seen_session *s, bool in_row)
{
    const struct outcome_info *outcome = outcome_info(s->outcome);
    const struct seen_reply *reply = deciding_reply(s);
    object_time_ms(o, ATTEMPT_STARTED, s->started_unix_ms);
    object_address(o, ATTEMPT_SOURCE, &s->source);
    object_bool(o, ATTEMPT_SNI, s->sni);
    bool told = in_row && object_is_lean(o);
    object_word(o, ATTEMPT_OUTCOME, told ? NULL : outcome->word);
    if (!object_is_lean(o)) {
        object_word(o, ATTEMPT_STATUS, outcome->zgrab2);
    }
    if (reply != NULL && !told) {
        object_uint(o, ATTEMPT_CODE, reply->code);
        if (s->outcome != OUTCOME_ESTABLISHED) {
            object_name(o, ATTEMPT_TEXT, reply->text);
        }
    }
    put_words_of_bits(o, ATTEMPT_QUIRKS, told ? 0 : s->smtp.quirks, &smtp_quirk_vocabulary);
    object_word(o, ATTEMPT_ERROR, s->sys < 0 ? strerrorname_np(-s->sys) : NULL);
    if (s->tls_attempted && !told) {
        object_word(o, ATTEMPT_TLS_VERSION, tls_version_word(s->tls.version));
        object_word(o, ATTEMPT_ALERT_RECEIVED, tls_alert_name(s->tls.alert_received));
        object_sha256(o, ATTEMPT_LEAF_SHA256, s->tls.leaf_sha256);
    }
    object_natural(o, ATTEMPT_CONNECT_MS, s->connect_ms);
    object_natural(o, ATTEMPT_TOTAL_MS, s->total_ms);
    object_uint(o, ATTEMPT_OCTETS_IN, s->octets_in);
    object_uint(o, ATTEMPT_OCTETS_OUT, s->octets_out);
    object_close(o);
}

void put_attempts(struct list *l, const struct seen_session *attempts, size_t count,
                  const struct seen_session *in_row)
{
    for (size_t i = 0; i < count; i++) {
        put_attempt(list_object(l), &attempts[i], &attempts[i] == in_row);
    }
    list_close(l);
}

int64_t attempt_number(const struct seen_session *attempts, size_t count,
                       const struct seen_session *result)
{
    for (size_t i = 0; i < count; i++) {
        if (&attempts[i] == result) {
            return (int64_t)i + 1;
        }
    }
    return -1;
}

/* @param said by the service as well; NULL: nothing is left out for that */
static void put_reply_facts(struct object *transcript, unsigned column, enum smtp_step step,
                            const struct seen_smtp *smtp, const struct session_said *said)
{
    const struct seen_reply *reply = &smtp->reply[step];
    if (reply->code == 0 && reply->text.len == 0 && !reply->truncated) {
        return;
    }
    bool told = session_said_reply(said, step, reply);
    struct object *o = object_object(transcript, column);
    object_natural(o, REPLY_FACTS_CODE, told ? -1 : zero_is_none(reply->code));
    object_name(o, REPLY_FACTS_TEXT, told ? (struct span){0} : reply->text);
    object_natural(o, REPLY_FACTS_MS, reply->ms);
    object_bool(o, REPLY_FACTS_TRUNCATED, reply->truncated && !told);
    object_close(o);
}

void put_transcript(struct object *o, const struct seen_smtp *smtp, const struct session_said *said)
{
    put_reply_facts(o, TRANSCRIPT_BANNER, SMTP_STEP_GREETING, smtp, said);
    put_reply_facts(o, TRANSCRIPT_EHLO, SMTP_STEP_EHLO, smtp, said);
    put_reply_facts(o, TRANSCRIPT_HELO, SMTP_STEP_HELO, smtp, said);
    put_reply_facts(o, TRANSCRIPT_STARTTLS, SMTP_STEP_STARTTLS, smtp, said);
    put_reply_facts(o, TRANSCRIPT_EHLO_TLS, SMTP_STEP_EHLO_TLS, smtp, said);
    put_reply_facts(o, TRANSCRIPT_QUIT, SMTP_STEP_QUIT, smtp, said);
    if (smtp->reply[SMTP_STEP_EHLO_TLS].code != 0) {
        object_flag(o, TRANSCRIPT_STARTTLS_AGAIN, smtp->starttls_again);
    }
    if (smtp->reply[SMTP_STEP_GREETING].code != 0) {
        object_flag(o, TRANSCRIPT_GREETING_MULTILINE, smtp->greeting_multiline);
        object_flag(o, TRANSCRIPT_GREETING_WITHOUT_ESMTP, smtp->greeting_without_esmtp);
    }
    object_flag(o, TRANSCRIPT_EARLY_TALKER, smtp->early_talker);
    object_flag(o, TRANSCRIPT_LINE_TOO_LONG, smtp->line_too_long);
    put_words_of_bits(o, TRANSCRIPT_QUIRKS, smtp->quirks, &smtp_quirk_vocabulary);
    put_words_of_bits(o, TRANSCRIPT_FORMS, smtp->forms, &smtp_form_vocabulary);
    object_natural(o, TRANSCRIPT_INJECTED_LEN,
                   smtp->injected_len == 0 && object_is_lean(o) ? -1 : (int64_t)smtp->injected_len);
    object_name(o, TRANSCRIPT_INJECTED, smtp->injected);
    object_name(o, TRANSCRIPT_BAD, smtp->bad);
    object_close(o);
}

/* What the ServerHello and all that follows it told. */
static void put_negotiated(struct object *o, const struct seen_tls *t)
{
    object_word(o, HANDSHAKE_FACTS_VERSION, tls_version_word(t->version));
    object_word(o, HANDSHAKE_FACTS_CIPHER, tls_cipher_name(t->cipher));
    object_natural(o, HANDSHAKE_FACTS_CIPHER_ID, zero_is_none(t->cipher));
    object_word(o, HANDSHAKE_FACTS_GROUP, tls_group_name(t->group));
    object_natural(o, HANDSHAKE_FACTS_GROUP_ID, zero_is_none(t->group));
    object_natural(o, HANDSHAKE_FACTS_DH_BITS, zero_is_none(t->dh_bits));
    object_word(o, HANDSHAKE_FACTS_SIGNATURE_SCHEME,
                tls_signature_scheme_name(t->signature_scheme));
    object_natural(o, HANDSHAKE_FACTS_SIGNATURE_SCHEME_ID, zero_is_none(t->signature_scheme));
    if (t->version < 0x0304) {
        object_bool(o, HANDSHAKE_FACTS_EXTENDED_MASTER_SECRET, t->ems);
        object_bool(o, HANDSHAKE_FACTS_SECURE_RENEGOTIATION, t->secure_reneg);
    }
    object_flag(o, HANDSHAKE_FACTS_CLIENT_CERT_REQUESTED, t->client_cert_requested);
    object_flag(o, HANDSHAKE_FACTS_UNKNOWN_NAME_WARNING, t->unknown_name_warning);
    object_flag(o, HANDSHAKE_FACTS_OCSP_STAPLED, t->ocsp_stapled);
    object_flag(o, HANDSHAKE_FACTS_SCT_IN_TLS, t->sct_in_tls);
}

static void put_word_list(struct object *o, const struct seen_tls *t)
{
    if (!object_is_lean(o)) { /* columns of the row as well */
        object_sha256(o, HANDSHAKE_FACTS_CHAIN_ID, t->chain_id);
        object_sha256(o, HANDSHAKE_FACTS_LEAF_SHA256, t->leaf_sha256);
    }
    object_uint(o, HANDSHAKE_FACTS_CERT_COUNT, t->cert_count);
    object_natural(o, HANDSHAKE_FACTS_CERTIFICATE_OCTETS, zero_is_none(t->certificate_octets));
    object_flag(o, HANDSHAKE_FACTS_LIST_TRUNCATED, t->list_truncated);
    object_flag(o, HANDSHAKE_FACTS_LIST_MALFORMED, t->list_malformed);
    if (t->list_malformed) {
        object_base64(o, HANDSHAKE_FACTS_MALFORMED_LIST, span_take(t->list, MALFORMED_LIST_MAX));
    }
}

void put_handshake_as_service(struct object *o, bool sni, const struct seen_tls *t)
{
    object_flag(o, HANDSHAKE_FACTS_SNI, sni);
    object_natural(o, HANDSHAKE_FACTS_MS, t->ms);
    object_close(o);
}

void put_handshake(struct object *o, bool sni, const struct seen_tls *t)
{
    object_bool(o, HANDSHAKE_FACTS_COMPLETED, t->completed);
    if (t->version != 0) {
        object_flag(o, HANDSHAKE_FACTS_SHORT, t->short_flight);
    }
    object_bool(o, HANDSHAKE_FACTS_SNI, sni);
    if (t->version != 0) {
        put_negotiated(o, t);
    }
    object_word(o, HANDSHAKE_FACTS_ALERT_RECEIVED, tls_alert_name(t->alert_received));
    object_natural(o, HANDSHAKE_FACTS_ALERT_RECEIVED_ID, t->alert_received);
    object_word(o, HANDSHAKE_FACTS_ALERT_SENT, tls_alert_name(t->alert_sent));
    object_natural(o, HANDSHAKE_FACTS_ALERT_SENT_ID, t->alert_sent);
    object_natural(o, HANDSHAKE_FACTS_ERROR_CODE, zero_is_none(t->error_code));
    object_name(o, HANDSHAKE_FACTS_ERROR_TEXT, span_of(t->error_text));
    object_natural(o, HANDSHAKE_FACTS_MS, t->ms);
    if (t->version != 0) {
        put_word_list(o, t);
    }
    object_close(o);
}
