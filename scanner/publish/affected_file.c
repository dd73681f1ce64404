#include "scanner/publish/affected_file.h"

#include "output/csv.h"
#include "scanner/analysis/catalogue.h"
#include "scanner/publish/medium.h"

static void write_affected_line(struct affected_file *a)
{
    buf_put_text(&a->line, CSV_LINE_END);
    (void)output_file_put(&a->out, buf_span(&a->line)); /* affected_end() tells */
    buf_reset(&a->line);
}

bool affected_open(struct affected_file *a, const char *path, bool customers)
{
    *a = (struct affected_file){
        .path = path, .line = BUF_INIT(BUF_NO_LIMIT), .customers = customers};
    if (path == NULL) {
        return true;
    }
    if (!output_file_open(&a->out, path, true)) {
        return false;
    }
    buf_putf(&a->line,
             "domain,%seffect,severity,code,problem,places,places_tested,first_place,senders,"
             "evidence,fix,causes,input_line",
             customers ? "group," : "");
    write_affected_line(a);
    return true;
}

static void put_affected_field(struct affected_file *a, const char *text)
{
    if (text != NULL) {
        csv_put_cell(&a->line, span_of(text));
    }
    buf_put_char(&a->line, ',');
}

static void put_affected_number(struct affected_file *a, const struct facts *row, unsigned column)
{
    buf_put_u64(&a->line, facts_uint(row, column, UINT64_MAX));
    buf_put_char(&a->line, ',');
}

/* "mx.example.org 192.0.2.1 port 25" */
static void put_affected_place(struct affected_file *a, const struct facts *row)
{
    struct buf place = BUF_INIT(BUF_NO_LIMIT);
    if (facts_list_len(row, PROBLEMS_PLACES) > 0) {
        struct facts first;
        facts_list_object(row, PROBLEMS_PLACES, 0, &first);
        buf_put_text(&place, facts_string_or(&first, PROBLEM_PLACE_HOST, ""));
        const char *address = facts_string(&first, PROBLEM_PLACE_ADDRESS);
        if (address != NULL) {
            buf_putf(&place, " %s port %u", address, facts_u16(&first, PROBLEM_PLACE_PORT));
        }
    }
    buf_put_char(&place, '\0');
    put_affected_field(a, (const char *)place.at);
    buf_deinit(&place);
}

static void put_affected_senders(struct affected_file *a, const struct facts *row)
{
    struct buf senders = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < facts_list_len(row, PROBLEMS_SENDERS); i++) {
        buf_putf(&senders, "%s%s", i > 0 ? " " : "", facts_list_string(row, PROBLEMS_SENDERS, i));
    }
    buf_put_char(&senders, '\0');
    put_affected_field(a, (const char *)senders.at);
    buf_deinit(&senders);
}

static void put_affected_causes(struct affected_file *a, const struct facts *row)
{
    struct buf causes = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < problem_cause_count(row); i++) {
        buf_put_text(&causes, i > 0 ? " " : "");
        buf_put(&causes, problem_cause(row, i));
    }
    buf_put_char(&causes, '\0');
    put_affected_field(a, (const char *)causes.at);
    buf_deinit(&causes);
}

void affected_add(struct affected_file *a, const struct survey *s, const struct facts *problem)
{
    if (a->out.file == NULL) {
        return;
    }
    enum finding_code finding;
    const char *code = facts_string_or(problem, PROBLEMS_CODE, "");
    bool known = finding_code_find(code, &finding);
    put_affected_field(a, facts_string(problem, PROBLEMS_DOMAIN));
    if (a->customers) {
        uint32_t customer =
            survey_customer_of_line(s, facts_uint(problem, PROBLEMS_INPUT_LINE, UINT64_MAX));
        put_affected_field(a, customer > 0 ? groups_name(&s->customer_effect, customer - 1) : NULL);
    }
    put_affected_field(a, facts_string(problem, PROBLEMS_EFFECT));
    put_affected_field(a, facts_string(problem, PROBLEMS_SEVERITY));
    put_affected_field(a, code);
    put_affected_field(a, known ? finding_info(finding)->symptom : NULL);
    put_affected_number(a, problem, PROBLEMS_PLACE_COUNT);
    put_affected_number(a, problem, PROBLEMS_TESTED_COUNT);
    put_affected_place(a, problem);
    put_affected_senders(a, problem);
    put_affected_field(a, facts_string(problem, PROBLEMS_EVIDENCE));
    put_affected_field(a, known ? finding_info(finding)->fix : NULL);
    put_affected_causes(a, problem);
    buf_put_u64(&a->line, facts_uint(problem, PROBLEMS_INPUT_LINE, UINT64_MAX));
    write_affected_line(a);
}

bool affected_end(struct affected_file *a, struct output_files *files)
{
    if (a->out.file == NULL) {
        return true;
    }
    bool ok = output_file_end(&a->out);
    if (ok) {
        output_files_add(files, &a->out);
    }
    return ok;
}

void affected_deinit(struct affected_file *a)
{
    output_file_deinit(&a->out);
    buf_deinit(&a->line);
}
