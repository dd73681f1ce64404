#pragma once

/**
 * The normal form of names: A-labels, lower case, no trailing dot, at most 253 octets.
 *
 * Input names are the domain part of mail addresses, so they follow RFC 5321 section 4.1.2
 * (letters, digits, inner hyphens); MX hosts are whatever the record holds, so underscores and
 * hyphens at the edge of a label pass. ASCII labels are not looked into, "xn--" ones included:
 * what is registered can be asked for. Other labels go through IDNA 2008 with the
 * non-transitional mapping of UTS 46 (RFC 5890, 5891). A single label is fine: a TLD can have MX.
 */

#include "scanner/base/buf.h"
#include "scanner/base/vocabulary.h"
#include "scanner/observation/mx_name.h"

#define NAME_TEXT_MAX \
    253 /* octets: 255 of wire form (RFC 1035 section 2.3.4) without length and root */
#define NAME_LABEL_MAX 63   /* octets, RFC 1035 section 2.3.4 */
#define NAME_INPUT_MAX 1024 /* octets of a name in UTF-8 that we look at; our own bound */

/** Why something is no name that can be worked on. Words are part of the output. */
#define NAME_FAULTS(X)                                                                          \
    X(NAME_FAULT_EMPTY, "empty", "the name is empty")                                           \
    X(NAME_FAULT_TOO_LONG, "too_long", "longer than 253 octets (RFC 1035 section 2.3.4)")       \
    X(NAME_FAULT_LABEL_TOO_LONG, "label_too_long",                                              \
      "a label is longer than 63 octets (RFC 1035 section 2.3.4)")                              \
    X(NAME_FAULT_EMPTY_LABEL, "empty_label", "two dots in a row, or a dot at the beginning")    \
    X(NAME_FAULT_BAD_CHARACTER, "bad_character",                                                \
      "a character other than letters, digits and hyphens (RFC 1123 section 2.1)")              \
    X(NAME_FAULT_BAD_HYPHEN, "bad_hyphen",                                                      \
      "a label begins or ends with a hyphen (RFC 5321 section 4.1.2)")                          \
    X(NAME_FAULT_NOT_UTF8, "not_utf8", "not valid UTF-8 (RFC 3629)")                            \
    X(NAME_FAULT_IDNA, "idna", "a label that IDNA 2008 does not allow (RFC 5891)")              \
    X(NAME_FAULT_IP_ADDRESS, "ip_address", "an IP address")                                     \
    X(NAME_FAULT_NUMERIC_TLD, "numeric_tld", "the last label is a number (RFC 3696 section 2)") \
    X(NAME_FAULT_URL, "url", "a URL that is not http or https, or has no host")                 \
    X(NAME_FAULT_SPECIAL_USE, "special_use_name",                                               \
      "onion, invalid, localhost or local: no mail in the public DNS (RFC 6761, 6762, 7686)")   \
    /* of MX exchanges only */                                                                  \
    X(NAME_FAULT_NULL_MX, "null_mx", "the root, which is not a host (RFC 7505)")                \
    X(NAME_FAULT_IP_LITERAL, "ip_literal",                                                      \
      "an address in brackets (RFC 5321 section 5.1 requires a name)")                          \
    X(NAME_FAULT_LOCALHOST, "localhost", "localhost (RFC 6761 section 6.3)")

enum name_fault {
    NAME_FAULTS(ENUMERATOR) NAME_FAULT_COUNT
};

VOCABULARY(name_fault, enum name_fault);

/**
 * An input domain: tolerates white space around it, "user@domain", "Name <user@domain>", the URL of a site on it, one trailing dot, upper case
 * and U-labels. Appends the normal form to `out`.
 * @return NULL when fine, else the word of a name_fault, with `out` unchanged.
 */
const char *domain_name_normalise(struct span input, struct buf *out);
/** Of http or https, whose host is the domain (RFC 3986 section 3.2.2). */
bool domain_name_is_in_url(struct span input);

/**
 * A host name out of a record or a reply, as text (lower case or not, escapes of RFC 1035 section 5.1,
 * root "."). Appends its normal form to `out`.
 * @return false, with `out` unchanged and the word in `*why` (unless NULL), when it is no host name.
 */
bool host_name_normalise(struct span name, struct buf *out, const char **why);

/**
 * The exchange of an MX record, in text as above. Besides host names an address passes, as dotted
 * quad or as RFC 4291 section 2.2 has it, because some senders dial it; brackets and the other forms that
 * inet_aton() reads do not.
 * @return NULL, and the normal form or the address is appended to `out`; else the word of a name_fault.
 */
const char *mx_name_normalise(struct span exchange, struct buf *out, enum mx_name_kind *kind);

/** Any name a list of ours may hold: as an input domain, but with underscores and special-use names
 * and without "user@". @return as domain_name_normalise(). */
const char *list_name_normalise(struct span input, struct buf *out);

/** The last label of a normal form. */
struct span domain_name_tld(struct span name);
