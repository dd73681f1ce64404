#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/reports.h"
#include "scanner/compare/diff_output.h"

struct printing {
    enum exit_code code; /* COMPLETE: nothing failed so far */
    struct buf *why;
};

static bool take_diff_text(void *arg, struct buf *text)
{
    struct printing *p = arg;
    bool written = text->len == 0 || fwrite(text->at, 1, text->len, stdout) == text->len;
    if (!written) {
        p->code = standard_output_failed(errno, p->why);
    }
    buf_reset(text);
    return written;
}

static bool fails_on(const struct options *o, const struct comparison_counts *n)
{
    switch (o->diff_fail_on) {
    case DIFF_FAIL_ON_NOTHING:
        return false;
    case DIFF_FAIL_ON_NEW_ERROR:
        return n->new_findings[SEVERITY_ERROR] > 0;
    case DIFF_FAIL_ON_NEW_WARNING:
        return n->new_findings[SEVERITY_ERROR] + n->new_findings[SEVERITY_WARNING] > 0;
    }
    UNREACHABLE("unknown diff_fail_on");
}

static enum exit_code print_comparison(const struct options *o, struct comparison *c,
                                       struct buf *why)
{
    struct printing printing = {EXIT_CODE_COMPLETE, why};
    const struct diff_sink sink = {take_diff_text, &printing};
    uint64_t domains = o->diff_domains > 0 ? o->diff_domains : UINT64_MAX;
    bool put = o->diff_format == DIFF_NDJSON ? diff_put_ndjson(c, domains, &sink)
                                             : diff_put_text(c, paper_terminal_width(STDOUT_FILENO),
                                                             reports_want_color(o), domains, &sink);
    if (put && fflush(stdout) != 0) {
        printing.code = standard_output_failed(errno, why);
    }
    if (printing.code != EXIT_CODE_COMPLETE) {
        return printing.code;
    }
    if (!put) {
        buf_put_text(why, comparison_error(c));
        return EXIT_CODE_FATAL;
    }
    return fails_on(o, comparison_counts(c)) ? EXIT_CODE_FINDINGS : EXIT_CODE_COMPLETE;
}

enum exit_code diff_command(struct options *o, struct buf *why)
{
    enum comparison_end end = COMPARISON_COMPLETE;
    struct comparison *c = comparison_new(o->words[0], o->words[1], &end, why);
    if (c == NULL) {
        return end == COMPARISON_FATAL ? EXIT_CODE_FATAL : EXIT_CODE_USAGE;
    }
    enum exit_code code = print_comparison(o, c, why);
    comparison_free(c);
    return code;
}
