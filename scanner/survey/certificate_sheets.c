#include <stdio.h>
#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/survey/survey_sheets_private.h"

#define LEAVES                                                                                    \
    "Leaf certificates that a domain with MX records leads to. Numerator of the share: distinct " \
    "leaves; denominator: all of these that can be parsed. Endpoints: where the leaf is "         \
    "presented "                                                                                  \
    "with SNI = MX host. Domains: with MX records that lead to it, so that one with several "     \
    "leaves "                                                                                     \
    "counts for each."

static struct sheet *new_leaf_sheet(struct sheets *out, const char *id, const char *title,
                                    const char *column, const char *column_title)
{
    struct sheet *t = sheet_new(out, id, title, LEAVES);
    sheet_column(t, SHEET_NAME, column, column_title);
    sheet_column(t, SHEET_SHARE, "leaves", "leaf certificates");
    sheet_column(t, SHEET_COUNT, "endpoints", "endpoints");
    sheet_column(t, SHEET_COUNT, "domains", "domains");
    return t;
}

/* Names of ordered bins begin with a letter and a colon, which are not shown. */
static const char *bin_title(const char *name)
{
    return name[0] != '\0' && name[1] == ':' ? name + 3 : name;
}

static void put_leaves(struct sheet *t, const struct groups *g, uint64_t total, bool bins)
{
    uint32_t *order = bins ? groups_by_name(g) : groups_order(g, 0);
    for (uint32_t i = 0; i < sheet_rows_of(groups_count(g)); i++) {
        const uint32_t *c = groups_at(g, order[i]);
        const char *name = groups_name(g, order[i]);
        sheet_text(t, bins ? bin_title(name) : name);
        sheet_part(t, c[0], total);
        sheet_count(t, c[1]);
        sheet_count(t, c[2]);
    }
    free(order);
}

static void put_leaf_bin(struct sheet *t, const char *title, const uint64_t c[LEAF_WIDTH],
                         uint64_t total)
{
    sheet_text(t, title);
    sheet_part(t, c[0], total);
    sheet_count(t, c[1]);
    sheet_count(t, c[2]);
}

static void make_trust(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "T5", "Leaf certificates",
        "Distinct leaf certificates that a domain with MX records leads to. Trusted: the chain is "
        "trusted as served by the first trust store, at at least one endpoint. Untested: presented "
        "without SNI only, or not with a verdict. Weighting: certificate.");
    sheet_column(t, SHEET_TEXT, "what", "what");
    sheet_column(t, SHEET_SHARE, "leaves", "leaf certificates");
    sheet_text(t, "trusted chain at an endpoint");
    sheet_part(t, s->leaf_trusted, s->leaf_total);
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
    put_leaves(new_leaf_sheet(out, "T5-reuse", "Services that present the same leaf", "services",
                              "presented without SNI by"),
               &s->reuse, s->leaf_total, true);
    struct sheet *t = new_leaf_sheet(out, "T5-days-left", "Days left of leaf certificates",
                                     "days_left", "days left");
    for (unsigned b = 0; b < DAYS_BIN_COUNT; b++) {
        put_leaf_bin(t, survey_days_title(b), s->days_left[b], read);
    }
    t = new_leaf_sheet(out, "T5-expiry",
                       "Leaf certificates that expire, by week from the judgement", "week",
                       "days from the judgement");
    for (unsigned w = 0; w < WEEKS; w++) {
        char title[32];
        int len = snprintf(title, sizeof(title), "%u-%u", 7 * w, 7 * w + 6);
        CHECK(len > 0 && (size_t)len < sizeof(title));
        put_leaf_bin(t, title, s->week[w], read);
    }
}
