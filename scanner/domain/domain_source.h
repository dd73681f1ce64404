#pragma once

/**
 * A list of domains, pulled record by record from a file descriptor (blocking reads). One that is compressed with gzip or
 * zstd is unpacked.
 *
 * Plain lists have one domain a line; CSV (RFC 4180) has it in one column, the others can be kept.
 * What is no text (UTF-16, a workbook and the like) is refused with its name. Blank lines and lines that begin with '#' are skipped, and
 * in a list with one domain a line, what follows a '#' behind white space; so is a first line "sep=;", as of Excel, which says what
 * stands between columns. CRLF, a byte order mark, and a last line
 * without its end are fine. Every other line ends as exactly one record: with a domain in normal
 * form, or with the word for what is wrong with it.
 *
 * The format is decided once, never line by line, by the first line with data and, where that leaves it open, by up to
 * COLUMN_SAMPLE_LINES lines from it on (fewer if they are more than SOURCE_RECORD_MAX octets). A pipe is waited for so long,
 * unless the first line has one domain and no more, or a column was asked for and the line is known to be data or a header:
 *  - a column was asked for by name: CSV, and that line is the header;
 *  - a column was asked for by number: CSV, unless no line has a second column; that line is a header when its field there is
 *    one of the header words, or as below;
 *  - otherwise a CR in the line, outside of quotes: a plain list, whose line is no domain;
 *  - otherwise one domain and a comment, whatever stands in that: a plain list;
 *  - otherwise one field without quotes: a plain list (unless it is a header word);
 *  - some column has domains with a dot, or URLs: CSV. Those with at least three quarters as many as the one with the most
 *    are as good as it. Of these it is one with a header word, the surest ("domain" before "url" before "name"), else one
 *    of domains rather than URLs, else the first. So Tranco's "1,example.org" means column 2, and column 1 is called "rank".
 *    Where less than half of the lines have such a name, a header word alone decides;
 *  - some column has mail addresses: CSV, and it is the first of them; with another column they are not taken for domains;
 *  - else CSV; column 2 when the first field is a number, else column 1.
 * The first line is a header when no field of it is a number, domain, URL or mail address, and it has a header word, of domains or of
 * other things ("id", "email"), or several columns of which the chosen one has such a value in every other line, two at least.
 * Columns stand between commas, semicolons, tabs or bars (scanner/domain/column_choice.h).
 * A line that is wrongly taken for data ends as a record that shows it; nothing is dropped for
 * looking odd.
 *
 * A quote that is never closed costs one line: the field would swallow the rest of the file, so its
 * line becomes an invalid record and reading goes on with the next line. The same when the record
 * would be longer than SOURCE_RECORD_MAX.
 */

#include "scanner/base/buf.h"
#include "scanner/base/vocabulary.h"

#define SOURCE_RECORD_MAX 65536 /* octets of a record, line ends included; our own bound */
#define SOURCE_INPUT_MAX  1024  /* octets of a malformed line that are kept; our own bound */

/** Why a line holds no field to look at, besides the words of NAME_FAULTS. Part of the output. */
#define SOURCE_FAULTS(X)                                                                        \
    X(SOURCE_FAULT_LINE_TOO_LONG, "line_too_long", "the line is longer than 64 KiB")            \
    X(SOURCE_FAULT_UNTERMINATED_QUOTE, "unterminated_quote", "a quoted CSV field does not end") \
    X(SOURCE_FAULT_MISSING_COLUMN, "missing_column", "the CSV row does not have the column")

enum source_fault {
    SOURCE_FAULTS(ENUMERATOR) SOURCE_FAULT_COUNT
};

VOCABULARY(source_fault, enum source_fault);
/** The program's own word for a malformed line, of either vocabulary; NULL: there is none. */
const char *domain_source_fault(struct span word);

struct source_column {
    struct span name; /* from the header, "rank", or "column_N"; unique within the input */
    struct span value;
};

/** One record. Everything in it is valid until the next call. */
struct source_record {
    uint64_t input_line; /* number of its first physical line, from 1, comments counted */
    struct span input;   /* the field as given, unquoted; the line when there is no such field */
    struct span domain;  /* normal form; empty when invalid */
    const char *invalid; /* a word of NAME_FAULTS or SOURCE_FAULTS; NULL: valid */
    const struct source_column *columns; /* the other columns, in order; only when asked for */
    size_t column_count;
};

enum source_status {
    SOURCE_RECORD,
    SOURCE_END,
    SOURCE_FAILED, /* read error, damage, no text, or no such column: domain_source_error() */
};

struct domain_source;

/**
 * Reads from `fd`, which stays the caller's. `column`: a number from 1, or a name in the header; NULL:
 * guess. A column named by digits cannot be asked for by name. @param keep_columns fill `columns`.
 */
struct domain_source *domain_source_new(int fd, const char *column, bool keep_columns);
void domain_source_free(struct domain_source *s);

enum source_status domain_source_next(struct domain_source *s, struct source_record *out);

/** What is wrong after SOURCE_FAILED, as words that follow the name of the list: "is UTF-16, not text in UTF-8". */
const char *domain_source_error(const struct domain_source *s);
/** True when the error is in what the user gave (exit code 2), and not a read error. */
bool domain_source_error_is_usage(const struct domain_source *s);

/** What was decided about columns, as words that follow the name of the list. @return false: a plain list, or nothing was read yet */
bool domain_source_put_choice(const struct domain_source *s, struct buf *to);
/** What is left out by that choice: domains in other columns. As words that follow the name of the list. @return false: nothing */
bool domain_source_put_others(const struct domain_source *s, struct buf *to);
/** Those words say that domains are taken from mail addresses. */
bool domain_source_has_told_mails(const struct domain_source *s);

/** The same as numbers. */
struct source_columns {
    size_t column;     /* of the domains, from 1; 0: a plain list */
    uint8_t delimiter; /* 0: a plain list */
    bool is_header;    /* the first line with data */
};
struct source_columns domain_source_columns(const struct domain_source *s);
/** Octets of the file up to the end of the last record; of one that is compressed about that. */
uint64_t domain_source_consumed(const struct domain_source *s);
/** "gzip", "zstd", "none"; after the first record. */
const char *domain_source_compression(const struct domain_source *s);
/** Physical lines up to the end of the last record. */
uint64_t domain_source_lines(const struct domain_source *s);
