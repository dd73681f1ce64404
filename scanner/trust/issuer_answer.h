#pragma once

#include "scanner/base/buf.h"

/**
 * What a caIssuers URL answers (RFC 5280 section 4.2.2.1): one certificate in DER, several as a
 * degenerate "certs-only" message of CMS (RFC 5652 section 5, PKCS #7), or in PEM, which is not
 * foreseen, but served. Foreign octets: they are candidates for a path, and trusted no more than what
 * any server presents.
 */
#define ISSUER_ANSWER_CERTS_MAX 16 /* CA certificates kept of an answer, as sent; our own bound */

#define ISSUER_ANSWERS(X)                \
    X(NOTHING, "nothing") /* no octet */ \
    X(DER, "der")                        \
    X(PEM, "pem")                        \
    X(PKCS7, "pkcs7")                    \
    X(OTHER, "other") /* no certificate in it */

enum issuer_answer {
#define X(name, word) ISSUER_ANSWER_##name,
    ISSUER_ANSWERS(X)
#undef X
};

const char *issuer_answer_word(enum issuer_answer a);

/** Appends its CA certificates to `list`, in the form of cert_list.h. What is no CA's is of no use. */
enum issuer_answer issuer_answer_read(struct span body, struct buf *list);
