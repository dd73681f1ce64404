#include "tests/lab/expect_verdict.h"

#include <stdio.h>
#include <string.h>

const char *expect_chain_status(const struct cert_choice *c)
{
    if (c->odd != LAB_ODD_NONE || c->key == LAB_KEY_RSA_1024 || c->key == LAB_KEY_P256_EXPLICIT) {
        return NULL;
    }
    if (c->class == LAB_CERT_SELF_SIGNED) {
        return "self_signed";
    }
    if (c->class == LAB_CERT_PRIVATE_CA) {
        return "untrusted_root";
    }
    if (c->class == LAB_CERT_MISSING_INTERMEDIATE || c->chain == LAB_CHAIN_ONE) {
        return "issuer_unknown";
    }
    return c->class == LAB_CERT_EXPIRED         ? "expired"
           : c->class == LAB_CERT_NOT_YET_VALID ? "not_yet_valid"
                                                : "trusted";
}

/* RFC 9525 section 6.3: exact, or the wildcard is the whole left-most label. */
static bool fits(struct span pattern, struct span name, bool *wildcard)
{
    *wildcard = pattern.len > 2 && pattern.at[0] == '*' && pattern.at[1] == '.';
    if (!*wildcard) {
        return span_eq(pattern, name);
    }
    const uint8_t *dot = name.len > 0 ? memchr(name.at, '.', name.len) : NULL;
    return dot != NULL && dot != name.at &&
           span_eq(span_drop(pattern, 1), span_drop(name, (size_t)(dot - name.at)));
}

/* Name number `n` of the certificate, dNSNames as put_alternative_names() has them. */
static bool nth_name(const struct cert_choice *c, size_t n, char out[CERT_NAMES_MAX + 16])
{
    const char *at = c->names;
    size_t first = strcspn(at, ",");
    for (; *at != '\0'; n--) {
        size_t len = strcspn(at, ",");
        if (n == 0) {
            (void)snprintf(out, CERT_NAMES_MAX + 16, "%.*s", (int)len, at);
            return true;
        }
        at += len + (at[len] == ',');
    }
    (void)snprintf(out, CERT_NAMES_MAX + 16, "alt-%zu.%.*s", n + 1, (int)first, c->names);
    return n < c->extra_names;
}

enum cover {
    COVER_NONE,
    COVER_WILDCARD,
    COVER_EXACT,
};

/* The first name that fits decides, as everywhere. */
static enum cover covers(const struct cert_choice *c, struct span name)
{
    char text[CERT_NAMES_MAX + 16];
    if (c->class == LAB_CERT_CN_ONLY || name.len == 0) {
        return COVER_NONE;
    }
    enum cover best = COVER_NONE;
    for (size_t n = 0; nth_name(c, n, text); n++) {
        bool wildcard;
        if (fits(span_of(text), name, &wildcard)) {
            enum cover found = wildcard ? COVER_WILDCARD : COVER_EXACT;
            best = best == COVER_NONE ? found : best;
        }
    }
    return best;
}

static bool covers_parent(const struct cert_choice *c, struct span host)
{
    const uint8_t *dot;
    while (host.len > 0 && (dot = memchr(host.at, '.', host.len)) != NULL) {
        host = span_drop(host, (size_t)(dot - host.at) + 1);
        if (covers(c, host) != COVER_NONE) {
            return true;
        }
    }
    return false;
}

const char *expect_name_match(const struct cert_choice *c, struct span host,
                              struct span server_name)
{
    enum cover cover = covers(c, host);
    if (cover != COVER_NONE) {
        return cover == COVER_EXACT ? "match" : "match_wildcard";
    }
    if (c->class == LAB_CERT_CN_ONLY) {
        char first[CERT_NAMES_MAX + 16];
        (void)nth_name(c, 0, first);
        struct span cn = span_take(span_of(first), 64);
        return span_eq(cn, host) ? "cn_only" : "mismatch";
    }
    if (covers_parent(c, host)) {
        return "mismatch_but_domain";
    }
    if (covers(c, server_name) != COVER_NONE) {
        return "mismatch_provider_default";
    }
    size_t len = strlen("localhost");
    bool local = strncmp(c->names, "localhost", len) == 0 && strchr(".,", c->names[len]) != NULL;
    return local ? "mismatch_localhost" : "mismatch";
}

static bool passes(const struct cert_choice *c, struct span host, struct span server_name)
{
    const char *name = expect_name_match(c, host, server_name);
    return strcmp(expect_chain_status(c), "trusted") == 0 &&
           (strcmp(name, "match") == 0 || strcmp(name, "match_wildcard") == 0);
}

enum tristate expect_passes(const struct expected_session *session, struct span host,
                            struct span server_name)
{
    if (session->outcome != OUTCOME_ESTABLISHED || expect_chain_status(&session->cert) == NULL) {
        return TRISTATE_UNSAID;
    }
    return passes(&session->cert, host, server_name) ? TRISTATE_YES : TRISTATE_NO;
}

const char *expect_acceptable(const struct expected_session *with,
                              const struct expected_session *without, struct span host,
                              struct span server_name)
{
    if (with->outcome != OUTCOME_ESTABLISHED || without->outcome != OUTCOME_ESTABLISHED ||
        expect_chain_status(&with->cert) == NULL || expect_chain_status(&without->cert) == NULL) {
        return NULL;
    }
    bool sni = passes(&with->cert, host, server_name);
    bool plain = passes(&without->cert, host, server_name);
    return sni && plain ? "both" : sni ? "only_sni" : plain ? "only_default" : "neither";
}

void expect_baseline(const struct service *s, const char *codes[BASELINE_MAX])
{
    size_t count = 0;
    if (s->tls_max < 0x0304) {
        codes[count++] = "tls.no_tls13";
    }
    if (s->tls_min == 0x0304) {
        codes[count++] = "tls.only_tls13";
    }
    if (s->tls_min < 0x0303 && s->tls_max >= 0x0303) {
        codes[count++] = "tls.legacy_accepted";
    }
    codes[count] = NULL;
}
