#include <criterion/criterion.h>

#include "scanner/view/paper.h"

static void expect(struct buf *out, const char *want)
{
    buf_put_char(out, '\0');
    cr_assert_str_eq((const char *)out->at, want);
    buf_deinit(out);
}

Test(paper, paragraphs_wrap_at_the_width)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct paper p = paper_on(&out, 40, false);
    paper_begin(&p, "- ", "  ");
    paper_put(&p, INK_PLAIN, "0123456789 0123456789 0123456789 ");
    paper_put(&p, INK_ERROR, "01234 a");
    paper_put(&p, INK_PLAIN, "b  c");
    paper_end(&p);
    paper_blank(&p);
    paper_say(&p, INK_STRONG, "end");
    paper_deinit(&p);
    expect(&out, "- 0123456789 0123456789 0123456789 01234\n"
                 "  ab c\n"
                 "\n"
                 "end\n");
}

Test(paper, a_word_longer_than_the_line_is_cut)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct paper p = paper_on(&out, 40, false);
    char word[101] = {0};
    memset(word, 'x', 100);
    paper_begin(&p, "", "    ");
    paper_put(&p, INK_PLAIN, "a ");
    paper_put(&p, INK_PLAIN, word);
    paper_end(&p);
    paper_deinit(&p);
    for (size_t i = 0, column = 0; i < out.len; i++) {
        column = out.at[i] == '\n' ? 0 : column + 1;
        cr_assert_leq(column, 40);
    }
    buf_deinit(&out);
}

Test(paper, columns_are_kept)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct paper p = paper_on(&out, 40, false);
    paper_begin(&p, "", "");
    paper_put(&p, INK_PLAIN, "ab");
    paper_tab(&p, 5);
    paper_put(&p, INK_PLAIN, "c");
    paper_tab(&p, 3); /* too far already: one space */
    paper_put(&p, INK_PLAIN, "d");
    paper_tab(&p, 20); /* nothing behind it: no spaces at the end of a line */
    paper_end(&p);
    paper_deinit(&p);
    expect(&out, "ab   c d\n");
}

Test(paper, colours_surround_words_and_take_no_room)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct paper p = paper_on(&out, 40, true);
    paper_begin(&p, "", "");
    paper_put(&p, INK_ERROR, "0123456789 0123456789 0123456789 012345");
    paper_put(&p, INK_PLAIN, ".");
    paper_end(&p);
    paper_deinit(&p);
    expect(&out, "\033[31m0123456789\033[0m \033[31m0123456789\033[0m \033[31m0123456789\033[0m "
                 "\033[31m012345\033[0m.\n");
}

/* What a server sent must not command the terminal. */
Test(paper, foreign_text_is_harmless)
{
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {"\033[2J\033]0;x\a", "\\x1b[2J\\x1b]0;x\\x07\n"},
        {"a\nb\rc\td", "a\\nb\\rc\\td\n"},
        {"\x7f", "\\x7f\n"},
        {"\xc2\x9b"
         "31m",
         "\\x9b31m\n"}, /* C1: CSI in one octet pair */
        {"a\xe2\x80\xae"
         "b",
         "a\\u202eb\n"},                                    /* right-to-left override */
        {"\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069\n"}, /* isolates */
        {"x\xe2\x80\xa8y", "x\\u2028y\n"},                  /* line separator */
        {"\xef\xbb\xbfx", "\\ufeffx\n"},
        {"\xf3\xa0\x81\x81", "\\U000e0041\n"}, /* tag characters are invisible */
        {"\xff\xfe", "\\xff\\xfe\n"},          /* not UTF-8 */
        {"M\xc3\xbcller", "M\xc3\xbcller\n"},
        {"\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7\n"},
        {"100%s %n", "100%s %n\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int color = 0; color < 2; color++) {
            struct buf out = BUF_INIT(BUF_NO_LIMIT);
            struct paper p = paper_on(&out, 80, color == 1);
            paper_say(&p, INK_PLAIN, cases[i].text);
            paper_deinit(&p);
            expect(&out, cases[i].want);
        }
    }
}

Test(paper, the_width_has_bounds)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct paper narrow = paper_on(&out, 1, false);
    struct paper wide = paper_on(&out, 100000, false);
    cr_assert(narrow.width == PAPER_WIDTH_MIN && wide.width == PAPER_WIDTH_MAX);
    paper_deinit(&narrow);
    paper_deinit(&wide);
    setenv("COLUMNS", "100", 1);
    cr_assert_eq(paper_terminal_width(-1), 100);
    setenv("COLUMNS", "x", 1);
    cr_assert_eq(paper_terminal_width(-1), PAPER_WIDTH);
    unsetenv("COLUMNS");
    cr_assert_eq(paper_terminal_width(-1), PAPER_WIDTH);
    buf_deinit(&out);
}

Test(paper, columns_of_a_text)
{
    cr_assert_eq(paper_columns(""), 0);
    cr_assert_eq(paper_columns("ab c"), 4);
    cr_assert_eq(paper_columns("\xe2\x94\x94\xe2\x94\x80 x"), 4);
    cr_assert_eq(paper_columns("\n"), 2);
}
