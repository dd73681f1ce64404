#include <errno.h>

#include <criterion/criterion.h>

#include "scanner/analysis/session_findings.h"
#include "tests/unit/analysis/expected.h"

/** A reply in short: its code and text. */
struct made_reply {
    uint16_t code;
    const char *text;
    int32_t ms;
    bool truncated;
};

struct session_case {
    const char *name; /* with the RFC section that decides */
    enum session_outcome outcome;
    int32_t sys;
    struct made_reply greeting;
    struct made_reply ehlo;
    struct made_reply helo;
    struct made_reply starttls;
    struct made_reply ehlo_tls;
    struct seen_smtp smtp; /* flags and excerpts; replies are set from above */
    struct seen_tls tls;   /* an alert of 0 stands for none */
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
    bool tls_attempted;
};

#define GREETED          .greeting = {220, "220 mx.test ESMTP", 12, false}
#define LISTED           GREETED, .ehlo = {250, "250-mx.test\n250 STARTTLS", 1, false}
#define STARTED          LISTED, .starttls = {220, "220 go", 1, false}, .tls_attempted = true
#define INSIDE           STARTED, .ehlo_tls = {250, "250 mx.test", 1, false}
#define FAILED(outcome_) .outcome = OUTCOME_##outcome_
/* What a server of today negotiates. */
#define TLS_OK .completed = true, .version = 0x0304, .cipher = 0x1301, .group = 29, .cert_count = 2
#define TLS12_OK                                                                               \
    .completed = true, .version = 0x0303, .cipher = 0xc02f, .group = 23, .secure_reneg = true, \
    .ems = true, .cert_count = 2
#define TLS12_WITH(cipher_)                                                                       \
    .completed = true, .version = 0x0303, .cipher = (cipher_), .group = 23, .secure_reneg = true, \
    .ems = true, .cert_count = 2
#define TLS12_OK_BUT(group_, scheme_)                                          \
    .completed = true, .version = 0x0303, .cipher = 0xc02f, .group = (group_), \
    .secure_reneg = true, .ems = true, .cert_count = 2, .signature_scheme = (scheme_)
#define TLS13_WITH(group_, scheme_)                                                             \
    .completed = true, .version = 0x0304, .cipher = 0x1301, .group = (group_), .cert_count = 2, \
    .signature_scheme = (scheme_)
#define BIT(quirk_)   (1U << SMTP_QUIRK_##quirk_)
#define QUIRKS(bits_) .quirks = (bits_)
#define FORMS(bits_)  .forms = (bits_)
#define BIT_OF(name_) (1U << SMTP_FORM_##name_)
/* A list of one certificate of which no more than the keyUsage can be read, its bits in one octet. */
#define LEAF_FOR(bits_)                                                                    \
    SPAN_INIT(                                                                             \
        "\0\0\x29\x30\x27\x30\x25\x02\x01\x01\x30\0\x30\0\x30\0\x30\0\x30\x07\x30\x03\x06" \
        "\x01\x2a\x03\0\xa3\x0f\x30\x0d\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\0" bits_)
#define STARTTLS_ONLY(code_, evidence_) .expected = {RAISES(code_, ERROR, evidence_)}

static const struct session_case cases[] = {
    {.name = "a server without fault", FAILED(ESTABLISHED), INSIDE, .tls = {TLS_OK}},

    /* connect, RFC 5321 section 4.5.4.1 */
    {.name = "refused",
     FAILED(REFUSED),
     .sys = -ECONNREFUSED,
     .expected = {RAISES(SMTP_CONNECT_REFUSED, WARNING, "192.0.2.1 port 25: ECONNREFUSED")},
     .spares = SPARES(SMTP_CONNECT_TIMEOUT)},
    {.name = "unreachable",
     FAILED(UNREACHABLE),
     .sys = -EHOSTUNREACH,
     .expected = {RAISES(SMTP_CONNECT_UNREACHABLE, WARNING, "EHOSTUNREACH")},
     .spares = SPARES(SMTP_CONNECT_REFUSED)},
    {.name = "silent",
     FAILED(CONNECT_TIMEOUT),
     .expected = {RAISES(SMTP_CONNECT_TIMEOUT, WARNING, "192.0.2.1 port 25")},
     .spares = SPARES(SMTP_CONNECT_UNREACHABLE)},
    {.name = "our fault",
     FAILED(LOCAL_FAULT),
     .sys = -EMFILE,
     .spares = SPARES(SMTP_CONNECT_REFUSED)},
    {.name = "never tried", FAILED(NOT_TESTED), .spares = SPARES(SMTP_CONNECT_TIMEOUT)},

    /* greeting, RFC 5321 section 3.1 */
    {.name = "no greeting",
     FAILED(GREETING_TIMEOUT),
     .expected = {RAISES(SMTP_GREETING_TIMEOUT, WARNING, "no reply")},
     .spares = SPARES(SMTP_GREETING_CLOSED)},
    {.name = "closed",
     FAILED(GREETING_CLOSED),
     .expected = {RAISES(SMTP_GREETING_CLOSED, WARNING, "no reply")},
     .spares = SPARES(SMTP_GREETING_TIMEOUT)},
    {.name = "421",
     FAILED(GREETING_TEMPFAIL),
     .greeting = {421, "421 too busy", 5, false},
     .expected = {RAISES(SMTP_GREETING_TEMPFAIL, NOTICE, "421 too busy")},
     .spares = SPARES(SMTP_GREETING_REJECTED)},
    {.name = "554",
     FAILED(GREETING_REJECTED),
     .greeting = {554, "554-go\n554 away", 5, false},
     .expected = {RAISES(SMTP_GREETING_REJECTED, NOTICE, "554-go 554 away")},
     .spares = SPARES(SMTP_GREETING_TEMPFAIL)},
    {.name = "HTTP",
     FAILED(NOT_SMTP),
     .smtp = {.bad = SPAN_INIT("HTTP/1.1 400")},
     .expected = {RAISES(SMTP_NOT_SMTP, WARNING, "HTTP/1.1 400")},
     .spares = SPARES(STARTTLS_NOT_OFFERED)},
    {.name = "RFC 5321 4.2: 220- lines, no ESMTP",
     FAILED(ESTABLISHED),
     STARTED,
     .ehlo_tls = {250, "250 mx.test", 1, false},
     .tls = {TLS_OK},
     .smtp = {.greeting_multiline = true, .greeting_without_esmtp = true},
     .expected = {RAISES(SMTP_MULTILINE_GREETING, INFO, "220 mx.test"),
                  RAISES(SMTP_NO_ESMTP_WORD, INFO, "220 mx.test")},
     .spares = SPARES(SMTP_NOT_SMTP)},
    {.name = "RFC 5321 4.2: a greeting of asterisks",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {FORMS(BIT_OF(HIDDEN_GREETING))},
     .expected = {RAISES(SMTP_HIDDEN_GREETING, ERROR, "port 25: hidden_greeting: 220 mx.test")},
     .spares = SPARES(SMTP_EHLO_CODES)},
    {.name = "RFC 5321 4.3.2: 251 to EHLO",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {FORMS(BIT_OF(NOT_250))},
     .expected = {RAISES(SMTP_EHLO_CODES, ERROR, "port 25: not_250: 250")},
     .spares = SPARES(STARTTLS_KEYWORD_FORM)},
    {.name = "RFC 5321 4.2.1: codes that differ",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {FORMS(BIT_OF(MIXED_CODES) | BIT_OF(MIXED_CLASSES))},
     .expected = {RAISES(SMTP_EHLO_CODES, ERROR, "mixed_codes: mixed_classes: 250")},
     .spares = SPARES(SMTP_OWN_NAME)},
    {.name = "RFC 5321 4.1.1.1: the name of the client",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {FORMS(BIT_OF(OWN_NAME))},
     .expected = {RAISES(SMTP_OWN_NAME, WARNING, "own_name: 250")},
     .spares = SPARES(SMTP_HIDDEN_GREETING)},
    {.name = "RFC 3207 4: a tab behind the keyword",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {FORMS(BIT_OF(KEYWORD_TAB_AFTER))},
     .expected = {RAISES(STARTTLS_KEYWORD_FORM, ERROR, "keyword_tab_after: 250")},
     .spares = SPARES(SMTP_EHLO_CODES)},
    {.name = "forms that say nothing of the dialogue before TLS",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {FORMS(BIT_OF(ODD_LINE_IN_TLS))},
     .spares = SPARES(STARTTLS_KEYWORD_FORM)},
    {.name = "one line, ESMTP",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .spares = SPARES(SMTP_MULTILINE_GREETING)},
    {.name = "ESMTP",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .spares = SPARES(SMTP_NO_ESMTP_WORD)},
    {.name = "slow",
     FAILED(GREETING_TEMPFAIL),
     .greeting = {450, "450 later", 5000, false},
     .expected = {RAISES(SMTP_SLOW_GREETING, NOTICE, "5000 ms or more"),
                  RAISES(SMTP_GREETING_TEMPFAIL, NOTICE, "450 later")}},
    {.name = "not quite slow",
     FAILED(GREETING_TEMPFAIL),
     .greeting = {450, "450 later", 4999, false},
     .expected = {RAISES(SMTP_GREETING_TEMPFAIL, NOTICE, "450 later")},
     .spares = SPARES(SMTP_SLOW_GREETING)},
    {.name = "RFC 5321 3.1: unasked, 4.5.3.1.5: too long",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {.early_talker = true, .line_too_long = true},
     .expected = {RAISES(SMTP_EARLY_TALKER, WARNING, "192.0.2.1"),
                  RAISES(SMTP_LINE_TOO_LONG, WARNING, "192.0.2.1")},
     .spares = SPARES(SMTP_REPLY_TRUNCATED)},
    {.name = "RFC 5321 4.2: empty lines, at two places",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(EMPTY_LINE_GREETING) | BIT(EMPTY_LINE_REPLY))},
     .expected = {RAISES(SMTP_EMPTY_LINE, ERROR,
                         "192.0.2.1 port 25: at the greeting and in a later reply")},
     .spares = SPARES(SMTP_GARBAGE_LINE)},
    {.name = "an empty line behind the greeting",
     FAILED(EHLO_TIMEOUT),
     GREETED,
     .smtp = {QUIRKS(BIT(EMPTY_LINE_GREETING))},
     .expected = {RAISES(SMTP_EMPTY_LINE, ERROR, "at the greeting"),
                  RAISES(SMTP_EHLO_TIMEOUT, WARNING, "no reply")},
     .spares = SPARES(SMTP_NOT_SMTP)},
    {.name = "an empty line in the list",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(EMPTY_LINE_REPLY))},
     .expected = {RAISES(SMTP_EMPTY_LINE, ERROR, "in a reply")},
     .spares = SPARES(SMTP_LINE_END)},
    {.name = "RFC 5321 4.2: a line of no reply",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(GARBAGE_LINE)), .bad = SPAN_INIT("ld.so: warning")},
     .expected = {RAISES(SMTP_GARBAGE_LINE, ERROR, "192.0.2.1 port 25: ld.so: warning")},
     .spares = SPARES(SMTP_EMPTY_LINE)},
    {.name = "RFC 5321 2.3.8: CR CR LF",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(CR_CR_LF))},
     .expected = {RAISES(SMTP_LINE_END, WARNING, "192.0.2.1 port 25")},
     .spares = SPARES(SMTP_NUL)},
    {.name = "RFC 5321 2.4: NUL",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(NUL))},
     .expected = {RAISES(SMTP_NUL, WARNING, "192.0.2.1 port 25")},
     .spares = SPARES(SMTP_EMPTY_LINE)},
    {.name = "waits its turn",
     FAILED(STARTTLS_NOT_OFFERED),
     GREETED,
     .ehlo = {250, "250 mx.test", 1, false},
     STARTTLS_ONLY(STARTTLS_NOT_OFFERED, "250 mx.test"),
     .spares = SPARES(SMTP_EARLY_TALKER)},
    {.name = "short lines",
     FAILED(STARTTLS_NOT_OFFERED),
     GREETED,
     .ehlo = {250, "250 mx.test", 1, false},
     STARTTLS_ONLY(STARTTLS_NOT_OFFERED, "250 mx.test"),
     .spares = SPARES(SMTP_LINE_TOO_LONG)},
    {.name = "a reply over the cap",
     FAILED(EHLO_TEMPFAIL),
     GREETED,
     .ehlo = {451, "451-no\n451 no", 1, true},
     .expected = {RAISES(SMTP_EHLO_TEMPFAIL, NOTICE, "451-no 451 no"),
                  RAISES(SMTP_REPLY_TRUNCATED, NOTICE, "451-no")},
     .spares = SPARES(SMTP_EHLO_REJECTED)},
    {.name = "another protocol behind the greeting",
     FAILED(NOT_SMTP),
     GREETED,
     .smtp = {.bad = SPAN_INIT("HTTP/1.1 400")},
     .expected = {RAISES(SMTP_NOT_SMTP, WARNING, "HTTP/1.1 400")}},
    {.name = "one line over it",
     FAILED(NOT_SMTP),
     .greeting = {220, "", 1, true},
     .smtp = {.bad = SPAN_INIT("220 and so on")},
     .expected = {RAISES(SMTP_NOT_SMTP, WARNING, "220 and so on"),
                  RAISES(SMTP_REPLY_TRUNCATED, NOTICE, "port 25: 220 and so on")}},

    /* EHLO, RFC 5321 section 4.1.4; never "no STARTTLS" */
    {.name = "EHLO unanswered",
     FAILED(EHLO_TIMEOUT),
     GREETED,
     .expected = {RAISES(SMTP_EHLO_TIMEOUT, WARNING, "no reply")},
     .spares = SPARES(SMTP_EHLO_CLOSED)},
    {.name = "EHLO closed",
     FAILED(EHLO_CLOSED),
     GREETED,
     .expected = {RAISES(SMTP_EHLO_CLOSED, WARNING, "no reply")},
     .spares = SPARES(SMTP_EHLO_TIMEOUT)},
    {.name = "EHLO and HELO refused",
     FAILED(EHLO_REJECTED),
     GREETED,
     .ehlo = {550, "550 who are you", 1, false},
     .helo = {550, "550 who", 1, false},
     .expected = {RAISES(SMTP_EHLO_REJECTED, WARNING, "550 who are you")},
     .spares = SPARES(SMTP_HELO_ONLY)},
    {.name = "RFC 5321 2.2.1: HELO only",
     FAILED(HELO_ONLY),
     GREETED,
     .ehlo = {502, "502 what", 1, false},
     .helo = {250, "250 mx.test", 1, false},
     STARTTLS_ONLY(SMTP_HELO_ONLY, "502 what"),
     .spares = SPARES(STARTTLS_NOT_OFFERED)},
    {.name = "a tarpit",
     FAILED(TARPIT),
     .greeting = {220, "220 mx.test ESMTP spamd", 4000, false},
     .ehlo = {250, "250 Hello, spam sender.", 1, false},
     .expected = {RAISES(
         SMTP_TARPIT, NOTICE,
         "192.0.2.1 port 25: 220 mx.test ESMTP spamd; EHLO: 250 Hello, spam sender.")},
     .spares = SPARES(STARTTLS_NOT_OFFERED)},
    {.name = "nothing listed, and no tarpit",
     FAILED(STARTTLS_NOT_OFFERED),
     GREETED,
     .ehlo = {250, "250 mx.test", 1, false},
     STARTTLS_ONLY(STARTTLS_NOT_OFFERED, "250 mx.test"),
     .spares = SPARES(SMTP_TARPIT)},
    {.name = "EHLO refused for now",
     FAILED(EHLO_TEMPFAIL),
     GREETED,
     .ehlo = {421, "421 later", 1, false},
     .expected = {RAISES(SMTP_EHLO_TEMPFAIL, NOTICE, "421 later")},
     .spares = SPARES(STARTTLS_NOT_OFFERED)},
    {.name = "EHLO refused for good",
     FAILED(EHLO_REJECTED),
     GREETED,
     .ehlo = {554, "554 no", 1, false},
     .expected = {RAISES(SMTP_EHLO_REJECTED, WARNING, "554 no")},
     .spares = SPARES(SMTP_EHLO_TEMPFAIL)},

    /* STARTTLS, RFC 3207 section 4 */
    {.name = "masked",
     FAILED(STARTTLS_MASKED),
     GREETED,
     .ehlo = {250, "250-mx.test\n250 XXXXXXXA", 1, false},
     STARTTLS_ONLY(STARTTLS_MASKED, "250 XXXXXXXA"),
     .spares = SPARES(STARTTLS_NOT_OFFERED)},
    {.name = "not offered",
     FAILED(STARTTLS_NOT_OFFERED),
     GREETED,
     .ehlo = {250, "250-mx.test\n250 SIZE", 1, false},
     STARTTLS_ONLY(STARTTLS_NOT_OFFERED, "250-mx.test 250 SIZE"),
     .spares = SPARES(STARTTLS_MASKED)},
    {.name = "454",
     FAILED(STARTTLS_TEMPFAIL),
     LISTED,
     .starttls = {454, "454 no key", 1, false},
     STARTTLS_ONLY(STARTTLS_TEMPFAIL, "454 no key"),
     .spares = SPARES(STARTTLS_REJECTED)},
    {.name = "503",
     FAILED(STARTTLS_REJECTED),
     LISTED,
     .starttls = {503, "503 no", 1, false},
     STARTTLS_ONLY(STARTTLS_REJECTED, "503 no"),
     .spares = SPARES(STARTTLS_TEMPFAIL)},
    {.name = "no SMTP in reply",
     FAILED(STARTTLS_REJECTED),
     LISTED,
     .smtp = {.bad = SPAN_INIT("\x15\x03\x01")},
     STARTTLS_ONLY(STARTTLS_REJECTED, "\x15\x03\x01"),
     .spares = SPARES(STARTTLS_INJECTED)},
    {.name = "RFC 3207 6: octets before TLS, dropped",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(INJECTED)), .injected = SPAN_INIT("250 evil"), .injected_len = 10},
     STARTTLS_ONLY(STARTTLS_INJECTED, "10 octets: 250 evil"),
     .spares = SPARES(STARTTLS_CODE)},
    {.name = "and TLS fails besides",
     FAILED(TLS_CLOSED),
     STARTED,
     .smtp = {QUIRKS(BIT(INJECTED)), .injected = SPAN_INIT("\r\n"), .injected_len = 2},
     .expected = {RAISES(STARTTLS_INJECTED, ERROR, "2 octets: "), RAISES(TLS_CLOSED, ERROR, "")}},
    {.name = "RFC 3207 4: 250 in place of 220",
     FAILED(ESTABLISHED),
     LISTED,
     .starttls = {250, "250 go on", 1, false},
     .ehlo_tls = {250, "250 mx.test", 1, false},
     .tls_attempted = true,
     .tls = {TLS_OK},
     STARTTLS_ONLY(STARTTLS_CODE, "250 go on"),
     .spares = SPARES(STARTTLS_INJECTED)},
    {.name = "RFC 5321 2.4: in lower case",
     FAILED(ESTABLISHED),
     GREETED,
     .ehlo = {250, "250-mx.test\n250 starttls", 1, false},
     .starttls = {220, "220 go", 1, false},
     .ehlo_tls = {250, "250 mx.test", 1, false},
     .tls_attempted = true,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(KEYWORD_CASE))},
     STARTTLS_ONLY(STARTTLS_KEYWORD_CASE, "250-mx.test 250 starttls"),
     .spares = SPARES(STARTTLS_NOT_OFFERED)},
    {.name = "in upper case",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .spares = SPARES(STARTTLS_KEYWORD_CASE)},
    {.name = "STARTTLS unanswered",
     FAILED(STARTTLS_TIMEOUT),
     LISTED,
     .expected = {RAISES(STARTTLS_TIMEOUT, WARNING, "no reply")},
     .spares = SPARES(STARTTLS_CLOSED)},
    {.name = "STARTTLS closed",
     FAILED(STARTTLS_CLOSED),
     LISTED,
     .expected = {RAISES(STARTTLS_CLOSED, WARNING, "no reply")},
     .spares = SPARES(STARTTLS_TIMEOUT)},
    {.name = "RFC 3207 4.2: offered again",
     FAILED(ESTABLISHED),
     STARTED,
     .tls = {TLS_OK},
     .ehlo_tls = {250, "250-mx.test\n250 STARTTLS", 1, false},
     .smtp = {.starttls_again = true},
     .expected = {RAISES(STARTTLS_OFFERED_AGAIN, WARNING, "250 STARTTLS")},
     .spares = SPARES(STARTTLS_EHLO_FAILED)},
    {.name = "not offered again",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .spares = SPARES(STARTTLS_OFFERED_AGAIN)},
    {.name = "RFC 3207 4.2: refused inside",
     FAILED(ESTABLISHED),
     STARTED,
     .tls = {TLS_OK},
     .ehlo_tls = {421, "421 bye", 1, false},
     .smtp = {QUIRKS(BIT(REFUSED_AFTER_TLS))},
     STARTTLS_ONLY(STARTTLS_EHLO_FAILED, "421 bye"),
     .spares = SPARES(STARTTLS_SESSION_LOST)},
    {.name = "another protocol inside",
     FAILED(ESTABLISHED),
     STARTED,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(REFUSED_AFTER_TLS)), .bad = SPAN_INIT("HTTP/1.1 400")},
     STARTTLS_ONLY(STARTTLS_EHLO_FAILED, "HTTP/1.1 400")},
    {.name = "silent inside",
     FAILED(ESTABLISHED),
     STARTED,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(SILENT_AFTER_TLS))},
     .expected = {RAISES(STARTTLS_EHLO_FAILED, WARNING, "no reply")}},
    {.name = "a reply inside without an end, RFC 5321 section 4.2.1",
     FAILED(ESTABLISHED),
     STARTED,
     .tls = {TLS_OK},
     .ehlo_tls = {250, "250-mx.test", 1, false},
     .smtp = {QUIRKS(BIT(SILENT_AFTER_TLS))},
     .expected = {RAISES(STARTTLS_EHLO_FAILED, WARNING, "250-mx.test")}},
    {.name = "one longer than any bound",
     FAILED(ESTABLISHED),
     STARTED,
     .tls = {TLS_OK},
     .ehlo_tls = {250, "250-mx.test", 1, false},
     .smtp = {QUIRKS(BIT(REFUSED_AFTER_TLS))},
     STARTTLS_ONLY(STARTTLS_EHLO_FAILED, "250-mx.test")},
    {.name = "RFC 3207 4.2: closed inside",
     FAILED(ESTABLISHED),
     STARTED,
     .tls = {TLS_OK},
     .smtp = {QUIRKS(BIT(LOST_AFTER_TLS))},
     STARTTLS_ONLY(STARTTLS_SESSION_LOST, "192.0.2.1 port 25, without SNI"),
     .spares = SPARES(STARTTLS_EHLO_FAILED)},
    {.name = "RFC 8446 4.4.2.4: no client certificate, no session",
     FAILED(ESTABLISHED),
     STARTED,
     .tls = {TLS_OK, .client_cert_requested = true, .alert_received = 116},
     .smtp = {QUIRKS(BIT(LOST_AFTER_TLS))},
     .expected = {RAISES(STARTTLS_SESSION_LOST, ERROR, "alert certificate_required"),
                  RAISES(TLS_CLIENT_CERTIFICATE, INFO, "TLSv1.3")}},
    {.name = "RFC 8314 3.3: implicit TLS has one EHLO",
     FAILED(ESTABLISHED),
     LISTED,
     .tls_attempted = true,
     .tls = {TLS_OK},
     .spares = SPARES(STARTTLS_EHLO_FAILED)},

    /* handshake, RFC 8446 section 6 */
    {.name = "versions",
     FAILED(TLS_NO_SHARED_VERSION),
     STARTED,
     .tls = {.alert_received = 70},
     STARTTLS_ONLY(TLS_NO_SHARED_VERSION, "alert protocol_version"),
     .spares = SPARES(TLS_ALERT)},
    {.name = "suites",
     FAILED(TLS_NO_SHARED_CIPHER),
     STARTED,
     .tls = {.error_text = "no shared"},
     STARTTLS_ONLY(TLS_NO_SHARED_CIPHER, "without SNI: no shared"),
     .spares = SPARES(TLS_NO_SHARED_VERSION)},
    {.name = "alert",
     FAILED(TLS_ALERT),
     STARTED,
     .tls = {.alert_received = 80},
     STARTTLS_ONLY(TLS_ALERT, "alert internal_error"),
     .spares = SPARES(TLS_NO_SHARED_CIPHER)},
    {.name = "alert without a name",
     FAILED(TLS_ALERT),
     STARTED,
     .tls = {.alert_received = 200},
     STARTTLS_ONLY(TLS_ALERT, "alert 200"),
     .spares = SPARES(TLS_RESET)},
    {.name = "closed",
     FAILED(TLS_CLOSED),
     STARTED,
     STARTTLS_ONLY(TLS_CLOSED, "192.0.2.1 port 25"),
     .spares = SPARES(TLS_TIMEOUT)},
    {.name = "reset",
     FAILED(TLS_RESET),
     STARTED,
     STARTTLS_ONLY(TLS_RESET, "192.0.2.1"),
     .spares = SPARES(TLS_PROTOCOL_ERROR)},
    {.name = "silence",
     FAILED(TLS_TIMEOUT),
     STARTED,
     STARTTLS_ONLY(TLS_TIMEOUT, "192.0.2.1"),
     .spares = SPARES(TLS_CLOSED)},
    {.name = "no TLS",
     FAILED(TLS_PROTOCOL_ERROR),
     STARTED,
     .tls = {.error_text = "wrong version number"},
     STARTTLS_ONLY(TLS_PROTOCOL_ERROR, "wrong version number"),
     .spares = SPARES(TLS_LIST_MALFORMED)},
    {.name = "RFC 8446 4.4.2: lengths",
     FAILED(TLS_PROTOCOL_ERROR),
     STARTED,
     .tls = {.version = 0x0303, .list_malformed = true, .error_text = "length mismatch"},
     STARTTLS_ONLY(TLS_LIST_MALFORMED, "length mismatch"),
     .spares = SPARES(TLS_PROTOCOL_ERROR)},
    {.name = "more certificates than are kept",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK, .list_truncated = true},
     .expected = {RAISES(TLS_LIST_TRUNCATED, NOTICE, "2 certificates recorded")},
     .spares = SPARES(TLS_NO_CERTIFICATE)},
    {.name = "SSL_CTX_set_max_cert_list(3): over 102,400 octets",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK, .certificate_octets = 102401},
     STARTTLS_ONLY(TLS_LIST_LARGE, "102401 octets; rejected by default by OpenSSL (over 102400)"),
     .spares = SPARES(TLS_LIST_TRUNCATED)},
    {.name = "not over",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK, .certificate_octets = 102400},
     .spares = SPARES(TLS_LIST_LARGE)},
    {.name = "too large for us as well",
     FAILED(TLS_PROTOCOL_ERROR),
     STARTED,
     .tls = {.version = 0x0303,
             .list_truncated = true,
             .certificate_octets = TLS_CERTIFICATE_MESSAGE_MAX + 1,
             .error_text = "excessive message size"},
     .expected = {RAISES(TLS_PROTOCOL_ERROR, ERROR, "excessive message size"),
                  RAISES(TLS_LIST_TRUNCATED, NOTICE, "0 certificates recorded"),
                  RAISES(TLS_LIST_LARGE, ERROR,
                         "327681 octets or more; rejected by default by OpenSSL (over 102400), "
                         "GnuTLS (131072), Go (262144)")}},

    /* keyUsage of the leaf, RFC 8446 section 4.4.2.2, RFC 5246 section 7.4.2 */
    {.name = "RFC 8446 4.4.2.2: keyEncipherment alone",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK, .list = LEAF_FOR("\x20")},
     STARTTLS_ONLY(TLS_KEY_USAGE, "TLSv1.3, TLS_AES_128_GCM_SHA256: keyUsage without "
                                  "digitalSignature")},
    {.name = "RFC 5246 7.4.2: keyAgreement alone, with ECDHE",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK, .list = LEAF_FOR("\x08")},
     STARTTLS_ONLY(TLS_KEY_USAGE, "keyUsage without digitalSignature")},
    {.name = "RFC 5246 7.4.2: a CA certificate as leaf, the handshake refused",
     FAILED(TLS_PROTOCOL_ERROR),
     STARTED,
     .tls = {.version = 0x0303,
             .cipher = 0xc02b,
             .cert_count = 1,
             .list = LEAF_FOR("\x06"),
             .error_text = "bad ecc cert"},
     .expected = {RAISES(TLS_PROTOCOL_ERROR, ERROR, "bad ecc cert"),
                  RAISES(TLS_KEY_USAGE, ERROR, "keyUsage without digitalSignature")}},
    {.name = "RFC 5246 7.4.2: digitalSignature alone, with static RSA",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_WITH(0x009c), .list = LEAF_FOR("\x80")},
     .expected = {RAISES(TLS_KEY_USAGE, ERROR, "keyUsage without keyEncipherment"),
                  RAISES(TLS_NO_FORWARD_SECRECY, WARNING, "TLS_RSA_WITH_AES_128_GCM_SHA256")}},
    {.name = "RFC 5246 7.4.2: keyEncipherment alone, with static RSA",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_WITH(0x009c), .list = LEAF_FOR("\x20")},
     .expected = {RAISES(TLS_NO_FORWARD_SECRECY, WARNING, "TLS_RSA_WITH_AES_128_GCM_SHA256")},
     .spares = SPARES(TLS_KEY_USAGE)},
    {.name = "RFC 5246 7.4.2: both bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK, .list = LEAF_FOR("\xa0")},
     .spares = SPARES(TLS_KEY_USAGE)},

    {.name = "RFC 9325 4.2: DHE, when ECDHE was offered",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_WITH(0x009e), .dh_bits = 2048},
     .expected = {RAISES(TLS_DHE, WARNING, "TLSv1.2, TLS_DHE_RSA_WITH_AES_128_GCM_SHA256")},
     .spares = SPARES(TLS_NO_FORWARD_SECRECY)},
    {.name = "ECDHE", FAILED(ESTABLISHED), INSIDE, .tls = {TLS12_OK}, .spares = SPARES(TLS_DHE)},
    {.name = "TLS 1.2",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK},
     .spares = SPARES(TLS_LEGACY_VERSION)},
    {.name = "RFC 8996 5: TLS 1.1",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {.completed = true,
             .version = 0x0302,
             .cipher = 0xc013,
             .secure_reneg = true,
             .ems = true,
             .cert_count = 1},
     .expected = {RAISES(TLS_LEGACY_VERSION, ERROR, "TLSv1.1, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
                  RAISES(TLS_CIPHER_CBC, INFO, "TLSv1.1, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")},
     .spares = SPARES(TLS_NO_FORWARD_SECRECY)},
    {.name = "RFC 9325 4.1: static RSA",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {.completed = true,
             .version = 0x0303,
             .cipher = 0x009c,
             .secure_reneg = true,
             .ems = true,
             .cert_count = 1},
     .expected = {RAISES(TLS_NO_FORWARD_SECRECY, WARNING, "TLS_RSA_WITH_AES_128_GCM_SHA256")},
     .spares = SPARES(TLS_DH_SMALL)},
    {.name = "RFC 9325 4.5: DH of 1024 bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK, .dh_bits = 1024},
     .expected = {RAISES(TLS_DH_SMALL, ERROR, "1024 bits")}},
    {.name = "DH of 768 bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK, .dh_bits = 768},
     STARTTLS_ONLY(TLS_DH_SMALL, "768 bits")},
    {.name = "DH of 2048 bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK, .dh_bits = 2048},
     .spares = SPARES(TLS_DH_SMALL)},
    {.name = "RFC 5746, RFC 7627: neither",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {.completed = true, .version = 0x0303, .cipher = 0xc02f, .cert_count = 1},
     .expected = {RAISES(TLS_NO_SECURE_RENEGOTIATION, WARNING, "TLSv1.2"),
                  RAISES(TLS_NO_EXTENDED_MASTER_SECRET, WARNING, "TLSv1.2")},
     .spares = SPARES(TLS_CLIENT_CERTIFICATE)},
    {.name = "TLS 1.3 has no renegotiation",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .spares = SPARES(TLS_NO_SECURE_RENEGOTIATION)},
    {.name = "TLS 1.3 needs no extension",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .spares = SPARES(TLS_NO_EXTENDED_MASTER_SECRET)},
    {.name = "anonymous",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {.completed = true,
             .version = 0x0303,
             .cipher = 0xc018,
             .secure_reneg = true,
             .ems = true},
     .expected = {RAISES(TLS_NO_CERTIFICATE, WARNING, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
                  RAISES(TLS_CIPHER_BROKEN, ERROR, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA")},
     .spares = SPARES(TLS_LIST_TRUNCATED)},
    {.name = "RFC 8446 4.3.2: asks for a certificate",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK, .client_cert_requested = true},
     .expected = {RAISES(TLS_CLIENT_CERTIFICATE, INFO, "TLSv1.3")}},
    {.name = "RFC 9325 4.1: no encryption",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_WITH(0xc010)},
     .expected = {RAISES(TLS_CIPHER_BROKEN, ERROR, "TLS_ECDHE_RSA_WITH_NULL_SHA")},
     .spares = SPARES(TLS_CIPHER_CBC)},
    {.name = "RFC 7465 2: RC4, RFC 9325 4.1: static RSA",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_WITH(0x0005)},
     .expected = {RAISES(TLS_CIPHER_BROKEN, ERROR, "TLS_RSA_WITH_RC4_128_SHA"),
                  RAISES(TLS_NO_FORWARD_SECRECY, WARNING, "TLS_RSA_WITH_RC4_128_SHA")}},
    {.name = "RFC 9325 4.1: 3DES, whatever the mode",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_WITH(0xc012)},
     .expected = {RAISES(TLS_CIPHER_BROKEN, ERROR, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA")},
     .spares = SPARES(TLS_CIPHER_CBC)},
    {.name = "RFC 9325 4.2.1: CBC",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_WITH(0xc027)},
     .expected = {RAISES(TLS_CIPHER_CBC, INFO, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256")},
     .spares = SPARES(TLS_CIPHER_BROKEN)},
    {.name = "a suite without a name here",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_WITH(0x0a0a)},
     .spares = SPARES(TLS_CIPHER_BROKEN)},
    {.name = "X25519MLKEM768",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS13_WITH(0x11ec, 0x0804)},
     .expected = {RAISES(TLS_PQ_GROUP, INFO, "X25519MLKEM768")},
     .spares = SPARES(TLS_WEAK_GROUP)},
    {.name = "x25519",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS_OK},
     .spares = SPARES(TLS_PQ_GROUP)},
    {.name = "RFC 9325 4.5: 192 bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(19, 0x0401)},
     .expected = {RAISES(TLS_WEAK_GROUP, WARNING, "secp192r1")}},
    {.name = "160 bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(15, 0x0401)},
     .expected = {RAISES(TLS_WEAK_GROUP, WARNING, "secp160k1")}},
    {.name = "163 and 193 bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(5, 0x0401)},
     .expected = {RAISES(TLS_WEAK_GROUP, WARNING, "sect193r2")}},
    {.name = "RFC 9325 4.5: 224 bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(20, 0x0401)},
     .spares = SPARES(TLS_WEAK_GROUP)},
    {.name = "233 bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(6, 0x0401)},
     .spares = SPARES(TLS_WEAK_GROUP)},
    {.name = "RFC 9155 4: SHA-1",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(23, 0x0201)},
     .expected = {RAISES(TLS_WEAK_SIGNATURE_SCHEME, WARNING, "rsa_pkcs1_sha1")}},
    {.name = "RFC 9155 2: MD5",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(23, 0x0101)},
     .expected = {RAISES(TLS_WEAK_SIGNATURE_SCHEME, WARNING, "rsa_md5")}},
    {.name = "SHA-1 with a key without a name here",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(23, 0x0204)},
     .expected = {RAISES(TLS_WEAK_SIGNATURE_SCHEME, WARNING, "SHA-1")}},
    {.name = "SHA-224 has 112 bits",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(23, 0x0301)},
     .spares = SPARES(TLS_WEAK_SIGNATURE_SCHEME)},
    {.name = "RFC 8446 4.2.3: PSS",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS13_WITH(29, 0x0804)},
     .spares = SPARES(TLS_WEAK_SIGNATURE_SCHEME)},
    {.name = "RFC 4346 7.4.3: before TLS 1.2 the scheme is not said",
     FAILED(ESTABLISHED),
     INSIDE,
     .tls = {TLS12_OK_BUT(23, 0)},
     .spares = SPARES(TLS_WEAK_SIGNATURE_SCHEME)},
    {.name = "a handshake that failed has no parameters to judge",
     FAILED(TLS_CLOSED),
     STARTED,
     .tls = {.version = 0x0301, .cipher = 0x0005},
     STARTTLS_ONLY(TLS_CLOSED, "192.0.2.1"),
     .spares = SPARES(TLS_LEGACY_VERSION)},
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static struct seen_reply reply_of(const struct made_reply *r)
{
    return (struct seen_reply){r->code, r->truncated, r->ms, span_of(r->text)};
}

static struct seen_session session_of(const struct session_case *c)
{
    struct seen_session s = {
        .outcome = c->outcome,
        .tls_attempted = c->tls_attempted,
        .connect_ms = c->greeting.code != 0 ? 1 : -1,
        .sys = c->sys,
        .smtp = c->smtp,
        .tls = c->tls,
    };
    s.smtp.reply[SMTP_STEP_GREETING] = reply_of(&c->greeting);
    s.smtp.reply[SMTP_STEP_EHLO] = reply_of(&c->ehlo);
    s.smtp.reply[SMTP_STEP_HELO] = reply_of(&c->helo);
    s.smtp.reply[SMTP_STEP_STARTTLS] = reply_of(&c->starttls);
    s.smtp.reply[SMTP_STEP_EHLO_TLS] = reply_of(&c->ehlo_tls);
    s.tls.alert_sent = -1;
    if (s.tls.alert_received == 0) {
        s.tls.alert_received = -1;
    }
    return s;
}

static struct seen_service service_of(const struct seen_session *attempts, size_t count)
{
    const uint8_t octets[4] = {192, 0, 2, 1};
    return (struct seen_service){
        .address = net_addr_v4(octets),
        .port = 25,
        .attempts = attempts,
        .attempt_count = count,
        .result = count > 0 ? &attempts[count - 1] : NULL,
    };
}

static struct seen_endpoint endpoint_of(const struct seen_service *s)
{
    return (struct seen_endpoint){
        .host = SPAN_LIT("mx.test"),
        .address = s->address,
        .port = s->port,
        .attempts = s->attempts,
        .attempt_count = s->attempt_count,
        .result = s->result,
    };
}

Test(session_findings, each_case_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        struct seen_session session = session_of(&cases[i]);
        struct seen_service service = service_of(&session, 1);
        findings_reset(&f);
        findings_of_service(&service, NULL, &f);
        expect_findings(cases[i].name, &f, SCOPE_SESSION, cases[i].expected);

        struct seen_endpoint endpoint = endpoint_of(&service);
        findings_reset(&f);
        findings_of_endpoint(&endpoint, NULL, &f);
        expect_findings(cases[i].name, &f, SCOPE_SESSION, cases[i].expected);

        /* One fact, one place: the session of another row is judged there. */
        endpoint.session_from = SPAN_LIT("192.0.2.1|25");
        endpoint.attempt_count = 0;
        findings_reset(&f);
        findings_of_endpoint(&endpoint, NULL, &f);
        cr_expect_eq(f.count, 0, "%s: judged twice", cases[i].name);
    }
    findings_deinit(&f);
}

struct attempts_case {
    const char *name;
    enum session_outcome first;
    enum session_outcome second;
    const char *evidence; /* NULL: stable */
};

static const struct attempts_case attempts_cases[] = {
    {"comes and goes", OUTCOME_CONNECT_TIMEOUT, OUTCOME_REFUSED, "connect_timeout, then refused"},
    {"the same twice", OUTCOME_REFUSED, OUTCOME_REFUSED, NULL},
    {"greylisted", OUTCOME_EHLO_TEMPFAIL, OUTCOME_ESTABLISHED, "ehlo_tempfail, then established"},
    {"lost once in the handshake", OUTCOME_TLS_RESET, OUTCOME_ESTABLISHED,
     "tls_reset, then established"},
    {"ours says nothing of the peer", OUTCOME_LOCAL_FAULT, OUTCOME_REFUSED, NULL},
    {"interrupted", OUTCOME_REFUSED, OUTCOME_NOT_TESTED, NULL},
};

Test(session_findings, attempts_that_disagree_are_unstable)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < sizeof(attempts_cases) / sizeof(attempts_cases[0]); i++) {
        const struct attempts_case *c = &attempts_cases[i];
        const struct seen_session attempts[2] = {{.outcome = c->first}, {.outcome = c->second}};
        struct seen_service service = service_of(attempts, 2);
        findings_reset(&f);
        findings_of_service(&service, NULL, &f);
        cr_expect_eq(findings_has(&f, FINDING_SMTP_UNSTABLE), c->evidence != NULL, "%s", c->name);
        for (size_t k = 0; k < f.count; k++) {
            if (f.item[k].code == FINDING_SMTP_UNSTABLE) {
                cr_expect(span_eq(findings_evidence(&f, k), span_of(c->evidence)), "%s", c->name);
            }
        }
    }
    findings_deinit(&f);
}

/* Handshakes completed, but for what came behind them. */
static const struct {
    const char *name;
    uint16_t first; /* quirks */
    uint16_t second;
    const char *evidence; /* NULL: stable */
} inside_cases[] = {
    {"lost once", 1U << SMTP_QUIRK_LOST_AFTER_TLS, 0, "lost_after_tls, then established"},
    {"silent at last", 0, 1U << SMTP_QUIRK_SILENT_AFTER_TLS, "established, then silent_after_tls"},
    {"lost twice", 1U << SMTP_QUIRK_LOST_AFTER_TLS, 1U << SMTP_QUIRK_LOST_AFTER_TLS, NULL},
    {"another quirk in one of them", 1U << SMTP_QUIRK_NUL, 0, NULL},
};

Test(session_findings, attempts_that_are_lost_inside_tls_disagree_with_others)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < sizeof(inside_cases) / sizeof(inside_cases[0]); i++) {
        const struct seen_session attempts[2] = {
            {.outcome = OUTCOME_ESTABLISHED, .smtp.quirks = inside_cases[i].first},
            {.outcome = OUTCOME_ESTABLISHED, .smtp.quirks = inside_cases[i].second}};
        struct seen_service service = service_of(attempts, 2);
        const char *evidence = NULL;
        findings_reset(&f);
        findings_of_service(&service, NULL, &f);
        for (size_t k = 0; k < f.count; k++) {
            if (f.item[k].code == FINDING_SMTP_UNSTABLE) {
                evidence = inside_cases[i].evidence;
                cr_expect(span_eq(findings_evidence(&f, k), span_of(evidence ? evidence : "")),
                          "%s", inside_cases[i].name);
            }
        }
        cr_expect_eq(evidence, inside_cases[i].evidence, "%s", inside_cases[i].name);
    }
    findings_deinit(&f);
}

/* Of one address without SNI, then with it. */
struct both_case {
    const char *name;
    enum session_outcome first;
    enum session_outcome second;
    const char *evidence; /* NULL: stable */
    enum severity worst;  /* of what STARTTLS lacks in the second */
};

static const struct both_case both_cases[] = {
    {"RFC 3207 4: STARTTLS comes before SNI can be known", OUTCOME_STARTTLS_NOT_OFFERED,
     OUTCOME_ESTABLISHED, "starttls_not_offered, then established", SEVERITY_INFO},
    {"and goes", OUTCOME_ESTABLISHED, OUTCOME_STARTTLS_NOT_OFFERED,
     "established, then starttls_not_offered", SEVERITY_WARNING},
    {"RFC 3207 4: 454 in one of them", OUTCOME_TLS_ALERT, OUTCOME_STARTTLS_TEMPFAIL,
     "tls_alert, then starttls_tempfail", SEVERITY_ERROR},
    {"454 in one of them, TLS in the other", OUTCOME_ESTABLISHED, OUTCOME_STARTTLS_TEMPFAIL,
     "established, then starttls_tempfail", SEVERITY_WARNING},
    {"both before TLS", OUTCOME_STARTTLS_MASKED, OUTCOME_STARTTLS_NOT_OFFERED,
     "starttls_masked, then starttls_not_offered", SEVERITY_ERROR},
    {"behind the ClientHello it may be SNI's", OUTCOME_TLS_ALERT, OUTCOME_ESTABLISHED, NULL,
     SEVERITY_INFO},
    {"a 421 may be a limit", OUTCOME_ESTABLISHED, OUTCOME_GREETING_TEMPFAIL, NULL, SEVERITY_INFO},
    {"so may silence", OUTCOME_EHLO_TIMEOUT, OUTCOME_STARTTLS_NOT_OFFERED, NULL, SEVERITY_ERROR},
    {"one session alone", OUTCOME_NOT_TESTED, OUTCOME_STARTTLS_NOT_OFFERED, NULL, SEVERITY_ERROR},
    {"the same twice", OUTCOME_STARTTLS_NOT_OFFERED, OUTCOME_STARTTLS_NOT_OFFERED, NULL,
     SEVERITY_ERROR},
};

Test(session_findings, sessions_that_differ_before_tls_are_unstable)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < sizeof(both_cases) / sizeof(both_cases[0]); i++) {
        const struct both_case *c = &both_cases[i];
        const struct seen_session own = {.outcome = c->second};
        struct seen_service service = service_of(&own, 1);
        struct seen_endpoint e = endpoint_of(&service);
        e.no_sni_outcome = c->first;
        findings_reset(&f);
        findings_of_endpoint(&e, NULL, &f);
        cr_expect_eq(findings_has(&f, FINDING_SMTP_UNSTABLE), c->evidence != NULL, "%s", c->name);
        for (size_t k = 0; k < f.count; k++) {
            if (f.item[k].code == FINDING_SMTP_UNSTABLE) {
                cr_expect(span_eq(findings_evidence(&f, k), span_of(c->evidence)), "%s", c->name);
                cr_expect_eq(f.item[k].severity, SEVERITY_WARNING);
            }
            if (f.item[k].code == FINDING_STARTTLS_NOT_OFFERED ||
                f.item[k].code == FINDING_STARTTLS_TEMPFAIL) {
                cr_expect_eq(f.item[k].severity, c->worst, "%s", c->name);
            }
        }
    }
    findings_deinit(&f);
}

Test(session_findings, what_was_not_tested_has_none)
{
    struct findings f;
    findings_init(&f);
    struct seen_service service = service_of(NULL, 0);
    findings_of_service(&service, NULL, &f);
    struct seen_endpoint endpoint = endpoint_of(&service);
    findings_of_endpoint(&endpoint, NULL, &f);
    cr_expect_eq(f.count, 0);
    findings_deinit(&f);
}

void cover_sessions(struct covered *c)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        cover_row(c, cases[i].expected, cases[i].spares);
    }
    c->raised[FINDING_SMTP_UNSTABLE] = true; /* by the table of attempts, with its neighbours */
    c->spared[FINDING_SMTP_UNSTABLE] = true;
}

static bool has_code(const struct findings *f, enum finding_code code)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->item[i].code == code) {
            return true;
        }
    }
    return false;
}

/* What other names of its group got is the name's own, but not how long one of them waited; what failed
 * before the name mattered is told in the row of the service. */
Test(session_findings, of_a_session_that_stands_for_a_name)
{
    struct seen_session s = {.outcome = OUTCOME_ESTABLISHED, .connect_ms = 1};
    s.smtp.starttls = STARTTLS_OFFERED;
    s.smtp.early_talker = true;
    s.smtp.reply[SMTP_STEP_GREETING] = (struct seen_reply){.code = 220, .ms = 6000};
    const struct {
        const char *session_from;
        enum basis basis;
        bool early;
        bool slow;
    } rows[] = {{"", BASIS_OBSERVED, true, true},
                {"a.mx.test|192.0.2.1|25", BASIS_INFERRED, true, false},
                {"192.0.2.1|25", BASIS_OBSERVED, false, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct findings f;
        struct seen_endpoint e = {.host = SPAN_LIT("b.mx.test"),
                                  .address = {.family = 4, .octets = {192, 0, 2, 1}},
                                  .port = 25,
                                  .result = &s,
                                  .session_from = span_of(rows[i].session_from),
                                  .basis = rows[i].basis};
        findings_init(&f);
        session_findings_of_endpoint(&e, &f);
        cr_expect_eq(has_code(&f, FINDING_SMTP_EARLY_TALKER), rows[i].early, "%zu", i);
        cr_expect_eq(has_code(&f, FINDING_SMTP_SLOW_GREETING), rows[i].slow, "%zu", i);
        findings_deinit(&f);
    }
}
