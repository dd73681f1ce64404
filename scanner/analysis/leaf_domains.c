#include "scanner/analysis/leaf_domains.h"

#include "scanner/base/hash.h"
#include "scanner/cert/cert_names.h"

#define NAME_MAX_OCTETS 253 /* RFC 1035 section 2.3.4 */

static uint64_t bit_of(struct span name)
{
    return UINT64_C(1) << (hash_draw(0, name, SPAN_LIT("leaf domain")) & 63U);
}

/* In lower case; empty when it is longer than a host name, and so covers none. */
static struct span lower_name(struct span presented, uint8_t lower[NAME_MAX_OCTETS])
{
    if (presented.len > NAME_MAX_OCTETS) {
        return (struct span){0};
    }
    for (size_t i = 0; i < presented.len; i++) {
        lower[i] = ascii_lower(presented.at[i]);
    }
    return (struct span){lower, presented.len};
}

static uint64_t bits_of_name(struct span presented)
{
    uint8_t lower[NAME_MAX_OCTETS];
    uint64_t bits = 0;
    struct span name = lower_name(presented, lower);
    if (name.len > 2 && name.at[0] == '*' && name.at[1] == '.') {
        name = span_drop(name, 2);
    }
    for (;;) {
        const uint8_t *dot = name.len > 0 ? memchr(name.at, '.', name.len) : NULL;
        if (dot == NULL) {
            return bits;
        }
        bits |= bit_of(name);
        name = span_drop(name, (size_t)(dot - name.at) + 1);
    }
}

uint64_t leaf_domains_of(struct span names)
{
    uint64_t bits = 0;
    enum cert_names_kind kind;
    struct span name;
    while (bits != UINT64_MAX && cert_names_next(&names, &kind, &name)) {
        bits |= kind == CERT_NAMES_DNS ? bits_of_name(name) : 0;
    }
    return bits;
}

bool leaf_domains_may_have(uint64_t leaf_domains, struct span domain)
{
    return (leaf_domains & bit_of(domain)) != 0;
}

/* "Mail Server" is nobody's domain, nor is "localhost". */
static bool could_be_domain(struct span name)
{
    bool has_dot = false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                    c == '_' || (c == '*' && i == 0);
        if (!fits) {
            return false;
        }
        has_dot = has_dot || c == '.';
    }
    return has_dot;
}

uint64_t leaf_names_of(struct span names)
{
    uint64_t bits = 0;
    enum cert_names_kind wanted = CERT_NAMES_CN;
    enum cert_names_kind kind;
    struct span presented;
    while (bits != UINT64_MAX && cert_names_next(&names, &kind, &presented)) {
        uint8_t lower[NAME_MAX_OCTETS];
        struct span name = lower_name(presented, lower);
        wanted = kind == CERT_NAMES_DNS ? kind : wanted; /* they come first */
        bits |= kind == wanted && could_be_domain(name) ? bit_of(name) : 0;
    }
    return bits;
}

bool leaf_names_may_cover(uint64_t leaf_names, struct span domain)
{
    uint8_t wildcard[NAME_MAX_OCTETS] = {'*'};
    const uint8_t *dot = domain.len > 0 ? memchr(domain.at, '.', domain.len) : NULL;
    if ((leaf_names & bit_of(domain)) != 0) {
        return true;
    }
    if (dot == NULL || domain.len > NAME_MAX_OCTETS) {
        return false;
    }
    struct span rest = span_drop(domain, (size_t)(dot - domain.at)); /* ".parent" */
    if (rest.len > sizeof(wildcard) - 1) {
        return false;
    }
    memcpy(wildcard + 1, rest.at, rest.len);
    return (leaf_names & bit_of((struct span){wildcard, rest.len + 1})) != 0;
}
