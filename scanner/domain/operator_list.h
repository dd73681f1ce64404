#pragma once

/**
 * Names of mail operators by their registrable domains: datasets/operators/operators.txt, or the copy of it in a results
 * directory. A line for each operator, fields between '|':
 *
 *     Name | registrable domains, by spaces | source | date of the entry
 *
 * Empty lines and lines that begin with '#' are comments. Read-only after parsing.
 */

#include "scanner/base/buf.h"

#define OPERATOR_LIST_MAX (1U << 20) /* octets of a file; our own bound */

struct operator_list;

/** @param origin named in `why`. @return NULL with one line in `why` when a line has another form, or a domain is
 * listed twice */
struct operator_list *operator_list_parse(struct span text, const char *origin, struct buf *why);
void operator_list_free(struct operator_list *l); /* NULL is allowed */

/** @param domain a registrable domain in normal form. @return false, `name` unchanged: it is not listed. NULL `l`: no. */
bool operator_list_find(const struct operator_list *l, struct span domain, struct span *name);
/** Operators. */
size_t operator_list_count(const struct operator_list *l);
/** As it was parsed, for the copy in the results. */
struct span operator_list_text(const struct operator_list *l);
