#include "tests/lab/mutations.h"

#include <string.h>

#define MUTATION(name, about, before, after, changes) {name, about, after, changes},
const struct mutation mutations[] = {
#include "tests/lab/mutation_cases.def"
};
const size_t mutation_count = sizeof(mutations) / sizeof(mutations[0]);

static const struct mutation *find_mutation(const char *name, size_t len)
{
    for (size_t i = 0; i < mutation_count; i++) {
        if (strlen(mutations[i].name) == len && strncmp(mutations[i].name, name, len) == 0) {
            return &mutations[i];
        }
    }
    return NULL;
}

bool mutations_are_known(const char *list)
{
    bool known = list[0] != '\0';
    while (known && list[0] != '\0' && strcmp(list, "all") != 0) {
        size_t len = strcspn(list, ",");
        known = find_mutation(list, len) != NULL;
        list += len + (list[len] == ',');
    }
    return known;
}

static bool has_name(const char *list, const char *name)
{
    bool found = strcmp(list, "all") == 0;
    while (!found && list[0] != '\0') {
        size_t len = strcspn(list, ",");
        found = strlen(name) == len && strncmp(list, name, len) == 0;
        list += len + (list[len] == ',');
    }
    return found;
}

const struct mutation *mutation_of_case(const char *case_name, const char *list)
{
    size_t prefix = strlen(MUTATION_PREFIX);
    if (strncmp(case_name, MUTATION_PREFIX, prefix) != 0) {
        return NULL;
    }
    const struct mutation *m = find_mutation(case_name + prefix, strlen(case_name + prefix));
    return m != NULL && has_name(list, m->name) ? m : NULL;
}
