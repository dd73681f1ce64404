#include "scanner/analysis/leaf_domains.h"

#include "scanner/base/hash.h"
#include "scanner/cert/cert_names.h"

#define NAME_MAX_OCTETS 253 /* RFC 1035 section 2.3.4 */

static uint64_t bit_of(struct span name)
{
    return UINT64_C(1) << (hash_draw(0, name, SPAN_LIT("leaf domain")) & 63U);
}

static uint64_t bits_of_name(struct span presented)
{
    uint8_t lower[NAME_MAX_OCTETS];
    uint64_t bits = 0;
    if (presented.len > sizeof(lower)) {
        return 0; /* no host name, so it covers none */
    }
    for (size_t i = 0; i < presented.len; i++) {
        lower[i] = ascii_lower(presented.at[i]);
    }
    struct span name = {lower, presented.len};
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
