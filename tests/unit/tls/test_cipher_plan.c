#include <criterion/criterion.h>

#include "scanner/base/check.h"
#include "scanner/observation/tls_names.h"
#include "scanner/tls/cipher_plan.h"
#include "scanner/tls/version_probe.h"
#include "tests/unit/tls/peer.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define HAS_MAX   8
#define HELLO_MAX 4096
#define ENOUGH    1000 /* more sessions than any plan makes */

#define TLS10 0x0301
#define TLS11 0x0302
#define TLS12 0x0303
#define TLS13 0x0304

TestSuite(cipher_plan, .init = tls_process_init);

enum manner {
    ALERTS,
    CLOSES,
    HANGS,
    TURNS_AWAY,
    MEETS_OUR_FAULT
};

/* A server as it is and as it fails. */
struct simulated {
    uint16_t versions;     /* bit n: 0x0301 + n */
    uint16_t has[HAS_MAX]; /* in its own order; empty: every suite that is offered */
    bool client_order;
    enum manner refuses;  /* what it shares nothing with */
    size_t list_max;      /* 0: no limit; else it fails at more suites */
    enum manner too_many; /* how */
    unsigned enough;      /* after so many sessions; 0: never */
    enum manner then;     /* what it does to all */
    unsigned odd_after;   /* after so many sessions it chooses `odd`; 0: never */
    uint16_t odd;
    int32_t ms; /* that a session takes */
};

static bool is_in(const uint16_t *list, size_t count, uint16_t suite)
{
    size_t i = 0;
    while (i < count && list[i] != suite) {
        i++;
    }
    return i < count;
}

/* RFC 5246 section 7.4.1.3: one of those offered; 0: none is shared. */
static uint16_t choose_suite(const struct simulated *s, const struct cipher_question *q)
{
    size_t count = 0;
    while (count < HAS_MAX && s->has[count] != 0) {
        count++;
    }
    if (count == 0) {
        return q->suite[s->client_order ? 0 : q->count - 1];
    }
    const uint16_t *from = s->client_order ? q->suite : s->has;
    size_t from_count = s->client_order ? q->count : count;
    for (size_t i = 0; i < from_count; i++) {
        if (is_in(s->client_order ? s->has : q->suite, s->client_order ? count : q->count,
                  from[i])) {
            return from[i];
        }
    }
    return 0;
}

static void fail(struct seen_session *seen, enum manner manner)
{
    switch (manner) {
    case ALERTS:
        seen->outcome = OUTCOME_TLS_NO_SHARED_CIPHER;
        seen->hello.answer = HELLO_REFUSED;
        break;
    case CLOSES:
        seen->outcome = OUTCOME_TLS_CLOSED;
        seen->hello.answer = HELLO_DECLINED;
        break;
    case HANGS:
        seen->outcome = OUTCOME_TLS_TIMEOUT;
        seen->hello.answer = HELLO_NONE;
        break;
    case TURNS_AWAY:
        seen->outcome = OUTCOME_GREETING_TEMPFAIL;
        seen->hello.answer = HELLO_NONE;
        break;
    case MEETS_OUR_FAULT:
        seen->outcome = OUTCOME_LOCAL_FAULT;
        seen->hello.answer = HELLO_NONE;
        break;
    }
}

static struct seen_session serve(const struct simulated *s, const struct cipher_question *q,
                                 unsigned made)
{
    struct seen_session seen = {.outcome = OUTCOME_ESTABLISHED, .total_ms = s->ms};
    seen.hello = (struct seen_hello){
        .attempted = true, .answer = HELLO_ACCEPTED, .max_version = q->version, .alert = -1};
    int version = q->version - TLS10; /* RFC 8446 section 4.2.1: the highest that both speak */
    while (version >= 0 && (s->versions & 1U << version) == 0) {
        version--;
    }
    uint16_t suite = choose_suite(s, q);
    if (s->enough != 0 && made >= s->enough) {
        fail(&seen, s->then);
    } else if (s->list_max != 0 && q->count > s->list_max) {
        fail(&seen, s->too_many);
    } else if (s->odd_after != 0 && made >= s->odd_after) {
        seen.hello.version = q->version;
        seen.hello.cipher = s->odd;
    } else if (version < 0 || suite == 0) {
        fail(&seen, s->refuses);
    } else {
        seen.hello.version = (uint16_t)(TLS10 + version);
        seen.hello.cipher = suite;
    }
    return seen;
}

static void run_plan(struct cipher_plan *plan, const struct simulated *s)
{
    struct cipher_question q;
    unsigned made = 0;
    while (cipher_plan_next(plan, &q)) {
        cr_assert(q.count >= 1 && q.count <= OFFERED_SUITES_MAX);
        struct seen_session seen = serve(s, &q, made++);
        cipher_plan_note(plan, &seen);
        cr_assert_lt(made, ENOUGH);
    }
    cr_expect_eq(plan->sessions, made);
}

struct plan_case {
    const char *name;
    struct simulated server;
    uint16_t version; /* the only one that is asked */
    enum truth spoken;
    enum cipher_end end;
    enum cipher_order order;
    unsigned sessions;
    uint16_t accepted[HAS_MAX]; /* as chosen */
};

#define V12 (1U << 2)
#define V13 (1U << 3)

static const struct plan_case cases[] = {
    {"an order of its own (RFC 5246 7.4.1.3)",
     {.versions = V12, .has = {0x002f, 0xc030, 0x000a}},
     TLS12,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_SERVER,
     5,
     {0x002f, 0xc030, 0x000a}},
    {"the client's order",
     {.versions = V12, .has = {0x002f, 0xc030, 0x000a}, .client_order = true},
     TLS12,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_CLIENT,
     5,
     {0xc030, 0x002f, 0x000a}},
    {"its own order is ours: told from the client's all the same",
     {.versions = V12, .has = {0xc030, 0x002f}},
     TLS12,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_SERVER,
     4,
     {0xc030, 0x002f}},
    {"only RC4 (RFC 7465): one suite has no order",
     {.versions = V12, .has = {0x0005}},
     TLS12,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_UNKNOWN,
     2,
     {0x0005}},
    {"only export, TLS 1.0 (RFC 4346 A.5)",
     {.versions = 1, .has = {0x0003, 0x0008}},
     TLS10,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_SERVER,
     4,
     {0x0003, 0x0008}},
    {"TLS 1.3 (RFC 8446 B.4)",
     {.versions = V13, .has = {0x1301, 0x1302}},
     TLS13,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_SERVER,
     4,
     {0x1301, 0x1302}},
    {"refuses by closing, as Schannel does: closed twice, and still there afterwards",
     {.versions = V12, .has = {0xc030, 0x002f}, .refuses = CLOSES},
     TLS12,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_SERVER,
     5,
     {0xc030, 0x002f}},
    {"the same with one suite: the last hello is sent for it too",
     {.versions = V12, .has = {0xc030}, .refuses = CLOSES},
     TLS12,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_UNKNOWN,
     4,
     {0xc030}},
    {"closes from the third session on: not a refusal, for it takes nothing any more",
     {.versions = V12, .has = {0xc030, 0x002f, 0x000a}, .enough = 2, .then = CLOSES},
     TLS12,
     TRUTH_YES,
     CIPHERS_INCONCLUSIVE,
     CIPHER_ORDER_UNKNOWN,
     6,
     {0xc030, 0x002f}},
    {"alerts from the third session on",
     {.versions = V12, .has = {0xc030, 0x002f, 0x000a}, .enough = 2, .then = ALERTS},
     TLS12,
     TRUTH_YES,
     CIPHERS_INCONCLUSIVE,
     CIPHER_ORDER_UNKNOWN,
     4,
     {0xc030, 0x002f}},
    {"silent from the third session on",
     {.versions = V12, .has = {0xc030, 0x002f, 0x000a}, .enough = 2, .then = HANGS},
     TLS12,
     TRUTH_YES,
     CIPHERS_INCONCLUSIVE,
     CIPHER_ORDER_UNKNOWN,
     3,
     {0xc030, 0x002f}},
    {"421 from the third session on",
     {.versions = V12, .has = {0xc030, 0x002f, 0x000a}, .enough = 2, .then = TURNS_AWAY},
     TLS12,
     TRUTH_YES,
     CIPHERS_INCONCLUSIVE,
     CIPHER_ORDER_UNKNOWN,
     3,
     {0xc030, 0x002f}},
    {"chooses again what is not offered any more (RFC 5246 7.4.1.3)",
     {.versions = V12, .has = {0xc030, 0x002f}, .odd_after = 1, .odd = 0xc030},
     TLS12,
     TRUTH_YES,
     CIPHERS_UNOFFERED,
     CIPHER_ORDER_UNKNOWN,
     2,
     {0xc030}},
    {"chooses a suite of TLS 1.3 in TLS 1.2 (RFC 8446 4.1.3)",
     {.versions = V12, .has = {0xc030}, .odd_after = 1, .odd = 0x1301},
     TLS12,
     TRUTH_YES,
     CIPHERS_UNOFFERED,
     CIPHER_ORDER_UNKNOWN,
     2,
     {0xc030}},
    {"another one only when the order is asked for",
     {.versions = V12, .has = {0xc030, 0x002f}, .odd_after = 3, .odd = 0x000a},
     TLS12,
     TRUTH_YES,
     CIPHERS_UNOFFERED,
     CIPHER_ORDER_UNKNOWN,
     4,
     {0xc030, 0x002f}},
    {"hangs at more than 64 suites: short lists tell no order",
     {.versions = V12, .has = {0x000a, 0xc030, 0x0005}, .list_max = 64, .too_many = HANGS},
     TLS12,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_UNKNOWN,
     12,
     {0xc030, 0x000a, 0x0005}},
    {"closes at more than 64 suites, and closes to refuse",
     {.versions = V12,
      .has = {0x000a, 0xc030},
      .refuses = CLOSES,
      .list_max = 64,
      .too_many = CLOSES},
     TLS12,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_UNKNOWN,
     20,
     {0xc030, 0x000a}},
    {"refuses more than 64 suites, and is known to speak the version",
     {.versions = V12, .has = {0x002f}, .list_max = 64, .too_many = ALERTS},
     TLS12,
     TRUTH_YES,
     CIPHERS_COMPLETE,
     CIPHER_ORDER_UNKNOWN,
     10,
     {0x002f}},
    {"refuses all, and is not known to speak the version: believed at once",
     {.versions = V12, .has = {0x00ff}},
     TLS12,
     TRUTH_UNKNOWN,
     CIPHERS_NONE,
     CIPHER_ORDER_UNKNOWN,
     1,
     {0}},
    {"closes whatever is offered",
     {.versions = V12, .has = {0x00ff}, .refuses = CLOSES},
     TLS13,
     TRUTH_UNKNOWN,
     CIPHERS_INCONCLUSIVE,
     CIPHER_ORDER_UNKNOWN,
     2,
     {0}},
    {"silent whatever is offered: the long hello and a short one",
     {.versions = V12, .has = {0x00ff}, .refuses = HANGS},
     TLS12,
     TRUTH_UNKNOWN,
     CIPHERS_INCONCLUSIVE,
     CIPHER_ORDER_UNKNOWN,
     2,
     {0}},
    {"answers with an older version (RFC 5246 E.1): this one is not spoken",
     {.versions = 1, .has = {0x002f}},
     TLS12,
     TRUTH_UNKNOWN,
     CIPHERS_NONE,
     CIPHER_ORDER_UNKNOWN,
     1,
     {0}},
};

static void run_case(const struct plan_case *c)
{
    uint8_t spoken[TLS_VERSION_COUNT] = {TRUTH_NO, TRUTH_NO, TRUTH_NO, TRUTH_NO};
    spoken[c->version - TLS10] = (uint8_t)c->spoken;
    struct cipher_plan plan;
    cipher_plan_init(&plan, spoken);
    run_plan(&plan, &c->server);
    const struct accepted_suites *v = &plan.version[c->version - TLS10];
    cr_expect_eq(v->end, c->end, "%s: end %u", c->name, v->end);
    cr_expect_eq(v->order, c->order, "%s: order %u", c->name, v->order);
    cr_expect_eq(plan.sessions, c->sessions, "%s: %u sessions", c->name, plan.sessions);
    cr_expect_eq(v->sessions, c->sessions, "%s", c->name);
    cr_expect_not(plan.truncated, "%s", c->name);
    size_t count = 0;
    while (count < HAS_MAX && c->accepted[count] != 0) {
        count++;
    }
    cr_assert_eq(v->count, count, "%s: %u accepted", c->name, v->count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(v->suite[i], c->accepted[i], "%s: %04x", c->name, v->suite[i]);
    }
}

Test(cipher_plan, one_version)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        run_case(&cases[i]);
    }
}

static const uint8_t all_unknown[TLS_VERSION_COUNT];

Test(cipher_plan, from_the_newest_version_down)
{
    struct cipher_plan plan;
    cipher_plan_init(&plan, all_unknown);
    run_plan(&plan, &(struct simulated){.versions = 0xf, .has = {0x1301, 0x002f, 0x000a}});
    static const uint8_t counts[TLS_VERSION_COUNT] = {2, 2, 2, 1};
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        cr_expect_eq(plan.version[i].end, CIPHERS_COMPLETE, "%zu: %u", i, plan.version[i].end);
        cr_expect_eq(plan.version[i].count, counts[i], "%zu: %u", i, plan.version[i].count);
    }
    cr_expect_eq(plan.sessions, 2 + 4 + 4 + 4);
    cr_expect_not(plan.truncated);
}

/* What fails in one version is asked in the next; what comes before TLS is the end. */
Test(cipher_plan, versions_after_a_failure)
{
    static const struct {
        enum manner then;
        enum cipher_end below;
    } ends[] = {{HANGS, CIPHERS_INCONCLUSIVE},
                {TURNS_AWAY, CIPHERS_NOT_ASKED},
                {MEETS_OUR_FAULT, CIPHERS_NOT_ASKED}};
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct cipher_plan plan;
        cipher_plan_init(&plan, all_unknown);
        run_plan(&plan,
                 &(struct simulated){
                     .versions = 0xf, .has = {0x1301, 0x1302}, .enough = 1, .then = ends[i].then});
        cr_expect_eq(plan.version[3].end, CIPHERS_INCONCLUSIVE, "%zu", i);
        cr_expect_eq(plan.version[3].count, 1, "%zu", i);
        cr_expect_eq(plan.version[2].end, ends[i].below, "%zu: %u", i, plan.version[2].end);
        cr_expect_eq(plan.version[0].end, ends[i].below, "%zu: %u", i, plan.version[0].end);
    }
}

/* What was found out about one version is nothing about the next. */
Test(cipher_plan, each_version_begins_anew)
{
    struct cipher_plan plan;
    cipher_plan_init(&plan, all_unknown); /* the older versions have fewer suites than 64 */
    run_plan(&plan,
             &(struct simulated){
                 .versions = 0x7, .has = {0x000a, 0xc014}, .list_max = 64, .too_many = HANGS});
    cr_expect_eq(plan.version[2].end, CIPHERS_COMPLETE);
    cr_expect_eq(plan.version[2].order, CIPHER_ORDER_UNKNOWN);
    cr_expect_eq(plan.version[1].order, CIPHER_ORDER_SERVER);
    cr_expect_eq(plan.version[1].sessions, 4);

    uint8_t spoken[TLS_VERSION_COUNT] = {TRUTH_NO, TRUTH_UNKNOWN, TRUTH_YES, TRUTH_NO};
    cipher_plan_init(&plan, spoken);
    run_plan(&plan,
             &(struct simulated){
                 .versions = V12, .has = {0xc030}, .refuses = CLOSES, .enough = 4, .then = ALERTS});
    cr_expect_eq(plan.version[2].end, CIPHERS_COMPLETE);
    cr_expect_eq(plan.version[1].end, CIPHERS_NONE);
}

/* The version plan offers the usual suites: where it found no version, others may be accepted. */
Test(cipher_plan, refused_versions)
{
    static const struct simulated old = {.versions = 1, .has = {0x0005, 0x0003}}; /* RC4, export */
    static const uint8_t only_tls11[TLS_VERSION_COUNT] = {TRUTH_NO, TRUTH_YES, TRUTH_NO, TRUTH_NO};
    static const uint8_t none[TLS_VERSION_COUNT] = {TRUTH_NO, TRUTH_NO, TRUTH_NO, TRUTH_NO};
    struct cipher_plan plan;
    cipher_plan_init(&plan, only_tls11);
    run_plan(&plan, &(struct simulated){.versions = 3, .has = {0x002f}});
    cr_expect_eq(plan.version[1].end, CIPHERS_COMPLETE);
    cr_expect_eq(plan.version[0].end, CIPHERS_NOT_ASKED);
    cr_expect_eq(plan.version[2].end, CIPHERS_NOT_ASKED);
    cr_expect_eq(plan.sessions, 2);

    cipher_plan_init(&plan, none);
    run_plan(&plan, &old);
    cr_expect_eq(plan.version[0].end, CIPHERS_COMPLETE);
    cr_expect_eq(plan.version[0].count, 2);
    cr_expect_eq(plan.version[2].end, CIPHERS_NONE);
    cr_expect_eq(plan.sessions, 3 + 4);
}

/* A server that accepts nothing and says so by closing is not asked with every short list. */
Test(cipher_plan, closes_in_every_version)
{
    struct cipher_plan plan;
    cipher_plan_init(&plan, all_unknown);
    run_plan(&plan, &(struct simulated){.versions = 0xf, .has = {0x00ff}, .refuses = CLOSES});
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        cr_expect_eq(plan.version[i].end, CIPHERS_INCONCLUSIVE, "%zu", i);
    }
    cr_expect_eq(plan.sessions, 2 + 3 + 3 + 3);
    uint8_t spoken[TLS_VERSION_COUNT] = {TRUTH_NO, TRUTH_NO, TRUTH_YES, TRUTH_NO};
    cipher_plan_init(&plan, spoken); /* accepts something: the short lists are worth it */
    run_plan(&plan, &(struct simulated){.versions = 0xf, .has = {0x00ff}, .refuses = CLOSES});
    cr_expect_eq(plan.sessions, 1 + 2 * 8);
    cr_expect_eq(plan.version[2].end, CIPHERS_INCONCLUSIVE, "nothing but closes");
    spoken[2] = TRUTH_UNKNOWN; /* the same where it accepts something in another version */
    spoken[3] = TRUTH_YES;
    cipher_plan_init(&plan, spoken);
    run_plan(&plan, &(struct simulated){.versions = V13, .has = {0x1301}, .refuses = CLOSES});
    cr_expect_eq(plan.version[3].sessions, 1 + 2 + 1);
    cr_expect_eq(plan.version[2].sessions, 1 + 2 * 8);
}

/* What was chosen against the rules is told, also where it is number 0. */
Test(cipher_plan, unoffered_suites_are_named)
{
    static const uint16_t odd[] = {0x0000, 0x1301, 0xeeee};
    for (size_t i = 0; i < COUNT(odd); i++) {
        uint8_t spoken[TLS_VERSION_COUNT] = {TRUTH_NO, TRUTH_NO, TRUTH_YES, TRUTH_NO};
        struct cipher_plan plan;
        cipher_plan_init(&plan, spoken);
        run_plan(&plan, &(struct simulated){
                            .versions = V12, .has = {0xc030}, .odd_after = 1, .odd = odd[i]});
        cr_expect_eq(plan.version[2].end, CIPHERS_UNOFFERED);
        cr_expect_eq(plan.version[2].unoffered, odd[i]);
        cr_expect_eq(plan.version[2].count, 1);
    }
}

/* A server that answers slowly each time keeps a scan no longer than the bound and one session. */
Test(cipher_plan, bound_of_time)
{
    static const int32_t ms[] = {30 * 1000, CIPHER_TIME_MAX_MS, INT32_MAX};
    static const unsigned sessions[] = {20, 1, 1};
    for (size_t i = 0; i < COUNT(ms); i++) {
        struct cipher_plan plan;
        cipher_plan_init(&plan, all_unknown);
        run_plan(&plan, &(struct simulated){.versions = 0xf, .ms = ms[i]});
        cr_expect(plan.truncated);
        cr_expect_eq(plan.sessions, sessions[i], "%d: %u", ms[i], plan.sessions);
    }
    struct cipher_plan plan;
    cipher_plan_init(&plan, all_unknown);
    run_plan(&plan, &(struct simulated){.versions = 0xf, .has = {0x002f}, .ms = 30 * 1000});
    cr_expect_not(plan.truncated, "seven sessions are within it");
}

/* The bound at the end of a version: the next was never begun. */
Test(cipher_plan, bound_between_versions)
{
    struct cipher_plan plan;
    cipher_plan_init(&plan, all_unknown);
    run_plan(&plan, &(struct simulated){
                        .versions = 0xf, .odd_after = CIPHER_SESSIONS_MAX - 1, .odd = 0x00ff});
    cr_expect(plan.truncated);
    cr_expect_eq(plan.version[2].end, CIPHERS_UNOFFERED);
    cr_expect_eq(plan.version[1].end, CIPHERS_NOT_ASKED, "%u", plan.version[1].end);
}

/* A server that takes whatever is offered meets the bound, and the plan says so. */
Test(cipher_plan, bound_of_sessions)
{
    struct cipher_plan plan;
    cipher_plan_init(&plan, all_unknown);
    run_plan(&plan, &(struct simulated){.versions = 0xf});
    cr_expect(plan.truncated);
    cr_expect_eq(plan.sessions, CIPHER_SESSIONS_MAX);
    cr_expect_eq(plan.version[3].end, CIPHERS_COMPLETE);
    cr_expect_eq(plan.version[3].sessions, 6, "five suites, and the order of them");
    cr_expect_eq(plan.version[2].end, CIPHERS_TRUNCATED);
    cr_expect_eq(plan.version[2].count, CIPHER_SESSIONS_MAX - 6);
    cr_expect_eq(plan.version[1].end, CIPHERS_NOT_ASKED);
}

/* Whatever a server answers: it ends, and lists no suite twice. */
Test(cipher_plan, ends_whatever_is_answered)
{
    uint32_t draw = 1;
    for (unsigned n = 0; n < 300; n++) {
        struct cipher_plan plan;
        cipher_plan_init(&plan, all_unknown);
        struct cipher_question q;
        while (cipher_plan_next(&plan, &q)) {
            draw = draw * 1664525U + 1013904223U;
            struct simulated s = {.versions = 0xf, .client_order = (draw >> 20 & 1) != 0};
            s.has[0] = (draw >> 24) % 16 == 0 ? 0x00ff : 0;
            s.refuses = (enum manner)((draw >> 28) % 5);
            struct seen_session seen = serve(&s, &q, 0);
            cipher_plan_note(&plan, &seen);
        }
        cr_assert_leq(plan.sessions, CIPHER_SESSIONS_MAX);
        for (size_t v = 0; v < TLS_VERSION_COUNT; v++) {
            for (size_t i = 1; i < plan.version[v].count; i++) {
                cr_assert_not(is_in(plan.version[v].suite, i, plan.version[v].suite[i]));
            }
        }
    }
}

/* Names for all, and hellos of a length that old servers and their middleboxes read. */
Test(cipher_plan, hellos_are_short_enough)
{
    uint8_t random[CLIENT_HELLO_RANDOM_LEN] = {0};
    static const char sni[] = "a-name-of-some-length.mail.example.test";
    for (int at = 0; at < TLS_VERSION_COUNT; at++) {
        uint8_t spoken[TLS_VERSION_COUNT] = {TRUTH_NO, TRUTH_NO, TRUTH_NO, TRUTH_NO};
        spoken[at] = TRUTH_YES;
        struct cipher_plan plan;
        struct cipher_question q;
        cipher_plan_init(&plan, spoken);
        cr_assert(cipher_plan_next(&plan, &q));
        for (size_t i = 0; i < q.count; i++) {
            cr_expect_not_null(tls_cipher_name(q.suite[i]), "%04x", q.suite[i]);
        }
        struct buf out = BUF_INIT(HELLO_MAX);
        client_hello_put(&out, q.version, (struct suite_list){q.suite, q.count}, sni, random);
        cr_expect_lt(out.len, 512U, "TLS 1.%d: %zu octets, %zu suites", at, out.len, q.count);
        buf_reset(&out);
        size_t few = q.count < CIPHER_SHORT_LIST_MAX ? q.count : CIPHER_SHORT_LIST_MAX;
        client_hello_put(&out, q.version, (struct suite_list){q.suite, few}, sni, random);
        cr_expect(at == 3 || out.len < 256, "TLS 1.%d: %zu octets, %zu suites", at, out.len, few);
        buf_deinit(&out);
    }
}

/* One question to an OpenSSL server, over its octets. */
static struct seen_session ask_peer(const struct cipher_question *q,
                                    const struct peer_params *params)
{
    struct peer peer;
    peer_init(&peer, params);
    struct version_probe *p = version_probe_new(q->version, "mx.test");
    version_probe_offer(p, (struct suite_list){q->suite, q->count});
    struct buf out = BUF_INIT(HELLO_MAX);
    struct buf in = BUF_INIT(65536);
    version_probe_hello(p, &out);
    peer_step(&peer, buf_span(&out), &in);
    cr_assert(version_probe_feed(p, buf_span(&in)));
    struct seen_session seen = {.outcome = version_probe_outcome(p),
                                .hello = *version_probe_seen(p)};
    buf_deinit(&out);
    buf_deinit(&in);
    version_probe_free(p);
    peer_deinit(&peer);
    return seen;
}

static void ask_all(struct cipher_plan *plan, const struct peer_params *params)
{
    struct cipher_question q;
    cipher_plan_init(plan, all_unknown);
    while (cipher_plan_next(plan, &q)) {
        struct seen_session seen = ask_peer(&q, params);
        cipher_plan_note(plan, &seen);
    }
}

Test(cipher_plan, orders_of_a_real_server)
{
    static const uint16_t wanted[] = {0x002f, 0xc030, 0x009e};
    struct test_cert leaf =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test", .key = TEST_KEY_RSA2048});
    for (unsigned own = 0; own <= 1; own++) {
        struct cipher_plan plan;
        ask_all(&plan,
                &(struct peer_params){.min_version = TLS1_2_VERSION,
                                      .max_version = TLS1_2_VERSION,
                                      .suites = "AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384:"
                                                "DHE-RSA-AES128-GCM-SHA256",
                                      .options = own != 0 ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0,
                                      .leaf = &leaf});
        const struct accepted_suites *v = &plan.version[2];
        cr_assert_eq(v->count, COUNT(wanted));
        cr_expect_eq(v->end, CIPHERS_COMPLETE);
        cr_expect_eq(v->order, own != 0 ? CIPHER_ORDER_SERVER : CIPHER_ORDER_CLIENT);
        for (size_t i = 0; i < COUNT(wanted); i++) {
            cr_expect(is_in(v->suite, v->count, wanted[i]), "%04x", wanted[i]);
            cr_expect(own == 0 || v->suite[i] == wanted[i], "%zu: %04x", i, v->suite[i]);
        }
        cr_expect_eq(plan.version[3].end, CIPHERS_NONE);
        cr_expect_eq(plan.version[1].end, CIPHERS_NONE);
    }
    test_cert_free(&leaf);
}

/* Can a server with this certificate use the suite without a shared secret? */
static bool is_usable(const SSL_CIPHER *c)
{
    int auth = SSL_CIPHER_get_auth_nid(c);
    int exchange = SSL_CIPHER_get_kx_nid(c);
    return (auth == NID_auth_rsa || auth == NID_auth_null) &&
           (exchange == NID_kx_rsa || exchange == NID_kx_ecdhe || exchange == NID_kx_dhe);
}

/* All that this OpenSSL has, NULL and anonymous suites included, within the bound. */
Test(cipher_plan, all_that_openssl_has)
{
    struct test_cert leaf =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "mx.test", .key = TEST_KEY_RSA2048});
    struct peer_params params = {.leaf = &leaf};
    struct cipher_plan plan;
    ask_all(&plan, &params);
    struct peer peer;
    peer_init(&peer, &params);
    STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(peer.ctx);
    size_t usable = 0;
    for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
        const SSL_CIPHER *c = sk_SSL_CIPHER_value(all, i);
        uint16_t suite = SSL_CIPHER_get_protocol_id(c);
        if (is_usable(c)) {
            usable++;
            cr_expect(is_in(plan.version[2].suite, plan.version[2].count, suite), "%s",
                      SSL_CIPHER_standard_name(c));
        }
    }
    cr_expect_eq(plan.version[2].count, usable, "%u of %zu", plan.version[2].count, usable);
    cr_expect_gt(usable, 40U);
    cr_expect_eq(plan.version[3].count, 3, "its own default of the five");
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        cr_expect_eq(plan.version[i].end, CIPHERS_COMPLETE, "TLS 1.%zu: %u", i,
                     plan.version[i].end);
    }
    cr_expect_not(plan.truncated, "%u sessions", plan.sessions);
    cr_log_info("%u sessions: %u, %u, %u, %u suites", plan.sessions, plan.version[3].count,
                plan.version[2].count, plan.version[1].count, plan.version[0].count);
    peer_deinit(&peer);
    test_cert_free(&leaf);
}
