#include <criterion/criterion.h>

#include "scanner/flow/message.h"

#define ROUNDS 12 /* value sets per kind; every span is empty in some */

/* Made-up values: each call gives another one, the extremes among them. */
static uint64_t make_number(unsigned *n)
{
    static const uint64_t some[] = {0, UINT64_MAX, 1, 0x0123456789abcdef, 0x80, 0xfe00};
    return some[(*n)++ % (sizeof(some) / sizeof(some[0]))];
}

static uint8_t make_u8(unsigned *n)
{
    return (uint8_t)make_number(n);
}

static uint16_t make_u16(unsigned *n)
{
    return (uint16_t)make_number(n);
}

static uint32_t make_u32(unsigned *n)
{
    return (uint32_t)make_number(n);
}

static uint64_t make_u64(unsigned *n)
{
    return make_number(n);
}

static struct span make_span(unsigned *n)
{
    static uint8_t octets[70000]; /* more than 16 bits can count */
    static const size_t lens[] = {0, 1, 13, 70000, 255};
    octets[0] = 0;
    octets[1] = 0xff;
    octets[69999] = 0x7f;
    return (struct span){octets, lens[(*n)++ % (sizeof(lens) / sizeof(lens[0]))]};
}

static struct net_addr make_addr(unsigned *n)
{
    static const uint8_t octets[16] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xfe};
    unsigned kind = (*n)++ % 3;
    return kind == 0 ? net_addr_v4(octets) : kind == 1 ? net_addr_v6(octets) : (struct net_addr){0};
}

static bool make_flag(unsigned *n)
{
    return (make_number(n) & 1) != 0;
}

#define make_rest make_span

static struct chain_brief make_verdict(unsigned *n)
{
    struct chain_brief b = {.status = (uint8_t)make_number(n)};
    b.trusted_by = (uint8_t)make_number(n);
    b.openssl_level_2 = (uint8_t)make_number(n);
    b.openssl_level_1 = (uint8_t)make_number(n);
    return b;
}

/* Its own members are for test_seen_codec.c. */
static struct endpoint_brief make_brief(unsigned *n)
{
    struct endpoint_brief b = {.port = make_u16(n)};
    b.leaf_domains = make_u64(n);
    memset(b.leaf_sha256, (int)*n, sizeof(b.leaf_sha256));
    return b;
}

static bool same_brief(const struct endpoint_brief *a, const struct endpoint_brief *b)
{
    return a->port == b->port && a->leaf_domains == b->leaf_domains &&
           memcmp(a->leaf_sha256, b->leaf_sha256, sizeof(a->leaf_sha256)) == 0;
}

/* The same. */
static struct sender_facts make_facts(unsigned *n)
{
    return (struct sender_facts){.quirks = make_u16(n), .forms = make_u16(n)};
}

/* The same. */
static struct seen_dns make_dns(unsigned *n)
{
    return (struct seen_dns){.state = make_u8(n), .ttl = make_u32(n)};
}

#define MAKE(type, name) r.name = make_##type(n);
static struct host_result make_host_result(unsigned *n)
{
    struct host_result r;
    FIELDS_HOST_RESULT(MAKE)
    return r;
}

static struct lease make_lease(unsigned *n)
{
    struct lease r;
    FIELDS_LEASE(MAKE)
    return r;
}
#undef MAKE

#define SAME_NUMBER(a, b)  ((a) == (b))
#define SAME_u8            SAME_NUMBER
#define SAME_u16           SAME_NUMBER
#define SAME_u32           SAME_NUMBER
#define SAME_u64           SAME_NUMBER
#define SAME_flag          SAME_NUMBER
#define SAME_span(a, b)    span_eq(a, b)
#define SAME_rest          SAME_span
#define SAME_addr(a, b)    net_addr_eq(&(a), &(b))
#define SAME_verdict(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0)

#define SAME_facts(a, b)     ((a).quirks == (b).quirks && (a).forms == (b).forms)
#define SAME_dns(a, b)       ((a).state == (b).state && (a).ttl == (b).ttl)
#define SAME_brief(a, b)     same_brief(&(a), &(b))
#define AND_SAME(type, name) &&SAME_##type(a->name, b->name)
static bool same_host_result(const struct host_result *a, const struct host_result *b)
{
    return true FIELDS_HOST_RESULT(AND_SAME);
}
#define SAME_host_result(a, b) same_host_result(&(a), &(b))

static bool same_lease(const struct lease *a, const struct lease *b)
{
    return true FIELDS_LEASE(AND_SAME);
}
#define SAME_lease(a, b) same_lease(&(a), &(b))

#define MAKE(type, name) m.name = make_##type(&n);
#define EXPECT(type, name) \
    cr_expect(SAME_##type(m.name, got.name), "%s.%s, value set %u", kind_name, #name, round);

/* One pair of functions per kind, from the same field lists as the codec. */
#define X(NAME, name)                                                             \
    static void put_made_up_##name(struct buf *out, unsigned round)               \
    {                                                                             \
        unsigned n = round;                                                       \
        struct message_##name m;                                                  \
        FIELDS_##NAME(MAKE) message_put_##name(out, &m);                          \
    }                                                                             \
    static void expect_made_up_##name(struct span body, unsigned round)           \
    {                                                                             \
        static const char *kind_name = #NAME;                                     \
        unsigned n = round;                                                       \
        struct message_##name m;                                                  \
        FIELDS_##NAME(MAKE) struct message_##name got = message_get_##name(body); \
        FIELDS_##NAME(EXPECT)                                                     \
    }
MESSAGE_KINDS(X)
#undef X

Test(message, every_kind_comes_back_as_it_was_put)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct buf wire = BUF_INIT(BUF_NO_LIMIT);
        /* All kinds in one buffer, so that a wrong length shows in the next message. */
#define X(NAME, name) put_made_up_##name(&wire, round);
        MESSAGE_KINDS(X)
#undef X
        struct span in = buf_span(&wire);
        enum message_kind kind = MESSAGE_STOP;
        struct span body = {0};
#define X(NAME, name)                                  \
    cr_assert(message_next(&in, &kind, &body), #NAME); \
    cr_expect_eq(kind, MESSAGE_##NAME, #NAME);         \
    expect_made_up_##name(body, round);
        MESSAGE_KINDS(X)
#undef X
        cr_expect_not(message_next(&in, &kind, &body), "nothing is left");
        buf_deinit(&wire);
    }
}

/* The form on the wire is fixed by its version: little-endian, without padding. */
Test(message, octets_of_version_15)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    message_put_chain_known(&wire, &(struct message_chain_known){
                                       .chain_id = SPAN_LIT("abc"),
                                       .brief = {.status = 5, .trusted_by = 6, .issuers = 99},
                                       .issuers = 0x0708090a,
                                   });
    static const uint8_t want[] = {
        15, 0, 0, 0, MESSAGE_CHAIN_KNOWN, 0, 15, 0, 3, 0, 0, 0, 'a', 'b', 'c', 5, 6, 0, 0,
        10, 9, 8, 7};
    cr_expect(span_eq(buf_span(&wire), (struct span){want, sizeof(want)}));
    buf_deinit(&wire);
}
