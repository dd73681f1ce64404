#include "scanner/base/text.h"
#include "scanner/publish/medium.h"
#include "scanner/publish/report_facts.h"
#include "scanner/publish/sheet_writers.h"
#include "scanner/replay/results.h"

/* The report as one document of Markdown or LaTeX: the sentences, then every table. */

static void put_day(struct buf *b, int64_t unix_ms)
{
    if (unix_ms == RESULTS_TIME_UNKNOWN) {
        buf_put_text(b, "at a time that is not known");
        return;
    }
    struct buf time = BUF_INIT(BUF_NO_LIMIT);
    text_put_time_s(&time, unix_ms / 1000);
    buf_put(b, span_take(buf_span(&time), 10));
    buf_deinit(&time);
}

void report_put_markdown(struct buf *b, const struct report_facts *f)
{
    struct buf sentences[SENTENCES_MAX];
    size_t count = report_sentences(f, sentences);
    const struct sheet_look look = {.sample = f->sample, .head_level = 2};
    buf_put_text(b, "# Mail transport TLS: ");
    markdown_put_code(b, span_of(f->list != NULL ? f->list : "standard input"));
    buf_put_text(b, "\n\nScanned ");
    put_day(b, f->started_unix_ms);
    buf_putf(b, ", report by mxcensus %s.", f->version);
    if (f->incomplete != NULL) {
        buf_putf(b, " **Incomplete.** %s", f->incomplete);
    }
    if (f->shard[0] != '\0') {
        buf_putf(b, " **Not the whole list.** Results of %s.", f->shard);
    }
    buf_put_text(b, "\n\n");
    if (f->customer != NULL) {
        buf_put_text(b, "Only domains of ");
        markdown_put_code(b, span_of(f->customer));
        buf_put_text(b, ".\n\n");
    }
    for (size_t i = 0; i < count; i++) {
        buf_putf(b, "%zu. ", i + 1);
        markdown_put(b, buf_span(&sentences[i]));
        buf_put_char(b, '\n');
    }
    buf_put_char(b, '\n');
    for (size_t i = 0; i < f->sheets->count; i++) {
        sheet_put_markdown(b, &f->sheets->list[i], &look);
    }
    for (size_t i = 0; i < SENTENCES_MAX; i++) {
        buf_deinit(&sentences[i]);
    }
}

void report_put_latex(struct buf *b, const struct report_facts *f)
{
    const struct sheet_look look = {.sample = f->sample};
    buf_put_text(b, "\\documentclass{article}\n" SHEET_LATEX_PREAMBLE
                    "\\begin{document}\n\\section*{Mail transport TLS: ");
    latex_put_name(b, span_of(f->list != NULL ? f->list : "standard input"));
    buf_put_text(b, "}\nScanned ");
    put_day(b, f->started_unix_ms);
    buf_putf(b, ", report by mxcensus %s.", f->version);
    if (f->incomplete != NULL) {
        buf_putf(b, " \\textbf{Incomplete.} %s", f->incomplete);
    }
    if (f->shard[0] != '\0') {
        buf_putf(b, " \\textbf{Not the whole list.} Results of %s.", f->shard);
    }
    buf_put_char(b, '\n');
    if (f->customer != NULL) {
        buf_put_text(b, "Only domains of ");
        latex_put_name(b, span_of(f->customer));
        buf_put_text(b, ".\n");
    }
    buf_put_text(b, "\n\\footnotesize\n");
    for (size_t i = 0; i < f->sheets->count; i++) {
        sheet_put_latex(b, &f->sheets->list[i], &look);
    }
    buf_put_text(b, "\\end{document}\n");
}
