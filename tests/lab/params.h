#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scanner/base/buf.h"

/**
 * The parameters of a simulated mail internet. A parameter file is lines of
 *
 *     key value            # source of the value, or the word "assumed"
 *     operator ID SHARE key=value...   # source
 *     operators none       # forgets the operators named so far
 *     provider ID WEIGHT key=value...   # source; who hosts MTA-STS policies for others
 *     include NAME         # another file of the same folder, first
 *
 * A value is a number; "0.7%" is 0.007. Every key below must be given once in the end; a later
 * line replaces an earlier one.
 */

/* name, rare (multiplied by --oversample) */
#define LAB_PARAMS(X)                      \
    /* the domain */                       \
    X(nxdomain, false)                     \
    X(servfail, false)                     \
    X(timeout, false)                      \
    X(signed_zone, false)                  \
    X(bogus_of_signed, true)               \
    X(has_mx, false)                       \
    X(no_mx_address, false)                \
    X(implicit_live, false)                \
    X(null_mx, false)                      \
    X(null_mx_other, true)                 \
    X(local_mx, true)                      \
    X(mx_huge, true)                       \
    X(sibling, false)                      \
    X(small_hosters, false)                \
    X(small_hosters_per_domain, false)     \
    X(vanity, false)                       \
    X(hosting_servers_per_domain, false)   \
    /* the hosts */                        \
    X(mx_two, false)                       \
    X(mx_three_up, false)                  \
    X(mx_tie, false)                       \
    X(mx_cname, true)                      \
    X(host_unresolvable, false)            \
    X(addresses_two, false)                \
    X(addresses_three_up, false)           \
    X(aaaa_self, false)                    \
    X(aaaa_hosting, false)                 \
    X(v6_dead, false)                      \
    X(v6_other_cert, true)                 \
    X(v6_no_starttls, true)                \
    /* the services */                     \
    X(dead_self, false)                    \
    X(dead_hosting, false)                 \
    X(dead_refused, false)                 \
    X(dead_silent, false)                  \
    X(greeting_4xx, true)                  \
    X(greeting_5xx, true)                  \
    X(greeting_multiline, false)           \
    X(delay_median_ms, false)              \
    X(delay_sigma, false)                  \
    X(delay_over_1s, false)                \
    X(delay_over_5s, false)                \
    X(software_exim, false)                \
    X(software_postfix, false)             \
    X(software_sendmail, false)            \
    X(starttls_offered, false)             \
    X(starttls_454, true)                  \
    X(starttls_5xx, true)                  \
    X(starttls_masked, true)               \
    X(starttls_injected, true)             \
    X(tls_reset, true)                     \
    X(tls_closed, true)                    \
    X(tls_again, true)                     \
    X(tls_max_13, false)                   \
    X(tls_max_12, false)                   \
    X(tls_max_11, true)                    \
    X(tls_max_10, true)                    \
    X(tls_max_none, true)                  \
    X(tls_min_10, false)                   \
    X(tls_min_12, false)                   \
    X(tls_min_13, false)                   \
    X(kex_x25519, false)                   \
    X(kex_p256, false)                     \
    X(kex_other, false)                    \
    X(kex_static_rsa, true)                \
    /* certificates */                     \
    X(self_valid, false)                   \
    X(self_other_name, false)              \
    X(self_self_signed, false)             \
    X(self_private_ca, false)              \
    X(self_expired, false)                 \
    X(self_missing_intermediate, false)    \
    X(self_other, false)                   \
    X(hosting_other_name, false)           \
    X(hosting_self_signed, false)          \
    X(hosting_private_ca, false)           \
    X(hosting_expired, false)              \
    X(hosting_missing_intermediate, false) \
    X(hosting_other, false)                \
    X(hosting_select, false)               \
    X(self_select, false)                  \
    X(sni_unknown_fatal, true)             \
    X(sni_none_fatal, true)                \
    X(sni_warning, true)                   \
    X(select_default_bad, false)           \
    X(operator_other_name, true)           \
    X(key_rsa_2048, false)                 \
    X(key_rsa_3072, false)                 \
    X(key_rsa_4096, false)                 \
    X(key_p256, false)                     \
    X(key_p384, false)                     \
    X(issuer_first, false)                 \
    X(issuer_second, false)                \
    X(issuer_third, false)                 \
    X(issuer_ec, false)                    \
    X(chain_three, false)                  \
    X(chain_root, false)                   \
    X(chain_wrong_order, true)             \
    X(chain_extra, true)                   \
    X(sans_3_to_10, false)                 \
    X(sans_11_up, false)                   \
    X(validity_90d, false)                 \
    /* policies in DNS */                  \
    X(no_ds, true)                         \
    X(no_ds_of_tlsa, false)                \
    X(tlsa_of_signed, true)                \
    X(tlsa_of_unsigned, true)              \
    X(tlsa_bogus, true)                    \
    X(tlsa_311, false)                     \
    X(tlsa_301, false)                     \
    X(tlsa_312, true)                      \
    X(tlsa_211, false)                     \
    X(tlsa_201, false)                     \
    X(tlsa_pkix, true)                     \
    X(tlsa_malformed, true)                \
    X(tlsa_both, true)                     \
    X(tlsa_stale, true)                    \
    X(tlsa_partial, true)                  \
    X(tlsa_mismatch, true)                 \
    X(tlsa_mismatch_full, false)           \
    X(tlsa_wrong_parameters, false)        \
    X(sts, true)                           \
    X(sts_bad_txt, true)                   \
    X(txt_wildcard, true)                  \
    X(rpt_of_sts, false)                   \
    X(rpt_of_others, true)                 \
    X(rpt_bad, true)                       \
    /* policy hosts */                     \
    X(sts_provider, false)                 \
    X(sts_shared, false)                   \
    X(sts_parked, false)                   \
    X(sts_webs_per_domain, false)          \
    X(sts_v6, false)                       \
    X(sts_private, true)                   \
    X(sts_own_dns, true)                   \
    X(sts_own_tcp, true)                   \
    X(sts_own_tls, false)                  \
    X(sts_own_http, true)                  \
    X(sts_own_name, false)                 \
    X(sts_provider_tcp, true)              \
    X(sts_provider_tls, true)              \
    X(sts_provider_http, true)             \
    X(sts_provider_alert, false)           \
    X(sts_opted_out, true)                 \
    X(sts_http_404, false)                 \
    X(sts_media_other, true)               \
    X(sts_media_charset, false)            \
    /* policies */                         \
    X(sts_testing, false)                  \
    X(sts_none, true)                      \
    X(sts_age_day, false)                  \
    X(sts_age_week, false)                 \
    X(sts_age_months, false)               \
    X(sts_age_year, false)                 \
    X(sts_own_syntax, true)                \
    X(sts_provider_syntax, true)           \
    X(sts_syntax_mx, false)                \
    X(sts_syntax_empty, false)             \
    X(sts_untidy, true)                    \
    X(sts_lf, false)                       \
    X(sts_wildcards, false)                \
    X(sts_mx_other, true)                  \
    X(sts_mx_3ld, true)                    \
    X(sts_mx_3ld_mta_sts, false)           \
    X(sts_mx_typo, true)                   \
    X(sts_mx_tld, true)                    \
    X(sts_mx_partial, true)                \
    X(sts_mx_unused, true)                 \
    /* reverse DNS */                      \
    X(ptr_none, false)                     \
    X(ptr_generic, false)                  \
    X(ptr_mismatch, false)

#define OPERATORS_MAX      200
#define OPERATOR_NAMES_MAX 8

/** A big mail operator: fixed MX names, or one name per tenant under a zone. */
struct operator_params {
    char id[24];
    char domain[64]; /* registrable domain of its MX names */
    char tenant[64]; /* labels between the tenant and `domain`; "": fixed names */
    double share;    /* of domains with MX */
    char name[OPERATOR_NAMES_MAX][32];
    uint16_t preference[OPERATOR_NAMES_MAX];
    size_t name_count;
    uint16_t addresses; /* in all, at most 64 */
    uint16_t addresses_per_name;
    bool v6;
    bool dane;
    bool rsa;         /* RSA-2048, else P-256 */
    uint16_t tls_max; /* 0x0303 or 0x0304 */
    uint16_t certs;   /* distinct certificates over the addresses */
};

#define LAB_OPT_OUTS(X)                                           \
    X(FROZEN, "frozen")     /* the policy is served on */         \
    X(NXDOMAIN, "nxdomain") /* the target of the alias is gone */ \
    X(EMPTY, "empty")       /* an empty policy */                 \
    X(EXPIRED, "expired")   /* the policy is served on, the certificate expires */

enum lab_opt_out {
#define X(name, word) LAB_OPT_OUT_##name,
    LAB_OPT_OUTS(X)
#undef X
};

#define PROVIDERS_MAX 64

/** A provider of policy hosts: "mta-sts.<domain>" is an alias of a name below its zone. */
struct provider_params {
    char id[24];
    char domain[64];
    double weight;
    uint16_t addresses;
    bool v6;
    bool txt; /* the record at _mta-sts is an alias too */
    enum lab_opt_out opted_out;
};

struct params {
#define X(name, rare) double name;
    LAB_PARAMS(X)
#undef X
    struct operator_params operators[OPERATORS_MAX];
    size_t operator_count;
    struct provider_params providers[PROVIDERS_MAX];
    size_t provider_count;
};

/**
 * Reads a parameter file and what it includes.
 * @return false with one line in `error` (file, line, what) when it cannot be used.
 */
bool params_read(const char *path, struct params *out, struct buf *error);
/** Multiplies the rare features, each up to `limit`. */
void params_oversample(struct params *p, double factor, double limit);
