#include "scanner/analysis/cipher_verdict.h"

static void add_suite(struct cipher_verdict *v, uint16_t suite)
{
    unsigned traits = 0;
    for (size_t i = 0; i < v->count; i++) {
        if (v->suite[i] == suite) {
            return;
        }
    }
    (void)cipher_traits_of(suite, &traits);
    v->some |= traits;
    v->suite[v->count++] = suite;
}

/* Is it known that the version has these suites and no others? What was not asked is known only where
 * the version is not accepted. A server that now refuses what it accepted before says neither. */
static bool version_is_settled(const struct accepted_suites *v, enum truth accepted)
{
    switch ((enum cipher_end)v->end) {
    case CIPHERS_COMPLETE:
        return true;
    case CIPHERS_NONE:
        return accepted != TRUTH_YES;
    case CIPHERS_NOT_ASKED:
        return accepted == TRUTH_NO;
    case CIPHERS_INCONCLUSIVE:
    case CIPHERS_UNOFFERED:
    case CIPHERS_TRUNCATED:
    case CIPHER_END_COUNT:
        break;
    }
    return false;
}

void cipher_verdict_of(const struct seen_service *s, struct cipher_verdict *out)
{
    *out = (struct cipher_verdict){.complete = true};
    for (size_t i = TLS_VERSION_COUNT; i > 0; i--) {
        const struct accepted_suites *v = &s->ciphers.version[i - 1];
        for (size_t k = 0; k < v->count; k++) {
            add_suite(out, v->suite[k]);
        }
        out->complete &= version_is_settled(v, (enum truth)s->versions.accepted[i - 1]);
    }
}
