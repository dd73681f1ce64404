#pragma once

#include "scanner/analysis/effect.h"
#include "scanner/survey/sheet.h"
#include "scanner/survey/survey.h"

/**
 * What the tables problems and causes say, for a report: the causes with most domains, by effect, with the first domains that
 * suffer from each. Tables are added in this order:
 *
 *     problem_survey_count     each row of problems, only where a part of the domains is asked for
 *     problem_survey_add_cause each row of causes, which says how many domains it has
 *     problem_survey_add       each row of problems
 */
#define CAUSES_MAX        1000 /* of each effect; our own bound */
#define CAUSE_DOMAINS_MAX 5    /* of each cause that are named */

struct cause_entry {
    struct span key; /* these in the arena */
    struct span name;
    struct span thing;
    struct span operator;
    struct span fix;
    struct span symptom;
    struct span code;
    struct span kind;
    uint64_t domains;
    uint64_t hosts;
    struct span first[CAUSE_DOMAINS_MAX];
    size_t first_count;
};

struct cause_list {
    struct cause_entry *entry; /* malloc; those with most domains, in their order */
    size_t count;
    uint64_t all; /* with those beyond CAUSES_MAX */
};

struct problem_survey {
    const struct survey *survey; /* borrowed: which domains are asked for */
    struct arena_pool pool;
    struct arena arena;
    bool present; /* the results have both tables */
    struct cause_list list[EFFECT_COUNT];
    struct map by_key; /* hash of the key: effect * CAUSES_MAX + place */
    bool filled;       /* `by_key` is */
    struct groups counted;
    uint64_t problems;
};

void problem_survey_init(struct problem_survey *p, const struct survey *s);
void problem_survey_deinit(struct problem_survey *p);
/** Has domains that the report is about? Where it is about all of them, all. */
bool problem_survey_wants(const struct problem_survey *p, const struct facts *row);
void problem_survey_count(struct problem_survey *p, const struct facts *row);
void problem_survey_add_cause(struct problem_survey *p, const struct facts *row);
void problem_survey_add(struct problem_survey *p, const struct facts *row);

/** "Mail is lost". */
const char *effect_title(enum effect e);

/** The tables: domains by effect, causes of each effect, groups of domains by effect. */
void survey_make_problem_sheets(const struct survey *s, const struct problem_survey *p,
                                struct sheets *out);
/** What is to be mended for a row of problems, each once: at least one. */
size_t problem_cause_count(const struct facts *row);
struct span problem_cause(const struct facts *row, size_t i);
