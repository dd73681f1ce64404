#pragma once

#include "scanner/base/span.h"
#include "scanner/base/vocabulary.h"
#include "scanner/observation/verdict.h"

/**
 * How kinds of senders read the records and policies of MTA-STS (RFC 8461 section 3). A quirk is what real readers
 * differ in; whether the grammar takes it is told beside. What no reader takes is no quirk. Words are part of the
 * files of sender profiles and of evidence.
 */

#define STS_RECORD_QUIRKS(X)                                                                      \
    /* "v=STSv1 ;"; the grammar takes it */                                                       \
    X(STS_RECORD_QUIRK_SPACE_BEFORE_DELIMITER, "space_before_delimiter")                          \
    /* behind the last ";"; the grammar takes it */                                               \
    X(STS_RECORD_QUIRK_END_DELIMITER_SPACE, "end_delimiter_space")                                \
    X(STS_RECORD_QUIRK_DUPLICATE_ID, "duplicate_id") /* the first counts, RFC 8461 section 3.2 */ \
    X(STS_RECORD_QUIRK_OTHER_RECORD, "other_record") /* beside it; section 3.1: discarded */      \
    /* beside it, with a space before ";": discarded as well */                                   \
    X(STS_RECORD_QUIRK_SECOND_LOOSE, "second_loose")                                              \
    X(STS_RECORD_QUIRK_SECOND_RECORD, "second_record") /* section 3.1: there is none */           \
    X(STS_RECORD_QUIRK_FRONT_SPACE, "front_space")                                                \
    X(STS_RECORD_QUIRK_VERSION_LATER, "version_later") /* behind another field */                 \
    X(STS_RECORD_QUIRK_END_SPACE, "end_space") /* behind the last field, without a semicolon */   \
    X(STS_RECORD_QUIRK_EMPTY_FIELD, "empty_field")   /* ";;" */                                   \
    X(STS_RECORD_QUIRK_FIELD_SYNTAX, "field_syntax") /* "name=value" that is no sts-extension */  \
    X(STS_RECORD_QUIRK_FIELD_WITHOUT_SIGN, "field_without_sign")                                  \
    X(STS_RECORD_QUIRK_ID_SYNTAX, "id_syntax") /* empty, over 32, or not of letters and digits */ \
    X(STS_RECORD_QUIRK_ID_SPACE, "id_space")   /* "id =1" */                                      \
    X(STS_RECORD_QUIRK_NON_ASCII, "non_ascii")

#define STS_POLICY_QUIRKS(X)                                                                     \
    X(STS_POLICY_QUIRK_BLANK_LINE, "blank_line") /* nothing on it */                             \
    X(STS_POLICY_QUIRK_WHITE_LINE, "white_line") /* white space alone */                         \
    X(STS_POLICY_QUIRK_KEY_SPACE, "key_space")   /* white space around a key */                  \
    X(STS_POLICY_QUIRK_BOM, "bom")                                                               \
    X(STS_POLICY_QUIRK_EXTRA_CR, "extra_cr")                 /* CR CR LF */                      \
    X(STS_POLICY_QUIRK_LAST_CR, "last_cr")                   /* CR without LF at the very end */ \
    X(STS_POLICY_QUIRK_MAX_AGE_OVER_MAX, "max_age_over_max") /* over 31557600 */                 \
    X(STS_POLICY_QUIRK_MAX_AGE_OVER_31_BITS, "max_age_over_31_bits")                             \
    X(STS_POLICY_QUIRK_DUPLICATE_KEY, "duplicate_key") /* with the same value */                 \
    /* the first counts, RFC 8461 section 3.2 */                                                 \
    X(STS_POLICY_QUIRK_DUPLICATE_DIFFERS, "duplicate_differs")                                   \
    /* beside others or alone, as the next */                                                    \
    X(STS_POLICY_QUIRK_MX_TRAILING_DOT, "mx_trailing_dot")                                       \
    X(STS_POLICY_QUIRK_MX_IP, "mx_ip")                                                           \
    X(STS_POLICY_QUIRK_MX_SYNTAX, "mx_syntax") /* any other pattern that is none */              \
    /* "name: value" that is no extension */                                                     \
    X(STS_POLICY_QUIRK_EXTENSION_SYNTAX, "extension_syntax")                                     \
    X(STS_POLICY_QUIRK_NO_COLON, "no_colon")                                                     \
    X(STS_POLICY_QUIRK_NON_ASCII, "non_ascii")   /* in an extension; the grammar takes UTF-8 */  \
    X(STS_POLICY_QUIRK_MEDIA_TYPE, "media_type") /* not text/plain, section 3.3: SHOULD */       \
    /* "Text/Plain", RFC 9110 section 8.3.1 */                                                   \
    X(STS_POLICY_QUIRK_MEDIA_TYPE_CASE, "media_type_case")

enum sts_record_quirk {
    STS_RECORD_QUIRKS(ENUMERATOR) STS_RECORD_QUIRK_COUNT
};

enum sts_policy_quirk {
    STS_POLICY_QUIRKS(ENUMERATOR) STS_POLICY_QUIRK_COUNT
};

VOCABULARY(sts_record_quirk, enum sts_record_quirk);
VOCABULARY(sts_policy_quirk, enum sts_policy_quirk);

/** Quirks that a kind of sender takes, and those of which it is not known or not always so; bit n: one of the
 * enums above. It takes no others. */
struct sts_reading {
    uint32_t takes;
    uint32_t unsure;
};

/** @param readable there is what every reader needs */
enum truth sts_reading_takes(struct sts_reading reading, bool readable, uint32_t quirks);
