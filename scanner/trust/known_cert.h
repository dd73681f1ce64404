#pragma once

#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "scanner/base/check.h"
#include "scanner/cert/cert_info.h"
#include "scanner/trust/chain_judge.h"

/**
 * One certificate as a judge knows it: OpenSSL's object, the plain fields, and what is wrong with
 * it by itself at the judgement time. What depends on its neighbours is in path_tests.h.
 */
#define FAULT_BIT(fault) (1U << PATH_FAULT_##fault)

struct known_cert {
    struct cert_info info;
    X509 *x509;                    /* NULL: no certificate */
    NAME_CONSTRAINTS *constraints; /* NULL: none */
    uint32_t subject_hash;         /* of the name in canonical form, as OpenSSL compares it */
    uint32_t issuer_hash;
    uint32_t flags;      /* EXFLAG_* */
    long pathlen;        /* -1: none */
    uint8_t anchor_of;   /* bit n: in trust store n, by exact octets */
    bool explicit_curve; /* curve by parameters, RFC 5480 section 2.1.1: MUST NOT */
    /* Bits of enum path_fault. */
    uint16_t faults_anywhere; /* whatever its place */
    uint16_t faults_as_leaf;
    uint16_t faults_as_issuer;
    uint16_t faults_as_last; /* an issuer at the end, where old forms of a CA are let pass */
    bool weak_signature;     /* RFC 5280 says nothing; OpenSSL at security level 2 */
};

/** `c` is zeroed. Fills what can be read of `der`. */
void known_cert_init(struct known_cert *c, struct span der, time_t at);
void known_cert_deinit(struct known_cert *c);

/** The names say that it signed itself, and its own key identifiers do not speak against it. */
static inline bool known_cert_seems_self_signed(const struct known_cert *c)
{
    return (c->flags & EXFLAG_SS) != 0;
}

static inline bool known_cert_is_self_issued(const struct known_cert *c)
{
    return (c->flags & EXFLAG_SI) != 0;
}
