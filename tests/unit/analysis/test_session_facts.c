#include <criterion/criterion.h>

#include "scanner/analysis/session_facts.h"

#define TLS1_1     0x0302
#define TLS1_2     0x0303
#define ECDHE_GCM  0xc02f
#define X25519     0x001d
#define RSA_SHA1   0x0201
#define RSA_SHA256 0x0401

struct fact_case {
    const char *name;
    struct seen_session seen;
    struct sender_facts facts;
};

static const struct fact_case cases[] = {
    {"nothing strays", {.smtp = {.reply[SMTP_STEP_STARTTLS] = {.code = 220}}}, {0}},
    {"quirks of the dialogue are as seen",
     {.smtp = {.quirks = 1U << SMTP_QUIRK_NUL}},
     {.quirks = 1U << SMTP_QUIRK_NUL}},
    {"250 to STARTTLS, RFC 3207 section 4",
     {.smtp = {.reply[SMTP_STEP_STARTTLS] = {.code = 250}}},
     {.quirks = SENDER_FACTS_NOT_220}},
    {"5xx to STARTTLS, RFC 5321 section 4.2.1",
     {.smtp = {.reply[SMTP_STEP_STARTTLS] = {.code = 500}}},
     {.events = SENDER_EVENT_STARTTLS_5XX}},
    {"354 to STARTTLS is neither leave nor refusal, RFC 3207 section 4",
     {.smtp = {.starttls = STARTTLS_REJECTED,
               .reply[SMTP_STEP_STARTTLS] = {.code = 354},
               .reply[SMTP_STEP_QUIT] = {.code = 221}}},
     {.events = SENDER_EVENT_STARTTLS_UNREAD}},
    {"a line that is longer than we read",
     {.smtp = {.starttls = STARTTLS_REJECTED,
               .line_too_long = true,
               .reply[SMTP_STEP_QUIT] = {.code = 221}}},
     {.events = SENDER_EVENT_STARTTLS_UNREAD}},
    {"a line that is no reply",
     {.smtp = {.starttls = STARTTLS_REJECTED, .reply[SMTP_STEP_QUIT] = {.code = 221}}},
     {0}},
    {"5xx to another command", {.smtp = {.reply[SMTP_STEP_EHLO] = {.code = 502}}}, {0}},
    {"ECDSA with SHA-224, RFC 5246 section 7.4.1.4.1",
     {.outcome = OUTCOME_ESTABLISHED,
      .tls_attempted = true,
      .tls =
          {.completed = true, .version = TLS1_2, .cipher = ECDHE_GCM, .signature_scheme = 0x0303}},
     {.cipher = ECDHE_GCM, .events = SENDER_EVENT_SHA224_SIGNATURE}},
    {"RSA with SHA-224",
     {.outcome = OUTCOME_ESTABLISHED,
      .tls_attempted = true,
      .tls =
          {.completed = true, .version = TLS1_2, .cipher = ECDHE_GCM, .signature_scheme = 0x0301}},
     {.cipher = ECDHE_GCM, .events = SENDER_EVENT_SHA224_SIGNATURE}},
    {"a warning alert for the name, RFC 6066 section 3",
     {.outcome = OUTCOME_ESTABLISHED,
      .tls_attempted = true,
      .tls = {.completed = true,
              .version = TLS1_2,
              .cipher = ECDHE_GCM,
              .unknown_name_warning = true}},
     {.cipher = ECDHE_GCM, .events = SENDER_EVENT_NAME_WARNING}},
    {"454 is a refusal, and QUIT is answered",
     {.smtp = {.starttls = STARTTLS_TEMPFAIL,
               .reply[SMTP_STEP_STARTTLS] = {.code = 454},
               .reply[SMTP_STEP_QUIT] = {.code = 221}}},
     {0}},
    {"QUIT is not answered: whether the session lives on is not known",
     {.smtp = {.starttls = STARTTLS_TEMPFAIL, .reply[SMTP_STEP_STARTTLS] = {.code = 454}}},
     {.events = SENDER_EVENT_REFUSED_OPEN}},
    {"421 announces its end, RFC 5321 section 3.8, and it goes on",
     {.smtp = {.starttls = STARTTLS_TEMPFAIL,
               .reply[SMTP_STEP_STARTTLS] = {.code = 421},
               .reply[SMTP_STEP_QUIT] = {.code = 221}}},
     {.events = SENDER_EVENT_REFUSED_OPEN}},
    {"it ends",
     {.smtp = {.starttls = STARTTLS_REJECTED,
               .reply[SMTP_STEP_STARTTLS] = {.code = 554},
               .forms = 1U << SMTP_FORM_CLOSED_AFTER_REFUSAL}},
     {.events = SENDER_EVENT_STARTTLS_5XX, .forms = 1U << SMTP_FORM_CLOSED_AFTER_REFUSAL}},
    {"forms of the dialogue are as seen",
     {.smtp = {.forms = 1U << SMTP_FORM_HIDDEN_GREETING}},
     {.forms = 1U << SMTP_FORM_HIDDEN_GREETING}},
    {"text behind the greeting, RFC 5321 section 4.3.1",
     {.smtp = {.early_talker = true}},
     {.quirks = SENDER_FACTS_EARLY_REPLY}},
    {"a reply to EHLO that was cut",
     {.smtp = {.reply[SMTP_STEP_EHLO] = {.code = 250, .truncated = true}}},
     {.quirks = SENDER_FACTS_LONG_REPLY}},
    {"another reply that was cut",
     {.smtp = {.reply[SMTP_STEP_GREETING] = {.code = 220, .truncated = true}}},
     {0}},
    {"a handshake that completed",
     {.outcome = OUTCOME_ESTABLISHED,
      .tls_attempted = true,
      .tls = {.completed = true,
              .version = TLS1_2,
              .cipher = ECDHE_GCM,
              .group = X25519,
              .signature_scheme = RSA_SHA256,
              .certificate_octets = 1024}},
     {.cipher = ECDHE_GCM, .group = X25519, .list_kib = 1}},
    {"the list, rounded up, also where nothing completed",
     {.outcome = OUTCOME_TLS_ALERT,
      .tls_attempted = true,
      .tls = {.cipher = ECDHE_GCM, .certificate_octets = 1025}},
     {.list_kib = 2}},
    {"a signature with SHA-1, RFC 5246 section 7.4.1.4.1",
     {.outcome = OUTCOME_ESTABLISHED,
      .tls_attempted = true,
      .tls = {.completed = true, .version = TLS1_2, .signature_scheme = RSA_SHA1}},
     {.quirks = SENDER_FACTS_SHA1_SIGNATURE}},
    {"before TLS 1.2 all are, RFC 4346 section 7.4.3",
     {.outcome = OUTCOME_ESTABLISHED,
      .tls_attempted = true,
      .tls = {.completed = true, .version = TLS1_1, .signature_scheme = RSA_SHA1}},
     {0}},
    {"more messages than we read",
     {.outcome = OUTCOME_TLS_PROTOCOL_ERROR,
      .tls_attempted = true,
      .tls = {.error_text = "more handshake messages than a session needs"}},
     {.quirks = SENDER_FACTS_OUR_BOUND}},
    {"what the TLS library cannot read",
     {.outcome = OUTCOME_TLS_PROTOCOL_ERROR,
      .tls_attempted = true,
      .tls = {.error_code = 267, .error_text = "wrong version number"}},
     {0}},
    {"a bound that was met when the handshake was done",
     {.outcome = OUTCOME_ESTABLISHED,
      .tls_attempted = true,
      .tls = {.completed = true,
              .cipher = ECDHE_GCM,
              .version = TLS1_2,
              .error_text = "more octets than a session needs"}},
     {.cipher = ECDHE_GCM}},
};

Test(session_facts, what_a_session_showed)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct sender_facts *want = &cases[i].facts;
        struct sender_facts f = session_facts_of(&cases[i].seen);
        cr_expect_eq(f.quirks, want->quirks, "%s: quirks %#x", cases[i].name, f.quirks);
        cr_expect_eq(f.forms, want->forms, "%s: forms %#x", cases[i].name, f.forms);
        cr_expect_eq(f.events, want->events, "%s: events %#x", cases[i].name, f.events);
        cr_expect_eq(f.cipher, want->cipher, "%s: cipher", cases[i].name);
        cr_expect_eq(f.group, want->group, "%s: group", cases[i].name);
        cr_expect_eq(f.list_kib, want->list_kib, "%s: %u KiB", cases[i].name, f.list_kib);
        cr_expect_eq(f.key.kind, LEAF_KEY_NONE, "%s: no certificate", cases[i].name);
    }
}
