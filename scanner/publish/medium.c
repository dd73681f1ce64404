#include "scanner/publish/medium.h"

#include <math.h>

#include "output/csv.h"
#include "scanner/base/text.h"

/* --- HTML -------------------------------------------------------------------------------------- */

void html_put(struct buf *b, struct span text)
{
    struct buf visible = BUF_INIT(BUF_NO_LIMIT);
    text_put_visible(&visible, text);
    for (size_t i = 0; i < visible.len; i++) {
        char c = (char)visible.at[i];
        switch (c) {
        case '&':
            buf_put_text(b, "&amp;");
            break;
        case '<':
            buf_put_text(b, "&lt;");
            break;
        case '>':
            buf_put_text(b, "&gt;");
            break;
        case '"':
            buf_put_text(b, "&quot;");
            break;
        case '\'':
            buf_put_text(b, "&#39;");
            break;
        default:
            buf_put_char(b, c);
            break;
        }
    }
    buf_deinit(&visible);
}

/* --- Markdown ---------------------------------------------------------------------------------- */

void markdown_put(struct buf *b, struct span text)
{
    struct buf visible = BUF_INIT(BUF_NO_LIMIT);
    text_put_visible(&visible, text);
    for (size_t i = 0; i < visible.len; i++) {
        char c = (char)visible.at[i];
        if (strchr("\\`*_[]<>|~#&!$@", c) != NULL) {
            buf_put_char(b, '\\');
        }
        buf_put_char(b, c);
    }
    buf_deinit(&visible);
}

/* Longest run of backticks: the fence is longer (CommonMark section 6.1). */
static size_t longest_backticks(struct span text)
{
    size_t longest = 0;
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        run = text.at[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void put_backticks(struct buf *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_put_char(b, '`');
    }
}

void markdown_put_code(struct buf *b, struct span text)
{
    struct buf visible = BUF_INIT(BUF_NO_LIMIT);
    text_put_visible(&visible, text);
    size_t fence = longest_backticks(buf_span(&visible)) + 1;
    bool padded = visible.len == 0 || visible.at[0] == '`' || visible.at[visible.len - 1] == '`';
    put_backticks(b, fence);
    buf_put_text(b, padded ? " " : "");
    for (size_t i = 0; i < visible.len; i++) {
        /* In a table a bar ends the cell, also in a code span, unless it is escaped (GFM section 4.10). A
         * backslash in front of it would escape the escape. */
        if (visible.at[i] == '|') {
            buf_put_text(b, "\\|");
        } else if (visible.at[i] == '\\' && i + 1 < visible.len && visible.at[i + 1] == '|') {
            buf_put_text(b, "\\ ");
        } else {
            buf_put_char(b, (char)visible.at[i]);
        }
    }
    buf_put_text(b, padded ? " " : "");
    put_backticks(b, fence);
    buf_deinit(&visible);
}

/* --- LaTeX ------------------------------------------------------------------------------------- */

static const char *latex_of(char c)
{
    switch (c) {
    case '\\':
        return "\\textbackslash{}";
    case '{':
        return "\\{";
    case '}':
        return "\\}";
    case '$':
        return "\\$";
    case '&':
        return "\\&";
    case '#':
        return "\\#";
    case '%':
        return "\\%";
    case '_':
        return "\\_";
    case '^':
        return "\\textasciicircum{}";
    case '~':
        return "\\textasciitilde{}";
    case '<':
        return "\\textless{}";
    case '>':
        return "\\textgreater{}";
    case '|':
        return "\\textbar{}";
    case '"':
        return "\\textquotedbl{}";
    case '\'':
        return "\\textquotesingle{}";
    case '`':
        return "\\textasciigrave{}";
    case '-': /* two would become a dash */
        return "{-}";
    case '[': /* behind a line end it would be an argument of that */
        return "{[}";
    case ']':
        return "{]}";
    case '*':
        return "{*}";
    default:
        return NULL;
    }
}

void latex_put(struct buf *b, struct span text)
{
    struct buf visible = BUF_INIT(BUF_NO_LIMIT);
    text_put_visible(&visible, text);
    for (size_t i = 0; i < visible.len; i++) {
        const char *escaped = latex_of((char)visible.at[i]);
        if (escaped != NULL) {
            buf_put_text(b, escaped);
        } else {
            buf_put_char(b, (char)visible.at[i]);
        }
    }
    buf_deinit(&visible);
}

/* --- CSV --------------------------------------------------------------------------------------- */

void csv_put_cell(struct buf *b, struct span text)
{
    struct buf cell = BUF_INIT(BUF_NO_LIMIT);
    struct span rest = text;
    while (rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t')) {
        rest = span_drop(rest, 1);
    }
    if (rest.len > 0 && strchr("=+-@\r\n|%", rest.at[0]) != NULL) {
        buf_put_char(&cell, '\'');
    }
    text_put_visible(&cell, text);
    csv_put_text(b, buf_span(&cell));
    buf_deinit(&cell);
}

/* --- numbers ----------------------------------------------------------------------------------- */

void number_put(struct buf *b, uint64_t n)
{
    struct buf digits = BUF_INIT(BUF_NO_LIMIT);
    buf_put_u64(&digits, n);
    for (size_t i = 0; i < digits.len; i++) {
        if (i > 0 && (digits.len - i) % 3 == 0) {
            buf_put_char(b, ',');
        }
        buf_put_char(b, (char)digits.at[i]);
    }
    buf_deinit(&digits);
}

void percent_put(struct buf *b, uint64_t part, uint64_t whole)
{
    if (whole == 0) {
        buf_put_text(b, "-");
        return;
    }
    double percent = 100.0 * (double)part / (double)whole;
    if (part > 0 && percent < 0.005) {
        buf_put_text(b, "< 0.01 %");
    } else if (part > 0 && percent < 1) {
        buf_putf(b, "%.2f %%", percent);
    } else if (part < whole && percent >= 99.95) {
        buf_put_text(b, "> 99.9 %");
    } else {
        buf_putf(b, "%.1f %%", percent);
    }
}

void interval_put(struct buf *b, const struct share *share)
{
    double low;
    double high;
    share_interval(share, &low, &high);
    buf_putf(b, "%.1f-%.1f", floor(low * 1000) / 10, ceil(high * 1000) / 10);
}
