#include <criterion/criterion.h>

#include "scanner/analysis/sts_findings.h"
#include "scanner/analysis/tls_rpt_findings.h"
#include "tests/unit/analysis/expected.h"
#include "tests/unit/analysis/made_up.h"

/* Verdicts are made up here: what octets amount to them is told by the tests of scanner/policy and
 * of sts_verdict_fill(). */

/* --- the policy host --------------------------------------------------------------------------- */

#define FAULTS_MAX    6
#define ADDRESSES_MAX 6

struct made_fault {
    enum sts_policy_fault fault;
    uint32_t line;
    const char *text; /* NULL ends the list */
};

struct policy_case {
    const char *name; /* with the RFC section that decides */
    enum policy_fetch outcome;
    enum not_tested_reason not_tested;
    enum dns_state a;
    enum dns_state aaaa;
    const char *addresses[ADDRESSES_MAX];
    enum policy_fetch attempts[POLICY_ATTEMPTS_MAX]; /* ends with the first NOT_ASKED */
    const char *cname;
    uint16_t status;
    const char *location;
    const char *content_type;
    enum policy_media_type media;
    size_t body_len;
    enum chain_status chain;
    enum name_match match;
    int16_t alert;    /* 0: none */
    uint16_t version; /* of TLS; 0: not said */
    enum sts_mode mode;
    bool valid;
    struct made_fault faults[FAULTS_MAX];
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define SERVED_FULL(media_, type_, match_)                                                        \
    .outcome = POLICY_FETCH_FETCHED, .a = DNS_DATA, .aaaa = DNS_NODATA, .addresses = {"8.8.8.8"}, \
    .attempts = {POLICY_FETCH_FETCHED}, .status = 200, .content_type = (type_),                   \
    .media = MEDIA_TYPE_##media_, .match = (match_)
#define SERVED_AS(match)          SERVED_FULL(TEXT_PLAIN, "text/plain", match)
#define SERVED_TYPED(media, type) SERVED_FULL(media, type, NAME_MATCH_EXACT)
#define SERVED                    SERVED_AS(NAME_MATCH_EXACT)
#define GOOD                      BAD_BODY, .valid = true
#define BAD_BODY                  SERVED, .chain = CHAIN_TRUSTED, .mode = STS_MODE_ENFORCE
#define DIALLED(o) \
    .outcome = POLICY_FETCH_##o, .a = DNS_DATA, .aaaa = DNS_NODATA, .addresses = {"8.8.8.8"}
#define ANSWERED(o) \
    DIALLED(o), .attempts = {POLICY_FETCH_##o}, .chain = CHAIN_TRUSTED, .match = NAME_MATCH_EXACT

static const struct policy_case policies[] = {
    {.name = "RFC 8461 3.3: all in order", GOOD, .spares = SPARES(STS_POLICY_HTTP_STATUS)},
    {.name = "nothing was asked", .spares = SPARES(STS_POLICY_DNS)},

    /* DNS */
    {.name = "RFC 8461 3.3: no such host",
     .outcome = POLICY_FETCH_DNS_NXDOMAIN,
     .a = DNS_NXDOMAIN,
     .aaaa = DNS_NXDOMAIN,
     .expected = {RAISES(STS_POLICY_DNS, ERROR, "mta-sts.example.com: A nxdomain")},
     .spares = SPARES(STS_POLICY_NO_ADDRESS)},
    {.name = "RFC 8461 3.3: servers fail",
     .outcome = POLICY_FETCH_DNS_FAILED,
     .a = DNS_SERVFAIL,
     .aaaa = DNS_TIMEOUT,
     .expected = {RAISES(STS_POLICY_DNS, ERROR, "A servfail, AAAA timeout")},
     .spares = SPARES(STS_POLICY_TCP)},
    {.name = "our fault is no finding",
     .outcome = POLICY_FETCH_DNS_FAILED,
     .a = DNS_LOCAL_FAULT,
     .aaaa = DNS_LOCAL_FAULT,
     .spares = SPARES(STS_POLICY_DNS)},
    {.name = "RFC 8461 3.3: no address",
     .outcome = POLICY_FETCH_DNS_NO_ADDRESS,
     .a = DNS_NODATA,
     .aaaa = DNS_NODATA,
     .expected = {RAISES(STS_POLICY_NO_ADDRESS, ERROR, "A nodata, AAAA nodata")},
     .spares = SPARES(STS_POLICY_DNS)},
    {.name = "RFC 8461 8.2: an alias",
     GOOD,
     .cname = "sts.provider.test",
     .expected = {RAISES(STS_POLICY_VIA_CNAME, INFO, "mta-sts.example.com -> sts.provider.test")}},
    {.name = "no alias", GOOD, .spares = SPARES(STS_POLICY_VIA_CNAME)},
    {.name = "RFC 6890 2.2: a private address and no other",
     .outcome = POLICY_FETCH_NOT_DIALLED,
     .not_tested = NOT_TESTED_SPECIAL_PURPOSE,
     .a = DNS_DATA,
     .aaaa = DNS_NODATA,
     .addresses = {"10.0.0.1"},
     .expected = {RAISES(STS_POLICY_SPECIAL_ADDRESS, ERROR, "10.0.0.1 (")},
     .spares = SPARES(STS_POLICY_NO_ADDRESS)},
    {.name = "RFC 6890 2.2: beside a public address",
     .outcome = POLICY_FETCH_FETCHED,
     .a = DNS_DATA,
     .aaaa = DNS_DATA,
     .addresses = {"8.8.8.8", "::1"},
     .attempts = {POLICY_FETCH_FETCHED},
     .status = 200,
     .media = MEDIA_TYPE_TEXT_PLAIN,
     .chain = CHAIN_TRUSTED,
     .match = NAME_MATCH_EXACT,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_SPECIAL_ADDRESS, WARNING, "::1 (")}},
    {.name = "next to private space", GOOD, .spares = SPARES(STS_POLICY_SPECIAL_ADDRESS)},

    /* TCP */
    {.name = "RFC 8461 3.3: refused",
     DIALLED(TCP_REFUSED),
     .attempts = {POLICY_FETCH_TCP_TIMEOUT, POLICY_FETCH_TCP_REFUSED},
     .expected = {RAISES(STS_POLICY_TCP, ERROR, "192.0.2.1: tcp_timeout, 192.0.2.2: tcp_refused")},
     .spares = SPARES(STS_POLICY_ADDRESS_UNREACHABLE)},
    {.name = "one address is dead",
     .outcome = POLICY_FETCH_FETCHED,
     .a = DNS_DATA,
     .aaaa = DNS_DATA,
     .addresses = {"8.8.8.8"},
     .attempts = {POLICY_FETCH_TCP_UNREACHABLE, POLICY_FETCH_FETCHED},
     .status = 200,
     .media = MEDIA_TYPE_TEXT_PLAIN,
     .chain = CHAIN_TRUSTED,
     .match = NAME_MATCH_EXACT,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_ADDRESS_UNREACHABLE, WARNING, "192.0.2.1: tcp_unreachable")},
     .spares = SPARES(STS_POLICY_TCP)},

    /* TLS: RFC 8461 section 3.3, RFC 9525 section 6 */
    {.name = "RFC 8446 6.2: an alert",
     DIALLED(TLS_ALERT),
     .attempts = {POLICY_FETCH_TLS_ALERT},
     .alert = 40,
     .expected = {RAISES(STS_POLICY_TLS, ERROR, "tls_alert, alert handshake_failure")},
     .spares = SPARES(STS_POLICY_HTTP)},
    {.name = "RFC 8996 5: TLS 1.1",
     SERVED,
     .chain = CHAIN_TRUSTED,
     .version = 0x0302,
     .expected = {RAISES(STS_POLICY_TLS, ERROR, "TLS 1.1 and no newer")},
     .spares = SPARES(STS_POLICY_HTTP)},
    {.name = "RFC 8996: TLS 1.2", GOOD, .version = 0x0303, .spares = SPARES(STS_POLICY_TLS)},
    {.name = "RFC 8461 3.3: closed before the head, not in the handshake",
     ANSWERED(HTTP_CLOSED),
     .expected = {RAISES(STS_POLICY_HTTP, ERROR, "http_closed")},
     .spares = SPARES(STS_POLICY_TLS)},
    {.name = "RFC 9525 6: another name",
     SERVED_AS(NAME_MATCH_OTHER),
     .chain = CHAIN_TRUSTED,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_CERTIFICATE_NAME, ERROR, "mta-sts.example.com: mismatch")}},
    {.name = "RFC 9525 6.3: a common name does not count",
     SERVED_AS(NAME_MATCH_CN_ONLY),
     .chain = CHAIN_TRUSTED,
     .mode = STS_MODE_TESTING,
     .valid = true,
     .expected = {RAISES(STS_POLICY_CERTIFICATE_NAME, WARNING,
                         "cn_only, certificate for no name")}},
    {.name = "RFC 8461 3.3: a wildcard is fine",
     SERVED_AS(NAME_MATCH_WILDCARD),
     .chain = CHAIN_TRUSTED,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .spares = SPARES(STS_POLICY_CERTIFICATE_NAME)},
    {.name = "RFC 5280 6.1: expired",
     SERVED,
     .chain = CHAIN_EXPIRED,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_CERTIFICATE_EXPIRED, ERROR, "chain expired")},
     .spares = SPARES(STS_POLICY_CERTIFICATE_UNTRUSTED)},
    {.name = "RFC 5280 6.1: not_yet_valid",
     SERVED,
     .chain = CHAIN_NOT_YET_VALID,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_CERTIFICATE_EXPIRED, ERROR, "chain not_yet_valid")},
     .spares = SPARES(STS_POLICY_CERTIFICATE_INVALID)},
    {.name = "RFC 5280 6.1: self_signed",
     SERVED,
     .chain = CHAIN_SELF_SIGNED,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_CERTIFICATE_SELF_SIGNED, ERROR, "chain self_signed")},
     .spares = SPARES(STS_POLICY_CERTIFICATE_INCOMPLETE)},
    {.name = "RFC 5280 6.1: untrusted_root",
     SERVED,
     .chain = CHAIN_UNTRUSTED_ROOT,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_CERTIFICATE_UNTRUSTED, ERROR, "chain untrusted_root")},
     .spares = SPARES(STS_POLICY_CERTIFICATE_SELF_SIGNED)},
    {.name = "RFC 5280 6.1: issuer_unknown",
     SERVED,
     .chain = CHAIN_ISSUER_UNKNOWN,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_CERTIFICATE_INCOMPLETE, ERROR, "chain issuer_unknown")},
     .spares = SPARES(STS_POLICY_CERTIFICATE_EXPIRED)},
    {.name = "RFC 5280 6.1: invalid",
     SERVED,
     .chain = CHAIN_INVALID,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_CERTIFICATE_INVALID, ERROR, "chain invalid")},
     .spares = SPARES(STS_POLICY_CERTIFICATE_EXPIRED)},
    {.name = "RFC 8461 5: in mode none little is lost",
     SERVED,
     .chain = CHAIN_EXPIRED,
     .mode = STS_MODE_NONE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_CERTIFICATE_EXPIRED, NOTICE, "chain expired")}},

    /* HTTP: RFC 8461 section 3.3 */
    {.name = "RFC 8461 3.3: a redirect is not followed",
     ANSWERED(HTTP_REDIRECT),
     .status = 301,
     .location = "https://www.example.com/",
     .expected = {RAISES(STS_POLICY_HTTP_REDIRECT, ERROR,
                         "status 301 to https://www.example.com/")},
     .spares = SPARES(STS_POLICY_HTTP)},
    {.name = "RFC 8461 3.3: no such file",
     ANSWERED(HTTP_STATUS),
     .status = 404,
     .expected = {RAISES(STS_POLICY_HTTP_STATUS, ERROR, "http_status, status 404")},
     .spares = SPARES(STS_POLICY_HTTP_REDIRECT)},
    {.name = "RFC 9112 2: a head without end",
     ANSWERED(HTTP_HEAD_TOO_LARGE),
     .expected = {RAISES(STS_POLICY_HTTP, ERROR, "http_head_too_large")},
     .spares = SPARES(STS_POLICY_TOO_LARGE)},
    {.name = "RFC 8461 3.3: a body without end in time",
     ANSWERED(BODY_TIMEOUT),
     .status = 200,
     .expected = {RAISES(STS_POLICY_TIMEOUT, ERROR, "body_timeout, status 200")},
     .spares = SPARES(STS_POLICY_TRUNCATED)},
    {.name = "RFC 8461 3.3: 64 KiB are not enough",
     ANSWERED(BODY_TOO_LARGE),
     .status = 200,
     .body_len = 7,
     .expected = {RAISES(STS_POLICY_TOO_LARGE, ERROR, "body_too_large, status 200, 7 octets read")},
     .spares = SPARES(STS_POLICY_TIMEOUT)},
    {.name = "RFC 9112 8: fewer than announced",
     ANSWERED(BODY_TRUNCATED),
     .status = 200,
     .expected = {RAISES(STS_POLICY_TRUNCATED, ERROR, "body_truncated")},
     .spares = SPARES(STS_POLICY_EMPTY)},
    {.name = "RFC 8461 3.2: media type",
     SERVED_TYPED(OTHER, "application/octet-stream"),
     .chain = CHAIN_TRUSTED,
     .mode = STS_MODE_ENFORCE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_MEDIA_TYPE, WARNING, "other: application/octet-stream")}},
    {.name = "RFC 8461 3.2: no media type",
     SERVED_TYPED(ABSENT, NULL),
     .chain = CHAIN_TRUSTED,
     .mode = STS_MODE_NONE,
     .valid = true,
     .expected = {RAISES(STS_POLICY_MEDIA_TYPE, NOTICE, "absent")}},
    {.name = "RFC 8461 3.2: text/plain", GOOD, .spares = SPARES(STS_POLICY_MEDIA_TYPE)},

    /* the body: RFC 8461 section 3.2 */
    {.name = "RFC 8461 3.2: empty",
     BAD_BODY,
     .faults = {{STS_POLICY_EMPTY_BODY, 0, ""}},
     .expected = {RAISES(STS_POLICY_EMPTY, ERROR, "empty_body")},
     .spares = SPARES(STS_POLICY_HTML)},
    {.name = "RFC 8461 3.2: a page",
     BAD_BODY,
     .faults = {{STS_POLICY_HTML, 1, "<!doctype html>"}},
     .expected = {RAISES(STS_POLICY_HTML, ERROR, "line 1: html \"<!doctype html>\"")},
     .spares = SPARES(STS_POLICY_SYNTAX)},
    {.name = "RFC 8461 3.2: no colon",
     BAD_BODY,
     .faults = {{STS_POLICY_SYNTAX, 3, "mx mail.example.com"}, {STS_POLICY_SYNTAX, 4, "#"}},
     .expected = {RAISES(STS_POLICY_SYNTAX, ERROR,
                         "line 3: syntax \"mx mail.example.com\", line 4")},
     .spares = SPARES(STS_POLICY_VERSION)},
    {.name = "RFC 8461 3.2: version",
     BAD_BODY,
     .faults = {{STS_POLICY_VERSION_BAD, 1, "STSv2"}},
     .expected = {RAISES(STS_POLICY_VERSION, ERROR, "version_bad \"STSv2\"")},
     .spares = SPARES(STS_POLICY_MODE)},
    {.name = "RFC 8461 3.2: no version",
     BAD_BODY,
     .faults = {{STS_POLICY_VERSION_MISSING, 0, ""}},
     .expected = {RAISES(STS_POLICY_VERSION, ERROR, "version_missing")},
     .spares = SPARES(STS_POLICY_EMPTY)},
    {.name = "RFC 8461 3.2: mode",
     BAD_BODY,
     .faults = {{STS_POLICY_MODE_MISSING, 0, ""}, {STS_POLICY_MODE_BAD, 2, "Enforce"}},
     .expected = {RAISES(STS_POLICY_MODE, ERROR, "mode_missing, line 2: mode_bad")},
     .spares = SPARES(STS_POLICY_MAX_AGE)},
    {.name = "RFC 8461 3.2: max_age",
     BAD_BODY,
     .faults = {{STS_POLICY_MAX_AGE_BAD, 3, "1w"}},
     .expected = {RAISES(STS_POLICY_MAX_AGE, ERROR, "max_age_bad \"1w\"")},
     .spares = SPARES(STS_POLICY_MAX_AGE_OVER_MAX)},
    {.name = "RFC 8461 3.2: no max_age",
     BAD_BODY,
     .faults = {{STS_POLICY_MAX_AGE_MISSING, 0, ""}},
     .expected = {RAISES(STS_POLICY_MAX_AGE, ERROR, "max_age_missing")},
     .spares = SPARES(STS_POLICY_MAX_AGE_SHORT)},
    {.name = "RFC 8461 3.2: max_age over a year",
     GOOD,
     .faults = {{STS_POLICY_MAX_AGE_OVER_MAX, 3, "99999999"}},
     .expected = {RAISES(STS_POLICY_MAX_AGE_OVER_MAX, WARNING, "99999999")},
     .spares = SPARES(STS_POLICY_MAX_AGE)},
    {.name = "RFC 8461 10.2: max_age of an hour",
     GOOD,
     .faults = {{STS_POLICY_MAX_AGE_SHORT, 3, "3600"}},
     .expected = {RAISES(STS_POLICY_MAX_AGE_SHORT, WARNING, "3600")},
     .spares = SPARES(STS_POLICY_MX_MISSING)},
    {.name = "RFC 8461 3.2: no mx",
     BAD_BODY,
     .faults = {{STS_POLICY_MX_MISSING, 0, ""}},
     .expected = {RAISES(STS_POLICY_MX_MISSING, ERROR, "mx_missing")},
     .spares = SPARES(STS_POLICY_MX_SYNTAX)},
    {.name = "RFC 8461 3.2: patterns",
     BAD_BODY,
     .faults = {{STS_POLICY_MX_EMAIL, 3, "a@b.test"},
                {STS_POLICY_MX_TRAILING_DOT, 4, "b.test."},
                {STS_POLICY_MX_BARE_STAR, 5, "*"},
                {STS_POLICY_MX_PORT, 6, "b.test:25"},
                {STS_POLICY_MX_URL, 7, "smtp://b.test"}},
     .expected = {RAISES(STS_POLICY_MX_SYNTAX, ERROR,
                         "line 3: mx_email \"a@b.test\", line 4: mx_trailing_dot")},
     .spares = SPARES(STS_POLICY_KEY_CASE)},
    {.name = "our own bound: patterns",
     GOOD,
     .faults = {{STS_POLICY_TOO_MANY_MX, 131, "mx: b.test"}},
     .expected = {RAISES(STS_POLICY_TOO_MANY_MX, NOTICE, "line 131: too_many_mx")},
     .spares = SPARES(STS_POLICY_DUPLICATE_KEY)},
    {.name = "RFC 8461 3.2: MX:",
     BAD_BODY,
     .faults = {{STS_POLICY_KEY_CASE, 3, "MX"}},
     .expected = {RAISES(STS_POLICY_KEY_CASE, ERROR, "line 3: key_case")},
     .spares = SPARES(STS_POLICY_UNKNOWN_KEY)},
    {.name = "RFC 8461 3.2: MX: beside mx:",
     GOOD,
     .faults = {{STS_POLICY_KEY_CASE, 3, "MX"}},
     .expected = {RAISES(STS_POLICY_KEY_CASE, WARNING, "line 3: key_case")}},
    {.name = "RFC 8461 3.2: two modes",
     GOOD,
     .faults = {{STS_POLICY_DUPLICATE_KEY, 4, "mode"}},
     .expected = {RAISES(STS_POLICY_DUPLICATE_KEY, WARNING, "line 4: duplicate_key")},
     .spares = SPARES(STS_POLICY_TOO_MANY_MX)},
    {.name = "RFC 8461 3.2: an extension",
     GOOD,
     .faults = {{STS_POLICY_UNKNOWN_KEY, 4, "x"}},
     .expected = {RAISES(STS_POLICY_UNKNOWN_KEY, INFO, "line 4: unknown_key")},
     .spares = SPARES(STS_POLICY_BLANK_LINE)},
    {.name = "RFC 8461 3.2: no empty lines in the grammar",
     GOOD,
     .faults = {{STS_POLICY_BLANK_LINE, 4, ""}},
     .expected = {RAISES(STS_POLICY_BLANK_LINE, WARNING, "line 4: blank_line")},
     .spares = SPARES(STS_POLICY_BOM)},
    {.name = "RFC 8461 3.2: byte order mark",
     GOOD,
     .faults = {{STS_POLICY_BOM, 1, ""}},
     .expected = {RAISES(STS_POLICY_BOM, WARNING, "line 1: bom")},
     .spares = SPARES(STS_POLICY_LINE_END)},
    {.name = "RFC 8461 3.2: nothing stands between key and colon",
     GOOD,
     .faults = {{STS_POLICY_KEY_SPACE, 1, "version : STSv1"},
                {STS_POLICY_KEY_SPACE, 2, " mode: x"}},
     .expected = {RAISES(STS_POLICY_KEY_SPACE, WARNING,
                         "line 1: key_space \"version : STSv1\", line 2: key_space")},
     .spares = SPARES(STS_POLICY_BLANK_LINE)},
    {.name = "RFC 8461 3.2: CR without LF",
     GOOD,
     .faults = {{STS_POLICY_LAST_CR, 4, "mx: a\r"}},
     .expected = {RAISES(STS_POLICY_LINE_END, WARNING, "line 4: last_cr")},
     .spares = SPARES(STS_POLICY_KEY_SPACE)},
    {.name = "RFC 8461 3.2: CR CR LF",
     BAD_BODY,
     .faults = {{STS_POLICY_EXTRA_CR, 4, "mx: a\r\r"}},
     .expected = {RAISES(STS_POLICY_LINE_END, ERROR, "line 4: extra_cr")}},
    {.name = "RFC 8461 3.2: a short max_age is advised for testing",
     SERVED,
     .chain = CHAIN_TRUSTED,
     .mode = STS_MODE_TESTING,
     .valid = true,
     .faults = {{STS_POLICY_MAX_AGE_SHORT, 3, "3600"}},
     .expected = {RAISES(STS_POLICY_MAX_AGE_SHORT, NOTICE, "3600")}},
};

#define POLICY_COUNT (sizeof(policies) / sizeof(policies[0]))

/* Storage of what a seen_policy points to, and the verdict beside it. */
struct made_policy {
    struct seen_policy seen;
    struct net_addr addresses[ADDRESSES_MAX];
    struct span cname;
    struct sts_verdict verdict;
};

static const uint8_t body_octets[64];

static bool has_met_tls(const struct policy_case *c)
{
    return c->chain != CHAIN_NONE || c->alert != 0;
}

static void made_policy_fill(struct made_policy *m, const struct policy_case *c)
{
    *m = (struct made_policy){
        .seen = {.policy_host = SPAN_LIT("mta-sts.example.com"),
                 .a = {.state = (uint8_t)c->a, .rcode = UINT8_MAX, .ede = -1},
                 .aaaa = {.state = (uint8_t)c->aaaa, .rcode = UINT8_MAX, .ede = -1},
                 .outcome = c->outcome,
                 .not_tested = c->not_tested,
                 .total_ms = 60000,
                 .tls_attempted = has_met_tls(c),
                 .tls = {.alert_received = (int16_t)(c->alert != 0 ? c->alert : -1),
                         .version = c->version},
                 .status = c->status,
                 .location = span_of(c->location != NULL ? c->location : ""),
                 .content_type = span_of(c->content_type != NULL ? c->content_type : ""),
                 .body = {body_octets, c->body_len},
                 .chain = {.status = (uint8_t)c->chain}},
        .cname = span_of(c->cname != NULL ? c->cname : ""),
        .verdict = {.has_policy = c->outcome == POLICY_FETCH_FETCHED,
                    .policy = {.mode = c->mode, .lenient_valid = c->valid},
                    .name = {.match = c->match},
                    .names = BUF_INIT(BUF_NO_LIMIT),
                    .media_type = c->media},
    };
    m->seen.cnames = &m->cname;
    m->seen.cname_count = c->cname != NULL;
    m->seen.addresses = m->addresses;
    while (m->seen.address_count < ADDRESSES_MAX && c->addresses[m->seen.address_count] != NULL) {
        size_t i = m->seen.address_count++;
        cr_assert(net_addr_parse(span_of(c->addresses[i]), &m->addresses[i]));
    }
    while (m->seen.attempt_count < POLICY_ATTEMPTS_MAX &&
           c->attempts[m->seen.attempt_count] != POLICY_FETCH_NOT_ASKED) {
        size_t i = m->seen.attempt_count++;
        const uint8_t octets[4] = {192, 0, 2, (uint8_t)(i + 1)};
        m->seen.attempts[i] = (struct policy_attempt){.address = net_addr_v4(octets),
                                                      .outcome = (uint8_t)c->attempts[i]};
    }
    while (m->verdict.policy.fault_count < FAULTS_MAX &&
           c->faults[m->verdict.policy.fault_count].text != NULL) {
        size_t i = m->verdict.policy.fault_count++;
        m->verdict.policy.fault[i] = (struct sts_policy_finding){
            .fault = c->faults[i].fault,
            .line = c->faults[i].line,
            .text = span_of(c->faults[i].text),
        };
    }
}

Test(policy_findings, each_policy_host_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        struct made_policy m;
        made_policy_fill(&m, &policies[i]);
        findings_reset(&f);
        findings_of_policy(&m.seen, &m.verdict, &f);
        expect_findings(policies[i].name, &f, SCOPE_POLICY, policies[i].expected);
    }
    findings_deinit(&f);
}

void cover_policies(struct covered *c)
{
    for (size_t i = 0; i < POLICY_COUNT; i++) {
        cover_row(c, policies[i].expected, policies[i].spares);
    }
}

/* --- the domain's MTA-STS ---------------------------------------------------------------------- */

struct sts_case {
    const char *name;
    enum mx_kind kind;
    enum dns_state question;
    enum sts_state state;
    enum sts_mode mode;
    enum policy_fetch outcome; /* with a policy that was asked for */
    bool record;               /* one in the lenient reading */
    bool valid;
    uint32_t faults;
    uint32_t record_quirks; /* where not 0, or the next is not, record and policy can be read */
    uint32_t policy_quirks;
    const char *cname;
    struct made_mx mx[MADE_MX_MAX];
    enum sts_mismatch uncovered[MADE_MX_MAX]; /* NONE: a pattern covers it */
    const char *unused;
    size_t mx_more; /* not worked on */
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define FAULT(name) (1U << STS_RECORD_##name)
#define MTA_STS(state_, mode_)                                                   \
    .kind = MX_KIND_EXPLICIT, .question = DNS_DATA, .state = STS_STATE_##state_, \
    .mode = STS_MODE_##mode_, .outcome = POLICY_FETCH_FETCHED, .record = true, .valid = true
#define BROKEN_RECORD(faults_)                                                         \
    .kind = MX_KIND_EXPLICIT, .question = DNS_DATA, .state = STS_STATE_RECORD_INVALID, \
    .record = true, .faults = (faults_)
#define ENDPOINT(...)                                                       \
    {                                                                       \
        .there = true, .starttls = STARTTLS_OFFERED, .leaf = 1, __VA_ARGS__ \
    }
#define PASSES                                                                              \
    ENDPOINT(.outcome = OUTCOME_ESTABLISHED, .tls_version = 0x0304, .chain = CHAIN_TRUSTED, \
             .name_match = NAME_MATCH_EXACT)
#define EXPIRED                                                                             \
    ENDPOINT(.outcome = OUTCOME_ESTABLISHED, .tls_version = 0x0304, .chain = CHAIN_EXPIRED, \
             .name_match = NAME_MATCH_EXACT)
#define SILENT                                            \
    {                                                     \
        .there = true, .outcome = OUTCOME_CONNECT_TIMEOUT \
    }

static const struct sts_case domains[] = {
    {.name = "RFC 8461 3: no record",
     .kind = MX_KIND_EXPLICIT,
     .question = DNS_NXDOMAIN,
     .state = STS_STATE_NONE,
     .expected = {RAISES(STS_ABSENT, INFO, "TXT _mta-sts.example.com: nxdomain")},
     .spares = SPARES(STS_DNS_FAILED)},
    {.name = "RFC 8461 3.1: a wildcard's record",
     .kind = MX_KIND_EXPLICIT,
     .question = DNS_DATA,
     .state = STS_STATE_NONE,
     .faults = FAULT(UNRELATED),
     .expected = {RAISES(STS_ABSENT, INFO, "_mta-sts.example.com: data"),
                  RAISES(STS_RECORD_UNRELATED, INFO, "here")},
     .spares = SPARES(STS_RECORD_NO_DELIMITER)},
    {.name = "a domain that takes no mail needs none",
     .kind = MX_KIND_NULL_MX,
     .question = DNS_NXDOMAIN,
     .state = STS_STATE_NONE,
     .spares = SPARES(STS_ABSENT)},
    {.name = "RFC 8461 3.1: the question fails",
     .kind = MX_KIND_EXPLICIT,
     .question = DNS_SERVFAIL,
     .expected = {RAISES(STS_DNS_FAILED, WARNING, "_mta-sts.example.com: servfail")},
     .spares = SPARES(STS_ABSENT)},
    {.name = "our own fault",
     .kind = MX_KIND_EXPLICIT,
     .question = DNS_LOCAL_FAULT,
     .spares = SPARES(STS_DNS_FAILED)},
    {.name = "RFC 7505 3: MTA-STS beside a null MX",
     .kind = MX_KIND_NULL_MX,
     .question = DNS_DATA,
     .state = STS_STATE_ENFORCE,
     .record = true,
     .valid = true,
     .expected = {RAISES(STS_NULL_MX, NOTICE, "TXT _mta-sts.example.com: a record, enforce")},
     .spares = SPARES(STS_NO_POLICY)},

    /* the record: RFC 8461 section 3.1 */
    {.name = "RFC 8461 3.1: multiple",
     BROKEN_RECORD(FAULT(MULTIPLE)),
     .expected = {RAISES(STS_RECORD_MULTIPLE, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_NO_DELIMITER)},
    {.name = "RFC 8461 3.1: no_delimiter",
     BROKEN_RECORD(FAULT(NO_DELIMITER)),
     .expected = {RAISES(STS_RECORD_NO_DELIMITER, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_VERSION_CASE)},
    {.name = "RFC 8461 3.1: version_case",
     BROKEN_RECORD(FAULT(VERSION_CASE)),
     .expected = {RAISES(STS_RECORD_VERSION_CASE, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_VERSION_NOT_FIRST)},
    {.name = "RFC 8461 3.1: version_not_first",
     BROKEN_RECORD(FAULT(VERSION_NOT_FIRST)),
     .expected = {RAISES(STS_RECORD_VERSION_NOT_FIRST, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_ID_MISSING)},
    {.name = "RFC 8461 3.1: id_missing",
     BROKEN_RECORD(FAULT(ID_MISSING)),
     .expected = {RAISES(STS_RECORD_ID_MISSING, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_ID_SYNTAX)},
    {.name = "RFC 8461 3.1: id_syntax",
     BROKEN_RECORD(FAULT(ID_SYNTAX)),
     .expected = {RAISES(STS_RECORD_ID_SYNTAX, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_ID_TOO_LONG)},
    {.name = "RFC 8461 3.1: id_too_long",
     BROKEN_RECORD(FAULT(ID_TOO_LONG)),
     .expected = {RAISES(STS_RECORD_ID_TOO_LONG, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_EXTENSION_SYNTAX)},
    {.name = "RFC 8461 3.1: extension_syntax",
     BROKEN_RECORD(FAULT(EXTENSION_SYNTAX)),
     .expected = {RAISES(STS_RECORD_EXTENSION_SYNTAX, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_NON_ASCII)},
    {.name = "RFC 8461 3.1: non_ascii",
     BROKEN_RECORD(FAULT(NON_ASCII)),
     .expected = {RAISES(STS_RECORD_NON_ASCII, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_MULTIPLE)},
    {.name = "RFC 8461 3.2: the first of two fields counts",
     MTA_STS(ENFORCE, ENFORCE),
     .faults = FAULT(DUPLICATE_FIELD),
     .expected = {RAISES(STS_RECORD_DUPLICATE_FIELD, WARNING, "here")},
     .spares = SPARES(STS_RECORD_POLICY_FIELDS)},
    {.name = "RFC 8461 3.1: fields of the policy",
     MTA_STS(ENFORCE, ENFORCE),
     .faults = FAULT(POLICY_FIELDS),
     .expected = {RAISES(STS_RECORD_POLICY_FIELDS, WARNING, "here")},
     .spares = SPARES(STS_RECORD_DUPLICATE_FIELD)},
    {.name = "RFC 8461 3.1: a broken record beside a valid one costs little",
     MTA_STS(ENFORCE, ENFORCE),
     .faults = FAULT(NO_DELIMITER),
     .expected = {RAISES(STS_RECORD_NO_DELIMITER, WARNING, "here")},
     .spares = SPARES(STS_RECORD_UNRELATED)},
    {.name = "RFC 8461 5: a record that hides a policy in testing costs no mail",
     .kind = MX_KIND_EXPLICIT,
     .question = DNS_DATA,
     .state = STS_STATE_RECORD_INVALID,
     .mode = STS_MODE_TESTING,
     .outcome = POLICY_FETCH_FETCHED,
     .record = true,
     .faults = FAULT(ID_SYNTAX),
     .expected = {RAISES(STS_RECORD_ID_SYNTAX, WARNING, "here")},
     .spares = SPARES(STS_MODE_TESTING)},
    {.name = "RFC 8461 8.2: a record elsewhere",
     MTA_STS(ENFORCE, ENFORCE),
     .cname = "sts.provider.test",
     .expected = {RAISES(STS_RECORD_VIA_CNAME, INFO, "_mta-sts.example.com -> sts.provider.test")}},
    {.name = "an alias without a record",
     .kind = MX_KIND_EXPLICIT,
     .question = DNS_NXDOMAIN,
     .state = STS_STATE_NONE,
     .cname = "gone.provider.test",
     .expected = {RAISES(STS_ABSENT, INFO, "nxdomain")},
     .spares = SPARES(STS_RECORD_VIA_CNAME)},

    {.name = "RFC 8461 3.1: space_before_delimiter",
     MTA_STS(ENFORCE, ENFORCE),
     .faults = FAULT(SPACE_BEFORE_DELIMITER),
     .expected = {RAISES(STS_RECORD_SPACE_BEFORE_DELIMITER, NOTICE, "here")},
     .spares = SPARES(STS_RECORD_SECOND_LOOSE)},
    {.name = "RFC 8461 3.1: second_loose",
     MTA_STS(ENFORCE, ENFORCE),
     .faults = FAULT(SECOND_LOOSE),
     .expected = {RAISES(STS_RECORD_SECOND_LOOSE, WARNING, "here")},
     .spares = SPARES(STS_RECORD_SPACE_BEFORE_DELIMITER)},
    {.name = "RFC 8461 3.1: quoted",
     BROKEN_RECORD(FAULT(QUOTED)),
     .expected = {RAISES(STS_RECORD_QUOTED, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_ESCAPED)},
    {.name = "RFC 8461 3.1: escaped",
     BROKEN_RECORD(FAULT(ESCAPED)),
     .expected = {RAISES(STS_RECORD_ESCAPED, ERROR, "TXT _mta-sts.example.com: here")},
     .spares = SPARES(STS_RECORD_QUOTED)},
    {.name = "RFC 8461 3.2: a policy that some senders refuse",
     MTA_STS(ENFORCE, ENFORCE),
     .policy_quirks = 1U << STS_POLICY_QUIRK_BLANK_LINE | 1U << STS_POLICY_QUIRK_MEDIA_TYPE,
     .expected = {RAISES(STS_READERS_DIFFER, NOTICE, "policy: blank_line, media_type")},
     .spares = SPARES(STS_NO_POLICY)},
    {.name = "RFC 8461 3.1: a record of which the same is true",
     MTA_STS(ENFORCE, ENFORCE),
     .record_quirks = 1U << STS_RECORD_QUIRK_DUPLICATE_ID,
     .policy_quirks = 1U << STS_POLICY_QUIRK_BOM,
     .expected = {RAISES(STS_READERS_DIFFER, NOTICE, "record: duplicate_id; policy: bom")}},
    {.name = "RFC 8461 3: what no sender reads",
     BROKEN_RECORD(FAULT(ID_MISSING)),
     .expected = {RAISES(STS_RECORD_ID_MISSING, ERROR, "here")},
     .spares = SPARES(STS_READERS_DIFFER)},

    /* what can be used of the policy: RFC 8461 section 3.3, 5 */
    {.name = "RFC 8461 3.3: the fetch fails",
     .kind = MX_KIND_EXPLICIT,
     .question = DNS_DATA,
     .state = STS_STATE_FETCH_FAILED,
     .outcome = POLICY_FETCH_HTTP_STATUS,
     .record = true,
     .valid = true,
     .expected = {RAISES(STS_NO_POLICY, ERROR, "mta-sts.example.com: fetch_failed, http_status")},
     .spares = SPARES(STS_MODE_NONE)},
    {.name = "RFC 8461 3.3: in testing a bad certificate costs no mail",
     MTA_STS(CERTIFICATE_INVALID, TESTING),
     .expected = {RAISES(STS_NO_POLICY, WARNING, "mta-sts.example.com: certificate_invalid")},
     .spares = SPARES(STS_MODE_TESTING)},
    {.name = "RFC 8461 5: mode none",
     MTA_STS(MODE_NONE, NONE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA, EXPIRED)},
     .expected = {RAISES(STS_MODE_NONE, INFO, "mode none, max_age 86400"),
                  RAISES(STS_MX_CERTIFICATE, NOTICE, "mx.example.com 192.0.2.1")},
     .spares = SPARES(STS_WOULD_FAIL)},
    {.name = "RFC 8461 5: mode testing",
     MTA_STS(TESTING, TESTING),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA, PASSES)},
     .expected = {RAISES(STS_MODE_TESTING, INFO, "mode testing, max_age 86400")},
     .spares = SPARES(STS_WOULD_FAIL)},
    {.name = "RFC 8461 5: mode enforce, all in order",
     MTA_STS(ENFORCE, ENFORCE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA, PASSES)},
     .spares = SPARES(STS_MX_NOT_COVERED)},
    {.name = "and so for the certificate",
     MTA_STS(ENFORCE, ENFORCE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA, PASSES)},
     .spares = SPARES(STS_MX_CERTIFICATE)},
    {.name = "no null MX", MTA_STS(ENFORCE, ENFORCE), .spares = SPARES(STS_NULL_MX)},

    /* exchanges: RFC 8461 section 4, 5 */
    {.name = "RFC 8461 4.1: no exchange is covered",
     MTA_STS(ENFORCE, ENFORCE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA, PASSES)},
     .uncovered = {STS_MISMATCH_TYPO},
     .unused = "mxx.example.com",
     .expected = {RAISES(STS_MX_NOT_COVERED, ERROR, "mx.example.com (typo)"),
                  RAISES(STS_PATTERN_UNUSED, WARNING, "mxx.example.com"),
                  RAISES(STS_DELIVERY_FAILURE, ERROR, "MX hosts: 1, failing: 1")},
     .spares = SPARES(STS_PARTIAL_FAILURE)},
    {.name = "RFC 8461 4.1: an exchange that is not known may use the pattern",
     MTA_STS(ENFORCE, ENFORCE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA, PASSES)},
     .unused = "mx2.example.com",
     .mx_more = 1,
     .spares = SPARES(STS_PATTERN_UNUSED)},
    {.name = "RFC 3207 4: one of two without STARTTLS",
     MTA_STS(ENFORCE, ENFORCE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA, PASSES),
            MADE_DIALLED(20, "mx2.example.com", DATA, NODATA,
                         {.there = true,
                          .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
                          .starttls = STARTTLS_NOT_OFFERED})},
     .expected = {RAISES(STS_MX_NO_STARTTLS, ERROR, "mx2.example.com 192.0.2.1"),
                  RAISES(STS_PARTIAL_FAILURE, WARNING,
                         "MX hosts: 2, failing: 1, failing only at some address: 0")},
     .spares = SPARES(STS_DELIVERY_FAILURE)},
    {.name = "RFC 8461 8.4: the first of two fails in TLS",
     MTA_STS(ENFORCE, ENFORCE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA,
                         ENDPOINT(.outcome = OUTCOME_TLS_ALERT)),
            MADE_DIALLED(20, "mx2.example.com", DATA, NODATA, PASSES)},
     .expected = {RAISES(STS_MX_TLS_FAILED, ERROR, "mx.example.com 192.0.2.1 (tls_alert)"),
                  RAISES(STS_PARTIAL_FAILURE, ERROR, "MX hosts: 2, failing: 1")},
     .spares = SPARES(STS_MX_NO_STARTTLS)},
    {.name = "RFC 8461 4.2: in testing the same would fail",
     MTA_STS(TESTING, TESTING),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA, PASSES, EXPIRED)},
     .expected = {RAISES(STS_MODE_TESTING, INFO, "testing"),
                  RAISES(STS_MX_CERTIFICATE, WARNING, "192.0.2.2 (chain expired, name match)"),
                  RAISES(STS_WOULD_FAIL, WARNING, "failing: 0, failing only at some address: 1")},
     .spares = SPARES(STS_MX_TLS_FAILED)},
    {.name = "RFC 8461 7.2: TLS 1.1",
     MTA_STS(ENFORCE, ENFORCE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA,
                         ENDPOINT(.outcome = OUTCOME_ESTABLISHED, .tls_version = 0x0302,
                                  .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_EXACT))},
     .expected = {RAISES(STS_MX_TLS_VERSION, ERROR, "mx.example.com 192.0.2.1"),
                  RAISES(STS_DELIVERY_FAILURE, ERROR, "MX hosts: 1, failing: 1")},
     .spares = SPARES(STS_MX_CERTIFICATE)},
    {.name = "RFC 8461 7.2: TLS 1.2",
     MTA_STS(ENFORCE, ENFORCE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA,
                         ENDPOINT(.outcome = OUTCOME_ESTABLISHED, .tls_version = 0x0303,
                                  .chain = CHAIN_TRUSTED, .name_match = NAME_MATCH_EXACT))},
     .spares = SPARES(STS_MX_TLS_VERSION)},
    {.name = "an address that does not answer proves nothing",
     MTA_STS(ENFORCE, ENFORCE),
     .mx = {MADE_DIALLED(10, "mx.example.com", DATA, NODATA, EXPIRED, SILENT)},
     .expected = {RAISES(STS_MX_CERTIFICATE, ERROR, "192.0.2.1"),
                  RAISES(STS_PARTIAL_FAILURE, WARNING,
                         "failing: 0, failing only at some address: 1")},
     .spares = SPARES(STS_DELIVERY_FAILURE)},
};

#define DOMAIN_COUNT (sizeof(domains) / sizeof(domains[0]))

/* As judge_exchanges() would tally them. */
static void tally_endpoints(struct sts_verdict *v, const struct seen_domain *d)
{
    for (size_t i = 0; i < d->mx_count; i++) {
        for (size_t k = 0; k < d->mx[i].endpoint_count; k++) {
            tally_add(&v->mx[i].endpoints, sts_endpoint_passes(&d->mx[i].endpoints[k]));
        }
    }
}

static void made_sts_fill(struct sts_verdict *v, const struct sts_case *c,
                          const struct seen_domain *d)
{
    *v = (struct sts_verdict){
        .state = c->state,
        .records = {.lenient_count = c->record,
                    .strict_count = c->valid,
                    .valid = c->valid,
                    .faults = c->faults},
        .has_policy = c->outcome == POLICY_FETCH_FETCHED,
        .policy = {.mode = c->mode, .max_age = 86400, .mx_count = c->unused != NULL},
        .policy_quirks = c->policy_quirks,
    };
    v->records.quirks = c->record_quirks;
    v->records.readable = v->policy.readable = (c->record_quirks | c->policy_quirks) != 0;
    for (size_t i = 0; i < STS_RECORD_FAULT_COUNT; i++) {
        v->records.evidence[i] = SPAN_LIT("here");
    }
    v->policy.mx[0] = span_of(c->unused != NULL ? c->unused : "");
    for (size_t i = 0; i < d->mx_count; i++) {
        v->mx[i].covered = c->uncovered[i] == STS_MISMATCH_NONE ? TRUTH_YES : TRUTH_NO;
        v->mx[i].mismatch = c->uncovered[i];
    }
    tally_endpoints(v, d);
}

Test(policy_findings, each_domain_with_mta_sts_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < DOMAIN_COUNT; i++) {
        const struct sts_case *c = &domains[i];
        struct made_domain d;
        struct sts_verdict v;
        struct seen_policy policy = {.policy_host = SPAN_LIT("mta-sts.example.com"),
                                     .outcome = c->outcome};
        struct span cname = span_of(c->cname != NULL ? c->cname : "");
        made_domain_fill(&d, c->kind, DNS_DATA, c->mx);
        d.seen.mx_total += c->mx_more;
        d.seen.policy = &policy;
        d.seen.mta_sts.dns =
            (struct seen_dns){.state = (uint8_t)c->question, .rcode = UINT8_MAX, .ede = -1};
        d.seen.mta_sts_cnames = &cname;
        d.seen.mta_sts_cname_count = c->cname != NULL;
        made_sts_fill(&v, c, &d.seen);
        findings_reset(&f);
        sts_findings_of_domain(&d.seen, &v, &f);
        expect_findings(c->name, &f, SCOPE_DOMAIN, c->expected);
    }
    findings_deinit(&f);
}

void cover_sts(struct covered *c)
{
    for (size_t i = 0; i < DOMAIN_COUNT; i++) {
        cover_row(c, domains[i].expected, domains[i].spares);
    }
}

/* The domain's own list has them, and not without a verdict. */
Test(policy_findings, a_domain_is_told_of_its_policies)
{
    static const struct made_mx mx[] = {MADE_HOST(10, "mx.example.com", DATA, NODATA), {0}};
    static struct domain_verdict v = {.sts = {.state = STS_STATE_NONE}}; /* large */
    struct findings f;
    struct made_domain d;
    findings_init(&f);
    made_domain_fill(&d, MX_KIND_EXPLICIT, DNS_DATA, mx);
    d.mx[0].dane_host = DANE_HOST_LOOKUP_FAILED;
    d.seen.mta_sts.dns.state = DNS_NODATA;
    d.seen.tls_rpt.dns.state = DNS_NODATA;
    findings_of_domain(&d.seen, &v, &f);
    cr_expect(findings_has(&f, FINDING_STS_ABSENT));
    cr_expect(findings_has(&f, FINDING_TLSRPT_ABSENT));
    cr_expect(findings_has(&f, FINDING_DANE_UNDELIVERABLE));
    findings_reset(&f);
    findings_of_domain(&d.seen, NULL, &f);
    cr_expect_eq(f.count, 0);
    d.seen.blocklisted = true;
    findings_of_domain(&d.seen, &v, &f);
    cr_expect_eq(f.count, 1, "what was left alone is not judged");
    findings_deinit(&f);
}

/* --- TLS-RPT ----------------------------------------------------------------------------------- */

struct rpt_case {
    const char *name;
    enum mx_kind kind;
    enum dns_state question;
    bool record;
    bool valid;
    uint32_t faults;
    const char *rua;
    enum sts_state sts;
    enum dane_domain_state dane;
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define RPT_FAULT(name) (1U << TLS_RPT_##name)
#define RPT             .kind = MX_KIND_EXPLICIT, .question = DNS_DATA

static const struct rpt_case reports[] = {
    {.name = "RFC 8460 3: no record",
     .kind = MX_KIND_EXPLICIT,
     .question = DNS_NODATA,
     .expected = {RAISES(TLSRPT_ABSENT, INFO, "TXT _smtp._tls.example.com: nodata")},
     .spares = SPARES(TLSRPT_DNS_FAILED)},
    {.name = "nothing was asked", .kind = MX_KIND_EXPLICIT, .spares = SPARES(TLSRPT_ABSENT)},
    {.name = "a domain that takes no mail",
     .kind = MX_KIND_NULL_MX,
     .question = DNS_NODATA,
     .spares = SPARES(TLSRPT_ABSENT)},
    {.name = "RFC 8460 3: the question fails",
     .kind = MX_KIND_EXPLICIT,
     .question = DNS_TIMEOUT,
     .expected = {RAISES(TLSRPT_DNS_FAILED, NOTICE, "_smtp._tls.example.com: timeout")},
     .spares = SPARES(TLSRPT_ABSENT)},
    {.name = "RFC 8460 3: another record",
     RPT,
     .faults = RPT_FAULT(UNRELATED),
     .expected = {RAISES(TLSRPT_ABSENT, INFO, "data"), RAISES(TLSRPT_UNRELATED, INFO, "here")},
     .spares = SPARES(TLSRPT_NO_DELIMITER)},
    {.name = "RFC 8460 3: multiple",
     RPT,
     .record = true,
     .faults = RPT_FAULT(MULTIPLE),
     .expected = {RAISES(TLSRPT_MULTIPLE, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_NO_DELIMITER)},
    {.name = "RFC 8460 3: no_delimiter",
     RPT,
     .record = true,
     .faults = RPT_FAULT(NO_DELIMITER),
     .expected = {RAISES(TLSRPT_NO_DELIMITER, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_VERSION_CASE)},
    {.name = "RFC 8460 3: version_case",
     RPT,
     .record = true,
     .faults = RPT_FAULT(VERSION_CASE),
     .expected = {RAISES(TLSRPT_VERSION_CASE, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_RUA_MISSING)},
    {.name = "RFC 8460 3: rua_missing",
     RPT,
     .record = true,
     .faults = RPT_FAULT(RUA_MISSING),
     .expected = {RAISES(TLSRPT_RUA_MISSING, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_RUA_EMPTY)},
    {.name = "RFC 8460 3: rua_empty",
     RPT,
     .record = true,
     .faults = RPT_FAULT(RUA_EMPTY),
     .expected = {RAISES(TLSRPT_RUA_EMPTY, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_RUA_SCHEME)},
    {.name = "RFC 8460 3: rua_scheme",
     RPT,
     .record = true,
     .faults = RPT_FAULT(RUA_SCHEME),
     .expected = {RAISES(TLSRPT_RUA_SCHEME, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_RUA_SYNTAX)},
    {.name = "RFC 8460 3: rua_syntax",
     RPT,
     .record = true,
     .faults = RPT_FAULT(RUA_SYNTAX),
     .expected = {RAISES(TLSRPT_RUA_SYNTAX, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_RUA_UNESCAPED)},
    {.name = "RFC 8460 3: rua_unescaped",
     RPT,
     .record = true,
     .faults = RPT_FAULT(RUA_UNESCAPED),
     .expected = {RAISES(TLSRPT_RUA_UNESCAPED, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_EXTENSION_SYNTAX)},
    {.name = "RFC 8460 3: extension_syntax",
     RPT,
     .record = true,
     .faults = RPT_FAULT(EXTENSION_SYNTAX),
     .expected = {RAISES(TLSRPT_EXTENSION_SYNTAX, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_NON_ASCII)},
    {.name = "RFC 8460 3: non_ascii",
     RPT,
     .record = true,
     .faults = RPT_FAULT(NON_ASCII),
     .expected = {RAISES(TLSRPT_NON_ASCII, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_UNRELATED)},
    {.name = "RFC 8460 3: space_before_delimiter",
     RPT,
     .record = true,
     .valid = true,
     .faults = RPT_FAULT(SPACE_BEFORE_DELIMITER),
     .sts = STS_STATE_ENFORCE,
     .expected = {RAISES(TLSRPT_SPACE_BEFORE_DELIMITER, NOTICE, "here")},
     .spares = SPARES(TLSRPT_QUOTED)},
    {.name = "RFC 8460 3: quoted",
     RPT,
     .record = true,
     .faults = RPT_FAULT(QUOTED),
     .expected = {RAISES(TLSRPT_QUOTED, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_ESCAPED)},
    {.name = "RFC 8460 3: escaped",
     RPT,
     .record = true,
     .faults = RPT_FAULT(ESCAPED),
     .expected = {RAISES(TLSRPT_ESCAPED, WARNING, "TXT _smtp._tls.example.com: here")},
     .spares = SPARES(TLSRPT_SPACE_BEFORE_DELIMITER)},
    {.name = "RFC 8460 3: beside a valid record",
     RPT,
     .record = true,
     .valid = true,
     .faults = RPT_FAULT(NO_DELIMITER),
     .sts = STS_STATE_ENFORCE,
     .expected = {RAISES(TLSRPT_NO_DELIMITER, NOTICE, "here")},
     .spares = SPARES(TLSRPT_MULTIPLE)},
    {.name = "RFC 8460 4.4: nothing to report on",
     RPT,
     .record = true,
     .valid = true,
     .rua = "mailto:tls@mail.example.com",
     .sts = STS_STATE_NONE,
     .dane = DANE_DOMAIN_NONE,
     .expected = {RAISES(TLSRPT_WITHOUT_POLICY, INFO, "MTA-STS none, DANE none")},
     .spares = SPARES(TLSRPT_EXTERNAL_DOMAIN)},
    {.name = "RFC 8460 3: reports go elsewhere",
     RPT,
     .record = true,
     .valid = true,
     .rua = "mailto:tls@myexample.com",
     .sts = STS_STATE_NONE,
     .dane = DANE_DOMAIN_UNKNOWN,
     .expected = {RAISES(TLSRPT_EXTERNAL_DOMAIN, INFO, "myexample.com")},
     .spares = SPARES(TLSRPT_WITHOUT_POLICY)},
};

#define REPORT_COUNT (sizeof(reports) / sizeof(reports[0]))

Test(policy_findings, each_record_of_tls_rpt_raises_its_list)
{
    static const struct made_mx mx[] = {MADE_HOST(10, "mx.example.com", DATA, NODATA), {0}};
    static struct domain_verdict v; /* large */
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < REPORT_COUNT; i++) {
        const struct rpt_case *c = &reports[i];
        struct made_domain d;
        made_domain_fill(&d, c->kind, DNS_DATA, mx);
        d.seen.tls_rpt.dns =
            (struct seen_dns){.state = (uint8_t)c->question, .rcode = UINT8_MAX, .ede = -1};
        v = (struct domain_verdict){
            .sts = {.state = c->sts},
            .dane = {.state = c->dane},
            .tls_rpt = {.lenient_count = c->record,
                        .valid = c->valid,
                        .faults = c->faults,
                        .rua_count = c->rua != NULL},
        };
        v.tls_rpt.rua[0] = span_of(c->rua != NULL ? c->rua : "");
        for (size_t k = 0; k < TLS_RPT_FAULT_COUNT; k++) {
            v.tls_rpt.evidence[k] = SPAN_LIT("here");
        }
        findings_reset(&f);
        tls_rpt_findings_of_domain(&d.seen, &v, &f);
        expect_findings(c->name, &f, SCOPE_DOMAIN, c->expected);
    }
    findings_deinit(&f);
}

void cover_tls_rpt(struct covered *c)
{
    for (size_t i = 0; i < REPORT_COUNT; i++) {
        cover_row(c, reports[i].expected, reports[i].spares);
    }
}
