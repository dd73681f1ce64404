#pragma once

#include "scanner/base/vocabulary.h"

/**
 * What an exchange names, by the rules that senders check it with before they look for an address. Words
 * are part of the output.
 */
#define MX_NAME_KINDS(X)                                                                          \
    X(MX_NAME_HOST, "host",                                                                       \
      "a host name (RFC 1123 section 2.1); underscores are allowed, as in Postfix and Exim")      \
    X(MX_NAME_ADDRESS_LITERAL, "address_literal",                                                 \
      "an IPv4 or IPv6 address as text: some senders connect to it, others bounce the mail (RFC " \
      "5321 section 5.1)")                                                                        \
    X(MX_NAME_NOT_A_HOST, "not_a_host",                                                           \
      "a name that Postfix and Exim reject: invalid characters, or a label that begins or ends "  \
      "with a hyphen (RFC 1035 section 2.3.1)")                                                   \
    X(MX_NAME_DOUBTFUL, "doubtful",                                                               \
      "not a host name, but senders or their versions disagree about it; no query was sent")      \
    X(MX_NAME_ROOT, "root", "the null MX (RFC 7505 section 3)")

enum mx_name_kind {
    MX_NAME_KINDS(ENUMERATOR) MX_NAME_KIND_COUNT
};

VOCABULARY(mx_name_kind, enum mx_name_kind);
