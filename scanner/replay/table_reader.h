#pragma once

#include "output/tables.h"

/**
 * The lines of one table file, NAME.ndjson, NAME.ndjson.gz or NAME.ndjson.zst, one after the other:
 * what is in memory is one line and the octets read ahead.
 */
#define TABLE_LINE_MAX (64U << 20) /* octets of one line, without LF; our own bound */

enum table_read {
    TABLE_READ_LINE,
    TABLE_READ_END,
    TABLE_READ_FAILED, /* the operating system refuses */
    TABLE_READ_BAD,    /* the file is not what it should be */
};

struct table_reader;

/** NULL with one line in `why`. @param name of the file inside `dir`, which is borrowed; may have
 * RESULT_PART_SUFFIX behind it @param octets that are read of it */
struct table_reader *table_reader_new(const char *dir, const char *name, uint64_t octets,
                                      struct buf *why);
void table_reader_free(struct table_reader *r); /* NULL is allowed */
/** Its end is not what it should be without so many lines before it; UINT64_MAX: not known. */
void table_reader_expect(struct table_reader *r, uint64_t rows);

/** `line` is without LF and valid until the next call. Failures are told in `why`. */
enum table_read table_reader_next(struct table_reader *r, struct span *line, struct buf *why);
/** Lines handed out so far. */
uint64_t table_reader_lines(const struct table_reader *r);
/** "DIR/NAME, line N: ", in front of what is wrong with the line that was handed out last. */
void table_reader_blame(const struct table_reader *r, struct buf *why);
