#include <criterion/criterion.h>

#include "scanner/tls/version_plan.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define STEPS_MAX 6

/* A server's answers to hellos of the plan; `max` is what the plan must ask. */
struct plan_step {
    uint16_t max;
    enum hello_answer answer;
    uint16_t version;
};

struct plan_case {
    const char *name;
    uint16_t handshake; /* version of the scan's own handshake; 0: no ServerHello */
    enum session_outcome outcome;
    struct plan_step steps[STEPS_MAX];
    const char *accepted; /* TLS 1.0 to 1.3: y, n, ? */
};

static const struct plan_case cases[] = {
    {.name = "all four (RFC 8446 4.2.1: the highest is chosen)",
     .handshake = 0x0304,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0303, HELLO_ACCEPTED, 0x0303},
               {0x0302, HELLO_ACCEPTED, 0x0302},
               {0x0301, HELLO_ACCEPTED, 0x0301}},
     .accepted = "yyyy"},
    {.name = "1.2 and 1.3: a refusal settles what is below",
     .handshake = 0x0304,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0303, HELLO_ACCEPTED, 0x0303}, {0x0302, HELLO_REFUSED, 0}},
     .accepted = "nnyy"},
    {.name = "1.3 only",
     .handshake = 0x0304,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0303, HELLO_REFUSED, 0}},
     .accepted = "nnny"},
    {.name = "1.2 only: 1.3 was offered and not chosen",
     .handshake = 0x0303,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0302, HELLO_REFUSED, 0}},
     .accepted = "nnyn"},
    {.name = "1.0 only: nothing to ask",
     .handshake = 0x0301,
     .outcome = OUTCOME_ESTABLISHED,
     .accepted = "ynnn"},
    {.name = "a gap: 1.3 and 1.0",
     .handshake = 0x0304,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0303, HELLO_ACCEPTED, 0x0301}},
     .accepted = "ynny"},
    {.name = "1.2 and 1.0: an answer below the offer settles what is between",
     .handshake = 0x0303,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0302, HELLO_ACCEPTED, 0x0301}},
     .accepted = "ynyn"},
    {.name = "the handshake failed after the ServerHello: the version was chosen all the same",
     .handshake = 0x0303,
     .outcome = OUTCOME_TLS_ALERT,
     .steps = {{0x0302, HELLO_REFUSED, 0}},
     .accepted = "nnyn"},
    {.name = "the handshake found no version (RFC 8446 6.2 protocol_version): nothing to ask",
     .outcome = OUTCOME_TLS_NO_SHARED_VERSION,
     .accepted = "nnnn"},
    {.name = "the handshake failed otherwise: from the top",
     .outcome = OUTCOME_TLS_NO_SHARED_CIPHER,
     .steps = {{0x0304, HELLO_ACCEPTED, 0x0302}, {0x0301, HELLO_REFUSED, 0}},
     .accepted = "nynn"},
    {.name = "four connections at most",
     .outcome = OUTCOME_TLS_RESET,
     .steps = {{0x0304, HELLO_ACCEPTED, 0x0304},
               {0x0303, HELLO_ACCEPTED, 0x0303},
               {0x0302, HELLO_DECLINED, 0},
               {0x0302, HELLO_ACCEPTED, 0x0302}},
     .accepted = "?yyy"},
    {.name = "closes whatever is offered: says nothing of versions",
     .outcome = OUTCOME_TLS_CLOSED,
     .steps = {{0x0304, HELLO_DECLINED, 0}},
     .accepted = "????"},
    {.name = "closed once, accepted then: chance",
     .handshake = 0x0303,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0302, HELLO_DECLINED, 0},
               {0x0302, HELLO_ACCEPTED, 0x0302},
               {0x0301, HELLO_ACCEPTED, 0x0301}},
     .accepted = "yyyn"},
    {.name = "closed twice: a refusal",
     .handshake = 0x0304,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0303, HELLO_ACCEPTED, 0x0303},
               {0x0302, HELLO_DECLINED, 0},
               {0x0302, HELLO_DECLINED, 0}},
     .accepted = "nnyy"},
    {.name = "two declined hellos with an answer between are two chances",
     .handshake = 0x0304,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0303, HELLO_DECLINED, 0},
               {0x0303, HELLO_ACCEPTED, 0x0303},
               {0x0302, HELLO_DECLINED, 0},
               {0x0302, HELLO_ACCEPTED, 0x0302}},
     .accepted = "?yyy"},
    {.name = "no answer: not asked again, not known",
     .handshake = 0x0304,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0303, HELLO_NONE, 0}},
     .accepted = "???y"},
    {.name = "no answer to the second: the first stays",
     .handshake = 0x0304,
     .outcome = OUTCOME_ESTABLISHED,
     .steps = {{0x0303, HELLO_ACCEPTED, 0x0303}, {0x0302, HELLO_NONE, 0}},
     .accepted = "??yy"},
};

static void run_case(const struct plan_case *c)
{
    struct version_plan plan = {0};
    struct seen_session seen = {.outcome = c->outcome, .tls_attempted = true};
    seen.tls.version = c->handshake;
    version_plan_note_handshake(&plan, &seen);
    size_t made = 0;
    for (; made < STEPS_MAX && c->steps[made].max != 0; made++) {
        const struct plan_step *s = &c->steps[made];
        cr_assert_eq(version_plan_next(&plan), s->max, "%s: question %zu asks %04x", c->name, made,
                     version_plan_next(&plan));
        struct seen_session answer = {.hello = {.attempted = true,
                                                .answer = (uint8_t)s->answer,
                                                .max_version = s->max,
                                                .version = s->version}};
        version_plan_note_hello(&plan, &answer);
    }
    cr_expect_eq(version_plan_next(&plan), 0, "%s: done", c->name);
    cr_expect_eq(plan.connections, made, "%s", c->name);
    for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
        cr_expect_eq("?ny"[plan.accepted[i]], c -> accepted[i], "%s: TLS 1.%zu is %c", c->name, i,
                     "?ny"[plan.accepted[i]]);
    }
}

Test(version_plan, asks_what_is_not_settled)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        run_case(&cases[i]);
    }
}

Test(version_plan, a_session_without_tls_tells_nothing)
{
    struct version_plan plan = {0};
    struct seen_session seen = {.outcome = OUTCOME_STARTTLS_TEMPFAIL};
    version_plan_note_handshake(&plan, &seen);
    cr_expect_eq(version_plan_next(&plan), 0x0304);
    cr_expect_eq(plan.connections, 0);
}

/* Whatever a server answers: it ends, and soon. */
Test(version_plan, ends_whatever_is_answered)
{
    for (unsigned n = 0; n < 4U * 4 * 4 * 4 * 4; n++) {
        struct version_plan plan = {0};
        uint16_t max = 0;
        unsigned digits = n;
        while ((max = version_plan_next(&plan)) != 0) {
            enum hello_answer answer = (enum hello_answer)(digits % 4);
            uint16_t version = (uint16_t)(0x0301 + digits % (max - 0x0300U));
            struct seen_session seen = {.hello = {.attempted = true,
                                                  .answer = (uint8_t)answer,
                                                  .max_version = max,
                                                  .version = version}};
            version_plan_note_hello(&plan, &seen);
            digits /= 4;
        }
        cr_assert_leq(plan.connections, VERSION_CONNECTIONS_MAX);
        cr_assert_geq(plan.connections, 1);
    }
}
