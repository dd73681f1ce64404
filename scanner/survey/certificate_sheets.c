#include <stdio.h>
#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/survey/survey_sheets_private.h"

#define OF_LEAVES                                                                           \
    "Distinct leaf certificates that a domain with MX records leads to, presented with or " \
    "without "                                                                              \
    "SNI"

#define LEAVES                                                                                    \
    OF_LEAVES                                                                                     \
    ". Numerator of the share: leaves of the row; denominator: all of these that can be parsed. " \
    "Endpoints: those that present the leaf with SNI = MX host; services: those that present it " \
    "without SNI."

#define AND_DOMAINS \
    " Domains: domains with MX records that lead to one of them, each once in a row."

static struct sheet *new_leaf_sheet(struct sheets *out, const char *id, const char *title,
                                    const char *column, const char *column_title)
{
    struct sheet *t = sheet_new(out, id, title, LEAVES AND_DOMAINS);
    sheet_column(t, SHEET_NAME, column, column_title);
    sheet_column(t, SHEET_SHARE, "leaves", "leaf certificates");
    sheet_column(t, SHEET_COUNT, "endpoints", "endpoints");
    sheet_column(t, SHEET_COUNT, "services", "services");
    sheet_column(t, SHEET_COUNT, "domains", "domains");
    return t;
}

/* Names of ordered bins begin with a letter and a colon, which are not shown. */
static const char *bin_title(const char *name)
{
    return name[0] != '\0' && name[1] == ':' ? name + 3 : name;
}

static void put_leaf_row(struct sheet *t, const char *title, const uint32_t *c, uint64_t total)
{
    sheet_text(t, title);
    sheet_part(t, c[ROW_THINGS], total);
    sheet_count(t, c[ROW_ENDPOINTS]);
    sheet_count(t, c[ROW_SERVICES]);
}

static void put_leaves(struct sheet *t, const struct groups *g, uint64_t total, bool bins)
{
    uint32_t *order = bins ? groups_by_name(g) : groups_order(g, ROW_THINGS);
    uint32_t rows = 0;
    for (uint32_t i = 0; i < groups_count(g) && rows < SHEET_ROWS_MAX; i++) {
        const uint32_t *c = groups_at(g, order[i]);
        const char *name = groups_name(g, order[i]);
        if (c[ROW_THINGS] > 0) { /* others are of certificates that are no leaf here */
            put_leaf_row(t, bins ? bin_title(name) : name, c, total);
            sheet_count(t, c[ROW_DOMAINS]);
            rows++;
        }
    }
    free(order);
}

/* How many services have a leaf is known behind the domains, so that it has no domains. */
static void make_reuse(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(out, "T5-reuse", "Services that present the same leaf",
                                OF_LEAVES ". Numerator: leaves that so many services present "
                                          "without SNI; denominator: all of these. Endpoints: "
                                          "those that present the leaf with SNI = MX host.");
    sheet_column(t, SHEET_NAME, "presented_by", "presented without SNI by");
    sheet_column(t, SHEET_SHARE, "leaves", "leaf certificates");
    sheet_column(t, SHEET_COUNT, "endpoints", "endpoints");
    sheet_column(t, SHEET_COUNT, "services", "services");
    uint32_t *order = groups_by_name(&s->reuse);
    for (uint32_t i = 0; i < groups_count(&s->reuse); i++) {
        put_leaf_row(t, bin_title(groups_name(&s->reuse, order[i])), groups_at(&s->reuse, order[i]),
                     s->leaf_total);
    }
    free(order);
}

static void make_trust(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "T5", "Leaf certificates",
        OF_LEAVES ". Trusted: the chain is trusted as served by the first trust store, at "
                  "at least one place; untested: no place has a verdict. Cannot be parsed: "
                  "nothing of it was read; one that was read in part, and has a parse_error too, "
                  "counts by what was read. Weighting: certificate.");
    sheet_column(t, SHEET_TEXT, "what", "what");
    sheet_column(t, SHEET_SHARE, "leaves", "leaf certificates");
    sheet_text(t, "trusted chain somewhere");
    sheet_share(
        t, (struct share){s->leaf_trusted, s->leaf_total - s->leaf_unjudged, s->leaf_unjudged});
    sheet_text(t, "cannot be parsed");
    sheet_part(t, s->leaf_unread, s->leaf_total);
}

void survey_make_certificate_sheets(const struct survey *s, struct sheets *out)
{
    uint64_t read = s->leaf_total - s->leaf_unread;
    make_trust(s, out);
    put_leaves(new_leaf_sheet(out, "T5-keys", "Keys of leaf certificates", "key", "key"), &s->keys,
               read, false);
    put_leaves(new_leaf_sheet(out, "T5-signatures", "Signatures of leaf certificates",
                              "signature_algorithm", "signature"),
               &s->signatures, read, false);
    put_leaves(
        new_leaf_sheet(out, "T5-issuers", "Issuers of leaf certificates", "issuer_dn", "issuer"),
        &s->issuers, read, false);
    put_leaves(new_leaf_sheet(out, "T5-lifetimes", "Lifetime of leaf certificates", "lifetime",
                              "from notBefore to notAfter"),
               &s->lifetimes, read, true);
    make_reuse(s, out);
    struct sheet *t = new_leaf_sheet(out, "T5-days-left", "Days left of leaf certificates",
                                     "days_left", "days left");
    for (unsigned b = 0; b < DAYS_BIN_COUNT; b++) {
        put_leaf_row(t, survey_days_title(b), s->days_left[b], read);
        sheet_count(t, s->days_left[b][ROW_DOMAINS]);
    }
    t = new_leaf_sheet(out, "T5-expiry",
                       "Leaf certificates that expire, by week from the judgement", "week",
                       "days from the judgement");
    for (unsigned w = 0; w < WEEKS; w++) {
        char title[32];
        int len = snprintf(title, sizeof(title), "%u-%u", 7 * w, 7 * w + 6);
        CHECK(len > 0 && (size_t)len < sizeof(title));
        put_leaf_row(t, title, s->week[w], read);
        sheet_count(t, s->week[w][ROW_DOMAINS]);
    }
}
