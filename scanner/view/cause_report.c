#include "scanner/analysis/effect.h"
#include "scanner/view/report.h"

/* One cause: what is to be mended, how, and whose mail suffers. */

#define LABEL_COLUMN 13

static void put_labelled_text(struct paper *p, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return;
    }
    paper_begin(p, "  ", "             ");
    paper_put(p, INK_FAINT, label);
    paper_tab(p, LABEL_COLUMN);
    paper_put(p, INK_PLAIN, text);
    paper_end(p);
}

static void put_labelled_count(struct paper *p, const char *label, const struct facts *row,
                               unsigned column)
{
    if (facts_has(row, column)) {
        paper_begin(p, "  ", "             ");
        paper_put(p, INK_FAINT, label);
        paper_tab(p, LABEL_COLUMN);
        paper_putf(p, INK_PLAIN, "%llu", (unsigned long long)facts_uint(row, column, UINT64_MAX));
        paper_end(p);
    }
}

static void put_effect_of(struct paper *p, const struct facts *row)
{
    enum effect effect = facts_enum(row, CAUSES_EFFECT, &effect_vocabulary);
    paper_begin(p, "  ", "             ");
    paper_put(p, INK_FAINT, "effect");
    paper_tab(p, LABEL_COLUMN);
    paper_put(p, INK_STRONG, facts_string_or(row, CAUSES_EFFECT, "none"));
    if (effect != EFFECT_NONE) {
        paper_put(p, INK_PLAIN, ": ");
        meaning_put(p, INK_PLAIN, &effect_vocabulary, effect);
    }
    paper_end(p);
}

/* A problem names the cause of its first place alone. */
static void put_domains_of(struct paper *p, const char *const *domain, size_t named, uint64_t count,
                           uint64_t all)
{
    paper_blank(p);
    paper_begin(p, "", "");
    paper_putf(p, INK_STRONG, "Domains whose problem it is (%llu)", (unsigned long long)all);
    paper_end(p);
    for (size_t i = 0; i < named; i++) {
        paper_begin(p, "  ", "  ");
        paper_put(p, INK_PLAIN, domain[i]);
        paper_end(p);
    }
    if (named < all) {
        paper_begin(p, "  ", "  ");
        paper_putf(p, INK_FAINT, "and %llu more", (unsigned long long)(all - named));
        paper_put(p, INK_FAINT,
                  count < all
                      ? ", some of which meet it elsewhere than at the first place of their "
                        "problem"
                      : "; see table problems");
        paper_end(p);
    }
}

void cause_put_text(struct paper *p, const struct facts *row, const char *const *domain,
                    size_t named, uint64_t count)
{
    enum finding_code code;
    bool known = finding_code_find(facts_string_or(row, CAUSES_CODE, ""), &code);
    paper_begin(p, "", "  ");
    paper_putf(p, INK_STRONG, "%s", facts_string_or(row, CAUSES_CAUSE, ""));
    paper_put(p, INK_PLAIN, known ? ": " : "");
    paper_put(p, INK_PLAIN, known ? finding_info(code)->symptom : "");
    paper_end(p);
    put_labelled_text(p, "name", facts_string(row, CAUSES_NAME));
    put_labelled_text(p, "severity", facts_string(row, CAUSES_SEVERITY));
    put_effect_of(p, row);
    put_labelled_text(p, "mend", facts_string(row, CAUSES_KIND));
    put_labelled_text(p, "operator", facts_string(row, CAUSES_MX_OPERATOR));
    put_labelled_text(p, "seen", facts_string(row, CAUSES_EVIDENCE));
    put_labelled_text(p, "fix",
                      facts_string_or(row, CAUSES_FIX, known ? finding_info(code)->fix : NULL));
    put_labelled_count(p, "MX hosts", row, CAUSES_HOST_COUNT);
    put_domains_of(p, domain, named, count, facts_uint(row, CAUSES_DOMAIN_COUNT, UINT64_MAX));
}
