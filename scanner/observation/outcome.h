#pragma once

#include <stdbool.h>

/**
 * How a session with a mail server ended: one word per cause, first come first served along
 * the stages connect, greeting, EHLO, STARTTLS, TLS. What the peer did is data, not an error.
 *
 * `conclusive`: the session answers whether and how the server speaks TLS. What is not conclusive
 * is never counted as "no STARTTLS" (design: requirement R11).
 * `before_tls`: the name a client asks for cannot matter, so the result speaks for the service.
 * `final`: asking again in the same scan is pointless or impolite.
 * The last column is the status word of zgrab2, for readers who know it.
 */
#define SESSION_OUTCOMES(X)                                                                        \
    /* name, word, conclusive, before_tls, final, zgrab2 */                                        \
    X(NOT_TESTED, "not_tested", false, false, false, "unknown-error")                              \
    X(LOCAL_FAULT, "local_fault", false, false, false, "unknown-error") /* ours, not the peer's */ \
    X(REFUSED, "refused", false, true, true, "connection-refused")                                 \
    X(UNREACHABLE, "unreachable", false, true, false, "connection-refused") /* ICMP or no route */ \
    X(CONNECT_TIMEOUT, "connect_timeout", false, true, false, "connection-timeout")                \
    X(GREETING_TIMEOUT, "greeting_timeout", false, true, false, "io-timeout")                      \
    X(GREETING_CLOSED, "greeting_closed", false, true, false, "connection-closed")                 \
    X(GREETING_TEMPFAIL, "greeting_tempfail", false, true, false, "application-error") /* 4xx */   \
    X(GREETING_REJECTED, "greeting_rejected", false, true, true, "application-error")  /* 5xx */   \
    X(NOT_SMTP, "not_smtp", false, true, false, "protocol-error")                                  \
    X(EHLO_TIMEOUT, "ehlo_timeout", false, true, false, "io-timeout")                              \
    X(EHLO_CLOSED, "ehlo_closed", false, true, false, "connection-closed")                         \
    X(EHLO_TEMPFAIL, "ehlo_tempfail", false, true, false, "application-error")                     \
    X(EHLO_REJECTED, "ehlo_rejected", false, true, false, "application-error") /* HELO as well */  \
    X(HELO_ONLY, "helo_only", true, true, false, "application-error") /* EHLO refused, HELO not */ \
    X(TARPIT, "tarpit", false, true, true, "application-error")       /* what is behind? */        \
    X(STARTTLS_NOT_OFFERED, "starttls_not_offered", true, true, false, "application-error")        \
    X(STARTTLS_MASKED, "starttls_masked", true, true, false, "application-error") /* XXXXXXXA */   \
    X(STARTTLS_TIMEOUT, "starttls_timeout", false, true, false, "io-timeout")                      \
    X(STARTTLS_CLOSED, "starttls_closed", false, true, false, "connection-closed")                 \
    X(STARTTLS_TEMPFAIL, "starttls_tempfail", true, true, false, "application-error") /* 454 */    \
    X(STARTTLS_REJECTED, "starttls_rejected", true, true, false, "application-error") /* 5xx */    \
    X(TLS_TIMEOUT, "tls_timeout", true, false, false, "io-timeout")                                \
    X(TLS_CLOSED, "tls_closed", true, false, false, "handshake-error")                             \
    X(TLS_RESET, "tls_reset", true, false, false, "handshake-error")                               \
    X(TLS_ALERT, "tls_alert", true, false, false, "handshake-error") /* alert by name beside it */ \
    X(TLS_NO_SHARED_VERSION, "tls_no_shared_version", true, false, false, "handshake-error")       \
    X(TLS_NO_SHARED_CIPHER, "tls_no_shared_cipher", true, false, false, "handshake-error")         \
    X(TLS_PROTOCOL_ERROR, "tls_protocol_error", true, false, false, "handshake-error")             \
    X(ESTABLISHED, "established", true, false, false, "success") /* the handshake completed */

enum session_outcome {
#define X(name, word, conclusive, before_tls, final, zgrab2) OUTCOME_##name,
    SESSION_OUTCOMES(X)
#undef X
    OUTCOME_COUNT
};

struct outcome_info {
    const char *word;
    bool conclusive;
    bool before_tls;
    bool final;
    const char *zgrab2;
};

const struct outcome_info *outcome_info(enum session_outcome o);

/** What the server said of STARTTLS (requirement R10); implicit TLS counts as offered. */
#define STARTTLS_STATES(X)                                                                         \
    X(UNKNOWN, "unknown")         /* the question was never answered */                            \
    X(OFFERED, "offered")         /* and 2xx to the command */                                     \
    X(NOT_OFFERED, "not_offered") /* EHLO answered 250 without the keyword, or refused for HELO */ \
    X(MASKED, "masked")           /* a middlebox overwrote the keyword */                          \
    X(TEMPFAIL, "tempfail")       /* offered, then 4xx */                                          \
    X(REJECTED, "rejected")       /* offered, then 5xx or no SMTP reply code */                    \
    X(INJECTED, "injected")       /* as offered; octets after the 2xx, before TLS */

enum starttls_state {
#define X(name, word) STARTTLS_##name,
    STARTTLS_STATES(X)
#undef X
};

const char *starttls_word(enum starttls_state s);

/** Why something was not tested, where the outcome is `not_tested`. */
#define NOT_TESTED_REASONS(X)                                                                \
    X(NONE, "")                                                                              \
    X(ADDRESS_BUDGET, "address_budget")   /* --names-per-address */                          \
    X(SPECIAL_PURPOSE, "special_purpose") /* RFC 6890 address, refused */                    \
    X(BLOCKLISTED, "blocklisted")                                                            \
    X(FAMILY_DISABLED, "family_disabled") /* -4 or -6, or no route of that family here */    \
    X(TRUNCATED, "truncated")             /* beyond 16 addresses a family or 64 endpoints */ \
    X(INTERRUPTED, "interrupted")

enum not_tested_reason {
#define X(name, word) NOT_TESTED_##name,
    NOT_TESTED_REASONS(X)
#undef X
};

const char *not_tested_word(enum not_tested_reason r);
