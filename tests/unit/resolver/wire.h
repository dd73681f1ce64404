#pragma once

/** Writes DNS messages octet by octet, wrong ones too. */

#include "resolver/dns_message.h"
#include "scanner/base/check.h"

struct wire {
    size_t len;
    uint8_t at[70000];
};

static inline struct span wire_span(const struct wire *w)
{
    return (struct span){w->at, w->len};
}

static inline void wire_put(struct wire *w, struct span s)
{
    CHECK(s.len <= sizeof(w->at) - w->len);
    memcpy(w->at + w->len, s.at, s.len);
    w->len += s.len;
}

static inline void wire_u8(struct wire *w, unsigned v)
{
    wire_put(w, (struct span){(uint8_t[]){(uint8_t)v}, 1});
}

static inline void wire_u16(struct wire *w, unsigned v)
{
    wire_u8(w, v >> 8);
    wire_u8(w, v & 0xFFU);
}

static inline void wire_u32(struct wire *w, uint32_t v)
{
    wire_u16(w, v >> 16);
    wire_u16(w, v & 0xFFFFU);
}

static inline void wire_name(struct wire *w, const char *text)
{
    struct dns_name name;
    CHECK(dns_name_from_text(span_of(text), &name));
    wire_put(w, (struct span){name.octets, name.len});
}

#define WIRE_ANSWER    0x8180U /* QR, RD, RA */
#define WIRE_AUTHORITY 0x0400U /* AA */
#define WIRE_TRUNCATED 0x0200U
#define WIRE_AD        0x0020U

static inline void wire_header(struct wire *w, unsigned id, unsigned flags)
{
    w->len = 0;
    wire_u16(w, id);
    wire_u16(w, flags);
    for (int i = 0; i < 4; i++) {
        wire_u16(w, 0);
    }
}

enum wire_section {
    QUESTION = 4,
    ANSWER = 6,
    AUTHORITY = 8,
    ADDITIONAL = 10,
};

static inline void wire_count(struct wire *w, enum wire_section section)
{
    unsigned n = (unsigned)(w->at[section] << 8 | w->at[section + 1]) + 1;
    w->at[section] = (uint8_t)(n >> 8);
    w->at[section + 1] = (uint8_t)(n & 0xFFU);
}

static inline void wire_question(struct wire *w, const char *name, unsigned type)
{
    wire_count(w, QUESTION);
    wire_name(w, name);
    wire_u16(w, type);
    wire_u16(w, 1);
}

/** NULL as `owner`: a pointer to the question. */
static inline void wire_rr(struct wire *w, enum wire_section section, const char *owner,
                           unsigned type, uint32_t ttl, struct span data)
{
    wire_count(w, section);
    if (owner == NULL) {
        wire_u16(w, 0xC00C);
    } else {
        wire_name(w, owner);
    }
    wire_u16(w, type);
    wire_u16(w, 1);
    wire_u32(w, ttl);
    wire_u16(w, (unsigned)data.len);
    wire_put(w, data);
}

/** A record whose data is `head` and then a name. */
static inline void wire_name_rr(struct wire *w, enum wire_section section, const char *owner,
                                unsigned type, uint32_t ttl, struct span head, const char *target)
{
    struct dns_name name;
    uint8_t data[300];
    CHECK(dns_name_from_text(span_of(target), &name) && head.len + name.len <= sizeof(data));
    memcpy(data, head.at, head.len);
    memcpy(data + head.len, name.octets, name.len);
    wire_rr(w, section, owner, type, ttl, (struct span){data, head.len + name.len});
}

static inline void wire_a(struct wire *w, const char *owner, uint32_t ttl, uint8_t last)
{
    wire_rr(w, ANSWER, owner, DNS_TYPE_A, ttl, (struct span){(uint8_t[]){192, 0, 2, last}, 4});
}

static inline void wire_cname(struct wire *w, const char *owner, uint32_t ttl, const char *target)
{
    wire_name_rr(w, ANSWER, owner, DNS_TYPE_CNAME, ttl, SPAN_LIT(""), target);
}

static inline void wire_mx(struct wire *w, const char *owner, uint32_t ttl, unsigned preference,
                           const char *target)
{
    uint8_t head[] = {(uint8_t)(preference >> 8), (uint8_t)(preference & 0xFFU)};
    wire_name_rr(w, ANSWER, owner, DNS_TYPE_MX, ttl, (struct span){head, 2}, target);
}

/** RFC 1035 section 3.3.13, with short names. */
static inline void wire_soa(struct wire *w, uint32_t ttl, uint8_t minimum)
{
    uint8_t data[22] = {0};
    data[21] = minimum;
    wire_rr(w, AUTHORITY, "test", DNS_TYPE_SOA, ttl, (struct span){data, sizeof(data)});
}

static inline void wire_opt(struct wire *w, uint32_t ttl, struct span options)
{
    wire_count(w, ADDITIONAL);
    wire_u8(w, 0);
    wire_u16(w, DNS_TYPE_OPT);
    wire_u16(w, 4096);
    wire_u32(w, ttl);
    wire_u16(w, (unsigned)options.len);
    wire_put(w, options);
}
