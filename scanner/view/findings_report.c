#include "scanner/view/report.h"

/* Each code once, with where it was seen and what fixes it. */

static enum ink severity_ink(enum severity s)
{
    static const enum ink inks[SEVERITY_COUNT] = {INK_FAINT, INK_NOTE, INK_WARNING, INK_ERROR};
    return inks[s];
}

#define PLACES_SHOWN 8 /* of one evidence; the rest is counted */

/** "at A, B: evidence" for those of one code with the same evidence. @return how many. */
static size_t put_evidence(struct paper *p, const struct domain_view *v, size_t first)
{
    const struct found *f = &v->found[first];
    size_t count = 0;
    paper_begin(p, "    ", "      ");
    paper_put(p, INK_FAINT, "seen: ");
    for (size_t i = first; i < v->found_count; i++, count++) {
        const struct found *other = &v->found[i];
        if (other->counts != f->counts || other->code != f->code ||
            strcmp(other->evidence, f->evidence) != 0) {
            break;
        }
        if (count < PLACES_SHOWN) {
            paper_put(p, INK_PLAIN, count > 0 ? ", " : "");
            paper_put(p, INK_PLAIN, other->where);
        }
    }
    if (count > PLACES_SHOWN) {
        paper_putf(p, INK_PLAIN, " and %zu more", count - PLACES_SHOWN);
    }
    if (f->evidence[0] != '\0') {
        paper_put(p, INK_PLAIN, ": ");
        paper_put(p, INK_PLAIN, f->evidence);
    }
    paper_end(p);
    return count;
}

static void put_labelled(struct paper *p, const char *label, const char *text)
{
    paper_begin(p, "    ", "      ");
    paper_put(p, INK_FAINT, label);
    paper_put(p, INK_PLAIN, text);
    paper_end(p);
}

/** All findings of one code. @return how many. */
static size_t put_code(struct paper *p, const struct domain_view *v, size_t first, bool verbose)
{
    const struct found *f = &v->found[first];
    const struct finding_info *info = finding_info(f->code);
    paper_begin(p, "  ", "    ");
    paper_put(p, severity_ink(f->severity), severity_word(f->severity));
    paper_put(p, INK_PLAIN, " ");
    paper_put(p, INK_STRONG, info->code);
    paper_put(p, INK_PLAIN, ": ");
    paper_put(p, INK_PLAIN, info->symptom);
    if (!f->counts) {
        paper_put(p, INK_FAINT, " (without SNI only)");
    }
    paper_end(p);
    size_t count = 0;
    while (first + count < v->found_count && v->found[first + count].code == f->code &&
           v->found[first + count].counts == f->counts) {
        count += put_evidence(p, v, first + count);
    }
    if (verbose) {
        put_labelled(p, "cause: ", info->cause);
    }
    put_labelled(p, "fix: ", info->fix);
    if (verbose && info->rfc[0] != '\0') {
        put_labelled(p, "see: ", info->rfc);
    }
    return count;
}

void findings_put(struct paper *p, const struct domain_view *v, bool verbose)
{
    size_t hidden_default = 0;
    bool any = false;
    for (size_t i = 0; i < v->found_count;) {
        const struct found *f = &v->found[i];
        bool shown = verbose || (f->counts && f->severity > SEVERITY_INFO);
        if (!shown) {
            hidden_default += !f->counts && f->severity > SEVERITY_INFO;
            i++;
            continue;
        }
        if (!any) {
            paper_blank(p);
            paper_say(p, INK_STRONG, "Findings");
            any = true;
        }
        i += put_code(p, v, i, verbose);
    }
    if (hidden_default > 0) {
        paper_blank(p);
        paper_say(p, INK_FAINT,
                  "The chain without SNI has additional findings; use --verbose to list them.");
    }
}
