#pragma once

#include "scanner/cli/exit_code.h"
#include "scanner/cli/options.h"
#include "scanner/view/report.h"

/** The reports of `check` and `show`, as the options have them: text, one line each, or JSON. */

/** Is coloured text wanted? On a terminal, unless the environment or an option says otherwise. */
bool reports_want_color(const struct options *o);
/** Those of all domains of the rows, in the order of their lines. */
void reports_put_all(struct buf *out, const struct result_rows *rows, const struct options *o,
                     const struct view_setting *setting);
/** That of one domain. @param first nothing stands before it @return false: it was left out, as --quiet has it */
bool reports_put_view(struct buf *out, const struct domain_view *view, const struct options *o,
                      bool first);
bool reports_put_one(struct buf *out, const struct result_rows *rows,
                     const struct result_row *domain, const struct options *o,
                     const struct view_setting *setting, bool first);
