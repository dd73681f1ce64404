#include "tests/lab/mutations.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lab/draw.h"
#include "tests/lab/service.h"

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

#define TLS_1_2 0x0303 /* RFC 5246 section 7.4.1.2 */

enum server_mutation {
#define X(name, word) SERVER_MUTATION_##name,
    SERVER_MUTATIONS(X)
#undef X
    SERVER_MUTATION_COUNT
};

static const char *const server_words[] = {
#define X(name, word) [SERVER_MUTATION_##name] = (word),
    SERVER_MUTATIONS(X)
#undef X
};

/* "NAME=SHARE", the first of `list`. @return the share; negative: it is another one */
static double share_of_servers(const char *list, enum server_mutation m)
{
    size_t len = strlen(server_words[m]);
    if (strncmp(list, server_words[m], len) != 0 || list[len] != '=') {
        return -1;
    }
    char *end;
    double share = strtod(list + len + 1, &end);
    return end > list + len + 1 && (*end == ',' || *end == '\0') && share >= 0 && share <= 1 ? share
                                                                                             : -1;
}

static bool is_server_mutation(const char *list)
{
    bool found = false;
    for (unsigned m = 0; m < SERVER_MUTATION_COUNT && !found; m++) {
        found = share_of_servers(list, (enum server_mutation)m) >= 0;
    }
    return found;
}

bool mutations_are_known(const char *list)
{
    bool known = list[0] != '\0';
    while (known && list[0] != '\0') {
        size_t len = strcspn(list, ",");
        bool all = len == 3 && strncmp(list, "all", 3) == 0;
        known = all || find_mutation(list, len) != NULL || is_server_mutation(list);
        list += len + (list[len] == ',');
    }
    return known;
}

static void apply(enum server_mutation m, struct service *s)
{
    switch (m) {
    case SERVER_MUTATION_NO_STARTTLS:
        s->starttls = s->starttls == LAB_STARTTLS_OFFERED ? LAB_STARTTLS_NONE : s->starttls;
        return;
    case SERVER_MUTATION_CLOSED:
        s->greeting = s->greeting == LAB_GREETING_OK ? LAB_GREETING_CLOSE : s->greeting;
        return;
    case SERVER_MUTATION_TLS12:
        s->tls_max = s->tls_max > TLS_1_2 && s->tls_min <= TLS_1_2 ? TLS_1_2 : s->tls_max;
        return;
    case SERVER_MUTATION_COUNT:
        break;
    }
}

void mutate_server(uint64_t seed, const char *list, struct service *s)
{
    while (list[0] != '\0') {
        for (unsigned m = 0; m < SERVER_MUTATION_COUNT; m++) {
            double share = share_of_servers(list, (enum server_mutation)m);
            uint64_t address = 0;
            for (size_t i = 0; i < sizeof(s->address.octets); i++) {
                address = draw_mix(address ^ s->address.octets[i]);
            }
            if (share > 0 && draw_unit(seed, DRAW_MUTATION, address, m) < share) {
                apply((enum server_mutation)m, s);
            }
        }
        list += strcspn(list, ",");
        list += list[0] == ',';
    }
}

static bool has_name(const char *list, const char *name)
{
    bool found = false;
    while (!found && list[0] != '\0') {
        size_t len = strcspn(list, ",");
        found = (strlen(name) == len && strncmp(list, name, len) == 0) ||
                (len == 3 && strncmp(list, "all", 3) == 0);
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
