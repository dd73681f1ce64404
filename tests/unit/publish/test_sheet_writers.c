#include <criterion/criterion.h>

#include "scanner/publish/sheet_writers.h"

/* Two rows: a name of the world and one of ours, a count, a share; and cells without a number. */
static void fill(struct sheet *t)
{
    sheet_column(t, SHEET_NAME, "who", "who <b>");
    sheet_column(t, SHEET_COUNT, "many", "how many");
    sheet_column(t, SHEET_SHARE, "part", "which part");
    sheet_text(t, "=a|<i>");
    sheet_count(t, 1234);
    sheet_share(t, (struct share){1, 4, 2});
    sheet_text(t, "b");
    sheet_none(t);
    sheet_none(t);
}

static void check_written(const struct buf *got, const char *want)
{
    cr_assert(span_eq(buf_span(got), span_of(want)), "got:\n%.*s\nwant:\n%s", (int)got->len,
              (const char *)got->at, want);
}

Test(sheet_writers, csv)
{
    struct sheets sheets;
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    sheets_init(&sheets);
    fill(sheet_new(&sheets, "T0", "A table", "What is counted."));
    const struct sheet_look plain = {.sample = false};
    sheet_put_csv(&b, &sheets.list[0], &plain);
    check_written(&b, "who,many,part_numerator,part_denominator,part_untested,part_share\r\n"
                      "'=a|<i>,1234,1,4,2,0.250000\r\n"
                      "b,,,,,\r\n");
    buf_reset(&b);
    const struct sheet_look sample = {.sample = true};
    sheet_put_csv(&b, &sheets.list[0], &sample);
    check_written(
        &b,
        "who,many,part_numerator,part_denominator,part_untested,part_share,part_low,part_high\r\n"
        "'=a|<i>,1234,1,4,2,0.250000,0.045587,0.699358\r\n"
        "b,,,,,,,\r\n");
    buf_reset(&b);
    sheets_put_long_csv(&b, &sheets, &plain);
    check_written(&b, "table,row,column,count,numerator,denominator,untested,share,low,high\r\n"
                      "T0,'=a|<i>,many,1234,,,,,,\r\n"
                      "T0,'=a|<i>,part,,1,4,2,0.250000,,\r\n");
    buf_reset(&b);
    sheets_put_long_csv(&b, &sheets, &sample);
    check_written(&b, "table,row,column,count,numerator,denominator,untested,share,low,high\r\n"
                      "T0,'=a|<i>,many,1234,,,,,,\r\n"
                      "T0,'=a|<i>,part,,1,4,2,0.250000,0.045587,0.699358\r\n");
    buf_deinit(&b);
    sheets_deinit(&sheets);
}

Test(sheet_writers, markdown_and_latex)
{
    struct sheets sheets;
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    sheets_init(&sheets);
    fill(sheet_new(&sheets, "T0", "A table", "What is counted."));
    const struct sheet_look look = {.sample = false, .head_level = 2};
    sheet_put_markdown(&b, &sheets.list[0], &look);
    check_written(&b,
                  "## T0: A table\n\nWhat is counted.\n\n| who \\<b\\> | how many | which part |\n"
                  "| --- | ---: | ---: |\n"
                  "| `=a\\|<i>` | 1,234 | 25.0 % (1 of 4; 2 untested) |\n"
                  "| `b` | - | - |\n\n");
    buf_reset(&b);
    sheet_put_latex(&b, &sheets.list[0], &look);
    buf_put_char(&b, '\0');
    cr_assert_not_null(
        strstr((const char *)b.at,
               "\\texttt{=\\allowbreak{}a\\textbar{}\\textless{}i\\textgreater{}} & 1,234 & "
               "25.0 \\% (1/4, 2 untested) \\\\\n"));
    buf_deinit(&b);
    sheets_deinit(&sheets);
}

/* Of nothing there is no share, nor is it somewhere between 0 and 1. */
Test(sheet_writers, csv_of_nothing)
{
    struct sheets sheets;
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    sheets_init(&sheets);
    struct sheet *t = sheet_new(&sheets, "T0", "A table", "What is counted.");
    sheet_column(t, SHEET_NAME, "who", "who");
    sheet_column(t, SHEET_SHARE, "part", "which part");
    sheet_text(t, "a");
    sheet_share(t, (struct share){0, 0, 2});
    const struct sheet_look sample = {.sample = true};
    sheet_put_csv(&b, &sheets.list[0], &sample);
    check_written(
        &b, "who,part_numerator,part_denominator,part_untested,part_share,part_low,part_high\r\n"
            "a,0,0,2,,,\r\n");
    buf_reset(&b);
    sheets_put_long_csv(&b, &sheets, &sample);
    check_written(&b, "table,row,column,count,numerator,denominator,untested,share,low,high\r\n"
                      "T0,a,part,,0,0,2,,,\r\n");
    buf_deinit(&b);
    sheets_deinit(&sheets);
}

/* A table that cannot be given says why, in each medium, and has no row. */
Test(sheet_writers, missing)
{
    struct sheets sheets;
    sheets_init(&sheets);
    struct sheet *t = sheet_new(&sheets, "T0", "A table", "What is counted.");
    sheet_column(t, SHEET_NAME, "who", "who");
    t->missing = "Nobody asked.";
    const struct sheet_look look = {.head_level = 3};
    void (*const writers[])(struct buf *, const struct sheet *, const struct sheet_look *) = {
        sheet_put_html, sheet_put_markdown, sheet_put_latex};
    for (size_t i = 0; i < 3; i++) {
        struct buf b = BUF_INIT(BUF_NO_LIMIT);
        writers[i](&b, t, &look);
        buf_put_char(&b, '\0');
        cr_assert_not_null(strstr((const char *)b.at, "Nobody asked."), "writer %zu", i);
        cr_assert_null(strstr((const char *)b.at, "<table"));
        cr_assert_null(strstr((const char *)b.at, "longtable"));
        buf_deinit(&b);
    }
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    sheets_put_definitions(&b, &sheets, ".csv");
    check_written(
        &b,
        "table,file,title,definition,missing\r\nT0,,A table,What is counted.,Nobody asked.\r\n");
    buf_deinit(&b);
    sheets_deinit(&sheets);
}

Test(sheet_writers, html_escapes_and_says_what_is_left_out)
{
    struct sheets sheets;
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    sheets_init(&sheets);
    fill(sheet_new(&sheets, "T0", "A table", "What is counted."));
    const struct sheet_look look = {.head_level = 3, .rows_max = 1};
    sheet_put_html(&b, &sheets.list[0], &look);
    buf_put_char(&b, '\0');
    const char *html = (const char *)b.at;
    cr_assert_not_null(strstr(html, "<th scope=\"col\">who &lt;b&gt;</th>"));
    cr_assert_not_null(strstr(html, "<th scope=\"row\" class=\"name\">=a|&lt;i&gt;</th>"));
    cr_assert_not_null(strstr(html, "<b>25.0 %</b> <span>1 of 4</span><span>2 untested</span>"));
    cr_assert_not_null(strstr(html, "1 more in table T0 of --tables."));
    cr_assert_null(strstr(html, "<i>"));
    buf_deinit(&b);
    sheets_deinit(&sheets);
}
