#include <criterion/criterion.h>

#include "scanner/owners/night.h"
#include "scanner/owners/remembered.h"
#include "tests/unit/owners/stage.h"

/* --- how a session was received ------------------------------------------------------------- */

static const struct reception_case {
    const char *outcome;
    enum smtp_step step; /* of the reply with the code */
    uint16_t code;
    enum reception want;
} reception_cases[] = {
    {"established", SMTP_STEP_GREETING, 220, RECEPTION_ANSWERED},
    {"starttls_not_offered", SMTP_STEP_EHLO, 250, RECEPTION_ANSWERED},
    {"tls_reset", SMTP_STEP_STARTTLS, 220, RECEPTION_ANSWERED},
    {"ehlo_timeout", SMTP_STEP_GREETING, 220, RECEPTION_ANSWERED},
    {"not_smtp", SMTP_STEP_GREETING, 0, RECEPTION_ANSWERED},
    /* RFC 5321 section 3.8: 421 to any command */
    {"greeting_tempfail", SMTP_STEP_GREETING, 421, RECEPTION_TEMPFAIL},
    {"greeting_tempfail", SMTP_STEP_GREETING, 450, RECEPTION_TEMPFAIL},
    {"ehlo_tempfail", SMTP_STEP_EHLO, 451, RECEPTION_TEMPFAIL},
    {"starttls_tempfail", SMTP_STEP_STARTTLS, 421, RECEPTION_TEMPFAIL},
    /* RFC 3207 section 4: 454 is about TLS, not about us */
    {"starttls_tempfail", SMTP_STEP_STARTTLS, 454, RECEPTION_ANSWERED},
    /* RFC 5321 section 3.1: 554 in place of 220 */
    {"greeting_rejected", SMTP_STEP_GREETING, 554, RECEPTION_REJECTED},
    {"greeting_rejected", SMTP_STEP_GREETING, 550, RECEPTION_REJECTED},
    /* RFC 7504 section 3: 521 is said to everybody */
    {"greeting_rejected", SMTP_STEP_GREETING, 521, RECEPTION_ANSWERED},
    /* RFC 5321 section 4.2.4: 550 for reasons of policy; 502 and 500 are about the command */
    {"ehlo_rejected", SMTP_STEP_EHLO, 550, RECEPTION_REJECTED},
    {"ehlo_rejected", SMTP_STEP_EHLO, 554, RECEPTION_REJECTED},
    {"ehlo_rejected", SMTP_STEP_EHLO, 502, RECEPTION_ANSWERED},
    {"ehlo_rejected", SMTP_STEP_EHLO, 500, RECEPTION_ANSWERED},
    {"tarpit", SMTP_STEP_GREETING, 220, RECEPTION_TARPIT},
    {"refused", SMTP_STEP_GREETING, 0, RECEPTION_CUT},
    {"greeting_closed", SMTP_STEP_GREETING, 0, RECEPTION_CUT},
    {"connect_timeout", SMTP_STEP_GREETING, 0, RECEPTION_SILENT},
    {"greeting_timeout", SMTP_STEP_GREETING, 0, RECEPTION_SILENT},
    /* not the server's doing */
    {"unreachable", SMTP_STEP_GREETING, 0, RECEPTION_UNKNOWN},
    {"local_fault", SMTP_STEP_GREETING, 0, RECEPTION_UNKNOWN},
    {"not_tested", SMTP_STEP_GREETING, 0, RECEPTION_UNKNOWN},
};

Test(night, how_a_session_was_received)
{
    for (size_t i = 0; i < sizeof(reception_cases) / sizeof(reception_cases[0]); i++) {
        const struct reception_case *c = &reception_cases[i];
        struct seen_session seen = {.outcome = stage_outcome(c->outcome)};
        seen.smtp.reply[c->step].code = c->code;
        cr_expect_eq(reception_of(&seen), c->want, "%s %u", c->outcome, c->code);
    }
}

/* --- what the sessions of a service say together -------------------------------------------- */

static const struct judge_case {
    const char *what;
    struct reception_counts counts;
    enum night_verdict want;
    enum reception why;
} judge_cases[] = {
    {"no session", {{0}}, NIGHT_SAYS_NOTHING, 0},
    {"all answered", {{[RECEPTION_ANSWERED] = 3}}, NIGHT_CLEAN, 0},
    {"421 to the only one", {{[RECEPTION_TEMPFAIL] = 1}}, NIGHT_TURNED_AWAY, RECEPTION_TEMPFAIL},
    {"one in fifty",
     {{[RECEPTION_ANSWERED] = 49, [RECEPTION_TEMPFAIL] = 1}},
     NIGHT_TURNED_AWAY,
     RECEPTION_TEMPFAIL},
    {"one in fifty-one: busy now and then",
     {{[RECEPTION_ANSWERED] = 50, [RECEPTION_TEMPFAIL] = 1}},
     NIGHT_CLEAN,
     0},
    {"they add up",
     {{[RECEPTION_ANSWERED] = 97, [RECEPTION_TEMPFAIL] = 1, [RECEPTION_CUT] = 1}},
     NIGHT_TURNED_AWAY,
     RECEPTION_TEMPFAIL},
    {"the most frequent names it",
     {{[RECEPTION_TEMPFAIL] = 1, [RECEPTION_REJECTED] = 2}},
     NIGHT_TURNED_AWAY,
     RECEPTION_REJECTED},
    {"a tarpit", {{[RECEPTION_TARPIT] = 2}}, NIGHT_TURNED_AWAY, RECEPTION_TARPIT},
    {"a closed port is dead", {{[RECEPTION_CUT] = 9}}, NIGHT_SAYS_NOTHING, 0},
    {"refused among answers",
     {{[RECEPTION_ANSWERED] = 1, [RECEPTION_CUT] = 1}},
     NIGHT_TURNED_AWAY,
     RECEPTION_CUT},
    {"refused where others got 421: that alone counts",
     {{[RECEPTION_TEMPFAIL] = 1, [RECEPTION_CUT] = 3}},
     NIGHT_TURNED_AWAY,
     RECEPTION_TEMPFAIL},
    {"silence all night is dead", {{[RECEPTION_SILENT] = 9}}, NIGHT_SAYS_NOTHING, 0},
    {"silence once is chance",
     {{[RECEPTION_ANSWERED] = 1, [RECEPTION_SILENT] = 1}},
     NIGHT_CLEAN,
     0},
    {"twice it is none",
     {{[RECEPTION_ANSWERED] = 1, [RECEPTION_SILENT] = 2}},
     NIGHT_TURNED_AWAY,
     RECEPTION_SILENT},
    {"of twenty",
     {{[RECEPTION_ANSWERED] = 18, [RECEPTION_SILENT] = 2}},
     NIGHT_TURNED_AWAY,
     RECEPTION_SILENT},
    {"of twenty-one: chance again",
     {{[RECEPTION_ANSWERED] = 19, [RECEPTION_SILENT] = 2}},
     NIGHT_CLEAN,
     0},
};

Test(night, what_the_sessions_of_a_service_say)
{
    for (size_t i = 0; i < sizeof(judge_cases) / sizeof(judge_cases[0]); i++) {
        const struct judge_case *c = &judge_cases[i];
        enum reception why = RECEPTION_UNKNOWN;
        enum night_verdict got = receptions_judge(&c->counts, &why);
        cr_expect_eq(got, c->want, "%s: %d", c->what, got);
        if (c->want == NIGHT_TURNED_AWAY) {
            cr_expect_eq(why, c->why, "%s: %s", c->what, reception_word(why));
        }
    }
}

/* --- what is kept --------------------------------------------------------------------------- */

Test(night, keeps_who_did_not_answer_with_the_answers_before)
{
    hash_secret_init();
    const struct seen_session answered = {.outcome = OUTCOME_ESTABLISHED};
    const struct seen_session busy = {.outcome = OUTCOME_GREETING_TEMPFAIL};
    const struct seen_session ours = {.outcome = OUTCOME_LOCAL_FAULT};
    const struct net_addr a = stage_address("192.0.2.1");
    const struct net_addr b = stage_address("192.0.2.2");
    const struct remembered nobody = {0};
    struct night *n = night_new(&nobody);
    night_add_service(n, &a);
    night_add_service(n, &b);
    night_note(n, 0, &a, SPAN_LIT("a.test"), &answered);
    night_note(n, 1, &b, SPAN_LIT("b.test"), &answered);
    night_note(n, 0, &a, SPAN_LIT("a.test"), &ours);
    cr_expect_eq(n->service_count, 0);
    night_note(n, 0, &a, SPAN_LIT("c.test"), &busy);
    night_note(n, 0, &a, SPAN_LIT("a.test"), &answered);
    cr_assert_eq(n->service_count, 1);
    cr_expect(net_addr_eq(&n->services[0].address, &a));
    cr_expect_eq(n->services[0].counts.of[RECEPTION_ANSWERED], 2);
    cr_expect_eq(n->services[0].counts.of[RECEPTION_TEMPFAIL], 1);
    cr_expect_eq(n->services[0].counts.of[RECEPTION_UNKNOWN], 0);
    cr_assert_eq(n->operator_count, 1);
    cr_expect(span_eq(n->operators[n->services[0].operator_index].name, SPAN_LIT("c.test")));
    cr_expect_not(n->operators[0].answered);
    night_free(n);
}
