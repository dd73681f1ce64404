#include "scanner/survey/problem_survey.h"

#include <stdlib.h>

#include "scanner/analysis/catalogue.h"
#include "scanner/base/hash.h"
#include "scanner/base/memory.h"

void problem_survey_init(struct problem_survey *p, const struct survey *s)
{
    *p = (struct problem_survey){.survey = s};
    p->arena = ARENA_INIT(&p->pool);
    groups_init(&p->counted, 1, false);
}

void problem_survey_deinit(struct problem_survey *p)
{
    for (int e = 0; e < EFFECT_COUNT; e++) {
        free(p->list[e].entry);
    }
    map_deinit(&p->by_key);
    groups_deinit(&p->counted);
    arena_reset(&p->arena);
    arena_pool_deinit(&p->pool);
}

/* Rows of an older version have the cause of the first place only. */
size_t problem_cause_count(const struct facts *row)
{
    size_t count = facts_list_len(row, PROBLEMS_CAUSES);
    return count > 0 ? count : 1;
}

struct span problem_cause(const struct facts *row, size_t i)
{
    bool all = facts_list_len(row, PROBLEMS_CAUSES) > 0;
    return span_of(all ? facts_list_string(row, PROBLEMS_CAUSES, i)
                       : facts_string_or(row, PROBLEMS_CAUSE, ""));
}

bool problem_survey_wants(const struct problem_survey *p, const struct facts *row)
{
    return p->survey->terms.customer == NULL ||
           survey_customer_of_line(p->survey, facts_uint(row, PROBLEMS_INPUT_LINE, UINT64_MAX)) !=
               0;
}

void problem_survey_count(struct problem_survey *p, const struct facts *row)
{
    if (problem_survey_wants(p, row)) {
        for (size_t i = 0; i < problem_cause_count(row); i++) {
            groups_of(&p->counted, problem_cause(row, i))[0]++;
        }
    }
}

/* --- causes ------------------------------------------------------------------------------------- */

static struct span cause_text(struct problem_survey *p, const struct facts *row, unsigned column)
{
    return arena_copy(&p->arena, span_of(facts_string_or(row, column, "")));
}

static struct span symptom_of(const char *code)
{
    enum finding_code finding;
    return span_of(finding_code_find(code, &finding) ? finding_info(finding)->symptom : code);
}

/* Rows of less than full detail leave it to the catalogue. */
static struct span fix_of(struct problem_survey *p, const struct facts *row)
{
    enum finding_code finding;
    bool known = finding_code_find(facts_string_or(row, CAUSES_CODE, ""), &finding);
    return known && !facts_has(row, CAUSES_FIX) ? span_of(finding_info(finding)->fix)
                                                : cause_text(p, row, CAUSES_FIX);
}

/* Where it belongs among those with most domains; CAUSES_MAX: nowhere. Equal ones stay in their order. */
static size_t place_among_causes(const struct cause_list *list, uint64_t domains)
{
    size_t place = list->count;
    while (place > 0 && list->entry[place - 1].domains < domains) {
        place--;
    }
    return place;
}

static void insert_cause(struct cause_list *list, size_t place, const struct cause_entry *entry)
{
    if (list->entry == NULL) {
        list->entry = memory_new(CAUSES_MAX, sizeof(*list->entry));
    }
    size_t kept = list->count < CAUSES_MAX ? list->count : CAUSES_MAX - 1;
    memmove(&list->entry[place + 1], &list->entry[place], (kept - place) * sizeof(*list->entry));
    list->entry[place] = *entry;
    list->count = kept + 1;
}

static uint64_t domains_of_cause(const struct problem_survey *p, const struct facts *row)
{
    if (p->survey->terms.customer == NULL) {
        return facts_uint(row, CAUSES_DOMAIN_COUNT, UINT64_MAX);
    }
    const uint32_t *counted =
        groups_find(&p->counted, span_of(facts_string_or(row, CAUSES_CAUSE, "")));
    return counted != NULL ? counted[0] : 0;
}

void problem_survey_add_cause(struct problem_survey *p, const struct facts *row)
{
    enum effect effect = (enum effect)facts_enum(row, CAUSES_EFFECT, &effect_vocabulary);
    struct cause_list *list = &p->list[effect];
    uint64_t domains = domains_of_cause(p, row);
    p->present = true;
    size_t place = place_among_causes(list, domains);
    list->all += domains > 0;
    if (domains == 0 || place == CAUSES_MAX) {
        return;
    }
    const struct cause_entry entry = {
        .key = cause_text(p, row, CAUSES_CAUSE),
        .name = cause_text(p, row, CAUSES_NAME),
        .thing = cause_text(p, row, CAUSES_THING),
        .operator= cause_text(p, row, CAUSES_MX_OPERATOR),
        .fix = fix_of(p, row),
        .symptom = symptom_of(facts_string_or(row, CAUSES_CODE, "")),
        .code = cause_text(p, row, CAUSES_CODE),
        .kind = cause_text(p, row, CAUSES_KIND),
        .domains = domains,
        .hosts = facts_uint(row, CAUSES_HOST_COUNT, UINT64_MAX),
    };
    insert_cause(list, place, &entry);
}

/* --- the domains that suffer --------------------------------------------------------------------- */

static void index_causes(struct problem_survey *p)
{
    for (unsigned e = 0; e < EFFECT_COUNT; e++) {
        for (size_t i = 0; i < p->list[e].count; i++) {
            bool added;
            (void)map_add(&p->by_key, hash_key_of(p->list[e].entry[i].key), e * CAUSES_MAX + i,
                          &added);
        }
    }
    p->filled = true;
}

static void add_to_cause(struct problem_survey *p, const struct facts *row, struct span cause)
{
    const uint64_t *place = map_find(&p->by_key, hash_key_of(cause));
    if (place == NULL) {
        return;
    }
    struct cause_entry *entry = &p->list[*place / CAUSES_MAX].entry[*place % CAUSES_MAX];
    if (entry->first_count < CAUSE_DOMAINS_MAX) {
        entry->first[entry->first_count++] = cause_text(p, row, PROBLEMS_DOMAIN);
    }
}

void problem_survey_add(struct problem_survey *p, const struct facts *row)
{
    if (!p->filled) {
        index_causes(p);
    }
    if (!problem_survey_wants(p, row)) {
        return;
    }
    p->problems++;
    for (size_t i = 0; i < problem_cause_count(row); i++) {
        add_to_cause(p, row, problem_cause(row, i));
    }
}
