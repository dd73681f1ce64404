#include <signal.h>

#include <criterion/criterion.h>

#include "scanner/flow/seen_codec.h"

/**
 * Of each struct, all octets are filled, each with another value, put and got. What comes back must be the same
 * octet by octet, so that a member that no list names shows as zeros. Padding belongs to no
 * member; it is cleared, or nobody could tell it from one that was forgotten.
 */
#if defined(__clang__)
#    define CLEAR_PADDING(at) cr_skip_test("needs __builtin_clear_padding of GCC")
#else
#    define CLEAR_PADDING(at) __builtin_clear_padding(at)
#endif

static const uint8_t some_octets[] = {'o', 0, 0xff};

/* --- members that may not be just any octets ----------------------------------------------- */

static void fill_nothing(void *at)
{
    (void)at;
}

static void fill_flag(void *at)
{
    *(bool *)at = true;
}

static void fill_span(void *at)
{
    *(struct span *)at = (struct span){some_octets, sizeof(some_octets)};
}

/* Stated in the list: the octets do not hold it. */
static void leave_out_issuers(void *at)
{
    ((struct chain_brief *)at)->issuers = 0;
}

/* An enumerator has few values. */
static void fill_word(const char *type, void *at, size_t len)
{
    if (strcmp(type, "word") == 0) {
        memset(at, 0, len);
        *(uint8_t *)at = 7;
    }
}

static void fill_tls(void *at);
static void fill_reply(void *at);
static void fill_smtp(void *at);
static void fill_hello(void *at);

#define FILL(type, name)                                              \
    _Generic(&v->name, bool *: fill_flag, struct span *: fill_span, \
        struct chain_brief *: leave_out_issuers, struct seen_tls *: fill_tls, \
        struct seen_reply *: fill_reply, struct seen_smtp *: fill_smtp, \
        struct seen_hello *: fill_hello, default: fill_nothing)(&v->name); \
    fill_word(#type, &v->name, sizeof(v->name));
#define NOTHING(name)

static void fill_tls(void *at)
{
    struct seen_tls *v = at;
    FIELDS_TLS(FILL, NOTHING)
}

static void fill_reply(void *at)
{
    struct seen_reply *v = at;
    FIELDS_REPLY(FILL, NOTHING)
    CLEAR_PADDING(v); /* GCC 12 does not find that of structs in an array */
}

static void fill_smtp(void *at)
{
    struct seen_smtp *v = at;
    FIELDS_SMTP(FILL, NOTHING)
}

static void fill_hello(void *at)
{
    struct seen_hello *v = at;
    FIELDS_HELLO(FILL, NOTHING)
}

/* --- members that do not lead to the same place -------------------------------------------- */

static void same_nothing(void *got, const void *want)
{
    (void)got;
    (void)want;
}

/* Its octets are compared, its place is made that of `want`. */
static void same_span(void *got, const void *want)
{
    cr_expect(span_eq(*(struct span *)got, *(const struct span *)want));
    cr_expect_neq(((struct span *)got)->at, some_octets, "borrows from what was put");
    *(struct span *)got = *(const struct span *)want;
}

static void same_tls(void *got, const void *want)
{
    same_span(&((struct seen_tls *)got)->list, &((const struct seen_tls *)want)->list);
}

static void same_reply(void *got, const void *want)
{
    same_span(&((struct seen_reply *)got)->text, &((const struct seen_reply *)want)->text);
    CLEAR_PADDING((struct seen_reply *)got);
}

static void same_smtp(void *got, const void *want);

#define SAME(type, name)                      \
    _Generic(&got->name, struct span *        \
             : same_span, struct seen_tls *   \
             : same_tls, struct seen_reply *  \
             : same_reply, struct seen_smtp * \
             : same_smtp, default             \
             : same_nothing)(&got->name, &want->name);

static void same_smtp(void *at_got, const void *at_want)
{
    struct seen_smtp *got = at_got;
    const struct seen_smtp *want = at_want;
    FIELDS_SMTP(SAME, NOTHING)
}

/* ------------------------------------------------------------------------------------------- */

static void fill_octets(void *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)at)[i] = (uint8_t)(i % 251 + 1);
    }
}

static void expect_octets(const void *got, const void *want, size_t len, const char *what)
{
    for (size_t i = 0; i < len; i++) {
        cr_expect_eq(((const uint8_t *)got)[i], ((const uint8_t *)want)[i], "%s, octet %zu", what,
                     i);
    }
}

#define X(NAME, type, c_type)                                                             \
    static void fill_whole_##type(c_type *v)                                              \
    {                                                                                     \
        fill_octets(v, sizeof(*v));                                                       \
        FIELDS_##NAME(FILL, NOTHING);                                                     \
        _Generic(v, struct chain_brief * : leave_out_issuers, default : fill_nothing)(v); \
        CLEAR_PADDING(v);                                                                 \
    }                                                                                     \
    static void expect_whole_##type(c_type *got, const c_type *want)                      \
    {                                                                                     \
        FIELDS_##NAME(SAME, NOTHING);                                                     \
        CLEAR_PADDING(got);                                                               \
        expect_octets(got, want, sizeof(*got), #type);                                    \
    }                                                                                     \
    static void put_and_get_##type(void)                                                  \
    {                                                                                     \
        struct buf wire = BUF_INIT(BUF_NO_LIMIT);                                         \
        c_type want;                                                                      \
        fill_whole_##type(&want);                                                         \
        codec_put_##type(&wire, want);                                                    \
        codec_put_u8(&wire, 77);                                                          \
        struct span in = buf_span(&wire);                                                 \
        c_type got = codec_get_##type(&in);                                               \
        cr_expect_eq(in.len, 1, "%s takes what it put", #type);                           \
        expect_whole_##type(&got, &want);                                                 \
        buf_deinit(&wire);                                                                \
    }
SEEN_TYPES(X)
#undef X

Test(seen_codec, every_member_of_every_type_comes_back)
{
#define X(NAME, type, c_type) put_and_get_##type();
    SEEN_TYPES(X)
#undef X
}

/* --- what a fetch of a policy showed --------------------------------------------------------- */

static void fill_policy(struct seen_policy *v)
{
    fill_octets(v, sizeof(*v));
    FIELDS_POLICY_FETCHED(FILL, NOTHING);
    v->outcome = POLICY_FETCH_LOCAL_FAULT;
    v->attempt_count = POLICY_ATTEMPTS_MAX;
}

/* What DNS said and what is judged is not of the fetch: it stays as it was. */
static void set_others(struct seen_policy *p)
{
    p->policy_host = SPAN_LIT("kept");
    p->a = (struct seen_dns){.state = DNS_DATA};
    p->aaaa = (struct seen_dns){.state = DNS_NODATA};
    p->cnames = &p->policy_host;
    p->cname_count = 1;
    p->addresses = NULL;
    p->address_count = 2;
    p->not_tested = NOT_TESTED_BLOCKLISTED;
    p->chain = (struct chain_brief){.status = 3, .issuers = 4};
}

Test(seen_codec, what_a_fetch_showed_comes_back)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    struct seen_policy two[2];
    struct seen_policy *want = &two[0];
    struct seen_policy *got = &two[1];
    memset(got, 0, sizeof(*got));
    set_others(got);
    fill_policy(want);
    policy_fetched_put(&wire, want);
    policy_fetched_get(buf_span(&wire), got);
    FIELDS_POLICY_FETCHED(SAME, NOTHING);
    cr_assert_eq(got->attempt_count, POLICY_ATTEMPTS_MAX);
    for (size_t i = 0; i < POLICY_ATTEMPTS_MAX; i++) {
        CLEAR_PADDING(&want->attempts[i]);
        expect_whole_policy_attempt(&got->attempts[i], &want->attempts[i]);
    }
    cr_expect(span_eq(got->policy_host, SPAN_LIT("kept")));
    cr_expect_eq(got->cnames, &got->policy_host);
    cr_expect_eq(got->address_count, 2);
    set_others(want);
    got->cnames = want->cnames;
    /* Up to the attempts: behind a long array of structs, GCC 12 clears at the wrong places. */
    CLEAR_PADDING(want);
    CLEAR_PADDING(got);
    expect_octets(got, want, offsetof(struct seen_policy, attempts), "policy");
    cr_expect_eq(offsetof(struct seen_policy, attempts) + sizeof(want->attempts), sizeof(*want),
                 "they are the last");
    buf_deinit(&wire);
}

Test(seen_codec, a_fetch_without_attempts_comes_back)
{
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    struct seen_policy none = {
        .outcome = POLICY_FETCH_INTERRUPTED, .tls_ms = -1, .tls = {.ms = -1}};
    struct seen_policy got = {.attempt_count = 3};
    policy_fetched_put(&wire, &none);
    policy_fetched_get(buf_span(&wire), &got);
    cr_expect_eq(got.attempt_count, 0);
    cr_expect_eq(got.outcome, POLICY_FETCH_INTERRUPTED);
    cr_expect_eq(got.tls_ms, -1);
    cr_expect_eq(got.tls.ms, -1);
    cr_expect_eq(got.body.len, 0);
    buf_deinit(&wire);
}

Test(seen_codec, more_attempts_than_are_kept_stop, .signal = SIGABRT)
{
    struct seen_policy p;
    fill_policy(&p);
    struct buf wire = BUF_INIT(BUF_NO_LIMIT);
    policy_fetched_put(&wire, &p);
    wire.at[1]++; /* the count stands behind the outcome */
    policy_fetched_get(buf_span(&wire), &p);
}
