#include "output/row_shape.h"

#include "scanner/base/check.h"
#include "scanner/base/text.h"

const struct vocabulary row_detail_vocabulary = VOCABULARY_WORDS(ROW_DETAILS);

/* The least detail that has the column; all others are in every row. */
static const struct {
    enum row_detail detail;
    enum table_id table;
    unsigned column;
} details[] = {
    {ROW_DETAIL_FULL, TABLE_DOMAINS, DOMAINS_OUTCOMES}, /* as outcome_groups */
    {ROW_DETAIL_FULL, TABLE_PROBLEMS, PROBLEMS_FIX},    /* as in causes */
    {ROW_DETAIL_NORMAL, TABLE_SERVICES, SERVICES_ATTEMPTS},
    {ROW_DETAIL_NORMAL, TABLE_SERVICES, SERVICES_TRANSCRIPT},
    {ROW_DETAIL_NORMAL, TABLE_ENDPOINTS, ENDPOINTS_ATTEMPTS},
    {ROW_DETAIL_NORMAL, TABLE_ENDPOINTS, ENDPOINTS_TRANSCRIPT},
    {ROW_DETAIL_NORMAL, TABLE_ENDPOINTS, ENDPOINTS_HANDSHAKE},
    {ROW_DETAIL_NORMAL, TABLE_CHAINS, CHAINS_VERDICTS},
    {ROW_DETAIL_NORMAL, TABLE_CERTIFICATES, CERTIFICATES_RAW},
    {ROW_DETAIL_NORMAL, TABLE_POLICY_BODIES, POLICY_BODIES_RAW},
};

#define DETAIL_COUNT (sizeof(details) / sizeof(details[0]))

void row_shape_init(struct row_shape *s, enum row_detail detail)
{
    *s = (struct row_shape){.detail = detail};
    for (size_t i = 0; i < DETAIL_COUNT; i++) {
        CHECK(details[i].column < ROW_SHAPE_COLUMNS_MAX);
        s->no_column[details[i].table][details[i].column] = details[i].detail > detail;
    }
}

enum row_detail column_detail(const struct column *c)
{
    for (size_t i = 0; i < DETAIL_COUNT; i++) {
        if (c == &table_definition(details[i].table)->columns[details[i].column]) {
            return details[i].detail;
        }
    }
    return ROW_DETAIL_SUMMARY;
}

bool column_is_in_every_row(const struct definition *d, size_t column)
{
    return column <= ROW_COLUMN_OBSERVED_AT || d->columns[column].presence == COLUMN_PRESENCE_KEY;
}

void row_shape_take_no_table(struct row_shape *s)
{
    s->partial = true;
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        s->no_table[t] = true;
    }
}

bool row_shape_take_table(struct row_shape *s, struct span name)
{
    enum table_id t;
    bool found = table_find(name, &t);
    if (found) {
        s->no_table[t] = false;
    }
    return found;
}

bool row_shape_leave_column(struct row_shape *s, struct span name)
{
    enum table_id t;
    if (!table_find(text_take_until(&name, '.'), &t)) {
        return false;
    }
    const struct definition *d = table_definition(t);
    size_t column = definition_find_column(d, name);
    if (column >= d->column_count || column_is_in_every_row(d, column)) {
        return false;
    }
    s->no_column[t][column] = true;
    s->partial = true;
    return true;
}
