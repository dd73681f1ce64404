#pragma once

/**
 * Cases that are otherwise on the second day (mutation_cases.def): a world in which some of them have changed, for comparisons of
 * two scans.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUTATION_PREFIX "mutate-" /* of the case's name */

struct mutation {
    const char *name;
    const char *about;
    const char *after;   /* the text of the case on the second day */
    const char *changes; /* what a comparison says: words with spaces between */
};

extern const struct mutation mutations[];
extern const size_t mutation_count;

/**
 * And for the random world NAME=SHARE: that share of its servers is otherwise on the second day, drawn by address.
 */
#define SERVER_MUTATIONS(X)                                               \
    X(NO_STARTTLS, "servers-no-starttls") /* not offered */               \
    X(CLOSED, "servers-closed")           /* closed without a greeting */ \
    X(TLS12, "servers-tls12")             /* nothing newer */

/** Are all of "a,b,c=0.1" names of mutations, "all" those of the cases? */
bool mutations_are_known(const char *list);
struct service;
/** Makes a server of the random world as it is on the second day. */
void mutate_server(uint64_t seed, const char *list, struct service *s);
/** The mutation of the case of that name, if `list` has it; NULL: the case is as on the first day. */
const struct mutation *mutation_of_case(const char *case_name, const char *list);
