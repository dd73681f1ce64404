#include <criterion/criterion.h>

#include "scanner/publish/medium.h"

struct medium_case {
    const char *text;
    const char *html;
    const char *code;  /* Markdown, what others wrote */
    const char *words; /* Markdown, ours */
    const char *latex;
    const char *csv;
};

static const struct medium_case cases[] = {
    {"mx1.example.org", "mx1.example.org", "`mx1.example.org`", "mx1.example.org",
     "mx1.example.org", "mx1.example.org"},
    {"<script>alert('1')</script>&\"", "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;",
     "`<script>alert('1')</script>&\"`", "\\<script\\>alert('1')\\</script\\>\\&\"",
     "\\textless{}script\\textgreater{}alert(\\textquotesingle{}1\\textquotesingle{})\\textless{}/"
     "script\\textgreater{}\\&\\textquotedbl{}",
     "\"<script>alert('1')</script>&\"\"\""},
    {"a`b``c", "a`b``c", "```a`b``c```", "a\\`b\\`\\`c",
     "a\\textasciigrave{}b\\textasciigrave{}\\textasciigrave{}c", "a`b``c"},
    {"`", "`", "`` ` ``", "\\`", "\\textasciigrave{}", "`"},
    {"a|b", "a|b", "`a\\|b`", "a\\|b", "a\\textbar{}b", "a|b"},
    {"[x](http://e.test)", "[x](http://e.test)", "`[x](http://e.test)`", "\\[x\\](http://e.test)",
     "{[}x{]}(http://e.test)", "[x](http://e.test)"},
    {"\\input{/etc/passwd}%^~$#_", "\\input{/etc/passwd}%^~$#_", "`\\input{/etc/passwd}%^~$#_`",
     "\\\\input{/etc/passwd}%^\\~\\$\\#\\_",
     "\\textbackslash{}input\\{/etc/passwd\\}\\%\\textasciicircum{}\\textasciitilde{}\\$\\#\\_",
     "\\input{/etc/passwd}%^~$#_"},
    {"=cmd|' /C calc'!A0", "=cmd|&#39; /C calc&#39;!A0", "`=cmd\\|' /C calc'!A0`",
     "=cmd\\|' /C calc'\\!A0", "=cmd\\textbar{}\\textquotesingle{} /C calc\\textquotesingle{}!A0",
     "'=cmd|' /C calc'!A0"},
    {"@SUM(1)", "@SUM(1)", "`@SUM(1)`", "\\@SUM(1)", "@SUM(1)", "'@SUM(1)"},
    {"-1+1", "-1+1", "`-1+1`", "-1+1", "{-}1+1", "'-1+1"},
    {" +1", " +1", "` +1`", " +1", " +1", "' +1"},
    {"a,b\"c", "a,b&quot;c", "`a,b\"c`", "a,b\"c", "a,b\\textquotedbl{}c", "\"a,b\"\"c\""},
    {"Größe 中", "Größe 中", "`Größe 中`", "Größe 中", "Größe \\textless{}U+4E2D\\textgreater{}",
     "Größe 中"},
    {"", "", "`  `", "", "", "\"\""},
};

static void check_text(struct buf *got, const char *want, const char *medium, const char *text)
{
    cr_assert(span_eq(buf_span(got), span_of(want)), "%s of \"%s\": got \"%.*s\", want \"%s\"",
              medium, text, (int)got->len, (const char *)got->at, want);
    buf_reset(got);
}

static const char allow_break[] = "\\allowbreak{}";

static void drop_breaks(struct buf *b)
{
    size_t len = 0;
    for (size_t i = 0; i < b->len; i++) {
        struct span rest = span_take(span_drop(buf_span(b), i), strlen(allow_break));
        if (span_eq(rest, span_of(allow_break))) {
            i += strlen(allow_break) - 1;
        } else {
            b->at[len++] = b->at[i];
        }
    }
    b->len = len;
}

Test(medium, long_names_may_break_in_latex)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    latex_put(&b, SPAN_LIT("a_b. c."));
    check_text(&b, "a\\_\\allowbreak{}b. c.", "LaTeX", "words");
    latex_put_name(&b, SPAN_LIT("0123456789abcdef"));
    check_text(&b, "\\texttt{0123456789\\allowbreak{}abcdef}", "LaTeX", "digits");
    buf_deinit(&b);
}

Test(medium, what_others_wrote_is_text_and_nothing_more)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct medium_case *c = &cases[i];
        html_put(&b, span_of(c->text));
        check_text(&b, c->html, "HTML", c->text);
        markdown_put_code(&b, span_of(c->text));
        check_text(&b, c->code, "code span", c->text);
        markdown_put(&b, span_of(c->text));
        check_text(&b, c->words, "Markdown", c->text);
        latex_put(&b, span_of(c->text));
        drop_breaks(&b);
        check_text(&b, c->latex, "LaTeX", c->text);
        csv_put_cell(&b, span_of(c->text));
        check_text(&b, c->csv, "CSV", c->text);
    }
    buf_deinit(&b);
}

/* Lines, escapes of terminals and characters that turn the direction of text are in none of them. */
Test(medium, controls_and_directions_are_shown)
{
    static const char text[] = "a\r\n\t\x1b[2J\xe2\x80\xae"
                               "b\xff";
    void (*const media[])(struct buf *, struct span) = {html_put, markdown_put, markdown_put_code,
                                                        latex_put, csv_put_cell};
    for (size_t m = 0; m < sizeof(media) / sizeof(media[0]); m++) {
        struct buf b = BUF_INIT(BUF_NO_LIMIT);
        media[m](&b, span_of(text));
        for (size_t i = 0; i < b.len; i++) {
            cr_assert(b.at[i] >= 0x20 && b.at[i] < 0x7f, "medium %zu, octet %zu is %02x", m, i,
                      b.at[i]);
        }
        buf_deinit(&b);
    }
}

struct percent_case {
    uint64_t part;
    uint64_t whole;
    const char *want;
};

Test(medium, percentages_are_never_rounded_to_none_or_all)
{
    static const struct percent_case percents[] = {
        {0, 0, "-"},
        {0, 5, "0.0 %"},
        {5, 5, "100.0 %"},
        {1, 3, "33.3 %"},
        {1, 200, "0.50 %"},
        {1, 1000000, "< 0.01 %"},
        {9999, 10000, "> 99.9 %"},
        {999, 1000, "99.9 %"},
        {1, 100, "1.0 %"},
    };
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
        percent_put(&b, percents[i].part, percents[i].whole);
        check_text(&b, percents[i].want, "percent", percents[i].want);
    }
    number_put(&b, 1234567);
    check_text(&b, "1,234,567", "number", "");
    number_put(&b, 999);
    check_text(&b, "999", "number", "");
    number_put(&b, 0);
    check_text(&b, "0", "number", "");
    buf_deinit(&b);
}
