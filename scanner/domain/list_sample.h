#pragma once

/**
 * The first lines of a list, looked at for what a wrong column or a wrong file looks like: most lines are invalid, or
 * name a domain that was there before. Where none is a domain, it is no list. Mail addresses are counted, as their domains are
 * taken.
 */

#include "scanner/base/buf.h"
#include "scanner/domain/domain_source.h"

#define LIST_SAMPLE_MAX   1000 /* records; our own bound */
#define LIST_SAMPLE_SLOTS 2048 /* a power of two, twice as many */
#define LIST_EXAMPLE_MAX  80   /* octets of a line that are shown */

struct list_example {
    uint64_t line; /* its number; 0: none */
    const char *fault;
    const char *kind; /* what the list seems to be, by this line; NULL: nothing tells */
    char text[LIST_EXAMPLE_MAX];
    size_t len;
};

/** Zero-initialise. hash_secret_init() comes first. */
struct list_sample {
    uint32_t records;
    uint32_t invalid;
    uint32_t repeated;
    uint32_t mails; /* domains that stand in a mail address */
    struct list_example first_invalid;
    struct list_example first_repeated;
    uint64_t seen[LIST_SAMPLE_SLOTS]; /* hashes of domains; 0: free */
};

/** @return false: it is full, and the record is not in it */
bool list_sample_add(struct list_sample *s, const struct source_record *r);
/** There were lines, and none is a domain. */
static inline bool list_sample_has_no_domain(const struct list_sample *s)
{
    return s->records > 0 && s->invalid == s->records;
}
/** Why it is no list: what it is where that shows, else one of its lines. As words that follow the name of the list. */
void list_sample_put_refusal(const struct list_sample *s, struct buf *to);
/** One line on mail addresses. @return false: there is none */
bool list_sample_put_mails(const struct list_sample *s, struct buf *to);
/** One line with an example. @return false: most lines are good */
bool list_sample_put_warning(const struct list_sample *s, struct buf *to);
