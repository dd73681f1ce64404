#include <string.h>

#include "scanner/replay/read_rows.h"

#define RCODE_NONE        UINT8_MAX
#define VERSION_UNNAMED   0xffff /* a version that has no word, newer than any */
#define VERSION_UNNAMED_2 0x0001 /* the same, older than TLS 1.3 */

void read_dns(const struct facts *f, unsigned column, struct seen_dns *out)
{
    struct facts dns;
    *out = (struct seen_dns){.rcode = RCODE_NONE, .ede = -1};
    if (!facts_object(f, column, &dns)) {
        return;
    }
    out->state = (uint8_t)facts_enum(&dns, DNS_FACTS_STATE, &dns_state_vocabulary);
    if (facts_has(&dns, DNS_FACTS_RCODE)) {
        out->rcode = facts_u8(&dns, DNS_FACTS_RCODE);
    }
    out->cname_count = facts_u8(&dns, DNS_FACTS_CNAME_COUNT);
    out->ad = facts_bool(&dns, DNS_FACTS_AD);
    out->rrsig_present = facts_bool(&dns, DNS_FACTS_RRSIG_PRESENT);
    out->tcp = facts_bool(&dns, DNS_FACTS_TCP);
    out->truncated = facts_bool(&dns, DNS_FACTS_TRUNCATED);
    out->ede = (int32_t)facts_natural(&dns, DNS_FACTS_EDE, UINT16_MAX);
    out->ttl = facts_u32(&dns, DNS_FACTS_TTL);
}

static struct seen_smtp no_dialogue(void)
{
    struct seen_smtp smtp = {.starttls = STARTTLS_UNKNOWN};
    for (unsigned i = 0; i < SMTP_STEP_COUNT; i++) {
        smtp.reply[i].ms = -1;
    }
    return smtp;
}

void read_attempt(const struct facts *f, struct seen_session *out)
{
    *out = (struct seen_session){
        .outcome = facts_enum(f, ATTEMPT_OUTCOME, &outcome_vocabulary),
        .sni = facts_bool(f, ATTEMPT_SNI),
        .started_unix_ms = facts_time_ms(f, ATTEMPT_STARTED),
        .source = facts_address(f, ATTEMPT_SOURCE),
        .connect_ms = (int32_t)facts_natural(f, ATTEMPT_CONNECT_MS, INT32_MAX),
        .total_ms = (int32_t)facts_natural(f, ATTEMPT_TOTAL_MS, INT32_MAX),
        .sys = facts_errno(f, ATTEMPT_ERROR),
        .octets_in = facts_u32(f, ATTEMPT_OCTETS_IN),
        .octets_out = facts_u32(f, ATTEMPT_OCTETS_OUT),
        .smtp = no_dialogue(),
        .tls_attempted = facts_has(f, ATTEMPT_TLS_VERSION) ||
                         facts_has(f, ATTEMPT_ALERT_RECEIVED) || facts_has(f, ATTEMPT_LEAF_SHA256),
    };
    out->smtp.quirks = facts_bits(f, ATTEMPT_QUIRKS, &smtp_quirk_vocabulary);
    /* Which step it answered is not told; the last one speaks where no other does. */
    out->smtp.reply[SMTP_STEP_QUIT].code = facts_u16(f, ATTEMPT_CODE);
    out->smtp.reply[SMTP_STEP_QUIT].text = facts_text(f, ATTEMPT_TEXT);
    out->tls.version = facts_tls_version(f, ATTEMPT_TLS_VERSION);
    out->tls.alert_received = facts_alert(f, ATTEMPT_ALERT_RECEIVED);
    out->tls.alert_sent = -1;
    out->tls.ms = -1;
    facts_sha256(f, ATTEMPT_LEAF_SHA256, out->tls.leaf_sha256);
}

void read_attempts(const struct facts *f, unsigned column, struct seen_session **attempts,
                   size_t *count)
{
    *count = facts_list_len(f, column);
    *attempts = arena_new(&f->reading->arena, *count, sizeof(**attempts));
    for (size_t i = 0; i < *count; i++) {
        struct facts attempt;
        facts_list_object(f, column, i, &attempt);
        read_attempt(&attempt, &(*attempts)[i]);
    }
}

static void read_reply(const struct facts *transcript, unsigned column, struct seen_reply *out)
{
    struct facts reply;
    if (facts_object(transcript, column, &reply)) {
        out->code = facts_u16(&reply, REPLY_FACTS_CODE);
        out->text = facts_text(&reply, REPLY_FACTS_TEXT);
        out->ms = (int32_t)facts_natural(&reply, REPLY_FACTS_MS, INT32_MAX);
        out->truncated = facts_bool(&reply, REPLY_FACTS_TRUNCATED);
    }
}

void read_transcript(const struct facts *transcript, struct seen_smtp *out)
{
    *out = no_dialogue();
    read_reply(transcript, TRANSCRIPT_BANNER, &out->reply[SMTP_STEP_GREETING]);
    read_reply(transcript, TRANSCRIPT_EHLO, &out->reply[SMTP_STEP_EHLO]);
    read_reply(transcript, TRANSCRIPT_HELO, &out->reply[SMTP_STEP_HELO]);
    read_reply(transcript, TRANSCRIPT_STARTTLS, &out->reply[SMTP_STEP_STARTTLS]);
    read_reply(transcript, TRANSCRIPT_EHLO_TLS, &out->reply[SMTP_STEP_EHLO_TLS]);
    read_reply(transcript, TRANSCRIPT_QUIT, &out->reply[SMTP_STEP_QUIT]);
    out->starttls_again = facts_bool(transcript, TRANSCRIPT_STARTTLS_AGAIN);
    out->greeting_multiline = facts_bool(transcript, TRANSCRIPT_GREETING_MULTILINE);
    out->greeting_without_esmtp = facts_bool(transcript, TRANSCRIPT_GREETING_WITHOUT_ESMTP);
    out->early_talker = facts_bool(transcript, TRANSCRIPT_EARLY_TALKER);
    out->line_too_long = facts_bool(transcript, TRANSCRIPT_LINE_TOO_LONG);
    out->quirks = facts_bits(transcript, TRANSCRIPT_QUIRKS, &smtp_quirk_vocabulary);
    out->forms = facts_bits(transcript, TRANSCRIPT_FORMS, &smtp_form_vocabulary);
    out->injected_len = facts_u32(transcript, TRANSCRIPT_INJECTED_LEN);
    out->injected = facts_text(transcript, TRANSCRIPT_INJECTED);
    out->bad = facts_text(transcript, TRANSCRIPT_BAD);
}

/* cert_count stands in every handshake with a ServerHello, whatever version that named. */
static uint16_t read_version(const struct facts *f)
{
    if (facts_has(f, HANDSHAKE_FACTS_VERSION)) {
        return facts_tls_version(f, HANDSHAKE_FACTS_VERSION);
    }
    if (!facts_has(f, HANDSHAKE_FACTS_CERT_COUNT)) {
        return 0;
    }
    return facts_has(f, HANDSHAKE_FACTS_EXTENDED_MASTER_SECRET) ? VERSION_UNNAMED_2
                                                                : VERSION_UNNAMED;
}

static void read_error_text(const struct facts *f, struct seen_tls *out)
{
    struct span text = facts_text(f, HANDSHAKE_FACTS_ERROR_TEXT);
    if (text.len >= sizeof(out->error_text)) {
        facts_bad(f, HANDSHAKE_FACTS_ERROR_TEXT, "is longer than such a text can be");
    } else if (text.len > 0) {
        memcpy(out->error_text, text.at, text.len);
    }
}

static void read_tls(const struct facts *f, struct seen_tls *out)
{
    *out = (struct seen_tls){
        .completed = facts_bool(f, HANDSHAKE_FACTS_COMPLETED),
        .short_flight = facts_bool(f, HANDSHAKE_FACTS_SHORT),
        .client_cert_requested = facts_bool(f, HANDSHAKE_FACTS_CLIENT_CERT_REQUESTED),
        .ems = facts_bool(f, HANDSHAKE_FACTS_EXTENDED_MASTER_SECRET),
        .secure_reneg = facts_bool(f, HANDSHAKE_FACTS_SECURE_RENEGOTIATION),
        .unknown_name_warning = facts_bool(f, HANDSHAKE_FACTS_UNKNOWN_NAME_WARNING),
        .ocsp_stapled = facts_bool(f, HANDSHAKE_FACTS_OCSP_STAPLED),
        .sct_in_tls = facts_bool(f, HANDSHAKE_FACTS_SCT_IN_TLS),
        .list_truncated = facts_bool(f, HANDSHAKE_FACTS_LIST_TRUNCATED),
        .list_malformed = facts_bool(f, HANDSHAKE_FACTS_LIST_MALFORMED),
        .version = read_version(f),
        .cipher = facts_u16(f, HANDSHAKE_FACTS_CIPHER_ID),
        .group = facts_u16(f, HANDSHAKE_FACTS_GROUP_ID),
        .dh_bits = facts_u16(f, HANDSHAKE_FACTS_DH_BITS),
        .signature_scheme = facts_u16(f, HANDSHAKE_FACTS_SIGNATURE_SCHEME_ID),
        .alert_received = (int16_t)facts_natural(f, HANDSHAKE_FACTS_ALERT_RECEIVED_ID, UINT8_MAX),
        .alert_sent = (int16_t)facts_natural(f, HANDSHAKE_FACTS_ALERT_SENT_ID, UINT8_MAX),
        .error_code = facts_u32(f, HANDSHAKE_FACTS_ERROR_CODE),
        .ms = (int32_t)facts_natural(f, HANDSHAKE_FACTS_MS, INT32_MAX),
        .cert_count = facts_u32(f, HANDSHAKE_FACTS_CERT_COUNT),
        .certificate_octets = facts_u32(f, HANDSHAKE_FACTS_CERTIFICATE_OCTETS),
    };
    read_error_text(f, out);
    facts_sha256(f, HANDSHAKE_FACTS_CHAIN_ID, out->chain_id);
    facts_sha256(f, HANDSHAKE_FACTS_LEAF_SHA256, out->leaf_sha256);
    out->list = facts_base64(f, HANDSHAKE_FACTS_MALFORMED_LIST);
}

void read_handshake(const struct facts *handshake, struct seen_session *out)
{
    out->tls_attempted = true;
    out->sni = facts_bool(handshake, HANDSHAKE_FACTS_SNI);
    read_tls(handshake, &out->tls);
}
