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

/** What one dialogue showed. Plain data; spans live as long as the dialogue that filled it. */
struct seen_smtp {
    struct seen_reply reply[SMTP_STEP_COUNT];
    enum starttls_state starttls;
    bool starttls_again;         /* offered again inside TLS (RFC 3207 section 4.2: MUST NOT) */
    bool greeting_multiline;     /* 220- lines */
    bool greeting_without_esmtp; /* the word ESMTP is absent; EHLO is sent all the same */
    bool early_talker;           /* octets behind the end of the greeting */
    bool line_too_long;          /* a line over 512 octets (RFC 5321 section 4.5.3.1.5) */
    uint32_t injected_len;       /* octets behind the 220 to STARTTLS, before TLS */
    struct span injected;        /* the first of them, at most 256 */
    struct span bad;             /* octets that were no SMTP reply, at most 256 */
};
