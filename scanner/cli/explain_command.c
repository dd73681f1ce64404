#include <stdlib.h>
#include <unistd.h>

#include "scanner/cli/commands.h"
#include "scanner/cli/explain.h"
#include "scanner/view/paper.h"

enum exit_code explain_command(struct options *o, struct buf *why)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    const char *no_color = getenv("NO_COLOR");
    bool color = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == 0);
    enum exit_code code = EXIT_CODE_USAGE;
    if (explain_put(&text, o->word_count > 0 ? o->words[0] : NULL, o->explain_format,
                    paper_terminal_width(STDOUT_FILENO), color, why)) {
        code = print_text(&text, why);
    }
    buf_deinit(&text);
    return code;
}
