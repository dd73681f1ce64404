#include "scanner/analysis/catalogue_page.h"

#include <string.h>

#include "scanner/analysis/catalogue.h"

static bool starts_area(unsigned code)
{
    if (code == 0) {
        return true;
    }
    const char *now = finding_info((enum finding_code)code)->code;
    const char *before = finding_info((enum finding_code)(code - 1))->code;
    size_t len = finding_area_len(now);
    return len != finding_area_len(before) || strncmp(now, before, len) != 0;
}

static void put_finding(struct buf *out, const struct finding_info *f)
{
    buf_putf(out, "### `%s`\n\n%s\n\n", f->code, f->symptom);
    buf_putf(out, "- severity: at most **%s**; scope: %s\n", severity_word(f->severity_max),
             finding_scope_word(f->scope));
    buf_putf(out, "- cause: %s\n- fix: %s\n", f->cause, f->fix);
    if (f->rfc[0] != '\0') {
        buf_putf(out, "- %s\n", f->rfc);
    }
    if (f->tls_rpt[0] != '\0') {
        buf_putf(out, "- TLS-RPT result type: `%s`\n", f->tls_rpt);
    }
    buf_put_char(out, '\n');
}

static void put_volatile(struct buf *out)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        if (finding_is_volatile((enum finding_code)i)) {
            buf_putf(out, "%s\n", finding_info((enum finding_code)i)->code);
        }
    }
}

void catalogue_write_markdown(struct buf *out)
{
    buf_put_text(
        out,
        "# Findings\n\n"
        "<!-- Made from scanner/analysis/catalogue.def; a unit test holds it to that. -->\n\n"
        "The codes that `findings` in the rows can have. The meaning of a code never changes.\n"
        "The severity in a row depends on the case; the one given here is the maximum:\n\n"
        "| severity | means |\n|---|---|\n"
        "| error | some sender in its default setting defers, cannot deliver, sends in "
        "cleartext, or loses the authentication it would have |\n"
        "| warning | the same in the near future, for old senders, or on one of several paths |\n"
        "| notice | worth checking |\n"
        "| info | a fact, not a fault |\n\n"
        "Scope `session` means a service (its handshake without SNI) or an endpoint (its "
        "own session).\n"
        "A test without an answer never leads to a finding about what it might have shown.\n"
        "RFC 8460 section 4.3 defines the result types of TLS-RPT.\n\n"
        "Two scans of unchanged servers may differ in these findings, which depend on the clock or "
        "on chance; `mxcensus diff` does not compare them:\n\n```\n");
    put_volatile(out);
    buf_put_text(out, "```\n\n");
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        if (starts_area(i)) {
            buf_putf(out, "## %.*s\n\n", (int)finding_area_len(f->code), f->code);
        }
        put_finding(out, f);
    }
    out->len--; /* one line end is enough at the end of a file */
}
