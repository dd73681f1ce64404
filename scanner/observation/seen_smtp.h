#pragma once

#include "scanner/base/span.h"
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
#define SMTP_QUIRKS(X)                                                                           \
    X(KEYWORD_CASE, "keyword_case") /* STARTTLS is listed, never in upper case: RFC 5321 2.4 */  \
    X(CR_CR_LF, "cr_cr_lf")         /* a line with more than one CR before LF: RFC 5321 2.3.8 */ \
    X(NUL, "nul")                   /* a line with a NUL, read up to there as C strings are */   \
    X(EMPTY_LINE_GREETING, "empty_line_greeting") /* Exim 4.96 fails at the greeting or EHLO */  \
    X(EMPTY_LINE_REPLY, "empty_line_reply")       /* before or within a later reply */           \
    X(GARBAGE_LINE, "garbage_line")               /* another line of no reply: RFC 5321 4.2 */   \
    X(INJECTED, "injected")                   /* octets behind the reply to STARTTLS, dropped */ \
    X(LOST_AFTER_TLS, "lost_after_tls")       /* closed, reset, alert; EHLO in TLS unanswered */ \
    X(SILENT_AFTER_TLS, "silent_after_tls")   /* EHLO inside TLS had no whole reply in time */   \
    X(REFUSED_AFTER_TLS, "refused_after_tls") /* EHLO inside TLS was answered with no 2xx */

enum smtp_quirk {
#define X(name, word) SMTP_QUIRK_##name,
    SMTP_QUIRKS(X)
#undef X
    SMTP_QUIRK_COUNT
};

const char *smtp_quirk_word(enum smtp_quirk q);

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
#define SMTP_READ_FORMS(X)                                                                     \
    X(KEYWORD_SPACE_BEFORE, "keyword_space_before") /* blanks in front of it */                \
    X(KEYWORD_TAB_BEFORE, "keyword_tab_before")     /* a tab among them */                     \
    X(KEYWORD_SPACE_AFTER, "keyword_space_after")   /* blanks and nothing else */              \
    X(KEYWORD_TAB_AFTER, "keyword_tab_after")       /* a tab among them, whatever follows */   \
    X(KEYWORD_PARAMETER, "keyword_parameter")       /* RFC 5321 section 4.1.1.1 allows them */ \
    X(KEYWORD_EQUALS, "keyword_equals")             /* as drafts of AUTH had it */             \
    X(KEYWORD_CODE, "keyword_code")                 /* in a line with another code than 250 */ \
    X(KEYWORD_OTHER, "keyword_other")     /* the word, and no keyword to us; or two forms */   \
    X(MIXED_CODES, "mixed_codes")         /* in one reply, RFC 5321 section 4.2.1 */           \
    X(MIXED_CLASSES, "mixed_classes")     /* the first digit too */                            \
    X(NOT_250, "not_250")                 /* another 2xx to EHLO or HELO */                    \
    X(HIDDEN_GREETING, "hidden_greeting") /* "220 ****": nothing but 2, 0, * and blanks */     \
    X(OWN_NAME, "own_name")               /* EHLO is answered with the client's name */

#define SMTP_FORMS(X)  \
    SMTP_READ_FORMS(X) \
    X(CLOSED_AFTER_REFUSAL, "closed_after_refusal") /* QUIT is, when STARTTLS was refused */

enum smtp_form {
#define X(name, word) SMTP_FORM_##name,
    SMTP_FORMS(X)
#undef X
    SMTP_FORM_COUNT
};

const char *smtp_form_word(enum smtp_form f);

static inline uint16_t smtp_form_bit(enum smtp_form f)
{
    return (uint16_t)(1U << f);
}

/** Those of the keyword. */
#define SMTP_KEYWORD_FORMS ((1U << (SMTP_FORM_KEYWORD_OTHER + 1)) - 1)

/** Those about the lines of replies. */
#define SMTP_LINE_QUIRKS                                                                       \
    (1U << SMTP_QUIRK_CR_CR_LF | 1U << SMTP_QUIRK_NUL | 1U << SMTP_QUIRK_EMPTY_LINE_GREETING | \
     1U << SMTP_QUIRK_EMPTY_LINE_REPLY | 1U << SMTP_QUIRK_GARBAGE_LINE)

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
