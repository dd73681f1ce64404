#pragma once

/**
 * Rows of less than full detail say each thing once: what a row of hosts or domains says of its endpoints stands in the rows of
 * endpoints and services, what an endpoint has from its service stands there. This puts such rows together again in memory, so that
 * what reads rows need not know: columns that are absent are filled in from rows that were read before.
 *
 *     outcome_sets, services, hosts, endpoints ─► keep        (endpoints completed first)
 *     services, endpoints, hosts, domains      ─► complete
 *
 * What is kept lies in an unlinked file, and where there is in memory up to a bound, and beyond it in a temporary database
 * (index/key_store.h). Of rows that have all columns nothing is changed.
 */

#include "scanner/rows/row_facts.h"

struct lean_rows;

#define LEAN_MEMORY_OCTETS (32U << 20) /* of each kind of thing, before the rest is in a database */

/** @param dialogues transcripts and handshakes are wanted, too @param memory_octets LEAN_MEMORY_OCTETS, but in tests
 * @return NULL with one line in `why` */
struct lean_rows *lean_rows_new(bool dialogues, size_t memory_octets, struct buf *why);
/**
 * Rows are of several scans: what hosts and domains say of endpoints, and domains of hosts, gives way to what is kept, even where it is
 * there. So no row claims what the row of its endpoint or host does not show. Before the first row.
 */
void lean_rows_of_shards(struct lean_rows *l);
void lean_rows_free(struct lean_rows *l); /* NULL is allowed */
/** @return false with one line in `why`: the temporary file fails. Of other tables nothing is kept. */
bool lean_rows_keep(struct lean_rows *l, const struct facts *row, struct buf *why);
/** The same. Columns that are there stay as they are. */
bool lean_rows_complete(struct lean_rows *l, const struct facts *row, struct buf *why);
/** Does it lack what rows of full detail have? Of services, hosts, endpoints and domains; full detail has no row of outcome_sets. */
bool lean_rows_is_lean(const struct facts *row);
