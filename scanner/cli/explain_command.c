#include <stdlib.h>
#include <unistd.h>

#include "scanner/cli/commands.h"
#include "scanner/explain/explain.h"
#include "scanner/view/paper.h"

/** The words of the command line as one text: "null mx" needs no quotes. */
static const char *words_as_text(const struct options *o, struct buf *text)
{
    for (size_t i = 0; i < o->word_count; i++) {
        buf_putf(text, "%s%s", i > 0 ? " " : "", o->words[i]);
    }
    buf_put_char(text, '\0');
    return o->word_count > 0 ? (const char *)text->at : NULL;
}

enum exit_code explain_command(struct options *o, struct buf *why)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    struct buf words = BUF_INIT(BUF_NO_LIMIT);
    const char *no_color = getenv("NO_COLOR");
    bool color = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == 0);
    size_t width = paper_terminal_width(STDOUT_FILENO);
    const char *topic = words_as_text(o, &words);
    enum exit_code code = EXIT_CODE_USAGE;
    if (explain_put(&text, topic, o->explain_format, width, color) ||
        (o->explain_format == EXPLAIN_TEXT && explain_put_misspelt(&text, topic, width, color))) {
        code = print_text(&text, why);
    } else {
        explain_put_unknown(why, topic);
    }
    buf_deinit(&words);
    buf_deinit(&text);
    return code;
}
