#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/domain/list_sample.h"

TestSuite(list_sample, .init = hash_secret_init);

static void add(struct list_sample *s, const char *input, const char *invalid)
{
    struct source_record r = {.input_line = s->records + 1,
                              .input = span_of(input),
                              .domain = span_of(invalid == NULL ? input : NULL),
                              .invalid = invalid};
    cr_expect_eq(list_sample_add(s, &r), s->records <= LIST_SAMPLE_MAX);
}

static void warns(const struct list_sample *s, const char *says)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    cr_expect_eq(list_sample_put_warning(s, &line), says != NULL);
    cr_expect(span_eq(buf_span(&line), span_of(says)), "%.*s", (int)line.len,
              (const char *)line.at);
    buf_deinit(&line);
}

Test(list_sample, more_than_half_is_most)
{
    struct list_sample s = {0};
    warns(&s, NULL);
    add(&s, "a.test", NULL);
    add(&s, "x y", "bad_character");
    warns(&s, NULL);
    add(&s, "u\nv", "bad_character");
    warns(&s,
          "2 of the 3 lines are no domains, such as line 2, 'x y' (bad_character): is it the right "
          "file and column? See --column");
}

Test(list_sample, repeats_are_counted_and_shown)
{
    struct list_sample s = {0};
    for (int i = 0; i < 3; i++) {
        add(&s, "a.test", NULL);
    }
    warns(&s,
          "2 of the 3 lines repeat a domain, such as line 2, 'a.test': is it the right file and "
          "column? See --column");
}

static void add_mail(struct list_sample *s, const char *input, const char *domain)
{
    struct source_record r = {.input_line = s->records + 1,
                              .input = span_of(input),
                              .domain = span_of(domain),
                              .invalid = domain == NULL ? "bad_character" : NULL};
    cr_expect(list_sample_add(s, &r));
}

static void tells_mails(const struct list_sample *s, const char *says)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    cr_expect_eq(list_sample_put_mails(s, &line), says != NULL);
    cr_expect(span_eq(buf_span(&line), span_of(says)), "%.*s", (int)line.len,
              (const char *)line.at);
    buf_deinit(&line);
}

Test(list_sample, mail_addresses_are_counted)
{
    struct list_sample s = {0};
    add(&s, "a.test", NULL);
    add_mail(&s, "https://me@b.test/", "b.test");
    add_mail(&s, "x y@b.test", NULL);
    tells_mails(&s, NULL);
    add_mail(&s, "me@c.test", "c.test");
    tells_mails(&s, "1 of the 4 lines is a mail address; the domain is what stands after '@'");
    add_mail(&s, "you@d.test", "d.test");
    tells_mails(&s, "2 of the 5 lines are mail addresses; the domain is what stands after '@'");
}

Test(list_sample, looks_at_the_first_lines_alone)
{
    static struct list_sample s;
    for (unsigned i = 0; i < LIST_SAMPLE_MAX; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "d%u.test", i);
        add(&s, name, NULL);
    }
    struct source_record r = {.input_line = 9, .invalid = "empty"};
    for (unsigned i = 0; i < 2 * LIST_SAMPLE_MAX; i++) {
        cr_expect(!list_sample_add(&s, &r));
    }
    cr_expect(s.records == LIST_SAMPLE_MAX && s.invalid == 0 && s.repeated == 0);
    warns(&s, NULL);
}

Test(list_sample, an_example_is_one_line)
{
    struct list_sample s = {0};
    add(&s, "u\nv\r\tw", "bad_character");
    warns(&s,
          "1 of the 1 lines are no domains, such as line 1, 'u v  w' (bad_character): is it the "
          "right file and column? See --column");
}

Test(list_sample, a_list_without_a_domain_is_told_by_what_it_is)
{
    static const struct {
        struct span line;
        const char *begin;
    } cases[] = {
        {SPAN_INIT("<!DOCTYPE html>"), "is HTML or XML; "},
        {SPAN_INIT("{\"domain\":\"a.test\"}"), "is JSON; "},
        {SPAN_INIT("["), "is JSON; "},
        {SPAN_INIT("a.test\rb.test"), "has CR in place of line ends; give what \"tr '\\r' '\\n'"},
        {SPAN_INIT("a.test\0b.test\0"),
         "has NULs in place of line ends; give what \"tr '\\0' '\\n'"},
        {SPAN_INIT("x y"), "none of its 1 lines is a domain, such as line 7, 'x y' (empty): is it"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct list_sample s = {0};
        struct buf said = BUF_INIT(BUF_NO_LIMIT);
        struct source_record r = {.input_line = 7, .input = cases[i].line, .invalid = "empty"};
        cr_expect(!list_sample_has_no_domain(&s));
        cr_expect(list_sample_add(&s, &r) && list_sample_has_no_domain(&s));
        list_sample_put_refusal(&s, &said);
        struct span begin = span_of(cases[i].begin);
        cr_expect(span_eq(span_take(buf_span(&said), begin.len), begin), "%.*s", (int)said.len,
                  (const char *)said.at);
        add(&s, "a.test", NULL);
        cr_expect(!list_sample_has_no_domain(&s));
        buf_deinit(&said);
    }
}
