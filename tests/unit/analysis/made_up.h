#pragma once

/** Made-up observations for the tables of these tests: short rows in, whole structs out. */

#include "scanner/observation/seen_target.h"

#define MADE_MX_MAX       12
#define MADE_ENDPOINTS    4
#define MADE_PORT_DEFAULT 25

/** One endpoint; the row ends with the first that is not `there`. */
struct made_endpoint {
    bool there;
    enum session_outcome outcome;
    enum not_tested_reason not_tested;
    enum starttls_state starttls;
    uint16_t tls_version;
    uint16_t port;       /* 0: 25 */
    const char *address; /* NULL: one of 192.0.2.0/24 */
    bool inherited;
    uint8_t leaf; /* every octet of its fingerprint; 0: none */
    enum chain_status chain;
    enum name_match name_match;
    enum sni_class sni;
    enum sni_acceptable sni_acceptable;
    enum session_outcome no_sni;
};

/** One exchange; the list ends with the first without `exchange`. */
struct made_mx {
    uint16_t preference;
    const char *exchange;
    const char *unusable;
    enum mx_name_kind name_kind;
    enum dns_state a;
    enum dns_state aaaa;
    bool blocklisted;
    struct made_endpoint endpoints[MADE_ENDPOINTS];
};

#define MADE_HOST(preference_, exchange_, a_, aaaa_)                                             \
    {                                                                                            \
        .preference = (preference_), .exchange = (exchange_), .a = DNS_##a_, .aaaa = DNS_##aaaa_ \
    }
/** The variadic part: its endpoints. */
#define MADE_DIALLED(preference_, exchange_, a_, aaaa_, ...)                                      \
    {                                                                                             \
        .preference = (preference_), .exchange = (exchange_), .a = DNS_##a_, .aaaa = DNS_##aaaa_, \
        .endpoints = {                                                                            \
            __VA_ARGS__                                                                           \
        }                                                                                         \
    }
/** An address for an exchange; the variadic part: its endpoints. */
#define MADE_LITERAL(preference_, exchange_, ...)             \
    {                                                         \
        .preference = (preference_), .exchange = (exchange_), \
        .name_kind = MX_NAME_ADDRESS_LITERAL, .endpoints = {  \
            __VA_ARGS__                                       \
        }                                                     \
    }
#define MADE_UNUSABLE(preference_, exchange_, why)                              \
    {                                                                           \
        .preference = (preference_), .exchange = (exchange_), .unusable = (why) \
    }
#define MADE_BLOCKED(preference_, exchange_)                                      \
    {                                                                             \
        .preference = (preference_), .exchange = (exchange_), .blocklisted = true \
    }

/** Storage of what a seen_domain points to. */
struct made_domain {
    struct seen_domain seen;
    struct seen_mx mx[MADE_MX_MAX];
    struct endpoint_brief endpoints[MADE_MX_MAX][MADE_ENDPOINTS];
};

/** A valid line, "example.com", of this kind, its MX question answered by `state`. */
void made_domain_fill(struct made_domain *d, enum mx_kind kind, enum dns_state state,
                      const struct made_mx *mx);
size_t made_endpoints_fill(struct endpoint_brief *to, const struct made_endpoint *from);
