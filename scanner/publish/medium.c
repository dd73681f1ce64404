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

/* Characters that the font encoding T1 has, of those that names are written with: pdflatex ends at any other one. */
static bool latex_has(uint32_t c)
{
    static const uint32_t without[] = {0x126, 0x127, 0x138, 0x13f, 0x140,
                                       0x149, 0x166, 0x167, 0x17f};
    static const uint32_t more[] = {0x2013, 0x2014, 0x2018, 0x2019, 0x201c,
                                    0x201d, 0x2022, 0x2026, 0x20ac, 0x2122};
    bool has = c < 0x17f;
    for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
        has = has && c != without[i];
    }
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        has = has || c == more[i];
    }
    return has;
}

static void put_latex_character(struct buf *b, struct span character)
{
    const char *escaped = character.len == 1 ? latex_of((char)character.at[0]) : NULL;
    uint32_t c = text_code_point(character);
    if (escaped != NULL) {
        buf_put_text(b, escaped);
    } else if (latex_has(c)) {
        buf_put(b, character);
    } else {
        buf_putf(b, "\\textless{}U+%04X\\textgreater{}", (unsigned)c);
    }
}

/* A mark within a word, not at its end, nor within a number. */
static bool is_latex_break(struct span rest)
{
    return rest.len > 1 && strchr("./:,=@_-", rest.at[0]) != NULL && rest.at[1] != ' ' &&
           (rest.at[1] < '0' || rest.at[1] > '9');
}

#define LATEX_RUN_MAX 10 /* characters of a name without a place to break the line; our own bound */

/* The line may end behind a mark within a word; @param breaks within a long word as well */
static void put_latex_text(struct buf *b, struct span text, bool breaks)
{
    struct buf visible = BUF_INIT(BUF_NO_LIMIT);
    text_put_visible(&visible, text);
    size_t run = 0;
    for (struct span rest = buf_span(&visible); rest.len > 0;) {
        size_t len = text_utf8_len(rest); /* of what is visible never 0 */
        put_latex_character(b, span_take(rest, len));
        run = rest.at[0] == ' ' ? 0 : run + 1;
        if ((breaks && run == LATEX_RUN_MAX) || is_latex_break(rest)) {
            buf_put_text(b, "\\allowbreak{}");
            run = 0;
        }
        rest = span_drop(rest, len);
    }
    buf_deinit(&visible);
}

void latex_put(struct buf *b, struct span text)
{
    put_latex_text(b, text, false);
}

void latex_put_name(struct buf *b, struct span text)
{
    buf_put_text(b, "\\texttt{");
    put_latex_text(b, text, true);
    buf_put_char(b, '}');
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
