#include <criterion/criterion.h>

#include "scanner/smtp/dialog.h"

#define F(name)    (1U << SMTP_FORM_##name)
#define REPLIES    5
#define GREETING   "220 mx.test ESMTP\r\n"
#define LIST(line) "250-mx.test\r\n" line "250 SIZE\r\n"
#define REFUSED    GREETING, LIST("250-STARTTLS\r\n"), "454 4.7.0 not now\r\n"

/* The replies of a peer in turn, and how it ends. */
enum ending {
    STAYS,
    CLOSES,
    RESETS,
    IS_SILENT
};

struct form_case {
    const char *name;
    const char *says[REPLIES];
    enum ending ending;
    enum dialog_state state; /* in which it leaves the dialogue */
    unsigned forms;
};

static const struct form_case cases[] = {
    /* ---- the keyword ---- */
    {"RFC 3207 5: as it is written",
     {GREETING, LIST("250-STARTTLS\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     0},
    {"RFC 5321 2.4: case is none of it",
     {GREETING, LIST("250-StartTls\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     0},
    {"a space before",
     {GREETING, LIST("250- STARTTLS\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_SPACE_BEFORE)},
    {"a tab before, and a space",
     {GREETING, LIST("250-\t STARTTLS\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_TAB_BEFORE)},
    {"the same the other way round",
     {GREETING, LIST("250- \tSTARTTLS\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_TAB_BEFORE)},
    {"a space behind",
     {GREETING, LIST("250-STARTTLS \r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_SPACE_AFTER)},
    {"a tab behind",
     {GREETING, LIST("250-STARTTLS\t\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_TAB_AFTER)},
    {"RFC 5321 4.1.1.1: a parameter, of which RFC 3207 4 has none",
     {GREETING, LIST("250-STARTTLS REQUIRED\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_PARAMETER)},
    {"a parameter behind a tab",
     {GREETING, LIST("250-STARTTLS\tx\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_TAB_AFTER) | F(KEYWORD_PARAMETER)},
    {"an equals sign",
     {GREETING, LIST("250-STARTTLS=on\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_EQUALS)},
    {"and nothing behind it",
     {GREETING, LIST("250-STARTTLS=\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_EQUALS)},
    {"no keyword to us: a mark before",
     {GREETING, LIST("250-=STARTTLS\r\n")},
     STAYS,
     DIALOG_QUIT,
     F(KEYWORD_OTHER)},
    {"no keyword to us: a mark behind",
     {GREETING, LIST("250-STARTTLS,\r\n")},
     STAYS,
     DIALOG_QUIT,
     F(KEYWORD_OTHER)},
    {"RFC 5321 4.1.1.1: another word",
     {GREETING, LIST("250-XSTARTTLS\r\n")},
     STAYS,
     DIALOG_QUIT,
     0},
    {"a longer word", {GREETING, LIST("250-STARTTLSX\r\n")}, STAYS, DIALOG_QUIT, 0},
    {"a parameter of another", {GREETING, LIST("250-FOO STARTTLS\r\n")}, STAYS, DIALOG_QUIT, 0},
    {"the server's name", {GREETING, "250- STARTTLS\r\n250 SIZE\r\n"}, STAYS, DIALOG_QUIT, 0},
    {"RFC 5321 4.1.1.1: the server's name, which OpenSMTPD takes for a keyword",
     {GREETING, "250-STARTTLS\r\n250 SIZE\r\n"},
     STAYS,
     DIALOG_QUIT,
     F(KEYWORD_FIRST_LINE)},
    {"the same as the only line",
     {GREETING, "250 STARTTLS\r\n"},
     STAYS,
     DIALOG_QUIT,
     F(KEYWORD_FIRST_LINE)},
    {"the server's name in another case", {GREETING, "250 StartTLS\r\n"}, STAYS, DIALOG_QUIT, 0},
    {"the server's name, and as usual in another line",
     {GREETING, "250-STARTTLS\r\n250 STARTTLS\r\n"},
     STAYS,
     DIALOG_STARTTLS,
     0},
    {"the server's name, and with a parameter in another line",
     {GREETING, "250-STARTTLS\r\n250 STARTTLS x\r\n"},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_FIRST_LINE) | F(KEYWORD_PARAMETER) | F(KEYWORD_OTHER)},
    {"as usual in another line",
     {GREETING, LIST("250- STARTTLS\r\n250-STARTTLS\r\n250-STARTTLS=1\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     0},
    {"one form twice",
     {GREETING, LIST("250-STARTTLS=1\r\n250-STARTTLS=2\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_EQUALS)},
    {"two forms",
     {GREETING, LIST("250-STARTTLS=1\r\n250- STARTTLS\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_EQUALS) | F(KEYWORD_SPACE_BEFORE) | F(KEYWORD_OTHER)},
    /* ---- codes, RFC 5321 4.2.1 ---- */
    {"another 2xx to EHLO",
     {GREETING, "251-mx.test\r\n251 STARTTLS\r\n"},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_CODE) | F(NOT_250)},
    {"a keyword under another code",
     {GREETING, LIST("251-STARTTLS\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_CODE) | F(MIXED_CODES)},
    {"which looks like a greeting within the reply",
     {GREETING, LIST("220-STARTTLS\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     F(KEYWORD_CODE) | F(MIXED_CODES)},
    {"the first line says no",
     {GREETING, "500-mx.test\r\n250-STARTTLS\r\n250 SIZE\r\n"},
     STAYS,
     DIALOG_STARTTLS,
     F(MIXED_CODES) | F(MIXED_CLASSES)},
    {"the last line says no",
     {GREETING, "250-mx.test\r\n250-STARTTLS=1\r\n550 no\r\n"},
     STAYS,
     DIALOG_HELO,
     F(MIXED_CODES) | F(MIXED_CLASSES)},
    {"another 2xx to HELO",
     {GREETING, "502 no\r\n", "252 mx.test\r\n"},
     STAYS,
     DIALOG_QUIT,
     F(NOT_250)},
    {"two codes to STARTTLS",
     {GREETING, LIST("250-STARTTLS\r\n"), "220-go\r\n250 on\r\n"},
     STAYS,
     DIALOG_TLS,
     F(MIXED_CODES)},
    {"a greeting in two replies is another matter",
     {"220 a ESMTP\r\n220 b\r\n", LIST("250-STARTTLS\r\n")},
     STAYS,
     DIALOG_STARTTLS,
     0},
    {"a goodbye may stray",
     {GREETING, "250 mx.test\r\n", "221-bye\r\n250 bye\r\n"},
     STAYS,
     DIALOG_DONE,
     0},
    /* ---- the greeting, RFC 5321 3.1 ---- */
    {"asterisks", {"220 *******\r\n"}, STAYS, DIALOG_EHLO, F(HIDDEN_GREETING)},
    {"what a PIX leaves", {"220 ****0*2****0*0 \t**\r\n"}, STAYS, DIALOG_EHLO, F(HIDDEN_GREETING)},
    {"no text", {"220 \r\n"}, STAYS, DIALOG_EHLO, F(HIDDEN_GREETING)},
    {"the code alone", {"220\r\n"}, STAYS, DIALOG_EHLO, F(HIDDEN_GREETING)},
    {"a letter among them", {"220 ***x***\r\n"}, STAYS, DIALOG_EHLO, 0},
    {"another digit", {"220 ***1***\r\n"}, STAYS, DIALOG_EHLO, 0},
    {"several lines have hyphens", {"220-***\r\n220 ***\r\n"}, STAYS, DIALOG_EHLO, 0},
    {"a refusal is none", {"554 ***\r\n"}, STAYS, DIALOG_QUIT, 0},
    /* ---- the name ---- */
    {"RFC 5321 4.1.1.1: our name in the answer",
     {GREETING, "250-PROBE.test hello\r\n250 STARTTLS\r\n"},
     STAYS,
     DIALOG_STARTTLS,
     F(OWN_NAME)},
    {"in the answer to HELO",
     {GREETING, "502 no\r\n", "250 probe.test\r\n"},
     STAYS,
     DIALOG_QUIT,
     F(OWN_NAME)},
    {"behind the server's",
     {GREETING, "250-mx.test probe.test\r\n250 STARTTLS\r\n"},
     STAYS,
     DIALOG_STARTTLS,
     0},
    {"a server that is called so",
     {"220 probe.test ESMTP\r\n", "250-probe.test\r\n250 STARTTLS\r\n"},
     STAYS,
     DIALOG_STARTTLS,
     0},
    /* ---- after a refusal, RFC 5321 3.8 ---- */
    {"lives on", {REFUSED, "221 bye\r\n"}, STAYS, DIALOG_DONE, 0},
    {"closes", {REFUSED}, CLOSES, DIALOG_DONE, F(CLOSED_AFTER_REFUSAL)},
    {"is reset", {REFUSED}, RESETS, DIALOG_DONE, F(CLOSED_AFTER_REFUSAL)},
    {"says nothing more", {REFUSED}, IS_SILENT, DIALOG_DONE, 0},
    {"closes within the answer to QUIT", {REFUSED, "221-by"}, CLOSES, DIALOG_DONE, 0},
    {"closes after 421",
     {GREETING, LIST("250-STARTTLS\r\n"), "421 4.7.0 bye\r\n"},
     CLOSES,
     DIALOG_DONE,
     F(CLOSED_AFTER_REFUSAL)},
    {"nothing was refused", {GREETING, "250 mx.test\r\n"}, CLOSES, DIALOG_DONE, 0},
    {"closes at STARTTLS", {GREETING, LIST("250-STARTTLS\r\n")}, CLOSES, DIALOG_FAILED, 0},
};

static void form_feed(struct dialog *d, const char *text, bool each)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i += each ? 1 : len) {
        dialog_feed(d, (struct span){(const uint8_t *)text + i, each ? 1 : len});
    }
    buf_reset(&d->out);
}

Test(dialog_forms, tells_what_senders_make_different_things_of)
{
    struct dialog d;
    dialog_init(&d, "probe.test", false);
    for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        const struct form_case *c = &cases[i / 2];
        dialog_reset(&d, "probe.test", false);
        for (size_t k = 0; k < REPLIES && c->says[k] != NULL; k++) {
            form_feed(&d, c->says[k], i % 2 == 1);
        }
        if (c->ending == IS_SILENT) {
            dialog_timeout(&d);
        } else if (c->ending != STAYS) {
            dialog_closed(&d, c->ending == RESETS);
        }
        cr_expect_eq(d.seen.forms, c->forms, "%s: forms %#x", c->name, d.seen.forms);
        cr_expect_eq(d.state, c->state, "%s: %s", c->name, dialog_state_name(d.state));
    }
    dialog_deinit(&d);
}

/* RFC 3207 section 4.2: the list inside TLS is another one, and STARTTLS is none of it. */
Test(dialog_forms, inside_tls_codes_and_names_count_alone)
{
    struct dialog d;
    dialog_init(&d, "probe.test", false);
    form_feed(&d, GREETING, false);
    form_feed(&d, LIST("250-STARTTLS\r\n"), false);
    form_feed(&d, "220 go\r\n", false);
    dialog_tls_established(&d);
    buf_reset(&d.out);
    form_feed(&d, "251-mx.test\r\n250 STARTTLS=1\r\n", false);
    cr_expect_eq(d.seen.forms, F(MIXED_CODES), "forms %#x", d.seen.forms);
    cr_expect_eq(d.seen.starttls_again, true);
    dialog_deinit(&d);
}

static unsigned forms_with_lines(const char *ehlo, const char *ehlo_in_tls, const char *quit)
{
    struct dialog d;
    dialog_init(&d, "probe.test", false);
    form_feed(&d, GREETING, false);
    form_feed(&d, ehlo, false);
    form_feed(&d, "220 go\r\n", false);
    dialog_tls_established(&d);
    buf_reset(&d.out);
    form_feed(&d, ehlo_in_tls, false);
    form_feed(&d, quit, false);
    unsigned forms = d.seen.forms;
    dialog_deinit(&d);
    return forms;
}

/* Senders that give a host up for an odd line before TLS may only give TLS up for one inside it. */
Test(dialog_forms, where_odd_lines_stand)
{
    static const char list[] = LIST("250-STARTTLS\r\n");
    static const char odd[] = "garbage\r\n250 mx.test\r\n";
    cr_expect_eq(forms_with_lines(list, odd, "221 bye\r\n"), F(ODD_LINE_IN_TLS));
    cr_expect_eq(forms_with_lines(list, "\r\n250 mx.test\r\n", "221 bye\r\n"), F(ODD_LINE_IN_TLS));
    cr_expect_eq(forms_with_lines(list, "250 mx.test\r\r\n", "221 bye\r\n"), F(ODD_LINE_IN_TLS));
    cr_expect_eq(forms_with_lines(LIST("garbage\r\n250-STARTTLS\r\n"), odd, "221 bye\r\n"), 0,
                 "whom it ends, it ended before TLS");
    cr_expect_eq(forms_with_lines(LIST("\r\n250-STARTTLS\r\n"), odd, "221 bye\r\n"),
                 F(ODD_LINE_IN_TLS), "another quirk");
    cr_expect_eq(
        forms_with_lines(LIST("garbage\r\n250-STARTTLS\r\n"), "250 mx.test\r\n", "221 bye\r\n"), 0);
    cr_expect_eq(forms_with_lines(list, "250 mx.test\r\n", "garbage\r\n221 bye\r\n"), 0,
                 "a goodbye may stray");
}
