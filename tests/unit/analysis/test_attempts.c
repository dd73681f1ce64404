#include <criterion/criterion.h>

#include "scanner/analysis/attempts.h"

#define ATTEMPTS      4
#define INSIDE_LOST   (1U << SMTP_QUIRK_LOST_AFTER_TLS)
#define INSIDE_SILENT (1U << SMTP_QUIRK_SILENT_AFTER_TLS)

static const struct {
    enum session_outcome outcome;
    uint16_t quirks;
    enum attempt_end end;
} ends[] = {
    {OUTCOME_LOCAL_FAULT, 0, ATTEMPT_ANSWERED},
    {OUTCOME_REFUSED, 0, ATTEMPT_ANSWERED},
    {OUTCOME_UNREACHABLE, 0, ATTEMPT_LOST},
    {OUTCOME_CONNECT_TIMEOUT, 0, ATTEMPT_LOST},
    {OUTCOME_GREETING_TIMEOUT, 0, ATTEMPT_LOST},
    {OUTCOME_GREETING_CLOSED, 0, ATTEMPT_LOST},
    {OUTCOME_GREETING_TEMPFAIL, 0, ATTEMPT_BUSY}, /* RFC 5321 section 4.2.1, 4yz */
    {OUTCOME_GREETING_REJECTED, 0, ATTEMPT_ANSWERED},
    {OUTCOME_NOT_SMTP, 0, ATTEMPT_ANSWERED},
    {OUTCOME_EHLO_TIMEOUT, 0, ATTEMPT_LOST},
    {OUTCOME_EHLO_CLOSED, 0, ATTEMPT_LOST},
    {OUTCOME_EHLO_TEMPFAIL, 0, ATTEMPT_BUSY},
    {OUTCOME_EHLO_REJECTED, 0, ATTEMPT_ANSWERED},
    {OUTCOME_HELO_ONLY, 0, ATTEMPT_ANSWERED},
    {OUTCOME_TARPIT, 0, ATTEMPT_BUSY},
    {OUTCOME_STARTTLS_NOT_OFFERED, 0, ATTEMPT_ANSWERED},
    {OUTCOME_STARTTLS_MASKED, 0, ATTEMPT_ANSWERED},
    {OUTCOME_STARTTLS_TIMEOUT, 0, ATTEMPT_LOST},
    {OUTCOME_STARTTLS_CLOSED, 0, ATTEMPT_LOST},
    {OUTCOME_STARTTLS_TEMPFAIL, 0, ATTEMPT_BUSY}, /* RFC 3207 section 4, 454 */
    {OUTCOME_STARTTLS_REJECTED, 0, ATTEMPT_ANSWERED},
    {OUTCOME_TLS_TIMEOUT, 0, ATTEMPT_LOST},
    {OUTCOME_TLS_CLOSED, 0, ATTEMPT_LOST},
    {OUTCOME_TLS_RESET, 0, ATTEMPT_LOST},
    {OUTCOME_TLS_ALERT, 0, ATTEMPT_ANSWERED},
    {OUTCOME_TLS_NO_SHARED_VERSION, 0, ATTEMPT_ANSWERED},
    {OUTCOME_TLS_NO_SHARED_CIPHER, 0, ATTEMPT_ANSWERED},
    {OUTCOME_TLS_PROTOCOL_ERROR, 0, ATTEMPT_ANSWERED},
    {OUTCOME_ESTABLISHED, 0, ATTEMPT_ANSWERED},
    {OUTCOME_ESTABLISHED, INSIDE_LOST, ATTEMPT_LOST},
    {OUTCOME_ESTABLISHED, INSIDE_SILENT, ATTEMPT_LOST},
    {OUTCOME_ESTABLISHED, 1U << SMTP_QUIRK_REFUSED_AFTER_TLS, ATTEMPT_ANSWERED},
};

Test(attempts, how_each_outcome_ends)
{
    bool met[OUTCOME_COUNT] = {[OUTCOME_NOT_TESTED] = true};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct seen_session s = {.outcome = ends[i].outcome, .smtp.quirks = ends[i].quirks};
        met[ends[i].outcome] = true;
        cr_expect_eq(attempt_end_of(&s), ends[i].end, "%s", outcome_info(s.outcome)->word);
    }
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        cr_expect(met[o], "%s is not in the table", outcome_info((enum session_outcome)o)->word);
    }
}

/* ESTABLISHED of these ended inside TLS without a reply to EHLO. */
#define LOST_INSIDE OUTCOME_COUNT

static const struct {
    const char *name;
    int outcome[ATTEMPTS];
    size_t count;
    size_t counts; /* from 1 */
} cases[] = {
    {"the only one", {OUTCOME_TLS_RESET}, 1, 1},
    {"a loss, then an answer", {OUTCOME_TLS_RESET, OUTCOME_ESTABLISHED}, 2, 2},
    {"a loss before TLS, then an answer", {OUTCOME_CONNECT_TIMEOUT, OUTCOME_TLS_ALERT}, 2, 2},
    {"a loss, then one without STARTTLS",
     {OUTCOME_EHLO_CLOSED, OUTCOME_STARTTLS_NOT_OFFERED},
     2,
     2},
    {"two losses in TLS: the first", {OUTCOME_TLS_TIMEOUT, OUTCOME_TLS_RESET}, 2, 1},
    {"one loss in TLS is no answer", {OUTCOME_TLS_RESET, OUTCOME_CONNECT_TIMEOUT}, 2, 2},
    {"in either order", {OUTCOME_CONNECT_TIMEOUT, OUTCOME_TLS_RESET}, 2, 1},
    {"a third decides", {OUTCOME_TLS_RESET, OUTCOME_CONNECT_TIMEOUT, OUTCOME_TLS_CLOSED}, 3, 1},
    {"two losses before TLS: the last", {OUTCOME_CONNECT_TIMEOUT, OUTCOME_EHLO_TIMEOUT}, 2, 2},
    {"a loss, then refused", {OUTCOME_CONNECT_TIMEOUT, OUTCOME_REFUSED}, 2, 2},
    {"greylisted, then an answer", {OUTCOME_GREETING_TEMPFAIL, OUTCOME_ESTABLISHED}, 2, 2},
    {"454, then TLS", {OUTCOME_STARTTLS_TEMPFAIL, OUTCOME_ESTABLISHED}, 2, 2},
    {"454 twice", {OUTCOME_STARTTLS_TEMPFAIL, OUTCOME_STARTTLS_TEMPFAIL}, 2, 1},
    {"454 is a word, silence is none", {OUTCOME_STARTTLS_TEMPFAIL, OUTCOME_CONNECT_TIMEOUT}, 2, 1},
    {"an alert, then a handshake", {OUTCOME_TLS_ALERT, OUTCOME_ESTABLISHED}, 2, 2},
    {"an alert twice", {OUTCOME_TLS_ALERT, OUTCOME_TLS_ALERT}, 2, 1},
    {"an alert is a word, a reset is none", {OUTCOME_TLS_ALERT, OUTCOME_TLS_RESET}, 2, 1},
    {"lost inside TLS, then whole", {LOST_INSIDE, OUTCOME_ESTABLISHED}, 2, 2},
    {"lost inside TLS twice", {LOST_INSIDE, LOST_INSIDE}, 2, 1},
    {"lost inside TLS, then nothing", {LOST_INSIDE, OUTCOME_CONNECT_TIMEOUT}, 2, 1},
    {"our own fault is never preferred", {OUTCOME_CONNECT_TIMEOUT, OUTCOME_LOCAL_FAULT}, 2, 1},
    {"nor to one loss in TLS", {OUTCOME_TLS_RESET, OUTCOME_LOCAL_FAULT}, 2, 1},
};

Test(attempts, which_one_counts)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct seen_session s[ATTEMPTS] = {{.outcome = OUTCOME_NOT_TESTED}};
        for (size_t k = 0; k < cases[i].count; k++) {
            bool inside = cases[i].outcome[k] == LOST_INSIDE;
            s[k].outcome = inside ? OUTCOME_ESTABLISHED : (enum session_outcome)cases[i].outcome[k];
            s[k].smtp.quirks = inside ? INSIDE_LOST : 0;
        }
        cr_expect_eq(attempt_that_counts(s, cases[i].count) + 1, cases[i].counts, "%s",
                     cases[i].name);
    }
}
