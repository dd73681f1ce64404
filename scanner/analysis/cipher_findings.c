#include "scanner/analysis/cipher_findings.h"

#include "scanner/analysis/cipher_verdict.h"
#include "scanner/observation/tls_names.h"

/* RFC 7465, RFC 9325 section 4.1: under 128 bits, or broken. Export suites have a finding of their own. */
#define CIPHER_WEAK (CIPHER_RC4 | CIPHER_DES | CIPHER_3DES)

static unsigned traits_of(uint16_t suite)
{
    unsigned traits = 0;
    (void)cipher_traits_of(suite, &traits);
    return traits;
}

/* Those with one of the traits and without the others. */
static void evidence_put_suites(struct buf *evidence, const struct cipher_verdict *v, unsigned with,
                                unsigned without)
{
    size_t found = 0;
    for (size_t i = 0; i < v->count; i++) {
        unsigned traits = traits_of(v->suite[i]);
        if ((with != 0 && (traits & with) == 0) || (traits & without) != 0) {
            continue;
        }
        if (found < EVIDENCE_LIST_MAX) {
            buf_putf(evidence, "%s%s", found > 0 ? ", " : "", tls_cipher_name(v->suite[i]));
        }
        found++;
    }
    if (found > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, " and %zu more", found - EVIDENCE_LIST_MAX);
    }
}

static bool has_weak(const struct cipher_verdict *v)
{
    bool has = false;
    for (size_t i = 0; i < v->count; i++) {
        unsigned traits = traits_of(v->suite[i]);
        has |= (traits & CIPHER_WEAK) != 0 && (traits & CIPHER_EXPORT) == 0;
    }
    return has;
}

/* One suite is enough for these, however the search ended. */
static void accepted_findings(const struct cipher_verdict *v, struct findings *out)
{
    if ((v->some & CIPHER_NULL) != 0) {
        evidence_put_suites(findings_add_max(out, FINDING_TLS_NULL_ACCEPTED), v, CIPHER_NULL, 0);
    }
    if ((v->some & CIPHER_EXPORT) != 0) {
        evidence_put_suites(findings_add_max(out, FINDING_TLS_EXPORT_ACCEPTED), v, CIPHER_EXPORT,
                            0);
    }
    if (has_weak(v)) {
        evidence_put_suites(findings_add_max(out, FINDING_TLS_WEAK_CIPHER_ACCEPTED), v, CIPHER_WEAK,
                            CIPHER_EXPORT);
    }
    if ((v->some & CIPHER_ANONYMOUS) != 0) {
        evidence_put_suites(findings_add_max(out, FINDING_TLS_ANONYMOUS_ACCEPTED), v,
                            CIPHER_ANONYMOUS, 0);
    }
}

/* These need all of them. */
static void lacking_findings(const struct cipher_verdict *v, struct findings *out)
{
    if ((v->some & CIPHER_FORWARD_SECRET) == 0) {
        evidence_put_suites(findings_add_max(out, FINDING_TLS_ONLY_STATIC_RSA), v, 0, 0);
    }
    if ((v->some & CIPHER_AEAD) == 0) {
        evidence_put_suites(findings_add_max(out, FINDING_TLS_NO_AEAD), v, 0, 0);
    }
}

void cipher_findings_of_service(const struct seen_service *s, struct findings *out)
{
    struct cipher_verdict v;
    if (s->ciphers.version == NULL) {
        return;
    }
    cipher_verdict_of(s, &v);
    accepted_findings(&v, out);
    if (v.complete && v.count > 0) {
        lacking_findings(&v, out);
    }
}
