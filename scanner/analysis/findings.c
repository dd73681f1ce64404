#include "scanner/analysis/findings.h"

#include "scanner/base/check.h"

void findings_init(struct findings *f)
{
    f->count = 0;
    f->text = BUF_INIT(BUF_NO_LIMIT);
}

void findings_deinit(struct findings *f)
{
    buf_deinit(&f->text);
    f->count = 0;
}

void findings_reset(struct findings *f)
{
    buf_reset(&f->text);
    f->count = 0;
}

struct buf *findings_add(struct findings *f, enum finding_code code, enum severity severity)
{
    CHECK(!findings_has(f, code));
    CHECK(severity <= finding_info(code)->severity_max);
    f->item[f->count++] =
        (struct finding){.code = code, .severity = severity, .evidence_at = f->text.len};
    return &f->text;
}

struct buf *findings_add_max(struct findings *f, enum finding_code code)
{
    return findings_add(f, code, finding_info(code)->severity_max);
}

bool findings_has(const struct findings *f, enum finding_code code)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->item[i].code == code) {
            return true;
        }
    }
    return false;
}

struct span findings_evidence(const struct findings *f, size_t index)
{
    CHECK(index < f->count);
    size_t from = f->item[index].evidence_at;
    size_t to = index + 1 < f->count ? f->item[index + 1].evidence_at : f->text.len;
    return span_take(span_drop(buf_span(&f->text), from), to - from);
}

void evidence_put(struct buf *evidence, struct span text)
{
    struct span kept = span_take(text, EVIDENCE_PIECE_MAX);
    for (size_t i = 0; i < kept.len; i++) {
        /* An evidence is one line: the lines of a reply are joined by spaces. */
        bool line_end = kept.at[i] == '\n' || kept.at[i] == '\r';
        buf_put(evidence, line_end ? SPAN_LIT(" ") : (struct span){&kept.at[i], 1});
    }
    if (kept.len < text.len) {
        buf_put_text(evidence, "...");
    }
}

void evidence_put_address(struct buf *evidence, const struct net_addr *address)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(address, text);
    buf_put_text(evidence, text);
}
