#include "scanner/analysis/session_findings.h"

#include <string.h>

#include "scanner/analysis/cipher_findings.h"
#include "scanner/analysis/cipher_traits.h"
#include "scanner/analysis/findings.h"
#include "scanner/analysis/form_findings.h"
#include "scanner/analysis/reverse_dns_findings.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/leaf_key.h"
#include "scanner/observation/tls_names.h"

#define SLOW_GREETING_MS \
    5000 /* our own bound; senders wait 5 minutes, RFC 5321 section 4.5.3.2.1 */
#define DH_BITS_MIN \
    2048 /* RFC 9325 section 4.5; OpenSSL's security level 2, its default since 3.2 */

/* Ends of ranges in the IANA registry "TLS Supported Groups". */
#define GROUP_SECT163K1 1
#define GROUP_SECT193R2 5
#define GROUP_SECP160K1 15
#define GROUP_SECP192R1 19

/* IANA registry "TLS HashAlgorithm". */
#define HASH_MD5  1
#define HASH_SHA1 2

#define TLS1_0 0x0301
#define TLS1_3 0x0304

/* Octets of a Certificate message that clients take by default. GnuTLS: MAX_HANDSHAKE_PACKET_SIZE, with the messages before it,
 * gnutls_handshake_set_max_packet_length(3). Go: maxHandshakeCertificateMsg of crypto/tls. */
#define OPENSSL_MESSAGE_MAX (OPENSSL_LIST_KIB_MAX * 1024U)
#define GNUTLS_MESSAGE_MAX  (128U * 1024)
#define GO_MESSAGE_MAX      (256U * 1024)

/* The address a session went to, for evidence. */
struct target {
    const struct net_addr *address;
    uint16_t port;
};

static void put_target(struct buf *evidence, struct target target)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(target.address, text);
    buf_putf(evidence, "%s port %u", text, target.port);
}

static void connect_finding(const struct seen_session *s, struct target target,
                            enum finding_code code, struct findings *out)
{
    struct buf *evidence = findings_add_max(out, code);
    put_target(evidence, target);
    const char *name = s->sys < 0 ? strerrorname_np(-s->sys) : NULL;
    if (name != NULL) {
        buf_putf(evidence, ": %s", name);
    }
}

/* A reply as it was sent, or what there was instead of it. */
static void put_reply_line(struct buf *evidence, const struct seen_session *s, struct target target,
                           enum smtp_step step)
{
    const struct seen_reply *reply = &s->smtp.reply[step];
    put_target(evidence, target);
    buf_put_text(evidence, ": ");
    if (reply->text.len > 0) {
        evidence_put(evidence, reply->text);
    } else if (s->smtp.bad.len > 0) {
        evidence_put(evidence, s->smtp.bad);
    } else {
        buf_put_text(evidence, "no reply");
    }
}

static void reply_finding(const struct seen_session *s, struct target target, enum smtp_step step,
                          enum finding_code code, struct findings *out)
{
    put_reply_line(findings_add_max(out, code), s, target, step);
}

/* What came in place of a reply, at whatever step. */
static void not_smtp_finding(const struct seen_session *s, struct target target,
                             struct findings *out)
{
    if (s->smtp.bad.len == 0) {
        reply_finding(s, target, SMTP_STEP_GREETING, FINDING_SMTP_NOT_SMTP, out);
        return;
    }
    struct buf *evidence = findings_add_max(out, FINDING_SMTP_NOT_SMTP);
    put_target(evidence, target);
    buf_put_text(evidence, ": ");
    evidence_put(evidence, s->smtp.bad);
}

/* By which of the two: what stuttered its greeting, or what says that it is spamd(8). */
static void tarpit_finding(const struct seen_session *s, struct target target, struct findings *out)
{
    struct buf *evidence = findings_add_max(out, FINDING_SMTP_TARPIT);
    put_reply_line(evidence, s, target, SMTP_STEP_GREETING);
    buf_put_text(evidence, "; EHLO: ");
    evidence_put(evidence, s->smtp.reply[SMTP_STEP_EHLO].text);
}

static void session_handshake_finding(const struct seen_session *s, struct target target,
                                      enum finding_code code, struct findings *out)
{
    struct buf *evidence = findings_add_max(out, code);
    put_target(evidence, target);
    buf_put_text(evidence, s->sni ? ", with SNI" : ", without SNI");
    const char *name = tls_alert_name(s->tls.alert_received);
    if (name != NULL) {
        buf_putf(evidence, ": alert %s", name);
    } else if (s->tls.alert_received >= 0) {
        buf_putf(evidence, ": alert %d", s->tls.alert_received);
    } else if (s->tls.error_text[0] != '\0') {
        buf_putf(evidence, ": %s", s->tls.error_text);
    }
}

static void session_outcome_findings(const struct seen_session *s, struct target target,
                                     struct findings *out)
{
    switch (s->outcome) {
    case OUTCOME_NOT_TESTED:
    case OUTCOME_LOCAL_FAULT: /* ours: no finding about the server */
    case OUTCOME_ESTABLISHED:
    case OUTCOME_COUNT:
        return;
    case OUTCOME_REFUSED:
        connect_finding(s, target, FINDING_SMTP_CONNECT_REFUSED, out);
        return;
    case OUTCOME_UNREACHABLE:
        connect_finding(s, target, FINDING_SMTP_CONNECT_UNREACHABLE, out);
        return;
    case OUTCOME_CONNECT_TIMEOUT:
        connect_finding(s, target, FINDING_SMTP_CONNECT_TIMEOUT, out);
        return;
    case OUTCOME_GREETING_TIMEOUT:
        reply_finding(s, target, SMTP_STEP_GREETING, FINDING_SMTP_GREETING_TIMEOUT, out);
        return;
    case OUTCOME_GREETING_CLOSED:
        reply_finding(s, target, SMTP_STEP_GREETING, FINDING_SMTP_GREETING_CLOSED, out);
        return;
    case OUTCOME_GREETING_TEMPFAIL:
        reply_finding(s, target, SMTP_STEP_GREETING, FINDING_SMTP_GREETING_TEMPFAIL, out);
        return;
    case OUTCOME_GREETING_REJECTED:
        reply_finding(s, target, SMTP_STEP_GREETING, FINDING_SMTP_GREETING_REJECTED, out);
        return;
    case OUTCOME_NOT_SMTP:
        not_smtp_finding(s, target, out);
        return;
    case OUTCOME_EHLO_TIMEOUT:
        reply_finding(s, target, SMTP_STEP_EHLO, FINDING_SMTP_EHLO_TIMEOUT, out);
        return;
    case OUTCOME_EHLO_CLOSED:
        reply_finding(s, target, SMTP_STEP_EHLO, FINDING_SMTP_EHLO_CLOSED, out);
        return;
    case OUTCOME_EHLO_TEMPFAIL:
        reply_finding(s, target, SMTP_STEP_EHLO, FINDING_SMTP_EHLO_TEMPFAIL, out);
        return;
    case OUTCOME_EHLO_REJECTED:
        reply_finding(s, target, SMTP_STEP_EHLO, FINDING_SMTP_EHLO_REJECTED, out);
        return;
    case OUTCOME_HELO_ONLY:
        reply_finding(s, target, SMTP_STEP_EHLO, FINDING_SMTP_HELO_ONLY, out);
        return;
    case OUTCOME_TARPIT:
        tarpit_finding(s, target, out);
        return;
    case OUTCOME_STARTTLS_NOT_OFFERED:
        reply_finding(s, target, SMTP_STEP_EHLO, FINDING_STARTTLS_NOT_OFFERED, out);
        return;
    case OUTCOME_STARTTLS_MASKED:
        reply_finding(s, target, SMTP_STEP_EHLO, FINDING_STARTTLS_MASKED, out);
        return;
    case OUTCOME_STARTTLS_TIMEOUT:
        reply_finding(s, target, SMTP_STEP_STARTTLS, FINDING_STARTTLS_TIMEOUT, out);
        return;
    case OUTCOME_STARTTLS_CLOSED:
        reply_finding(s, target, SMTP_STEP_STARTTLS, FINDING_STARTTLS_CLOSED, out);
        return;
    case OUTCOME_STARTTLS_TEMPFAIL:
        reply_finding(s, target, SMTP_STEP_STARTTLS, FINDING_STARTTLS_TEMPFAIL, out);
        return;
    case OUTCOME_STARTTLS_REJECTED:
        reply_finding(s, target, SMTP_STEP_STARTTLS, FINDING_STARTTLS_REJECTED, out);
        return;
    case OUTCOME_TLS_TIMEOUT:
        session_handshake_finding(s, target, FINDING_TLS_TIMEOUT, out);
        return;
    case OUTCOME_TLS_CLOSED:
        session_handshake_finding(s, target, FINDING_TLS_CLOSED, out);
        return;
    case OUTCOME_TLS_RESET:
        session_handshake_finding(s, target, FINDING_TLS_RESET, out);
        return;
    case OUTCOME_TLS_ALERT:
        session_handshake_finding(s, target, FINDING_TLS_ALERT, out);
        return;
    case OUTCOME_TLS_NO_SHARED_VERSION:
        session_handshake_finding(s, target, FINDING_TLS_NO_SHARED_VERSION, out);
        return;
    case OUTCOME_TLS_NO_SHARED_CIPHER:
        session_handshake_finding(s, target, FINDING_TLS_NO_SHARED_CIPHER, out);
        return;
    case OUTCOME_TLS_PROTOCOL_ERROR:
        /* A list whose lengths do not add up is the better name for what it caused. */
        if (!s->tls.list_malformed) {
            session_handshake_finding(s, target, FINDING_TLS_PROTOCOL_ERROR, out);
        }
        return;
    }
}

static void empty_line_finding(const struct seen_smtp *smtp, struct target target,
                               struct findings *out)
{
    bool greeting = smtp_has_quirk(smtp->quirks, SMTP_QUIRK_EMPTY_LINE_GREETING);
    bool reply = smtp_has_quirk(smtp->quirks, SMTP_QUIRK_EMPTY_LINE_REPLY);
    if (greeting || reply) {
        struct buf *evidence = findings_add_max(out, FINDING_SMTP_EMPTY_LINE);
        put_target(evidence, target);
        buf_put_text(evidence, greeting && reply ? ": at the greeting and in a later reply"
                               : greeting        ? ": at the greeting"
                                                 : ": in a reply");
    }
}

/* Lines that only some senders bear. */
static void line_findings(const struct seen_smtp *smtp, struct target target, struct findings *out)
{
    empty_line_finding(smtp, target, out);
    if (smtp_has_quirk(smtp->quirks, SMTP_QUIRK_GARBAGE_LINE)) {
        struct buf *evidence = findings_add_max(out, FINDING_SMTP_GARBAGE_LINE);
        put_target(evidence, target);
        buf_put_text(evidence, ": ");
        evidence_put(evidence, smtp->bad);
    }
    if (smtp_has_quirk(smtp->quirks, SMTP_QUIRK_CR_CR_LF)) {
        put_target(findings_add_max(out, FINDING_SMTP_LINE_END), target);
    }
    if (smtp_has_quirk(smtp->quirks, SMTP_QUIRK_NUL)) {
        put_target(findings_add_max(out, FINDING_SMTP_NUL), target);
    }
}

/* The command itself: how it is listed, how it is answered, what comes behind the answer. */
static void starttls_findings(const struct seen_session *s, struct target target,
                              struct findings *out)
{
    const struct seen_smtp *smtp = &s->smtp;
    if (smtp_has_quirk(smtp->quirks, SMTP_QUIRK_KEYWORD_CASE)) {
        reply_finding(s, target, SMTP_STEP_EHLO, FINDING_STARTTLS_KEYWORD_CASE, out);
    }
    if (smtp_starttls_is_not_220(smtp)) {
        reply_finding(s, target, SMTP_STEP_STARTTLS, FINDING_STARTTLS_CODE, out);
    }
    if (smtp_has_quirk(smtp->quirks, SMTP_QUIRK_INJECTED)) {
        struct buf *evidence = findings_add_max(out, FINDING_STARTTLS_INJECTED);
        put_target(evidence, target);
        buf_putf(evidence, ": %u octets: ", smtp->injected_len);
        evidence_put(evidence, smtp->injected);
    }
}

static void manners_findings(const struct seen_session *s, struct target target,
                             struct findings *out)
{
    const struct seen_smtp *smtp = &s->smtp;
    const struct seen_reply *greeting = &smtp->reply[SMTP_STEP_GREETING];
    if (smtp->greeting_multiline) {
        evidence_put(findings_add_max(out, FINDING_SMTP_MULTILINE_GREETING), greeting->text);
    }
    if (smtp->greeting_without_esmtp) {
        evidence_put(findings_add_max(out, FINDING_SMTP_NO_ESMTP_WORD), greeting->text);
    }
    if (greeting->ms >= SLOW_GREETING_MS) {
        /* Not the time itself, which no two scans share: it is in the transcript. */
        buf_putf(findings_add_max(out, FINDING_SMTP_SLOW_GREETING), "%d ms or more",
                 SLOW_GREETING_MS);
    }
    if (smtp->early_talker) {
        put_target(findings_add_max(out, FINDING_SMTP_EARLY_TALKER), target);
    }
    if (smtp->line_too_long) {
        put_target(findings_add_max(out, FINDING_SMTP_LINE_TOO_LONG), target);
    }
    for (int step = 0; step < SMTP_STEP_COUNT; step++) {
        if (smtp->reply[step].truncated) {
            put_reply_line(findings_add_max(out, FINDING_SMTP_REPLY_TRUNCATED), s, target,
                           (enum smtp_step)step);
            return;
        }
    }
}

/* The dialogue after the handshake, if there was one. Without a reply to STARTTLS the port has implicit TLS. */
static void inside_findings(const struct seen_session *s, struct target target,
                            struct findings *out)
{
    if (s->outcome != OUTCOME_ESTABLISHED || s->tls.short_flight ||
        s->smtp.reply[SMTP_STEP_STARTTLS].code == 0) {
        return;
    }
    uint16_t code = s->smtp.reply[SMTP_STEP_EHLO_TLS].code;
    /* A refusal is the server's word; silence may have causes on the path. */
    bool refused = smtp_has_quirk(s->smtp.quirks, SMTP_QUIRK_REFUSED_AFTER_TLS);
    bool silent = smtp_has_quirk(s->smtp.quirks, SMTP_QUIRK_SILENT_AFTER_TLS);
    if (smtp_has_quirk(s->smtp.quirks, SMTP_QUIRK_LOST_AFTER_TLS)) {
        session_handshake_finding(s, target, FINDING_STARTTLS_SESSION_LOST, out);
    } else if (code / 100 != 2 || refused || silent) { /* also: a 2xx reply without an end */
        silent = silent || (code == 0 && !refused);
        enum severity severity = silent ? SEVERITY_WARNING : SEVERITY_ERROR;
        put_reply_line(findings_add(out, FINDING_STARTTLS_EHLO_FAILED, severity), s, target,
                       SMTP_STEP_EHLO_TLS);
    }
    if (s->smtp.starttls_again) {
        evidence_put(findings_add_max(out, FINDING_STARTTLS_OFFERED_AGAIN),
                     s->smtp.reply[SMTP_STEP_EHLO_TLS].text);
    }
}

static void put_suite(struct buf *evidence, const struct seen_tls *tls)
{
    const char *version = tls_version_word(tls->version);
    const char *cipher = tls_cipher_name(tls->cipher);
    buf_putf(evidence, "%s, %s", version != NULL ? version : "version unknown",
             cipher != NULL ? cipher : "cipher suite unknown");
}

static void list_size_finding(const struct seen_tls *tls, struct findings *out)
{
    if (tls->certificate_octets <= OPENSSL_MESSAGE_MAX) {
        return;
    }
    bool unread = tls->certificate_octets > TLS_CERTIFICATE_MESSAGE_MAX;
    struct buf *evidence = findings_add_max(out, FINDING_TLS_LIST_LARGE);
    buf_putf(evidence, "%u octets%s; rejected by default by OpenSSL (over %u)",
             tls->certificate_octets, unread ? " or more" : "", OPENSSL_MESSAGE_MAX);
    if (tls->certificate_octets > GNUTLS_MESSAGE_MAX) {
        buf_putf(evidence, ", GnuTLS (%u)", GNUTLS_MESSAGE_MAX);
    }
    if (tls->certificate_octets > GO_MESSAGE_MAX) {
        buf_putf(evidence, ", Go (%u)", GO_MESSAGE_MAX);
    }
}

/* RFC 8446 section 4.4.2.2 and RFC 5246 section 7.4.2: where there is a keyUsage, it must have
 * keyEncipherment for static RSA, and digitalSignature for all else that is offered here. */
static void key_usage_finding(const struct seen_tls *tls, struct findings *out)
{
    const char *cipher = tls_cipher_name(tls->cipher);
    struct span rest = tls->list;
    struct span leaf;
    struct leaf_key key;
    if (cipher == NULL || !cert_list_next(&rest, &leaf) || !leaf_key_read(leaf, &key)) {
        return;
    }
    bool static_rsa = tls->version < TLS1_3 && strncmp(cipher, "TLS_RSA_", strlen("TLS_RSA_")) == 0;
    if (leaf_key_may_be_used(&key, static_rsa)) {
        return;
    }
    struct buf *evidence = findings_add_max(out, FINDING_TLS_KEY_USAGE);
    put_suite(evidence, tls);
    buf_putf(evidence, ": keyUsage without %s",
             static_rsa ? "keyEncipherment" : "digitalSignature");
}

/* What a list of certificates shows whether or not the handshake completed. */
static void session_list_findings(const struct seen_session *s, struct target target,
                                  struct findings *out)
{
    if (s->tls.list_malformed) {
        session_handshake_finding(s, target, FINDING_TLS_LIST_MALFORMED, out);
    }
    if (s->tls.list_truncated) {
        buf_putf(findings_add_max(out, FINDING_TLS_LIST_TRUNCATED),
                 "%u certificates recorded, %zu octets", s->tls.cert_count, s->tls.list.len);
    }
    list_size_finding(&s->tls, out);
    key_usage_finding(&s->tls, out);
}

/* Facts of TLS 1.2 and older; TLS 1.3 has forward secrecy, and no renegotiation. */
static void legacy_findings(const struct seen_tls *tls, struct findings *out)
{
    const char *cipher = tls_cipher_name(tls->cipher);
    if (tls->version < 0x0303) {
        put_suite(findings_add_max(out, FINDING_TLS_LEGACY_VERSION), tls);
    }
    unsigned traits = 0;
    if (cipher_traits_of(tls->cipher, &traits) && (traits & CIPHER_FORWARD_SECRET) == 0) {
        put_suite(findings_add_max(out, FINDING_TLS_NO_FORWARD_SECRECY), tls);
    }
    if (cipher != NULL && strncmp(cipher, "TLS_DHE_", strlen("TLS_DHE_")) == 0) {
        put_suite(findings_add_max(out, FINDING_TLS_DHE), tls);
    }
    if (tls->dh_bits > 0 && tls->dh_bits < DH_BITS_MIN) {
        buf_putf(findings_add_max(out, FINDING_TLS_DH_SMALL), "%u bits", tls->dh_bits);
    }
    if (!tls->secure_reneg) {
        put_suite(findings_add_max(out, FINDING_TLS_NO_SECURE_RENEGOTIATION), tls);
    }
    if (!tls->ems) {
        put_suite(findings_add_max(out, FINDING_TLS_NO_EXTENDED_MASTER_SECRET), tls);
    }
}

static void cipher_findings(const struct seen_tls *tls, struct findings *out)
{
    unsigned traits = 0;
    (void)cipher_traits_of(tls->cipher, &traits);
    if ((traits & CIPHER_BROKEN) != 0) {
        put_suite(findings_add_max(out, FINDING_TLS_CIPHER_BROKEN), tls);
    } else if ((traits & CIPHER_CBC) != 0) {
        put_suite(findings_add_max(out, FINDING_TLS_CIPHER_CBC), tls);
    }
}

/* Curves of the 160 and 192 bit kinds: RFC 9325 section 4.5 asks for 224 bits at least. */
static bool is_weak_group(uint16_t group)
{
    return (group >= GROUP_SECT163K1 && group <= GROUP_SECT193R2) ||
           (group >= GROUP_SECP160K1 && group <= GROUP_SECP192R1);
}

static void key_exchange_findings(const struct seen_tls *tls, struct findings *out)
{
    const char *group = tls_group_name(tls->group);
    if (group != NULL && strstr(group, "MLKEM") != NULL) {
        buf_put_text(findings_add_max(out, FINDING_TLS_PQ_GROUP), group);
    }
    if (group != NULL && is_weak_group(tls->group)) {
        buf_put_text(findings_add_max(out, FINDING_TLS_WEAK_GROUP), group);
    }
    /* RFC 5246 section 7.4.1.4.1: the first octet is the hash, as also RFC 8446 keeps it. */
    unsigned hash = tls->signature_scheme >> 8;
    if (hash == HASH_MD5 || hash == HASH_SHA1) {
        const char *scheme = tls_signature_scheme_name(tls->signature_scheme);
        struct buf *evidence = findings_add_max(out, FINDING_TLS_WEAK_SIGNATURE_SCHEME);
        buf_put_text(evidence, scheme != NULL ? scheme : hash == HASH_MD5 ? "MD5" : "SHA-1");
    }
}

static void parameter_findings(const struct seen_tls *tls, struct findings *out)
{
    if (!tls->completed) {
        return;
    }
    if (tls->version != 0 && tls->version <= 0x0303) {
        legacy_findings(tls, out);
    }
    cipher_findings(tls, out);
    key_exchange_findings(tls, out);
    if (tls->cert_count == 0 && !tls->list_malformed && !tls->list_truncated) {
        put_suite(findings_add_max(out, FINDING_TLS_NO_CERTIFICATE), tls);
    }
    if (tls->client_cert_requested) {
        put_suite(findings_add_max(out, FINDING_TLS_CLIENT_CERTIFICATE), tls);
    }
}

static bool is_about_peer(enum session_outcome outcome)
{
    return outcome != OUTCOME_NOT_TESTED && outcome != OUTCOME_LOCAL_FAULT;
}

static void unstable_finding(const char *first, const char *then, enum severity severity,
                             struct findings *out)
{
    buf_putf(findings_add(out, FINDING_SMTP_UNSTABLE, severity), "%s, then %s", first, then);
}

/* How it ended: inside TLS a session may be lost although the handshake completed. */
static const char *end_word(const struct seen_session *s)
{
    if (smtp_has_quirk(s->smtp.quirks, SMTP_QUIRK_LOST_AFTER_TLS)) {
        return smtp_quirk_word(SMTP_QUIRK_LOST_AFTER_TLS);
    }
    if (smtp_has_quirk(s->smtp.quirks, SMTP_QUIRK_SILENT_AFTER_TLS)) {
        return smtp_quirk_word(SMTP_QUIRK_SILENT_AFTER_TLS);
    }
    return outcome_info(s->outcome)->word;
}

/* The attempts of one row. A server that is busy first and answers later costs nothing. */
static void attempts_finding(const struct seen_session *attempts, size_t count,
                             struct findings *out)
{
    const struct seen_session *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!is_about_peer(attempts[i].outcome)) {
            continue;
        }
        if (first == NULL) {
            first = &attempts[i];
        } else if (strcmp(end_word(&attempts[i]), end_word(first)) != 0) {
            unstable_finding(end_word(first), end_word(&attempts[i]), SEVERITY_NOTICE, out);
            return;
        }
    }
}

/* The service's session came first, and what came before TLS in either cannot be SNI's doing. */
static void both_sessions_finding(const struct seen_endpoint *e, struct findings *out)
{
    if (!findings_has(out, FINDING_SMTP_UNSTABLE) &&
        outcomes_are_unstable(e->no_sni_outcome, e->result->outcome)) {
        unstable_finding(outcome_info(e->no_sni_outcome)->word,
                         outcome_info(e->result->outcome)->word, SEVERITY_WARNING, out);
    }
}

static void session_findings(const struct seen_session *s, struct target target,
                             struct findings *out)
{
    if (!is_about_peer(s->outcome)) {
        return;
    }
    session_outcome_findings(s, target, out);
    manners_findings(s, target, out);
    line_findings(&s->smtp, target, out);
    starttls_findings(s, target, out);
    findings_of_forms(&s->smtp, target.address, target.port, out);
    inside_findings(s, target, out);
    if (s->tls_attempted) {
        session_list_findings(s, target, out);
        parameter_findings(&s->tls, out);
    }
}

static void put_accepted(struct buf *evidence, const struct seen_versions *v)
{
    const char *separator = "accepts ";
    for (unsigned i = 0; i < TLS_VERSION_COUNT; i++) {
        if (v->accepted[i] == TRUTH_YES) {
            buf_putf(evidence, "%s%s", separator, tls_version_word((uint16_t)(TLS1_0 + i)));
            separator = ", ";
        }
    }
}

/* What could not be found out is neither accepted nor refused. */
static void version_findings(const struct seen_versions *v, struct findings *out)
{
    const uint8_t *accepted = v->accepted;
    bool old = accepted[0] == TRUTH_YES || accepted[1] == TRUTH_YES;
    bool new = accepted[2] == TRUTH_YES || accepted[3] == TRUTH_YES;
    bool only_tls13 = accepted[3] == TRUTH_YES && accepted[0] == TRUTH_NO &&
                      accepted[1] == TRUTH_NO && accepted[2] == TRUTH_NO;
    if (old && new) {
        put_accepted(findings_add_max(out, FINDING_TLS_LEGACY_ACCEPTED), v);
    }
    if (only_tls13) {
        put_accepted(findings_add_max(out, FINDING_TLS_ONLY_TLS13), v);
    }
    if (accepted[3] == TRUTH_NO && (old || accepted[2] == TRUTH_YES)) {
        put_accepted(findings_add_max(out, FINDING_TLS_NO_TLS13), v);
    }
}

/* An alert is the server's word; a close may be chance. Without SNI it must be well. */
static void wrong_sni_finding(const struct seen_service *s, struct findings *out)
{
    if (s->wrong_sni == NULL || s->result == NULL || s->result->outcome != OUTCOME_ESTABLISHED ||
        s->wrong_sni->outcome == OUTCOME_ESTABLISHED || !s->wrong_sni->tls_attempted) {
        return;
    }
    const char *alert = tls_alert_name(s->wrong_sni->tls.alert_received);
    if (alert != NULL) {
        buf_putf(findings_add_max(out, FINDING_SNI_FOREIGN_NAME_FATAL), "%s: alert %s",
                 WRONG_SNI_NAME, alert);
    }
}

void findings_of_service(const struct seen_service *s, const struct service_verdict *v,
                         struct findings *out)
{
    if (s->result != NULL) {
        session_findings(s->result, (struct target){&s->address, s->port}, out);
    }
    attempts_finding(s->attempts, s->attempt_count, out);
    if (s->versions.asked) {
        version_findings(&s->versions, out);
    }
    cipher_findings_of_service(s, out);
    wrong_sni_finding(s, out);
    if (v != NULL) {
        reverse_dns_findings(s, v, out);
    }
}

/* What STARTTLS lacked in this session and had in the other is no property of the server. */
static void soften_outcome_finding(struct findings *out, size_t at, enum session_outcome here,
                                   enum session_outcome other)
{
    if (at < out->count && outcome_is_outdone(here, other) && outcome_info(here)->before_tls &&
        out->item[at].severity > SEVERITY_WARNING) {
        out->item[at].severity = SEVERITY_WARNING;
    }
}

/* How long one session waited for its greeting says nothing of a session that was not made. */
static struct seen_session spoken_session(const struct seen_endpoint *e)
{
    struct seen_session s = *e->result;
    if (e->basis == BASIS_INFERRED) {
        s.smtp.reply[SMTP_STEP_GREETING].ms = -1;
    }
    return s;
}

void session_findings_of_endpoint(const struct seen_endpoint *e, struct findings *out)
{
    if (e->result != NULL && !endpoint_is_inherited(e)) {
        struct seen_session spoken = spoken_session(e);
        size_t first = out->count; /* that of the outcome */
        session_findings(&spoken, (struct target){&e->address, e->port}, out);
        soften_outcome_finding(out, first, spoken.outcome, e->no_sni_outcome);
    }
    attempts_finding(e->attempts, e->attempt_count, out);
    if (e->result != NULL && !endpoint_is_inherited(e)) {
        both_sessions_finding(e, out);
    }
}
