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

static struct chain_brief make_verdict(unsigned *n)
{
    struct chain_brief b = {.status = (uint8_t)make_number(n)};
    b.trusted_by = (uint8_t)make_number(n);
    b.openssl_level_2 = (uint8_t)make_number(n);
    b.openssl_level_1 = (uint8_t)make_number(n);
    return b;
}

#define SAME_NUMBER(a, b)  ((a) == (b))
#define SAME_u8            SAME_NUMBER
#define SAME_u16           SAME_NUMBER
#define SAME_u32           SAME_NUMBER
#define SAME_u64           SAME_NUMBER
#define SAME_span(a, b)    span_eq(a, b)
#define SAME_addr(a, b)    net_addr_eq(&(a), &(b))
#define SAME_verdict(a, b) (memcmp(&(a), &(b), sizeof(a)) == 0)

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
Test(message, octets_of_version_3)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    message_put_endpoint_done(&wire, &(struct message_endpoint_done){
                                         .host_index = 0x01020304,
                                         .endpoint = 0x0506,
                                         .issuers = 0x0708090a,
                                         .brief = SPAN_LIT("abc"),
                                     });
    static const uint8_t want[] = {
        17, 0,   0,   0,  MESSAGE_ENDPOINT_DONE, 0, 3, 0, 4, 3, 2, 1, 6, 5, 10, 9, 8, 7, 3, 0, 0,
        0,  'a', 'b', 'c'};
    cr_expect(span_eq(buf_span(&wire), (struct span){want, sizeof(want)}));
    buf_deinit(&wire);
}

#define BASIS_AT 26 /* 17 octets of the address, 2 of the port, 4 words, 2 of the version */

static bool same_brief(const struct endpoint_brief *a, const struct endpoint_brief *b)
{
    return net_addr_eq(&a->address, &b->address) && a->port == b->port &&
           a->outcome == b->outcome && a->not_tested == b->not_tested &&
           a->starttls == b->starttls && a->inherited == b->inherited && a->mapped == b->mapped &&
           a->tls_version == b->tls_version && a->chain.status == b->chain.status &&
           memcmp(&a->chain, &b->chain, sizeof(a->chain)) == 0 &&
           memcmp(&a->no_sni_chain, &b->no_sni_chain, sizeof(a->no_sni_chain)) == 0 &&
           a->name_match == b->name_match && a->sni == b->sni &&
           a->sni_acceptable == b->sni_acceptable && a->covers_parents == b->covers_parents &&
           a->ptr_is_host == b->ptr_is_host &&
           memcmp(a->leaf_sha256, b->leaf_sha256, sizeof(a->leaf_sha256)) == 0;
}

Test(message, briefs_come_back_as_they_were_put)
{
    struct endpoint_brief briefs[4] = {
        {.port = 25},
        {.port = 65535,
         .outcome = OUTCOME_ESTABLISHED,
         .starttls = STARTTLS_OFFERED,
         .inherited = 1,
         .tls_version = 0x0304,
         .chain = {CHAIN_UNPARSABLE, 0x81, 0x42, 0x24},
         .no_sni_chain = {CHAIN_EXPIRED, 0x18, 0x10, 0x08},
         .name_match = NAME_MATCH_OTHER,
         .sni = SNI_UNSTABLE,
         .sni_acceptable = SNI_ACCEPTABLE_NEITHER,
         .covers_parents = 5,
         .ptr_is_host = TRUTH_YES},
        {.outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_INTERRUPTED},
        {.outcome = 255,
         .not_tested = 255,
         .starttls = 255,
         .inherited = 255,
         .mapped = 255,
         .tls_version = 65535,
         .chain = {255, 254},
         .name_match = 253,
         .sni = 252,
         .sni_acceptable = 249,
         .covers_parents = 251,
         .ptr_is_host = 250},
    };
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    unsigned n = 0;
    for (size_t i = 0; i < 4; i++) {
        briefs[i].address = make_addr(&n);
        memset(briefs[i].leaf_sha256, (int)i * 85, sizeof(briefs[i].leaf_sha256));
        brief_put(&wire, &briefs[i]);
        cr_expect_eq(wire.len, (i + 1) * BRIEF_LEN);
    }
    struct span in = buf_span(&wire);
    for (size_t i = 0; i < 4; i++) {
        struct endpoint_brief got = brief_get(&in);
        cr_expect(same_brief(&got, &briefs[i]), "brief %zu", i);
    }
    cr_expect_eq(in.len, 0);
    buf_deinit(&wire);
}

/* Every field has a place of its own in the octets, and comes back from it. */
Test(message, each_octet_of_a_brief_is_kept)
{
    uint8_t octets[BRIEF_LEN];
    struct buf again = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (uint8_t)(i + 1);
    }
    struct span in = {octets, sizeof(octets)};
    struct endpoint_brief b = brief_get(&in);
    cr_expect_eq(in.len, 0);
    brief_put(&again, &b);
    for (size_t i = 0; i < sizeof(octets); i++) {
        bool basis = again.at[i] == 0; /* the one octet that is kept free */
        cr_expect(again.at[i] == octets[i] || (basis && i == BASIS_AT), "octet %zu", i);
    }
    buf_deinit(&again);
}
