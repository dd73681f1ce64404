#pragma once

/**
 * Builds one row of a table and renders it as NDJSON, as CSV, or as both.
 *
 *     struct row *r = row_new();                      once per thread
 *     row_begin(r, TABLE_SERVICES);
 *     row_text(r, SERVICES_SERVICE, key);             columns in any order, each at most once
 *     row_natural(r, SERVICES_PORT, 25);
 *     struct object *o = row_object(r, SERVICES_TRANSCRIPT);
 *         struct object *reply = object_object(o, TRANSCRIPT_BANNER);
 *             object_natural(reply, REPLY_FACTS_CODE, 220);
 *         object_close(reply);
 *     object_close(o);
 *     struct list *l = row_list(r, SERVICES_ATTEMPTS);
 *         struct object *a = list_object(l); ... object_close(a);
 *     list_close(l);
 *     row_end(r, &ndjson, &csv, false);
 *
 * Columns that were not set are null; keys come in the order of the definition, those of nulls with a full shape only.
 * Inside an object, columns are set in the order of the definition (some may be left out), because
 * objects are written as they are filled. One object or list is open at a time, and while it is,
 * only the innermost one is written to.
 *
 * Everything passed in is copied. Memory is kept from row to row: none is allocated once the
 * buffers have grown to the largest row.
 *
 * A type or a presence that does not fit the definition is our own bug and stops the program.
 */

#include "output/row_choice.h"
#include "output/row_shape.h"
#include "scanner/base/net_addr.h"
#include "scanner/base/uuid.h"

struct row;
struct object;
struct list;

struct row *row_new(void);
void row_free(struct row *r); /* NULL is allowed */

/** Of rows that begin from now on: the columns `scan_id` (copied) and `observed_at`. */
void row_set_scan(struct row *r, const char scan_id[UUID_TEXT_MAX]);
void row_set_time(struct row *r, int64_t observed_unix_ms);
/** The longest field of CSV, in characters; 0: no limit. CSV_CELL_MAX without it. */
void row_set_csv_cell_max(struct row *r, uint32_t characters);
/** How much of a row is written from now on. Borrowed; NULL: ROW_DETAIL_FULL. */
void row_set_shape(struct row *r, const struct row_shape *shape);
const struct row_shape *row_shape_of(const struct row *r);
/** Less than full: who fills the row in may leave out what another row has. */
bool row_is_lean(const struct row *r);
/** Starts over, whatever was there; sets `schema` and those two. */
void row_begin(struct row *r, enum table_id t);
/** Appends the row, with its line end, to whichever is wanted. `with_type` puts "type", the name
 * of the table, in front (the mixed stream on standard output). */
void row_end(struct row *r, struct buf *ndjson /* NULL: none */, struct buf *csv /* NULL: none */,
             bool with_type);
/** The same for those columns alone, as one line. */
void row_end_chosen(struct row *r, const struct row_choice *choice, struct buf *out);
/** The name of a column in a CSV header, with that of its companion. */
void row_put_csv_name(const struct column *c, bool first, struct buf *csv);
/** The CSV header line of a table. @param shape NULL: all columns */
void row_put_csv_header(enum table_id t, const struct row_shape *shape, struct buf *csv);

/*
 * Values. The three families row_, object_ and list_ differ only in where they put them.
 *
 *   text         TEXT, FOREIGN, WORD
 *   name         the same, but empty means null
 *   word         the same, but NULL means null
 *   uint, bool   UINT, BOOL
 *   natural      UINT; negative means null (-1 is "none" in observations)
 *   int          INT
 *   time_ms/s    TIME_MS, TIME_S; outside the years 0 to 9999 null
 *   hex, base64  HEX, BASE64
 *   sha256       HEX; all zero means null
 *   address      TEXT as RFC 5952; family 0 means null
 *   json         JSON: one whole JSON value made with json_writer; empty means null
 */
void row_text(struct row *r, unsigned column, struct span text);
void row_name(struct row *r, unsigned column, struct span text);
void row_word(struct row *r, unsigned column, const char *word);
void row_uint(struct row *r, unsigned column, uint64_t n);
void row_natural(struct row *r, unsigned column, int64_t n);
void row_int(struct row *r, unsigned column, int64_t n);
void row_bool(struct row *r, unsigned column, bool value);
void row_time_ms(struct row *r, unsigned column, int64_t unix_ms);
void row_time_s(struct row *r, unsigned column, int64_t unix_s);
void row_hex(struct row *r, unsigned column, struct span octets);
void row_sha256(struct row *r, unsigned column, const uint8_t digest[32]);
void row_base64(struct row *r, unsigned column, struct span octets);
void row_address(struct row *r, unsigned column, const struct net_addr *a);
void row_json(struct row *r, unsigned column, struct span json);
/** Borrowed; valid until object_close() or list_close() of it. */
struct object *row_object(struct row *r, unsigned column);
struct list *row_list(struct row *r, unsigned column); /* of any kind of list */

void object_text(struct object *o, unsigned column, struct span text);
void object_name(struct object *o, unsigned column, struct span text);
void object_word(struct object *o, unsigned column, const char *word);
void object_uint(struct object *o, unsigned column, uint64_t n);
void object_natural(struct object *o, unsigned column, int64_t n);
/** A number of things: left out of lean rows where it is 0. */
void object_count(struct object *o, unsigned column, uint64_t n);
void object_int(struct object *o, unsigned column, int64_t n);
void object_bool(struct object *o, unsigned column, bool value);
void object_time_ms(struct object *o, unsigned column, int64_t unix_ms);
void object_time_s(struct object *o, unsigned column, int64_t unix_s);
void object_hex(struct object *o, unsigned column, struct span octets);
void object_sha256(struct object *o, unsigned column, const uint8_t digest[32]);
void object_base64(struct object *o, unsigned column, struct span octets);
void object_address(struct object *o, unsigned column, const struct net_addr *a);
/** A boolean that may be null, though what else is in the object says whether it is: left out of lean rows where it is
 * false. */
void object_flag(struct object *o, unsigned column, bool value);
bool object_is_lean(const struct object *o); /* as row_is_lean() */
struct object *object_object(struct object *o, unsigned column);
struct list *object_list(struct object *o, unsigned column);
void object_close(struct object *o); /* writes null for the rest */

void list_text(struct list *l, struct span text);            /* TEXT_LIST, FOREIGN_LIST */
void list_word(struct list *l, const char *word);            /* TEXT_LIST */
void list_hex(struct list *l, struct span octets);           /* HEX_LIST */
void list_address(struct list *l, const struct net_addr *a); /* TEXT_LIST */
struct object *list_object(struct list *l);                  /* OBJECT_LIST */
void list_close(struct list *l);
