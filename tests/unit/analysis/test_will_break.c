#include <stdlib.h>

#include <criterion/criterion.h>

#include "scanner/analysis/will_break.h"
#include "scanner/base/memory.h"

#define NOW  1000
#define SOON 2000
#define LATE 3000

/** Two servers of one host; 0 in `until`: it is not trusted. */
struct break_case {
    const char *what;
    uint32_t until[2];
    bool untested; /* the second one */
    enum dane_status dane;
    uint16_t dane_flags;
    bool enforce;
    uint32_t policy_until;
    enum break_kind want;
    int64_t at;
    enum effect effect;
};

static const struct break_case break_cases[] = {
    {"the last of two servers counts",
     {SOON, LATE},
     false,
     DANE_NONE,
     0,
     false,
     0,
     BREAK_LEAF_EXPIRES,
     LATE,
     EFFECT_STRICT_RISK},
    {"one passes, the other does not",
     {SOON, 0},
     false,
     DANE_NONE,
     0,
     false,
     0,
     BREAK_LEAF_EXPIRES,
     SOON,
     EFFECT_STRICT_RISK},
    {"what was not tested may go on",
     {SOON, 0},
     true,
     DANE_NONE,
     0,
     false,
     0,
     BREAK_NONE,
     0,
     EFFECT_NONE},
    {"nothing passes, so that nothing breaks",
     {0, 0},
     false,
     DANE_NONE,
     0,
     false,
     0,
     BREAK_NONE,
     0,
     EFFECT_NONE},
    {"it is over", {NOW - 1, 0}, false, DANE_NONE, 0, false, 0, BREAK_NONE, 0, EFFECT_NONE},
    {"under a policy (RFC 8461 section 4.2)",
     {LATE, LATE},
     false,
     DANE_NONE,
     0,
     true,
     LATE + 1,
     BREAK_LEAF_EXPIRES,
     LATE,
     EFFECT_POLICY_RISK},
    {"the policy host first (RFC 8461 section 3.3)",
     {LATE, LATE},
     false,
     DANE_NONE,
     0,
     true,
     SOON,
     BREAK_POLICY_CERTIFICATE_EXPIRES,
     SOON,
     EFFECT_POLICY_RISK},
    {"a policy that nobody enforces",
     {LATE, LATE},
     false,
     DANE_NONE,
     0,
     false,
     SOON,
     BREAK_LEAF_EXPIRES,
     LATE,
     EFFECT_STRICT_RISK},
    {"TLSA 3 0 1, RFC 7671 section 5.1",
     {LATE, LATE},
     false,
     DANE_MATCH,
     DANE_FLAG_EE,
     false,
     0,
     BREAK_TLSA_NAMES_LEAF,
     LATE,
     EFFECT_POLICY_RISK},
    {"TLSA 3 1 1: the key may stay",
     {LATE, LATE},
     false,
     DANE_MATCH,
     DANE_FLAG_EE | DANE_FLAG_HAS_31 | DANE_FLAG_31,
     false,
     0,
     BREAK_LEAF_EXPIRES,
     LATE,
     EFFECT_STRICT_RISK},
    {"TLSA 2 1 1",
     {LATE, LATE},
     false,
     DANE_MATCH,
     DANE_FLAG_TA,
     false,
     0,
     BREAK_TLSA_NAMES_ISSUER,
     LATE,
     EFFECT_POLICY_RISK},
};

static void fill(struct seen_mx *mx, struct endpoint_brief briefs[2], const struct break_case *row)
{
    for (size_t i = 0; i < 2; i++) {
        briefs[i] = (struct endpoint_brief){.port = 25,
                                            .outcome = OUTCOME_ESTABLISHED,
                                            .tls_version = 0x0304,
                                            .starttls = STARTTLS_OFFERED};
        briefs[i].address.family = 4;
        briefs[i].address.octets[0] = 11;
        briefs[i].leaf_sha256[0] = 1;
        briefs[i].chain.status = row->until[i] > 0 ? CHAIN_TRUSTED : CHAIN_SELF_SIGNED;
        briefs[i].name_match = NAME_MATCH_EXACT;
        briefs[i].path_until = row->until[i];
        briefs[i].path_end = PATH_END_LEAF;
        briefs[i].leaf_until = row->until[i];
        briefs[i].dane = (uint8_t)row->dane;
        briefs[i].dane_flags = row->dane_flags;
    }
    if (row->untested) {
        briefs[1] = (struct endpoint_brief){.port = 25, .outcome = OUTCOME_NOT_TESTED};
        briefs[1].address = briefs[0].address;
    }
    *mx = (struct seen_mx){.preference = 10,
                           .exchange = SPAN_LIT("mx.example"),
                           .host = SPAN_LIT("mx.example"),
                           .a_state = DNS_DATA,
                           .aaaa_state = DNS_NODATA,
                           .endpoints = briefs,
                           .endpoint_count = 2};
}

Test(will_break, the_earliest_date_on_which_mail_suffers)
{
    for (size_t i = 0; i < sizeof(break_cases) / sizeof(break_cases[0]); i++) {
        const struct break_case *row = &break_cases[i];
        struct endpoint_brief briefs[2];
        struct seen_mx mx;
        fill(&mx, briefs, row);
        struct seen_domain d = {.domain = SPAN_LIT("example"),
                                .mx_kind = MX_KIND_EXPLICIT,
                                .mx = &mx,
                                .mx_count = 1,
                                .mx_total = 1};
        struct domain_verdict *v = memory_new(1, sizeof(*v));
        domain_verdict_init(v);
        v->sts.state = row->enforce ? STS_STATE_ENFORCE : STS_STATE_NONE;
        v->sts.mx[0] = (struct sts_mx){.covered = TRUTH_YES, .endpoints = {.yes = 2}};
        v->dane.state = row->dane == DANE_MATCH ? DANE_DOMAIN_FULL : DANE_DOMAIN_NONE;
        v->dane.strict = true;
        struct list_validity policy = {.path_until = row->policy_until};
        struct will_break got = will_break_of(&d, v, &policy, NOW);
        cr_expect_eq(got.kind, row->want, "%s: %s", row->what, break_kind_word(got.kind));
        cr_expect_eq(got.at, row->at, "%s", row->what);
        cr_expect_eq(got.effect, row->effect, "%s", row->what);
        domain_verdict_deinit(v);
        free(v);
    }
}

/* A date that 32 bits do not hold is none. */
Test(will_break, a_list_is_good_until_the_first_of_its_path_expires)
{
    struct cert_info leaf = {.not_after = {.valid = true, .unix_s = LATE}};
    struct cert_info issuer = {.not_after = {.valid = true, .unix_s = SOON}};
    const struct cert_info *certs[] = {&leaf};
    struct chain_verdict *v = memory_new(1, sizeof(*v));
    v->certs = certs;
    v->cert_count = 1;
    v->store_count = 1;
    v->store[0] =
        (struct store_verdict){.status = CHAIN_TRUSTED,
                               .step = {{STEP_PRESENTED, &leaf, 0}, {STEP_PRESENTED, &issuer, 1}},
                               .step_count = 2,
                               .valid_until = SOON,
                               .validity_known = true};
    struct list_validity got = list_validity_of(v);
    cr_expect_eq(got.path_until, SOON);
    cr_expect_eq(got.leaf_until, LATE);
    cr_expect_eq(got.path_end, PATH_END_INTERMEDIATE);
    v->store[0].step[1].source = STEP_ANCHOR;
    cr_expect_eq(list_validity_of(v).path_end, PATH_END_ANCHOR);
    v->store[0].status = CHAIN_EXPIRED;
    cr_expect_eq(list_validity_of(v).path_until, 0);
    leaf.not_after.unix_s =
        INT64_C(253402300799); /* RFC 5280 section 4.1.2.5: no well-defined expiration */
    cr_expect_eq(list_validity_of(v).leaf_until, 0);
    free(v);
}
