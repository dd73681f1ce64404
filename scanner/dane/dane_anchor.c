/**
 * DANE-TA: the path from the leaf to a trust anchor that a TLSA record names (RFC 7671 section 5.2), by
 * OpenSSL's verification with that one anchor.
 */
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "scanner/base/check.h"
#include "scanner/cert/cert_list.h"
#include "scanner/dane/dane_private.h"
#include "scanner/trust/chain_judge.h"

static X509 *anchor_parse(struct span der)
{
    const unsigned char *at = der.at;
    return d2i_X509(NULL, &at, (long)der.len);
}

/* The list without its first certificate; what cannot be read is no part of a path. */
static STACK_OF(X509) * parse_rest(struct span list)
{
    STACK_OF(X509) *rest = sk_X509_new_null();
    struct span der;
    CHECK(rest != NULL);
    (void)cert_list_next(&list, &der);
    while (cert_list_next(&list, &der)) {
        X509 *cert = anchor_parse(der);
        CHECK(cert == NULL || sk_X509_push(rest, cert) > 0);
    }
    return rest;
}

static enum dane_ta_fault fault_of(int error)
{
    switch (error) {
    case X509_V_OK:
        return DANE_TA_NONE;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return DANE_TA_EXPIRED;
    default:
        return DANE_TA_NO_PATH;
    }
}

static int anchor_verify(X509 *leaf, STACK_OF(X509) * rest, X509 *anchor, int64_t at)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    CHECK(store != NULL && ctx != NULL);
    CHECK(X509_STORE_add_cert(store, anchor) == 1);
    CHECK(X509_STORE_CTX_init(ctx, store, leaf, rest) == 1);
    CHECK(X509_STORE_CTX_set_default(ctx, "ssl_server") == 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    /* An anchor need not be self-signed, and only its own path counts. */
    CHECK(X509_VERIFY_PARAM_set_flags(param,
                                      X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST) == 1);
    X509_VERIFY_PARAM_set_time(param, (time_t)at);
    X509_VERIFY_PARAM_set_depth(param, CHAIN_DEPTH_MAX);
    int error = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return error;
}

enum dane_ta_fault dane_anchor_path(struct span list, struct span anchor, int64_t at)
{
    struct span rest = list;
    struct span der;
    /* An anchor is an issuer; a leaf is none of its own, self-signed or not. */
    if (!cert_list_next(&rest, &der) || span_eq(der, anchor)) {
        return DANE_TA_NO_PATH;
    }
    X509 *leaf = anchor_parse(der);
    X509 *ta = anchor_parse(anchor);
    enum dane_ta_fault fault = DANE_TA_NO_PATH;
    if (leaf != NULL && ta != NULL) {
        STACK_OF(X509) *others = parse_rest(list);
        fault = fault_of(anchor_verify(leaf, others, ta, at));
        sk_X509_pop_free(others, X509_free);
    }
    X509_free(leaf);
    X509_free(ta);
    return fault;
}

/* The certificate that by its names issued `child` and is neither that nor below it; NULL: none. */
static X509 *issuer_of(X509 *child, STACK_OF(X509) * others)
{
    for (int i = 0; i < sk_X509_num(others); i++) {
        X509 *other = sk_X509_value(others, i);
        if (X509_cmp(other, child) != 0 && X509_check_issued(other, child) == X509_V_OK) {
            return other;
        }
    }
    return NULL;
}

/* As far up as presented certificates lead by their names, as OpenSSL goes before it tries bare keys. */
static X509 *anchor_top_of(X509 *leaf, STACK_OF(X509) * others)
{
    X509 *top = leaf;
    for (int depth = 0; depth < CHAIN_DEPTH_MAX && X509_check_issued(top, top) != X509_V_OK;
         depth++) {
        X509 *issuer = issuer_of(top, others);
        if (issuer == NULL) {
            break;
        }
        top = issuer;
    }
    return top;
}

enum dane_ta_fault dane_key_path(struct span list, struct span key, int64_t at)
{
    struct span rest = list;
    struct span der;
    const unsigned char *octets = key.at;
    enum dane_ta_fault fault = DANE_TA_NOT_PRESENTED;
    X509 *leaf = cert_list_next(&rest, &der) ? anchor_parse(der) : NULL;
    EVP_PKEY *signer = d2i_PUBKEY(NULL, &octets, (long)key.len);
    if (leaf != NULL && signer != NULL) {
        STACK_OF(X509) *others = parse_rest(list);
        X509 *top = anchor_top_of(leaf, others);
        if (X509_verify(top, signer) == 1) {
            fault = fault_of(anchor_verify(leaf, others, top, at));
        }
        sk_X509_pop_free(others, X509_free);
    }
    ERR_clear_error();
    EVP_PKEY_free(signer);
    X509_free(leaf);
    return fault;
}
