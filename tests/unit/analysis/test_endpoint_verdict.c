#include <criterion/criterion.h>

#include "scanner/analysis/endpoint_verdict.h"
#include "scanner/analysis/name_rules.h"
#include "tests/unit/analysis/made_handshakes.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct verdict_case {
    const char *name;
    struct made_handshakes made;
    enum name_match match;
    enum name_match default_match;
    enum sni_class sni;
    enum sni_acceptable acceptable;
    enum truth covers_server_name;
    enum name_match other_match;
};

#define BOTH_ESTABLISHED .outcome = OUTCOME_ESTABLISHED, .no_sni_outcome = OUTCOME_ESTABLISHED
#define GOOD(id_)                                                     \
    {                                                                 \
        .id = (id_), .dns = "mx.example.com", .status = CHAIN_TRUSTED \
    }
#define WRONG_NAME(id_)                                              \
    {                                                                \
        .id = (id_), .dns = "mx.other.test", .status = CHAIN_TRUSTED \
    }
#define EXPIRED(id_)                                                  \
    {                                                                 \
        .id = (id_), .dns = "mx.example.com", .status = CHAIN_EXPIRED \
    }
#define CN_ONLY(id_)                                                 \
    {                                                                \
        .id = (id_), .cn = "mx.example.com", .status = CHAIN_TRUSTED \
    }
#define ACCEPTABLE(a)          .acceptable = SNI_ACCEPTABLE_##a
#define MATCHES(with, without) .match = NAME_MATCH_##with, .default_match = NAME_MATCH_##without

/* RFC 6066 section 3, RFC 8461 section 7.1, RFC 9525 section 6.3. */
static const struct verdict_case cases[] = {
    {.name = "one certificate",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = GOOD(1)},
     MATCHES(EXACT, EXACT),
     .sni = SNI_SAME,
     ACCEPTABLE(BOTH)},
    {.name = "two, both good",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = GOOD(2)},
     MATCHES(EXACT, EXACT),
     .sni = SNI_DIFFERS,
     ACCEPTABLE(BOTH)},
    {.name = "the default has another name",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = WRONG_NAME(2)},
     MATCHES(EXACT, OTHER),
     .sni = SNI_DIFFERS,
     ACCEPTABLE(ONLY_SNI)},
    {.name = "the default has expired",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = EXPIRED(2)},
     MATCHES(EXACT, EXACT),
     .sni = SNI_DIFFERS,
     ACCEPTABLE(ONLY_SNI)},
    {.name = "that for SNI has expired",
     .made = {BOTH_ESTABLISHED, .leaf = EXPIRED(1), .plain = GOOD(2)},
     MATCHES(EXACT, EXACT),
     .sni = SNI_DIFFERS,
     ACCEPTABLE(ONLY_DEFAULT)},
    {.name = "RFC 9525 2: a CN is not acceptable",
     .made = {BOTH_ESTABLISHED, .leaf = CN_ONLY(1), .plain = GOOD(2)},
     MATCHES(CN_ONLY, EXACT),
     .sni = SNI_DIFFERS,
     ACCEPTABLE(ONLY_DEFAULT)},
    {.name = "both bad",
     .made = {BOTH_ESTABLISHED, .leaf = EXPIRED(1), .plain = WRONG_NAME(2)},
     MATCHES(EXACT, OTHER),
     .sni = SNI_DIFFERS,
     ACCEPTABLE(NEITHER)},
    {.name = "the same bad one",
     .made = {BOTH_ESTABLISHED, .leaf = WRONG_NAME(1), .plain = WRONG_NAME(1)},
     MATCHES(OTHER, OTHER),
     .sni = SNI_SAME,
     ACCEPTABLE(NEITHER)},
    {.name = "two handshakes with SNI differ",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = GOOD(2), .unstable = true},
     MATCHES(EXACT, EXACT),
     .sni = SNI_UNSTABLE,
     ACCEPTABLE(BOTH)},
    {.name = "an alert without SNI",
     .made = {.outcome = OUTCOME_ESTABLISHED, .no_sni_outcome = OUTCOME_TLS_ALERT, .leaf = GOOD(1)},
     MATCHES(EXACT, NONE),
     .sni = SNI_FATAL_WITHOUT,
     ACCEPTABLE(ONLY_SNI)},
    {.name = "closed without SNI",
     .made = {.outcome = OUTCOME_ESTABLISHED,
              .no_sni_outcome = OUTCOME_TLS_CLOSED,
              .leaf = EXPIRED(1)},
     MATCHES(EXACT, NONE),
     .sni = SNI_FATAL_WITHOUT,
     ACCEPTABLE(UNKNOWN)},
    {.name = "silence may be chance",
     .made = {.outcome = OUTCOME_ESTABLISHED,
              .no_sni_outcome = OUTCOME_TLS_TIMEOUT,
              .leaf = GOOD(1)},
     MATCHES(EXACT, NONE),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "so may a reset",
     .made = {.outcome = OUTCOME_TLS_RESET,
              .no_sni_outcome = OUTCOME_ESTABLISHED,
              .plain = GOOD(2)},
     MATCHES(NONE, EXACT),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "a refusal before TLS is not for want of SNI",
     .made = {.outcome = OUTCOME_ESTABLISHED,
              .no_sni_outcome = OUTCOME_STARTTLS_TEMPFAIL,
              .leaf = GOOD(1)},
     MATCHES(EXACT, NONE),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "a fault of ours is not for want of SNI",
     .made = {.outcome = OUTCOME_ESTABLISHED,
              .no_sni_outcome = OUTCOME_LOCAL_FAULT,
              .leaf = GOOD(1)},
     MATCHES(EXACT, NONE),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "an alert with SNI",
     .made = {.outcome = OUTCOME_TLS_ALERT,
              .no_sni_outcome = OUTCOME_ESTABLISHED,
              .alert = 112,
              .plain = GOOD(2)},
     MATCHES(NONE, EXACT),
     .sni = SNI_FATAL_WITH,
     ACCEPTABLE(UNKNOWN)},
    {.name = "closed with SNI",
     .made = {.outcome = OUTCOME_TLS_CLOSED,
              .no_sni_outcome = OUTCOME_ESTABLISHED,
              .plain = GOOD(2)},
     MATCHES(NONE, EXACT),
     .sni = SNI_FATAL_WITH,
     ACCEPTABLE(UNKNOWN)},
    {.name = "turned away with SNI, before TLS",
     .made = {.outcome = OUTCOME_GREETING_TEMPFAIL,
              .no_sni_outcome = OUTCOME_ESTABLISHED,
              .plain = GOOD(2)},
     MATCHES(NONE, EXACT),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "both fail",
     .made = {.outcome = OUTCOME_TLS_RESET, .no_sni_outcome = OUTCOME_TLS_RESET},
     MATCHES(NONE, NONE),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "no session with SNI",
     .made = {.no_sni_outcome = OUTCOME_ESTABLISHED, .plain = GOOD(2)},
     MATCHES(NONE, EXACT),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "the session of the service speaks",
     .made = {.outcome = OUTCOME_STARTTLS_NOT_OFFERED,
              .inherited = true,
              .no_sni_outcome = OUTCOME_STARTTLS_NOT_OFFERED},
     MATCHES(NONE, NONE),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "no handshake without SNI was asked for",
     .made = {.outcome = OUTCOME_ESTABLISHED, .leaf = GOOD(1)},
     MATCHES(EXACT, NONE),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "no certificate with SNI",
     .made = {BOTH_ESTABLISHED, .plain = GOOD(2)},
     MATCHES(NONE, EXACT),
     .sni = SNI_UNKNOWN,
     ACCEPTABLE(UNKNOWN)},
    {.name = "leaves that cannot be read",
     .made = {BOTH_ESTABLISHED, .leaf = {.id = 1, .unreadable = true, .status = CHAIN_UNPARSABLE},
              .plain = {.id = 2, .unreadable = true, .status = CHAIN_UNPARSABLE}},
     MATCHES(NONE, NONE),
     .sni = SNI_DIFFERS,
     ACCEPTABLE(NEITHER)},
    {.name = "leaves without names",
     .made = {BOTH_ESTABLISHED, .leaf = {.id = 1, .status = CHAIN_TRUSTED},
              .plain = {.id = 2, .status = CHAIN_TRUSTED}},
     MATCHES(NO_NAMES, NO_NAMES),
     .sni = SNI_DIFFERS,
     ACCEPTABLE(NEITHER)},
    {.name = "the certificate of the provider",
     .made = {BOTH_ESTABLISHED, .ehlo = "250-MX1.Other.test greets you",
              .leaf = {.id = 1, .dns = "*.other.test", .status = CHAIN_TRUSTED},
              .plain = WRONG_NAME(2)},
     MATCHES(PROVIDER, OTHER),
     .sni = SNI_DIFFERS,
     ACCEPTABLE(NEITHER),
     .covers_server_name = TRUTH_YES},
    {.name = "the server calls itself otherwise",
     .made = {BOTH_ESTABLISHED, .ehlo = "250 host.inside.test", .leaf = GOOD(1), .plain = GOOD(1)},
     MATCHES(EXACT, EXACT),
     .sni = SNI_SAME,
     ACCEPTABLE(BOTH),
     .covers_server_name = TRUTH_NO},
    {.name = "--probes ecdsa-rsa",
     .made = {BOTH_ESTABLISHED, .leaf = GOOD(1), .plain = GOOD(1), .other_asked = true,
              .other = WRONG_NAME(3)},
     MATCHES(EXACT, EXACT),
     .sni = SNI_SAME,
     ACCEPTABLE(BOTH),
     .other_match = NAME_MATCH_OTHER},
};

Test(endpoint_verdict, each_case)
{
    struct endpoint_verdict v; /* one for all: nothing may be left of the row before */
    endpoint_verdict_init(&v);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct verdict_case *c = &cases[i];
        struct made_target t;
        made_target_fill(&t, &c->made);
        endpoint_verdict_fill(&v, &t.seen, 0);
        cr_expect_eq(v.name.match, c->match, "%s: %s", c->name, name_match_word(v.name.match));
        cr_expect_eq(v.default_name.match, c->default_match, "%s: default %s", c->name,
                     name_match_word(v.default_name.match));
        bool refused = (v.facts.name_refused_by & NAME_RULE_RFC9525) != 0;
        cr_expect_eq(refused, c->match != NAME_MATCH_NONE && !name_match_is_match(c->match),
                     "%s: rules %#x", c->name, v.facts.name_refused_by);
        refused = (v.default_facts.name_refused_by & NAME_RULE_RFC9525) != 0;
        cr_expect_eq(refused,
                     c->default_match != NAME_MATCH_NONE && !name_match_is_match(c->default_match),
                     "%s: default rules %#x", c->name, v.default_facts.name_refused_by);
        cr_expect_eq(v.sni, c->sni, "%s: %s", c->name, sni_class_word(v.sni));
        cr_expect_eq(v.acceptable, c->acceptable, "%s: %s", c->name,
                     sni_acceptable_word(v.acceptable));
        cr_expect_eq(v.covers_server_name, c->covers_server_name, "%s: server name", c->name);
        cr_expect_eq(v.other_key_name.match, c->other_match, "%s: other key", c->name);
        made_target_free(&t);
    }
    endpoint_verdict_deinit(&v);
}

struct name_case {
    const char *why;
    const char *ehlo; /* NULL: no reply */
    const char *ehlo_tls;
    const char *helo;
    const char *greeting;
    const char *name;
};

static const struct name_case names[] = {
    {"RFC 5321 4.1.1.1: the domain", "250-MX.example.com Hello\n250 PIPELINING", NULL, NULL,
     "220 other.test ESMTP", "mx.example.com"},
    {"alone on its line", "250 mx.example.com", NULL, NULL, NULL, "mx.example.com"},
    {"a trailing dot", "250 mx.example.com.", NULL, NULL, NULL, "mx.example.com"},
    {"RFC 5321 4.1.3: a literal, and the greeting", "250 [192.0.2.1] hello", NULL, NULL,
     "220 mx.test ESMTP", "mx.test"},
    {"an address", "250 192.0.2.1", NULL, NULL, NULL, ""},
    {"one label", "250 mail", NULL, NULL, NULL, ""},
    {"junk", "250 *** ready!", NULL, NULL, NULL, ""},
    {"no word", "250", NULL, NULL, NULL, ""},
    {"localhost", "250 localhost", NULL, NULL, NULL, ""},
    {"inside TLS only", NULL, "250-mx.test\n250 SIZE", NULL, "220 other.test", "mx.test"},
    {"RFC 5321 4.1.4: HELO", NULL, NULL, "250 mx.test", "220 other.test", "mx.test"},
    {"RFC 5321 4.2: the greeting", NULL, NULL, NULL, "220-mx.test ESMTP\n220 hi", "mx.test"},
    {"a refusal names nobody", "502 mx.test unknown", NULL, NULL, "554 mx.test away", ""},
    {"nothing was said", NULL, NULL, NULL, NULL, ""},
};

static struct seen_reply reply_of(const char *text)
{
    uint16_t code = text != NULL ? (uint16_t)strtoul(text, NULL, 10) : 0;
    return (struct seen_reply){.code = code, .text = span_of(text)};
}

Test(endpoint_verdict, the_name_that_a_server_calls_itself)
{
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct seen_smtp smtp = {.reply = {[SMTP_STEP_EHLO] = reply_of(names[i].ehlo),
                                           [SMTP_STEP_EHLO_TLS] = reply_of(names[i].ehlo_tls),
                                           [SMTP_STEP_HELO] = reply_of(names[i].helo),
                                           [SMTP_STEP_GREETING] = reply_of(names[i].greeting)}};
        buf_reset(&name);
        server_name_put(&smtp, &name);
        cr_expect(span_eq(buf_span(&name), span_of(names[i].name)), "%s: %.*s", names[i].why,
                  (int)name.len, (const char *)name.at);
    }
    buf_deinit(&name);
}

/* A member of the list that nobody fills would be zero. */
Test(endpoint_verdict, every_judged_member_is_filled)
{
    static const uint8_t none[sizeof(struct endpoint_judged)];
    struct endpoint_verdict v;
    memset(&v, 1, sizeof(v));
    struct endpoint_judged j = endpoint_judged_of(&v, (struct chain_brief){.status = 1});
#define EXPECT_FILLED(type, name) \
    cr_expect_neq(memcmp(&j.name, none, sizeof(j.name)), 0, "%s is not filled", #name);
    ENDPOINT_JUDGED(EXPECT_FILLED)
}
