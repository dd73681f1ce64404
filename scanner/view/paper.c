#include "scanner/view/paper.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "scanner/base/check.h"
#include "scanner/base/text.h"

/* ECMA-48 section 8.3.117, Select Graphic Rendition. */
static const char *ink_on(enum ink ink)
{
    switch (ink) {
    case INK_PLAIN:
        return "";
    case INK_STRONG:
        return "\033[1m";
    case INK_FAINT:
        return "\033[2m";
    case INK_GOOD:
        return "\033[32m";
    case INK_NOTE:
        return "\033[36m";
    case INK_WARNING:
        return "\033[33m";
    case INK_ERROR:
        return "\033[31m";
    }
    UNREACHABLE("unknown ink");
}

struct paper paper_on(struct buf *out, size_t width, bool color)
{
    width = width < PAPER_WIDTH_MIN ? PAPER_WIDTH_MIN : width;
    width = width > PAPER_WIDTH_MAX ? PAPER_WIDTH_MAX : width;
    return (struct paper){
        .out = out, .width = width, .color = color, .word = BUF_INIT(BUF_NO_LIMIT)};
}

void paper_deinit(struct paper *p)
{
    buf_deinit(&p->word);
}

/* --- characters ------------------------------------------------------------------------------ */

size_t paper_columns(const char *text)
{
    size_t columns = 0;
    for (struct span rest = span_of(text); rest.len > 0;) {
        char character[TEXT_VISIBLE_MAX];
        size_t more = 0;
        rest = span_drop(rest, text_visible_character(rest, character, &more));
        columns += more;
    }
    return columns;
}

/* --- paragraphs ------------------------------------------------------------------------------ */

static void paper_begin_line(struct paper *p, const char *prefix)
{
    buf_put_text(p->out, prefix);
    p->column = paper_columns(prefix);
    p->line_is_empty = true;
}

/* Lines have no spaces at their ends; also not those of a prefix. */
static void end_line(struct paper *p)
{
    while (p->out->len > 0 && p->out->at[p->out->len - 1] == ' ') {
        p->out->len--;
    }
    buf_put_char(p->out, '\n');
}

static void write_word(struct paper *p)
{
    if (p->word_columns == 0) {
        return;
    }
    size_t space = p->space_due && !p->line_is_empty ? 1 : 0;
    if (!p->line_is_empty && p->column + space + p->word_columns > p->width) {
        end_line(p);
        paper_begin_line(p, p->next_prefix);
        space = 0;
    }
    buf_put_text(p->out, space != 0 ? " " : "");
    buf_put(p->out, buf_span(&p->word));
    p->column += space + p->word_columns;
    p->line_is_empty = false;
    p->space_due = false;
    p->word_columns = 0;
    buf_reset(&p->word);
}

void paper_begin(struct paper *p, const char *prefix, const char *next_prefix)
{
    CHECK(p->word_columns == 0);
    p->next_prefix = next_prefix;
    p->space_due = false;
    paper_begin_line(p, prefix);
}

/** Room of a whole line: a longer word is cut there. */
static size_t word_columns_max(const struct paper *p)
{
    size_t prefix = paper_columns(p->next_prefix);
    return p->width > prefix + 8 ? p->width - prefix : 8;
}

void paper_put(struct paper *p, enum ink ink, const char *text)
{
    const char *on = p->color ? ink_on(ink) : "";
    bool inked = false;
    for (struct span rest = span_of(text); rest.len > 0;) {
        char character[TEXT_VISIBLE_MAX];
        size_t columns = 0;
        if (rest.at[0] == ' ') {
            buf_put_text(&p->word, inked ? "\033[0m" : "");
            inked = false;
            write_word(p);
            p->space_due = true;
            rest = span_drop(rest, 1);
            continue;
        }
        rest = span_drop(rest, text_visible_character(rest, character, &columns));
        if (p->word_columns + columns > word_columns_max(p)) {
            buf_put_text(&p->word, inked ? "\033[0m" : "");
            inked = false;
            write_word(p);
        }
        if (!inked && on[0] != '\0') {
            buf_put_text(&p->word, on);
            inked = true;
        }
        buf_put_text(&p->word, character);
        p->word_columns += columns;
    }
    buf_put_text(&p->word, inked ? "\033[0m" : "");
}

void paper_putf(struct paper *p, enum ink ink, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    CHECK(len >= 0);
    paper_put(p, ink, text);
    free(text);
}

void paper_tab(struct paper *p, size_t column)
{
    write_word(p);
    do {
        buf_put_char(p->out, ' ');
        p->column++;
    } while (p->column < column);
    p->space_due = false;
}

void paper_end(struct paper *p)
{
    write_word(p);
    end_line(p);
}

void paper_say(struct paper *p, enum ink ink, const char *text)
{
    paper_begin(p, "", "");
    paper_put(p, ink, text);
    paper_end(p);
}

void paper_blank(struct paper *p)
{
    buf_put_char(p->out, '\n');
}

size_t paper_terminal_width(int fd)
{
    const char *columns = getenv("COLUMNS");
    uint64_t width = 0;
    struct winsize size;
    if (columns != NULL && text_to_u64(span_of(columns), &width) && width > 0) {
        return width < PAPER_WIDTH_MAX ? (size_t)width : PAPER_WIDTH_MAX;
    }
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : PAPER_WIDTH;
}
