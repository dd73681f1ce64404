#pragma once

#include "scanner/base/span.h"
#include "scanner/base/vocabulary.h"
#include "scanner/observation/outcome.h"

/** One SMTP reply as seen (RFC 5321 section 4.2). */
struct seen_reply {
    uint16_t code;  /* 200..599; 0: none was seen */
    bool truncated; /* more octets came than are kept */
    int32_t
        ms; /* from sending the command (or from the TCP connection) to the last octet; -1: not measured */
    struct span
        text; /* the lines as sent with their codes, without CRLF, joined by LF; borrowed from the dialogue */
};

/** The steps of a dialogue, in the order in which they can occur. */
#define SMTP_STEPS(X)       \
    X(GREETING, "greeting") \
    X(EHLO, "ehlo")         \
    X(HELO, "helo")         \
    X(STARTTLS, "starttls") \
    X(EHLO_TLS, "ehlo_tls") \
    X(QUIT, "quit")

enum smtp_step {
#define X(name, word) SMTP_STEP_##name,
    SMTP_STEPS(X)
#undef X
    SMTP_STEP_COUNT
};

/**
 * How a dialogue strays from the RFCs without ending by it: the most forgiving senders go on, and so
 * does this program, while others give up. Up to the reply to EHLO inside TLS; QUIT is not meant.
 * The greeting's empty lines are those before the reply to EHLO begins.
 */
/* Those about the lines of replies. Exim 4.96 fails at an empty line of the greeting. */
#define SMTP_QUIRKS_OF_LINES(X)                                                           \
    X(SMTP_QUIRK_CR_CR_LF, "cr_cr_lf",                                                    \
      "a line ends with more than one CR before LF (RFC 5321 section 2.3.8)")             \
    X(SMTP_QUIRK_NUL, "nul", "a line contains a NUL; it is read only up to there")        \
    X(SMTP_QUIRK_EMPTY_LINE_GREETING, "empty_line_greeting",                              \
      "an empty line before, within or after the greeting, before the next reply begins") \
    X(SMTP_QUIRK_EMPTY_LINE_REPLY, "empty_line_reply",                                    \
      "an empty line before or within a later reply")                                     \
    X(SMTP_QUIRK_GARBAGE_LINE, "garbage_line", "another line that is not part of a reply; see bad")

#define SMTP_QUIRKS(X)                                                                       \
    X(SMTP_QUIRK_KEYWORD_CASE, "keyword_case",                                               \
      "STARTTLS is listed, but never in upper case (RFC 5321 section 2.4 allows it)")        \
    SMTP_QUIRKS_OF_LINES(X)                                                                  \
    X(SMTP_QUIRK_INJECTED, "injected",                                                       \
      "cleartext data after the reply to STARTTLS; it was discarded; see injected")          \
    X(SMTP_QUIRK_LOST_AFTER_TLS, "lost_after_tls",                                           \
      "the session ended before a complete reply to EHLO inside TLS (RFC 3207 section 4.2)") \
    X(SMTP_QUIRK_SILENT_AFTER_TLS, "silent_after_tls",                                       \
      "no complete reply to EHLO inside TLS in time")                                        \
    X(SMTP_QUIRK_REFUSED_AFTER_TLS, "refused_after_tls",                                     \
      "EHLO inside TLS was rejected, or the answer is not SMTP")

enum smtp_quirk {
    SMTP_QUIRKS(ENUMERATOR) SMTP_QUIRK_COUNT
};

VOCABULARY(smtp_quirk, enum smtp_quirk);

static inline uint16_t smtp_quirk_bit(enum smtp_quirk q)
{
    return (uint16_t)(1U << q);
}

static inline bool smtp_has_quirk(uint16_t quirks, enum smtp_quirk q)
{
    return (quirks & smtp_quirk_bit(q)) != 0;
}

/**
 * What is within the RFCs or beside them, and means different things to senders: this program goes on as
 * the most forgiving do. The keyword is STARTTLS in the reply to EHLO; where a line holds it as RFC 3207
 * section 4 writes it, its other forms count for nothing.
 */
#define SMTP_READ_FORMS(X)                                                                       \
    X(SMTP_FORM_KEYWORD_SPACE_BEFORE, "keyword_space_before",                                    \
      "there are spaces before the keyword")                                                     \
    X(SMTP_FORM_KEYWORD_TAB_BEFORE, "keyword_tab_before", "there is a tab before the keyword")   \
    X(SMTP_FORM_KEYWORD_SPACE_AFTER, "keyword_space_after",                                      \
      "there are spaces after the keyword, and nothing else")                                    \
    X(SMTP_FORM_KEYWORD_TAB_AFTER, "keyword_tab_after", "there is a tab after the keyword")      \
    X(SMTP_FORM_KEYWORD_PARAMETER, "keyword_parameter",                                          \
      "the keyword has a parameter (RFC 3207 section 4 defines none)")                           \
    X(SMTP_FORM_KEYWORD_EQUALS, "keyword_equals", "the keyword is followed by an equals sign")   \
    X(SMTP_FORM_KEYWORD_CODE, "keyword_code",                                                    \
      "the line with the keyword has a reply code other than 250")                               \
    X(SMTP_FORM_KEYWORD_FIRST_LINE, "keyword_first_line",                                        \
      "the keyword is the whole first line, which names the server (RFC 5321 section 4.1.1.1), " \
      "and in no other line")                                                                    \
    X(SMTP_FORM_KEYWORD_OTHER, "keyword_other",                                                  \
      "a line begins with the word STARTTLS and this program does not take it for the keyword, " \
      "or two lines have the keyword in two of these forms")                                     \
    X(SMTP_FORM_MIXED_CODES, "mixed_codes",                                                      \
      "the lines of one reply have different codes (RFC 5321 section 4.2.1)")                    \
    X(SMTP_FORM_MIXED_CLASSES, "mixed_classes",                                                  \
      "the codes of one reply differ in their first digit")                                      \
    X(SMTP_FORM_NOT_250, "not_250",                                                              \
      "EHLO or HELO got a 2xx reply other than 250 (RFC 5321 section 4.3.2)")                    \
    X(SMTP_FORM_HIDDEN_GREETING, "hidden_greeting",                                              \
      "the greeting has no text other than asterisks, blanks and the digits 2 and 0, as some "   \
      "firewalls write it")                                                                      \
    X(SMTP_FORM_OWN_NAME, "own_name",                                                            \
      "the server answers EHLO with the name of the client, which is not the name in its "       \
      "greeting")

#define SMTP_FORMS(X)                                                                           \
    SMTP_READ_FORMS(X)                                                                          \
    X(SMTP_FORM_ODD_LINE_IN_TLS, "odd_line_in_tls",                                             \
      "a quirk of reply lines was in the reply to EHLO inside TLS, and not before TLS")         \
    X(SMTP_FORM_CLOSED_AFTER_REFUSAL, "closed_after_refusal",                                   \
      "STARTTLS was rejected, and the session closed before a reply to QUIT (RFC 5321 section " \
      "3.8)")

enum smtp_form {
    SMTP_FORMS(ENUMERATOR) SMTP_FORM_COUNT
};

VOCABULARY(smtp_form, enum smtp_form);

static inline uint16_t smtp_form_bit(enum smtp_form f)
{
    return (uint16_t)(1U << f);
}

/** Those of the keyword. */
#define SMTP_KEYWORD_FORMS ((1U << (SMTP_FORM_KEYWORD_OTHER + 1)) - 1)

/** Those that profiles of senders speak of: SMTP_READ_FORMS. */
#define SMTP_DIALOGUE_FORMS ((1U << (SMTP_FORM_OWN_NAME + 1)) - 1)

/** Those about the lines of replies. */
#define SMTP_LINE_QUIRKS             (0U SMTP_QUIRKS_OF_LINES(SMTP_QUIRK_OR_BIT))
#define SMTP_QUIRK_OR_BIT(name, ...) | 1U << (name)

/** What one dialogue showed. Plain data; spans live as long as the dialogue that filled it. */
struct seen_smtp {
    enum starttls_state starttls;
    bool starttls_again;         /* offered again inside TLS (RFC 3207 section 4.2: MUST NOT) */
    bool greeting_multiline;     /* 220- lines */
    bool greeting_without_esmtp; /* the word ESMTP is absent; EHLO is sent all the same */
    bool early_talker;           /* octets behind the end of the greeting */
    bool line_too_long;          /* a line over 512 octets (RFC 5321 section 4.5.3.1.5) */
    uint16_t quirks;             /* bits by enum smtp_quirk */
    uint16_t forms;              /* bits by enum smtp_form */
    uint32_t injected_len;       /* octets behind the 2xx to STARTTLS, before TLS */
    struct span injected;        /* the first of them, at most 256 */
    struct span bad;             /* the first line that was no SMTP reply, at most 256 octets */
    struct seen_reply reply[SMTP_STEP_COUNT];
};

/** STARTTLS was answered with another 2xx than 220, the only one of RFC 3207 section 4. */
static inline bool smtp_starttls_is_not_220(const struct seen_smtp *smtp)
{
    uint16_t code = smtp->reply[SMTP_STEP_STARTTLS].code;
    return code / 100 == 2 && code != 220;
}
