#include "scanner/analysis/session_facts.h"

#include "scanner/cert/cert_form.h"
#include "scanner/cert/cert_list.h"
#include "scanner/cert/leaf_key.h"

#define KIB     1024U
#define CLOSING 421 /* RFC 5321 section 3.8 */
#define TLS1_2  0x0303

/* IANA "TLS SignatureScheme". */
#define RSA_SHA1   0x0201
#define DSA_SHA1   0x0202
#define ECDSA_SHA1 0x0203
/* Those of SHA-224 have none of their own there: RFC 5246 section 7.4.1.4.1, hash and signature. */
#define HASH_SHA224 0x03

static uint16_t kib_of(size_t octets)
{
    size_t kib = (octets + KIB - 1) / KIB;
    return (uint16_t)(kib < UINT16_MAX ? kib : UINT16_MAX);
}

static uint16_t when(bool is, uint16_t bit)
{
    return is ? bit : 0;
}

static uint16_t dialogue_bits(const struct seen_smtp *smtp)
{
    return (uint16_t)(smtp->quirks | when(smtp_starttls_is_not_220(smtp), SENDER_FACTS_NOT_220) |
                      when(smtp->early_talker, SENDER_FACTS_EARLY_REPLY) |
                      when(smtp->reply[SMTP_STEP_EHLO].truncated, SENDER_FACTS_LONG_REPLY));
}

/* Before TLS 1.2 all signatures are made with SHA-1 (and MD5); RFC 8446 section 4.2.3 ends it. */
static bool signs_with_sha1(const struct seen_tls *tls)
{
    uint16_t scheme = tls->signature_scheme;
    return tls->version == TLS1_2 &&
           (scheme == RSA_SHA1 || scheme == DSA_SHA1 || scheme == ECDSA_SHA1);
}

static bool signs_with_sha224(const struct seen_tls *tls)
{
    return tls->version == TLS1_2 && tls->signature_scheme >> 8 == HASH_SHA224;
}

static bool list_is_plain(struct span list)
{
    struct span der;
    while (cert_list_next(&list, &der)) {
        if (!cert_form_is_plain(der)) {
            return false;
        }
    }
    return true;
}

/* Nothing was wrong with what came but how much it was: error_text says of what. */
static bool ended_by_our_bound(const struct seen_session *s)
{
    return s->outcome == OUTCOME_TLS_PROTOCOL_ERROR && s->tls.error_code == 0 &&
           s->tls.error_text[0] != '\0';
}

/* QUIT follows a refusal: its reply shows a session that goes on. */
static bool is_open_after_refusal(const struct seen_smtp *smtp)
{
    bool refused = smtp->starttls == STARTTLS_TEMPFAIL || smtp->starttls == STARTTLS_REJECTED;
    bool closed = (smtp->forms & smtp_form_bit(SMTP_FORM_CLOSED_AFTER_REFUSAL)) != 0;
    return refused && !closed &&
           (smtp->reply[SMTP_STEP_QUIT].code == 0 ||
            smtp->reply[SMTP_STEP_STARTTLS].code == CLOSING);
}

/* RFC 3207 section 4: 220, or what refuses. Senders that wait for one of them go on in different ways. */
static bool starttls_is_unread(const struct seen_smtp *smtp)
{
    unsigned code = smtp->reply[SMTP_STEP_STARTTLS].code;
    return smtp->starttls == STARTTLS_REJECTED && (code != 0 ? code < 400 : smtp->line_too_long);
}

static uint8_t events_of(const struct seen_session *s)
{
    unsigned starttls = s->smtp.reply[SMTP_STEP_STARTTLS].code;
    return (uint8_t)(when(starttls >= 500, SENDER_EVENT_STARTTLS_5XX) |
                     when(is_open_after_refusal(&s->smtp), SENDER_EVENT_REFUSED_OPEN) |
                     when(starttls_is_unread(&s->smtp), SENDER_EVENT_STARTTLS_UNREAD) |
                     when(s->tls.completed && signs_with_sha224(&s->tls),
                          SENDER_EVENT_SHA224_SIGNATURE) |
                     when(s->tls.unknown_name_warning, SENDER_EVENT_NAME_WARNING));
}

struct sender_facts session_facts_of(const struct seen_session *s)
{
    struct sender_facts f = {
        .quirks = dialogue_bits(&s->smtp), .events = events_of(s), .forms = s->smtp.forms};
    if (!s->tls_attempted) {
        return f;
    }
    struct span rest = s->tls.list;
    struct span leaf;
    if (cert_list_next(&rest, &leaf)) {
        (void)leaf_key_read(leaf, &f.key);
    }
    f.list_kib = kib_of(s->tls.certificate_octets);
    f.quirks |= when(ended_by_our_bound(s), SENDER_FACTS_OUR_BOUND);
    if (s->tls.completed) {
        f.cipher = s->tls.cipher;
        f.group = s->tls.group;
        f.dh_bits = s->tls.dh_bits;
        f.quirks |= when(signs_with_sha1(&s->tls), SENDER_FACTS_SHA1_SIGNATURE);
        f.quirks |= when(!list_is_plain(s->tls.list), SENDER_FACTS_ODD_CERTIFICATE);
    }
    return f;
}
