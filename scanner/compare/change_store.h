#pragma once

#include "scanner/compare/comparison.h"
#include "scanner/index/scratch_database.h"

/** The changes found, in the temporary database: each once, with the domains that it concerns. */
struct change_store {
    struct scratch_database *database; /* borrowed */
    struct scratch_statement *put;
    struct scratch_statement *find;
    struct scratch_statement *see;
    struct scratch_statement *count;
    struct scratch_statement *changes;
    struct scratch_statement *groups;
    struct scratch_statement *of_group;
    struct scratch_statement *domains;
    struct scratch_statement *domains_of_group;
    uint64_t last;   /* id of the change that was given last */
    bool running[3]; /* the last three: a row was given, and there may be more */
};

void change_store_init(struct change_store *s, struct scratch_database *d);
void change_store_put(struct change_store *s, const struct change *c, struct span domain);
/** All are there: sums, and what puts them in order. */
void change_store_finish(struct change_store *s, struct comparison_counts *counts);
