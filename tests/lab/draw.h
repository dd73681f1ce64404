#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * Draws: pure functions of (seed, topic, a, b), so that any fact of any domain can be computed
 * alone, in any process, in any order. The mixing step is that of splitmix64 (Steele, Lea, Flood,
 * OOPSLA 2014).
 */

/** What is drawn. The order is part of the world: new topics go to the end. */
enum draw_topic {
    DRAW_LABEL,
    DRAW_TLD,
    DRAW_KIND,
    DRAW_MX_KIND,
    DRAW_SIBLING,
    DRAW_OPERATOR,
    DRAW_VANITY,
    DRAW_HOST_COUNT,
    DRAW_HOST_TIE,
    DRAW_HOST_STATE,
    DRAW_HOST_CNAME,
    DRAW_HOST_ADDRESSES,
    DRAW_HOST_SERVER,
    DRAW_HOST_V6,
    DRAW_REACH,
    DRAW_V6_FATE,
    DRAW_DEAD,
    DRAW_SOFTWARE,
    DRAW_GREETING,
    DRAW_DELAY,
    DRAW_STARTTLS,
    DRAW_TLS_FATE,
    DRAW_TLS_MAX,
    DRAW_TLS_MIN,
    DRAW_KEX,
    DRAW_CERT_CLASS,
    DRAW_SNI,
    DRAW_KEY,
    DRAW_ISSUER,
    DRAW_CHAIN,
    DRAW_SANS,
    DRAW_VALIDITY,
    DRAW_SIGNED,
    DRAW_TLSA,
    DRAW_TLSA_FORM,
    DRAW_STS,
    DRAW_STS_FORM,
    DRAW_RPT,
    DRAW_PTR,
    DRAW_SERIAL,
    DRAW_KEY_INDEX,
    DRAW_ID,
    DRAW_HUGE,
    DRAW_NO_DS,
    DRAW_WILDCARD,
    DRAW_POLICY_HOSTING,
    DRAW_POLICY_FAULT,
    DRAW_POLICY_TEXT,
    DRAW_POLICY_ADDRESS,
    DRAW_POLICY_HTTP,
    DRAW_MUTATION,
};

uint64_t draw_mix(uint64_t x);
uint64_t draw_u64(uint64_t seed, enum draw_topic topic, uint64_t a, uint64_t b);
/** In [0, 1). */
double draw_unit(uint64_t seed, enum draw_topic topic, uint64_t a, uint64_t b);
/** In [0, n). */
uint64_t draw_below(uint64_t seed, enum draw_topic topic, uint64_t a, uint64_t b, uint64_t n);
/** The index of the weight that `u` falls on; the last one takes what rounding leaves. */
size_t draw_pick(double u, const double *weights, size_t count);
/** A standard normal value from a uniform one, by a rational approximation good to 1e-3. */
double draw_normal(double u);
