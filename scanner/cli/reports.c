#include "scanner/cli/reports.h"

#include <stdlib.h>
#include <unistd.h>

bool reports_want_color(const struct options *o)
{
    const char *no_color = getenv("NO_COLOR"); /* https://no-color.org: present and not empty */
    bool fits = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0');
    return o->color == COLOR_ALWAYS || (o->color == COLOR_AUTO && fits);
}

bool reports_put_view(struct buf *out, const struct domain_view *view, const struct options *o,
                      bool first)
{
    struct paper paper = paper_on(out, paper_terminal_width(STDOUT_FILENO), reports_want_color(o));
    bool shown =
        !o->only_troubled || view->codes[SEVERITY_ERROR] + view->codes[SEVERITY_WARNING] > 0;
    if (shown && o->json) {
        report_put_json(out, view);
    } else if (shown && o->brief) {
        report_put_brief(&paper, view);
    } else if (shown) {
        buf_put_text(out, first ? "" : "\n\n");
        report_put_text(&paper, view, o->verbose);
    }
    paper_deinit(&paper);
    return shown;
}

bool reports_put_one(struct buf *out, const struct result_rows *rows,
                     const struct result_row *domain, const struct options *o,
                     const struct view_setting *setting, bool first)
{
    struct domain_view view;
    domain_view_init_as(&view, rows, domain, setting);
    bool shown = reports_put_view(out, &view, o, first);
    domain_view_deinit(&view);
    return shown;
}

void reports_put_all(struct buf *out, const struct result_rows *rows, const struct options *o,
                     const struct view_setting *setting)
{
    const struct result_table *domains = &rows->table[TABLE_DOMAINS];
    bool first = true;
    for (size_t i = 0; i < domains->count; i++) {
        first = !reports_put_one(out, rows, &domains->row[i], o, setting, first) && first;
    }
}
