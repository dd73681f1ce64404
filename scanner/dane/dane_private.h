#pragma once

#include "scanner/dane/dane.h"

/** The digest or the octets of a certificate that a record with these parameters is compared with. */
struct tlsa_subject {
    uint8_t digest[64];
    struct span data; /* into `digest` or the certificate; empty: cannot be made */
};

void tlsa_subject_make(struct tlsa_subject *s, uint8_t selector, uint8_t matching, struct span der);

#define TLSA_SELECTOR_CERT 0 /* RFC 6698 section 2.1.2 */
#define TLSA_SELECTOR_SPKI 1
#define TLSA_MATCHING_FULL 0 /* RFC 6698 section 2.1.3 */
#define TLSA_MATCHING_256  1
#define TLSA_MATCHING_512  2
#define TLSA_USAGE_TA      2 /* RFC 7218 section 2.1 */
#define TLSA_USAGE_EE      3

/** Does a path lead from the first certificate of `list` to the trust anchor `anchor` (DER)? Names are
 * not looked at. @param at Unix seconds */
enum dane_ta_fault dane_anchor_path(struct span list, struct span anchor, int64_t at);
/** The same where only the anchor's key is known (SubjectPublicKeyInfo): it has to have signed the last
 * certificate of the way up from the leaf. NOT_PRESENTED: it did not. */
enum dane_ta_fault dane_key_path(struct span list, struct span key, int64_t at);
