#pragma once

/**
 * What an exchange names, by the rules that senders check it with before they look for an address. Words
 * are part of the output.
 */
#define MX_NAME_KINDS(X)                                                                         \
    X(HOST, "host") /* RFC 1123 section 2.1, underscores included: Postfix and Exim take them */ \
    X(ADDRESS_LITERAL, "address_literal") /* 192.0.2.1 or 2001:db8::1: against RFC 5321 5.1 */   \
    X(NOT_A_HOST, "not_a_host")           /* Postfix and Exim refuse it unasked */               \
    X(DOUBTFUL, "doubtful") /* no host name, and their rules or versions disagree on it */       \
    X(ROOT, "root")         /* RFC 7505 section 3 */

enum mx_name_kind {
#define X(name, word) MX_NAME_##name,
    MX_NAME_KINDS(X)
#undef X
    MX_NAME_KIND_COUNT
};

const char *mx_name_kind_word(enum mx_name_kind k);
