#pragma once

/**
 * Typed access to the columns of a row that was read back, and to the objects inside it. The
 * counterpart of output/row.h: columns are named by the enumerators of output/tables.h.
 *
 *     struct row_reading r;
 *     struct facts row;
 *     if (row_reading_begin(&r, TABLE_SERVICES, line, &row)) {
 *         uint16_t port = facts_u16(&row, SERVICES_PORT);
 *         struct facts ptr;
 *         if (facts_object(&row, SERVICES_PTR, &ptr)) { ... }
 *     }
 *     if (r.why.len > 0) { ... }
 *
 * The first thing that does not fit its definition is told in `why`, and everything reads as null
 * from then on, so that readers need not look after each column. Null and absent are the same,
 * as a row written before a column existed has it absent; a column that is never null must be
 * there. A column that no definition has is an error: it would be lost.
 */

#include "output/tables.h"
#include "scanner/base/arena.h"
#include "scanner/base/net_addr.h"
#include "scanner/base/vocabulary.h"
#include "scanner/observation/verdict.h"

struct json_t;

struct row_reading {
    /* Columns that are never null may be absent: what reads the row has no need of all of them. */
    bool in_part;
    struct arena_pool pool;
    struct arena arena; /* what the readers make of one row */
    struct json_t *row; /* owned; NULL: none */
    struct span line;   /* borrowed */
    struct buf why;     /* empty: all is well so far */
};

struct facts {
    struct row_reading *reading;
    const struct definition *definition;
    struct json_t *object; /* borrowed; NULL: everything is null */
};

void row_reading_init(struct row_reading *r);
void row_reading_deinit(struct row_reading *r);
/** Gives up the row before. @param line must stay as it is while the facts are used.
 * @return false when it is no row of that table. Texts of `out` live until the next call. */
bool row_reading_begin(struct row_reading *r, enum table_id t, struct span line, struct facts *out);
/** The same for a row of a stream, which begins with "type", the name of its table. */
bool row_reading_begin_typed(struct row_reading *r, struct span line, enum table_id *t,
                             struct facts *out);
/** The table that the row is of; of no object in it. */
enum table_id facts_table(const struct facts *row);
/** What a row that does not exist reads as: every column is null. */
struct facts facts_of_nothing(enum table_id t);
/** Says what is wrong with a column, unless something was wrong before. */
void facts_bad(const struct facts *f, unsigned column, const char *what);

bool facts_has(const struct facts *f, unsigned column); /* neither null nor absent */

/* Of null: empty text, 0, -1 where `natural`, false, an address of family 0, an empty list. */
struct span facts_text(const struct facts *f, unsigned column); /* the exact octets */
/** The text as it stands in the row, with what could not be written as it was sent replaced: a word, a key, a text for
 * people. NULL: null. */
const char *facts_string(const struct facts *f, unsigned column);
static inline const char *facts_string_or(const struct facts *f, unsigned column,
                                          const char *otherwise)
{
    const char *text = facts_string(f, column);
    return text != NULL ? text : otherwise;
}
uint64_t facts_uint(const struct facts *f, unsigned column, uint64_t max);
int64_t facts_natural(const struct facts *f, unsigned column, int64_t max);
int64_t facts_int(const struct facts *f, unsigned column); /* INT64_MIN: null */
uint8_t facts_u8(const struct facts *f, unsigned column);
uint16_t facts_u16(const struct facts *f, unsigned column);
uint32_t facts_u32(const struct facts *f, unsigned column);
bool facts_bool(const struct facts *f, unsigned column);
enum truth facts_truth(const struct facts *f, unsigned column);
int64_t facts_time_ms(const struct facts *f, unsigned column);
struct span facts_hex(const struct facts *f, unsigned column);
void facts_sha256(const struct facts *f, unsigned column, uint8_t out[32]); /* null: all zero */
struct span facts_base64(const struct facts *f, unsigned column);
struct net_addr facts_address(const struct facts *f, unsigned column);
/** A text in a free object, by its key there, which may be of any case. NULL: there is none. */
const char *facts_free_text(const struct facts *f, unsigned column, const char *key);
/** Of the row itself only: the value as it stands in the line. */
struct span facts_json(const struct facts *f, unsigned column);

/** The enumerator that has the word; 0, the first one: null. */
unsigned facts_enum(const struct facts *f, unsigned column, const struct vocabulary *v);
/** Of a list of words: bit n is enumerator n; 0: null. */
uint16_t facts_bits(const struct facts *f, unsigned column, const struct vocabulary *v);
uint16_t facts_tls_version(const struct facts *f, unsigned column); /* 0: null */
int16_t facts_alert(const struct facts *f, unsigned column);        /* -1: null */
int32_t facts_errno(const struct facts *f, unsigned column);        /* negative; 0: null */

/** @return false, and every column of `out` is null, when the object is null. */
bool facts_object(const struct facts *f, unsigned column, struct facts *out);
static inline struct facts facts_member(const struct facts *f, unsigned column)
{
    struct facts member;
    (void)facts_object(f, column, &member);
    return member;
}
size_t facts_list_len(const struct facts *f, unsigned column);
struct span facts_list_text(const struct facts *f, unsigned column, size_t i);
const char *facts_list_string(const struct facts *f, unsigned column, size_t i); /* as it stands */
struct span facts_list_hex(const struct facts *f, unsigned column, size_t i);
struct net_addr facts_list_address(const struct facts *f, unsigned column, size_t i);
void facts_list_object(const struct facts *f, unsigned column, size_t i, struct facts *out);
/** A cipher suite by its name at IANA. */
uint16_t facts_list_cipher(const struct facts *f, unsigned column, size_t i);
/** All of them, in the arena. */
const struct span *facts_texts(const struct facts *f, unsigned column, size_t *count);
