#include "tests/unit/view/sample.h"

#include <criterion/criterion.h>

#include "scanner/view/report.h"

struct buf sample_rows(const char *const rows[])
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    for (; *rows != NULL; rows++) {
        const char *c = *rows;
        if (strncmp(c, "{'type':", 8) == 0) {
            buf_put_text(&b, "{\"schema\":1,");
            c++;
        }
        for (; *c != '\0'; c++) {
            buf_put_char(&b, *c == '\'' ? '"' : *c);
        }
        buf_put_char(&b, '\n');
    }
    return b;
}

void expect_lines(struct buf *text, const char *const want[])
{
    const char *rest = sample_text(text);
    for (; *want != NULL; want++) {
        size_t len = strcspn(rest, "\n");
        cr_assert(strlen(*want) == len && strncmp(rest, *want, len) == 0,
                  "want: '%s'\ngot:  '%.*s'\nin:\n%s", *want, (int)len, rest, (char *)text->at);
        rest += rest[len] == '\n' ? len + 1 : len;
    }
    cr_assert_str_eq(rest, "", "more than wanted");
    buf_deinit(text);
}

const char *sample_text(struct buf *b)
{
    buf_put_char(b, '\0');
    b->len--;
    return (const char *)b->at;
}

struct buf sample_report(const char *const wanted[], bool verbose)
{
    struct buf lines = sample_rows(wanted);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct result_rows rows;
    struct domain_view view;
    cr_assert(result_rows_read(&rows, buf_span(&lines)));
    struct paper paper = paper_on(&out, 80, false);
    domain_view_init(&view, &rows, &rows.table[TABLE_DOMAINS].row[0]);
    report_put_text(&paper, &view, verbose);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(!result_rows_have_fault(&rows, &why), "%.*s", (int)why.len, (const char *)why.at);
    domain_view_deinit(&view);
    paper_deinit(&paper);
    result_rows_deinit(&rows);
    buf_deinit(&lines);
    return out;
}
