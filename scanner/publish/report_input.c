#include "scanner/publish/report_input.h"

#include "scanner/base/check.h"
#include "scanner/replay/table_reader.h"

static bool report_line(struct report_input *in, struct table_reader *r, enum table_id table,
                        struct span line, report_row_fn each, void *arg)
{
    struct facts row;
    bool read = row_reading_begin(&in->reading, table, line, &row);
    if (read && in->lean != NULL &&
        (!lean_rows_complete(in->lean, &row, in->why) ||
         (each == NULL && !lean_rows_keep(in->lean, &row, in->why)))) {
        in->failed = true;
        return false;
    }
    if (read && each != NULL) {
        each(arg, &row);
    }
    if (in->reading.why.len > 0) {
        table_reader_blame(r, in->why);
        buf_put(in->why, buf_span(&in->reading.why));
    }
    return in->reading.why.len == 0;
}

static bool read_to_end(struct report_input *in, struct table_reader *r, enum table_id table,
                        report_row_fn each, void *arg)
{
    for (;;) {
        struct span line;
        switch (table_reader_next(r, &line, in->why)) {
        case TABLE_READ_LINE:
            if (!report_line(in, r, table, line, each, arg)) {
                return false;
            }
            break;
        case TABLE_READ_END:
            return true;
        case TABLE_READ_FAILED:
            in->failed = true;
            return false;
        case TABLE_READ_BAD:
            return false;
        }
    }
}

bool report_input_read(struct report_input *in, enum table_id table, report_row_fn each, void *arg)
{
    struct results_table file;
    struct buf without = BUF_INIT(BUF_NO_LIMIT);
    bool there = results_table(&in->results, table, &file, &without);
    buf_deinit(&without);
    if (!there) { /* of an older version, or without NDJSON, which the table of domains tells */
        if (table == TABLE_DOMAINS) {
            buf_putf(in->why,
                     "%s: has no NDJSON rows of domains, which the report is made of; scan with "
                     "--format "
                     "ndjson or both",
                     in->results.path);
        }
        return table != TABLE_DOMAINS;
    }
    struct table_reader *r = table_reader_new(in->results.path, file.name, file.octets, in->why);
    if (r == NULL) {
        return false;
    }
    table_reader_expect(r, file.rows);
    bool ok = read_to_end(in, r, table, each, arg);
    table_reader_free(r);
    return ok;
}

static void on_policy_row(void *arg, const struct facts *row)
{
    survey_add_policy(arg, row);
}

static void on_domain_row(void *arg, const struct facts *row)
{
    survey_add_domain(arg, row);
}

static void on_host_row(void *arg, const struct facts *row)
{
    survey_add_host(arg, row);
}

static void on_service_row(void *arg, const struct facts *row)
{
    survey_add_service(arg, row);
}

static void on_ciphers_row(void *arg, const struct facts *row)
{
    survey_add_ciphers(arg, row);
}

static void on_endpoint_row(void *arg, const struct facts *row)
{
    survey_add_endpoint(arg, row);
}

static void on_certificate_row(void *arg, const struct facts *row)
{
    survey_add_certificate(arg, row);
}

/* Rows that say each thing once: first what those of domains and hosts do not have. */
static bool keep_lean_rows(struct report_input *in)
{
    static const enum table_id tables[] = {TABLE_OUTCOME_SETS, TABLE_SERVICES, TABLE_HOSTS,
                                           TABLE_ENDPOINTS};
    in->lean = lean_rows_new(false, LEAN_MEMORY_OCTETS, in->why);
    in->failed = in->lean == NULL;
    bool ok = in->lean != NULL;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && ok; i++) {
        ok = report_input_read(in, tables[i], NULL, NULL);
    }
    return ok;
}

bool report_input_survey(struct report_input *in, struct survey *s)
{
    if (results_are_lean(&in->results) && !keep_lean_rows(in)) {
        return false;
    }
    static const struct {
        enum table_id table;
        report_row_fn each;
    } steps[] = {
        {TABLE_POLICIES, on_policy_row},  {TABLE_CERTIFICATES, on_certificate_row},
        {TABLE_SERVICES, on_service_row}, {TABLE_DOMAINS, on_domain_row},
        {TABLE_HOSTS, on_host_row},       {TABLE_ENDPOINTS, on_endpoint_row},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (!report_input_read(in, steps[i].table, steps[i].each, s)) {
            return false;
        }
    }
    bool ok = !s->has_ciphers || report_input_read(in, TABLE_SERVICES, on_ciphers_row, s);
    survey_end(s);
    return ok;
}
