#include "scanner/trust/issuer_answer.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/trust/intermediate_pool.h"
#include "scanner/trust/pem_certs.h"

#define ANSWER_MAX (1U << 20) /* octets looked at: more than any fetch reads; our own bound */

const struct vocabulary issuer_answer_vocabulary =
    VOCABULARY_OF(ISSUER_ANSWERS, "issuer_answer", "issuers.answer",
                  "What the URL of a missing issuer returned.");

static void keep_ca(struct buf *list, size_t *kept, struct span der)
{
    if (*kept < ISSUER_ANSWER_CERTS_MAX && intermediate_is_ca(der)) {
        *kept += cert_list_add(list, der);
    }
}

/* The whole of it, and nothing behind. */
static bool read_der(struct span body, struct buf *list)
{
    size_t kept = 0;
    const unsigned char *at = body.at;
    X509 *cert = d2i_X509(NULL, &at, (long)body.len);
    bool whole = cert != NULL && at == body.at + body.len;
    X509_free(cert);
    if (whole) {
        keep_ca(list, &kept, body);
    }
    return whole;
}

static bool read_pem(struct span body, struct buf *list)
{
    struct pem_certs certs = {.list = BUF_INIT(ANSWER_MAX)};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    bool any = pem_certs_read(&certs, body, &why) && certs.count > 0;
    struct span rest = buf_span(&certs.list);
    size_t kept = 0;
    for (struct span der; any && cert_list_next(&rest, &der);) {
        keep_ca(list, &kept, der);
    }
    buf_deinit(&certs.list);
    buf_deinit(&why);
    return any;
}

static void keep_x509(struct buf *list, size_t *kept, const X509 *cert)
{
    unsigned char *octets = NULL;
    int len = i2d_X509(cert, &octets);
    if (len > 0) {
        keep_ca(list, kept, (struct span){octets, (size_t)len});
    }
    OPENSSL_free(octets);
}

/* Nobody's signature is looked at: there is none to rely on. */
static bool read_pkcs7(struct span body, struct buf *list)
{
    const unsigned char *at = body.at;
    PKCS7 *message = d2i_PKCS7(NULL, &at, (long)body.len);
    const STACK_OF(X509) *certs =
        message != NULL && PKCS7_type_is_signed(message) && message->d.sign != NULL
            ? message->d.sign->cert
            : NULL;
    int count = certs != NULL ? sk_X509_num(certs) : 0;
    size_t kept = 0;
    for (int i = 0; i < count; i++) {
        keep_x509(list, &kept, sk_X509_value(certs, i));
    }
    PKCS7_free(message);
    return count > 0;
}

enum issuer_answer issuer_answer_read(struct span body, struct buf *list)
{
    enum issuer_answer answer = ISSUER_ANSWER_OTHER;
    if (body.len == 0) {
        answer = ISSUER_ANSWER_NOTHING;
    } else if (body.len > ANSWER_MAX) {
        answer = ISSUER_ANSWER_OTHER;
    } else if (read_der(body, list)) {
        answer = ISSUER_ANSWER_DER;
    } else if (read_pkcs7(body, list)) {
        answer = ISSUER_ANSWER_PKCS7;
    } else if (read_pem(body, list)) {
        answer = ISSUER_ANSWER_PEM;
    }
    ERR_clear_error();
    return answer;
}
