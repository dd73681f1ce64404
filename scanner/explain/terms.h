#pragma once

#include "output/tables.h"
#include "scanner/analysis/catalogue.h"
#include "scanner/analysis/sender_profile.h"
#include "scanner/survey/sheet.h"

/**
 * Everything that has a name of ours, found by what a person types: codes and areas of findings, words of
 * vocabularies, tables, objects and columns, sender profiles, tables of reports, result types of TLS-RPT, and the
 * glossary. The list is made from their definitions; only the glossary and the result types are defined here.
 */

/** In this order hits are shown. */
#define TERM_KINDS(X)                     \
    X(TERM_GLOSSARY, "term")              \
    X(TERM_AREA, "area of findings")      \
    X(TERM_CODE, "finding")               \
    X(TERM_RESULT_TYPE, "TLS-RPT result") \
    X(TERM_SENDER, "sender profile")      \
    X(TERM_SHEET, "table of reports")     \
    X(TERM_WORD, "word")                  \
    X(TERM_VOCABULARY, "vocabulary")      \
    X(TERM_TABLE, "table")                \
    X(TERM_OBJECT, "object")              \
    X(TERM_COLUMN, "column")

enum term_kind {
    TERM_KINDS(ENUMERATOR) TERM_KIND_COUNT
};

VOCABULARY(term_kind, enum term_kind);

/** RFC 8460 section 4.3; the catalogue of findings names these words. Word, meaning, what mends it. */
#define RESULT_TYPES(X)                                                                            \
    X(RESULT_STARTTLS_NOT_SUPPORTED, "starttls-not-supported",                                     \
      "the MX host did not offer STARTTLS, or did not accept it",                                  \
      "Enable STARTTLS on this host; turn off SMTP inspection on firewalls before it; repair its " \
      "certificate and key, if it refuses the command.")                                           \
    X(RESULT_CERTIFICATE_HOST_MISMATCH, "certificate-host-mismatch",                               \
      "no name in the certificate is the one that MTA-STS or DANE asks for",                       \
      "Get a certificate with the MX host among its dNSNames, and present it with and without "    \
      "SNI.")                                                                                      \
    X(RESULT_CERTIFICATE_EXPIRED, "certificate-expired", "the certificate has expired",            \
      "Renew the certificate, publish its TLSA record first if there is DANE, and reload the "     \
      "server.")                                                                                   \
    X(RESULT_CERTIFICATE_NOT_TRUSTED, "certificate-not-trusted",                                   \
      "the sender cannot verify the certificate up to a root that it trusts: self-signed, a "      \
      "private CA, or an intermediate certificate is missing",                                     \
      "Install a certificate of a public CA, with its intermediates behind it.")                   \
    X(RESULT_VALIDATION_FAILURE, "validation-failure",                                             \
      "any other failure, such as a handshake that fails; see the field failure-reason-code",      \
      "Look at the reasons of the report; check versions and cipher suites of this host, and "     \
      "that every MX host is in the MTA-STS policy.")                                              \
    X(RESULT_TLSA_INVALID, "tlsa-invalid",                                                         \
      "DANE: no TLSA record is valid, or none matches what the server presents",                   \
      "Publish the TLSA record (3 1 1) of the certificate in use; remove records of other "        \
      "usages.")                                                                                   \
    X(RESULT_DNSSEC_INVALID, "dnssec-invalid", "DANE: the answers of DNS fail DNSSEC validation",  \
      "Repair DNSSEC: signatures, DS records, and answers about TLSA.")                            \
    X(RESULT_DANE_REQUIRED, "dane-required",                                                       \
      "this sender requires DANE of the domain, and an MX host has no secure TLSA records",        \
      "Publish TLSA records for every MX host in a signed zone, or agree with the sender that "    \
      "DANE is not mandatory.")                                                                    \
    X(RESULT_STS_POLICY_FETCH_ERROR, "sts-policy-fetch-error",                                     \
      "the MTA-STS policy could not be fetched",                                                   \
      "Serve https://mta-sts.DOMAIN/.well-known/mta-sts.txt with status 200, without a redirect, " \
      "or remove the record.")                                                                     \
    X(RESULT_STS_POLICY_INVALID, "sts-policy-invalid",                                             \
      "the MTA-STS policy was fetched, and violates its syntax",                                   \
      "Correct the policy (RFC 8461 section 3.2), then change the id of the record.")              \
    X(RESULT_STS_WEBPKI_INVALID, "sts-webpki-invalid",                                             \
      "the certificate of the MTA-STS policy host fails verification",                             \
      "Install a certificate for mta-sts.DOMAIN of a public CA, with its intermediates.")

enum result_type {
    RESULT_TYPES(ENUMERATOR) RESULT_TYPE_COUNT
};

VOCABULARY(result_type, enum result_type);
/** What the operator of the domain does about it. */
const char *result_type_fix(enum result_type t);

/** What people look up and no definition has. */
struct glossary_term {
    const char *name;
    const char *meaning;
    const char *area; /* of findings; "" */
    const char *see;  /* RFC, page of docs */
};

struct term {
    enum term_kind kind;
    const char *name;
    const char *of; /* the vocabulary, table or object that has it; NULL */
    union {
        enum finding_code code;
        unsigned value; /* of a vocabulary */
    };
    const struct vocabulary *vocabulary; /* WORD, VOCABULARY, RESULT_TYPE */
    const struct definition *definition; /* TABLE, OBJECT, COLUMN */
    const struct column *column;
    const struct glossary_term *glossary;
    const struct sender_profile *sender;
    const struct sheet *sheet;
};

/** All of them, the same each time. */
struct terms {
    struct term *list;
    size_t count;
    void *memory; /* what they are made from and is not constant */
};

struct terms *terms_new(void);
void terms_free(struct terms *t);

#define TERM_NAME_MAX 96 /* octets that are compared, with NUL; names are shorter */

/** As names are compared: lower case, one '_' for each run of other characters than letters and digits. */
void term_fold(const char *text, char out[TERM_NAME_MAX]);

/** Is it what was asked for? A code goes also without its area; words and columns also with what has them in front
 * ("chain_status.expired", "domains.mx.host"). */
bool term_is_called(const struct term *t, const char *folded);

/** A path to the column, such as "services.handshake.version". There may be several: the first that ends with `tail`
 * (folded; NULL: any). @return false: none */
bool term_path_of(const struct term *t, const char *tail, struct buf *path, size_t *others);

/** The names that are most like `topic`: the nearest first. @return how many */
size_t terms_nearest(const struct terms *t, const char *topic, const struct term *nearest[],
                     size_t max, size_t *distance);
