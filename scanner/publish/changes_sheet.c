#include "scanner/publish/changes_sheet.h"

static void add_change_row(struct sheet *t, struct comparison *c, const struct compared_change *row)
{
    const struct change *it = &row->change;
    struct span domain = {0};
    sheet_text(t, change_direction_word(change_kind_direction(it->kind)));
    sheet_text(t, change_kind_phrase(it->kind));
    sheet_span(t, it->code);
    sheet_text(t, change_place_word(it->place));
    sheet_span(t, it->key);
    sheet_span(t, it->before);
    sheet_span(t, it->after);
    sheet_count(t, row->domain_count);
    (void)comparison_next_domain(c, &domain);
    sheet_span(t, domain);
    comparison_leave(c);
}

static void make_changes(struct comparison *c, struct sheets *sheets)
{
    struct sheet *t = sheet_new(
        sheets, CHANGES_SHEET, "What changed since the earlier scan",
        "Domains are compared by their names. Each change stands where it happened, with the "
        "number of domains that it concerns and the first of them; the worst come first, then "
        "those of most domains. What could not be tested in one of the scans is neither new nor "
        "fixed. At most 1,000 changes are here; mxcensus diff has all of them.");
    sheet_column(t, SHEET_TEXT, "direction", "Direction");
    sheet_column(t, SHEET_TEXT, "change", "Change");
    sheet_column(t, SHEET_NAME, "code", "Finding");
    sheet_column(t, SHEET_TEXT, "place", "Where");
    sheet_column(t, SHEET_NAME, "key", "Name");
    sheet_column(t, SHEET_NAME, "before", "Before");
    sheet_column(t, SHEET_NAME, "after", "After");
    sheet_column(t, SHEET_COUNT, "domains", "Domains");
    sheet_column(t, SHEET_NAME, "first_domain", "First domain");
    struct compared_change row;
    for (size_t i = 0; i < CHANGES_ROWS_MAX && comparison_next_change(c, &row); i++) {
        add_change_row(t, c, &row);
    }
}

static void add_number_row(struct sheet *t, const char *what, uint64_t n)
{
    sheet_text(t, what);
    sheet_count(t, n);
}

static void make_terms(const struct comparison *c, struct sheets *sheets)
{
    const struct comparison_counts *n = comparison_counts(c);
    struct sheet *t =
        sheet_new(sheets, CHANGES_TERMS_SHEET, "The two scans",
                  "Domains of both scans, and what is not compared because the scans were made or "
                  "judged otherwise, or because our own network or resolver failed.");
    sheet_column(t, SHEET_NAME, "what", "What");
    sheet_column(t, SHEET_COUNT, "number", "Number");
    add_number_row(t, "domains in both", n->in_both);
    add_number_row(t, "of these, changed", n->changed);
    add_number_row(t, "domains only in the earlier scan", n->only_old);
    add_number_row(t, "domains only in this scan", n->only_new);
    add_number_row(t, "changes", n->changes);
    for (size_t i = 0; i < comparison_note_count(c); i++) {
        sheet_text(t, comparison_note(c, i));
        sheet_none(t);
    }
}

void make_changes_sheets(struct comparison *c, struct sheets *sheets)
{
    make_changes(c, sheets);
    make_terms(c, sheets);
}
