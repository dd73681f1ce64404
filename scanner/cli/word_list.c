#include "scanner/cli/word_list.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"

#define LINES_MAX (64U << 20) /* octets of standard input; our own bound */

void word_list_add(struct word_list *l, const char *word)
{
    l->words = memory_grow_list(l->words, l->count, sizeof(const char *));
    l->words[l->count++] = word;
}

static bool is_byte_order_mark(struct span s)
{
    return s.len >= 3 && s.at[0] == 0xef && s.at[1] == 0xbb && s.at[2] == 0xbf;
}

static void word_list_add_line(struct word_list *l, struct span line)
{
    line = text_trim(line);
    if (line.len == 0 || line.at[0] == '#') {
        return;
    }
    struct span whole = buf_span(&l->lines);
    uint8_t *begin = l->lines.at + (line.at - whole.at);
    begin[line.len] = '\0'; /* at the end of the line, or white space, or that of the file */
    word_list_add(l, (const char *)begin);
}

static bool add_lines(struct word_list *l, struct buf *why)
{
    enum file_end end = l->lines.len > 0 ? FILE_COMPLETE : file_read_rest(STDIN_FILENO, &l->lines);
    if (end != FILE_COMPLETE) {
        buf_putf(why, "standard input: %s",
                 end == FILE_TOO_LARGE ? "longer than a list of names may be" : strerror(errno));
        return false;
    }
    buf_put_char(&l->lines, '\0');
    struct span rest = span_take(buf_span(&l->lines), l->lines.len - 1);
    rest = span_drop(rest, is_byte_order_mark(rest) ? 3 : 0);
    while (rest.len > 0) {
        word_list_add_line(l, text_take_until(&rest, '\n'));
    }
    return true;
}

bool word_list_read(struct word_list *l, const char *const *words, size_t count, struct buf *why)
{
    bool asked = false;
    *l = (struct word_list){.lines = BUF_INIT(LINES_MAX)};
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], "-") != 0) {
            word_list_add(l, words[i]);
        } else if (!asked) {
            asked = true;
            if (!add_lines(l, why)) {
                return false;
            }
        }
    }
    return true;
}

void word_list_deinit(struct word_list *l)
{
    free(l->words);
    buf_deinit(&l->lines);
}
