#pragma once

#include "scanner/analysis/code_set.h"
#include "scanner/base/buf.h"

/**
 * What the rows of a scan say in short, for the problems of its domains: of each host, service, endpoint and list
 * the codes of its findings, in memory, and beyond a bound in a temporary database; their evidence in an unlinked file. Shared by all
 * threads. Findings are kept once for each thing, whoever rests on it; of a thing without problems nothing is kept, else some 40 octets in
 * memory.
 */
struct fact_book;

/** Kinds of things; keys as rows have them, of a list its 32 octets. */
enum fact_kind {
    FACT_HOST,
    FACT_SERVICE,
    FACT_ENDPOINT,
    FACT_CHAIN,
    FACT_COMPLETION, /* of a list, by its key: what the end of the scan has to say of it */
    /* Not of things, but in the file all the same: */
    FACT_ENDPOINTS_OF_HOST,
    FACT_PROBLEMS_OF_DOMAIN,
    FACT_OUTCOME_SET, /* by its octets, which are the record; of rows of less than full detail */
};

#define FACT_NOWHERE 0 /* a place in the file where nothing is */

struct fact_entry {
    uint64_t place; /* of its record; FACT_NOWHERE: nothing is known of it */
    struct code_set codes;
};

#define FACT_OCTETS    44 /* about so many of a thing */
#define FACTS_NO_BOUND UINT64_MAX

/** @param in_memory things that are kept there; the rest is in a temporary database, for which threads wait */
struct fact_book *fact_book_new(uint64_t in_memory);
void fact_book_free(struct fact_book *b); /* NULL is allowed */

/** @return where the record is; FACT_NOWHERE: the file cannot be written */
uint64_t fact_book_append(struct fact_book *b, enum fact_kind kind, struct span record);
/** Makes a thing known by its codes and the place of its record, if that could be written. A second time is another one of
 * the same. */
void fact_book_add(struct fact_book *b, enum fact_kind kind, struct span key, struct code_set codes,
                   uint64_t place);
/** Lives as long as the book. */
struct fact_entry fact_book_find(struct fact_book *b, enum fact_kind kind, struct span key);

/** Puts the record in place of what was in `record`. @return false: it cannot be read */
bool fact_book_read(struct fact_book *b, uint64_t place, enum fact_kind *kind, struct buf *record);

/** Every record, in the order of writing. */
struct fact_walk {
    uint64_t place; /* of the next record; FACT_NOWHERE + 1 at first */
};
bool fact_book_next(struct fact_book *b, struct fact_walk *w, uint64_t *place, enum fact_kind *kind,
                    struct buf *record);
/** What went wrong with the file, as a line for people; NULL: nothing. Any thread. */
const char *fact_book_error(const struct fact_book *b);
