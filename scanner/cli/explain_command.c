#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/base/text.h"
#include "scanner/cli/commands.h"
#include "scanner/explain/explain.h"
#include "scanner/explain/log_summary.h"
#include "scanner/view/paper.h"

/** Where the answer goes. */
struct answer {
    struct buf text;
    enum explain_format format;
    size_t width;
    bool color;
};

/* --- files ----------------------------------------------------------------------------------- */

static bool add_log(struct log_summary *s, const char *path, struct buf *why)
{
    struct text_source *source = text_source_open(path, why);
    bool whole = source != NULL && log_summary_add(s, source, why);
    text_source_close(source);
    return whole;
}

static bool explain_logs(const char *const *paths, size_t count, const char *first,
                         struct answer *a, struct buf *why)
{
    struct log_catalogue *c = log_catalogue_shipped();
    struct log_summary *s = log_summary_new(c);
    bool good = first == NULL || add_log(s, first, why);
    for (size_t i = 0; good && i < count; i++) {
        good = add_log(s, paths[i], why);
    }
    if (good && a->format == EXPLAIN_JSON) {
        log_summary_put_json(s, &a->text);
    } else if (good) {
        log_summary_put_text(s, &a->text, a->width, a->color);
    }
    log_summary_free(s);
    log_catalogue_free(c);
    return good;
}

static bool is_file(const char *path)
{
    struct stat st;
    return strcmp(path, "-") == 0 || (stat(path, &st) == 0 && !S_ISDIR(st.st_mode));
}

static bool all_are_files(const struct options *o)
{
    for (size_t i = 0; i < o->word_count; i++) {
        if (!is_file(o->words[i])) {
            return false;
        }
    }
    return o->word_count > 0;
}

static bool explain_files(const struct options *o, struct answer *a, struct buf *why)
{
    if (a->format == EXPLAIN_CSV) {
        buf_put_text(why, "--format csv has findings alone; use text or json for a log");
        return false;
    }
    return explain_logs(o->words, o->word_count, o->explain_log, a, why);
}

/* --- words ----------------------------------------------------------------------------------- */

/** The words of the command line as one text: "null mx" needs no quotes, nor does a line of a log. */
static const char *words_as_text(const struct options *o, struct buf *text)
{
    for (size_t i = 0; i < o->word_count; i++) {
        buf_putf(text, "%s%s", i > 0 ? " " : "", o->words[i]);
    }
    buf_put_char(text, '\0');
    return o->word_count > 0 ? (const char *)text->at : NULL;
}

static bool explain_line(const char *line, struct answer *a)
{
    struct log_catalogue *c = log_catalogue_shipped();
    bool known = false;
    switch (a->format) {
    case EXPLAIN_TEXT:
        known = log_line_put_text(c, line, &a->text, a->width, a->color);
        break;
    case EXPLAIN_JSON:
        known = log_line_put_json(c, line, &a->text);
        break;
    case EXPLAIN_CSV:
        break;
    }
    log_catalogue_free(c);
    return known;
}

#define LINE_WORDS_MIN 4 /* that are rather a line of a log than a name */

static bool is_rather_a_line(const char *text)
{
    size_t words = 0;
    for (const char *c = text; *c != '\0'; c += *c == ' ') {
        size_t len = strcspn(c, " ");
        words += len > 0;
        c += len;
    }
    return words >= LINE_WORDS_MIN;
}

static bool explain_words(const char *topic, struct answer *a, struct buf *why)
{
    if (explain_put(&a->text, topic, a->format, a->width, a->color) || explain_line(topic, a) ||
        (a->format == EXPLAIN_TEXT && explain_put_misspelt(&a->text, topic, a->width, a->color))) {
        return true;
    }
    if (is_rather_a_line(topic)) {
        buf_put_text(why, "no entry of the catalogue of log lines fits this line, and nothing has "
                          "it as its name; see datasets/log-patterns");
    } else {
        explain_put_unknown(why, topic);
    }
    return false;
}

enum exit_code explain_command(struct options *o, struct buf *why)
{
    const char *no_color = getenv("NO_COLOR");
    struct answer a = {
        .text = BUF_INIT(BUF_NO_LIMIT),
        .format = o->explain_format,
        .width = paper_terminal_width(STDOUT_FILENO),
        .color = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == 0),
    };
    struct buf words = BUF_INIT(BUF_NO_LIMIT);
    const char *topic = words_as_text(o, &words);
    bool files = o->explain_log != NULL || all_are_files(o);
    bool known = files ? explain_files(o, &a, why) : explain_words(topic, &a, why);
    enum exit_code code = known ? print_text(&a.text, why) : EXIT_CODE_USAGE;
    buf_deinit(&words);
    buf_deinit(&a.text);
    return code;
}
