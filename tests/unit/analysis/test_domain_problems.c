#include <criterion/criterion.h>

#include "scanner/analysis/domain_problems.h"
#include "scanner/base/memory.h"
#include "tests/unit/analysis/expected.h"

/* --- rules ------------------------------------------------------------------------------------ */

struct rule_case {
    enum finding_code code;
    enum severity severity;
    bool problem;
    enum cause_kind kind;
};

static const struct rule_case rule_cases[] = {
    {FINDING_STARTTLS_NOT_OFFERED, SEVERITY_ERROR, true, CAUSE_SERVER},
    {FINDING_CHAIN_EXPIRED, SEVERITY_ERROR, true, CAUSE_CHAIN},
    {FINDING_CERT_KEY_RSA_SMALL, SEVERITY_ERROR, true, CAUSE_CERTIFICATE},
    {FINDING_NAME_MISMATCH, SEVERITY_ERROR, true, CAUSE_SERVER},
    {FINDING_DANE_MISMATCH, SEVERITY_ERROR, true, CAUSE_HOST}, /* its TLSA records */
    {FINDING_DANE_BOGUS, SEVERITY_ERROR, true, CAUSE_HOST},
    {FINDING_DANE_UNDELIVERABLE, SEVERITY_ERROR, true, CAUSE_ZONE},
    {FINDING_STS_POLICY_TLS, SEVERITY_ERROR, true, CAUSE_POLICY},
    {FINDING_MX_NONE, SEVERITY_ERROR, true, CAUSE_ZONE},
    {FINDING_MX_NULL, SEVERITY_INFO, false, CAUSE_ZONE}, /* a fact */
    /* ours: a resolver that refuses, bounds, and the list of domains */
    {FINDING_DNS_MX_REFUSED, SEVERITY_NOTICE, false, CAUSE_ZONE},
    {FINDING_DNS_HOST_REFUSED, SEVERITY_NOTICE, false, CAUSE_HOST},
    {FINDING_MX_TRUNCATED, SEVERITY_NOTICE, false, CAUSE_ZONE},
    {FINDING_INPUT_INVALID, SEVERITY_NOTICE, false, CAUSE_ZONE},
    {FINDING_SMTP_UNSTABLE, SEVERITY_WARNING, false, CAUSE_SERVER}, /* by chance */
};

Test(domain_problems, which_findings_are_any_and_where_to_mend_them)
{
    for (size_t i = 0; i < sizeof(rule_cases) / sizeof(rule_cases[0]); i++) {
        const struct rule_case *row = &rule_cases[i];
        const char *code = finding_info(row->code)->code;
        cr_expect_eq(problem_is_one(row->code, row->severity), row->problem, "%s", code);
        cr_expect_eq(problem_cause_kind(row->code), row->kind, "%s", code);
    }
}

Test(domain_problems, what_harms_no_delivery_is_no_error)
{
    cr_expect_eq(problem_severity(SEVERITY_ERROR, EFFECT_MAIL_LOST), SEVERITY_ERROR);
    cr_expect_eq(problem_severity(SEVERITY_ERROR, EFFECT_CLEARTEXT), SEVERITY_ERROR);
    cr_expect_eq(problem_severity(SEVERITY_ERROR, EFFECT_POLICY_RISK), SEVERITY_ERROR);
    cr_expect_eq(problem_severity(SEVERITY_ERROR, EFFECT_STRICT_RISK), SEVERITY_WARNING);
    cr_expect_eq(problem_severity(SEVERITY_ERROR, EFFECT_UNKNOWN), SEVERITY_WARNING);
    cr_expect_eq(problem_severity(SEVERITY_ERROR, EFFECT_HYGIENE), SEVERITY_WARNING);
    cr_expect_eq(problem_severity(SEVERITY_NOTICE, EFFECT_HYGIENE), SEVERITY_NOTICE);
    cr_expect_eq(problem_severity(SEVERITY_ERROR, EFFECT_NO_MAIL), SEVERITY_NOTICE);
    /* never more than the finding says */
    cr_expect_eq(problem_severity(SEVERITY_WARNING, EFFECT_MAIL_LOST), SEVERITY_WARNING);
}

Test(domain_problems, the_worse_of_two_effects_counts)
{
    cr_expect_eq(effect_worse(EFFECT_NONE, EFFECT_HYGIENE), EFFECT_HYGIENE);
    cr_expect_eq(effect_worse(EFFECT_HYGIENE, EFFECT_NONE), EFFECT_HYGIENE);
    cr_expect_eq(effect_worse(EFFECT_HYGIENE, EFFECT_CLEARTEXT), EFFECT_CLEARTEXT);
    cr_expect_eq(effect_worse(EFFECT_MAIL_LOST, EFFECT_NO_MAIL), EFFECT_MAIL_LOST);
}

Test(domain_problems, a_set_of_codes_is_ordered_and_keeps_the_higher_severity)
{
    uint16_t items[CODE_SET_MAX];
    size_t count = 0;
    count = code_set_add(items, count, code_item(FINDING_TLS_ALERT, SEVERITY_ERROR));
    count = code_set_add(items, count, code_item(FINDING_DNS_MX_BOGUS, SEVERITY_NOTICE));
    count = code_set_add(items, count, code_item(FINDING_TLS_ALERT, SEVERITY_WARNING));
    cr_assert_eq(count, 2);
    cr_expect_eq(items[0], code_item(FINDING_DNS_MX_BOGUS, SEVERITY_NOTICE));
    cr_expect_eq(items[1], code_item(FINDING_TLS_ALERT, SEVERITY_ERROR));
    struct code_set set = {items, count};
    cr_expect(code_set_has(set, FINDING_TLS_ALERT));
    cr_expect_not(code_set_has(set, FINDING_TLS_CLOSED));
    cr_expect_eq(severity_of_item(items[1]), SEVERITY_ERROR);
}

/* --- a sender's way ----------------------------------------------------------------------------- */

static const struct sender_profile may = {.id = "may", .level = PROFILE_MAY};
static const struct sender_profile strict = {.id = "strict", .level = PROFILE_VERIFY};

struct harm_case {
    const char *what;
    const struct sender_profile *sender;
    uint8_t set; /* at the only address */
    enum delivery_reason reason;
    enum delivery worst;
    enum effect want; /* NONE: no harm */
};

static const struct harm_case harm_cases[] = {
    {"no STARTTLS", &may, RESULT_PLAINTEXT, DELIVERY_REASON_NO_STARTTLS, DELIVERY_PLAINTEXT,
     EFFECT_CLEARTEXT},
    {"the same, and TLS is demanded", &strict, RESULT_FAILS, DELIVERY_REASON_NO_STARTTLS,
     DELIVERY_DEFERRED, EFFECT_STRICT_RISK},
    {"the same, by a policy (RFC 8461 section 5)", &may, RESULT_FAILS, DELIVERY_REASON_STS_NO_TLS,
     DELIVERY_DEFERRED, EFFECT_POLICY_RISK},
    {"a policy does not make it the sender's own setting", &strict, RESULT_FAILS,
     DELIVERY_REASON_DANE_MISMATCH, DELIVERY_DEFERRED, EFFECT_POLICY_RISK},
    {"a certificate checked without a policy", &may, RESULT_DEFERRED, DELIVERY_REASON_CERTIFICATE,
     DELIVERY_DEFERRED, EFFECT_STRICT_RISK},
    {"no connection", &may, RESULT_FAILS, DELIVERY_REASON_NOT_REACHABLE, DELIVERY_DEFERRED,
     EFFECT_MAIL_LOST},
    {"no connection, but another address takes the mail", &may, RESULT_FAILS,
     DELIVERY_REASON_NOT_REACHABLE, DELIVERY_ENCRYPTED, EFFECT_NONE},
    {"no connection, and another takes it in clear", &may, RESULT_FAILS,
     DELIVERY_REASON_NOT_REACHABLE, DELIVERY_PLAINTEXT, EFFECT_NONE},
    {"no connection, and of another nothing is known", &may, RESULT_FAILS,
     DELIVERY_REASON_NOT_REACHABLE, DELIVERY_UNKNOWN, EFFECT_UNKNOWN},
    {"STARTTLS rejected, which only a policy requires", &may, RESULT_RETURNED,
     DELIVERY_REASON_STARTTLS_REJECTED, DELIVERY_UNDELIVERABLE, EFFECT_POLICY_RISK},
    {"the same, which the sender's setting requires", &strict, RESULT_RETURNED,
     DELIVERY_REASON_STARTTLS_REJECTED, DELIVERY_UNDELIVERABLE, EFFECT_STRICT_RISK},
    {"it is not known what the sender does", &may, RESULT_PLAINTEXT | RESULT_FAILS,
     DELIVERY_REASON_STARTTLS_REFUSED, DELIVERY_UNKNOWN, EFFECT_UNKNOWN},
    {"the same of a sender with settings of its own", &strict, RESULT_FAILS | RESULT_RETURNED,
     DELIVERY_REASON_STARTTLS_REFUSED, DELIVERY_UNKNOWN, EFFECT_NONE},
    {"TLS without authentication (RFC 7672 section 2.2)", &may, RESULT_ENCRYPTED,
     DELIVERY_REASON_DANE_UNUSABLE, DELIVERY_ENCRYPTED, EFFECT_POLICY_RISK},
    {"nothing wrong", &may, RESULT_ENCRYPTED, DELIVERY_REASON_OPPORTUNISTIC, DELIVERY_ENCRYPTED,
     EFFECT_NONE},
};

Test(domain_problems, what_a_sender_gets_at_an_address_has_an_effect_if_it_shows)
{
    for (size_t i = 0; i < sizeof(harm_cases) / sizeof(harm_cases[0]); i++) {
        const struct harm_case *row = &harm_cases[i];
        struct delivery_harm harm = {0};
        const struct delivery_outcome r = {row->set, row->reason};
        const struct sender_delivery d = {
            .best = row->worst, .worst = row->worst, .mx = 0, .endpoint = 0, .reason = row->reason};
        delivery_harm_note(&harm, &r, 0, 0);
        delivery_harm_settle(&harm, row->sender, 3, &d);
        enum effect got = EFFECT_NONE;
        for (size_t k = 0; k < harm.count; k++) {
            if (harm.at[k].reason == row->reason) {
                got = effect_worse(got, (enum effect)harm.at[k].effect);
                cr_expect_eq(harm.at[k].senders, 8, "%s", row->what);
            }
        }
        /* What decides a bad outcome is told even if it is another address: that of the outcome. */
        if (row->worst == DELIVERY_PLAINTEXT && row->want == EFFECT_NONE) {
            cr_expect_eq(got, EFFECT_CLEARTEXT, "%s", row->what);
        } else {
            cr_expect_eq(got, row->want, "%s: %s", row->what, effect_word(got));
        }
        delivery_harm_deinit(&harm);
    }
}

/* What a sender meets on its way is no worse than what becomes of its mail. */
Test(domain_problems, no_step_has_a_worse_effect_than_the_outcome)
{
    struct delivery_harm harm = {0};
    const struct delivery_outcome dead = {RESULT_FAILS, DELIVERY_REASON_NOT_REACHABLE};
    const struct delivery_outcome sts = {RESULT_FAILS, DELIVERY_REASON_STS_CERTIFICATE};
    const struct sender_delivery d = {.best = DELIVERY_DEFERRED,
                                      .worst = DELIVERY_DEFERRED,
                                      .mx = 1,
                                      .reason = DELIVERY_REASON_STS_CERTIFICATE};
    delivery_harm_note(&harm, &dead, 0, 0);
    delivery_harm_note(&harm, &sts, 1, 0);
    delivery_harm_settle(&harm, &may, 0, &d);
    cr_assert_eq(harm.count, 2);
    cr_expect_eq(harm.at[0].effect, EFFECT_POLICY_RISK);
    cr_expect_eq(harm.at[1].effect, EFFECT_POLICY_RISK);
    delivery_harm_deinit(&harm);
}

/* --- a domain --------------------------------------------------------------------------------- */

struct world {
    struct domain_problems *problems;
    struct domain_verdict *verdict;
    struct findings findings;
    struct domain_codes codes;
    struct endpoint_brief briefs[3];
    struct seen_mx mx[3];
    struct seen_domain domain;
};

static void world_new(struct world *w)
{
    *w = (struct world){.problems = memory_new(1, sizeof(*w->problems)),
                        .verdict = memory_new(1, sizeof(*w->verdict))};
    domain_problems_init(w->problems);
    domain_verdict_init(w->verdict);
    findings_init(&w->findings);
    for (size_t i = 0; i < 3; i++) {
        w->briefs[i] = (struct endpoint_brief){
            .port = 25, .outcome = OUTCOME_ESTABLISHED, .basis = BASIS_OBSERVED};
        w->briefs[i].address.family = 4;
    }
    w->mx[0] = (struct seen_mx){.preference = 10,
                                .host = SPAN_LIT("a.example"),
                                .a_state = DNS_DATA,
                                .endpoints = &w->briefs[0],
                                .endpoint_count = 2};
    w->mx[1] = (struct seen_mx){.preference = 20,
                                .host = SPAN_LIT("b.example"),
                                .a_state = DNS_DATA,
                                .endpoints = &w->briefs[2],
                                .endpoint_count = 1};
    w->domain = (struct seen_domain){.input_line = 1,
                                     .domain = SPAN_LIT("example"),
                                     .mx_kind = MX_KIND_EXPLICIT,
                                     .mx = w->mx,
                                     .mx_count = 2};
    (void)domain_codes_room(&w->codes, &w->domain);
}

static void world_free(struct world *w)
{
    domain_problems_deinit(w->problems);
    domain_verdict_deinit(w->verdict);
    domain_codes_deinit(&w->codes);
    findings_deinit(&w->findings);
    free(w->problems);
    free(w->verdict);
}

static void judge(struct world *w)
{
    domain_problems_fill(w->problems, &w->domain, w->verdict, &w->findings, NULL, &w->codes);
}

static void harm(struct world *w, size_t mx, int endpoint, enum delivery_reason reason,
                 enum delivery worst)
{
    const struct delivery_outcome r = {
        worst == DELIVERY_PLAINTEXT ? RESULT_PLAINTEXT : RESULT_FAILS, reason};
    const struct sender_delivery d = {
        .best = worst, .worst = worst, .mx = (int)mx, .endpoint = endpoint, .reason = reason};
    delivery_harm_note(&w->verdict->harm, &r, mx, endpoint);
    delivery_harm_settle(&w->verdict->harm, &may, 0, &d);
}

Test(domain_problems, each_code_once_with_its_places_the_worst_first)
{
    struct world w;
    world_new(&w);
    const uint16_t clear[] = {code_item(FINDING_STARTTLS_NOT_OFFERED, SEVERITY_ERROR)};
    const uint16_t both[] = {code_item(FINDING_STARTTLS_NOT_OFFERED, SEVERITY_ERROR),
                             code_item(FINDING_RDNS_NONE, SEVERITY_WARNING)};
    w.codes.at[1].own = (struct code_set){clear, 1};
    w.codes.at[1].service = (struct code_set){both, 2}; /* one place, and not two */
    w.codes.at[2].service = (struct code_set){both, 2};
    w.briefs[2].basis = BASIS_INFERRED;
    w.briefs[0].outcome = OUTCOME_NOT_TESTED;
    harm(&w, 0, 1, DELIVERY_REASON_NO_STARTTLS, DELIVERY_PLAINTEXT);
    judge(&w);
    cr_assert_eq(w.problems->count, 2);
    const struct problem *p = &w.problems->item[0];
    cr_expect_eq(p->code, FINDING_STARTTLS_NOT_OFFERED);
    cr_expect_eq(p->effect, EFFECT_CLEARTEXT);
    cr_expect_eq(p->severity, SEVERITY_ERROR);
    cr_expect_eq(p->place_count, 2);
    cr_expect_eq(p->tested_count, 2); /* of three: of the first nothing is known */
    cr_expect_eq(p->inferred_count, 1);
    cr_expect_eq(p->first, 1);
    cr_expect_eq(p->senders, 1);
    cr_expect(problem_has_place(w.problems, p, 1) && problem_has_place(w.problems, p, 2));
    cr_expect_not(problem_has_place(w.problems, p, 0));
    p = &w.problems->item[1];
    cr_expect_eq(p->code, FINDING_RDNS_NONE);
    cr_expect_eq(p->effect, EFFECT_HYGIENE); /* what it explains harms no delivery */
    cr_expect_eq(w.problems->effect, EFFECT_CLEARTEXT);
    cr_expect_str_eq(domain_problems_severity(w.problems), "error");
    world_free(&w);
}

/* RFC 3207 section 4: the session of the service found no STARTTLS, and that of the endpoint did. */
Test(domain_problems, what_only_one_of_two_sessions_lacked_is_no_error)
{
    static const enum session_outcome outcomes[] = {OUTCOME_ESTABLISHED,
                                                    OUTCOME_STARTTLS_NOT_OFFERED};
    static const char *const want[] = {"warning", "error"};
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        world_new(&w);
        const uint16_t clear[] = {code_item(FINDING_STARTTLS_NOT_OFFERED, SEVERITY_ERROR)};
        w.codes.at[1].service = (struct code_set){clear, 1};
        w.briefs[1].no_sni_outcome = OUTCOME_STARTTLS_NOT_OFFERED;
        w.briefs[1].outcome = (uint8_t)outcomes[i];
        harm(&w, 0, 1, DELIVERY_REASON_NO_STARTTLS, DELIVERY_PLAINTEXT);
        judge(&w);
        cr_assert_eq(w.problems->count, 1);
        cr_expect_str_eq(domain_problems_severity(w.problems), want[i]);
        world_free(&w);
    }
}

/* A server that does not answer is not hygiene, and mail is not said to be lost: senders may be answered. */
Test(domain_problems, where_no_server_could_be_tested_the_effect_is_not_known)
{
    static const enum delivery best[] = {DELIVERY_UNKNOWN, DELIVERY_ENCRYPTED};
    static const enum effect want[] = {EFFECT_UNKNOWN, EFFECT_HYGIENE};
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        world_new(&w);
        const uint16_t silent[] = {code_item(FINDING_SMTP_CONNECT_TIMEOUT, SEVERITY_WARNING)};
        const uint16_t ptr[] = {code_item(FINDING_RDNS_NONE, SEVERITY_WARNING)};
        w.codes.at[0].own = (struct code_set){silent, 1};
        w.codes.at[0].service = (struct code_set){ptr, 1};
        const struct sender_delivery d = {
            .best = best[i], .worst = DELIVERY_UNKNOWN, .reason = DELIVERY_REASON_NOT_TESTED};
        delivery_harm_settle(&w.verdict->harm, &may, 0, &d);
        delivery_harm_settle(&w.verdict->harm, &strict, 1, &d);
        judge(&w);
        cr_assert_eq(w.problems->count, 2);
        cr_expect_eq(w.problems->item[0].code, FINDING_SMTP_CONNECT_TIMEOUT);
        cr_expect_eq(w.problems->item[0].effect, want[i]);
        cr_expect_eq(w.problems->item[0].senders, i == 0 ? 1U : 0U);
        cr_expect_eq(w.problems->item[1].effect, EFFECT_HYGIENE);
        world_free(&w);
    }
}

/* SERVFAIL or silence of one resolver; where something is known of an everyday sender, the domain is not unknown. */
Test(domain_problems, servers_that_could_not_be_resolved_are_not_mail_that_is_lost)
{
    static const enum finding_code codes[] = {FINDING_DNS_MX_SERVFAIL, FINDING_DNS_MX_TIMEOUT,
                                              FINDING_DNS_HOSTS_UNKNOWN, FINDING_DNS_CNAME_LOOP};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]) * 2; i++) {
        bool known = i % 2 == 1;
        struct world w;
        world_new(&w);
        (void)findings_add_max(&w.findings, codes[i / 2]);
        (void)findings_add_max(&w.findings,
                               FINDING_DNS_MX_REFUSED); /* by our resolver: no problem */
        const struct sender_delivery unknown = {.best = DELIVERY_UNKNOWN,
                                                .worst = DELIVERY_UNKNOWN,
                                                .mx = -1,
                                                .endpoint = -1,
                                                .reason = DELIVERY_REASON_DNS_FAILED};
        const struct sender_delivery good = {.best = DELIVERY_ENCRYPTED,
                                             .worst = DELIVERY_ENCRYPTED};
        delivery_harm_settle(&w.verdict->harm, &may, 0, &unknown);
        delivery_harm_settle(&w.verdict->harm, &may, 1, known ? &good : &unknown);
        judge(&w);
        cr_assert_eq(w.problems->count, 1);
        cr_expect_eq(w.problems->effect, known ? EFFECT_HYGIENE : EFFECT_UNKNOWN);
        cr_expect_eq(w.problems->item[0].severity, SEVERITY_WARNING);
        world_free(&w);
    }
}

/* Nothing was found, and nothing is known: by the bounds of this program, say. */
Test(domain_problems, a_domain_of_which_no_outcome_is_known_says_so_without_a_finding)
{
    struct world w;
    world_new(&w);
    const struct sender_delivery unknown = {.best = DELIVERY_UNKNOWN, .worst = DELIVERY_UNKNOWN};
    judge(&w);
    cr_expect_eq(w.problems->effect, EFFECT_NONE); /* without senders */
    delivery_harm_settle(&w.verdict->harm, &may, 0, &unknown);
    judge(&w);
    cr_expect_eq(w.problems->count, 0);
    cr_expect_eq(w.problems->effect, EFFECT_UNKNOWN);
    world_free(&w);
}

/* The basis of the outcome: a sender that no source describes decides neither loss nor cleartext. */
Test(domain_problems, an_assumption_alone_decides_nothing)
{
    for (int sound = 0; sound < 2; sound++) {
        struct world w;
        world_new(&w);
        const uint16_t key[] = {code_item(FINDING_CERT_KEY_RSA_SMALL, SEVERITY_ERROR)};
        w.codes.at[0].own = (struct code_set){key, 1};
        struct sender_delivery d = {.best = DELIVERY_DEFERRED,
                                    .worst = DELIVERY_DEFERRED,
                                    .reason = DELIVERY_REASON_LEAF_KEY,
                                    .basis = FIELD_MARK_ASSUMED};
        delivery_harm_settle(&w.verdict->harm, &may, 0, &d);
        d.basis = sound == 1 ? FIELD_MARK_DOCUMENTED : FIELD_MARK_ASSUMED;
        delivery_harm_settle(&w.verdict->harm, &may, 1, &d);
        judge(&w);
        cr_assert_eq(w.problems->count, 1);
        cr_expect_eq(w.problems->item[0].effect, sound == 1 ? EFFECT_MAIL_LOST : EFFECT_HYGIENE);
        cr_expect_eq(w.problems->item[0].senders, 3); /* who meets it is told all the same */
        world_free(&w);
    }
}

/* The finding of one server is not worse for what another does. */
Test(domain_problems, a_finding_has_the_effect_of_its_own_place)
{
    struct world w;
    world_new(&w);
    const uint16_t clear[] = {code_item(FINDING_STARTTLS_NOT_OFFERED, SEVERITY_ERROR)};
    const uint16_t alert[] = {code_item(FINDING_TLS_ALERT, SEVERITY_ERROR)};
    w.codes.at[0].own = (struct code_set){clear, 1};
    w.codes.at[2].own = (struct code_set){alert, 1};
    harm(&w, 0, 0, DELIVERY_REASON_NO_STARTTLS, DELIVERY_PLAINTEXT);
    judge(&w);
    cr_assert_eq(w.problems->count, 2);
    cr_expect_eq(w.problems->item[0].code, FINDING_STARTTLS_NOT_OFFERED);
    cr_expect_eq(w.problems->item[1].effect, EFFECT_HYGIENE);
    cr_expect_eq(w.problems->item[1].severity, SEVERITY_WARNING);
    world_free(&w);
}

Test(domain_problems, an_exchange_that_is_named_twice_is_one_host)
{
    struct world w;
    world_new(&w);
    const uint16_t missing[] = {code_item(FINDING_MX_HOST_NXDOMAIN, SEVERITY_WARNING)};
    w.mx[2] = w.mx[0];
    w.mx[2].preference = 30;
    w.domain.mx_count = 3;
    (void)domain_codes_room(&w.codes, &w.domain);
    w.codes.host[0] = (struct code_set){missing, 1};
    w.codes.host[2] = w.codes.host[0];
    judge(&w);
    cr_assert_eq(w.problems->count, 1);
    cr_expect_eq(w.problems->item[0].place_count, 1);
    cr_expect_eq(w.problems->item[0].tested_count, 2);
    world_free(&w);
}

/* What a sender in its default setting meets is told, whatever the catalogue knows of it (here RFC 8446 section 4.4.2: a list
 * that its library does not take); that of senders with settings of their own is in the outcomes alone. */
static const struct unexplained_case {
    const struct sender_profile *sender;
    enum finding_code found; /* at its address */
    enum delivery_reason reason;
    enum delivery worst;
    enum effect want;
    const char *evidence; /* NULL: none is added */
} unexplained_cases[] = {
    {&may, FINDING_RDNS_NONE, DELIVERY_REASON_LIST_SIZE, DELIVERY_DEFERRED, EFFECT_MAIL_LOST,
     "second: list_size at a.example 192.0.2.1"},
    {&may, FINDING_RDNS_NONE, DELIVERY_REASON_LIST_SIZE, DELIVERY_PLAINTEXT, EFFECT_CLEARTEXT,
     "second: list_size at a.example 192.0.2.1"},
    {&may, FINDING_RDNS_NONE, DELIVERY_REASON_DANE_MISMATCH, DELIVERY_DEFERRED, EFFECT_POLICY_RISK,
     "second: dane_mismatch at a.example 192.0.2.1"},
    {&may, FINDING_TLS_LIST_LARGE, DELIVERY_REASON_LIST_SIZE, DELIVERY_DEFERRED, EFFECT_MAIL_LOST,
     NULL},
    {&may, FINDING_RDNS_NONE, DELIVERY_REASON_OPPORTUNISTIC, DELIVERY_ENCRYPTED, EFFECT_HYGIENE,
     NULL},
    {&strict, FINDING_RDNS_NONE, DELIVERY_REASON_NAME, DELIVERY_DEFERRED, EFFECT_HYGIENE, NULL},
};
#define UNEXPLAINED_CASES (sizeof(unexplained_cases) / sizeof(unexplained_cases[0]))

void cover_problems(struct covered *c)
{
    for (size_t i = 0; i < UNEXPLAINED_CASES; i++) {
        bool added = unexplained_cases[i].evidence != NULL;
        (added ? c->raised : c->spared)[FINDING_DELIVERY_UNEXPLAINED] = true;
    }
}

Test(domain_problems, an_outcome_that_no_finding_explains_gets_one)
{
    static const struct sender_profile items[] = {{.id = "first"}, {.id = "second"}};
    static const struct sender_profiles profiles = {.items = items, .count = 2};
    for (size_t i = 0; i < UNEXPLAINED_CASES; i++) {
        struct world w;
        world_new(&w);
        const uint16_t found[] = {code_item(unexplained_cases[i].found, SEVERITY_ERROR)};
        const struct sender_delivery d = {.best = unexplained_cases[i].worst,
                                          .worst = unexplained_cases[i].worst,
                                          .mx = 0,
                                          .endpoint = 0,
                                          .reason = unexplained_cases[i].reason};
        w.briefs[0].address = (struct net_addr){.family = 4, .octets = {192, 0, 2, 1}};
        w.codes.at[0].own = (struct code_set){found, 1};
        w.verdict->profiles = &profiles;
        delivery_harm_settle(&w.verdict->harm, unexplained_cases[i].sender, 1, &d);
        judge(&w);
        cr_expect_eq(w.problems->effect, unexplained_cases[i].want, "%zu", i);
        cr_expect_eq(findings_has(&w.findings, FINDING_DELIVERY_UNEXPLAINED),
                     unexplained_cases[i].evidence != NULL, "%zu", i);
        if (unexplained_cases[i].evidence != NULL) {
            cr_expect(
                span_eq(findings_evidence(&w.findings, 0), span_of(unexplained_cases[i].evidence)),
                "%zu", i);
            cr_assert_eq(w.problems->count, 2);
            cr_expect_eq(w.problems->item[0].code, FINDING_DELIVERY_UNEXPLAINED);
            cr_expect_eq(w.problems->item[0].senders, 2);
            cr_expect_eq(w.problems->item[0].severity, SEVERITY_ERROR);
        }
        world_free(&w);
    }
}

/* RFC 4035 section 5.5: who validates has no answer, and defers; that others have one mends nothing for them. */
Test(domain_problems, what_those_who_validate_lose_is_lost)
{
    struct world w;
    world_new(&w);
    const struct sender_delivery lost = {.best = DELIVERY_DEFERRED,
                                         .worst = DELIVERY_DEFERRED,
                                         .mx = -1,
                                         .endpoint = -1,
                                         .reason = DELIVERY_REASON_DNS_FAILED};
    w.verdict->deliveries.count = 2;
    (void)findings_add_max(&w.findings, FINDING_DNS_MX_BOGUS);
    delivery_harm_settle(&w.verdict->harm, &may, 1, &lost);
    judge(&w);
    cr_assert_eq(w.problems->count, 1);
    cr_expect_eq(w.problems->item[0].effect, EFFECT_MAIL_LOST);
    cr_expect_eq(w.problems->item[0].senders, 2);
    world_free(&w);
}

/* Known intermediates at one server, unknown ones at another: one thing to do for the domain. */
Test(domain_problems, an_issuer_that_is_not_presented_is_one_problem)
{
    struct world w;
    world_new(&w);
    const uint16_t unknown[] = {code_item(FINDING_CHAIN_ISSUER_UNKNOWN, SEVERITY_ERROR)};
    const uint16_t known[] = {code_item(FINDING_CHAIN_MISSING_INTERMEDIATE, SEVERITY_ERROR)};
    w.codes.at[0].own = (struct code_set){unknown, 1};
    w.codes.at[2].own = (struct code_set){known, 1};
    judge(&w);
    cr_assert_eq(w.problems->count, 1);
    cr_expect_eq(w.problems->item[0].code, FINDING_CHAIN_MISSING_INTERMEDIATE);
    cr_expect_eq(w.problems->item[0].place_count, 2);
    world_free(&w);
}

Test(domain_problems, a_domain_without_mail_has_none_at_risk)
{
    static const enum mx_kind kinds[] = {MX_KIND_NONE, MX_KIND_NXDOMAIN, MX_KIND_NULL_MX};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct world w;
        world_new(&w);
        w.domain.mx_kind = kinds[i];
        w.domain.mx_count = 0;
        (void)findings_add_max(&w.findings, FINDING_MX_NONE);
        judge(&w);
        cr_assert_eq(w.problems->count, 1);
        cr_expect_eq(w.problems->item[0].effect, EFFECT_NO_MAIL);
        cr_expect_eq(w.problems->item[0].severity, SEVERITY_NOTICE);
        cr_expect_eq(w.problems->item[0].place_count, 0);
        findings_reset(&w.findings);
        judge(&w);
        cr_expect_eq(w.problems->count, 0);
        cr_expect_eq(w.problems->effect, EFFECT_NO_MAIL);
        cr_expect_null(domain_problems_severity(w.problems));
        w.domain.duplicate_of = 7; /* nothing was asked */
        judge(&w);
        cr_expect_eq(w.problems->effect, EFFECT_NONE);
        world_free(&w);
    }
}
