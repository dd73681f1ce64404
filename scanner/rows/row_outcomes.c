#include "scanner/rows/row_outcomes.h"

#include <stdlib.h>
#include <string.h>

static size_t count_members(const struct facts *row)
{
    size_t count = 0;
    for (size_t i = 0; i < facts_list_len(row, DOMAINS_OUTCOME_GROUPS); i++) {
        struct facts group;
        facts_list_object(row, DOMAINS_OUTCOME_GROUPS, i, &group);
        count += facts_list_len(&group, OUTCOME_GROUP_PROFILES);
    }
    return count;
}

static size_t read_members(const struct facts *group, struct row_outcome *out)
{
    size_t count = facts_list_len(group, OUTCOME_GROUP_PROFILES);
    for (size_t i = 0; i < count; i++) {
        const char *profile = facts_list_string(group, OUTCOME_GROUP_PROFILES, i);
        out[i] = (struct row_outcome){
            .profile = profile != NULL ? profile : "",
            .decided_by = facts_string_or(group, OUTCOME_GROUP_DECIDED_BY, ""),
            .best = facts_enum(group, OUTCOME_GROUP_BEST, &delivery_vocabulary),
            .worst = facts_enum(group, OUTCOME_GROUP_WORST, &delivery_vocabulary),
        };
    }
    return count;
}

static struct row_outcome read_outcome(const struct facts *outcome)
{
    return (struct row_outcome){
        .profile = facts_string_or(outcome, OUTCOME_FACTS_PROFILE, ""),
        .decided_by = facts_string_or(outcome, OUTCOME_FACTS_DECIDED_BY, ""),
        .best = facts_enum(outcome, OUTCOME_FACTS_BEST, &delivery_vocabulary),
        .worst = facts_enum(outcome, OUTCOME_FACTS_WORST, &delivery_vocabulary),
    };
}

static int compare_profiles(const void *a, const void *b)
{
    const struct row_outcome *one = a;
    const struct row_outcome *other = b;
    return strcmp(one->profile, other->profile);
}

struct row_outcomes row_outcomes(const struct facts *row)
{
    size_t singles = facts_list_len(row, DOMAINS_OUTCOMES);
    size_t count = singles + count_members(row);
    if (count == 0) {
        return (struct row_outcomes){0};
    }
    struct row_outcome *of = arena_new(&row->reading->arena, count, sizeof(*of));
    size_t at = 0;
    for (; at < singles; at++) {
        struct facts outcome;
        facts_list_object(row, DOMAINS_OUTCOMES, at, &outcome);
        of[at] = read_outcome(&outcome);
    }
    for (size_t i = 0; i < facts_list_len(row, DOMAINS_OUTCOME_GROUPS); i++) {
        struct facts group;
        facts_list_object(row, DOMAINS_OUTCOME_GROUPS, i, &group);
        at += read_members(&group, of + at);
    }
    /* After an error fewer were read than there are. */
    qsort(of, at, sizeof(*of), compare_profiles);
    return (struct row_outcomes){of, at};
}
