#include <criterion/criterion.h>

#include "scanner/analysis/deliveries.h"
#include "scanner/analysis/delivery_harm.h"
#include "scanner/analysis/delivery_walk.h"
#include "scanner/analysis/leaf_domains.h"
#include "scanner/analysis/name_rules.h"
#include "scanner/cert/cert_names.h"
#include "scanner/senders/sender_profiles.h"

/* --- situations: what a domain's exchanges and policies are --------------------------------- */

#define ENDPOINTS 2
#define EXCHANGES 4

#define TRUSTED                                                                              \
    {                                                                                        \
        .status = CHAIN_TRUSTED, .trusted_by = 1, .openssl_level_2 = 1, .openssl_level_1 = 1 \
    }
#define SNI_WITH(...)                                                                    \
    .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED, .tls_version = 0x0304, \
    .chain = __VA_ARGS__, .name_match = NAME_MATCH_EXACT, .leaf_domains = UINT64_MAX
#define DEFAULT_WITH(...)                                                       \
    .no_sni_outcome = OUTCOME_ESTABLISHED, .no_sni_starttls = STARTTLS_OFFERED, \
    .no_sni_tls_version = 0x0304, .no_sni_chain = __VA_ARGS__,                  \
    .no_sni_name_match = NAME_MATCH_EXACT, .no_sni_leaf_domains = UINT64_MAX
#define GOOD_SNI     SNI_WITH(TRUSTED)
#define GOOD_DEFAULT DEFAULT_WITH(TRUSTED)
#define ONLY_BEST_PATH                           \
    {                                            \
        .status = CHAIN_TRUSTED, .trusted_by = 1 \
    }
#define ONLY_LEVEL_1                                  \
    {                                                 \
        .status = CHAIN_INVALID, .openssl_level_1 = 1 \
    }
#define GOOD                               \
    {                                      \
        .port = 25, GOOD_SNI, GOOD_DEFAULT \
    }
#define SELF_SIGNED                                                                  \
    {                                                                                \
        .port = 25, .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED,    \
        .tls_version = 0x0304, .chain = {.status = CHAIN_SELF_SIGNED},               \
        .name_match = NAME_MATCH_EXACT, .leaf_domains = UINT64_MAX,                  \
        .no_sni_outcome = OUTCOME_ESTABLISHED, .no_sni_starttls = STARTTLS_OFFERED,  \
        .no_sni_tls_version = 0x0304, .no_sni_chain = {.status = CHAIN_SELF_SIGNED}, \
        .no_sni_name_match = NAME_MATCH_EXACT, .no_sni_leaf_domains = UINT64_MAX     \
    }
#define ENDS(outcome_, starttls_)                                                     \
    {                                                                                 \
        .port = 25, .outcome = OUTCOME_##outcome_, .starttls = STARTTLS_##starttls_,  \
        .no_sni_outcome = OUTCOME_##outcome_, .no_sni_starttls = STARTTLS_##starttls_ \
    }
#define REFUSES(...)                                                                       \
    {                                                                                      \
        .port = 25, .outcome = OUTCOME_STARTTLS_REJECTED, .starttls = STARTTLS_REJECTED,   \
        .no_sni_outcome = OUTCOME_STARTTLS_REJECTED, .no_sni_starttls = STARTTLS_REJECTED, \
        __VA_ARGS__                                                                        \
    }
#define SAYS_5XX                                    \
    .facts = {.events = SENDER_EVENT_STARTTLS_5XX}, \
    .no_sni_facts = {.events = SENDER_EVENT_STARTTLS_5XX}
#define V(v, is) ((unsigned)TRUTH_##is << (2 * ((v)-0x0301)))
/* Good, but for facts that only some senders mind. */
#define GOOD_BUT(...)                                                                 \
    {                                                                                 \
        .port = 25, GOOD_SNI, GOOD_DEFAULT, .facts = {__VA_ARGS__}, .no_sni_facts = { \
            __VA_ARGS__                                                               \
        }                                                                             \
    }
#define QUIRK(name) .quirks = 1U << SMTP_QUIRK_##name
#define FORM(name)  .forms = 1U << SMTP_FORM_##name
#define AFTER(how, ...)                                                              \
    {                                                                                \
        .port = 25, .outcome = OUTCOME_STARTTLS_##how, .starttls = STARTTLS_##how,   \
        .no_sni_outcome = OUTCOME_STARTTLS_##how, .no_sni_starttls = STARTTLS_##how, \
        .facts = {__VA_ARGS__}, .no_sni_facts = {                                    \
            __VA_ARGS__                                                              \
        }                                                                            \
    }
#define CLOSES_AFTER(how) AFTER(how, FORM(CLOSED_AFTER_REFUSAL))
#define OPEN_AFTER(how)   AFTER(how, .events = SENDER_EVENT_REFUSED_OPEN)
/* RFC 3596 */
#define GOOD_V6                                                      \
    {                                                                \
        .port = 25, .address = {.family = 6}, GOOD_SNI, GOOD_DEFAULT \
    }
#define NO_STARTTLS ENDS(STARTTLS_NOT_OFFERED, NOT_OFFERED)
#define DEAD        ENDS(REFUSED, UNKNOWN)
#define DEAD_6                                                            \
    {                                                                     \
        .port = 25, .address = {.family = 6}, .outcome = OUTCOME_REFUSED, \
        .no_sni_outcome = OUTCOME_REFUSED                                 \
    }
#define ALERT ENDS(TLS_ALERT, OFFERED)
/* RFC 1918 */
#define SPECIAL                                                                 \
    {                                                                           \
        .port = 25, .address = {.family = 4, .octets = {10, 0, 0, 1}},          \
        .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_SPECIAL_PURPOSE \
    }
#define AT_VERSION(version, accepted)                                               \
    {                                                                               \
        .port = 25, .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED,   \
        .tls_version = (version), .chain = TRUSTED, .name_match = NAME_MATCH_EXACT, \
        .versions = (accepted), .no_sni_outcome = OUTCOME_ESTABLISHED,              \
        .no_sni_starttls = STARTTLS_OFFERED, .no_sni_tls_version = (version),       \
        .no_sni_chain = TRUSTED, .no_sni_name_match = NAME_MATCH_EXACT              \
    }
#define WITH_DANE(status, flags_)                                                         \
    {                                                                                     \
        .port = 25, GOOD_SNI, GOOD_DEFAULT, .dane = DANE_##status, .dane_flags = (flags_) \
    }
/* TLSA records match, or are of no use; what the certificate is besides. */
#define SELF_SIGNED_WITH_DANE(dane_, flags_)                                                      \
    {                                                                                             \
        .port = 25, SNI_WITH({.status = CHAIN_SELF_SIGNED}),                                      \
        DEFAULT_WITH({.status = CHAIN_SELF_SIGNED}), .dane = DANE_##dane_, .dane_flags = (flags_) \
    }
#define UNTESTED(why)                                                             \
    {                                                                             \
        .port = 25, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_##why \
    }

struct exchange {
    uint16_t preference;
    const char *host; /* NULL ends the list */
    enum mx_name_kind name;
    enum tlsa_place tlsa_at;
    enum dane_host dane;
    enum truth covered;
    enum dns_state a;
    enum dns_state aaaa;
    bool blocklisted;
    const char *unusable;
    struct endpoint_brief endpoints[ENDPOINTS]; /* port 0 ends the list */
};

struct situation {
    struct exchange mx[EXCHANGES];
    enum sts_state sts;
    uint32_t record_quirks;
    uint32_t policy_quirks;
    enum dns_state mx_state;
    enum policy_fetch fetch;     /* NOT_ASKED: no policy was */
    enum dnssec_state mx_dnssec; /* UNKNOWN: insecure */
    bool mx_dnssec_unknown;
    enum mx_kind kind; /* NOT_ASKED: explicit */
    bool null_mx_beside;
    size_t beyond; /* exchanges over the cap */
    bool truncated;
};

struct made {
    struct seen_policy policy;
    struct seen_domain domain;
    struct seen_mx mx[EXCHANGES];
    struct sts_verdict sts;
    struct dane_domain dane;
};

static void make(struct made *m, const struct situation *s)
{
    *m = (struct made){
        .domain = {.domain = SPAN_LIT("example.com"),
                   .mx_kind = s->kind != MX_KIND_NOT_ASKED ? s->kind : MX_KIND_EXPLICIT,
                   .endpoints_truncated = s->truncated},
        .sts = {.state = s->sts != STS_STATE_UNKNOWN ? s->sts : STS_STATE_NONE,
                .record_known = s->sts != STS_STATE_COUNT,
                .records = {.readable = s->sts != STS_STATE_UNKNOWN, .quirks = s->record_quirks},
                .policy_state = s->sts != STS_STATE_COUNT ? s->sts : STS_STATE_UNKNOWN,
                .has_policy = s->sts == STS_STATE_ENFORCE || s->sts == STS_STATE_TESTING,
                .policy = {.readable = true,
                           .mode =
                               s->sts == STS_STATE_TESTING ? STS_MODE_TESTING : STS_MODE_ENFORCE},
                .policy_quirks = s->policy_quirks},
        .dane = {.mx = s->mx_dnssec_unknown             ? DNSSEC_UNKNOWN
                       : s->mx_dnssec != DNSSEC_UNKNOWN ? s->mx_dnssec
                                                        : DNSSEC_INSECURE}};
    size_t n = 0;
    for (; n < EXCHANGES && s->mx[n].host != NULL; n++) {
        const struct exchange *x = &s->mx[n];
        m->mx[n] = (struct seen_mx){.preference = x->preference,
                                    .exchange = span_of(x->host),
                                    .host = span_of(x->host),
                                    .unusable = x->unusable,
                                    .name_kind = (uint8_t)x->name,
                                    .tlsa_at = (uint8_t)x->tlsa_at,
                                    .a_state = (uint8_t)x->a,
                                    .aaaa_state = (uint8_t)x->aaaa,
                                    .blocklisted = x->blocklisted,
                                    .dane_host =
                                        (uint8_t)(x->dane == DANE_HOST_COUNT     ? DANE_HOST_UNKNOWN
                                                  : x->dane != DANE_HOST_UNKNOWN ? x->dane
                                                                                 : DANE_HOST_NONE),
                                    .endpoints = x->endpoints};
        while (m->mx[n].endpoint_count < ENDPOINTS &&
               x->endpoints[m->mx[n].endpoint_count].port != 0) {
            m->mx[n].endpoint_count++;
        }
        m->sts.mx[n].covered = x->covered;
    }
    m->domain.mx = m->mx;
    m->domain.mx_count = n;
    m->domain.mx_total = n + s->beyond;
    m->domain.null_mx_beside = s->null_mx_beside;
    m->domain.mx_dns.state = s->mx_state;
    m->policy.outcome = s->fetch;
    m->domain.policy = s->fetch != POLICY_FETCH_NOT_ASKED ? &m->policy : NULL;
}

/* --- the shipped profiles, rules.md section 6 ----------------------------------------------- */

#define ONE(...) .mx = {{.preference = 10, .host = "mx.example.com", .endpoints = {__VA_ARGS__}}}
#define COVERED(...)                                            \
    .sts = STS_STATE_ENFORCE, .mx = {{.preference = 10,         \
                                      .host = "mx.example.com", \
                                      .covered = TRUTH_YES,     \
                                      .endpoints = {__VA_ARGS__}}}
#define SECURE(host_, ...)                                         \
    .mx_dnssec = DNSSEC_SECURE, .mx = {{.preference = 10,          \
                                        .host = "mx.example.com",  \
                                        .dane = DANE_HOST_##host_, \
                                        .endpoints = {__VA_ARGS__}}}
/* MTA-STS in mode enforce beside DANE. */
#define SECURE_COVERED(host_, covered_, place_, ...)      \
    .sts = STS_STATE_ENFORCE, .mx_dnssec = DNSSEC_SECURE, \
    .mx = {{.preference = 10,                             \
            .host = "mx.example.com",                     \
            .dane = DANE_HOST_##host_,                    \
            .tlsa_at = TLSA_PLACE_##place_,               \
            .covered = TRUTH_##covered_,                  \
            .endpoints = {__VA_ARGS__}}}
/* Without records at the first exchange, with good ones or others at the second. */
#define SECURE_SECOND(host_, ...)                         \
    .sts = STS_STATE_ENFORCE, .mx_dnssec = DNSSEC_SECURE, \
    .mx = {{.preference = 10,                             \
            .host = "a.example.com",                      \
            .covered = TRUTH_YES,                         \
            .endpoints = {__VA_ARGS__}},                  \
           {.preference = 20,                             \
            .host = "b.example.com",                      \
            .dane = DANE_HOST_##host_,                    \
            .covered = TRUTH_YES,                         \
            .endpoints = {WITH_DANE(MATCH, DANE_FLAG_EE)}}}
#define INSECURE(host_, ...)           \
    .mx = {{.preference = 10,          \
            .host = "mx.example.com",  \
            .dane = DANE_HOST_##host_, \
            .endpoints = {__VA_ARGS__}}}

/* Behind the one meant stands a good one. */
#define BACKUP(...)                                                                 \
    .mx = {{.preference = 10, .host = "a.example.com", .endpoints = {__VA_ARGS__}}, \
           {.preference = 20, .host = "b.example.com", .endpoints = {GOOD}}}
#define COVERED_BACKUP(...)              \
    .sts = STS_STATE_ENFORCE,            \
    .mx = {{.preference = 10,            \
            .host = "a.example.com",     \
            .covered = TRUTH_YES,        \
            .endpoints = {__VA_ARGS__}}, \
           {.preference = 20, .host = "b.example.com", .covered = TRUTH_YES, .endpoints = {GOOD}}}
#define SECURE_BACKUP(...)                                           \
    .mx_dnssec = DNSSEC_SECURE, .mx = {{.preference = 10,            \
                                        .host = "a.example.com",     \
                                        .dane = DANE_HOST_USABLE,    \
                                        .endpoints = {__VA_ARGS__}}, \
                                       {.preference = 20,            \
                                        .host = "b.example.com",     \
                                        .dane = DANE_HOST_USABLE,    \
                                        .endpoints = {WITH_DANE(MATCH, DANE_FLAG_EE)}}}

#define PROFILES_A_CASE 12

struct expected {
    const char *profile;
    enum delivery delivery; /* worst */
    enum delivery_reason reason;
    enum delivery best;
};

struct shipped_case {
    const char *name;
    struct situation situation;
    struct expected of[PROFILES_A_CASE];
};

#define IS(profile_, delivery_, reason_)                                                        \
    {                                                                                           \
        profile_, DELIVERY_##delivery_, DELIVERY_REASON_##reason_, .best = DELIVERY_##delivery_ \
    }
#define IS_BETWEEN(profile_, best_, worst_, reason_)                                     \
    {                                                                                    \
        profile_, DELIVERY_##worst_, DELIVERY_REASON_##reason_, .best = DELIVERY_##best_ \
    }

static const struct shipped_case shipped_cases[] = {
    {"a valid certificate",
     {ONE(GOOD)},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("postfix-encrypt", ENCRYPTED, OPPORTUNISTIC),
      IS("postfix-verify", AUTHENTICATED, AUTHENTICATED_PKIX),
      IS("postfix-secure", AUTHENTICATED, AUTHENTICATED_PKIX),
      IS("gmail", ENCRYPTED, OPPORTUNISTIC), IS("kumomta-default", ENCRYPTED, OPPORTUNISTIC),
      IS("strict-pkix", AUTHENTICATED, AUTHENTICATED_PKIX)}},
    {"a self-signed one: nobody but who demands it asks, rules 6",
     {ONE(SELF_SIGNED)},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("postfix-encrypt", ENCRYPTED, OPPORTUNISTIC),
      IS("postfix-verify", DEFERRED, CERTIFICATE), IS("postfix-secure", DEFERRED, CERTIFICATE),
      IS("exim-default", ENCRYPTED, OPPORTUNISTIC), IS("yahoo", ENCRYPTED, OPPORTUNISTIC),
      IS("exchange-online", ENCRYPTED, OPPORTUNISTIC), IS("gmail", ENCRYPTED, OPPORTUNISTIC),
      IS("opensmtpd", ENCRYPTED, OPPORTUNISTIC), IS("kumomta-default", DEFERRED, CERTIFICATE),
      IS("strict-pkix", DEFERRED, CERTIFICATE)}},
    {"STARTTLS is not offered: clear, but where TLS is demanded",
     {ONE(NO_STARTTLS)},
     {IS("postfix-may", PLAINTEXT, NO_STARTTLS), IS("postfix-encrypt", DEFERRED, NO_STARTTLS),
      IS("postfix-secure", DEFERRED, NO_STARTTLS), IS("exim-dane", PLAINTEXT, NO_STARTTLS),
      IS("opensmtpd", PLAINTEXT, NO_STARTTLS), IS("exchange-online", PLAINTEXT, NO_STARTTLS),
      IS("amazon-ses", PLAINTEXT, NO_STARTTLS), IS("kumomta-default", PLAINTEXT, NO_STARTTLS),
      IS("sendmail-8.17", PLAINTEXT, NO_STARTTLS), IS("strict-pkix", DEFERRED, NO_STARTTLS)}},
    {"a middlebox masks it: the same",
     {ONE(ENDS(STARTTLS_MASKED, MASKED))},
     {IS("postfix-may", PLAINTEXT, NO_STARTTLS), IS("strict-pkix", DEFERRED, NO_STARTTLS)}},
    {"the handshake fails",
     {ONE(ENDS(TLS_ALERT, OFFERED))},
     {IS("postfix-may", PLAINTEXT, TLS_FAILED), IS("postfix-encrypt", DEFERRED, TLS_FAILED),
      IS("exim-default", PLAINTEXT, TLS_FAILED), IS("sendmail-8.17", DEFERRED, TLS_FAILED),
      IS("kumomta-default", DEFERRED, TLS_FAILED), IS("strict-pkix", DEFERRED, TLS_FAILED)}},
    {"STARTTLS is refused for now, RFC 3207 section 4",
     {ONE(ENDS(STARTTLS_TEMPFAIL, TEMPFAIL))},
     {IS("postfix-may", PLAINTEXT, STARTTLS_REFUSED),
      IS("postfix-encrypt", DEFERRED, STARTTLS_REFUSED)}},
    {"only with SNI does the name match",
     {ONE({.port = 25,
           GOOD_SNI,
           .no_sni_outcome = OUTCOME_ESTABLISHED,
           .no_sni_starttls = STARTTLS_OFFERED,
           .no_sni_tls_version = 0x0304,
           .no_sni_chain = TRUSTED,
           .no_sni_name_match = NAME_MATCH_OTHER,
           .no_sni_leaf_domains = 1})},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("postfix-verify", DEFERRED, NAME),
      IS("strict-pkix", AUTHENTICATED, AUTHENTICATED_PKIX)}},
    {"without SNI the handshake fails",
     {ONE({.port = 25,
           GOOD_SNI,
           .no_sni_outcome = OUTCOME_TLS_ALERT,
           .no_sni_starttls = STARTTLS_OFFERED})},
     {IS("postfix-may", PLAINTEXT, TLS_FAILED), IS("postfix-encrypt", DEFERRED, TLS_FAILED),
      IS("yahoo", PLAINTEXT, TLS_FAILED), IS("gmail", ENCRYPTED, OPPORTUNISTIC)}},
    {"without SNI none was made",
     {ONE({.port = 25, GOOD_SNI})},
     {IS("postfix-may", UNKNOWN, SNI_NOT_PROBED), IS("postfix-encrypt", UNKNOWN, SNI_NOT_PROBED),
      IS("gmail", ENCRYPTED, OPPORTUNISTIC)}},
    {"with SNI none was made",
     {ONE({.port = 25, .inherited = 1, GOOD_SNI, GOOD_DEFAULT})},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("gmail", UNKNOWN, SNI_NOT_PROBED)}},
    {"before TLS a name does not matter",
     {ONE({.port = 25,
           .inherited = 1,
           .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
           .starttls = STARTTLS_NOT_OFFERED,
           .no_sni_outcome = OUTCOME_STARTTLS_NOT_OFFERED,
           .no_sni_starttls = STARTTLS_NOT_OFFERED})},
     {IS("postfix-may", PLAINTEXT, NO_STARTTLS), IS("gmail", PLAINTEXT, NO_STARTTLS)}},
    {"only the common name is the host's: Postfix takes it, RFC 9525 does not",
     {ONE({.port = 25,
           .outcome = OUTCOME_ESTABLISHED,
           .starttls = STARTTLS_OFFERED,
           .tls_version = 0x0304,
           .chain = TRUSTED,
           .name_match = NAME_MATCH_CN_ONLY,
           .no_sni_outcome = OUTCOME_ESTABLISHED,
           .no_sni_starttls = STARTTLS_OFFERED,
           .no_sni_tls_version = 0x0304,
           .no_sni_chain = TRUSTED,
           .no_sni_name_match = NAME_MATCH_CN_ONLY})},
     {IS("postfix-verify", AUTHENTICATED, AUTHENTICATED_PKIX),
      IS("postfix-secure", AUTHENTICATED, AUTHENTICATED_PKIX), IS("strict-pkix", DEFERRED, NAME)}},
    {"the host is the provider's, and the leaf is not for the domain",
     {.mx = {{.preference = 10,
              .host = "mx.provider.example",
              .endpoints = {{.port = 25,
                             GOOD_SNI,
                             .no_sni_outcome = OUTCOME_ESTABLISHED,
                             .no_sni_starttls = STARTTLS_OFFERED,
                             .no_sni_tls_version = 0x0304,
                             .no_sni_chain = TRUSTED,
                             .no_sni_name_match = NAME_MATCH_EXACT,
                             .no_sni_leaf_domains = 0}}}}},
     {IS("postfix-verify", AUTHENTICATED, AUTHENTICATED_PKIX)}},
    {"TLS 1.0 alone",
     {ONE(AT_VERSION(0x0301, 0))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("gmail", ENCRYPTED, OPPORTUNISTIC),
      IS("mox", PLAINTEXT, TLS_VERSION), IS("exchange-online", DEFERRED, TLS_VERSION),
      IS("strict-pkix", DEFERRED, TLS_VERSION)}},
    {"nobody listens",
     {ONE(ENDS(REFUSED, UNKNOWN))},
     {IS("postfix-may", DEFERRED, NOT_REACHABLE), IS("strict-pkix", DEFERRED, NOT_REACHABLE)}},
    {"the connection timed out: that may be us",
     {ONE(ENDS(CONNECT_TIMEOUT, UNKNOWN))},
     {IS("postfix-may", UNKNOWN, NOT_TESTED), IS("strict-pkix", UNKNOWN, NOT_TESTED)}},
    {"the second address answers",
     {ONE(ENDS(REFUSED, UNKNOWN), GOOD)},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC),
      IS("strict-pkix", AUTHENTICATED, AUTHENTICATED_PKIX)}},

    {"MTA-STS enforce passes, RFC 8461 section 5",
     {COVERED(GOOD)},
     {IS("gmail", AUTHENTICATED, AUTHENTICATED_STS),
      IS("exchange-online", AUTHENTICATED, AUTHENTICATED_STS),
      IS("mox", AUTHENTICATED, AUTHENTICATED_STS),
      IS("kumomta-default", AUTHENTICATED, AUTHENTICATED_STS),
      IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_STS),
      IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("postfix-dane", ENCRYPTED, OPPORTUNISTIC)}},
    {"a policy with an empty line, RFC 8461 section 3.2",
     {COVERED(GOOD), .policy_quirks = 1U << STS_POLICY_QUIRK_BLANK_LINE},
     {IS("kumomta-default", AUTHENTICATED, AUTHENTICATED_STS), IS("mox", ENCRYPTED, OPPORTUNISTIC),
      IS("postfix-sts-plugin", ENCRYPTED, OPPORTUNISTIC), IS("gmail", UNKNOWN, STS_UNKNOWN),
      IS("exchange-online", UNKNOWN, STS_UNKNOWN), IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"a policy as text/html, RFC 8461 section 3.3",
     {COVERED(GOOD), .policy_quirks = 1U << STS_POLICY_QUIRK_MEDIA_TYPE},
     {IS("mox", AUTHENTICATED, AUTHENTICATED_STS),
      IS("postfix-sts-plugin", ENCRYPTED, OPPORTUNISTIC),
      IS("kumomta-default", ENCRYPTED, OPPORTUNISTIC), IS("gmail", UNKNOWN, STS_UNKNOWN)}},
    {"a max_age of ten digits, RFC 8461 section 3.2",
     {COVERED(GOOD), .policy_quirks = 1U << STS_POLICY_QUIRK_MAX_AGE_OVER_MAX |
                                      1U << STS_POLICY_QUIRK_MAX_AGE_OVER_31_BITS},
     {IS("mox", ENCRYPTED, OPPORTUNISTIC),
      IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_STS)}},
    {"white space before the first semicolon, RFC 8461 section 3.1",
     {COVERED(GOOD), .record_quirks = 1U << STS_RECORD_QUIRK_SPACE_BEFORE_DELIMITER},
     {IS("mox", AUTHENTICATED, AUTHENTICATED_STS),
      IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_STS),
      IS("kumomta-default", AUTHENTICATED, AUTHENTICATED_STS), IS("gmail", UNKNOWN, STS_UNKNOWN)}},
    {"where nothing is lost without the policy, and nothing gained",
     {COVERED(NO_STARTTLS), .policy_quirks = 1U << STS_POLICY_QUIRK_BOM},
     {IS("mox", PLAINTEXT, NO_STARTTLS), IS("gmail", UNKNOWN, STS_UNKNOWN)}},
    {"quirks of a policy in testing bind nobody, RFC 8461 section 5",
     {ONE(GOOD), .sts = STS_STATE_TESTING, .policy_quirks = 1U << STS_POLICY_QUIRK_BLANK_LINE},
     {IS("gmail", ENCRYPTED, OPPORTUNISTIC), IS("mox", ENCRYPTED, OPPORTUNISTIC)}},
    {"enforce, and the certificate fails, RFC 8461 section 4.2",
     {COVERED(SELF_SIGNED)},
     {IS("gmail", DEFERRED, STS_CERTIFICATE), IS("mox", DEFERRED, STS_CERTIFICATE),
      IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"enforce, and STARTTLS is not offered, RFC 8461 section 4.2",
     {COVERED(NO_STARTTLS)},
     {IS("gmail", DEFERRED, STS_NO_TLS), IS("postfix-may", PLAINTEXT, NO_STARTTLS)}},
    {"enforce, and TLS 1.1, RFC 8461 section 7.2",
     {COVERED(AT_VERSION(0x0302, 0))},
     {IS("gmail", DEFERRED, STS_NO_TLS), IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"enforce, and no pattern covers the exchange, RFC 8461 section 4.1",
     {.sts = STS_STATE_ENFORCE,
      .mx =
          {{.preference = 10, .host = "mx.example.com", .covered = TRUTH_NO, .endpoints = {GOOD}}}},
     {IS("gmail", DEFERRED, STS_MX_NOT_COVERED), IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"that is certain without a session",
     {.sts = STS_STATE_ENFORCE,
      .mx = {{.preference = 10,
              .host = "mx.example.com",
              .covered = TRUTH_NO,
              .endpoints = {UNTESTED(ADDRESS_BUDGET)}}}},
     {IS("gmail", DEFERRED, STS_MX_NOT_COVERED), IS("postfix-may", UNKNOWN, NOT_TESTED)}},
    {"enforce, and not covered first, covered then, RFC 8461 section 5.1",
     {.sts = STS_STATE_ENFORCE,
      .mx =
          {{.preference = 10, .host = "a.example.com", .covered = TRUTH_NO, .endpoints = {GOOD}},
           {.preference = 20, .host = "b.example.com", .covered = TRUTH_YES, .endpoints = {GOOD}}}},
     {IS("gmail", AUTHENTICATED, AUTHENTICATED_STS)}},
    {"testing delivers anyway, RFC 8461 section 5",
     {.sts = STS_STATE_TESTING,
      .mx = {{.preference = 10,
              .host = "mx.example.com",
              .covered = TRUTH_NO,
              .endpoints = {SELF_SIGNED}}}},
     {IS("gmail", ENCRYPTED, OPPORTUNISTIC), IS("mox", ENCRYPTED, OPPORTUNISTIC)}},

    {"a TLSA record matches, RFC 7672 section 2.2",
     {SECURE(USABLE, WITH_DANE(MATCH, DANE_FLAG_EE | DANE_FLAG_HAS_31 | DANE_FLAG_31))},
     {IS("postfix-dane", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("exim-dane", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("sendmail-8.17", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("mox", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("exchange-online", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("gmx", AUTHENTICATED, AUTHENTICATED_DANE), IS("gmail", ENCRYPTED, OPPORTUNISTIC),
      IS("proton", ENCRYPTED, OPPORTUNISTIC), IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"none matches: no fallback",
     {SECURE(USABLE, WITH_DANE(MISMATCH, DANE_FLAG_HAS_31))},
     {IS("postfix-dane", DEFERRED, DANE_MISMATCH), IS("exim-dane", DEFERRED, DANE_MISMATCH),
      IS("sendmail-8.17", DEFERRED, DANE_MISMATCH), IS("gmx", DEFERRED, DANE_MISMATCH),
      IS("gmail", ENCRYPTED, OPPORTUNISTIC)}},
    {"a DANE-TA record matches: Sendmail has 3 1 x alone, rules 6",
     {SECURE(USABLE, WITH_DANE(MATCH, DANE_FLAG_TA))},
     {IS("postfix-dane", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("sendmail-8.17", ENCRYPTED, DANE_UNUSABLE)}},
    {"a DANE-TA record matches, 3 1 1 does not",
     {SECURE(USABLE, WITH_DANE(MATCH, DANE_FLAG_TA | DANE_FLAG_HAS_31))},
     {IS("postfix-dane", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("sendmail-8.17", DEFERRED, DANE_MISMATCH)}},
    {"usable records, and STARTTLS is not offered: no cleartext",
     {SECURE(USABLE, {.port = 25,
                      .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
                      .starttls = STARTTLS_NOT_OFFERED,
                      .dane = DANE_NO_TLS})},
     {IS("postfix-dane", DEFERRED, DANE_NO_TLS), IS("sendmail-8.17", DEFERRED, DANE_NO_TLS),
      IS("postfix-may", PLAINTEXT, NO_STARTTLS)}},
    {"records, none usable: TLS, without a check, RFC 7672 section 2.2",
     {SECURE(UNUSABLE, SELF_SIGNED)},
     {IS("postfix-dane", ENCRYPTED, DANE_UNUSABLE), IS("exchange-online", ENCRYPTED, DANE_UNUSABLE),
      IS("gmail", ENCRYPTED, OPPORTUNISTIC)}},
    {"none usable, and no STARTTLS: no cleartext",
     {SECURE(UNUSABLE, NO_STARTTLS)},
     {IS("postfix-dane", DEFERRED, DANE_NO_TLS), IS("mox", UNKNOWN, DANE_NO_TLS),
      IS("gmail", PLAINTEXT, NO_STARTTLS)}},
    {"the look-up fails: the host is skipped, RFC 7672 section 2.1.2",
     {SECURE(LOOKUP_FAILED, GOOD)},
     {IS("postfix-dane", DEFERRED, DANE_LOOKUP), IS("exchange-online", DEFERRED, DANE_LOOKUP),
      IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"records without AD are of no effect",
     {SECURE(TLSA_INSECURE, NO_STARTTLS)},
     {IS("postfix-dane", PLAINTEXT, NO_STARTTLS), IS("mox", PLAINTEXT, NO_STARTTLS)}},
    {"the MX records are insecure: some use DANE anyway, RFC 7672 section 2.2.1",
     {INSECURE(USABLE, WITH_DANE(MISMATCH, DANE_FLAG_HAS_31))},
     {IS("postfix-dane", DEFERRED, DANE_MISMATCH), IS("exim-dane", ENCRYPTED, OPPORTUNISTIC),
      IS("mox", ENCRYPTED, OPPORTUNISTIC), IS("exchange-online", ENCRYPTED, OPPORTUNISTIC)}},
    {"nobody knows whether they are",
     {.mx_dnssec_unknown = true, INSECURE(USABLE, WITH_DANE(MISMATCH, DANE_FLAG_HAS_31))},
     {IS("postfix-dane", DEFERRED, DANE_MISMATCH), IS("exim-dane", UNKNOWN, DANE_UNKNOWN),
      IS("gmail", ENCRYPTED, OPPORTUNISTIC)}},
    {"MTA-STS must not override a failing DANE, RFC 8461 section 2",
     {.sts = STS_STATE_ENFORCE,
      .mx_dnssec = DNSSEC_SECURE,
      .mx = {{.preference = 10,
              .host = "mx.example.com",
              .dane = DANE_HOST_USABLE,
              .covered = TRUTH_YES,
              .endpoints = {WITH_DANE(MISMATCH, DANE_FLAG_HAS_31)}}}},
     {IS("mox", DEFERRED, DANE_MISMATCH), IS("exchange-online", DEFERRED, DANE_MISMATCH),
      IS("postfix-sts-plugin", DEFERRED, DANE_MISMATCH),
      IS("gmail", AUTHENTICATED, AUTHENTICATED_STS)}},
    {"both pass, RFC 8461 section 2",
     {SECURE_COVERED(USABLE, YES, HOST, WITH_DANE(MATCH, DANE_FLAG_EE))},
     {IS("mox", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("exchange-online", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_DANE)}},
    {"DANE passes, and the policy does not cover the MX: mox keeps to both",
     {SECURE_COVERED(USABLE, NO, HOST, WITH_DANE(MATCH, DANE_FLAG_EE))},
     {IS("mox", DEFERRED, STS_MX_NOT_COVERED),
      IS("exchange-online", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("gmail", DEFERRED, STS_MX_NOT_COVERED)}},
    {"DANE passes, the path to an anchor fails",
     {SECURE_COVERED(USABLE, YES, HOST, SELF_SIGNED_WITH_DANE(MATCH, DANE_FLAG_EE))},
     {IS("mox", DEFERRED, STS_CERTIFICATE),
      IS("exchange-online", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_DANE)}},
    {"records that cannot be used, and a certificate that passes",
     {SECURE_COVERED(UNUSABLE, YES, HOST, GOOD)},
     {IS("mox", AUTHENTICATED, AUTHENTICATED_STS), IS("exchange-online", ENCRYPTED, DANE_UNUSABLE),
      IS("postfix-sts-plugin", ENCRYPTED, DANE_UNUSABLE)}},
    {"and one that does not",
     {SECURE_COVERED(UNUSABLE, YES, HOST, SELF_SIGNED)},
     {IS("mox", DEFERRED, STS_CERTIFICATE), IS("exchange-online", ENCRYPTED, DANE_UNUSABLE),
      IS("postfix-sts-plugin", ENCRYPTED, DANE_UNUSABLE)}},
    {"both, and the look-up of records fails: RFC 7672 section 2.1.2",
     {SECURE_COVERED(LOOKUP_FAILED, YES, HOST, GOOD)},
     {IS("mox", DEFERRED, DANE_LOOKUP), IS("postfix-sts-plugin", DEFERRED, DANE_LOOKUP)}},
    {"both, and STARTTLS is refused for good",
     {SECURE_COVERED(USABLE, YES, HOST, REFUSES(.dane = DANE_NO_TLS, SAYS_5XX))},
     {IS("mox", UNDELIVERABLE, STARTTLS_REJECTED)}},
    {"both, and STARTTLS is not offered",
     {SECURE_COVERED(USABLE, YES, HOST,
                     {.port = 25,
                      .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
                      .starttls = STARTTLS_NOT_OFFERED,
                      .dane = DANE_NO_TLS})},
     {IS("mox", UNKNOWN, STS_NO_TLS), IS("exchange-online", DEFERRED, DANE_NO_TLS)}},
    {"both, at the end of an alias: the certificate is held against that name",
     {SECURE_COVERED(USABLE, YES, TARGET, WITH_DANE(MATCH, DANE_FLAG_EE))},
     {IS("mox", UNKNOWN, STS_CERTIFICATE),
      IS("exchange-online", AUTHENTICATED, AUTHENTICATED_DANE)}},
    {"records at one exchange: postfix-tlspol leaves MTA-STS out at the others, getDanePolicy()",
     {SECURE_SECOND(USABLE, SELF_SIGNED)},
     {IS("postfix-sts-plugin", ENCRYPTED, OPPORTUNISTIC),
      IS("mox", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("exchange-online", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("gmail", AUTHENTICATED, AUTHENTICATED_STS)}},
    {"records at one exchange that cannot be used: the same",
     {SECURE_SECOND(UNUSABLE, SELF_SIGNED)},
     {IS("postfix-sts-plugin", ENCRYPTED, OPPORTUNISTIC)}},
    {"insecure records at one exchange: MTA-STS",
     {SECURE_SECOND(TLSA_INSECURE, SELF_SIGNED)},
     {IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_STS)}},
    {"the look-up of records fails at one exchange: the mail waits at all of them",
     {SECURE_SECOND(LOOKUP_FAILED, GOOD)},
     {IS("postfix-sts-plugin", DEFERRED, DANE_LOOKUP),
      IS("exchange-online", AUTHENTICATED, AUTHENTICATED_STS)}},
    {"nobody knows whether one has records",
     {SECURE_SECOND(COUNT, SELF_SIGNED)},
     {IS("postfix-sts-plugin", UNKNOWN, DANE_UNKNOWN)}},
    {"the base domain is not the host: its handshake matched, the host's failed",
     {SECURE(USABLE, {.port = 25,
                      .outcome = OUTCOME_TLS_ALERT,
                      .starttls = STARTTLS_OFFERED,
                      .dane = DANE_MATCH,
                      .dane_flags = DANE_FLAG_EE})},
     {IS("postfix-dane", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("mox", UNKNOWN, VERSION_NOT_PROBED)}},

    {"null MX, RFC 7505",
     {.kind = MX_KIND_NULL_MX},
     {IS("postfix-may", UNDELIVERABLE, NO_MAIL), IS("mox", UNDELIVERABLE, NO_MAIL),
      IS("opensmtpd", DEFERRED, NO_MAIL)}},
    {"no such domain",
     {.kind = MX_KIND_NXDOMAIN},
     {IS("postfix-may", UNDELIVERABLE, NO_MAIL), IS("mox", DEFERRED, NO_MAIL),
      IS("opensmtpd", UNDELIVERABLE, NO_MAIL)}},
    {"neither MX nor address",
     {.kind = MX_KIND_NONE},
     {IS("exim-default", UNDELIVERABLE, NO_MAIL), IS("mox", DEFERRED, NO_MAIL),
      IS("opensmtpd", DEFERRED, NO_MAIL)}},
    {"the one exchange is localhost",
     {.mx = {{.preference = 10, .host = "localhost", .unusable = "localhost"}}},
     {IS("postfix-may", UNDELIVERABLE, NO_USABLE_MX),
      IS("exim-default", UNDELIVERABLE, NO_USABLE_MX)}},
    {"localhost in front of a good one: some find the mail comes back to them",
     {.mx = {{.preference = 10, .host = "localhost", .unusable = "localhost"},
             {.preference = 20, .host = "mx.example.com", .endpoints = {GOOD}}}},
     {IS("postfix-may", UNKNOWN, MX_NAME), IS("exim-default", UNKNOWN, MX_NAME)}},
    {"localhost behind a good one",
     {.mx = {{.preference = 10, .host = "mx.example.com", .endpoints = {GOOD}},
             {.preference = 20, .host = "localhost", .unusable = "localhost"}}},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"DNS did not answer", {.kind = MX_KIND_UNKNOWN}, {IS("gmail", UNKNOWN, DNS_FAILED)}},
    {"implicit MX, RFC 5321 section 5.1",
     {.kind = MX_KIND_IMPLICIT, .mx = {{.host = "example.com", .endpoints = {GOOD}}}},
     {IS("postfix-secure", AUTHENTICATED, AUTHENTICATED_PKIX),
      IS("gmail", ENCRYPTED, OPPORTUNISTIC)}},
    {"implicit MX, recorded only",
     {.kind = MX_KIND_IMPLICIT, .mx = {{.host = "example.com", .a = DNS_DATA}}},
     {IS("gmail", UNKNOWN, NOT_TESTED)}},
    {"no exchange has an address, RFC 5321 section 5.1",
     {.mx = {{.preference = 10, .host = "mx.example.com", .a = DNS_NXDOMAIN, .aaaa = DNS_NXDOMAIN},
             {.preference = 20, .host = "192.0.2.1", .unusable = "ip_literal"}}},
     {IS("postfix-may", UNDELIVERABLE, NO_USABLE_MX), IS("mox", DEFERRED, NO_USABLE_MX)}},
    {"the first exchange does not exist: on to the next, RFC 5321 section 5.1",
     {.mx = {{.preference = 10, .host = "a.example.com", .a = DNS_NXDOMAIN, .aaaa = DNS_NXDOMAIN},
             {.preference = 20, .host = "b.example.com", .endpoints = {NO_STARTTLS}}}},
     {IS("postfix-may", PLAINTEXT, NO_STARTTLS), IS("exim-default", PLAINTEXT, NO_STARTTLS)}},
    {"its addresses are bogus, which is no answer to who validates: the same",
     {.mx = {{.preference = 10,
              .host = "a.example.com",
              .a = DNS_BOGUS,
              .aaaa = DNS_NODATA,
              .dane = DANE_HOST_LOOKUP_FAILED,
              .endpoints = {{.port = 25, .address = {.family = 4}, GOOD_SNI, GOOD_DEFAULT}}},
             {.preference = 20, .host = "b.example.com", .endpoints = {NO_STARTTLS}}}},
     {IS("postfix-dane", PLAINTEXT, NO_STARTTLS), IS("exim-dane", PLAINTEXT, NO_STARTTLS),
      IS("exim-default", ENCRYPTED, OPPORTUNISTIC)}},
    {"addresses could not be looked up",
     {.mx = {{.preference = 10, .host = "mx.example.com", .a = DNS_SERVFAIL, .aaaa = DNS_NODATA}}},
     {IS("gmail", UNKNOWN, NOT_TESTED)}},
    {"more exchanges than are worked on",
     {ONE(GOOD), .beyond = 1},
     {IS("gmail", UNKNOWN, NOT_TESTED)}},
    {"addresses that are nobody's, RFC 6890: tried in vain, or none at all",
     {ONE(SPECIAL)},
     {IS("postfix-may", DEFERRED, NOT_REACHABLE), IS("mox", DEFERRED, NOT_REACHABLE),
      IS_BETWEEN("exim-default", DEFERRED, UNDELIVERABLE, NO_USABLE_MX),
      IS_BETWEEN("gmail", DEFERRED, UNDELIVERABLE, NO_USABLE_MX)}},
    {"and an exchange that does not exist",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {SPECIAL}},
             {.preference = 20, .host = "b.example.com", .a = DNS_NXDOMAIN, .aaaa = DNS_NXDOMAIN}}},
     {IS("sendmail-debian", DEFERRED, NOT_REACHABLE),
      IS_BETWEEN("exim-default", DEFERRED, UNDELIVERABLE, NO_USABLE_MX)}},
    {"beside one that refuses: somebody's, and mail waits",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {SPECIAL}},
             {.preference = 20, .host = "b.example.com", .endpoints = {DEAD}}}},
     {IS("exim-default", DEFERRED, NOT_REACHABLE), IS("gmail", DEFERRED, NOT_REACHABLE)}},
    {"0.0.0.0 stands for the sender's own host, RFC 1122 section 3.2.1.3",
     {ONE({.port = 25,
           .address = {.family = 4},
           .outcome = OUTCOME_NOT_TESTED,
           .not_tested = NOT_TESTED_SPECIAL_PURPOSE})},
     {IS("exim-default", UNKNOWN, MX_NAME), IS("postfix-may", UNKNOWN, MX_NAME)}},
    {"an address beyond the cap beside one that is good",
     {ONE(GOOD, UNTESTED(TRUNCATED)), .truncated = true},
     {IS("strict-pkix", AUTHENTICATED, AUTHENTICATED_PKIX)}},
    {"on the block list",
     {.mx = {{.preference = 10, .host = "mx.example.com", .blocklisted = true}}},
     {IS("gmail", UNKNOWN, NOT_TESTED)}},
    {"mail comes to port 25",
     {ONE({.port = 465, GOOD_SNI}, NO_STARTTLS)},
     {IS("gmail", PLAINTEXT, NO_STARTTLS)}},
    {"port 25 was not asked for",
     {ONE({.port = 465, GOOD_SNI})},
     {IS("gmail", UNKNOWN, NOT_TESTED), IS("strict-pkix", UNKNOWN, NOT_TESTED)}},
    {"nor were its TLSA records: those of another port say nothing, RFC 6698 section 3",
     {SECURE(LOOKUP_FAILED, {.port = 587, GOOD_SNI, GOOD_DEFAULT, .dane = DANE_FAILED})},
     {IS("postfix-dane", UNKNOWN, NOT_TESTED)}},
    {"where nobody takes mail, no port matters",
     {.null_mx_beside = true, ONE({.port = 587, GOOD_SNI})},
     {IS("postfix-may", UNDELIVERABLE, NULL_MX)}},
    {"lines that end in CR CR LF, RFC 5321 section 2.3.8",
     {ONE(GOOD_BUT(QUIRK(CR_CR_LF)))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("gmail", UNKNOWN, SMTP_REPLIES)}},
    {"an empty line within a reply, RFC 5321 section 4.2: Exim gives the host up",
     {ONE(GOOD_BUT(QUIRK(EMPTY_LINE_REPLY)))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC),
      IS("postfix-verify", AUTHENTICATED, AUTHENTICATED_PKIX),
      IS("exim-default", DEFERRED, SMTP_REPLIES), IS("exim-dane", DEFERRED, SMTP_REPLIES)}},
    {"and does so where STARTTLS is not offered",
     {ONE({.port = 25,
           .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
           .starttls = STARTTLS_NOT_OFFERED,
           .facts = {QUIRK(EMPTY_LINE_REPLY)}})},
     {IS("postfix-may", PLAINTEXT, NO_STARTTLS), IS("exim-default", DEFERRED, SMTP_REPLIES)}},
    {"starttls in lower case, RFC 5321 section 2.4: Exim does not see it",
     {ONE(GOOD_BUT(QUIRK(KEYWORD_CASE)))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", PLAINTEXT, STARTTLS_KEYWORD),
      IS("exim-dane", PLAINTEXT, STARTTLS_KEYWORD), IS("gmail", UNKNOWN, STARTTLS_KEYWORD)}},
    {"STARTTLS refused and the session closed, RFC 5321 section 3.8: who would go on in it cannot",
     {ONE(CLOSES_AFTER(TEMPFAIL))},
     {IS("postfix-may", DEFERRED, STARTTLS_REFUSED), IS("postfix-dane", DEFERRED, STARTTLS_REFUSED),
      IS("postfix-encrypt", DEFERRED, STARTTLS_REFUSED),
      IS("exim-default", DEFERRED, STARTTLS_REFUSED),
      IS("sendmail-debian", DEFERRED, STARTTLS_REFUSED), IS("mox", PLAINTEXT, STARTTLS_REFUSED),
      IS("gmail", UNKNOWN, STARTTLS_REFUSED)}},
    {"and there is another host",
     {BACKUP(CLOSES_AFTER(TEMPFAIL))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("postfix-verify", AUTHENTICATED, AUTHENTICATED_PKIX),
      IS("mox", PLAINTEXT, STARTTLS_REFUSED), IS("opensmtpd", DEFERRED, STARTTLS_REFUSED),
      IS("gmail", UNKNOWN, STARTTLS_REFUSED)}},
    {"another host, without STARTTLS: whoever defers does not come to it",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {CLOSES_AFTER(TEMPFAIL)}},
             {.preference = 20, .host = "b.example.com", .endpoints = {NO_STARTTLS}}}},
     {IS("postfix-may", PLAINTEXT, NO_STARTTLS), IS("exim-default", PLAINTEXT, NO_STARTTLS),
      IS("opensmtpd", DEFERRED, STARTTLS_REFUSED), IS("gmail", UNKNOWN, STARTTLS_REFUSED)}},
    {"whether the session lives on is not known",
     {ONE(OPEN_AFTER(TEMPFAIL))},
     {IS("postfix-may", UNKNOWN, STARTTLS_REFUSED), IS("exim-default", UNKNOWN, STARTTLS_REFUSED),
      IS("postfix-encrypt", DEFERRED, STARTTLS_REFUSED), IS("mox", PLAINTEXT, STARTTLS_REFUSED)}},
    {"a greeting without text, RFC 5321 section 4.2: Postfix says HELO and sees no STARTTLS",
     {ONE(GOOD_BUT(FORM(HIDDEN_GREETING)))},
     {IS("postfix-may", PLAINTEXT, HIDDEN_GREETING),
      IS("postfix-encrypt", DEFERRED, HIDDEN_GREETING),
      IS("postfix-verify", DEFERRED, HIDDEN_GREETING), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("mox", ENCRYPTED, OPPORTUNISTIC), IS("gmail", UNKNOWN, HIDDEN_GREETING)}},
    {"the same under MTA-STS, RFC 8461 section 5",
     {COVERED_BACKUP(GOOD_BUT(FORM(HIDDEN_GREETING)))},
     {IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_STS),
      IS("mox", AUTHENTICATED, AUTHENTICATED_STS), IS("postfix-may", PLAINTEXT, HIDDEN_GREETING)}},
    {"STARTTLS with a parameter, RFC 3207 section 4 has none: mox does not see it",
     {ONE(GOOD_BUT(FORM(KEYWORD_PARAMETER)))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("mox", PLAINTEXT, STARTTLS_KEYWORD), IS("gmail", UNKNOWN, STARTTLS_KEYWORD)}},
    {"where TLS is demanded mox asks for it without seeing it",
     {COVERED_BACKUP(GOOD_BUT(FORM(KEYWORD_PARAMETER)))},
     {IS("mox", UNKNOWN, STS_NO_TLS)}},
    {"a space before STARTTLS",
     {ONE(GOOD_BUT(FORM(KEYWORD_SPACE_BEFORE)))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", PLAINTEXT, STARTTLS_KEYWORD),
      IS("sendmail-debian", PLAINTEXT, STARTTLS_KEYWORD), IS("mox", ENCRYPTED, OPPORTUNISTIC),
      IS("yahoo", UNKNOWN, STARTTLS_KEYWORD)}},
    {"a tab behind it",
     {ONE(GOOD_BUT(FORM(KEYWORD_TAB_AFTER)))},
     {IS("postfix-may", PLAINTEXT, STARTTLS_KEYWORD),
      IS("postfix-verify", DEFERRED, STARTTLS_KEYWORD),
      IS("exim-default", ENCRYPTED, OPPORTUNISTIC), IS("mox", ENCRYPTED, OPPORTUNISTIC)}},
    {"an equals sign behind it",
     {ONE(GOOD_BUT(FORM(KEYWORD_EQUALS)))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", PLAINTEXT, STARTTLS_KEYWORD),
      IS("mox", PLAINTEXT, STARTTLS_KEYWORD)}},
    {"STARTTLS in the place of the server's name: OpenSMTPD asks for it, others do not see it",
     {ONE(AFTER(NOT_OFFERED, FORM(KEYWORD_FIRST_LINE)))},
     {IS("postfix-may", PLAINTEXT, STARTTLS_KEYWORD),
      IS("exim-default", PLAINTEXT, STARTTLS_KEYWORD), IS("mox", PLAINTEXT, STARTTLS_KEYWORD),
      IS("sendmail-debian", PLAINTEXT, STARTTLS_KEYWORD),
      IS("opensmtpd", UNKNOWN, STARTTLS_KEYWORD), IS("gmail", UNKNOWN, STARTTLS_KEYWORD)}},
    {"a line that is no reply, inside TLS: Exim gives TLS up, and not the host",
     {ONE(GOOD_BUT(QUIRK(GARBAGE_LINE), FORM(ODD_LINE_IN_TLS)))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", UNKNOWN, SMTP_REPLIES),
      IS("sendmail-debian", ENCRYPTED, OPPORTUNISTIC)}},
    {"354 to STARTTLS, and the session goes on: Sendmail gives up, others send in clear",
     {ONE(AFTER(REJECTED, .events = SENDER_EVENT_STARTTLS_UNREAD))},
     {IS("postfix-may", UNKNOWN, STARTTLS_REFUSED),
      IS("sendmail-debian", UNKNOWN, STARTTLS_REFUSED),
      IS("postfix-encrypt", UNKNOWN, STARTTLS_REFUSED)}},
    {"a form that nobody was seen with",
     {ONE(GOOD_BUT(FORM(KEYWORD_OTHER)))},
     {IS("postfix-may", UNKNOWN, STARTTLS_KEYWORD), IS("exim-default", UNKNOWN, STARTTLS_KEYWORD),
      IS("mox", UNKNOWN, STARTTLS_KEYWORD), IS("strict-pkix", UNKNOWN, STARTTLS_KEYWORD)}},
    {"another code than 250 to EHLO, RFC 5321 section 4.2.1: mox gives the host up",
     {ONE(GOOD_BUT(.forms = 1U << SMTP_FORM_NOT_250 | 1U << SMTP_FORM_KEYWORD_CODE))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", PLAINTEXT, STARTTLS_KEYWORD),
      IS("mox", DEFERRED, SMTP_REPLIES), IS("gmail", UNKNOWN, STARTTLS_KEYWORD)}},
    {"codes that differ in their first digit",
     {ONE(GOOD_BUT(.forms = 1U << SMTP_FORM_MIXED_CODES | 1U << SMTP_FORM_MIXED_CLASSES))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", UNKNOWN, SMTP_REPLIES),
      IS("mox", DEFERRED, SMTP_REPLIES)}},
    {"the client's own name in the answer to EHLO: a loop to Postfix, if it gets its own too",
     {ONE(GOOD_BUT(FORM(OWN_NAME)))},
     {IS("postfix-may", UNKNOWN, OWN_NAME), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("mox", ENCRYPTED, OPPORTUNISTIC), IS("gmail", UNKNOWN, OWN_NAME)}},
    {"and another host: a loop is not sent on",
     {BACKUP(GOOD_BUT(FORM(OWN_NAME)))},
     {IS("postfix-encrypt", UNKNOWN, OWN_NAME), IS("exim-default", ENCRYPTED, OPPORTUNISTIC)}},
    {"250 in reply to STARTTLS, RFC 3207 section 4",
     {ONE(GOOD_BUT(.quirks = SENDER_FACTS_NOT_220))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("postfix-encrypt", ENCRYPTED, OPPORTUNISTIC),
      IS("exim-default", ENCRYPTED, OPPORTUNISTIC), IS("gmail", UNKNOWN, STARTTLS_REPLY)}},
    {"octets behind the 220, RFC 3207 section 6: Postfix drops them, Exim gives TLS up",
     {ONE(GOOD_BUT(QUIRK(INJECTED)))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("postfix-encrypt", ENCRYPTED, OPPORTUNISTIC),
      IS("exim-default", PLAINTEXT, AFTER_220), IS("gmail", UNKNOWN, AFTER_220)}},
    {"the session ends right after the handshake, RFC 3207 section 4.2",
     {ONE(GOOD_BUT(QUIRK(LOST_AFTER_TLS)))},
     {IS("postfix-may", PLAINTEXT, SESSION_LOST), IS("opensmtpd", DEFERRED, SESSION_LOST),
      IS("postfix-encrypt", DEFERRED, SESSION_LOST), IS("postfix-verify", DEFERRED, SESSION_LOST),
      IS("exim-default", PLAINTEXT, SESSION_LOST), IS("strict-pkix", DEFERRED, SESSION_LOST),
      IS("gmail", UNKNOWN, SESSION_LOST)}},
    {"a policy, and the session ends right after the handshake, RFC 8461 section 5",
     {COVERED(GOOD_BUT(QUIRK(LOST_AFTER_TLS)))},
     {IS("gmail", DEFERRED, STS_NO_TLS), IS("mox", DEFERRED, STS_NO_TLS)}},
    {"TLSA records, and the session ends right after the handshake, RFC 7672 section 2.2",
     {SECURE(USABLE, {.port = 25,
                      GOOD_SNI,
                      GOOD_DEFAULT,
                      .dane = DANE_MATCH,
                      .dane_flags = DANE_FLAG_EE,
                      .facts = {QUIRK(LOST_AFTER_TLS)}})},
     {IS("postfix-dane", DEFERRED, DANE_NO_TLS), IS("exim-dane", DEFERRED, DANE_NO_TLS)}},
    {"EHLO inside TLS is refused: HELO may do",
     {ONE(GOOD_BUT(QUIRK(REFUSED_AFTER_TLS)))},
     {IS("postfix-encrypt", UNKNOWN, SESSION_LOST)}},
    {"the leaf's key may not sign, RFC 8446 section 4.4.2.2: GnuTLS gives up",
     {ONE(GOOD_BUT(.key = {2048, LEAF_KEY_RSA, LEAF_USAGE_LIMITED | LEAF_USAGE_ENCIPHERS}))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", PLAINTEXT, KEY_USAGE),
      IS("exim-openssl", ENCRYPTED, OPPORTUNISTIC)}},
    {"a list over 100 KiB: OpenSSL gives up",
     {ONE(GOOD_BUT(.list_kib = 120))},
     {IS("postfix-may", PLAINTEXT, LIST_SIZE), IS("postfix-verify", DEFERRED, LIST_SIZE)}},
    {"an RSASSA-PSS key: Go cannot use it, and there may be another",
     {ONE(GOOD_BUT(.key = {2048, LEAF_KEY_RSA_PSS, 0}))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("mox", UNKNOWN, LEAF_KEY)}},
    {"DHE of 1,024 bits: below what level 2 of OpenSSL takes, not Postfix",
     {ONE(GOOD_BUT(.cipher = 0x009f, .dh_bits = 1024))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC),
      IS("postfix-verify", AUTHENTICATED, AUTHENTICATED_PKIX),
      IS("opensmtpd", PLAINTEXT, TLS_SUITE), IS("sendmail-8.17", DEFERRED, TLS_SUITE)}},
    {"a DANE-TA record about the leaf itself, RFC 7671 section 5.2: an anchor to Go alone",
     {SECURE(USABLE, WITH_DANE(MISMATCH, DANE_FLAG_TA_IS_LEAF))},
     {IS("postfix-dane", DEFERRED, DANE_MISMATCH), IS("exim-dane", DEFERRED, DANE_MISMATCH),
      IS("mox", UNKNOWN, DANE_MISMATCH)}},
    {"a DANE-TA record, and no path there: GnuTLS does not look at what the leaf is for",
     {SECURE(USABLE, WITH_DANE(MISMATCH, DANE_FLAG_TA_NO_PATH))},
     {IS("postfix-dane", DEFERRED, DANE_MISMATCH), IS("exim-dane", UNKNOWN, DANE_MISMATCH),
      IS("mox", DEFERRED, DANE_MISMATCH)}},
    {"TLSA records match over TLS 1.1: Postfix takes SHA-1 where it demands nothing, and not here",
     {SECURE(USABLE, {.port = 25,
                      .outcome = OUTCOME_ESTABLISHED,
                      .starttls = STARTTLS_OFFERED,
                      .tls_version = 0x0302,
                      .chain = TRUSTED,
                      .name_match = NAME_MATCH_EXACT,
                      .facts = {.cipher = 0xc013},
                      .dane = DANE_MATCH,
                      .dane_flags = DANE_FLAG_EE})},
     {IS("postfix-dane", UNKNOWN, TLS_SUITE), IS("exim-dane", AUTHENTICATED, AUTHENTICATED_DANE)}},
    {"replies out of step inside TLS, and another host: whatever ends the delivery may",
     {BACKUP(GOOD_BUT(.quirks = SENDER_FACTS_EARLY_REPLY))},
     {IS("postfix-encrypt", UNKNOWN, SMTP_REPLIES), IS("postfix-verify", UNKNOWN, SMTP_REPLIES)}},
    {"TLS fails at one of two addresses: Sendmail goes on to the next host, and there is none",
     {ONE(ALERT, GOOD)},
     {IS_BETWEEN("sendmail-debian", ENCRYPTED, DEFERRED, TLS_FAILED)}},
    {"what another name met at the address: its lines are those of the session without SNI",
     {ONE({.port = 25,
           .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
           .starttls = STARTTLS_NOT_OFFERED,
           .inherited = true,
           .no_sni_outcome = OUTCOME_STARTTLS_NOT_OFFERED,
           .no_sni_starttls = STARTTLS_NOT_OFFERED,
           .no_sni_facts = {QUIRK(GARBAGE_LINE)}})},
     {IS("mox", DEFERRED, SMTP_REPLIES), IS("exim-default", DEFERRED, SMTP_REPLIES),
      IS("postfix-may", PLAINTEXT, NO_STARTTLS)}},
    {"the same, and there is no such session",
     {ONE({.port = 25,
           .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
           .starttls = STARTTLS_NOT_OFFERED,
           .inherited = true})},
     {IS("mox", UNKNOWN, SNI_NOT_PROBED)}},
    {"unusable records, RFC 7672 section 2.2",
     {SECURE(UNUSABLE, WITH_DANE(UNUSABLE, 0))},
     {IS("postfix-dane", ENCRYPTED, DANE_UNUSABLE), IS("exim-dane", ENCRYPTED, DANE_UNUSABLE)}},
    {"one of them malformed: not all go on",
     {SECURE(UNUSABLE, WITH_DANE(UNUSABLE, DANE_FLAG_MALFORMED))},
     {IS("postfix-dane", UNKNOWN, DANE_UNUSABLE), IS("exim-dane", UNKNOWN, DANE_UNUSABLE),
      IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"a weak key: no path to us, one to OpenSSL at its level 1, and perhaps to others",
     {COVERED({.port = 25, SNI_WITH(ONLY_LEVEL_1), DEFAULT_WITH(ONLY_LEVEL_1)})},
     {IS("mox", UNKNOWN, STS_CERTIFICATE),
      IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_STS)}},
    {"no MX, and that is not secure: who wants secure MX records may go by the addresses",
     {.kind = MX_KIND_IMPLICIT,
      .mx = {{.preference = 0,
              .host = "example.com",
              .dane = DANE_HOST_USABLE,
              .endpoints = {WITH_DANE(MISMATCH, 0)}}}},
     {IS("postfix-dane", DEFERRED, DANE_MISMATCH), IS("exim-dane", UNKNOWN, DANE_UNKNOWN)}},
    {"an address in place of a name, RFC 1035 section 3.3.9: Postfix dials it, Exim returns the "
     "mail",
     {.mx = {{.preference = 10,
              .host = "192.0.2.1",
              .name = MX_NAME_ADDRESS_LITERAL,
              .endpoints = {GOOD}}}},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", UNDELIVERABLE, NO_USABLE_MX),
      IS("gmail", UNKNOWN, MX_NAME)}},
    {"no host name, RFC 1123 section 2.1: both return the mail",
     {.mx = {{.preference = 10,
              .host = "-mx.example.com",
              .name = MX_NAME_NOT_A_HOST,
              .endpoints = {GOOD}}}},
     {IS("postfix-may", UNDELIVERABLE, NO_USABLE_MX),
      IS("exim-default", UNDELIVERABLE, NO_USABLE_MX), IS("opensmtpd", ENCRYPTED, OPPORTUNISTIC),
      IS("gmail", UNKNOWN, MX_NAME)}},
    {"beside a good one it counts for nothing",
     {.mx = {{.preference = 10,
              .host = "-mx.example.com",
              .name = MX_NAME_NOT_A_HOST,
              .endpoints = {NO_STARTTLS}},
             {.preference = 20, .host = "mx.example.com", .endpoints = {GOOD}}}},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("opensmtpd", PLAINTEXT, NO_STARTTLS)}},
    {"IPv6 alone: who has it is known of few hosted senders",
     {ONE(GOOD_V6)},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("mox", ENCRYPTED, OPPORTUNISTIC),
      IS("exchange-online", ENCRYPTED, OPPORTUNISTIC), IS("gmail", UNKNOWN, IPV6),
      IS("amazon-ses", UNKNOWN, IPV6), IS("yahoo", UNKNOWN, IPV6)}},
    {"both families, at two exchanges: an address out of reach is no session that failed",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {GOOD_V6, GOOD}},
             {.preference = 10, .host = "b.example.com", .endpoints = {GOOD_V6, GOOD}}}},
     {IS("amazon-ses", ENCRYPTED, OPPORTUNISTIC), IS("gmail", ENCRYPTED, OPPORTUNISTIC)}},
    {"IPv6 at the first exchange, IPv4 at the second",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {GOOD_V6}},
             {.preference = 20, .host = "b.example.com", .endpoints = {NO_STARTTLS}}}},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("amazon-ses", UNKNOWN, IPV6)}},
    {"a null MX beside another, RFC 7505 section 3: Postfix returns the mail, Exim uses the other",
     {.null_mx_beside = true,
      .mx = {{.preference = 0, .host = "", .name = MX_NAME_ROOT, .unusable = "null_mx"},
             {.preference = 10, .host = "mx.example.com", .endpoints = {GOOD}}}},
     {IS("postfix-may", UNDELIVERABLE, NULL_MX), IS("postfix-dane", UNDELIVERABLE, NULL_MX),
      IS("exim-default", ENCRYPTED, OPPORTUNISTIC), IS("opensmtpd", ENCRYPTED, OPPORTUNISTIC),
      IS("gmail", UNKNOWN, NULL_MX)}},
    {"TLSA records at an alias, RFC 7672 section 2.2.2: Exim asks at its end alone",
     {.mx_dnssec = DNSSEC_SECURE,
      .mx = {{.preference = 10,
              .host = "mx.example.com",
              .tlsa_at = TLSA_PLACE_ALIAS,
              .dane = DANE_HOST_USABLE,
              .endpoints = {WITH_DANE(MATCH, DANE_FLAG_EE)}}}},
     {IS("postfix-dane", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("exim-dane", ENCRYPTED, OPPORTUNISTIC), IS("gmx", UNKNOWN, DANE_UNKNOWN)}},
    {"at its end: all see them",
     {.mx_dnssec = DNSSEC_SECURE,
      .mx = {{.preference = 10,
              .host = "mx.example.com",
              .tlsa_at = TLSA_PLACE_TARGET,
              .dane = DANE_HOST_USABLE,
              .endpoints = {WITH_DANE(MATCH, DANE_FLAG_EE)}}}},
     {IS("exim-dane", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("gmx", AUTHENTICATED, AUTHENTICATED_DANE)}},
    {"an IPv4 address in an AAAA record, RFC 4291 section 2.5.5.2",
     {ONE({.port = 25, .mapped = 1, GOOD_SNI, GOOD_DEFAULT})},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("opensmtpd", UNKNOWN, MX_NAME), IS("gmail", UNKNOWN, MX_NAME)}},
    {"the anchor in DNS alone, RFC 7671 section 5.2.3: OpenSSL does without, GnuTLS does not",
     {SECURE(USABLE, WITH_DANE(MATCH, DANE_FLAG_TA | DANE_FLAG_ANCHOR_IN_DNS))},
     {IS("postfix-dane", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("exim-dane", DEFERRED, DANE_MISMATCH), IS("gmx", UNKNOWN, DANE_MISMATCH)}},
    {"STARTTLS comes and goes before TLS: which session comes next is chance",
     {ONE({.port = 25,
           GOOD_DEFAULT,
           .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
           .starttls = STARTTLS_NOT_OFFERED})},
     {IS("postfix-may", UNKNOWN, UNSTABLE), IS("gmail", UNKNOWN, UNSTABLE),
      IS("strict-pkix", UNKNOWN, UNSTABLE)}},
    {"and the other way round",
     {ONE({.port = 25,
           GOOD_SNI,
           .no_sni_outcome = OUTCOME_STARTTLS_NOT_OFFERED,
           .no_sni_starttls = STARTTLS_NOT_OFFERED})},
     {IS("postfix-may", UNKNOWN, UNSTABLE), IS("gmail", UNKNOWN, UNSTABLE)}},
    {"HELO alone: nothing to encrypt with, RFC 5321 section 3.2",
     {ONE(ENDS(HELO_ONLY, UNKNOWN))},
     {IS("postfix-may", PLAINTEXT, NO_STARTTLS), IS("postfix-encrypt", DEFERRED, NO_STARTTLS),
      IS("exim-default", PLAINTEXT, NO_STARTTLS)}},
    {"a tarpit: what is behind is not known",
     {ONE(ENDS(TARPIT, UNKNOWN))},
     {IS("postfix-may", UNKNOWN, NOT_TESTED), IS("gmail", UNKNOWN, NOT_TESTED)}},
    {"a good path that OpenSSL does not find, RFC 4158",
     {COVERED({.port = 25, SNI_WITH(ONLY_BEST_PATH), DEFAULT_WITH(ONLY_BEST_PATH)})},
     {IS("postfix-verify", DEFERRED, CERTIFICATE_PATH), IS("mox", AUTHENTICATED, AUTHENTICATED_STS),
      IS("kumomta-default", AUTHENTICATED, AUTHENTICATED_STS),
      IS("gmail", UNKNOWN, STS_CERTIFICATE), IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"a key of 1,024 bits: level 1 of OpenSSL takes it",
     {ONE({.port = 25, GOOD_SNI, DEFAULT_WITH(ONLY_LEVEL_1)})},
     {IS("postfix-verify", AUTHENTICATED, AUTHENTICATED_PKIX)}},
    {"a bogus MX answer, RFC 4035 section 5.5: none to who validates, and of most that is not "
     "known",
     {.mx_state = DNS_BOGUS, ONE(GOOD)},
     {IS("postfix-dane", DEFERRED, DNS_FAILED), IS("exim-dane", DEFERRED, DNS_FAILED),
      IS("exim-default", ENCRYPTED, OPPORTUNISTIC), IS("gmail", UNKNOWN, DNS_FAILED)}},
    {"bogus addresses of the exchange",
     {.mx = {{.preference = 10,
              .host = "mx.example.com",
              .a = DNS_BOGUS,
              .dane = DANE_HOST_LOOKUP_FAILED,
              .endpoints = {{.port = 25, .address = {.family = 4}, GOOD_SNI, GOOD_DEFAULT}}}}},
     {IS("postfix-dane", DEFERRED, NOT_REACHABLE), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("gmail", UNKNOWN, MX_NAME)}},
    {"text directly behind the greeting is taken for the reply to EHLO",
     {ONE(GOOD_BUT(.quirks = SENDER_FACTS_EARLY_REPLY))},
     {IS("postfix-may", UNKNOWN, SMTP_REPLIES), IS("exim-default", UNKNOWN, SMTP_REPLIES)}},
    {"a reply to EHLO without end",
     {ONE(GOOD_BUT(.quirks = SENDER_FACTS_LONG_REPLY))},
     {IS("postfix-may", UNKNOWN, SMTP_REPLIES)}},
    {"a handshake signed with SHA-1: not where OpenSSL's level is above 0",
     {ONE(GOOD_BUT(.quirks = SENDER_FACTS_SHA1_SIGNATURE))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("postfix-verify", UNKNOWN, TLS_SUITE), IS("sendmail-8.17", UNKNOWN, TLS_SUITE)}},
    {"a certificate that not all can read",
     {ONE(GOOD_BUT(.quirks = SENDER_FACTS_ODD_CERTIFICATE))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", UNKNOWN, CERTIFICATE_FORM),
      IS("mox", UNKNOWN, CERTIFICATE_FORM), IS("gmail", UNKNOWN, CERTIFICATE_FORM)}},
    {"a wildcard under a top-level domain: OpenSSL refuses it, Go takes it",
     {COVERED({.port = 25,
               GOOD_SNI,
               GOOD_DEFAULT,
               .facts = {.name_refused_by = NAME_RULE_OPENSSL | NAME_RULE_OPENSSL_NO_CN},
               .no_sni_facts = {.name_refused_by = NAME_RULE_OPENSSL | NAME_RULE_OPENSSL_NO_CN}})},
     {IS("postfix-verify", DEFERRED, NAME), IS("mox", AUTHENTICATED, AUTHENTICATED_STS),
      IS("gmail", UNKNOWN, STS_NAME), IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"a 3 1 1 that a stale 3 1 2 sets aside, RFC 7671 section 9: not all look at that",
     {SECURE(USABLE, WITH_DANE(MISMATCH, DANE_FLAG_HAS_31 | DANE_FLAG_SET_ASIDE_MATCHES))},
     {IS("postfix-dane", DEFERRED, DANE_MISMATCH),
      IS("exim-dane", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("mox", AUTHENTICATED, AUTHENTICATED_DANE), IS("gmx", UNKNOWN, DANE_MISMATCH)}},
    {"a DANE-TA record, and a leaf for another name: of Exim nothing is claimed",
     {SECURE(USABLE, WITH_DANE(MISMATCH, DANE_FLAG_TA_NO_NAME))},
     {IS("postfix-dane", DEFERRED, DANE_MISMATCH), IS("exim-dane", UNKNOWN, DANE_MISMATCH)}},
    {"STARTTLS is refused: Sendmail sends in cleartext, as it does not when TLS fails",
     {ONE(REFUSES(SAYS_5XX))},
     {IS("sendmail-8.17", PLAINTEXT, STARTTLS_REFUSED),
      IS("postfix-may", PLAINTEXT, STARTTLS_REFUSED),
      IS("postfix-encrypt", UNDELIVERABLE, STARTTLS_REJECTED),
      IS("gmail", UNKNOWN, STARTTLS_REFUSED)}},
    {"a policy whose HTTP head is beyond our own bound",
     {.sts = STS_STATE_FETCH_FAILED, .fetch = POLICY_FETCH_HTTP_HEAD_TOO_LARGE, ONE(GOOD)},
     {IS("gmail", UNKNOWN, STS_UNKNOWN), IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"a policy that was not there, RFC 8461 section 3.3",
     {.sts = STS_STATE_FETCH_FAILED, .fetch = POLICY_FETCH_HTTP_STATUS, ONE(GOOD)},
     {IS("gmail", ENCRYPTED, OPPORTUNISTIC)}},
    {"250 to STARTTLS, where 220 alone will do",
     {ONE(GOOD_BUT(.quirks = SENDER_FACTS_NOT_220))},
     {IS("mox", PLAINTEXT, STARTTLS_REPLY)}},
    {"TLS 1.0 with a signed key exchange: no SHA-1 at OpenSSL's level 1, RFC 4346 section 7.4.3",
     {ONE({.port = 25,
           .outcome = OUTCOME_ESTABLISHED,
           .starttls = STARTTLS_OFFERED,
           .tls_version = 0x0301,
           .facts = {.cipher = 0xc014},
           .no_sni_outcome = OUTCOME_ESTABLISHED,
           .no_sni_starttls = STARTTLS_OFFERED,
           .no_sni_tls_version = 0x0301,
           .no_sni_chain = TRUSTED,
           .no_sni_name_match = NAME_MATCH_EXACT,
           .no_sni_facts = {.cipher = 0xc014}})},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("postfix-verify", DEFERRED, TLS_SUITE),
      IS("opensmtpd", PLAINTEXT, TLS_SUITE), IS("sendmail-8.17", DEFERRED, TLS_SUITE),
      IS("exim-default", ENCRYPTED, OPPORTUNISTIC)}},
    {"a third exchange, RFC 5321 section 5.1: Postfix ends after two sessions",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {NO_STARTTLS}},
             {.preference = 20, .host = "b.example.com", .endpoints = {NO_STARTTLS}},
             {.preference = 30, .host = "c.example.com", .endpoints = {GOOD}}}},
     {IS("postfix-encrypt", ENCRYPTED, OPPORTUNISTIC), IS("strict-pkix", UNKNOWN, SESSIONS_MAX),
      IS("postfix-may", PLAINTEXT, NO_STARTTLS)}},
    {"four addresses refuse connections: of five is the limit of Postfix, RFC 5321 section 5.1 has "
     "two",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {DEAD, DEAD}},
             {.preference = 20, .host = "b.example.com", .endpoints = {DEAD, DEAD}},
             {.preference = 30, .host = "c.example.com", .endpoints = {GOOD}}}},
     {IS("postfix-encrypt", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", ENCRYPTED, OPPORTUNISTIC),
      IS("mox", ENCRYPTED, OPPORTUNISTIC), IS("strict-pkix", UNKNOWN, ADDRESSES_MAX)}},
    {"five do: Postfix tries no other, Exim one of each preference, mox all",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {DEAD, DEAD}},
             {.preference = 20, .host = "b.example.com", .endpoints = {DEAD, DEAD}},
             {.preference = 30, .host = "c.example.com", .endpoints = {DEAD}},
             {.preference = 40, .host = "d.example.com", .endpoints = {GOOD}}}},
     {IS("postfix-may", DEFERRED, ADDRESSES_MAX), IS("postfix-verify", DEFERRED, ADDRESSES_MAX),
      IS("exim-default", ENCRYPTED, OPPORTUNISTIC), IS("mox", ENCRYPTED, OPPORTUNISTIC),
      IS("gmail", UNKNOWN, ADDRESSES_MAX)}},
    {"of more than five, Postfix tries both families",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {DEAD_6, DEAD_6}},
             {.preference = 20, .host = "b.example.com", .endpoints = {DEAD_6, DEAD_6}},
             {.preference = 30, .host = "c.example.com", .endpoints = {DEAD_6}},
             {.preference = 40, .host = "d.example.com", .endpoints = {GOOD}}}},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"special-purpose addresses are tried as well",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {SPECIAL, SPECIAL}},
             {.preference = 20, .host = "b.example.com", .endpoints = {SPECIAL, SPECIAL}},
             {.preference = 30, .host = "c.example.com", .endpoints = {SPECIAL}},
             {.preference = 40, .host = "d.example.com", .endpoints = {GOOD}}}},
     {IS("postfix-may", DEFERRED, ADDRESSES_MAX), IS("mox", ENCRYPTED, OPPORTUNISTIC)}},
    {"failures of TLS are no sessions to Postfix, but five of them are five addresses",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {ALERT, ALERT}},
             {.preference = 20, .host = "b.example.com", .endpoints = {ALERT, ALERT}},
             {.preference = 30, .host = "c.example.com", .endpoints = {ALERT}},
             {.preference = 40, .host = "d.example.com", .endpoints = {GOOD}}}},
     {IS("postfix-encrypt", DEFERRED, ADDRESSES_MAX), IS("postfix-may", PLAINTEXT, TLS_FAILED)}},
    {"TLS fails, and no other exchange takes it: Postfix sends in cleartext at last",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {ALERT}},
             {.preference = 20, .host = "b.example.com", .endpoints = {DEAD}}}},
     {IS("postfix-may", PLAINTEXT, TLS_FAILED), IS("exim-default", PLAINTEXT, TLS_FAILED)}},
    {"TLS fails, and the other exchange has none: in cleartext to it, or later to the first",
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {ALERT}},
             {.preference = 20, .host = "b.example.com", .endpoints = {NO_STARTTLS}}}},
     {IS("postfix-may", PLAINTEXT, NO_STARTTLS)}},
    {"a NUL in a reply: what Exim makes of it hangs on where it is",
     {ONE(GOOD_BUT(QUIRK(NUL)))},
     {IS("postfix-may", ENCRYPTED, OPPORTUNISTIC), IS("exim-default", UNKNOWN, SMTP_REPLIES)}},
    {"DHE alone, as far as it was seen",
     {ONE(GOOD_BUT(.cipher = 0x009f, .dh_bits = 2048))},
     {IS("mox", UNKNOWN, TLS_SUITE), IS("opensmtpd", ENCRYPTED, OPPORTUNISTIC)}},
    {"no shared cipher: suites that we do not offer may do, of AES-CCM or without a certificate",
     {ONE(ENDS(TLS_NO_SHARED_CIPHER, OFFERED))},
     {IS("postfix-may", UNKNOWN, TLS_FAILED), IS("postfix-verify", UNKNOWN, TLS_FAILED),
      IS("exim-default", UNKNOWN, TLS_FAILED), IS("yahoo", UNKNOWN, TLS_FAILED),
      IS("mox", PLAINTEXT, TLS_FAILED)}},
    {"what our library cannot read, another one may",
     {ONE(ENDS(TLS_PROTOCOL_ERROR, OFFERED))},
     {IS("postfix-encrypt", DEFERRED, TLS_FAILED), IS("exim-default", UNKNOWN, TLS_FAILED)}},
    {"more messages than we read: a bound of ours, and nobody else's",
     {ONE({.port = 25,
           .outcome = OUTCOME_TLS_PROTOCOL_ERROR,
           .starttls = STARTTLS_OFFERED,
           .facts = {.quirks = SENDER_FACTS_OUR_BOUND},
           .no_sni_outcome = OUTCOME_TLS_PROTOCOL_ERROR,
           .no_sni_starttls = STARTTLS_OFFERED,
           .no_sni_facts = {.quirks = SENDER_FACTS_OUR_BOUND}})},
     {IS("postfix-encrypt", UNKNOWN, TLS_FAILED), IS("exim-default", UNKNOWN, TLS_FAILED)}},
    {"a reset in one of two handshakes may be chance",
     {ONE({.port = 25, .outcome = OUTCOME_TLS_RESET, .starttls = STARTTLS_OFFERED, GOOD_DEFAULT})},
     {IS("gmail", UNKNOWN, NOT_TESTED), IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"TLS 1.3 alone: senders before it send in cleartext",
     {ONE(AT_VERSION(0x0304, V(0x0301, NO) | V(0x0302, NO) | V(0x0303, NO)))},
     {IS("postfix-openssl-1.0.2", PLAINTEXT, TLS_VERSION),
      IS("postfix-may", ENCRYPTED, OPPORTUNISTIC)}},
    {"5xx to STARTTLS before a good one: Postfix returns the mail where TLS is demanded",
     {BACKUP(REFUSES(SAYS_5XX))},
     {IS("postfix-encrypt", UNDELIVERABLE, STARTTLS_REJECTED),
      IS("postfix-verify", UNDELIVERABLE, STARTTLS_REJECTED),
      IS("postfix-may", PLAINTEXT, STARTTLS_REFUSED),
      IS("postfix-dane", PLAINTEXT, STARTTLS_REFUSED),
      IS("exim-default", PLAINTEXT, STARTTLS_REFUSED),
      IS("strict-pkix", AUTHENTICATED, AUTHENTICATED_PKIX),
      IS("gmail", UNKNOWN, STARTTLS_REFUSED)}},
    {"4xx: on to the next, RFC 5321 section 4.2.1",
     {BACKUP(ENDS(STARTTLS_TEMPFAIL, TEMPFAIL))},
     {IS("postfix-encrypt", ENCRYPTED, OPPORTUNISTIC),
      IS("postfix-may", PLAINTEXT, STARTTLS_REFUSED),
      IS("strict-pkix", AUTHENTICATED, AUTHENTICATED_PKIX)}},
    {"no reply code at all: it may take that for good",
     {BACKUP(REFUSES())},
     {IS("postfix-encrypt", UNKNOWN, STARTTLS_REFUSED),
      IS("strict-pkix", AUTHENTICATED, AUTHENTICATED_PKIX)}},
    {"STARTTLS that is not offered: on to the next",
     {BACKUP(NO_STARTTLS)},
     {IS("postfix-encrypt", ENCRYPTED, OPPORTUNISTIC), IS("mox", PLAINTEXT, NO_STARTTLS)}},
    {"5xx under MTA-STS, RFC 8461 section 5",
     {COVERED_BACKUP(REFUSES(SAYS_5XX))},
     {IS("mox", UNDELIVERABLE, STARTTLS_REJECTED),
      IS("postfix-sts-plugin", UNDELIVERABLE, STARTTLS_REJECTED), IS("gmail", UNKNOWN, STS_NO_TLS),
      IS("kumomta-default", UNKNOWN, STS_NO_TLS), IS("postfix-dane", PLAINTEXT, STARTTLS_REFUSED)}},
    {"not offered: mox sends STARTTLS all the same; what is said to that nobody asked",
     {COVERED_BACKUP(NO_STARTTLS)},
     {IS("mox", UNKNOWN, STS_NO_TLS), IS("postfix-sts-plugin", AUTHENTICATED, AUTHENTICATED_STS),
      IS("gmail", AUTHENTICATED, AUTHENTICATED_STS)}},
    {"5xx under DANE, RFC 7672 section 2.2",
     {SECURE_BACKUP(REFUSES(.dane = DANE_NO_TLS, SAYS_5XX))},
     {IS("postfix-dane", UNDELIVERABLE, STARTTLS_REJECTED),
      IS("mox", UNDELIVERABLE, STARTTLS_REJECTED),
      IS("exim-dane", AUTHENTICATED, AUTHENTICATED_DANE), IS("gmx", UNKNOWN, DANE_NO_TLS),
      IS("postfix-encrypt", UNDELIVERABLE, STARTTLS_REJECTED)}},
    {"turned away before STARTTLS: others may be let in, or return the mail",
     {BACKUP(ENDS(EHLO_REJECTED, UNKNOWN))},
     {IS("postfix-may", UNKNOWN, NOT_TESTED), IS("strict-pkix", UNKNOWN, NOT_TESTED)}},
    {"turned away inside TLS, RFC 3207 section 4.2",
     {BACKUP(GOOD_BUT(QUIRK(REFUSED_AFTER_TLS)))},
     {IS("postfix-encrypt", UNKNOWN, SESSION_LOST), IS("strict-pkix", UNKNOWN, SESSION_LOST)}},
    {"what nobody heard of STARTTLS may have been 5xx",
     {BACKUP(UNTESTED(ADDRESS_BUDGET))},
     {IS("postfix-encrypt", UNKNOWN, NOT_TESTED),
      IS("strict-pkix", AUTHENTICATED, AUTHENTICATED_PKIX)}},
    {"where it was heard without SNI it was not",
     {BACKUP({.port = 25, .outcome = OUTCOME_GREETING_TIMEOUT, GOOD_DEFAULT})},
     {IS("postfix-encrypt", ENCRYPTED, OPPORTUNISTIC)}},
    {"that is certain without a session: it is not dialled",
     {.sts = STS_STATE_ENFORCE,
      .mx =
          {{.preference = 10,
            .host = "a.example.com",
            .covered = TRUTH_NO,
            .endpoints = {ENDS(EHLO_REJECTED, UNKNOWN)}},
           {.preference = 20, .host = "b.example.com", .covered = TRUTH_YES, .endpoints = {GOOD}}}},
     {IS("gmail", AUTHENTICATED, AUTHENTICATED_STS), IS("mox", AUTHENTICATED, AUTHENTICATED_STS)}},
    {"a warning alert for the name, RFC 6066 section 3: GnuTLS tells Exim, which ends the session",
     {SECURE(USABLE, {.port = 25,
                      GOOD_SNI,
                      GOOD_DEFAULT,
                      .facts = {.events = SENDER_EVENT_NAME_WARNING},
                      .dane = DANE_MATCH,
                      .dane_flags = DANE_FLAG_EE})},
     {IS("postfix-dane", AUTHENTICATED, AUTHENTICATED_DANE), IS("exim-dane", DEFERRED, DANE_NO_TLS),
      IS("exim-default", ENCRYPTED, OPPORTUNISTIC), IS("mox", AUTHENTICATED, AUTHENTICATED_DANE),
      IS("gmx", UNKNOWN, TLS_FAILED)}},
    {"one host at two preferences",
     {.mx = {{.preference = 10, .host = "mx.example.com", .endpoints = {SELF_SIGNED}},
             {.preference = 20, .host = "mx.example.com", .endpoints = {SELF_SIGNED}}}},
     {IS("strict-pkix", DEFERRED, CERTIFICATE), IS("gmail", ENCRYPTED, OPPORTUNISTIC)}},
};

static const struct sender_profile *find(const struct sender_profiles *all, const char *id)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->items[i].id, id) == 0) {
            return &all->items[i];
        }
    }
    cr_assert_fail("no profile '%s'", id);
    return NULL;
}

static struct sender_delivery deliver(const struct sender_profile *p, const struct made *m)
{
    struct sender_profiles profiles = {p, 1};
    struct deliveries out;
    deliveries_fill(&out, &profiles, &m->domain, &m->sts, &m->dane);
    cr_assert_eq(out.count, 1);
    return out.of[0];
}

/* RFC 5321 section 5.1: each host of the list is tried in its order. One without an address is passed over; of one that could
 * not be looked up from here others may have the address, so that nothing is said of those behind it. */
Test(deliveries, what_is_behind_an_exchange_without_an_address_has_an_effect)
{
    static const struct {
        enum dns_state first;
        enum delivery worst;
        bool harms;
    } cases[] = {{DNS_NXDOMAIN, DELIVERY_PLAINTEXT, true},
                 {DNS_NODATA, DELIVERY_PLAINTEXT, true},
                 {DNS_SERVFAIL, DELIVERY_UNKNOWN, false},
                 {DNS_TIMEOUT, DELIVERY_UNKNOWN, false}};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *file = sender_profiles_load(NULL, &why);
    cr_assert_not_null(file);
    struct sender_profiles one = {find(&file->profiles, "postfix-may"), 1};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static struct made m;
        struct deliveries out;
        struct delivery_harm harm = {0};
        const struct situation s = {
            .mx = {{.preference = 10,
                    .host = "a.example.com",
                    .a = cases[i].first,
                    .aaaa = DNS_NODATA},
                   {.preference = 20, .host = "b.example.com", .endpoints = {NO_STARTTLS}}}};
        make(&m, &s);
        deliveries_fill_with_harm(&out, &harm, &one, &m.domain, &m.sts, &m.dane);
        cr_expect_eq(out.of[0].worst, cases[i].worst, "%zu: %s", i, delivery_word(out.of[0].worst));
        bool harms = false;
        for (size_t k = 0; k < harm.count; k++) {
            harms = harms || (harm.at[k].mx == 1 && harm.at[k].effect == EFFECT_CLEARTEXT);
        }
        cr_expect_eq(harms, cases[i].harms, "%zu", i);
        delivery_harm_deinit(&harm);
    }
    sender_profiles_free(file);
    buf_deinit(&why);
}

Test(deliveries, every_shipped_profile_as_rules_say)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *file = sender_profiles_load(NULL, &why);
    cr_assert_not_null(file);
    for (size_t i = 0; i < sizeof(shipped_cases) / sizeof(shipped_cases[0]); i++) {
        const struct shipped_case *c = &shipped_cases[i];
        static struct made m;
        make(&m, &c->situation);
        /* What is known of one of several addresses alone is no `best` of all. */
        bool partly = c->situation.truncated;
        for (size_t k = 0; k < PROFILES_A_CASE && c->of[k].profile != NULL; k++) {
            const struct expected *x = &c->of[k];
            struct sender_delivery d = deliver(find(&file->profiles, x->profile), &m);
            cr_expect_eq(d.best, x->best, "%s, %s: best %s", c->name, x->profile,
                         delivery_word(d.best));
            cr_expect_eq(d.worst, x->delivery, "%s, %s: worst %s", c->name, x->profile,
                         delivery_word(d.worst));
            cr_expect(partly || d.reason == x->reason, "%s, %s: %s", c->name, x->profile,
                      delivery_reason_word(d.reason));
        }
    }
    sender_profiles_free(file);
    buf_deinit(&why);
}

/* --- profiles made up: best apart from worst ------------------------------------------------ */

#define FAILURES(next_) \
    .without_tls = PROFILE_FAILURE_##next_, .tls_failure = PROFILE_FAILURE_##next_
#define MAY_TO(newest)                                                                     \
    .id = "x", .tls_min = 0x0301, .tls_max = (newest), .sni = true, .level = PROFILE_MAY,  \
    .dane_names = PROFILE_DANE_NAMES_NEXT_HOP, .sts_names = PROFILE_STS_NAMES_MX_AND_HOST, \
    .sessions_max = 5, FAILURES(CLEAR)
#define VERIFY_AND(newest, rejected_)                                                        \
    .id = "x", .tls_min = 0x0301, .tls_max = (newest), .sni = true, .level = PROFILE_VERIFY, \
    .sessions_max = 5, .required_tls_rejected = PROFILE_REFUSAL_##rejected_,                 \
    .required_tls_missing = PROFILE_MISSING_NEXT, FAILURES(NEXT)
#define VERIFY_TO(newest) VERIFY_AND(newest, NEXT)
#define MAY_AND_LATER                                                                   \
    .id = "x", .tls_min = 0x0301, .tls_max = 0x0304, .sni = true, .level = PROFILE_MAY, \
    .without_tls = PROFILE_FAILURE_CLEAR, .tls_failure = PROFILE_FAILURE_CLEAR_LATER,   \
    .session_lost = PROFILE_FAILURE_CLEAR_LATER
#define MAY    MAY_TO(0x0304)
#define VERIFY VERIFY_TO(0x0304)

struct own_case {
    const char *name;
    struct sender_profile profile;
    struct situation situation;
    enum delivery best;
    enum delivery worst;
    int mx;
    int endpoint;
    enum delivery_reason reason;
};

#define BOTH(d) DELIVERY_##d, DELIVERY_##d

static const struct own_case own_cases[] = {
    {"nothing is known of a sender whose mail has nowhere to go",
     {MAY, .no_mail_deferred = PROFILE_QUIRKS_UNKNOWN},
     {.kind = MX_KIND_NXDOMAIN},
     DELIVERY_DEFERRED,
     DELIVERY_UNDELIVERABLE,
     -1,
     -1,
     DELIVERY_REASON_NO_MAIL},
    {"exchanges of two kinds, of which it tries one again",
     {MAY, .no_mail_deferred = 1U << NO_MAIL_MX_LOCALHOST},
     {.mx = {{.preference = 10, .host = "localhost", .unusable = "localhost"},
             {.preference = 20,
              .host = "gone.example.com",
              .a = DNS_NXDOMAIN,
              .aaaa = DNS_NXDOMAIN}}},
     DELIVERY_DEFERRED,
     DELIVERY_UNDELIVERABLE,
     -1,
     -1,
     DELIVERY_REASON_NO_USABLE_MX},
    {"a sender without IPv6, and an exchange that has nothing else",
     {MAY, .ipv6 = PROFILE_CHOICE_NO},
     {ONE(GOOD_V6)},
     BOTH(UNDELIVERABLE),
     -1,
     -1,
     DELIVERY_REASON_NO_USABLE_MX},
    {"and one that has IPv4 too",
     {MAY, .ipv6 = PROFILE_CHOICE_NO},
     {ONE(GOOD_V6, NO_STARTTLS)},
     BOTH(PLAINTEXT),
     0,
     1,
     DELIVERY_REASON_NO_STARTTLS},
    {"with IPv6 which of them is met is chance",
     {MAY, .ipv6 = PROFILE_CHOICE_YES},
     {ONE(GOOD_V6, NO_STARTTLS)},
     DELIVERY_ENCRYPTED,
     DELIVERY_PLAINTEXT,
     0,
     1,
     DELIVERY_REASON_NO_STARTTLS},
    {"it is not known",
     {MAY, .ipv6 = PROFILE_CHOICE_UNKNOWN},
     {ONE(GOOD_V6, NO_STARTTLS)},
     DELIVERY_UNKNOWN,
     DELIVERY_PLAINTEXT,
     0,
     1,
     DELIVERY_REASON_NO_STARTTLS},
    {"a tie of preference",
     {MAY},
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {GOOD}},
             {.preference = 10, .host = "b.example.com", .endpoints = {NO_STARTTLS}}}},
     DELIVERY_ENCRYPTED,
     DELIVERY_PLAINTEXT,
     1,
     0,
     DELIVERY_REASON_NO_STARTTLS},
    {"two addresses of one host",
     {MAY},
     {ONE(GOOD, NO_STARTTLS)},
     DELIVERY_ENCRYPTED,
     DELIVERY_PLAINTEXT,
     0,
     1,
     DELIVERY_REASON_NO_STARTTLS},
    {"the first of them is without TLS, the second refuses: whichever connects",
     {MAY, .host_addresses = PROFILE_HOST_ADDRESSES_CONNECTED},
     {ONE(NO_STARTTLS, DEAD)},
     BOTH(PLAINTEXT),
     0,
     0,
     DELIVERY_REASON_NO_STARTTLS},
    {"one has a bad certificate: to a sender that tries one of a host, whichever it is",
     {VERIFY, .host_addresses = PROFILE_HOST_ADDRESSES_CONNECTED},
     {ONE(SELF_SIGNED, GOOD)},
     DELIVERY_AUTHENTICATED,
     DELIVERY_DEFERRED,
     0,
     0,
     DELIVERY_REASON_CERTIFICATE},
    {"RFC 5321 section 5.1 has it try the other",
     {VERIFY},
     {ONE(SELF_SIGNED, GOOD)},
     BOTH(AUTHENTICATED),
     0,
     1,
     DELIVERY_REASON_AUTHENTICATED_PKIX},
    {"TLS fails at first, and a later exchange has it: a message that has waited goes in cleartext",
     {MAY_AND_LATER},
     {BACKUP(ALERT)},
     DELIVERY_ENCRYPTED,
     DELIVERY_PLAINTEXT,
     0,
     0,
     DELIVERY_REASON_TLS_FAILED},
    {"the same of a session lost after the handshake",
     {MAY_AND_LATER},
     {BACKUP(GOOD_BUT(QUIRK(LOST_AFTER_TLS)))},
     DELIVERY_ENCRYPTED,
     DELIVERY_PLAINTEXT,
     0,
     0,
     DELIVERY_REASON_SESSION_LOST},
    {"what it waits for is not known to be better",
     {MAY_AND_LATER},
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {ALERT}},
             {.preference = 20, .host = "b.example.com", .endpoints = {UNTESTED(INTERRUPTED)}}}},
     DELIVERY_UNKNOWN,
     DELIVERY_PLAINTEXT,
     0,
     0,
     DELIVERY_REASON_TLS_FAILED},
    {"four addresses, of which three are tried: the order is chance",
     {MAY, .addresses_max = 3, .addresses_kept = PROFILE_KEPT_FIRST},
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {DEAD, DEAD}},
             {.preference = 10, .host = "b.example.com", .endpoints = {DEAD, GOOD}}}},
     DELIVERY_ENCRYPTED,
     DELIVERY_DEFERRED,
     1,
     1,
     DELIVERY_REASON_ADDRESSES_MAX},
    {"a tie with one that refuses STARTTLS for good: which one is met is chance",
     {VERIFY_AND(0x0304, RETURNS)},
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {GOOD}},
             {.preference = 10, .host = "b.example.com", .endpoints = {REFUSES(SAYS_5XX)}}}},
     DELIVERY_AUTHENTICATED,
     DELIVERY_UNDELIVERABLE,
     1,
     0,
     DELIVERY_REASON_STARTTLS_REJECTED},
    {"behind one that takes it",
     {VERIFY_AND(0x0304, RETURNS)},
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {GOOD}},
             {.preference = 20, .host = "b.example.com", .endpoints = {REFUSES(SAYS_5XX)}}}},
     BOTH(AUTHENTICATED),
     0,
     0,
     DELIVERY_REASON_AUTHENTICATED_PKIX},
    {"STARTTLS comes and goes, where it may be refused for good",
     {MAY, .policy_order = PROFILE_ORDER_STS_ONLY, .required_tls_rejected = PROFILE_REFUSAL_RETURNS,
      .required_tls_missing = PROFILE_MISSING_ASKS},
     {COVERED_BACKUP({.port = 25,
                      GOOD_DEFAULT,
                      .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
                      .starttls = STARTTLS_NOT_OFFERED})},
     BOTH(UNKNOWN),
     0,
     0,
     DELIVERY_REASON_UNSTABLE},
    {"the first preference takes it",
     {MAY},
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {GOOD}},
             {.preference = 20, .host = "b.example.com", .endpoints = {NO_STARTTLS}}}},
     BOTH(ENCRYPTED),
     0,
     0,
     DELIVERY_REASON_OPPORTUNISTIC},
    {"the first preference does not",
     {VERIFY},
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {SELF_SIGNED}},
             {.preference = 20, .host = "b.example.com", .endpoints = {GOOD}}}},
     BOTH(AUTHENTICATED),
     1,
     0,
     DELIVERY_REASON_AUTHENTICATED_PKIX},
    {"the first may not",
     {MAY},
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {UNTESTED(INTERRUPTED)}},
             {.preference = 20, .host = "b.example.com", .endpoints = {GOOD}}}},
     BOTH(UNKNOWN),
     0,
     0,
     DELIVERY_REASON_NOT_TESTED},
    {"whatever the first does",
     {VERIFY},
     {.mx = {{.preference = 10, .host = "a.example.com", .endpoints = {UNTESTED(INTERRUPTED)}},
             {.preference = 20, .host = "b.example.com", .endpoints = {GOOD}}}},
     BOTH(AUTHENTICATED),
     1,
     0,
     DELIVERY_REASON_AUTHENTICATED_PKIX},
    {"an address beside it that is not known: the best is no longer open, the worst is",
     {MAY},
     {ONE(GOOD, UNTESTED(ADDRESS_BUDGET))},
     DELIVERY_ENCRYPTED,
     DELIVERY_UNKNOWN,
     0,
     1,
     DELIVERY_REASON_NOT_TESTED},

    {"newest version 1.2, 1.3 negotiated, not probed",
     {MAY_TO(0x0303)},
     {ONE(AT_VERSION(0x0304, 0))},
     BOTH(UNKNOWN),
     0,
     0,
     DELIVERY_REASON_VERSION_NOT_PROBED},
    {"1.2 is accepted",
     {MAY_TO(0x0303)},
     {ONE(AT_VERSION(0x0304, V(0x0303, YES)))},
     BOTH(ENCRYPTED),
     0,
     0,
     DELIVERY_REASON_OPPORTUNISTIC},
    {"1.2 is not, older ones are not probed",
     {MAY_TO(0x0303)},
     {ONE(AT_VERSION(0x0304, V(0x0303, NO)))},
     BOTH(UNKNOWN),
     0,
     0,
     DELIVERY_REASON_VERSION_NOT_PROBED},
    {"none is",
     {MAY_TO(0x0303)},
     {ONE(AT_VERSION(0x0304, V(0x0303, NO) | V(0x0302, NO) | V(0x0301, NO)))},
     BOTH(PLAINTEXT),
     0,
     0,
     DELIVERY_REASON_TLS_VERSION},
    {"MTA-STS needs 1.2: that 1.1 is accepted does not help, RFC 8461 section 7.2",
     {MAY_TO(0x0303), .policy_order = PROFILE_ORDER_STS_ONLY},
     {COVERED(AT_VERSION(0x0304, V(0x0303, NO) | V(0x0302, YES)))},
     BOTH(DEFERRED),
     0,
     0,
     DELIVERY_REASON_STS_NO_TLS},
    {"the certificate fails at any version",
     {VERIFY_TO(0x0303)},
     {ONE({.port = 25,
           .outcome = OUTCOME_ESTABLISHED,
           .starttls = STARTTLS_OFFERED,
           .tls_version = 0x0304,
           .chain = {.status = CHAIN_EXPIRED},
           .name_match = NAME_MATCH_EXACT})},
     BOTH(DEFERRED),
     0,
     0,
     DELIVERY_REASON_CERTIFICATE},

    {"MTA-STS first, against RFC 8461 section 2",
     {MAY, .policy_order = PROFILE_ORDER_STS_FIRST, .dane = PROFILE_DANE_SECURE_MX},
     {.sts = STS_STATE_ENFORCE,
      .mx_dnssec = DNSSEC_SECURE,
      .mx = {{.preference = 10,
              .host = "mx.example.com",
              .dane = DANE_HOST_USABLE,
              .covered = TRUTH_YES,
              .endpoints = {WITH_DANE(MISMATCH, DANE_FLAG_HAS_31)}}}},
     BOTH(AUTHENTICATED),
     0,
     0,
     DELIVERY_REASON_AUTHENTICATED_STS},
    {"MTA-STS first, without a policy",
     {MAY, .policy_order = PROFILE_ORDER_STS_FIRST, .dane = PROFILE_DANE_SECURE_MX},
     {SECURE(USABLE, WITH_DANE(MISMATCH, DANE_FLAG_HAS_31))},
     BOTH(DEFERRED),
     0,
     0,
     DELIVERY_REASON_DANE_MISMATCH},
    {"a DANE-TA record for the next hop alone, RFC 7672 section 3.2.2: the leaf is for the domain",
     {MAY, .policy_order = PROFILE_ORDER_DANE_ONLY, .dane = PROFILE_DANE_SECURE_MX},
     {SECURE(USABLE, {.port = 25,
                      GOOD_SNI,
                      .dane = DANE_OTHER_NAME,
                      .dane_covers_parents = 1,
                      .dane_leaf_names = 1,
                      .dane_flags = DANE_FLAG_TA_NO_NAME})},
     BOTH(AUTHENTICATED),
     0,
     0,
     DELIVERY_REASON_AUTHENTICATED_DANE},
    {"the leaf is for another name above the host",
     {MAY, .policy_order = PROFILE_ORDER_DANE_ONLY, .dane = PROFILE_DANE_SECURE_MX},
     {SECURE(USABLE,
             {.port = 25, GOOD_SNI, .dane = DANE_OTHER_NAME, .dane_flags = DANE_FLAG_TA_NO_NAME})},
     BOTH(DEFERRED),
     0,
     0,
     DELIVERY_REASON_DANE_MISMATCH},
    {"the host lies elsewhere, and the leaf may be for the domain",
     {MAY, .policy_order = PROFILE_ORDER_DANE_ONLY, .dane = PROFILE_DANE_SECURE_MX},
     {.mx_dnssec = DNSSEC_SECURE,
      .mx = {{.preference = 10,
              .host = "mx.provider.test",
              .dane = DANE_HOST_USABLE,
              .endpoints = {{.port = 25,
                             GOOD_SNI,
                             .dane = DANE_OTHER_NAME,
                             .dane_leaf_names = UINT64_MAX,
                             .dane_flags = DANE_FLAG_TA_NO_NAME}}}}},
     BOTH(UNKNOWN),
     0,
     0,
     DELIVERY_REASON_DANE_MISMATCH},
    {"without a secure MX the domain is no name, RFC 7672 section 3.2.2",
     {MAY, .policy_order = PROFILE_ORDER_DANE_ONLY, .dane = PROFILE_DANE_INSECURE_MX},
     {INSECURE(USABLE, {.port = 25,
                        GOOD_SNI,
                        .dane = DANE_OTHER_NAME,
                        .dane_covers_parents = 1,
                        .dane_flags = DANE_FLAG_TA_NO_NAME})},
     BOTH(DEFERRED),
     0,
     0,
     DELIVERY_REASON_DANE_MISMATCH},
    {"whether there are records in force is not known",
     {MAY, .policy_order = PROFILE_ORDER_DANE_ONLY, .dane = PROFILE_DANE_INSECURE_MX},
     {INSECURE(COUNT, GOOD)},
     BOTH(UNKNOWN),
     0,
     0,
     DELIVERY_REASON_DANE_UNKNOWN},
    {"without TLS such records could only forbid",
     {.id = "x",
      .tls_min = 0x0301,
      .tls_max = 0x0304,
      .sni = true,
      .level = PROFILE_ENCRYPT,
      .required_tls_missing = PROFILE_MISSING_NEXT,
      .policy_order = PROFILE_ORDER_DANE_ONLY,
      .dane = PROFILE_DANE_INSECURE_MX},
     {INSECURE(COUNT, NO_STARTTLS)},
     BOTH(DEFERRED),
     0,
     0,
     DELIVERY_REASON_NO_STARTTLS},
    {"a policy that is not known could demand what passes",
     {MAY, .policy_order = PROFILE_ORDER_STS_ONLY},
     {ONE(GOOD), .sts = STS_STATE_COUNT},
     BOTH(UNKNOWN),
     0,
     0,
     DELIVERY_REASON_STS_UNKNOWN},
    {"or only forbid what is sent in clear",
     {MAY, .policy_order = PROFILE_ORDER_STS_ONLY},
     {ONE(NO_STARTTLS), .sts = STS_STATE_COUNT},
     BOTH(UNKNOWN),
     0,
     0,
     DELIVERY_REASON_STS_UNKNOWN},
    {"a chain that was not judged",
     {VERIFY},
     {ONE({.port = 25,
           .outcome = OUTCOME_ESTABLISHED,
           .starttls = STARTTLS_OFFERED,
           .tls_version = 0x0304,
           .leaf_sha256 = {1},
           .name_match = NAME_MATCH_EXACT})},
     BOTH(UNKNOWN),
     0,
     0,
     DELIVERY_REASON_CERTIFICATE},
    {"nobody else cares",
     {MAY},
     {ONE(NO_STARTTLS), .sts = STS_STATE_COUNT},
     BOTH(PLAINTEXT),
     0,
     0,
     DELIVERY_REASON_NO_STARTTLS},
};

Test(deliveries, best_and_worst_and_who_decides)
{
    for (size_t i = 0; i < sizeof(own_cases) / sizeof(own_cases[0]); i++) {
        const struct own_case *c = &own_cases[i];
        static struct made m;
        make(&m, &c->situation);
        if (c->situation.sts == STS_STATE_COUNT) {
            m.sts.state = STS_STATE_UNKNOWN;
        }
        struct sender_delivery d = deliver(&c->profile, &m);
        cr_expect(d.best == c->best && d.worst == c->worst, "%s: %s to %s", c->name,
                  delivery_word(d.worst), delivery_word(d.best));
        cr_expect(d.mx == c->mx && d.endpoint == c->endpoint, "%s: at %d, %d", c->name, d.mx,
                  d.endpoint);
        cr_expect_eq(d.reason, c->reason, "%s: %s", c->name, delivery_reason_word(d.reason));
    }
}

/* RFC 9525 section 6.3: *.example.com is for b.example.com, which the 64 bits of a leaf do not tell. */
Test(deliveries, a_wildcard_beside_the_next_hop)
{
    static const uint8_t packed[] = {
        CERT_NAMES_DNS, 0, 13, '*', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'c', 'o', 'm'};
    static const struct {
        const char *domain;
        enum delivery delivery;
    } rows[] = {{"b.example.com", DELIVERY_UNKNOWN},
                {"example.com", DELIVERY_UNKNOWN},
                {"b.example.org", DELIVERY_DEFERRED},
                {"c.b.example.com", DELIVERY_DEFERRED}};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *file = sender_profiles_load(NULL, &why);
    cr_assert_not_null(file);
    struct situation s = {
        .mx = {{.preference = 10, .host = "mx.example.net", .endpoints = {GOOD}}}};
    s.mx[0].endpoints[0].no_sni_name_match = NAME_MATCH_OTHER;
    s.mx[0].endpoints[0].no_sni_leaf_domains =
        leaf_domains_of((struct span){packed, sizeof(packed)});
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct made m;
        make(&m, &s);
        m.domain.domain = span_of(rows[i].domain);
        struct sender_delivery d = deliver(find(&file->profiles, "postfix-secure"), &m);
        cr_expect_eq(d.worst, rows[i].delivery, "%s: %s", rows[i].domain, delivery_word(d.worst));
    }
    sender_profiles_free(file);
    buf_deinit(&why);
}

struct names_case {
    const char *name;
    const char *patterns[2];
    enum truth covered; /* mx.a.example.com, RFC 8461 section 4.1 */
    const char *leaf;   /* its dNSName */
    enum name_match match;
    enum delivery by_rfc;
    enum delivery by_patterns;
};

/* RFC 8461 sections 4.1 and 4.2, and what Postfix makes of `secure match=` (smtp_tls_secure_cert_match). */
static const struct names_case names_cases[] = {
    {"covered, and for the MX host",
     {"mx.a.example.com"},
     TRUTH_YES,
     "mx.a.example.com",
     NAME_MATCH_EXACT,
     BOTH(AUTHENTICATED)},
    {"covered by a wildcard",
     {"*.a.example.com"},
     TRUTH_YES,
     "*.a.example.com",
     NAME_MATCH_WILDCARD,
     BOTH(AUTHENTICATED)},
    {"for another exchange, which is a pattern as well",
     {"mx.a.example.com", "MX2.a.example.com"},
     TRUTH_YES,
     "mx2.a.example.com",
     NAME_MATCH_OTHER,
     DELIVERY_DEFERRED,
     DELIVERY_UNKNOWN},
    {"for a name that is no pattern",
     {"mx.a.example.com"},
     TRUTH_YES,
     "www.example.org",
     NAME_MATCH_OTHER,
     BOTH(DEFERRED)},
    {"the common name is the host",
     {"mx.a.example.com"},
     TRUTH_YES,
     NULL,
     NAME_MATCH_CN_ONLY,
     DELIVERY_DEFERRED,
     DELIVERY_AUTHENTICATED},
    {"the common name is another",
     {"mx.a.example.com"},
     TRUTH_YES,
     NULL,
     NAME_MATCH_OTHER,
     DELIVERY_DEFERRED,
     DELIVERY_UNKNOWN},
    {"without any name",
     {"mx.a.example.com"},
     TRUTH_YES,
     NULL,
     NAME_MATCH_NO_NAMES,
     BOTH(DEFERRED)},
    {"not covered, but below a wildcard",
     {"*.example.com"},
     TRUTH_NO,
     "mx.a.example.com",
     NAME_MATCH_EXACT,
     DELIVERY_DEFERRED,
     DELIVERY_AUTHENTICATED},
    {"not covered, and for a name that is a pattern",
     {"covered.example.net"},
     TRUTH_NO,
     "covered.example.net",
     NAME_MATCH_OTHER,
     DELIVERY_DEFERRED,
     DELIVERY_UNKNOWN},
    {"a wildcard in the leaf may be for a pattern, RFC 9525 section 6.3",
     {"mx2.a.example.com"},
     TRUTH_NO,
     "*.a.example.com",
     NAME_MATCH_WILDCARD,
     DELIVERY_DEFERRED,
     DELIVERY_UNKNOWN},
    {"not covered, and for the host",
     {"mx.example.net"},
     TRUTH_NO,
     "mx.a.example.com",
     NAME_MATCH_EXACT,
     BOTH(DEFERRED)},
};

static uint64_t leaf_of(const char *name)
{
    uint8_t packed[64] = {CERT_NAMES_DNS, 0, (uint8_t)(name != NULL ? strlen(name) : 0)};
    if (name == NULL) {
        return 0;
    }
    memcpy(packed + 3, name, packed[2]);
    return leaf_domains_of((struct span){packed, 3U + packed[2]});
}

Test(deliveries, what_is_held_against_a_policy)
{
    static const struct sender_profile by_rfc = {MAY, .policy_order = PROFILE_ORDER_STS_ONLY};
    struct sender_profile unknown = by_rfc;
    unknown.sts_names = PROFILE_STS_NAMES_UNKNOWN;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *file = sender_profiles_load(NULL, &why);
    cr_assert_not_null(file);
    const struct sender_profile *plugin = find(&file->profiles, "postfix-sts-plugin");
    for (size_t i = 0; i < sizeof(names_cases) / sizeof(names_cases[0]); i++) {
        const struct names_case *c = &names_cases[i];
        struct situation s = {.sts = STS_STATE_ENFORCE,
                              .mx = {{.preference = 10,
                                      .host = "mx.a.example.com",
                                      .covered = c->covered,
                                      .endpoints = {GOOD}}}};
        s.mx[0].endpoints[0].name_match = (uint8_t)c->match;
        s.mx[0].endpoints[0].leaf_domains = leaf_of(c->leaf);
        static struct made m;
        make(&m, &s);
        for (; m.sts.policy.mx_count < 2 && c->patterns[m.sts.policy.mx_count] != NULL;
             m.sts.policy.mx_count++) {
            m.sts.policy.mx[m.sts.policy.mx_count] = span_of(c->patterns[m.sts.policy.mx_count]);
        }
        m.sts.policy.mx_total = m.sts.policy.mx_count;
        struct sender_delivery of_rfc = deliver(&by_rfc, &m);
        struct sender_delivery of_patterns = deliver(plugin, &m);
        enum delivery rfc = of_rfc.worst;
        enum delivery patterns = of_patterns.worst;
        enum delivery either = deliver(&unknown, &m).worst;
        cr_expect_eq(rfc, c->by_rfc, "%s: by the RFC %s", c->name, delivery_word(rfc));
        cr_expect_eq(patterns, c->by_patterns, "%s: by patterns %s", c->name,
                     delivery_word(patterns));
        /* The path is good: what is wrong is the name, or the policy. */
        cr_expect(rfc != DELIVERY_DEFERRED ||
                      of_rfc.reason == (c->covered == TRUTH_NO ? DELIVERY_REASON_STS_MX_NOT_COVERED
                                                               : DELIVERY_REASON_STS_NAME),
                  "%s: by the RFC %s", c->name, delivery_reason_word(of_rfc.reason));
        cr_expect(patterns != DELIVERY_DEFERRED ||
                      of_patterns.reason == DELIVERY_REASON_STS_PATTERNS,
                  "%s: by patterns %s", c->name, delivery_reason_word(of_patterns.reason));
        cr_expect_eq(either, rfc == patterns ? rfc : DELIVERY_UNKNOWN, "%s: not known %s", c->name,
                     delivery_word(either));
    }
    sender_profiles_free(file);
    buf_deinit(&why);
}

/* An outcome carries the weakest mark of what it rests on, and of nothing else. */
Test(deliveries, the_basis)
{
    static const struct {
        const char *name;
        const char *profile;
        struct situation situation;
        enum field_mark basis;
    } rows[] = {
        {"documented throughout", "postfix-may", {ONE(GOOD)}, FIELD_MARK_DOCUMENTED},
        {"its versions are assumed", "yahoo", {ONE(GOOD)}, FIELD_MARK_ASSUMED},
        {"without STARTTLS they are of no effect",
         "yahoo",
         {ONE(NO_STARTTLS)},
         FIELD_MARK_DOCUMENTED},
        {"what follows a failure is assumed",
         "gmail",
         {ONE(ENDS(TLS_ALERT, OFFERED))},
         FIELD_MARK_ASSUMED},
        {"of no effect otherwise", "gmail", {ONE(GOOD)}, FIELD_MARK_DOCUMENTED},
        {"SNI, where it is of no effect", "amazon-ses", {ONE(NO_STARTTLS)}, FIELD_MARK_DOCUMENTED},
        {"unknown claims nothing", "gmail", {ONE(UNTESTED(ADDRESS_BUDGET))}, FIELD_MARK_NONE},
        {"who tries again is not known of it",
         "gmail",
         {.kind = MX_KIND_NXDOMAIN},
         FIELD_MARK_ASSUMED},
        {"of it that is", "postfix-may", {.kind = MX_KIND_NXDOMAIN}, FIELD_MARK_OBSERVED},
    };
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *file = sender_profiles_load(NULL, &why);
    cr_assert_not_null(file);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct made m;
        make(&m, &rows[i].situation);
        struct sender_delivery d = deliver(find(&file->profiles, rows[i].profile), &m);
        cr_expect_eq(d.basis, rows[i].basis, "%s, %s: %s", rows[i].profile, rows[i].name,
                     field_mark_word(d.basis));
    }
    sender_profiles_free(file);
    buf_deinit(&why);
}

Test(deliveries, nothing_for_lines_that_are_not_worked_on)
{
    const struct sender_profile profile = {MAY};
    const struct sender_profiles profiles = {&profile, 1};
    const struct seen_domain lines[] = {
        {.invalid = "empty"}, {.duplicate_of = 3}, {.blocklisted = true}};
    static struct sts_verdict sts;
    struct dane_domain dane = {0};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct deliveries out = {.count = 7};
        deliveries_fill(&out, &profiles, &lines[i], &sts, &dane);
        cr_expect_eq(out.count, 0, "line %zu", i);
    }
}

/* --- the walk beside every order and every resolution, design section 6 --------------------- */

#define CANDIDATES 4
#define RESULTS    6

struct candidates {
    size_t count;
    unsigned group[CANDIDATES]; /* ascending */
    uint8_t set[CANDIDATES];
};

struct seen_results {
    unsigned best; /* bits of enum delivery, over the resolutions */
    unsigned worst;
};

static enum delivery delivery_of(uint8_t result)
{
    static const enum delivery of[] = {[RESULT_FAILS] = DELIVERY_DEFERRED,
                                       [RESULT_RETURNED] = DELIVERY_UNDELIVERABLE,
                                       [RESULT_PLAINTEXT] = DELIVERY_PLAINTEXT,
                                       [RESULT_ENCRYPTED] = DELIVERY_ENCRYPTED,
                                       [RESULT_AUTHENTICATED] = DELIVERY_AUTHENTICATED,
                                       [RESULT_DEFERRED] = DELIVERY_DEFERRED};
    return of[result];
}

/* One sender's order: groups ascending, the order within them as `order` has it. */
static enum delivery try_in_order(const struct candidates *c, const size_t *order,
                                  const uint8_t *result)
{
    for (unsigned group = 0; group < CANDIDATES; group++) {
        for (size_t i = 0; i < c->count; i++) {
            size_t k = order[i];
            if (c->group[k] == group && result[k] != RESULT_FAILS) {
                return delivery_of(result[k]);
            }
        }
    }
    return DELIVERY_DEFERRED;
}

static void try_orders(const struct candidates *c, const uint8_t *result, size_t *order,
                       size_t fixed, enum delivery *best, enum delivery *worst)
{
    if (fixed == c->count) {
        enum delivery d = try_in_order(c, order, result);
        *best = d > *best ? d : *best;
        *worst = d < *worst ? d : *worst;
        return;
    }
    for (size_t i = fixed; i < c->count; i++) {
        size_t kept = order[fixed];
        order[fixed] = order[i];
        order[i] = kept;
        try_orders(c, result, order, fixed + 1, best, worst);
        order[i] = order[fixed];
        order[fixed] = kept;
    }
}

static void try_resolutions(const struct candidates *c, uint8_t *result, size_t at,
                            struct seen_results *seen)
{
    if (at == c->count) {
        size_t order[CANDIDATES] = {0, 1, 2, 3};
        enum delivery best = DELIVERY_UNKNOWN;
        enum delivery worst = DELIVERY_COUNT;
        try_orders(c, result, order, 0, &best, &worst);
        seen->best |= 1U << best;
        seen->worst |= 1U << worst;
        return;
    }
    for (unsigned r = 0; r < RESULTS; r++) {
        result[at] = (uint8_t)(1U << r);
        if ((c->set[at] & result[at]) != 0) {
            try_resolutions(c, result, at + 1, seen);
        }
    }
}

static enum delivery agreed(unsigned seen)
{
    for (unsigned d = 0; d < DELIVERY_COUNT; d++) {
        if (seen == 1U << d) {
            return (enum delivery)d;
        }
    }
    return DELIVERY_UNKNOWN;
}

static void walk(const struct candidates *c, enum delivery *best, enum delivery *worst)
{
    struct delivery_walk w;
    delivery_walk_begin(&w);
    for (size_t i = 0; i < c->count; i++) {
        if (i > 0 && c->group[i] != c->group[i - 1] && !delivery_walk_next_preference(&w)) {
            break;
        }
        delivery_walk_add(&w, c->set[i]);
    }
    delivery_walk_end(&w);
    *best = delivery_walk_only(w.final_best);
    *worst = delivery_walk_only(w.final_worst);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct candidates random_candidates(uint64_t *state)
{
    struct candidates c = {.count = 1 + next_random(state) % CANDIDATES};
    unsigned group = 0;
    for (size_t i = 0; i < c.count; i++) {
        group += i > 0 && group < 2 && next_random(state) % 3 == 0;
        c.group[i] = group;
        c.set[i] = (uint8_t)(next_random(state) % 3 == 0 ? 1 + next_random(state) % 63
                                                         : 1U << next_random(state) % RESULTS);
    }
    return c;
}

Test(deliveries, the_walk_is_every_order_of_every_resolution)
{
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    size_t known = 0;
    size_t unknown = 0;
    for (size_t i = 0; i < 20000; i++) {
        struct candidates c = random_candidates(&state);
        struct seen_results seen = {0};
        uint8_t result[CANDIDATES];
        enum delivery best;
        enum delivery worst;
        try_resolutions(&c, result, 0, &seen);
        walk(&c, &best, &worst);
        bool ok = best == agreed(seen.best) && worst == agreed(seen.worst);
        cr_assert(ok, "set %zu: %s to %s", i, delivery_word(worst), delivery_word(best));
        known += best != DELIVERY_UNKNOWN;
        unknown += best == DELIVERY_UNKNOWN;
    }
    cr_expect_gt(known, 5000);
    cr_expect_gt(unknown, 2000);
}

/* With SNI and without it two lists were presented, which differ for OpenSSL's own builder alone: which of them
 * a sender meets hangs on whether it sends SNI. */
Test(deliveries, the_basis_has_sni_where_only_openssl_tells_the_lists_apart)
{
    static const struct situation apart = {
        ONE({.port = 25, GOOD_SNI, DEFAULT_WITH(ONLY_BEST_PATH)})};
    static const struct situation same = {ONE(GOOD)};
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *file = sender_profiles_load(NULL, &why);
    cr_assert_not_null(file);
    struct sender_profile p = *find(&file->profiles, "postfix-verify");
    struct tls_stack stack = *p.stack;
    memset(p.marks, FIELD_MARK_OBSERVED, sizeof(p.marks));
    memset(stack.marks, FIELD_MARK_OBSERVED, sizeof(stack.marks));
    p.marks[PROFILE_FIELD_SNI] = FIELD_MARK_ASSUMED;
    p.stack = &stack;
    static struct made m;
    make(&m, &apart);
    cr_expect_eq(deliver(&p, &m).basis, FIELD_MARK_ASSUMED);
    make(&m, &same);
    cr_expect_eq(deliver(&p, &m).basis, FIELD_MARK_OBSERVED);
    sender_profiles_free(file);
    buf_deinit(&why);
}
