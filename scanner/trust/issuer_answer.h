#pragma once

#include "scanner/base/buf.h"
#include "scanner/base/vocabulary.h"

/**
 * What a caIssuers URL answers (RFC 5280 section 4.2.2.1): one certificate in DER, several as a
 * degenerate "certs-only" message of CMS (RFC 5652 section 5, PKCS #7), or in PEM, which is not
 * foreseen, but served. Foreign octets: they are candidates for a path, and trusted no more than what
 * any server presents.
 */
#define ISSUER_ANSWER_CERTS_MAX 16 /* CA certificates kept of an answer, as sent; our own bound */

#define ISSUER_ANSWERS(X)                                                                       \
    X(ISSUER_ANSWER_NOTHING, "nothing", "no octets")                                            \
    X(ISSUER_ANSWER_DER, "der", "one certificate, RFC 5280 section 4.2.2.1")                    \
    X(ISSUER_ANSWER_PEM, "pem", "certificates in PEM, RFC 7468")                                \
    X(ISSUER_ANSWER_PKCS7, "pkcs7", "certificates in a certs-only message, RFC 5652 section 5") \
    X(ISSUER_ANSWER_OTHER, "other", "no certificate in it")

enum issuer_answer {
    ISSUER_ANSWERS(ENUMERATOR)
};

VOCABULARY(issuer_answer, enum issuer_answer);

/** Appends its CA certificates to `list`, in the form of cert_list.h. What is no CA's is of no use. */
enum issuer_answer issuer_answer_read(struct span body, struct buf *list);
