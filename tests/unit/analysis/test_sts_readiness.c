#include <criterion/criterion.h>

#include "scanner/analysis/sts_readiness.h"

/* --- items of the addresses ----------------------------------------------------------------- */

#define GOOD_PARTS                                                     \
    .port = 25, .outcome = OUTCOME_ESTABLISHED, .tls_version = 0x0303, \
    .chain = {.status = CHAIN_TRUSTED}, .name_match = NAME_MATCH_EXACT
#define GOOD_SESSION  GOOD_PARTS, .starttls = STARTTLS_OFFERED
#define QUIRK(quirk_) .facts = {.quirks = 1U << SMTP_QUIRK_##quirk_}
#define GOOD_DEFAULT                                                                  \
    .no_sni_outcome = OUTCOME_ESTABLISHED, .no_sni_chain = {.status = CHAIN_TRUSTED}, \
    .no_sni_name_match = NAME_MATCH_EXACT
#define GOOD                       \
    {                              \
        GOOD_SESSION, GOOD_DEFAULT \
    }
#define ENDS(outcome_, starttls_)                                                   \
    {                                                                               \
        .port = 25, .outcome = OUTCOME_##outcome_, .starttls = STARTTLS_##starttls_ \
    }

#define ADDRESS_ITEMS (READINESS_DEFAULT_CERTIFICATE + 1)

struct address_case {
    const char *name;
    struct endpoint_brief endpoints[2]; /* the second, if it has a port, at a second exchange */
    char items[ADDRESS_ITEMS + 1];      /* STARTTLS, TLS 1.2, chain, name, default: P F U - */
    int decides[ADDRESS_ITEMS];         /* the exchange, -1: none */
    char ready;
};

static const struct address_case address_cases[] = {
    {"all is good", {GOOD}, "PPPPP", {-1, -1, -1, -1, -1}, 'P'},
    {"RFC 8461 4.2: STARTTLS is not offered",
     {GOOD, ENDS(STARTTLS_NOT_OFFERED, NOT_OFFERED)},
     "FFFFU",
     {1, 1, 1, 1, 1},
     'F'},
    {"masked by a middlebox", {ENDS(STARTTLS_MASKED, MASKED)}, "FFFFU", {0, 0, 0, 0, 0}, 'F'},
    {"RFC 3207 4: offered, and refused for now",
     {ENDS(STARTTLS_TEMPFAIL, TEMPFAIL)},
     "FFFFU",
     {0, 0, 0, 0, 0},
     'F'},
    {"RFC 3207 6: octets before TLS, which some senders do not drop",
     {{GOOD_DEFAULT, GOOD_PARTS, .starttls = STARTTLS_INJECTED}},
     "FPPPP",
     {0, -1, -1, -1, -1},
     'F'},
    {"RFC 3207 4.2: the session is lost when TLS stands",
     {GOOD, {GOOD_SESSION, GOOD_DEFAULT, QUIRK(LOST_AFTER_TLS)}},
     "FPPPP",
     {1, -1, -1, -1, -1},
     'F'},
    {"a certificate list that OpenSSL's clients do not take",
     {GOOD, {GOOD_SESSION, GOOD_DEFAULT, .facts = {.list_kib = 101}}},
     "FPPPP",
     {1, -1, -1, -1, -1},
     'F'},
    {"one that they take",
     {GOOD, {GOOD_SESSION, GOOD_DEFAULT, .facts = {.list_kib = 100}}},
     "PPPPP",
     {-1, -1, -1, -1, -1},
     'P'},
    {"EHLO refused there may be meant for us",
     {{GOOD_SESSION, GOOD_DEFAULT, QUIRK(REFUSED_AFTER_TLS)}},
     "UPPPP",
     {0, -1, -1, -1, -1},
     'U'},
    {"and silence may be chance",
     {{GOOD_SESSION, GOOD_DEFAULT, QUIRK(SILENT_AFTER_TLS)}},
     "UPPPP",
     {0, -1, -1, -1, -1},
     'U'},
    {"RFC 5321 2.4: lower case is STARTTLS all the same",
     {{GOOD_SESSION, GOOD_DEFAULT, QUIRK(KEYWORD_CASE)}},
     "PPPPP",
     {-1, -1, -1, -1, -1},
     'P'},
    {"STARTTLS comes and goes before SNI can be known",
     {{GOOD_SESSION, .no_sni_outcome = OUTCOME_STARTTLS_NOT_OFFERED}},
     "UPPPU",
     {0, -1, -1, -1, 0},
     'U'},
    {"and is missing where it was asked for with SNI",
     {{.port = 25,
       .outcome = OUTCOME_STARTTLS_NOT_OFFERED,
       .starttls = STARTTLS_NOT_OFFERED,
       GOOD_DEFAULT}},
     "UUUUP",
     {0, 0, 0, 0, -1},
     'U'},
    {"RFC 3207 4: so does 454 where it was asked for with SNI",
     {{.port = 25,
       .outcome = OUTCOME_STARTTLS_TEMPFAIL,
       .starttls = STARTTLS_TEMPFAIL,
       GOOD_DEFAULT}},
     "UUUUP",
     {0, 0, 0, 0, -1},
     'U'},
    {"a 421 in the other session is no difference",
     {{GOOD_SESSION, .no_sni_outcome = OUTCOME_GREETING_TEMPFAIL}},
     "PPPPU",
     {-1, -1, -1, -1, 0},
     'P'},
    {"a tarpit says nothing", {ENDS(TARPIT, UNKNOWN)}, "UUUUU", {0, 0, 0, 0, 0}, 'U'},
    {"RFC 5321 2.2.1: HELO only", {ENDS(HELO_ONLY, NOT_OFFERED)}, "FFFFU", {0, 0, 0, 0, 0}, 'F'},
    {"RFC 8461 7.2: TLS 1.1",
     {{.port = 25,
       .outcome = OUTCOME_ESTABLISHED,
       .starttls = STARTTLS_OFFERED,
       .tls_version = 0x0302,
       .chain = {.status = CHAIN_TRUSTED},
       .name_match = NAME_MATCH_WILDCARD,
       GOOD_DEFAULT}},
     "PFPPP",
     {-1, 0, -1, -1, -1},
     'F'},
    {"RFC 8461 4.2: the chain",
     {GOOD,
      {.port = 25,
       .outcome = OUTCOME_ESTABLISHED,
       .starttls = STARTTLS_OFFERED,
       .tls_version = 0x0304,
       .chain = {.status = CHAIN_EXPIRED},
       .name_match = NAME_MATCH_EXACT,
       GOOD_DEFAULT}},
     "PPFPP",
     {-1, -1, 1, -1, -1},
     'F'},
    {"RFC 8461 4.2: the common name alone is no DNS-ID",
     {{.port = 25,
       .outcome = OUTCOME_ESTABLISHED,
       .starttls = STARTTLS_OFFERED,
       .tls_version = 0x0304,
       .chain = {.status = CHAIN_TRUSTED},
       .name_match = NAME_MATCH_CN_ONLY,
       GOOD_DEFAULT}},
     "PPPFP",
     {-1, -1, -1, 0, -1},
     'F'},
    {"the default certificate is another: advisory, RFC 8461 4.1 has SNI",
     {{GOOD_SESSION, .no_sni_outcome = OUTCOME_ESTABLISHED,
       .no_sni_chain = {.status = CHAIN_SELF_SIGNED}, .no_sni_name_match = NAME_MATCH_OTHER}},
     "PPPPF",
     {-1, -1, -1, -1, 0},
     'P'},
    {"no handshake without SNI",
     {{GOOD_SESSION, .no_sni_outcome = OUTCOME_TLS_ALERT}},
     "PPPPF",
     {-1, -1, -1, -1, 0},
     'P'},
    {"it was not made", {{GOOD_SESSION}}, "PPPPU", {-1, -1, -1, -1, 0}, 'P'},
    {"one address is not known",
     {GOOD, ENDS(CONNECT_TIMEOUT, UNKNOWN)},
     "UUUUU",
     {1, 1, 1, 1, 1},
     'U'},
    {"a fault is known beside it",
     {ENDS(GREETING_CLOSED, UNKNOWN), ENDS(TLS_ALERT, OFFERED)},
     "UFFFU",
     {0, 1, 1, 1, 0},
     'F'},
    {"the session of another name says nothing of the certificate",
     {{.inherited = 1, GOOD_SESSION, GOOD_DEFAULT}},
     "PUUUP",
     {-1, 0, 0, 0, -1},
     'U'},
    {"port 25 counts where it was asked for",
     {GOOD, {.port = 465, .outcome = OUTCOME_TLS_ALERT, .starttls = STARTTLS_OFFERED}},
     "PPPPP",
     {-1, -1, -1, -1, -1},
     'P'},
    {"other ports say nothing of mail, RFC 5321 section 4.5.4.2",
     {{.port = 587, .outcome = OUTCOME_TLS_ALERT, .starttls = STARTTLS_OFFERED},
      {.port = 465, .outcome = OUTCOME_ESTABLISHED, .tls_version = 0x0304}},
     "UUUUU",
     {0, 0, 0, 0, 0},
     'U'},
    {"addresses that nobody dials",
     {{.port = 25, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_SPECIAL_PURPOSE}},
     "-----",
     {-1, -1, -1, -1, -1},
     'U'},
};

static char letter_of(enum readiness r)
{
    static const char letters[] = {[READINESS_UNKNOWN] = 'U',
                                   [READINESS_PASS] = 'P',
                                   [READINESS_FAIL] = 'F',
                                   [READINESS_NOT_APPLICABLE] = '-'};
    return letters[r];
}

static void check_item(const char *name, const struct sts_readiness *r, unsigned item, char letter,
                       int mx)
{
    const struct readiness_result *x = &r->item[item];
    const char *word = readiness_item_word((enum readiness_item)item);
    cr_expect_eq(letter_of(x->result), letter, "%s, %s: %c", name, word, letter_of(x->result));
    cr_expect(x->mx == mx && x->endpoint == (mx < 0 ? -1 : 0), "%s, %s: at %d, %d", name, word,
              x->mx, x->endpoint);
}

Test(sts_readiness, of_addresses)
{
    for (size_t i = 0; i < sizeof(address_cases) / sizeof(address_cases[0]); i++) {
        const struct address_case *c = &address_cases[i];
        const struct seen_mx mx[2] = {
            {.host = SPAN_LIT("a.example.com"), .endpoints = &c->endpoints[0], .endpoint_count = 1},
            {.host = SPAN_LIT("b.example.com"),
             .endpoints = &c->endpoints[1],
             .endpoint_count = 1}};
        size_t count = c->endpoints[1].port != 0 ? 2 : 1;
        const struct seen_domain d = {.domain = SPAN_LIT("example.com"),
                                      .mx_kind = MX_KIND_EXPLICIT,
                                      .mta_sts.dns.state = DNS_NXDOMAIN,
                                      .mx = mx,
                                      .mx_count = count,
                                      .mx_total = count};
        static struct sts_verdict sts;
        struct sts_readiness r;
        sts_readiness_fill(&r, &d, &sts);
        cr_expect(r.applicable);
        for (unsigned k = 0; k < ADDRESS_ITEMS; k++) {
            check_item(c->name, &r, k, c->items[k], c->decides[k]);
        }
        for (unsigned k = ADDRESS_ITEMS; k < READINESS_COUNT; k++) {
            check_item(c->name, &r, k, '-', -1);
        }
        cr_expect_eq(letter_of(r.ready), c->ready, "%s: %c", c->name, letter_of(r.ready));
    }
}

/* --- exchanges ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    struct seen_mx second; /* beside a good one; without a host: none */
    enum mx_kind kind;
    size_t beyond;
    char ready; /* -: not applicable */
} exchange_cases[] = {
    {"null MX, RFC 7505", {0}, MX_KIND_NULL_MX, 0, '-'},
    {"no MX and no address", {0}, MX_KIND_NONE, 0, '-'},
    {"implicit", {0}, MX_KIND_IMPLICIT, 0, 'P'},
    {"one", {0}, MX_KIND_EXPLICIT, 0, 'P'},
    {"exchanges beyond the cap", {0}, MX_KIND_EXPLICIT, 1, 'U'},
    {"addresses could not be looked up",
     {.host = SPAN_INIT("b.example.com"), .a_state = DNS_SERVFAIL},
     MX_KIND_EXPLICIT,
     0,
     'U'},
    {"one on the block list",
     {.host = SPAN_INIT("b.example.com"), .blocklisted = true},
     MX_KIND_EXPLICIT,
     0,
     'U'},
    {"one that is no host",
     {.host = SPAN_INIT("192.0.2.1"), .unusable = "ip_literal"},
     MX_KIND_EXPLICIT,
     0,
     'P'},
};

Test(sts_readiness, of_exchanges)
{
    for (size_t i = 0; i < sizeof(exchange_cases) / sizeof(exchange_cases[0]); i++) {
        const struct endpoint_brief good = GOOD;
        struct seen_mx mx[2] = {
            {.host = SPAN_LIT("a.example.com"), .endpoints = &good, .endpoint_count = 1},
            exchange_cases[i].second};
        size_t count = mx[1].host.len > 0 ? 2 : 1;
        const struct seen_domain d = {.domain = SPAN_LIT("example.com"),
                                      .mx_kind = exchange_cases[i].kind,
                                      .mta_sts.dns.state = DNS_NXDOMAIN,
                                      .mx = mx,
                                      .mx_count = count,
                                      .mx_total = count + exchange_cases[i].beyond};
        static struct sts_verdict sts;
        struct sts_readiness r;
        sts_readiness_fill(&r, &d, &sts);
        cr_expect_eq(r.applicable, exchange_cases[i].ready != '-', "%s", exchange_cases[i].name);
        cr_expect_eq(letter_of(r.ready), exchange_cases[i].ready, "%s: %c", exchange_cases[i].name,
                     letter_of(r.ready));
    }
}

/* RFC 7505 section 3: of several MX records none is a null MX. */
Test(sts_readiness, a_null_mx_beside_others_is_not_ready)
{
    const struct endpoint_brief good = GOOD;
    const struct seen_mx mx[2] = {
        {.host = SPAN_LIT("a.example.com"), .endpoints = &good, .endpoint_count = 1},
        {.unusable = "null_mx"}};
    struct seen_domain d = {.domain = SPAN_LIT("example.com"),
                            .mx_kind = MX_KIND_EXPLICIT,
                            .mta_sts.dns.state = DNS_NXDOMAIN,
                            .mx = mx,
                            .mx_count = 2,
                            .mx_total = 2};
    static struct sts_verdict sts;
    struct sts_readiness r;
    sts_readiness_fill(&r, &d, &sts);
    cr_expect_eq(r.ready, READINESS_PASS);
    d.null_mx_beside = true;
    sts_readiness_fill(&r, &d, &sts);
    cr_expect_eq(r.ready, READINESS_UNKNOWN);
}

/* --- record and policy ---------------------------------------------------------------------- */

struct policy_case {
    const char *name;
    enum dns_state question;
    size_t records; /* in the lenient reading */
    bool valid;
    bool asked; /* there is a fetch */
    enum policy_fetch outcome;
    enum not_tested_reason not_tested;
    enum truth certificate;
    bool has_policy;
    bool lenient_valid;
    uint32_t record_quirks;
    uint32_t policy_quirks;
    enum truth covered;
    char items[4]; /* record, policy, mx_covered */
    char ready;
};

#define FETCHED .asked = true, .outcome = POLICY_FETCH_FETCHED
#define RECORD  .question = DNS_DATA, .records = 1, .valid = true
#define PASSES  .certificate = TRUTH_YES, .has_policy = true, .lenient_valid = true

static const struct policy_case policy_cases[] = {
    {.name = "none", .question = DNS_NXDOMAIN, .items = "---", .ready = 'P'},
    {.name = "not looked up", .question = DNS_TIMEOUT, .items = "U--", .ready = 'U'},
    {.name = "SERVFAIL", .question = DNS_SERVFAIL, .items = "U--", .ready = 'U'},
    {.name = "not asked", .question = DNS_NOT_ASKED, .items = "U--", .ready = 'U'},
    {.name = "RFC 4035 5.5: bogus, though it could be read",
     .question = DNS_BOGUS,
     .records = 1,
     .valid = true,
     .items = "FU-",
     .ready = 'F'},
    {.name = "all is good",
     RECORD,
     FETCHED,
     PASSES,
     .covered = TRUTH_YES,
     .items = "PPP",
     .ready = 'P'},
    {.name = "RFC 8461 3.1: a record in no strict reading",
     .question = DNS_DATA,
     .records = 1,
     FETCHED,
     PASSES,
     .covered = TRUTH_YES,
     .items = "FPP",
     .ready = 'F'},
    {.name = "RFC 8461 4.1: an exchange that no pattern covers",
     RECORD,
     FETCHED,
     PASSES,
     .covered = TRUTH_NO,
     .items = "PPF",
     .ready = 'F'},
    {.name = "RFC 8461 3.3: a redirect",
     RECORD,
     .asked = true,
     .outcome = POLICY_FETCH_HTTP_REDIRECT,
     .items = "PF-",
     .ready = 'F'},
    {.name = "RFC 8461 3.3: the certificate of the policy host",
     RECORD,
     FETCHED,
     .certificate = TRUTH_NO,
     .has_policy = true,
     .lenient_valid = true,
     .covered = TRUTH_YES,
     .items = "PFP",
     .ready = 'F'},
    {.name = "that certificate is not judged",
     RECORD,
     FETCHED,
     .certificate = TRUTH_UNKNOWN,
     .has_policy = true,
     .lenient_valid = true,
     .covered = TRUTH_YES,
     .items = "PUP",
     .ready = 'U'},
    {.name = "RFC 8461 3.2: a policy that is none",
     RECORD,
     FETCHED,
     .certificate = TRUTH_YES,
     .has_policy = true,
     .items = "PF-",
     .ready = 'F'},
    {.name = "RFC 8461 3.2: a policy that some senders refuse",
     RECORD,
     FETCHED,
     PASSES,
     .policy_quirks = 1U << STS_POLICY_QUIRK_BLANK_LINE,
     .covered = TRUTH_YES,
     .items = "PFP",
     .ready = 'F'},
    {.name = "RFC 8461 3.3: another media type",
     RECORD,
     FETCHED,
     PASSES,
     .policy_quirks = 1U << STS_POLICY_QUIRK_MEDIA_TYPE,
     .covered = TRUTH_YES,
     .items = "PFP",
     .ready = 'F'},
    {.name = "RFC 8461 3.1: a valid record that some senders do not read",
     RECORD,
     FETCHED,
     PASSES,
     .record_quirks = 1U << STS_RECORD_QUIRK_SPACE_BEFORE_DELIMITER,
     .covered = TRUTH_YES,
     .items = "FPP",
     .ready = 'F'},
    {.name = "not fetched", RECORD, .items = "PU-", .ready = 'U'},
    {.name = "interrupted",
     RECORD,
     .asked = true,
     .outcome = POLICY_FETCH_INTERRUPTED,
     .items = "PU-",
     .ready = 'U'},
    {.name = "our own fault",
     RECORD,
     .asked = true,
     .outcome = POLICY_FETCH_LOCAL_FAULT,
     .items = "PU-",
     .ready = 'U'},
    {.name = "not dialled",
     RECORD,
     .asked = true,
     .outcome = POLICY_FETCH_NOT_DIALLED,
     .not_tested = NOT_TESTED_BLOCKLISTED,
     .items = "PU-",
     .ready = 'U'},
    {.name = "at an address that nobody dials",
     RECORD,
     .asked = true,
     .outcome = POLICY_FETCH_NOT_DIALLED,
     .not_tested = NOT_TESTED_SPECIAL_PURPOSE,
     .items = "PF-",
     .ready = 'F'},
};

Test(sts_readiness, of_record_and_policy)
{
    for (size_t i = 0; i < sizeof(policy_cases) / sizeof(policy_cases[0]); i++) {
        const struct policy_case *c = &policy_cases[i];
        const struct endpoint_brief good = GOOD;
        const struct seen_mx mx = {
            .host = SPAN_LIT("a.example.com"), .endpoints = &good, .endpoint_count = 1};
        const struct seen_policy policy = {.outcome = c->outcome, .not_tested = c->not_tested};
        const struct seen_domain d = {.domain = SPAN_LIT("example.com"),
                                      .mx_kind = MX_KIND_EXPLICIT,
                                      .mta_sts.dns.state = (uint8_t)c->question,
                                      .policy = c->asked ? &policy : NULL,
                                      .mx = &mx,
                                      .mx_count = 1,
                                      .mx_total = 1};
        static struct sts_verdict sts;
        struct sts_readiness r;
        sts = (struct sts_verdict){
            .records = {.valid = c->valid, .lenient_count = c->records, .quirks = c->record_quirks},
            .has_policy = c->has_policy,
            .policy = {.lenient_valid = c->lenient_valid},
            .policy_quirks = c->policy_quirks,
            .certificate_passes = c->certificate,
            .mx = {{.covered = c->covered}}};
        sts_readiness_fill(&r, &d, &sts);
        for (unsigned k = 0; k < 3; k++) {
            unsigned item = READINESS_RECORD + k;
            char letter = letter_of(r.item[item].result);
            cr_expect_eq(letter, c->items[k], "%s, %s: %c", c->name,
                         readiness_item_word((enum readiness_item)item), letter);
        }
        cr_expect_eq(letter_of(r.ready), c->ready, "%s: %c", c->name, letter_of(r.ready));
    }
}
