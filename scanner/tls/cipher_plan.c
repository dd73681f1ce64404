#include "scanner/tls/cipher_plan.h"

#include "scanner/base/check.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/verdict.h"

#define VERSION_FIRST 0x0301 /* TLS 1.0 */
#define TLS12_INDEX   2
#define TLS13_INDEX   3

/*
 * The candidates, from IANA's registry, strongest first: those that OpenSSL, GnuTLS, Schannel and their
 * kin have or had for servers with a certificate or with none. Left out are those that need what a mail
 * server does not have (static DH or ECDH in its certificate, PSK, SRP, Kerberos, GOST), and for room
 * DSA with the newer CAMELLIA and with ARIA. What came with TLS 1.2 must not be chosen in older versions
 * (RFC 5288 section 4).
 */
static const uint16_t suites_of_tls13[] = {0x1302, 0x1303, 0x1301, 0x1304, 0x1305};

#define SINCE_TLS12                                                                             \
    /* ECDHE and DHE with AES-GCM, CHACHA20, CCM, ARIA and CAMELLIA */                          \
    0xc02c, 0xc030, 0x009f, 0x00a3, 0xcca9, 0xcca8, 0xccaa, 0xc02b, 0xc02f, 0x009e, 0x00a2,     \
        0xc0ad, 0xc0af, 0xc09f, 0xc0a3, 0xc0ac, 0xc0ae, 0xc09e, 0xc0a2, 0xc05d, 0xc061, 0xc053, \
        0xc05c, 0xc060, 0xc052, 0xc087, 0xc08b, 0xc07d, 0xc086, 0xc08a,                         \
        0xc07c, /* CBC with SHA-256 or SHA-384 */                                               \
        0xc024, 0xc028, 0x006b, 0x006a, 0xc023, 0xc027, 0x0067, 0x0040, 0xc073, 0xc077, 0x00c4, \
        0xc072, 0xc076, 0x00be, /* key transport by RSA */                                      \
        0x009d, 0x009c, 0xc09d, 0xc0a1, 0xc09c, 0xc0a0, 0xc051, 0xc050, 0xc07b, 0xc07a, 0x003d, \
        0x003c, 0x00c0, 0x00ba, /* anonymous, and without encryption */                         \
        0x00a7, 0x00a6, 0xc085, 0xc084, 0x006d, 0x006c, 0x00c5, 0x00bf, 0x003b

#define SINCE_TLS10                                                                             \
    /* ECDHE and DHE with AES, CAMELLIA, SEED */                                                \
    0xc00a, 0xc014, 0x0039, 0x0038, 0xc009, 0xc013, 0x0033, 0x0032, 0x0088, 0x0087, 0x0045,     \
        0x0044, 0x009a, 0x0099, /* key transport by RSA; with SEED and IDEA */                  \
        0x0035, 0x002f, 0x0084, 0x0041, 0x0096, 0x0007, /* 3DES, RC4, DES */                    \
        0xc008, 0xc012, 0x0016, 0x0013, 0x000a, 0xc007, 0xc011, 0x0005, 0x0004, 0x0015, 0x0012, \
        0x0009, /* anonymous */                                                                 \
        0xc019, 0x003a, 0xc018, 0x0034, 0x0089, 0x0046, 0x009b, 0xc017, 0x001b, 0xc016, 0x0018, \
        0x001a, /* export: RFC 4346 appendix A.5 */                                             \
        0x0014, 0x0011, 0x0008, 0x0006, 0x0003, 0x0019, 0x0017, /* no encryption */             \
        0xc006, 0xc010, 0x0002, 0x0001, 0xc015

static const uint16_t suites_of_tls12[] = {SINCE_TLS12, SINCE_TLS10};
static const uint16_t suites_of_tls10[] = {SINCE_TLS10};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
_Static_assert(COUNT(suites_of_tls12) <= OFFERED_SUITES_MAX, "they fit in one hello");
_Static_assert(OFFERED_SUITES_MAX <= ACCEPTED_SUITES_MAX, "all of them may be accepted");

static struct suite_list candidates_of(int index)
{
    return index == TLS13_INDEX   ? (struct suite_list){suites_of_tls13, COUNT(suites_of_tls13)}
           : index == TLS12_INDEX ? (struct suite_list){suites_of_tls12, COUNT(suites_of_tls12)}
                                  : (struct suite_list){suites_of_tls10, COUNT(suites_of_tls10)};
}

static bool holds_suite(const uint16_t *suites, size_t count, uint16_t suite)
{
    for (size_t i = 0; i < count; i++) {
        if (suites[i] == suite) {
            return true;
        }
    }
    return false;
}

static size_t list_max(const struct cipher_plan *p)
{
    return p->short_lists ? CIPHER_SHORT_LIST_MAX : OFFERED_SUITES_MAX;
}

/* What is neither accepted nor refused yet. */
static void ask_the_open(const struct cipher_plan *p, struct cipher_question *out)
{
    struct suite_list all = candidates_of(p->at);
    const struct accepted_suites *v = &p->version[p->at];
    for (size_t i = 0; i < all.count && out->count < list_max(p); i++) {
        if (!p->refused[i] && !holds_suite(v->suite, v->count, all.at[i])) {
            out->suite[out->count++] = all.at[i];
        }
    }
}

static void ask_the_accepted_reversed(const struct cipher_plan *p, struct cipher_question *out)
{
    const struct accepted_suites *v = &p->version[p->at];
    for (size_t i = v->count; i > 0 && out->count < list_max(p); i--) {
        out->suite[out->count++] = v->suite[i - 1];
    }
}

bool cipher_plan_next(const struct cipher_plan *p, struct cipher_question *out)
{
    out->count = 0;
    if (p->over) {
        return false;
    }
    out->version = (uint16_t)(VERSION_FIRST + p->at);
    if (p->checking) {
        ask_the_accepted_reversed(p, out);
    } else {
        ask_the_open(p, out);
    }
    return out->count > 0;
}

/* Goes to the next version below that may be spoken; over when there is none. */
static void begin_version(struct cipher_plan *p, int below)
{
    p->checking = false;
    p->short_lists = false;
    p->declined_once = false;
    p->doubtful = false;
    memset(p->refused, 0, sizeof(p->refused));
    int at = below - 1;
    while (at >= 0 && p->spoken[at] == TRUTH_NO) {
        at--;
    }
    p->over = at < 0;
    p->at = (int8_t)(at < 0 ? 0 : at);
}

static void end_version(struct cipher_plan *p, enum cipher_end end)
{
    p->version[p->at].end = (uint8_t)end;
    begin_version(p, p->at);
}

static bool all_are(const uint8_t truths[TLS_VERSION_COUNT], enum truth t)
{
    bool all = true;
    for (int i = 0; i < TLS_VERSION_COUNT; i++) {
        all = all && truths[i] == t;
    }
    return all;
}

void cipher_plan_init(struct cipher_plan *p, const uint8_t spoken[TLS_VERSION_COUNT])
{
    *p = (struct cipher_plan){0};
    for (int i = 0; i < TLS_VERSION_COUNT; i++) {
        p->spoken[i] = all_are(spoken, TRUTH_NO) ? TRUTH_UNKNOWN : spoken[i];
    }
    begin_version(p, TLS_VERSION_COUNT);
}

static void refuse_asked(struct cipher_plan *p, const struct cipher_question *q)
{
    struct suite_list all = candidates_of(p->at);
    for (size_t i = 0; i < all.count; i++) {
        p->refused[i] |= holds_suite(q->suite, q->count, all.at[i]);
    }
}

/* Nothing but the long first hello was tried: it may have been too long. */
static bool may_be_its_length(const struct cipher_plan *p)
{
    return !p->short_lists && p->version[p->at].count == 0 &&
           candidates_of(p->at).count > CIPHER_SHORT_LIST_MAX;
}

/* It chose what was not offered: nothing that it says of this version is to be believed any more. */
static void end_unoffered(struct cipher_plan *p, uint16_t suite)
{
    p->version[p->at].unoffered = suite;
    end_version(p, CIPHERS_UNOFFERED);
}

static void note_choice(struct cipher_plan *p, const struct cipher_question *q,
                        const struct seen_hello *hello)
{
    struct accepted_suites *v = &p->version[p->at];
    if (hello->version != q->version) {
        refuse_asked(p, q); /* an older version is spoken with these, and this one is not */
    } else if (holds_suite(q->suite, q->count, hello->cipher)) {
        v->suite[v->count++] = hello->cipher;
        p->answered = true;
    } else {
        end_unoffered(p, hello->cipher);
    }
}

static void note_refusal(struct cipher_plan *p, const struct cipher_question *q)
{
    if (may_be_its_length(p) && p->spoken[p->at] == TRUTH_YES) {
        p->short_lists = true; /* the version is accepted, with other hellos */
    } else {
        refuse_asked(p, q);
    }
}

static void note_declined(struct cipher_plan *p, const struct cipher_question *q, bool again)
{
    if (may_be_its_length(p)) {
        p->short_lists = true;
    } else if (again && !p->answered && p->spoken[p->at] != TRUTH_YES) {
        end_version(p, CIPHERS_INCONCLUSIVE);
    } else if (again) {
        p->doubtful = true;
        refuse_asked(p, q);
    } else {
        p->declined_once = true;
    }
}

static void note_silence(struct cipher_plan *p)
{
    if (may_be_its_length(p)) {
        p->short_lists = true;
    } else {
        end_version(p, CIPHERS_INCONCLUSIVE);
    }
}

static void note_answer(struct cipher_plan *p, const struct cipher_question *q,
                        const struct seen_hello *hello)
{
    bool again = p->declined_once;
    p->declined_once = false;
    switch ((enum hello_answer)hello->answer) {
    case HELLO_ACCEPTED:
        note_choice(p, q, hello);
        break;
    case HELLO_REFUSED:
        note_refusal(p, q);
        break;
    case HELLO_DECLINED:
        note_declined(p, q, again);
        break;
    case HELLO_NONE:
        note_silence(p);
        break;
    }
}

static void note_check(struct cipher_plan *p, const struct cipher_question *q,
                       const struct seen_hello *hello)
{
    struct accepted_suites *v = &p->version[p->at];
    bool again = p->declined_once;
    p->declined_once = hello->answer == HELLO_DECLINED && !again;
    if (p->declined_once) {
        return;
    }
    if (hello->answer != HELLO_ACCEPTED || hello->version != q->version) {
        end_version(p, CIPHERS_INCONCLUSIVE);
    } else if (!holds_suite(q->suite, q->count, hello->cipher)) {
        end_unoffered(p, hello->cipher);
    } else {
        if (!p->short_lists && v->count > 1) {
            v->order = hello->cipher == v->suite[0]              ? CIPHER_ORDER_SERVER
                       : hello->cipher == v->suite[v->count - 1] ? CIPHER_ORDER_CLIENT
                                                                 : CIPHER_ORDER_UNKNOWN;
        }
        end_version(p, CIPHERS_COMPLETE);
    }
}

/* Every candidate is accepted or refused. */
static void conclude_list(struct cipher_plan *p)
{
    const struct accepted_suites *v = &p->version[p->at];
    bool order_is_open = v->count > 1 && !p->short_lists;
    if (v->count == 0) {
        end_version(p, p->doubtful ? CIPHERS_INCONCLUSIVE : CIPHERS_NONE);
    } else if (order_is_open || p->doubtful) {
        p->checking = true;
    } else {
        end_version(p, CIPHERS_COMPLETE);
    }
}

static void meet_bound(struct cipher_plan *p)
{
    p->truncated = true;
    p->over = true;
    if (p->version[p->at].sessions > 0) {
        p->version[p->at].end = CIPHERS_TRUNCATED;
    }
}

/* It came to no TLS, by the peer's will or by a fault of ours. */
static bool is_before_tls(const struct seen_session *seen)
{
    const struct outcome_info *info = outcome_info(seen->outcome);
    return info->before_tls || !info->conclusive;
}

void cipher_plan_note(struct cipher_plan *p, const struct seen_session *seen)
{
    struct cipher_question q;
    struct cipher_question next;
    CHECK(cipher_plan_next(p, &q) && seen->hello.attempted && seen->hello.max_version == q.version);
    p->sessions++;
    p->ms += seen->total_ms > 0 ? (uint32_t)seen->total_ms : 0;
    p->version[p->at].sessions++;
    if (is_before_tls(seen)) {
        p->version[p->at].end = CIPHERS_INCONCLUSIVE;
        p->over = true;
    } else if (p->checking) {
        note_check(p, &q, &seen->hello);
    } else {
        note_answer(p, &q, &seen->hello);
    }
    if (!p->over && !cipher_plan_next(p, &next)) {
        conclude_list(p);
    }
    if (!p->over && (p->sessions == CIPHER_SESSIONS_MAX || p->ms >= CIPHER_TIME_MAX_MS)) {
        meet_bound(p);
    }
}
