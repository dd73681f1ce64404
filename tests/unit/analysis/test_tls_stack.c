#include <criterion/criterion.h>

#include "scanner/analysis/sender_profile.h"

#define SUITE(name)    1U << STACK_CIPHER_##name
#define EXCHANGE(name) 1U << STACK_EXCHANGE_##name
#define GROUP(name)    1U << STACK_GROUP_##name
#define KEY(name)      1U << LEAF_KEY_##name
#define RESTS(name)    1U << STACK_FIELD_##name

/* A stack of today: ECDHE alone, no large or small keys, checks what the key is for. */
#define STRICT                                                                              \
    {                                                                                       \
        .exchanges = EXCHANGE(ECDHE), .ciphers = SUITE(AES_GCM) | SUITE(CHACHA20),          \
        .groups = GROUP(X25519) | GROUP(P256) | GROUP(P384),                                \
        .leaf_keys = KEY(RSA) | KEY(P256) | KEY(P384) | KEY(ED25519), .rsa_bits_min = 1024, \
        .rsa_bits_max = 8192, .dh_bits_min = 2048, .list_octets_max = 102400,               \
        .key_usage = STACK_YES, .warning_alerts = STACK_NO                                  \
    }
/* One that takes everything, within the sizes. */
#define LENIENT                                                                                   \
    {                                                                                             \
        .exchanges = 7, .ciphers = 63, .groups = 15, .leaf_keys = UINT32_MAX - 1,                 \
        .rsa_bits_min = 0, .rsa_bits_max = 16384, .dh_bits_min = 1024, .list_octets_max = 102400, \
        .key_usage = STACK_NO, .warning_alerts = STACK_YES                                        \
    }
#define UNKNOWN                                                                                    \
    {                                                                                              \
        .exchanges = STACK_UNKNOWN_SET, .ciphers = STACK_UNKNOWN_SET, .groups = STACK_UNKNOWN_SET, \
        .leaf_keys = STACK_UNKNOWN_SET, .rsa_bits_min = STACK_UNKNOWN_NUMBER,                      \
        .rsa_bits_max = STACK_UNKNOWN_NUMBER, .dh_bits_min = STACK_UNKNOWN_NUMBER,                 \
        .list_octets_max = STACK_UNKNOWN_NUMBER                                                    \
    }

static const struct tls_stack stacks[] = {STRICT, LENIENT, UNKNOWN};
static const char *const stack_names[] = {"strict", "lenient", "unknown"};

#define TLS13_AES      0x1302
#define ECDHE_GCM      0xc030
#define ECDHE_CBC      0xc014 /* with AES-256 */
#define ECDHE_CBC_384  0xc028
#define ECDHE_CHACHA   0xcca8
#define DHE_GCM        0x009f
#define RSA_GCM        0x009d
#define RSA_3DES       0x000a
#define ECDHE_CAMELLIA 0xc077
#define X25519         0x001d
#define P256           0x0017
#define P521           0x0019

static const struct {
    const char *name;
    struct sender_facts met;
    enum fit fit[3];              /* of the stacks above */
    enum stack_obstacle obstacle; /* of the first that does not fit */
    uint32_t fields;              /* what the first stack's answer rests on */
} rows[] = {
    {"nothing was met", {0}, {FIT_YES, FIT_YES, FIT_YES}, STACK_OBSTACLE_NONE, 0},
    {"RFC 8446 section 9.1: what all implement",
     {.cipher = TLS13_AES, .group = P256, .list_kib = 4, .key = {2048, LEAF_KEY_RSA, 7}},
     {FIT_YES, FIT_YES, FIT_YES},
     STACK_OBSTACLE_NONE,
     0},
    {"TLS 1.2 as all speak it",
     {.cipher = ECDHE_GCM, .group = P256, .list_kib = 4, .key = {4096, LEAF_KEY_RSA, 0}},
     {FIT_YES, FIT_YES, FIT_YES},
     STACK_OBSTACLE_NONE,
     0},
    {"an ECDSA key that may sign",
     {.cipher = ECDHE_GCM, .key = {0, LEAF_KEY_P384, LEAF_USAGE_LIMITED | LEAF_USAGE_SIGNS}},
     {FIT_YES, FIT_YES, FIT_YES},
     STACK_OBSTACLE_NONE,
     0},
    {"another group, which libraries of these years have",
     {.cipher = TLS13_AES, .group = X25519},
     {FIT_YES, FIT_YES, FIT_YES},
     STACK_OBSTACLE_NONE,
     RESTS(GROUPS)},
    {"a group that not all have: the server may take P-256 as well",
     {.cipher = TLS13_AES, .group = P521},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(GROUPS)},
    {"ChaCha20",
     {.cipher = ECDHE_CHACHA},
     {FIT_YES, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(CIPHERS)},
    {"CBC: the server may have others that it likes less",
     {.cipher = ECDHE_CBC},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(CIPHERS)},
    {"CBC with SHA-384, which GnuTLS and Go leave out",
     {.cipher = ECDHE_CBC_384},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(CIPHERS)},
    {"Camellia",
     {.cipher = ECDHE_CAMELLIA},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(CIPHERS)},
    {"key transport by RSA, off in Go since 1.22",
     {.cipher = RSA_GCM, .key = {2048, LEAF_KEY_RSA, 0}},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(EXCHANGES)},
    {"3DES",
     {.cipher = RSA_3DES, .key = {2048, LEAF_KEY_RSA, 0}},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(EXCHANGES) | RESTS(CIPHERS)},
    {"DHE of 2,048 bits",
     {.cipher = DHE_GCM, .dh_bits = 2048},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(EXCHANGES)},
    {"DHE that is too small: the server takes it again",
     {.cipher = DHE_GCM, .dh_bits = 768},
     {FIT_UNKNOWN, FIT_NO, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(EXCHANGES)},
    {"RFC 4055: Go cannot use the key",
     {.cipher = TLS13_AES, .key = {2048, LEAF_KEY_RSA_PSS, 0}},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_KEY,
     RESTS(LEAF_KEYS)},
    {"Ed25519",
     {.cipher = TLS13_AES, .key = {0, LEAF_KEY_ED25519, 0}},
     {FIT_YES, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_KEY,
     RESTS(LEAF_KEYS)},
    {"Ed448",
     {.cipher = TLS13_AES, .key = {0, LEAF_KEY_ED448, 0}},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_KEY,
     RESTS(LEAF_KEYS)},
    {"a large RSA key: the same leaf comes again",
     {.cipher = TLS13_AES, .key = {8193, LEAF_KEY_RSA, 0}},
     {FIT_NO, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_KEY,
     RESTS(RSA_BITS_MAX)},
    {"as large as it may be",
     {.cipher = TLS13_AES, .key = {8192, LEAF_KEY_RSA, 0}},
     {FIT_YES, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_KEY,
     RESTS(RSA_BITS_MAX)},
    {"a small RSA key",
     {.cipher = TLS13_AES, .key = {1023, LEAF_KEY_RSA, 0}},
     {FIT_NO, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_KEY,
     RESTS(RSA_BITS_MIN)},
    {"RFC 8446 section 4.4.2.2: the key may not sign",
     {.cipher = TLS13_AES, .key = {2048, LEAF_KEY_RSA, LEAF_USAGE_LIMITED | LEAF_USAGE_ENCIPHERS}},
     {FIT_NO, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_USAGE,
     RESTS(KEY_USAGE)},
    {"RFC 5246 section 7.4.2: for key transport it need not",
     {.cipher = RSA_GCM, .key = {2048, LEAF_KEY_RSA, LEAF_USAGE_LIMITED | LEAF_USAGE_ENCIPHERS}},
     {FIT_UNKNOWN, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_SUITE,
     RESTS(EXCHANGES)},
    {"but has to decipher",
     {.cipher = RSA_GCM, .key = {2048, LEAF_KEY_RSA, LEAF_USAGE_LIMITED | LEAF_USAGE_SIGNS}},
     {FIT_NO, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_USAGE,
     RESTS(KEY_USAGE)},
    {"a long list", {.list_kib = 48}, {FIT_YES, FIT_YES, FIT_YES}, STACK_OBSTACLE_NONE, 0},
    {"a longer one",
     {.list_kib = 99},
     {FIT_YES, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_LIST,
     RESTS(LIST_OCTETS_MAX)},
    {"at the limit to the KiB",
     {.list_kib = 100},
     {FIT_UNKNOWN, FIT_UNKNOWN, FIT_UNKNOWN},
     STACK_OBSTACLE_LIST,
     RESTS(LIST_OCTETS_MAX)},
    {"over the limit of OpenSSL, SSL_CTX_set_max_cert_list(3)",
     {.list_kib = 101},
     {FIT_NO, FIT_NO, FIT_UNKNOWN},
     STACK_OBSTACLE_LIST,
     RESTS(LIST_OCTETS_MAX)},
    {"RFC 5246 section 7.2.2: a warning ends it, or does not",
     {.cipher = ECDHE_GCM, .events = SENDER_EVENT_NAME_WARNING},
     {FIT_NO, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_ALERT,
     RESTS(WARNING_ALERTS)},
    {"a refusal before TLS is none of it",
     {.cipher = ECDHE_GCM, .events = SENDER_EVENT_STARTTLS_5XX},
     {FIT_YES, FIT_YES, FIT_YES},
     STACK_OBSTACLE_NONE,
     0},
    {"two faults: the certain one decides",
     {.cipher = ECDHE_CBC, .key = {9000, LEAF_KEY_RSA, 0}},
     {FIT_NO, FIT_YES, FIT_UNKNOWN},
     STACK_OBSTACLE_KEY,
     RESTS(RSA_BITS_MAX)},
};

Test(tls_stack, what_completes_a_handshake)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool first = true;
        for (size_t s = 0; s < 3; s++) {
            struct stack_verdict v = tls_stack_fits(&stacks[s], &rows[i].met, 0x0303);
            cr_expect_eq(v.fit, rows[i].fit[s], "%s, %s: %d", rows[i].name, stack_names[s], v.fit);
            cr_expect_eq(v.obstacle == STACK_OBSTACLE_NONE, v.fit == FIT_YES, "%s, %s",
                         rows[i].name, stack_names[s]);
            if (s == 0) {
                cr_expect_eq(v.fields, rows[i].fields, "%s rests on %x", rows[i].name, v.fields);
            }
            if (first && v.fit != FIT_YES) {
                cr_expect_eq(v.obstacle, rows[i].obstacle, "%s: %d", rows[i].name, v.obstacle);
                first = false;
            }
        }
    }
}

/* RFC 5246 section 9 names CBC with SHA-1; who speaks nothing newer has it. */
Test(tls_stack, before_tls_1_2_there_is_only_cbc)
{
    const struct sender_facts met = {.cipher = ECDHE_CBC};
    cr_expect_eq(tls_stack_fits(&stacks[2], &met, 0x0302).fit, FIT_YES);
    cr_expect_eq(tls_stack_fits(&stacks[2], &met, 0x0303).fit, FIT_UNKNOWN);
}

/* RFC 4346 section 7.4.3: no SHA-1, no signature of the server's key exchange; RSA key exchange has none. */
Test(tls_stack, before_tls_1_2_all_signatures_are_sha_1)
{
    struct tls_stack level_1 = LENIENT;
    level_1.sha1_signatures = STACK_NO;
    const struct sender_facts signs = {.cipher = ECDHE_CBC};
    const struct sender_facts encrypts = {.cipher = RSA_3DES};
    cr_expect_eq(tls_stack_fits(&level_1, &signs, 0x0302).fit, FIT_NO);
    cr_expect_eq(tls_stack_fits(&level_1, &signs, 0x0303).fit, FIT_YES);
    cr_expect_eq(tls_stack_fits(&level_1, &encrypts, 0x0301).fit, FIT_YES);
    level_1.sha1_signatures = STACK_YES;
    cr_expect_eq(tls_stack_fits(&level_1, &signs, 0x0301).fit, FIT_YES);
}

/* RFC 5246 section 7.4.1.4.1: OpenSSL has SHA-224, GnuTLS 3.7 and Go do not offer it. */
Test(tls_stack, sha_224_is_for_openssl_to_read)
{
    struct tls_stack stack = LENIENT;
    const struct sender_facts met = {.cipher = ECDHE_CBC, .events = SENDER_EVENT_SHA224_SIGNATURE};
    stack.library = STACK_LIBRARY_OPENSSL;
    cr_expect_eq(tls_stack_fits(&stack, &met, 0x0303).fit, FIT_YES);
    stack.library = STACK_LIBRARY_GNUTLS;
    cr_expect_eq(tls_stack_fits(&stack, &met, 0x0303).fit, FIT_UNKNOWN);
    stack.library = STACK_LIBRARY_UNKNOWN;
    cr_expect_eq(tls_stack_fits(&stack, &met, 0x0303).fit, FIT_UNKNOWN);
}

Test(tls_stack, the_weakest_mark_counts)
{
    const struct tls_stack stack = {
        .marks = {
            [STACK_FIELD_GROUPS] = FIELD_MARK_ASSUMED, [STACK_FIELD_PATHS] = FIELD_MARK_OBSERVED}};
    const struct sender_profile p = {.stack = &stack,
                                     .marks = {[PROFILE_FIELD_SNI] = FIELD_MARK_OBSERVED,
                                               [PROFILE_FIELD_LEVEL] = FIELD_MARK_DOCUMENTED}};
    static const struct {
        struct rests_on on;
        enum field_mark mark;
    } marks[] = {
        {{0}, FIELD_MARK_NONE},
        {{.profile = 1U << PROFILE_FIELD_SNI}, FIELD_MARK_OBSERVED},
        {{.profile = 1U << PROFILE_FIELD_SNI | 1U << PROFILE_FIELD_LEVEL}, FIELD_MARK_DOCUMENTED},
        {{.profile = 1U << PROFILE_FIELD_SNI, .stack = RESTS(PATHS)}, FIELD_MARK_OBSERVED},
        {{.profile = 1U << PROFILE_FIELD_LEVEL, .stack = RESTS(PATHS) | RESTS(GROUPS)},
         FIELD_MARK_ASSUMED},
    };
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        enum field_mark mark = sender_profile_mark(&p, &marks[i].on);
        cr_expect_eq(mark, marks[i].mark, "row %zu: %s", i, field_mark_word(mark));
    }
}
