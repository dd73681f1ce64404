#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/base/text.h"
#include "scanner/cli/commands.h"
#include "scanner/explain/explain.h"
#include "scanner/explain/log_summary.h"
#include "scanner/explain/rpt_summary.h"
#include "scanner/view/paper.h"

/** Where the answer goes. */
struct answer {
    struct buf text;
    enum explain_format format;
    size_t width;
    bool color;
};

/* --- files ----------------------------------------------------------------------------------- */

enum file_kind {
    FILE_KIND_BY_CONTENT,
    FILE_KIND_LOG,
    FILE_KIND_REPORT,
};

/** The files of the command line, and what they are summed up in. */
struct files {
    enum file_kind kind; /* of all; the first decides */
    struct log_catalogue *catalogue;
    struct log_summary *log;
    struct rpt_summary *report;
};

/** What can be read; else says what it is and how to make it so. */
static bool source_is_readable(const struct files *f, struct text_source *source, struct buf *why)
{
    bool log = f->kind == FILE_KIND_LOG;
    if (!log && rpt_mail_is_likely(text_source_peek(source))) {
        buf_putf(
            why,
            "%s: this is a mail; its report is an attachment: take it out with 'munpack FILE' or "
            "'ripmime -i FILE', and give that",
            text_source_name(source));
        return false;
    }
    return text_source_is_text(source, why);
}

static void files_begin(struct files *f, struct text_source *first)
{
    if (f->kind == FILE_KIND_BY_CONTENT) {
        f->kind = rpt_report_is_likely(text_source_peek(first)) ? FILE_KIND_REPORT : FILE_KIND_LOG;
    }
    if (f->kind == FILE_KIND_LOG) {
        f->catalogue = log_catalogue_shipped();
        f->log = log_summary_new(f->catalogue);
    } else {
        f->report = rpt_summary_new();
    }
}

static bool files_add(struct files *f, const char *path, struct buf *why)
{
    struct text_source *source = text_source_open(path, why);
    if (source == NULL || !source_is_readable(f, source, why)) {
        text_source_close(source);
        return false;
    }
    if (f->log == NULL && f->report == NULL) {
        files_begin(f, source);
    }
    bool good = f->log != NULL
                    ? log_summary_add(f->log, source, why)
                    : rpt_summary_add_source(f->report, source, text_source_name(source), why);
    text_source_close(source);
    return good;
}

static void files_put(const struct files *f, struct answer *a)
{
    bool json = a->format == EXPLAIN_JSON;
    if (f->log != NULL && json) {
        log_summary_put_json(f->log, &a->text);
    } else if (f->log != NULL) {
        log_summary_put_text(f->log, &a->text, a->width, a->color);
    } else if (json) {
        rpt_summary_put_json(f->report, &a->text);
    } else {
        rpt_summary_put_text(f->report, &a->text, a->width, a->color);
    }
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
    const char *named = o->explain_log != NULL ? o->explain_log : o->explain_report;
    struct files f = {.kind = o->explain_log != NULL      ? FILE_KIND_LOG
                              : o->explain_report != NULL ? FILE_KIND_REPORT
                                                          : FILE_KIND_BY_CONTENT};
    if (o->explain_log != NULL && o->explain_report != NULL) {
        buf_put_text(why, "--log and --tls-rpt are two things; give one");
        return false;
    }
    if (a->format == EXPLAIN_CSV) {
        buf_put_text(why, "--format csv has findings alone; use text or json for files");
        return false;
    }
    bool good = named == NULL || files_add(&f, named, why);
    for (size_t i = 0; good && i < o->word_count; i++) {
        good = files_add(&f, o->words[i], why);
    }
    if (good) {
        files_put(&f, a);
    }
    log_summary_free(f.log);
    log_catalogue_free(f.catalogue);
    rpt_summary_free(f.report);
    return good;
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

/** Part of a line. */
static bool explain_phrase(const char *phrase, struct answer *a)
{
    struct log_catalogue *c = log_catalogue_shipped();
    bool known = log_phrase_put_text(c, phrase, &a->text, a->width, a->color);
    log_catalogue_free(c);
    return known;
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
        (a->format == EXPLAIN_TEXT &&
         (explain_put_misspelt(&a->text, topic, a->width, a->color) || explain_phrase(topic, a)))) {
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
    bool files = o->explain_log != NULL || o->explain_report != NULL || all_are_files(o);
    bool known = files ? explain_files(o, &a, why) : explain_words(topic, &a, why);
    enum exit_code code = known ? print_text(&a.text, why) : EXIT_CODE_USAGE;
    buf_deinit(&words);
    buf_deinit(&a.text);
    return code;
}
