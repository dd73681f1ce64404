#pragma once

#include <stdbool.h>

#include "scanner/base/vocabulary.h"

/**
 * How a session with a mail server ended: one word per cause, first come first served along
 * the stages connect, greeting, EHLO, STARTTLS, TLS. What the peer did is data, not an error.
 *
 * CONCLUSIVE: the session answers whether and how the server speaks TLS. What is not conclusive
 * is never counted as "no STARTTLS" (design: requirement R11).
 * BEFORE_TLS: the name a client asks for cannot matter, so the result speaks for the service.
 * FINAL: asking again in the same scan is pointless or impolite.
 * LOST: the network or the server broke off without a word, or stayed silent: it may be chance, and nothing is
 * concluded from one. BUSY: the server asks to come back later. Both may get a second chance (analysis/attempts.h).
 * The last column is the status word of zgrab2, for readers who know it.
 */
#define SESSION_OUTCOMES(X)                                                                        \
    X(OUTCOME_NOT_TESTED, "not_tested", "there was no session; see not_tested", NOTHING,           \
      "unknown-error")                                                                             \
    X(OUTCOME_LOCAL_FAULT, "local_fault",                                                          \
      "local error, such as no file descriptors or no route: nothing is known about the server",   \
      NOTHING, "unknown-error")                                                                    \
    X(OUTCOME_REFUSED, "refused", "the connection was refused", BEFORE_TLS | FINAL,                \
      "connection-refused")                                                                        \
    X(OUTCOME_UNREACHABLE, "unreachable",                                                          \
      "the network reports that the address cannot be reached", BEFORE_TLS | LOST,                 \
      "connection-refused")                                                                        \
    X(OUTCOME_CONNECT_TIMEOUT, "connect_timeout", "no answer to the connection request in time",   \
      BEFORE_TLS | LOST, "connection-timeout")                                                     \
    X(OUTCOME_GREETING_TIMEOUT, "greeting_timeout", "connected, but no complete greeting in time", \
      BEFORE_TLS | LOST, "io-timeout")                                                             \
    X(OUTCOME_GREETING_CLOSED, "greeting_closed",                                                  \
      "connected, then closed or reset before the greeting", BEFORE_TLS | LOST,                    \
      "connection-closed")                                                                         \
    X(OUTCOME_GREETING_TEMPFAIL, "greeting_tempfail", "greeting with a 4xx code",                  \
      BEFORE_TLS | BUSY, "application-error")                                                      \
    X(OUTCOME_GREETING_REJECTED, "greeting_rejected", "greeting with a 5xx code",                  \
      BEFORE_TLS | FINAL, "application-error")                                                     \
    X(OUTCOME_NOT_SMTP, "not_smtp",                                                                \
      "the data is another protocol, or only lines that are not SMTP replies", BEFORE_TLS,         \
      "protocol-error")                                                                            \
    X(OUTCOME_EHLO_TIMEOUT, "ehlo_timeout", "no complete reply to EHLO in time",                   \
      BEFORE_TLS | LOST, "io-timeout")                                                             \
    X(OUTCOME_EHLO_CLOSED, "ehlo_closed", "closed or reset before the reply to EHLO",              \
      BEFORE_TLS | LOST, "connection-closed")                                                      \
    X(OUTCOME_EHLO_TEMPFAIL, "ehlo_tempfail", "4xx reply to EHLO", BEFORE_TLS | BUSY,              \
      "application-error")                                                                         \
    X(OUTCOME_EHLO_REJECTED, "ehlo_rejected",                                                      \
      "EHLO rejected, and then HELO rejected or not answered", BEFORE_TLS, "application-error")    \
    X(OUTCOME_HELO_ONLY, "helo_only",                                                              \
      "EHLO rejected, and HELO accepted: no extension can be used, so no STARTTLS",                \
      CONCLUSIVE | BEFORE_TLS, "application-error")                                                \
    X(OUTCOME_TARPIT, "tarpit",                                                                    \
      "a server that says it is spamd, or that sent its greeting octet by octet, listed no "       \
      "keyword in reply to EHLO: the server behind it was not tested",                             \
      BEFORE_TLS | BUSY, "application-error")                                                      \
    X(OUTCOME_STARTTLS_NOT_OFFERED, "starttls_not_offered",                                        \
      "the reply to EHLO does not list STARTTLS", CONCLUSIVE | BEFORE_TLS, "application-error")    \
    X(OUTCOME_STARTTLS_MASKED, "starttls_masked", "a middlebox overwrote the STARTTLS keyword",    \
      CONCLUSIVE | BEFORE_TLS, "application-error")                                                \
    X(OUTCOME_STARTTLS_TIMEOUT, "starttls_timeout",                                                \
      "offered, but no complete reply to STARTTLS in time", BEFORE_TLS | LOST, "io-timeout")       \
    X(OUTCOME_STARTTLS_CLOSED, "starttls_closed",                                                  \
      "offered, but closed or reset before the reply to STARTTLS", BEFORE_TLS | LOST,              \
      "connection-closed")                                                                         \
    X(OUTCOME_STARTTLS_TEMPFAIL, "starttls_tempfail", "offered, then a 4xx reply",                 \
      CONCLUSIVE | BEFORE_TLS | BUSY, "application-error")                                         \
    X(OUTCOME_STARTTLS_REJECTED, "starttls_rejected",                                              \
      "offered, then a 5xx or 3xx reply, or another protocol", CONCLUSIVE | BEFORE_TLS,            \
      "application-error")                                                                         \
    X(OUTCOME_TLS_TIMEOUT, "tls_timeout", "no answer during the handshake in time",                \
      CONCLUSIVE | LOST, "io-timeout")                                                             \
    X(OUTCOME_TLS_CLOSED, "tls_closed", "closed during the handshake", CONCLUSIVE | LOST,          \
      "handshake-error")                                                                           \
    X(OUTCOME_TLS_RESET, "tls_reset", "reset during the handshake", CONCLUSIVE | LOST,             \
      "handshake-error")                                                                           \
    X(OUTCOME_TLS_ALERT, "tls_alert",                                                              \
      "the server ended the handshake with a fatal alert; see alert_received", CONCLUSIVE,         \
      "handshake-error")                                                                           \
    X(OUTCOME_TLS_NO_SHARED_VERSION, "tls_no_shared_version", "no TLS version in common",          \
      CONCLUSIVE, "handshake-error")                                                               \
    X(OUTCOME_TLS_NO_SHARED_CIPHER, "tls_no_shared_cipher", "no cipher suite in common",           \
      CONCLUSIVE, "handshake-error")                                                               \
    X(OUTCOME_TLS_PROTOCOL_ERROR, "tls_protocol_error",                                            \
      "the server sent invalid TLS; see error_text", CONCLUSIVE, "handshake-error")                \
    X(OUTCOME_ESTABLISHED, "established", "the handshake completed", CONCLUSIVE, "success")

enum session_outcome {
    SESSION_OUTCOMES(ENUMERATOR) OUTCOME_COUNT
};

struct outcome_info {
    const char *word;
    bool conclusive;
    bool before_tls;
    bool final;
    bool lost;
    bool busy;
    const char *zgrab2;
};

VOCABULARY(outcome, enum session_outcome);
const struct outcome_info *outcome_info(enum session_outcome o);
/** Was a connection made? */
static inline bool outcome_is_connected(enum session_outcome o)
{
    return o > OUTCOME_CONNECT_TIMEOUT;
}

/** What the server said of STARTTLS (requirement R10); implicit TLS counts as offered. */
#define STARTTLS_STATES(X)                                                                         \
    X(STARTTLS_UNKNOWN, "unknown", "there was no answer: this is not the same as not offered")     \
    X(STARTTLS_OFFERED, "offered", "listed in the reply to EHLO, and the command got a 2xx reply") \
    X(STARTTLS_NOT_OFFERED, "not_offered",                                                         \
      "not listed in the reply to EHLO, or EHLO rejected and HELO accepted")                       \
    X(STARTTLS_MASKED, "masked", "a middlebox overwrote the STARTTLS keyword")                     \
    X(STARTTLS_TEMPFAIL, "tempfail", "offered, then a 4xx reply")                                  \
    X(STARTTLS_REJECTED, "rejected", "offered, then a 5xx reply or no SMTP reply code")            \
    X(STARTTLS_INJECTED, "injected",                                                               \
      "like offered, but with cleartext data after the reply to STARTTLS; it was discarded")

enum starttls_state {
    STARTTLS_STATES(ENUMERATOR)
};

VOCABULARY(starttls, enum starttls_state);

/** Why something was not tested, where the outcome is `not_tested`. */
#define NOT_TESTED_REASONS(X)                                                   \
    X(NOT_TESTED_NONE, "", NULL)                                                \
    X(NOT_TESTED_ADDRESS_BUDGET, "address_budget",                              \
      "more names lead to the address than are tested (--names-per-address)")   \
    X(NOT_TESTED_SPECIAL_PURPOSE, "special_purpose",                            \
      "an address that is not for the public Internet (RFC 6890)")              \
    X(NOT_TESTED_BLOCKLISTED, "blocklisted", "on the blocklist")                \
    X(NOT_TESTED_FAMILY_DISABLED, "family_disabled",                            \
      "the address family is disabled, or has no route here")                   \
    X(NOT_TESTED_TRUNCATED, "truncated",                                        \
      "over the limit of 16 addresses of a family or 64 endpoints of a domain") \
    X(NOT_TESTED_INTERRUPTED, "interrupted", "the scan ended before")           \
    X(NOT_TESTED_LOCAL_FAULT, "local_fault",                                    \
      "our own network or resolver failed and did not recover (--outage-max)")

enum not_tested_reason {
    NOT_TESTED_REASONS(ENUMERATOR)
};

VOCABULARY(not_tested, enum not_tested_reason);
