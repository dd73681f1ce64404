#pragma once

#include <sqlite3.h>

#include "scanner/base/span.h"

/**
 * A temporary SQLite database for what needs the whole of some results: joins, sorting, look-ups. It is an unlinked
 * file in the folder that TMPDIR says, else in /tmp (in /var/tmp where that cannot be written to), and gone when it is closed; no journal, no waiting for the disk,
 * and no more memory than its cache. It belongs to one thread at a time.
 *
 * Whatever fails first (a full disk, mostly) is kept and told by scratch_database_error(); from then on statements do
 * nothing and find no rows. So a caller looks once, at the end. SQL that SQLite cannot read, or a wrong number of values, is
 * our own bug and stops the program.
 */
struct scratch_database;
struct scratch_statement;

/** @param cache_octets of pages, and of rows that are sorted at one time */
struct scratch_database *scratch_database_open(size_t cache_octets);
/** With the statements that are left. NULL is allowed. */
void scratch_database_close(struct scratch_database *d);
/** What failed first, as a line for people; NULL: nothing. Valid until it is closed. */
const char *scratch_database_error(const struct scratch_database *d);

/** Runs statements without values and without rows, one after the other. */
void scratch_database_run(struct scratch_database *d, const char *sql);
/** For functions of our own in SQL. Borrowed; NULL when it could not be opened. */
sqlite3 *scratch_database_handle(struct scratch_database *d);

/** @param sql one statement; lives as long as the database */
struct scratch_statement *scratch_statement_new(struct scratch_database *d, const char *sql);

/*
 * Values of the statement, in the order of its question marks; a row back, column by column from 0.
 *
 *     scratch_put_text(s, name); scratch_put_uint(s, n);
 *     while (scratch_next_row(s)) { ... scratch_uint(s, 0) ... }      begins anew when there are no more rows
 *     scratch_put_text(s, name); scratch_put_uint(s, n); scratch_do(s);      a statement without rows
 */
void scratch_put_text(struct scratch_statement *s, struct span text); /* copied */
void scratch_put_blob(struct scratch_statement *s, struct span octets);
void scratch_put_uint(struct scratch_statement *s, uint64_t n); /* below 2^63 */
void scratch_put_null(struct scratch_statement *s);
bool scratch_next_row(struct scratch_statement *s);
void scratch_do(struct scratch_statement *s);
/** Leaves the rows that are left, so that it can be given values again. */
void scratch_leave(struct scratch_statement *s);

bool scratch_is_null(struct scratch_statement *s, int column);
uint64_t scratch_uint(struct scratch_statement *s, int column); /* null is 0 */
/** Text or a blob, null is empty. Valid until the next row. */
struct span scratch_text(struct scratch_statement *s, int column);
