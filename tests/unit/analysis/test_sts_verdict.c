#include <criterion/criterion.h>

#include "scanner/analysis/sts_verdict.h"
#include "tests/unit/analysis/made_handshakes.h"
#include "tests/unit/analysis/made_up.h"

#define RECORD  "v=STSv1; id=20260101;"
#define HEAD    "version: STSv1\nmode: "
#define AGE     "max_age: 604800\n"
#define ENFORCE HEAD "enforce\n" AGE

/* --- the state --------------------------------------------------------------------------------- */

struct state_case {
    const char *name; /* with the RFC section that decides */
    enum dns_state question;
    const char *records[2];
    enum policy_fetch outcome; /* NOT_ASKED: there is no policy */
    enum not_tested_reason not_tested;
    enum dns_state a;
    enum chain_status chain;
    const char *dns; /* names of the policy host's certificate; NULL: its own */
    const char *cn;
    const char *body;
    enum sts_state state;
    enum truth certificate;
    uint16_t version;     /* of TLS; 0: not said */
    bool openssl_differs; /* on the path of the policy host's certificate */
};

#define SERVES(body_)                                                           \
    .question = DNS_DATA, .records = {RECORD}, .outcome = POLICY_FETCH_FETCHED, \
    .chain = CHAIN_TRUSTED, .body = (body_)
#define FETCH(outcome_) \
    .question = DNS_DATA, .records = {RECORD}, .outcome = POLICY_FETCH_##outcome_

static const struct state_case states[] = {
    {.name = "nothing was asked", .question = DNS_NOT_ASKED, .state = STS_STATE_UNKNOWN},
    {.name = "RFC 8461 5.1: servfail", .question = DNS_SERVFAIL, .state = STS_STATE_UNKNOWN},
    {.name = "a loop", .question = DNS_CNAME_LOOP, .state = STS_STATE_UNKNOWN},
    {.name = "a chain without end", .question = DNS_CNAME_LIMIT, .state = STS_STATE_UNKNOWN},
    {.name = "RFC 8461 3.1: no name", .question = DNS_NXDOMAIN, .state = STS_STATE_NONE},
    {.name = "RFC 8461 3.1: no TXT", .question = DNS_NODATA, .state = STS_STATE_NONE},
    {.name = "RFC 8461 3.1: SPF",
     .question = DNS_DATA,
     .records = {"v=spf1 -all"},
     .state = STS_STATE_NONE},
    {.name = "RFC 8461 3.1: two records",
     .question = DNS_DATA,
     .records = {RECORD, "v=STSv1; id=2;"},
     .state = STS_STATE_RECORD_INVALID},
    {.name = "RFC 8461 3.1: white space before the semicolon of the only record",
     .question = DNS_DATA,
     .records = {"v=STSv1 ; id=1;"},
     .outcome = POLICY_FETCH_FETCHED,
     .chain = CHAIN_TRUSTED,
     .body = ENFORCE "mx: mx.example.com\n",
     .state = STS_STATE_ENFORCE,
     .certificate = TRUTH_YES},
    {.name = "RFC 8461 3.1: in quotes of its own",
     .question = DNS_DATA,
     .records = {"\"v=STSv1; id=1;\""},
     .state = STS_STATE_RECORD_INVALID},
    {.name = "RFC 8461 3.1: no semicolon",
     .question = DNS_DATA,
     .records = {"v=STSv1 id=1;"},
     .outcome = POLICY_FETCH_FETCHED,
     .chain = CHAIN_TRUSTED,
     .body = ENFORCE "mx: mx.example.com\n",
     .state = STS_STATE_RECORD_INVALID,
     .certificate = TRUTH_YES},
    {.name = "RFC 8461 3.1: the version comes later",
     .question = DNS_DATA,
     .records = {"id=1; v=STSv1;"},
     .state = STS_STATE_RECORD_INVALID},
    {.name = "RFC 8461 3.1: beside SPF",
     .question = DNS_DATA,
     .records = {"v=spf1 -all", RECORD},
     .outcome = POLICY_FETCH_FETCHED,
     .chain = CHAIN_TRUSTED,
     .body = ENFORCE "mx: mx.example.com\n",
     .state = STS_STATE_ENFORCE,
     .certificate = TRUTH_YES},

    {.name = "the policy was not asked for",
     .question = DNS_DATA,
     .records = {RECORD},
     .state = STS_STATE_UNKNOWN},
    {.name = "the scan ended", FETCH(INTERRUPTED), .state = STS_STATE_UNKNOWN},
    {.name = "our own fault", FETCH(LOCAL_FAULT), .state = STS_STATE_UNKNOWN},
    {.name = "our own fault in DNS",
     FETCH(DNS_FAILED),
     .a = DNS_LOCAL_FAULT,
     .state = STS_STATE_UNKNOWN},
    {.name = "RFC 8461 3.3: DNS",
     FETCH(DNS_FAILED),
     .a = DNS_SERVFAIL,
     .state = STS_STATE_FETCH_FAILED},
    {.name = "RFC 6890 2.2: nobody reaches it",
     FETCH(NOT_DIALLED),
     .not_tested = NOT_TESTED_SPECIAL_PURPOSE,
     .state = STS_STATE_FETCH_FAILED},
    {.name = "left alone on request",
     FETCH(NOT_DIALLED),
     .not_tested = NOT_TESTED_BLOCKLISTED,
     .state = STS_STATE_UNKNOWN},
    {.name = "RFC 8461 3.3: TLS", FETCH(TLS_ALERT), .state = STS_STATE_FETCH_FAILED},
    {.name = "RFC 8996 5: TLS 1.1",
     SERVES(ENFORCE "mx: mx.example.com\n"),
     .version = 0x0302,
     .state = STS_STATE_FETCH_FAILED,
     .certificate = TRUTH_YES},
    {.name = "RFC 8996: TLS 1.2",
     SERVES(ENFORCE "mx: mx.example.com\n"),
     .version = 0x0303,
     .state = STS_STATE_ENFORCE,
     .certificate = TRUTH_YES},
    {.name = "RFC 8461 3.3: a redirect",
     FETCH(HTTP_REDIRECT),
     .chain = CHAIN_TRUSTED,
     .state = STS_STATE_FETCH_FAILED,
     .certificate = TRUTH_YES},
    {.name = "RFC 8461 3.3: cut off",
     FETCH(BODY_TRUNCATED),
     .chain = CHAIN_TRUSTED,
     .body = ENFORCE "mx: mx.example.com\n",
     .state = STS_STATE_FETCH_FAILED,
     .certificate = TRUTH_YES},

    {.name = "RFC 8461 3.3: expired",
     FETCH(FETCHED),
     .chain = CHAIN_EXPIRED,
     .body = ENFORCE "mx: mx.example.com\n",
     .state = STS_STATE_CERTIFICATE_INVALID,
     .certificate = TRUTH_NO},
    {.name = "RFC 8461 3.3: another name",
     SERVES(ENFORCE "mx: mx.example.com\n"),
     .dns = "www.example.com example.com",
     .state = STS_STATE_CERTIFICATE_INVALID,
     .certificate = TRUTH_NO},
    {.name = "RFC 9525 6.3: a common name never counts",
     SERVES(ENFORCE "mx: mx.example.com\n"),
     .dns = "",
     .cn = "mta-sts.example.com",
     .state = STS_STATE_CERTIFICATE_INVALID,
     .certificate = TRUTH_NO},
    {.name = "RFC 8461 3.3: a wildcard for one label",
     SERVES(ENFORCE "mx: mx.example.com\n"),
     .dns = "*.example.com",
     .state = STS_STATE_ENFORCE,
     .certificate = TRUTH_YES},
    {.name = "not judged",
     FETCH(FETCHED),
     .body = ENFORCE "mx: mx.example.com\n",
     .state = STS_STATE_UNKNOWN},

    {.name = "RFC 8461 3.2: empty",
     SERVES(""),
     .state = STS_STATE_POLICY_INVALID,
     .certificate = TRUTH_YES},
    {.name = "RFC 8461 3.2: no mx",
     SERVES(ENFORCE),
     .state = STS_STATE_POLICY_INVALID,
     .certificate = TRUTH_YES},
    {.name = "RFC 8461 3.2: mode none needs none",
     SERVES(HEAD "none\n" AGE),
     .state = STS_STATE_MODE_NONE,
     .certificate = TRUTH_YES},
    {.name = "RFC 8461 5: testing",
     SERVES(HEAD "testing\n" AGE "mx: *.example.com\n"),
     .state = STS_STATE_TESTING,
     .certificate = TRUTH_YES},
    {.name = "RFC 8461 5: enforce",
     SERVES(ENFORCE "mx: mx.example.com\n"),
     .state = STS_STATE_ENFORCE,
     .certificate = TRUTH_YES},
    {.name = "RFC 8461 3.2: lines a strict reader refuses",
     SERVES("\n" ENFORCE "mx: mx.example.com\n"),
     .state = STS_STATE_ENFORCE,
     .certificate = TRUTH_YES},
};

#define STATE_COUNT (sizeof(states) / sizeof(states[0]))

/* Storage of a domain with a record and a policy. */
struct made_sts {
    struct made_domain domain;
    struct seen_policy policy;
    struct made_target target; /* for its list of certificates */
    struct span records[2];
};

static void made_record_fill(struct made_sts *m, const char *const records[2])
{
    struct seen_txt *txt = &m->domain.seen.mta_sts;
    txt->texts = m->records;
    while (txt->count < 2 && records[txt->count] != NULL) {
        m->records[txt->count] = span_of(records[txt->count]);
        txt->count++;
    }
}

static void made_certificate_fill(struct made_sts *m, enum chain_status chain, const char *dns,
                                  const char *cn)
{
    const struct made_handshakes made = {
        .leaf = {.id = 1,
                 .dns = dns == NULL      ? "mta-sts.example.com"
                        : dns[0] != '\0' ? dns
                                         : NULL,
                 .cn = cn},
        .outcome = OUTCOME_ESTABLISHED,
    };
    made_target_fill(&m->target, &made);
    m->policy.tls_attempted = chain != CHAIN_NONE;
    m->policy.tls = m->target.result.tls;
    m->policy.chain.status = (uint8_t)chain;
    m->policy.chain.openssl_level_1 = chain == CHAIN_TRUSTED;
}

static void made_state_fill(struct made_sts *m, const struct state_case *c)
{
    static const struct made_mx mx[] = {MADE_HOST(10, "mx.example.com", DATA, NODATA), {0}};
    *m = (struct made_sts){0};
    made_domain_fill(&m->domain, MX_KIND_EXPLICIT, DNS_DATA, mx);
    m->domain.seen.mta_sts.dns.state = (uint8_t)c->question;
    made_record_fill(m, c->records);
    m->policy = (struct seen_policy){
        .policy_host = SPAN_LIT("mta-sts.example.com"),
        .outcome = c->outcome,
        .not_tested = c->not_tested,
        .a = {.state = (uint8_t)c->a},
        .status = c->body != NULL ? 200 : 0,
        .content_type = SPAN_LIT("text/plain"),
        .body = span_of(c->body != NULL ? c->body : ""),
    };
    made_certificate_fill(m, c->chain, c->dns, c->cn);
    m->policy.chain.openssl_level_1 ^= c->openssl_differs;
    m->policy.tls.version = c->version;
    m->domain.seen.policy = c->outcome != POLICY_FETCH_NOT_ASKED ? &m->policy : NULL;
}

Test(sts_verdict, each_domain_has_its_state)
{
    struct sts_verdict v;
    sts_verdict_init(&v);
    for (size_t i = 0; i < STATE_COUNT; i++) {
        struct made_sts m;
        made_state_fill(&m, &states[i]);
        sts_verdict_fill(&v, &m.domain.seen);
        cr_expect_eq(v.state, states[i].state, "%s: %s", states[i].name, sts_state_word(v.state));
        cr_expect_eq(v.certificate_passes, states[i].certificate, "%s: certificate %d",
                     states[i].name, v.certificate_passes);
        bool read = states[i].outcome == POLICY_FETCH_FETCHED && states[i].version != 0x0302;
        cr_expect_eq(v.has_policy, read, "%s", states[i].name);
        made_target_free(&m.target);
    }
    sts_verdict_deinit(&v);
}

/* RFC 8461 section 3.3: the policy is fetched for whatever could be read as a record. */
Test(sts_verdict, a_policy_is_wanted_for_a_record_in_the_lenient_reading)
{
    static const struct {
        const char *record;
        bool wanted;
    } cases[] = {
        {RECORD, true}, {"v=STSv1 ; id=1", true}, {"V=stsv1; id=1;", true}, {"v=spf1 -all", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span text = span_of(cases[i].record);
        const struct seen_txt txt = {.texts = &text, .count = 1};
        cr_expect_eq(sts_wants_policy(&txt), cases[i].wanted, "\"%s\"", cases[i].record);
    }
    const struct seen_txt none = {0};
    cr_expect(!sts_wants_policy(&none));
}

/* --- who keeps to it --------------------------------------------------------------------------- */

#define POLICY_Q(name) (1U << STS_POLICY_QUIRK_##name)
#define RECORD_Q(name) (1U << STS_RECORD_QUIRK_##name)

Test(sts_verdict, each_reading_is_bound_by_what_it_reads)
{
    static const struct {
        struct state_case seen;
        struct sts_reading record;
        struct sts_reading policy;
        enum truth bound;
    } rows[] = {
        {{.name = "RFC 8461 5: to the letter", SERVES(ENFORCE "mx: mx.example.com\n")},
         {0},
         {0},
         TRUTH_YES},
        {{.name = "RFC 8461 5: testing binds nobody", SERVES(HEAD "testing\n" AGE "mx: a.test\n")},
         {0},
         {.takes = UINT32_MAX},
         TRUTH_NO},
        {{.name = "RFC 8461 3.2: an empty line, refused", SERVES(ENFORCE "\nmx: mx.example.com\n")},
         {0},
         {0},
         TRUTH_NO},
        {{.name = "RFC 8461 3.2: an empty line, taken", SERVES(ENFORCE "\nmx: mx.example.com\n")},
         {0},
         {.takes = POLICY_Q(BLANK_LINE)},
         TRUTH_YES},
        {{.name = "RFC 8461 3.2: an empty line, who knows",
          SERVES(ENFORCE "\nmx: mx.example.com\n")},
         {0},
         {.unsure = POLICY_Q(BLANK_LINE)},
         TRUTH_UNKNOWN},
        {{.name = "RFC 8461 3.2: invalid to us, taken by some", SERVES(ENFORCE "mx: a.test.\n")},
         {0},
         {.takes = POLICY_Q(MX_TRAILING_DOT)},
         TRUTH_YES},
        {{.name = "RFC 8461 3.2: what nobody reads", SERVES("mode: enforce\n")},
         {.takes = UINT32_MAX},
         {.takes = UINT32_MAX},
         TRUTH_NO},
        {{.name = "RFC 8461 3.1: two records, taken by some",
          .question = DNS_DATA,
          .records = {RECORD, "v=STSv1; id=2;"},
          .outcome = POLICY_FETCH_FETCHED,
          .chain = CHAIN_TRUSTED,
          .body = ENFORCE "mx: mx.example.com\n"},
         {.takes = RECORD_Q(SECOND_RECORD)},
         {0},
         TRUTH_YES},
        {{.name = "RFC 8461 3.1: and refused by others",
          .question = DNS_DATA,
          .records = {RECORD, "v=STSv1; id=2;"},
          .outcome = POLICY_FETCH_FETCHED,
          .chain = CHAIN_TRUSTED,
          .body = ENFORCE "mx: mx.example.com\n"},
         {0},
         {0},
         TRUTH_NO},
        {{.name = "RFC 8461 3.1: no record", .question = DNS_NXDOMAIN}, {0}, {0}, TRUTH_NO},
        {{.name = "RFC 8461 5.1: not looked up", .question = DNS_SERVFAIL},
         {0},
         {0},
         TRUTH_UNKNOWN},
        {{.name = "the policy was not asked for", .question = DNS_DATA, .records = {RECORD}},
         {0},
         {0},
         TRUTH_UNKNOWN},
        {{.name = "nor would it help a reader that refuses the record",
          .question = DNS_DATA,
          .records = {"v=STSv1 ; id=1"}},
         {0},
         {0},
         TRUTH_NO},
        {{.name = "RFC 8461 3.3: a redirect", FETCH(HTTP_REDIRECT)},
         {0},
         {.takes = UINT32_MAX},
         TRUTH_NO},
        {{.name = "RFC 8461 3.3: expired",
          FETCH(FETCHED),
          .chain = CHAIN_EXPIRED,
          .body = ENFORCE "mx: mx.example.com\n"},
         {0},
         {0},
         TRUTH_NO},
        {{.name = "RFC 8461 3.3: OpenSSL's own builder finds no path",
          SERVES(ENFORCE "mx: mx.example.com\n"),
          .openssl_differs = true},
         {0},
         {0},
         TRUTH_UNKNOWN},
        {{.name = "RFC 8461 3.3: OpenSSL takes what is weak to us",
          FETCH(FETCHED),
          .chain = CHAIN_INVALID,
          .openssl_differs = true,
          .body = ENFORCE "mx: mx.example.com\n"},
         {0},
         {0},
         TRUTH_UNKNOWN},
        {{.name = "the same, and testing",
          FETCH(FETCHED),
          .chain = CHAIN_INVALID,
          .openssl_differs = true,
          .body = HEAD "testing\n" AGE "mx: a.test\n"},
         {0},
         {0},
         TRUTH_NO},
        {{.name = "not judged", FETCH(FETCHED), .body = ENFORCE "mx: mx.example.com\n"},
         {0},
         {0},
         TRUTH_UNKNOWN},
        {{.name = "not judged, and refused in any case",
          FETCH(FETCHED),
          .body = ENFORCE "\nmx: mx.example.com\n"},
         {0},
         {0},
         TRUTH_NO},
    };
    struct sts_verdict v;
    sts_verdict_init(&v);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct made_sts m;
        made_state_fill(&m, &rows[i].seen);
        sts_verdict_fill(&v, &m.domain.seen);
        cr_expect_eq(sts_is_enforced_by(&v, rows[i].record, rows[i].policy), rows[i].bound, "%s",
                     rows[i].seen.name);
        made_target_free(&m.target);
    }
    sts_verdict_deinit(&v);
}

Test(sts_verdict, the_media_type_is_a_quirk_of_the_policy)
{
    static const struct {
        const char *type;
        uint32_t quirks;
    } rows[] = {
        {"text/plain", 0},
        {"text/plain; charset=utf-8", 0},
        {"Text/Plain", POLICY_Q(MEDIA_TYPE_CASE)},
        {"text/html", POLICY_Q(MEDIA_TYPE)},
        {"text/plainer", POLICY_Q(MEDIA_TYPE)},
        {"", POLICY_Q(MEDIA_TYPE)},
    };
    static const struct state_case seen = {SERVES(ENFORCE "mx: mx.example.com\n")};
    struct sts_verdict v;
    sts_verdict_init(&v);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct made_sts m;
        made_state_fill(&m, &seen);
        m.policy.content_type = span_of(rows[i].type);
        sts_verdict_fill(&v, &m.domain.seen);
        cr_expect_eq(v.policy_quirks, rows[i].quirks, "%s: %x", rows[i].type, v.policy_quirks);
        cr_expect_eq(v.state, STS_STATE_ENFORCE, "it does not decide the census's reading");
        made_target_free(&m.target);
    }
    sts_verdict_deinit(&v);
}

/* --- exchanges --------------------------------------------------------------------------------- */

struct expected_mx {
    enum truth covered;
    int pattern; /* counted from 1; 0: none */
    enum sts_mismatch mismatch;
    struct tally endpoints;
};

struct mx_case {
    const char *name;
    const char *policy;
    enum mx_kind kind; /* NOT_ASKED: EXPLICIT */
    struct made_mx mx[4];
    struct expected_mx expected[4];
    enum rollup passes;
    unsigned used;  /* bit n: pattern n */
    size_t mx_more; /* not worked on */
};

#define DIALLED(name, ...) MADE_DIALLED(10, name, DATA, NODATA, __VA_ARGS__)
#define SEEN(version, chain_, match)                                                 \
    {                                                                                \
        .there = true, .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED, \
        .tls_version = (version), .leaf = 1, .chain = CHAIN_##chain_,                \
        .name_match = NAME_MATCH_##match                                             \
    }
#define GOOD SEEN(0x0304, TRUSTED, EXACT)
#define AT_587(chain_)                                                                             \
    {                                                                                              \
        .there = true, .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED,               \
        .tls_version = 0x0304, .leaf = 1, .chain = CHAIN_##chain_, .name_match = NAME_MATCH_EXACT, \
        .port = 587                                                                                \
    }
#define SILENT                                            \
    {                                                     \
        .there = true, .outcome = OUTCOME_CONNECT_TIMEOUT \
    }
#define CLEAR                                                                                    \
    {                                                                                            \
        .there = true, .outcome = OUTCOME_STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED \
    }
#define PRIVATE                                                                                \
    {                                                                                          \
        .there = true, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_SPECIAL_PURPOSE \
    }
#define COVERED(n, ...)                                                    \
    {                                                                      \
        .covered = TRUTH_YES, .pattern = (n), .endpoints = { __VA_ARGS__ } \
    }
#define MISSED(kind, ...)                                                                  \
    {                                                                                      \
        .covered = TRUTH_NO, .mismatch = STS_MISMATCH_##kind, .endpoints = { __VA_ARGS__ } \
    }

static const struct mx_case exchanges[] = {
    /* RFC 8461 section 4.1 */
    {.name = "RFC 8461 4.1: the name in the MX record",
     .policy = ENFORCE "mx: other.example.com\nmx: MX.Example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD)},
     .expected = {COVERED(2, 1, 0, 0)},
     .passes = ROLLUP_ALL,
     .used = 2},
    {.name = "RFC 8461 4.1: a wildcard is one label",
     .policy = ENFORCE "mx: *.example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD), DIALLED("a.mx.example.com", GOOD),
            DIALLED("example.com", GOOD)},
     .expected = {COVERED(1, 1, 0, 0), MISSED(PARENT, 1, 0, 0), MISSED(THIRD_LEVEL, 1, 0, 0)},
     .passes = ROLLUP_SOME,
     .used = 1},
    {.name = "RFC 5321 5.1: the domain is its own exchange",
     .policy = ENFORCE "mx: example.com\n",
     .kind = MX_KIND_IMPLICIT,
     .mx = {MADE_DIALLED(0, "example.com", DATA, NODATA, GOOD)},
     .expected = {COVERED(1, 1, 0, 0)},
     .passes = ROLLUP_ALL,
     .used = 1},
    {.name = "RFC 7505 3: no host, nothing to cover",
     .policy = ENFORCE "mx: mx.example.com\n",
     .kind = MX_KIND_NULL_MX,
     .mx = {MADE_UNUSABLE(0, ".", "null_mx")},
     .expected = {{.covered = TRUTH_UNKNOWN}},
     .passes = ROLLUP_UNKNOWN},
    {.name = "RFC 8461 5: mode none without patterns",
     .policy = HEAD "none\n" AGE,
     .mx = {DIALLED("mx.example.com", GOOD)},
     .expected = {{.covered = TRUTH_UNKNOWN, .endpoints = {1, 0, 0}}},
     .passes = ROLLUP_UNKNOWN},
    {.name = "an invalid policy covers nothing",
     .policy = HEAD "enforce\nmx: mx.example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD)},
     .expected = {{.covered = TRUTH_UNKNOWN}},
     .passes = ROLLUP_UNKNOWN},

    /* kinds of mismatch, IMC 2025 */
    {.name = "IMC 2025: another public suffix",
     .policy = ENFORCE "mx: mx.example.net\n",
     .mx = {DIALLED("mx.example.com", GOOD), DIALLED("mx.example.co.uk", GOOD)},
     .expected = {MISSED(TLD, 1, 0, 0), MISSED(TLD, 1, 0, 0)},
     .passes = ROLLUP_NONE},
    {.name = "IMC 2025: the same behind a wildcard",
     .policy = ENFORCE "mx: *.example.net\n",
     .mx = {DIALLED("mx.example.com", GOOD)},
     .expected = {MISSED(TLD, 1, 0, 0)},
     .passes = ROLLUP_NONE},
    {.name = "RFC 8461 4.1: the mail domain, however short the label in front",
     .policy = ENFORCE "mx: example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD), DIALLED("inbound.mx.EXAMPLE.com", GOOD),
            DIALLED("mxexample.com", GOOD)},
     .expected = {MISSED(PARENT, 1, 0, 0), MISSED(PARENT, 1, 0, 0), MISSED(TYPO, 1, 0, 0)},
     .passes = ROLLUP_NONE},
    {.name = "RFC 8461 4.1: the mail domain is nothing to another's exchange",
     .policy = ENFORCE "mx: example.com\n",
     .mx = {DIALLED("mx.provider.test", GOOD), DIALLED("mx.example.net", GOOD)},
     .expected = {MISSED(DOMAIN, 1, 0, 0), MISSED(DOMAIN, 1, 0, 0)},
     .passes = ROLLUP_NONE},
    {.name = "IMC 2025: three edits and four",
     .policy = ENFORCE "mx: mailhub.example.com\n",
     .mx = {DIALLED("mailer.example.com", GOOD), DIALLED("mail-hub1x.example.com", GOOD),
            DIALLED("smtp.mailhub-2.example.com", GOOD)},
     .expected = {MISSED(TYPO, 1, 0, 0), MISSED(TYPO, 1, 0, 0), MISSED(THIRD_LEVEL, 1, 0, 0)},
     .passes = ROLLUP_NONE},
    {.name = "IMC 2025: a leading mta-sts",
     .policy = ENFORCE "mx: mta-sts.example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD)},
     .expected = {MISSED(THIRD_LEVEL, 1, 0, 0)},
     .passes = ROLLUP_NONE},
    {.name = "IMC 2025: below a country's second level it is another domain",
     .policy = ENFORCE "mx: mx.example.co.uk\n",
     .mx = {DIALLED("mx.otherdomain.co.uk", GOOD), DIALLED("inbound.example.co.uk", GOOD)},
     .expected = {MISSED(DOMAIN, 1, 0, 0), MISSED(THIRD_LEVEL, 1, 0, 0)},
     .passes = ROLLUP_NONE},
    {.name = "IMC 2025: the pattern that comes nearest",
     .policy = ENFORCE "mx: mx.old-provider.test\nmx: mxx.example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD)},
     .expected = {MISSED(TYPO, 1, 0, 0)},
     .passes = ROLLUP_NONE},
    {.name = "IMC 2025: another domain",
     .policy = ENFORCE "mx: mx.old-provider.test\n",
     .mx = {DIALLED("mx.example.com", GOOD)},
     .expected = {MISSED(DOMAIN, 1, 0, 0)},
     .passes = ROLLUP_NONE},

    /* RFC 8461 section 4.2 and 7.2 */
    {.name = "RFC 8461 4.2: not trusted, another name, a common name",
     .policy = ENFORCE "mx: mx.example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD, SEEN(0x0304, EXPIRED, EXACT),
                    SEEN(0x0304, TRUSTED, OTHER), SEEN(0x0304, TRUSTED, CN_ONLY))},
     .expected = {COVERED(1, 1, 3, 0)},
     .passes = ROLLUP_NONE,
     .used = 1},
    {.name = "RFC 8461 7.2: TLS 1.1 and 1.2",
     .policy = ENFORCE "mx: mx.example.com\n",
     .mx = {DIALLED("mx.example.com", SEEN(0x0302, TRUSTED, EXACT),
                    SEEN(0x0303, TRUSTED, WILDCARD))},
     .expected = {COVERED(1, 1, 1, 0)},
     .passes = ROLLUP_NONE,
     .used = 1},
    {.name = "RFC 3207 4: no STARTTLS",
     .policy = ENFORCE "mx: mx.example.com\n",
     .mx = {DIALLED("mx.example.com", CLEAR)},
     .expected = {COVERED(1, 0, 1, 0)},
     .passes = ROLLUP_NONE,
     .used = 1},
    {.name = "an address that does not answer",
     .policy = ENFORCE "mx: *.example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD), DIALLED("mx2.example.com", GOOD, SILENT)},
     .expected = {COVERED(1, 1, 0, 0), COVERED(1, 1, 0, 1)},
     .passes = ROLLUP_UNKNOWN,
     .used = 1},
    {.name = "addresses that are not known",
     .policy = ENFORCE "mx: *.example.com\n",
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, SERVFAIL, GOOD)},
     .expected = {COVERED(1, 1, 0, 0)},
     .passes = ROLLUP_UNKNOWN,
     .used = 1},
    {.name = "RFC 6890 2.2: a private address and no address count for nothing",
     .policy = ENFORCE "mx: *.example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD, PRIVATE), DIALLED("in.example.com", PRIVATE),
            MADE_HOST(20, "gone.example.com", NODATA, NODATA)},
     .expected = {COVERED(1, 1, 0, 0), COVERED(1, 0, 0, 0), COVERED(1, 0, 0, 0)},
     .passes = ROLLUP_ALL,
     .used = 1},
    {.name = "RFC 5321 4.5.4.2: other ports than that of mail",
     .policy = ENFORCE "mx: *.example.com\n",
     .mx = {DIALLED("mx.example.com", AT_587(TRUSTED)),
            DIALLED("mx2.example.com", AT_587(EXPIRED))},
     .expected = {COVERED(1, 0, 0, 1), COVERED(1, 0, 0, 1)},
     .passes = ROLLUP_UNKNOWN,
     .used = 1},
    {.name = "an exchange that is not worked on",
     .policy = ENFORCE "mx: *.example.com\n",
     .mx = {DIALLED("mx.example.com", GOOD)},
     .expected = {COVERED(1, 1, 0, 0)},
     .passes = ROLLUP_UNKNOWN,
     .used = 1,
     .mx_more = 1},
};

#define EXCHANGE_COUNT (sizeof(exchanges) / sizeof(exchanges[0]))

static void made_mx_fill(struct made_sts *m, const struct mx_case *c)
{
    static const char *const records[2] = {RECORD};
    struct made_mx mx[MADE_MX_MAX] = {{0}};
    memcpy(mx, c->mx, sizeof(c->mx));
    *m = (struct made_sts){0};
    made_domain_fill(&m->domain, c->kind == MX_KIND_NOT_ASKED ? MX_KIND_EXPLICIT : c->kind,
                     DNS_DATA, mx);
    m->domain.seen.mx_total += c->mx_more;
    m->domain.seen.mta_sts.dns.state = DNS_DATA;
    made_record_fill(m, records);
    m->policy = (struct seen_policy){
        .policy_host = SPAN_LIT("mta-sts.example.com"),
        .outcome = POLICY_FETCH_FETCHED,
        .status = 200,
        .body = span_of(c->policy),
    };
    made_certificate_fill(m, CHAIN_TRUSTED, NULL, NULL);
    m->domain.seen.policy = &m->policy;
}

static void expect_mx(const char *name, size_t i, const struct sts_mx *got,
                      const struct expected_mx *want)
{
    cr_expect_eq(got->covered, want->covered, "%s: exchange %zu covered %d", name, i, got->covered);
    cr_expect_eq(got->pattern, want->pattern - 1, "%s: exchange %zu pattern %d", name, i,
                 got->pattern);
    cr_expect_eq(got->mismatch, want->mismatch, "%s: exchange %zu \"%s\"", name, i,
                 sts_mismatch_word(got->mismatch));
    cr_expect(got->endpoints.yes == want->endpoints.yes &&
                  got->endpoints.no == want->endpoints.no &&
                  got->endpoints.unknown == want->endpoints.unknown,
              "%s: exchange %zu: %d pass, %d fail, %d unknown", name, i, (int)got->endpoints.yes,
              (int)got->endpoints.no, (int)got->endpoints.unknown);
}

Test(sts_verdict, each_exchange_is_covered_and_passes_as_the_policy_says)
{
    struct sts_verdict v;
    sts_verdict_init(&v);
    for (size_t i = 0; i < EXCHANGE_COUNT; i++) {
        const struct mx_case *c = &exchanges[i];
        struct made_sts m;
        made_mx_fill(&m, c);
        sts_verdict_fill(&v, &m.domain.seen);
        for (size_t k = 0; k < m.domain.seen.mx_count; k++) {
            expect_mx(c->name, k, &v.mx[k], &c->expected[k]);
        }
        cr_expect_eq(v.passes, c->passes, "%s: %s", c->name, rollup_word(v.passes));
        for (size_t k = 0; k < v.policy.mx_count; k++) {
            cr_expect_eq(v.pattern_used[k], (c->used >> k & 1U) != 0, "%s: pattern %zu", c->name,
                         k);
        }
        made_target_free(&m.target);
    }
    sts_verdict_deinit(&v);
}
