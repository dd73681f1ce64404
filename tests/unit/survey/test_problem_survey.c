#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/survey/problem_survey.h"

struct fixture {
    struct survey survey;
    struct problem_survey problems;
    struct row_reading reading;
};

static void begin(struct fixture *f)
{
    static const struct survey_terms terms = {.port = 25};
    hash_secret_init();
    row_reading_init(&f->reading);
    f->reading.in_part = true;
    survey_init(&f->survey, &terms);
    problem_survey_init(&f->problems, &f->survey);
}

static void end(struct fixture *f)
{
    problem_survey_deinit(&f->problems);
    survey_deinit(&f->survey);
    row_reading_deinit(&f->reading);
}

static void add(struct fixture *f, enum table_id table, const char *line,
                void (*each)(struct problem_survey *, const struct facts *))
{
    struct facts row;
    cr_assert(row_reading_begin(&f->reading, table, span_of(line), &row), "%s", line);
    each(&f->problems, &row);
    cr_assert_eq(f->reading.why.len, 0, "%s", line);
}

static void add_cause(struct fixture *f, const char *key, const char *effect, unsigned domains)
{
    char line[512];
    int len = snprintf(line, sizeof(line),
                       "{\"schema\":1,\"cause\":\"%s\",\"code\":\"mx.none\",\"kind\":\"zone\","
                       "\"thing\":\"%s\",\"effect\":"
                       "\"%s\",\"domain_count\":%u,\"fix\":\"mend it\"}",
                       key, key, effect, domains);
    cr_assert(len > 0 && (size_t)len < sizeof(line));
    add(f, TABLE_CAUSES, line, problem_survey_add_cause);
}

static void add_problem(struct fixture *f, const char *cause, unsigned number)
{
    char line[256];
    int len = snprintf(line, sizeof(line),
                       "{\"schema\":1,\"input_line\":%u,\"domain\":\"d%u.test\",\"code\":\"mx."
                       "none\",\"cause\":\"%s\"}",
                       number, number, cause);
    cr_assert(len > 0 && (size_t)len < sizeof(line));
    add(f, TABLE_PROBLEMS, line, problem_survey_add);
}

/* Those with most domains come first, equal ones as they came; the first domains of each are named. */
Test(problem_survey, causes_by_effect_and_number_of_domains)
{
    struct fixture f;
    begin(&f);
    add_cause(&f, "a", "cleartext", 1);
    add_cause(&f, "b", "mail_lost", 2);
    add_cause(&f, "c", "cleartext", 7);
    add_cause(&f, "d", "cleartext", 1);
    add_cause(&f, "e", "cleartext", 7);
    const struct cause_list *list = &f.problems.list[EFFECT_CLEARTEXT];
    static const char *const wanted[] = {"c", "e", "a", "d"};
    cr_assert(list->count == 4 && list->all == 4);
    for (size_t i = 0; i < 4; i++) {
        cr_assert(span_eq(list->entry[i].key, span_of(wanted[i])), "place %zu", i);
    }
    for (unsigned i = 1; i <= 7; i++) {
        add_problem(&f, "c", i);
    }
    add_problem(&f, "unknown", 9);
    cr_assert_eq(list->entry[0].first_count, CAUSE_DOMAINS_MAX);
    cr_assert(span_eq(list->entry[0].first[0], SPAN_LIT("d1.test")));
    cr_assert(span_eq(list->entry[0].first[4], SPAN_LIT("d5.test")));
    cr_assert_eq(list->entry[1].first_count, 0);
    cr_assert_eq(f.problems.problems, 8);
    end(&f);
}

Test(problem_survey, no_more_causes_than_are_kept)
{
    struct fixture f;
    begin(&f);
    for (unsigned i = 0; i < CAUSES_MAX + 50; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "k%u", i);
        add_cause(&f, key, "hygiene", 1 + i);
    }
    const struct cause_list *list = &f.problems.list[EFFECT_HYGIENE];
    cr_assert(list->count == CAUSES_MAX && list->all == CAUSES_MAX + 50);
    cr_assert_eq(list->entry[0].domains, CAUSES_MAX + 50);
    cr_assert_eq(list->entry[CAUSES_MAX - 1].domains, 51);
    end(&f);
}

/* Without the tables the sheets say what makes them. */
Test(problem_survey, what_is_missing_is_said)
{
    struct fixture f;
    struct sheets sheets;
    begin(&f);
    sheets_init(&sheets);
    survey_make_problem_sheets(&f.survey, &f.problems, &sheets);
    for (size_t i = 0; i < sheets.count; i++) {
        cr_assert(sheet_rows(&sheets.list[i]) == 0 &&
                      strstr(sheets.list[i].missing, "mxcensus analyze") != NULL,
                  "%s", sheets.list[i].id);
    }
    sheets_deinit(&sheets);
    end(&f);
}
