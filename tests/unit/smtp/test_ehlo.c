#include <criterion/criterion.h>

#include "scanner/smtp/ehlo.h"

struct ehlo_case {
    const char *name;
    const char *text;
    bool want_starttls;
    bool want_masked;
    const char *want_domain;
};

static const struct ehlo_case cases[] = {
    {"RFC 3207 5: offered", "250-mx.test hi\n250-SIZE 1\n250 STARTTLS", true, false, "mx.test"},
    {"RFC 5321 2.4: any case", "250-mx.test\n250 StartTLS", true, false, "mx.test"},
    {"RFC 5321 4.1.1.1: the first line is no keyword", "250 STARTTLS", false, false, "STARTTLS"},
    {"RFC 5321 4.1.1.1: nor with more lines", "250-STARTTLS\n250 SIZE", false, false, "STARTTLS"},
    {"RFC 5321 4.1.1.1: whole words", "250-a\n250-NOSTARTTLS\n250-STARTTLSX\n250 X-STARTTLS", false,
     false, "a"},
    {"RFC 5321 4.1.1.1: not as a parameter", "250-a\n250 AUTH STARTTLS", false, false, "a"},
    {"RFC 3207 4: parameters are none, but do no harm", "250-a\n250 STARTTLS now", true, false,
     "a"},
    {"blanks around", "250-a\n250-  STARTTLS \n250 X", true, false, "a"},
    {"masked by a PIX", "250-a\n250-PIPELINING\n250 XXXXXXXA", false, true, "a"},
    {"masked by an ASA", "250-a\n250-XXXXXXXX\n250 SIZE", false, true, "a"},
    {"masked, lower case", "250-a\n250 xxxxxxxx", false, true, "a"},
    {"masked, another keyword", "250-a\n250-XXXXXXXXXX\n250 XXXXA", false, false, "a"},
    {"masked, in the name", "250 XXXXXXXX", false, false, "XXXXXXXX"},
    {"a keyword like a mask", "250-a\n250 XXXXXXX1", false, false, "a"},
    {"both: what is read counts, the dialogue decides", "250-a\n250-XXXXXXXX\n250 STARTTLS", true,
     true, "a"},
    {"no text at all", "250", false, false, ""},
    {"empty lines of text", "250-\n250 ", false, false, ""},
};

Test(ehlo, reads_keywords_as_whole_words_behind_the_first_line)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ehlo_case *c = &cases[i];
        struct ehlo_reading e = {0};
        struct span rest = span_of(c->text);
        struct span line;
        while (ehlo_next_line(&rest, &line)) {
            ehlo_read_line(&e, line);
        }
        cr_expect_eq(e.starttls, c->want_starttls, "%s: STARTTLS", c->name);
        cr_expect_eq(e.masked, c->want_masked, "%s: masked", c->name);
        cr_expect_eq(ehlo_has_keyword(span_of(c->text), SPAN_LIT("STARTTLS")), c->want_starttls,
                     "%s: recorded STARTTLS", c->name);
        cr_expect(span_eq(ehlo_domain(span_of(c->text)), span_of(c->want_domain)), "%s: domain",
                  c->name);
    }
    cr_expect_not(ehlo_next_line(&(struct span){0}, &(struct span){0}));
    cr_expect_eq(ehlo_domain((struct span){0}).len, 0);
}

Test(ehlo, finds_the_word_esmtp_in_a_greeting)
{
    static const char *const yes[] = {"220 mx.test ESMTP Postfix", "220-mx.test esmtp",
                                      "220 mx.test (ESMTP)", "220 ESMTP"};
    static const char *const no[] = {"220 mx.test SMTP", "220 mx.test ESMTPS", "220",
                                     "220 **************", "220 xESMTP"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        cr_expect(greeting_says_esmtp(span_of(yes[i])), "%s", yes[i]);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        cr_expect_not(greeting_says_esmtp(span_of(no[i])), "%s", no[i]);
    }
}
