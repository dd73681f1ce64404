#include "scanner/publish/report_run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/base/output_file.h"
#include "scanner/publish/affected_file.h"
#include "scanner/publish/changes_sheet.h"
#include "scanner/publish/report_facts.h"
#include "scanner/publish/report_input.h"
#include "scanner/publish/sheet_writers.h"
#include "scanner/replay/result_shard.h"

const struct vocabulary report_format_vocabulary = VOCABULARY_WORDS(REPORT_FORMATS);

struct report {
    const struct report_params *params;
    struct report_input input;
    struct survey survey;
    struct problem_survey problems;
    struct affected_file affected;
    struct buf affected_path;
    struct output_files files; /* whole, and named when all are */
    bool made_folder;
    struct sheets sheets;
    struct report_facts facts;
    struct buf shard;
    bool reader_gone; /* of standard output */
    bool unwritten;   /* a file or standard output takes no more */
    struct buf *why;
};

/* --- files -------------------------------------------------------------------------------------- */

/* Whole or not at all: a reader never sees half of a page, nor a page without the files beside it. */
static bool write_report_file(struct report *r, const char *path, const struct buf *text)
{
    struct output_file file;
    bool opened = output_file_open(&file, path, true);
    bool ok = opened;
    if (opened) {
        (void)output_file_put(&file, buf_span(text));
        ok = output_file_end(&file);
    }
    if (ok) {
        output_files_add(&r->files, &file);
    } else {
        buf_putf(r->why, "%s: %s", path, strerror(errno));
        r->input.failed = true;
        r->unwritten = opened;
    }
    output_file_deinit(&file);
    return ok;
}

static bool name_files(struct report *r)
{
    const char *unnamed = output_files_commit(&r->files);
    if (unnamed != NULL) {
        buf_putf(r->why, "%s: %s", unnamed, strerror(errno));
        r->input.failed = true;
    }
    return unnamed == NULL;
}

static bool write_in_folder(struct report *r, const char *name, const char *suffix,
                            const struct buf *text)
{
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&path, "%s/%s%s", r->params->tables, name, suffix);
    buf_put_char(&path, '\0');
    bool ok = write_report_file(r, (const char *)path.at, text);
    buf_deinit(&path);
    return ok;
}

/* --- a file for each table ----------------------------------------------------------------------- */

static const char *table_suffix(enum report_format format)
{
    switch (format) {
    case REPORT_FORMAT_HTML: /* a page has all of them already: files are for programs */
    case REPORT_FORMAT_CSV:
        return ".csv";
    case REPORT_FORMAT_MARKDOWN:
        return ".md";
    case REPORT_FORMAT_LATEX:
        return ".tex";
    }
    UNREACHABLE("unknown report_format");
}

static void put_table(struct buf *b, const struct sheet *t, enum report_format format, bool sample)
{
    const struct sheet_look look = {.sample = sample, .head_level = 1};
    switch (format) {
    case REPORT_FORMAT_HTML:
    case REPORT_FORMAT_CSV:
        sheet_put_csv(b, t, &look);
        return;
    case REPORT_FORMAT_MARKDOWN:
        sheet_put_markdown(b, t, &look);
        return;
    case REPORT_FORMAT_LATEX:
        sheet_put_latex(b, t, &look);
        return;
    }
    UNREACHABLE("unknown report_format");
}

static bool is_folder(const char *path)
{
    struct stat about;
    bool folder = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    errno = folder ? 0 : ENOTDIR;
    return folder;
}

static bool make_folder(struct report *r)
{
    const char *folder = r->params->tables;
    r->made_folder = folder != NULL && mkdir(folder, 0777) == 0;
    bool ok = folder == NULL || r->made_folder || (errno == EEXIST && is_folder(folder));
    if (!ok) {
        buf_putf(r->why, "%s: %s", folder, strerror(errno));
        r->input.failed = true;
    }
    return ok;
}

static bool write_tables(struct report *r)
{
    const char *suffix = table_suffix(r->params->format);
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    bool ok = true;
    for (size_t i = 0; i < r->sheets.count && ok; i++) {
        const struct sheet *t = &r->sheets.list[i];
        buf_reset(&text);
        put_table(&text, t, r->params->format, r->params->sample);
        /* CSV has no place for a reason: it stands in definitions.csv. */
        ok = (t->missing != NULL && strcmp(suffix, ".csv") == 0) ||
             write_in_folder(r, t->id, suffix, &text);
    }
    buf_reset(&text);
    sheets_put_definitions(&text, &r->sheets, suffix);
    ok = ok && write_in_folder(r, "definitions", ".csv", &text);
    buf_deinit(&text);
    return ok;
}

/* --- the document -------------------------------------------------------------------------------- */

static void put_document(struct buf *b, const struct report *r)
{
    const struct sheet_look look = {.sample = r->params->sample};
    switch (r->params->format) {
    case REPORT_FORMAT_HTML:
        report_put_html(b, &r->facts);
        return;
    case REPORT_FORMAT_MARKDOWN:
        report_put_markdown(b, &r->facts);
        return;
    case REPORT_FORMAT_CSV:
        sheets_put_long_csv(b, &r->sheets, &look);
        return;
    case REPORT_FORMAT_LATEX:
        report_put_latex(b, &r->facts);
        return;
    }
    UNREACHABLE("unknown report_format");
}

static bool write_document(struct report *r)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    put_document(&text, r);
    bool ok = true;
    if (r->params->output != NULL) {
        ok = write_report_file(r, r->params->output, &text);
    } else if (fwrite(text.at, 1, text.len, stdout) != text.len || fflush(stdout) != 0) {
        r->reader_gone = errno == EPIPE;
        r->unwritten = true;
        if (!r->reader_gone) {
            buf_putf(r->why, "standard output: %s", strerror(errno));
        }
        ok = false;
    }
    buf_deinit(&text);
    return ok;
}

/* --- reading ------------------------------------------------------------------------------------- */

/* Port 25, where mail between domains arrives; another one only if the scan had no other. */
static uint16_t port_of_report(const struct results *results)
{
    for (size_t i = 0; i < results->port_count; i++) {
        if (results->ports[i] == 25) {
            return 25;
        }
    }
    return results->port_count == 1 ? results->ports[0] : 0;
}

/* Where every problem of every domain is listed: beside the page if that is a file, else in the folder of the tables. @return false: nowhere */
static bool put_affected_path(const struct report_params *p, struct buf *path)
{
    bool beside =
        p->output != NULL && p->format == REPORT_FORMAT_HTML && output_file_is_replaced(p->output);
    if (beside) {
        struct span base = span_of(p->output);
        static const char html[] = ".html";
        base.len -= span_ends_with(base, span_of(html)) ? strlen(html) : 0;
        buf_put(path, base);
        buf_put_text(path, "-domains.csv");
    } else if (p->tables != NULL) {
        buf_putf(path, "%s/affected-domains.csv", p->tables);
    }
    buf_put_char(path, '\0');
    return beside || p->tables != NULL;
}

static void on_problem_counted(void *arg, const struct facts *row)
{
    struct report *r = arg;
    problem_survey_count(&r->problems, row);
}

static void on_cause_row(void *arg, const struct facts *row)
{
    struct report *r = arg;
    problem_survey_add_cause(&r->problems, row);
}

static void on_problem_listed(void *arg, const struct facts *row)
{
    struct report *r = arg;
    problem_survey_add(&r->problems, row);
    if (problem_survey_wants(&r->problems, row)) {
        affected_add(&r->affected, &r->survey, row);
    }
}

static bool read_problem_rows(struct report *r)
{
    struct report_input *in = &r->input;
    return (r->params->customer == NULL ||
            report_input_read(in, TABLE_PROBLEMS, on_problem_counted, r)) &&
           report_input_read(in, TABLE_CAUSES, on_cause_row, r) &&
           report_input_read(in, TABLE_PROBLEMS, on_problem_listed, r);
}

static bool read_problems(struct report *r)
{
    struct results *results = &r->input.results;
    if (!results_has_table(results, TABLE_PROBLEMS) || !results_has_table(results, TABLE_CAUSES)) {
        return true; /* the report says so */
    }
    bool listed = put_affected_path(r->params, &r->affected_path);
    const char *path = listed ? (const char *)r->affected_path.at : NULL;
    r->problems.present = !results->incomplete || results->is_bare;
    bool opened = affected_open(&r->affected, path, r->params->customer_column != NULL);
    bool ok = opened && read_problem_rows(r);
    bool ended = !ok || affected_end(&r->affected, &r->files);
    if (!opened || !ended) {
        r->unwritten = opened;
        buf_putf(r->why, "%s: %s", path, strerror(errno));
        r->input.failed = true;
    }
    return ok && ended;
}

/* Against an earlier scan. */
static bool add_changes(struct report *r)
{
    if (r->params->baseline == NULL) {
        return true;
    }
    enum comparison_end end = COMPARISON_COMPLETE;
    struct comparison *c = comparison_new(r->params->baseline, r->params->results, &end, r->why);
    if (c == NULL) {
        r->input.failed = end == COMPARISON_FATAL;
        return false;
    }
    make_changes_sheets(c, &r->sheets);
    bool whole = comparison_error(c) == NULL;
    if (!whole) {
        buf_put_text(r->why, comparison_error(c));
        r->input.failed = true;
    }
    comparison_free(c);
    return whole;
}

static const char *why_incomplete(struct results *results)
{
    return results_missing_outcomes(results) != NULL
               ? "The scan was interrupted or still runs: lines without a row are in no number "
                 "here, nor is what becomes of mail, which its rows say when it ends."
           : results->is_bare
               ? "There is neither manifest.json nor started.json: when the scan was, and "
                 "whether these are all of its rows, is not known."
           : results->incomplete ? "The scan was interrupted or still runs: lines without a row "
                                   "are in no number here."
                                 : NULL;
}

static void set_facts(struct report *r)
{
    const struct report_params *p = r->params;
    struct results *results = &r->input.results;
    result_shard_put(results, &r->shard);
    buf_put_char(&r->shard, '\0');
    r->facts = (struct report_facts){
        .list = results->is_bare ? "a list that is not known" : results->lists,
        .version = MXCENSUS_VERSION,
        .scanned_by = results_text(results, "version", NULL),
        .at = r->survey.terms.at,
        .started_unix_ms = results->started_unix_ms,
        .ended_unix_ms = results->ended_unix_ms,
        .incomplete = why_incomplete(results),
        .shard = (const char *)r->shard.at,
        .sample = p->sample,
        .port = r->survey.terms.port,
        .customer_column = p->customer_column,
        .customer = p->customer,
        .affected_file = r->affected.path,
        .output_is_written_through = p->output != NULL && !output_file_is_replaced(p->output),
        .survey = &r->survey,
        .problems = &r->problems,
        .sheets = &r->sheets,
    };
}

/* Older versions did not say it: then it was the start. RESULTS_TIME_UNKNOWN: nobody knows. */
static int64_t judged_at(const struct results *results)
{
    bool known = results->started_unix_ms != RESULTS_TIME_UNKNOWN;
    return results->at != INT64_MIN ? results->at
           : known                  ? results->started_unix_ms / 1000
                                    : RESULTS_TIME_UNKNOWN;
}

/* A column that was asked for: some row has it. */
static bool has_column(struct report *r, const char *column, uint64_t rows)
{
    if (column == NULL || rows > 0) {
        return true;
    }
    buf_putf(r->why,
             "no row of %s has a column \"%s\"; a scan keeps the other columns of its list with "
             "--metadata-passthrough",
             r->params->results, column);
    return false;
}

static bool has_customers(struct report *r)
{
    const struct report_params *p = r->params;
    if (p->customer_column != NULL && r->survey.with_customer == 0) {
        buf_putf(r->why, "no domain has \"%s\" in the column \"%s\"", p->customer,
                 p->customer_column);
        return false;
    }
    return true;
}

static bool has_columns(struct report *r)
{
    const char *rank = r->params->rank_is_asked ? r->survey.terms.rank_column : NULL;
    return has_column(r, rank, r->survey.with_rank) &&
           has_column(r, r->params->customer_column, r->survey.with_column) && has_customers(r);
}

static bool read_and_write(struct report *r)
{
    if (!report_input_survey(&r->input, &r->survey) || !has_columns(r) || !make_folder(r) ||
        !read_problems(r)) {
        return false;
    }
    survey_make_problem_sheets(&r->survey, &r->problems, &r->sheets);
    if (!add_changes(r)) {
        return false;
    }
    survey_make_sheets(&r->survey, &r->sheets);
    set_facts(r);
    return (r->params->tables == NULL || write_tables(r)) && write_document(r) && name_files(r);
}

/* The list that the scan kept beside its results, else that of this machine. */
static struct public_suffixes *suffixes_of_results(const char *results)
{
    static const char *const names[] = {"public_suffix_list.dat", "public_suffix_list.dafsa"};
    struct public_suffixes *suffixes = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && suffixes == NULL; i++) {
        struct buf path = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&path, "%s/%s", results, names[i]);
        buf_put_char(&path, '\0');
        suffixes = public_suffixes_load((const char *)path.at);
        buf_deinit(&path);
    }
    return suffixes != NULL ? suffixes : public_suffixes_load(NULL);
}

static void put_missing_outcomes(struct results *results, struct buf *notice)
{
    const char *missing = results_missing_outcomes(results);
    if (missing != NULL) {
        buf_putf(notice, "%s: %s", results->path, missing);
    }
}

enum report_end report_run(const struct report_params *p, struct buf *notice, struct buf *why)
{
    struct report r = {.params = p,
                       .why = why,
                       .input = {.why = why},
                       .affected_path = BUF_INIT(BUF_NO_LIMIT),
                       .shard = BUF_INIT(BUF_NO_LIMIT)};
    bool opened = results_open_rows(&r.input.results, p->results, why);
    bool by_line = strcmp(p->rank_column, RANK_COLUMN_LINE) == 0;
    struct public_suffixes *suffixes = suffixes_of_results(p->results);
    const struct survey_terms terms = {
        .suffixes = suffixes,
        .port = opened ? port_of_report(&r.input.results) : 0,
        .at = judged_at(&r.input.results),
        .rank_column = by_line ? NULL : p->rank_column,
        .rank_is_line = by_line,
        .customer_column = p->customer_column,
        .customer = p->customer,
    };
    row_reading_init(&r.input.reading);
    r.input.reading.in_part = true; /* rows of older versions lack columns that came later */
    survey_init(&r.survey, &terms);
    problem_survey_init(&r.problems, &r.survey);
    (void)affected_open(&r.affected, NULL, false);
    sheets_init(&r.sheets);
    bool ok = opened && read_and_write(&r);
    if (ok) {
        put_missing_outcomes(&r.input.results, notice);
    }
    sheets_deinit(&r.sheets);
    affected_deinit(&r.affected);
    output_files_deinit(&r.files);
    buf_deinit(&r.affected_path);
    buf_deinit(&r.shard);
    if (!ok && r.made_folder) {
        (void)rmdir(p->tables);
    }
    problem_survey_deinit(&r.problems);
    survey_deinit(&r.survey);
    public_suffixes_free(suffixes);
    row_reading_deinit(&r.input.reading);
    lean_rows_free(r.input.lean);
    results_deinit(&r.input.results);
    return ok               ? REPORT_COMPLETE
           : r.reader_gone  ? REPORT_READER_GONE
           : r.unwritten    ? REPORT_UNWRITTEN
           : r.input.failed ? REPORT_FAILED
                            : REPORT_UNUSABLE;
}
