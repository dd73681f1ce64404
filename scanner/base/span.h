#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** A borrowed run of octets. Not NUL-terminated; `at` may be NULL when `len` is 0. */
struct span {
    const uint8_t *at;
    size_t len;
};

/* SPAN_INIT initialises a static object, where ISO C takes no compound literal. */
#define SPAN_INIT(s)                        \
    {                                       \
        (const uint8_t *)(s), sizeof(s) - 1 \
    }
#define SPAN_LIT(s) ((struct span)SPAN_INIT(s))

static inline struct span span_of(const char *text)
{
    return (struct span){(const uint8_t *)text, text ? strlen(text) : 0};
}

static inline struct span span_drop(struct span s, size_t n)
{
    return (struct span){s.len ? s.at + n : s.at, s.len - n};
}

static inline struct span span_take(struct span s, size_t n)
{
    return (struct span){s.at, n < s.len ? n : s.len};
}

static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/** A digest that nothing was hashed into stands for "none". */
static inline bool digest_is_none(const uint8_t digest[32])
{
    static const uint8_t none[32];
    return memcmp(digest, none, sizeof(none)) == 0;
}

/** Orders by octets, a prefix before what it begins. */
static inline int span_cmp(struct span a, struct span b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.at, b.at, n) : 0;
    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static inline uint8_t ascii_lower(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') ? (uint8_t)(c | 0x20U) : c;
}

static inline bool ascii_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/** ASCII case-insensitive, as SMTP keywords are compared (RFC 5321 section 2.4). */
static inline bool span_ieq(struct span a, struct span b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (ascii_lower(a.at[i]) != ascii_lower(b.at[i])) {
            return false;
        }
    }
    return true;
}

static inline bool span_ends_with(struct span s, struct span tail)
{
    return s.len >= tail.len && span_eq(span_drop(s, s.len - tail.len), tail);
}
