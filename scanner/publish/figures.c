#include "scanner/publish/figures.h"

#include "scanner/base/check.h"
#include "scanner/publish/medium.h"

#define BAR_STEP    42 /* pixels from bar to bar */
#define BAR_HEIGHT  16
#define BAR_TOP     20 /* below its label */
#define PLOT_HEIGHT 170
#define PLOT_TOP    18
#define AXIS_HEIGHT 34

static void begin_figure(struct buf *b, const char *id, const char *title, const char *description,
                         size_t height)
{
    buf_putf(b,
             "<figure><svg id=\"%s\" width=\"100%%\" height=\"%zu\" role=\"img\" "
             "aria-labelledby=\"%s-title %s-desc\" xmlns=\"http://www.w3.org/2000/svg\">\n<title "
             "id=\"%s-title\">",
             id, height, id, id, id);
    html_put_string(b, title);
    buf_putf(b, "</title>\n<desc id=\"%s-desc\">", id);
    html_put_string(b, description);
    buf_put_text(b, "</desc>\n");
}

static void end_figure(struct buf *b, const char *caption)
{
    buf_put_text(b, "</svg>\n<figcaption>");
    html_put_string(b, caption);
    buf_put_text(b, "</figcaption></figure>\n");
}

static void put_part(struct buf *b, const struct figure_part *part, double from, double width,
                     size_t y)
{
    buf_putf(b, "<rect class=\"%s\" x=\"%.3f%%\" y=\"%zu\" width=\"%.3f%%\" height=\"%d\"/>",
             part->class, from, y, width, BAR_HEIGHT);
}

static void put_bar(struct buf *b, const struct figure_bar *bar, size_t y)
{
    uint64_t whole = 0;
    for (size_t i = 0; i < bar->part_count; i++) {
        whole += bar->part[i].value;
    }
    buf_putf(b, "<text x=\"0\" y=\"%zu\">", y + 14);
    html_put_string(b, bar->label);
    buf_put_text(b, "</text>");
    if (bar->note != NULL) {
        buf_putf(b, "<text class=\"note\" x=\"100%%\" y=\"%zu\" text-anchor=\"end\">", y + 14);
        html_put_string(b, bar->note);
        buf_put_text(b, "</text>");
    }
    buf_putf(b, "<rect class=\"ground\" x=\"0\" y=\"%zu\" width=\"100%%\" height=\"%d\"/>",
             y + BAR_TOP, BAR_HEIGHT);
    double from = 0;
    for (size_t i = 0; i < bar->part_count && whole > 0; i++) {
        double width = 100.0 * (double)bar->part[i].value / (double)whole;
        if (bar->part[i].value > 0) {
            put_part(b, &bar->part[i], from, width, y + BAR_TOP);
        }
        from += width;
    }
    buf_put_char(b, '\n');
}

void figure_put_stacked(struct buf *b, const char *id, const char *title, const char *description,
                        const struct figure_bar *bars, size_t count)
{
    begin_figure(b, id, title, description, count * BAR_STEP);
    for (size_t i = 0; i < count; i++) {
        CHECK(bars[i].part_count <= FIGURE_PARTS_MAX);
        put_bar(b, &bars[i], i * BAR_STEP);
    }
    end_figure(b, title);
}

void figure_put_columns(struct buf *b, const char *id, const char *title, const char *description,
                        const struct figure_column *columns, size_t count, size_t every)
{
    uint64_t highest = 1;
    for (size_t i = 0; i < count; i++) {
        highest = columns[i].value > highest ? columns[i].value : highest;
    }
    begin_figure(b, id, title, description, PLOT_TOP + PLOT_HEIGHT + AXIS_HEIGHT);
    double step = 100.0 / (double)count;
    int bottom = PLOT_TOP + PLOT_HEIGHT;
    for (size_t i = 0; i < count; i++) {
        double height = (double)PLOT_HEIGHT * (double)columns[i].value / (double)highest;
        double middle = ((double)i + 0.5) * step;
        if (columns[i].value > 0) {
            buf_putf(b,
                     "<rect class=\"%s\" x=\"%.3f%%\" y=\"%.1f\" width=\"%.3f%%\" "
                     "height=\"%.1f\"/>",
                     columns[i].class, (double)i * step + step * 0.1, bottom - height, step * 0.8,
                     height);
        }
        if (columns[i].value > 0 && (every == 1 || columns[i].value == highest)) {
            buf_putf(b, "<text class=\"note\" x=\"%.3f%%\" y=\"%.1f\" text-anchor=\"middle\">",
                     middle, bottom - height - 5);
            number_put(b, columns[i].value);
            buf_put_text(b, "</text>");
        }
        if (i % every == 0) {
            buf_putf(b, "<text class=\"axis\" x=\"%.3f%%\" y=\"%d\" text-anchor=\"middle\">",
                     every == 1 ? middle : middle, bottom + 16);
            html_put_string(b, columns[i].label);
            buf_put_text(b, "</text>");
        }
        buf_put_char(b, '\n');
    }
    buf_putf(b, "<line class=\"rule\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>\n", bottom,
             bottom);
    end_figure(b, title);
}

/* --- cumulative share by rank ------------------------------------------------------------------- */

#define LINES_LEFT  9.0 /* percent of the width, for the scale */
#define LINES_RIGHT 97.0

static double line_x(size_t step, size_t first, size_t last)
{
    double span = last > first ? (double)(last - first) : 1;
    return LINES_LEFT + (LINES_RIGHT - LINES_LEFT) * (double)(step - first) / span;
}

static void put_scale(struct buf *b, size_t first, size_t last)
{
    for (int percent = 0; percent <= 100; percent += 25) {
        double y = PLOT_TOP + PLOT_HEIGHT * (1 - percent / 100.0);
        buf_putf(b,
                 "<line class=\"rule\" x1=\"%.1f%%\" x2=\"%.1f%%\" y1=\"%.1f\" y2=\"%.1f\"/>"
                 "<text class=\"axis\" x=\"%.1f%%\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>\n",
                 LINES_LEFT, LINES_RIGHT, y, y, LINES_LEFT - 1, y + 4, percent);
    }
    for (size_t i = first; i <= last; i++) {
        if (i % 3 == 0) { /* powers of ten */
            buf_putf(b, "<text class=\"axis\" x=\"%.2f%%\" y=\"%d\" text-anchor=\"middle\">10",
                     line_x(i, first, last), PLOT_TOP + PLOT_HEIGHT + 18);
            buf_putf(b, "<tspan class=\"power\" dy=\"-5\">%zu</tspan></text>\n", i / 3);
        }
    }
}

void figure_put_cumulative(struct buf *b, const struct survey *s, const struct figure_line *lines,
                           size_t count)
{
    static const char title[] = "Cumulative share by rank";
    size_t first = RANK_STEPS;
    size_t last = 0;
    for (size_t i = 0; i < RANK_STEPS; i++) {
        if (s->rank_step[i][MEASURES_TOTAL] > 0) {
            first = i < first ? i : first;
            last = i;
        }
    }
    begin_figure(
        b, "figure-rank", title,
        "A line for each measure: its share of the domains up to a rank, ranks on a logarithmic "
        "scale. The numbers are in the table below.",
        PLOT_TOP + PLOT_HEIGHT + AXIS_HEIGHT);
    put_scale(b, first, last);
    for (size_t l = 0; l < count; l++) {
        uint32_t sum[MEASURES_WIDTH] = {0};
        double x0 = -1;
        double y0 = 0;
        for (size_t i = first; i <= last && first < RANK_STEPS; i++) {
            for (unsigned c = 0; c < MEASURES_WIDTH; c++) {
                sum[c] += s->rank_step[i][c];
            }
            struct share share = measures_share(sum, lines[l].measure);
            if (share.denominator == 0) {
                continue;
            }
            double y =
                PLOT_TOP + PLOT_HEIGHT * (1 - (double)share.numerator / (double)share.denominator);
            double x = line_x(i, first, last);
            if (x0 >= 0) {
                buf_putf(
                    b,
                    "<line class=\"line %s\" x1=\"%.2f%%\" y1=\"%.1f\" x2=\"%.2f%%\" y2=\"%.1f\"/>",
                    lines[l].class, x0, y0, x, y);
            }
            x0 = x;
            y0 = y;
        }
        buf_put_char(b, '\n');
    }
    end_figure(b, title);
}

void figure_put_legend(struct buf *b, const struct figure_key *keys, size_t count)
{
    buf_put_text(b, "<ul class=\"legend\">");
    for (size_t i = 0; i < count; i++) {
        buf_putf(b,
                 "<li><svg width=\"14\" height=\"14\" aria-hidden=\"true\"><rect class=\"%s\" "
                 "width=\"14\" height=\"14\"/></svg> ",
                 keys[i].class);
        html_put_string(b, keys[i].label);
        buf_put_text(b, "</li>");
    }
    buf_put_text(b, "</ul>\n");
}
