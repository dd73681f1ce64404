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
    {ROW_DETAIL_FULL, TABLE_DOMAINS, DOMAINS_OUTCOMES}, /* as outcome_set */
    {ROW_DETAIL_FULL, TABLE_DOMAINS, DOMAINS_OUTCOME_GROUPS},
    {ROW_DETAIL_FULL, TABLE_PROBLEMS, PROBLEMS_FIX},    /* as in causes */
    {ROW_DETAIL_FULL, TABLE_CAUSES, CAUSES_FIX},        /* of its code in the catalogue */
    {ROW_DETAIL_FULL, TABLE_SERVICES, SERVICES_STATUS}, /* what the outcome is to zgrab2 */
    {ROW_DETAIL_FULL, TABLE_ENDPOINTS, ENDPOINTS_STATUS},
    {ROW_DETAIL_FULL, TABLE_ENDPOINTS, ENDPOINTS_ADDRESS}, /* as in services */
    {ROW_DETAIL_FULL, TABLE_ENDPOINTS, ENDPOINTS_PORT},
    {ROW_DETAIL_FULL, TABLE_ENDPOINTS, ENDPOINTS_MX_REGISTRABLE_DOMAIN}, /* as in hosts */
    {ROW_DETAIL_FULL, TABLE_ENDPOINTS, ENDPOINTS_TLSA_BASE},
    {ROW_DETAIL_FULL, TABLE_CERTIFICATES,
     CERTIFICATES_FINGERPRINT_SHA1}, /* made of raw, or of others */
    {ROW_DETAIL_FULL, TABLE_CERTIFICATES, CERTIFICATES_TBS_FINGERPRINT},
    {ROW_DETAIL_FULL, TABLE_CERTIFICATES, CERTIFICATES_SERIAL_NUMBER_HEX},
    {ROW_DETAIL_FULL, TABLE_CERTIFICATES, CERTIFICATES_KEY_ALGORITHM_OID},
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

/* By what rows of less than full detail say what full rows have elsewhere. */
static const struct {
    enum table_id table;
    unsigned column;
} lean_only[] = {
    {TABLE_DOMAINS, DOMAINS_OUTCOME_SET},
    {TABLE_DOMAINS, DOMAINS_OUTCOME_PLACES},
    {TABLE_DOMAINS, DOMAINS_OUTCOME_GROUPS}, /* nor do rows of less: put together of these two */
    {TABLE_ENDPOINTS, ENDPOINTS_AS_SERVICE},
};

#define LEAN_ONLY_COUNT (sizeof(lean_only) / sizeof(lean_only[0]))

bool column_is_lean_only(const struct column *c)
{
    for (size_t i = 0; i < LEAN_ONLY_COUNT; i++) {
        if (c == &table_definition(lean_only[i].table)->columns[lean_only[i].column]) {
            return true;
        }
    }
    return false;
}

/* What stands once elsewhere, or is 0: of a row, and inside objects. */
static const struct {
    enum table_id table;
    unsigned column;
} told_by_others[] = {
    {TABLE_DOMAINS, DOMAINS_INPUT},  /* as domain */
    {TABLE_DOMAINS, DOMAINS_CNAMES}, /* mx_dns tells that it was asked for, as of the next ones */
    {TABLE_DOMAINS, DOMAINS_MX},
    {TABLE_DOMAINS, DOMAINS_MX_TOTAL},
    {TABLE_DOMAINS, DOMAINS_NULL_MX_BESIDE},
    {TABLE_DOMAINS, DOMAINS_ENDPOINTS_TRUNCATED},
    {TABLE_DOMAINS, DOMAINS_MTA_STS_TXT},
    {TABLE_DOMAINS, DOMAINS_MTA_STS_CNAMES},
    {TABLE_DOMAINS, DOMAINS_TLS_RPT_TXT},
    {TABLE_DOMAINS, DOMAINS_NS},
    {TABLE_CERTIFICATES, CERTIFICATES_SELF_ISSUED}, /* version tells that it was parsed, likewise */
    {TABLE_CERTIFICATES, CERTIFICATES_PRECERTIFICATE},
    {TABLE_CERTIFICATES, CERTIFICATES_MUST_STAPLE},
    {TABLE_CERTIFICATES, CERTIFICATES_NAME_CONSTRAINTS},
    {TABLE_CERTIFICATES, CERTIFICATES_UNKNOWN_CRITICAL_EXTENSIONS},
    {TABLE_CERTIFICATES, CERTIFICATES_DUPLICATE_EXTENSION},
    {TABLE_CERTIFICATES, CERTIFICATES_LISTS_TRUNCATED},
    {TABLE_CHAINS, CHAINS_CAPPED}, /* status tells that it was judged */
    {TABLE_HOSTS, HOSTS_ADDRESSES_TRUNCATED},
    {TABLE_PROBLEMS, PROBLEMS_INFERRED_COUNT},
};

static const struct {
    enum nested_id object;
    unsigned column;
} told_elsewhere[] = {
    {NESTED_ROLLUP_VALUE, ROLLUP_VALUE_N_TESTED}, /* as n_total */
    {NESTED_ROLLUP_VALUE, ROLLUP_VALUE_N_TOTAL},  /* as that of reachable */
    {NESTED_ROLLUP_FACTS, ROLLUP_FACTS_STARTTLS}, /* as the one before, as the next ones */
    {NESTED_ROLLUP_FACTS, ROLLUP_FACTS_ESTABLISHED},
    {NESTED_ROLLUP_FACTS, ROLLUP_FACTS_TLSV1_2_OR_NEWER},
    {NESTED_ROLLUP_FACTS, ROLLUP_FACTS_CHAIN_TRUSTED},
    {NESTED_ROLLUP_FACTS, ROLLUP_FACTS_NAME_MATCHES},
    {NESTED_ROLLUP_FACTS, ROLLUP_FACTS_ACCEPTABLE},
    {NESTED_ROLLUP_FACTS, ROLLUP_FACTS_SNI_NEEDED},
    {NESTED_DANE_FACTS, DANE_FACTS_HOSTS_IN_FORCE},
    {NESTED_DANE_FACTS, DANE_FACTS_HOSTS_USABLE},
    {NESTED_DANE_FACTS, DANE_FACTS_HOSTS_WITH_TLSA},
    {NESTED_DANE_FACTS, DANE_FACTS_MATCH},
    {NESTED_DANE_FACTS, DANE_FACTS_MISMATCH},
    {NESTED_DANE_FACTS, DANE_FACTS_UNKNOWN},
    {NESTED_MTA_STS_FACTS, MTA_STS_FACTS_RECORDS},
    {NESTED_TLS_RPT_FACTS, TLS_RPT_FACTS_RECORDS},
    {NESTED_ENDPOINT_DANE, ENDPOINT_DANE_HOST}, /* as in hosts */
    {NESTED_ENDPOINT_DANE, ENDPOINT_DANE_STALE},
    {NESTED_ATTEMPT, ATTEMPT_OUTCOME},          /* of the one that counts: as in the row */
    {NESTED_PROBLEM_PLACE, PROBLEM_PLACE_HOST}, /* as that of the place before */
    {NESTED_MX_FACTS, MX_FACTS_EXCHANGE},       /* as host */
    {NESTED_MX_FACTS, MX_FACTS_NAME_KIND},      /* host */
    {NESTED_MX_FACTS, MX_FACTS_A},              /* as in hosts, as the next ones */
    {NESTED_MX_FACTS, MX_FACTS_AAAA},
    {NESTED_MX_FACTS, MX_FACTS_CNAME_COUNT},
};

static bool is_told_elsewhere(const struct column *c)
{
    for (size_t i = 0; i < sizeof(told_elsewhere) / sizeof(told_elsewhere[0]); i++) {
        if (c == &nested_definition(told_elsewhere[i].object)->columns[told_elsewhere[i].column]) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(told_by_others) / sizeof(told_by_others[0]); i++) {
        if (c == &table_definition(told_by_others[i].table)->columns[told_by_others[i].column]) {
            return true;
        }
    }
    return false;
}

static bool is_list(enum column_type t)
{
    return t == COLUMN_TYPE_TEXT_LIST || t == COLUMN_TYPE_FOREIGN_LIST ||
           t == COLUMN_TYPE_HEX_LIST || t == COLUMN_TYPE_OBJECT_LIST;
}

bool column_is_sparse(const struct column *c)
{
    bool filled = c->presence == COLUMN_PRESENCE_FILLED;
    return (filled && (c->type == COLUMN_TYPE_BOOL || is_list(c->type))) || is_told_elsewhere(c);
}

void row_shape_init(struct row_shape *s, enum row_detail detail)
{
    *s = (struct row_shape){.detail = detail};
    for (size_t i = 0; i < DETAIL_COUNT; i++) {
        CHECK(details[i].column < ROW_SHAPE_COLUMNS_MAX);
        s->no_column[details[i].table][details[i].column] = details[i].detail > detail;
    }
    for (size_t i = 0; i < LEAN_ONLY_COUNT; i++) {
        bool *no_column = &s->no_column[lean_only[i].table][lean_only[i].column];
        *no_column = *no_column || detail == ROW_DETAIL_FULL;
    }
    s->no_table[TABLE_OUTCOME_SETS] = detail == ROW_DETAIL_FULL;
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
    bool of_summary = column_detail(&d->columns[column]) == ROW_DETAIL_SUMMARY;
    s->no_column[t][column] = true;
    s->partial = s->partial || of_summary;
    s->less = s->less || !of_summary; /* as in summary: what reads rows can do without */
    return true;
}
