#include <criterion/criterion.h>

#include "scanner/tls/key_schedule.h"

#define COUNT(a)       (sizeof(a) / sizeof((a)[0]))
#define KNOWN(literal) ((struct span){(const uint8_t *)(literal), sizeof(literal) - 1})
#define LEN            32 /* of SHA-256, which RFC 8448 uses throughout */

TestSuite(key_schedule);

/* RFC 8448 section 3. */
#define EARLY                                                          \
    "\x33\xad\x0a\x1c\x60\x7e\xc0\x3b\x09\xe6\xcd\x98\x93\x68\x0c\xe2" \
    "\x10\xad\xf3\x00\xaa\x1f\x26\x60\xe1\xb2\x2e\x10\xf1\x70\xf9\x2a"
#define SHARED                                                         \
    "\x8b\xd4\x05\x4f\xb5\x5b\x9d\x63\xfd\xfb\xac\xf9\xf0\x4b\x9f\x0d" \
    "\x35\xe6\xd6\x3f\x53\x75\x63\xef\xd4\x62\x72\x90\x0f\x89\x49\x2d"
#define HANDSHAKE                                                      \
    "\x1d\xc8\x26\xe9\x36\x06\xaa\x6f\xdc\x0a\xad\xc1\x2f\x74\x1b\x01" \
    "\x04\x6a\xa6\xb9\x9f\x69\x1e\xd2\x21\xa9\xf0\xca\x04\x3f\xbe\xac"
#define MASTER                                                         \
    "\x18\xdf\x06\x84\x3d\x13\xa0\x8b\xf2\xa4\x49\x84\x4c\x5f\x8a\x47" \
    "\x80\x01\xbc\x4d\x4c\x62\x79\x84\xd5\xa4\x1d\xa8\xd0\x40\x29\x19"
#define HELLOS /* hash of both */                                      \
    "\x86\x0c\x06\xed\xc0\x78\x58\xee\x8e\x78\xf0\xe7\x42\x8c\x58\xed" \
    "\xd6\xb4\x3f\x2c\xa3\xe6\xe9\x5f\x02\xed\x06\x3c\xf0\xe1\xca\xd8"
#define CLIENT_TRAFFIC                                                 \
    "\xb3\xed\xdb\x12\x6e\x06\x7f\x35\xa7\x80\xb3\xab\xf4\x5e\x2d\x8f" \
    "\x3b\x1a\x95\x07\x38\xf5\x2e\x96\x00\x74\x6a\x0e\x27\xa5\x5a\x21"
#define CLIENT_KEY "\xdb\xfa\xa6\x93\xd1\x76\x2c\x5b\x66\x6a\xf5\xd9\x50\x25\x8d\x01"
#define CLIENT_IV  "\x5b\xd3\xc7\x1b\x83\x6e\x0b\x76\xbb\x73\x26\x5f"

struct known_case {
    const char *name;
    bool extract;
    struct span key;
    struct span salt;
    const char *label;
    struct span data;
    struct span want;
};

static const struct known_case known_cases[] = {
    {"early secret", true, {0}, {0}, "derived", {0}, SPAN_INIT(EARLY)},
    {"handshake secret",
     true,
     SPAN_INIT(SHARED),
     SPAN_INIT(EARLY),
     "derived",
     {0},
     SPAN_INIT(HANDSHAKE)},
    {"client's handshake traffic",
     false,
     SPAN_INIT(HANDSHAKE),
     {0},
     "c hs traffic",
     SPAN_INIT(HELLOS),
     SPAN_INIT(CLIENT_TRAFFIC)},
    {"key", false, SPAN_INIT(CLIENT_TRAFFIC), {0}, "key", {0}, SPAN_INIT(CLIENT_KEY)},
    {"iv", false, SPAN_INIT(CLIENT_TRAFFIC), {0}, "iv", {0}, SPAN_INIT(CLIENT_IV)},
    {"master secret", true, {0}, SPAN_INIT(HANDSHAKE), "derived", {0}, SPAN_INIT(MASTER)},
};

static struct schedule_request request_of(const struct known_case *c)
{
    return (struct schedule_request){
        .hash = SCHEDULE_SHA256,
        .extract = c->extract,
        .key = c->key,
        .salt = c->salt,
        .prefix = SPAN_LIT("tls13 "),
        .label = span_of(c->label),
        .data = c->data,
    };
}

/* Twice: what is kept of the first time is used. */
Test(key_schedule, it_is_that_of_rfc_8448)
{
    struct key_schedule s;
    key_schedule_init(&s);
    for (size_t i = 0; i < 2 * COUNT(known_cases); i++) {
        const struct known_case *c = &known_cases[i % COUNT(known_cases)];
        struct schedule_request r = request_of(c);
        uint8_t out[LEN];
        cr_assert(key_schedule_compute(&s, &r, out, c->want.len), "%s", c->name);
        cr_expect(span_eq((struct span){out, c->want.len}, c->want), "%s, %zu", c->name, i);
    }
}

/* More secrets than are kept, and each again: nothing is taken for another one. */
Test(key_schedule, secrets_that_were_dropped_count_as_new_ones)
{
    enum {
        SECRETS = 3 * SCHEDULE_SECRETS_MAX
    };
    uint8_t first[SECRETS][LEN];
    struct key_schedule s;
    key_schedule_init(&s);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < SECRETS; i++) {
            uint8_t secret[LEN] = {(uint8_t)i};
            struct schedule_request r = request_of(&known_cases[2]);
            uint8_t out[LEN];
            r.key = (struct span){secret, sizeof(secret)};
            if (round == 1) {
                key_schedule_init(&s);
            }
            cr_assert(key_schedule_compute(&s, &r, round == 0 ? first[i] : out, LEN));
            cr_expect(round == 0 || memcmp(out, first[i], LEN) == 0, "%zu, %zu", round, i);
            cr_expect(i == 0 || memcmp(first[i], first[i - 1], LEN) != 0, "%zu", i);
        }
    }
}

Test(key_schedule, what_has_no_such_form_is_refused)
{
    static const uint8_t many[256];
    struct key_schedule s;
    key_schedule_init(&s);
    uint8_t out[SCHEDULE_SECRET_MAX + 1];
    struct schedule_request good = request_of(&known_cases[2]);
    struct schedule_request r = good;
    cr_expect(key_schedule_compute(&s, &r, out, 1));
    cr_expect(!key_schedule_compute(&s, &r, out, 0), "nothing");
    cr_expect(!key_schedule_compute(&s, &r, out, LEN + 1), "more than a block");
    r.data = (struct span){many, 255};
    cr_expect(key_schedule_compute(&s, &r, out, LEN), "the longest context");
    r.data = (struct span){many, 256};
    cr_expect(!key_schedule_compute(&s, &r, out, LEN), "a longer one");
    r = good;
    r.label = (struct span){many, 249};
    cr_expect(key_schedule_compute(&s, &r, out, LEN), "the longest label");
    r.label = (struct span){many, 250};
    cr_expect(!key_schedule_compute(&s, &r, out, LEN), "a longer one");
    r = good;
    r.key = (struct span){many, LEN + 1};
    cr_expect(!key_schedule_compute(&s, &r, out, LEN), "a secret that is none of the hash");
    r.key = (struct span){0};
    cr_expect(!key_schedule_compute(&s, &r, out, LEN), "no secret");
    r = request_of(&known_cases[1]);
    cr_expect(!key_schedule_compute(&s, &r, out, LEN - 1), "a part of a secret");
    r.salt = (struct span){many, LEN + 1};
    cr_expect(!key_schedule_compute(&s, &r, out, LEN), "a longer secret before");
}

Test(key_schedule, hashes_are_those_of_the_suites)
{
    enum schedule_hash hash = SCHEDULE_HASHES;
    cr_expect(schedule_hash_of("SHA2-256", &hash) && hash == SCHEDULE_SHA256);
    cr_expect(schedule_hash_of("SHA2-384", &hash) && hash == SCHEDULE_SHA384);
    cr_expect_eq(schedule_hash_len(SCHEDULE_SHA256), 32U);
    cr_expect_eq(schedule_hash_len(SCHEDULE_SHA384), 48U);
    cr_expect_not(schedule_hash_of("SHA2-512", &hash));
    cr_expect_not(schedule_hash_of("", &hash));
}
