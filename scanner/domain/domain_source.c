#include "scanner/domain/domain_source.h"

#include <stdlib.h>

#include "scanner/base/file_mark.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/domain/column_choice.h"
#include "scanner/domain/column_names.h"
#include "scanner/domain/csv_record.h"
#include "scanner/domain/domain_name.h"
#include "scanner/domain/list_line.h"
#include "scanner/domain/octet_window.h"

enum source_format {
    FORMAT_UNDECIDED,
    FORMAT_PLAIN,
    FORMAT_CSV,
};

struct domain_source {
    struct octet_window window;
    uint64_t lines; /* physical, done with */
    bool started;   /* a byte order mark was looked for */

    const char *column_asked; /* borrowed; NULL: guess */
    char delimiter_told[2];   /* by a line as of Excel, "sep=;"; empty: none */
    bool keep_columns;
    enum source_format format;
    struct column_choice choice; /* of CSV */
    bool is_headed_plain;        /* a header of one name: below it is one domain a line */
    struct column_names names;

    /* of the last record */
    struct csv_fields fields;
    struct source_column *columns;
    size_t column_cap;
    struct buf domain;
    struct buf excerpt;

    struct buf error;
    bool error_is_usage;
};

const struct vocabulary source_fault_vocabulary = VOCABULARY_OF(
    SOURCE_FAULTS, "source_fault", "invalid", "Why an input line has no field to read.");

const char *domain_source_fault(struct span word)
{
    unsigned value;
    if (vocabulary_find(&name_fault_vocabulary, word, &value)) {
        return name_fault_word((enum name_fault)value);
    }
    return vocabulary_find(&source_fault_vocabulary, word, &value)
               ? source_fault_word((enum source_fault)value)
               : NULL;
}

struct domain_source *domain_source_new(int fd, const char *column, bool keep_columns)
{
    struct domain_source *s = memory_new(1, sizeof(*s));
    octet_window_init(&s->window, fd);
    s->column_asked = column;
    s->keep_columns = keep_columns;
    column_names_init(&s->names);
    s->domain = BUF_INIT(BUF_NO_LIMIT);
    s->excerpt = BUF_INIT(BUF_NO_LIMIT);
    s->error = BUF_INIT(BUF_NO_LIMIT);
    return s;
}

void domain_source_free(struct domain_source *s)
{
    if (s != NULL) {
        octet_window_deinit(&s->window);
        column_names_deinit(&s->names);
        csv_fields_deinit(&s->fields);
        free(s->columns);
        buf_deinit(&s->domain);
        buf_deinit(&s->excerpt);
        buf_deinit(&s->error);
        free(s);
    }
}

const char *domain_source_error(const struct domain_source *s)
{
    return s->error.len > 0 ? (const char *)s->error.at : "";
}

bool domain_source_error_is_usage(const struct domain_source *s)
{
    return s->error_is_usage;
}

uint64_t domain_source_consumed(const struct domain_source *s)
{
    return octet_window_consumed(&s->window);
}

const char *domain_source_compression(const struct domain_source *s)
{
    return unpack_method_name(s->window.method);
}

uint64_t domain_source_lines(const struct domain_source *s)
{
    return s->lines;
}

/* Keeps the message NUL-terminated behind its end. What is wrong with a file before anything was read from it is the
 * user's to mend. */
static enum source_status source_fail(struct domain_source *s, bool usage)
{
    buf_put_char(&s->error, '\0');
    s->error_is_usage = usage || (s->window.fault != UNPACK_GOES_ON && s->lines == 0);
    return SOURCE_FAILED;
}

static bool source_fill(struct domain_source *s)
{
    int error = octet_window_fill(&s->window);
    if (error != 0 && s->window.fault != UNPACK_GOES_ON) {
        buf_put_text(&s->error, unpack_end_text(s->window.fault, s->window.method));
        if (s->lines > 0) {
            buf_putf(&s->error, " (after line %llu)", (unsigned long long)s->lines);
        }
    } else if (error != 0) {
        buf_putf(&s->error, "cannot be read after line %llu: %s", (unsigned long long)s->lines,
                 strerror(error));
    }
    return error == 0;
}

/* The next physical line, with its end, is at the front of the window. */
enum line_status {
    LINE_WHOLE,
    LINE_LONG, /* over the bound; more than the bound is in the window */
    LINE_NONE, /* the input is over */
    LINE_FAILED,
};

static enum line_status find_line(struct domain_source *s, size_t *len)
{
    size_t looked = 0;
    for (;;) {
        struct span held = span_take(octet_window_held(&s->window), SOURCE_RECORD_MAX);
        const uint8_t *nl =
            held.len > looked ? memchr(held.at + looked, '\n', held.len - looked) : NULL;
        if (nl != NULL) {
            *len = (size_t)(nl - held.at) + 1;
            return LINE_WHOLE;
        }
        looked = held.len;
        if (held.len == SOURCE_RECORD_MAX) {
            return LINE_LONG;
        }
        if (s->window.ended) {
            *len = held.len;
            return held.len > 0 ? LINE_WHOLE : LINE_NONE;
        }
        if (!source_fill(s)) {
            return LINE_FAILED;
        }
    }
}

/* Drops a line of any length. @return false on a read error. */
static bool skip_long_line(struct domain_source *s)
{
    for (;;) {
        struct span held = octet_window_held(&s->window);
        const uint8_t *nl = held.len > 0 ? memchr(held.at, '\n', held.len) : NULL;
        octet_window_drop(&s->window, nl != NULL ? (size_t)(nl - held.at) + 1 : held.len);
        if (nl != NULL || s->window.ended) {
            s->lines++;
            return true;
        }
        if (!source_fill(s)) {
            return false;
        }
    }
}

/* The CSV record that begins with a line of `first_len` octets. A quote that stays open ends with
 * the first line. @return false on a read error. */
static bool find_record(struct domain_source *s, size_t first_len, size_t *len, size_t *lines,
                        bool *unterminated)
{
    struct csv_scan scan = {.delimiter = s->choice.delimiter};
    *unterminated = false;
    while (!csv_scan_feed(&scan, span_take(octet_window_held(&s->window), SOURCE_RECORD_MAX))) {
        if (scan.at == SOURCE_RECORD_MAX || s->window.ended) {
            /* Closed or not, nobody means a field of that length: it is the wrong quote. */
            *unterminated = scan.at == SOURCE_RECORD_MAX || scan.state == CSV_QUOTED;
            *len = *unterminated ? first_len : scan.at;
            *lines = *unterminated ? 1 : scan.lines + 1;
            return true;
        }
        if (!source_fill(s)) {
            return false;
        }
    }
    *len = scan.at;
    *lines = scan.lines;
    return true;
}

static void source_take_header(struct domain_source *s)
{
    s->is_headed_plain = s->fields.count == 1;
    for (size_t i = 0; i < s->fields.count; i++) {
        column_names_add(&s->names, text_trim(s->fields.at[i]));
    }
}

/* CR alone is no line end: what looks like columns would be all of the file. */
static bool has_inner_cr(struct span record)
{
    return record.len > 0 && memchr(record.at, '"', record.len) == NULL &&
           memchr(record.at, '\r', record.len) != NULL;
}

/* The records behind the first of `len` octets, as many as are looked at: by what stands there, never by when it came. What
 * cannot be read is told when it is its turn. */
static struct column_sample source_sample(struct domain_source *s, size_t len)
{
    for (;;) {
        struct span held = span_take(octet_window_held(&s->window), SOURCE_RECORD_MAX);
        size_t at = len;
        unsigned lines = 1;
        for (const uint8_t *nl = NULL; lines < COLUMN_SAMPLE_LINES &&
                                       (nl = memchr(held.at + at, '\n', held.len - at)) != NULL;
             lines++) {
            at = (size_t)(nl - held.at) + 1;
        }
        bool enough = lines == COLUMN_SAMPLE_LINES;
        if (enough || held.len == SOURCE_RECORD_MAX || s->window.ended ||
            octet_window_fill(&s->window) != 0) {
            return (struct column_sample){
                .rest = span_drop(enough ? span_take(held, at) : held, len),
                .is_all = !enough && s->window.ended && held.len < SOURCE_RECORD_MAX};
        }
    }
}

/* One domain and a comment, in which commas and the like are text. Behind a tab, "#5" is rather a second column. */
static bool is_name_with_comment(struct domain_source *s, struct span line)
{
    struct span name = list_line_without_comment(line);
    if (name.len == line.len) {
        return false;
    }
    struct span comment = span_drop(line, (size_t)(name.at - line.at) + name.len);
    const uint8_t *sign = memchr(comment.at, '#', comment.len);
    struct span text = span_drop(comment, (size_t)(sign - comment.at) + 1);
    bool column = sign[-1] == '\t' && text.len > 0 && text.at[0] != ' ' && text.at[0] != '\t';
    buf_reset(&s->domain);
    return !column && domain_name_normalise(name, &s->domain) == NULL;
}

/* By the first line with data, at the front of the window, and what follows it. @return false: there is no such column */
static bool source_decide(struct domain_source *s, size_t len)
{
    struct span record = list_line_without_end(span_take(octet_window_held(&s->window), len));
    if (s->column_asked == NULL &&
        (has_inner_cr(text_trim(record)) || is_name_with_comment(s, record))) {
        s->format = FORMAT_PLAIN;
        return true;
    }
    struct column_sample sample = {.is_all = false};
    if (s->delimiter_told[0] != '\0' || column_needs_more(record, s->column_asked)) {
        sample = source_sample(s, len); /* what is held may have moved */
    }
    sample.first = list_line_without_end(span_take(octet_window_held(&s->window), len));
    sample.delimiters = s->delimiter_told[0] != '\0' ? s->delimiter_told : COLUMN_DELIMITERS;
    if (!column_choose(&sample, s->lines + 1, s->column_asked, &s->choice, &s->error)) {
        return false;
    }
    s->format = s->choice.reason == COLUMN_REASON_ONLY ? FORMAT_PLAIN : FORMAT_CSV;
    s->fields.delimiter = s->choice.delimiter;
    if (s->choice.rank_is_first) {
        column_names_add(&s->names, SPAN_LIT("rank"));
    }
    return true;
}

static void unquote_fields(struct domain_source *s)
{
    for (size_t i = 0; i < s->fields.count; i++) {
        struct span field = s->fields.at[i];
        size_t offset = (size_t)(field.at - s->window.at);
        s->fields.at[i] = csv_field_unquote(s->window.at + offset, field.len);
    }
}

static void keep_columns(struct domain_source *s, struct source_record *out)
{
    if (!s->keep_columns) {
        return;
    }
    column_names_fill(&s->names, s->fields.count);
    if (s->column_cap < s->fields.count) {
        s->column_cap = s->fields.count;
        s->columns = memory_resize(s->columns, s->column_cap, sizeof(*s->columns));
    }
    for (size_t i = 0; i < s->fields.count; i++) {
        if (i != s->choice.column) {
            s->columns[out->column_count++] =
                (struct source_column){column_names_get(&s->names, i), s->fields.at[i]};
        }
    }
    out->columns = s->columns;
}

static void source_read_domain(struct domain_source *s, struct span field,
                               struct source_record *out)
{
    buf_reset(&s->domain);
    out->input = field;
    out->invalid = domain_name_normalise(field, &s->domain);
    out->domain = out->invalid == NULL ? buf_span(&s->domain) : (struct span){0};
}

static void read_malformed(struct span line, enum source_fault fault, struct source_record *out)
{
    out->input = span_take(line, SOURCE_INPUT_MAX);
    out->invalid = source_fault_word(fault);
}

/* `record` is dropped from the window already, but stays there until the next fill. */
static void read_csv(struct domain_source *s, struct span record, struct source_record *out)
{
    if (s->choice.column >= s->fields.count) {
        read_malformed(record, SOURCE_FAULT_MISSING_COLUMN, out);
        return;
    }
    unquote_fields(s);
    source_read_domain(s, s->fields.at[s->choice.column], out);
    keep_columns(s, out);
}

/* @param header the first record of a list that has one */
static enum source_status source_read_record(struct domain_source *s, struct span record,
                                             bool header, struct source_record *out)
{
    if (s->format == FORMAT_PLAIN) {
        source_read_domain(s, list_line_without_comment(record), out);
        return SOURCE_RECORD;
    }
    bool plain = !header && s->is_headed_plain;
    csv_fields_split(&s->fields, plain ? list_line_without_comment(record) : record);
    if (header) {
        unquote_fields(s);
        source_take_header(s);
        return SOURCE_RECORD;
    }
    read_csv(s, record, out);
    return SOURCE_RECORD;
}

static enum source_status take_long_line(struct domain_source *s, bool *is_data,
                                         struct source_record *out)
{
    struct span line = octet_window_held(&s->window);
    *is_data = !list_line_is_comment(span_take(line, SOURCE_RECORD_MAX));
    buf_reset(&s->excerpt);
    buf_put(&s->excerpt, span_take(line, SOURCE_INPUT_MAX));
    if (!skip_long_line(s)) {
        return source_fail(s, false);
    }
    read_malformed(buf_span(&s->excerpt), SOURCE_FAULT_LINE_TOO_LONG, out);
    return SOURCE_RECORD;
}

/* Excel's first line says what stands between columns, and is no row: "sep=;". */
static bool source_takes_delimiter(struct domain_source *s, struct span line)
{
    if (line.len == 7 && line.at[0] == '"' && line.at[6] == '"') {
        line = span_take(span_drop(line, 1), 5);
    }
    if (s->lines > 0 || line.len != 5 || !span_ieq(span_take(line, 4), SPAN_LIT("sep=")) ||
        line.at[4] == '\0' || strchr(COLUMN_DELIMITERS, line.at[4]) == NULL) {
        return false;
    }
    s->delimiter_told[0] = (char)line.at[4];
    s->choice.delimiter = line.at[4];
    return true;
}

static enum source_status source_take_line(struct domain_source *s, size_t len, bool *is_data,
                                           struct source_record *out)
{
    struct span line = list_line_without_end(span_take(octet_window_held(&s->window), len));
    size_t lines = 1;
    bool unterminated = false;
    bool first = false;
    *is_data = list_line_is_data(line) && !source_takes_delimiter(s, line);
    if (*is_data && s->format != FORMAT_PLAIN) {
        if (!find_record(s, len, &len, &lines, &unterminated)) {
            return source_fail(s, false);
        }
        first = s->format == FORMAT_UNDECIDED && !unterminated;
        if (first && !source_decide(s, len)) {
            return source_fail(s, true);
        }
        line = list_line_without_end(span_take(octet_window_held(&s->window), len));
    }
    octet_window_drop(&s->window, len);
    s->lines += lines;
    if (!*is_data) {
        return SOURCE_RECORD;
    }
    if (unterminated) {
        read_malformed(line, SOURCE_FAULT_UNTERMINATED_QUOTE, out);
        return SOURCE_RECORD;
    }
    bool header = first && s->choice.is_header;
    *is_data = !header;
    return source_read_record(s, line, header, out);
}

/* The first line, or as much of it as tells what the file is; a reader of records waits for it anyhow. @return false on a
 * read error */
static bool find_begin(struct domain_source *s, struct span *begin)
{
    for (;;) {
        *begin = span_take(octet_window_held(&s->window), FILE_MARK_MAX);
        const uint8_t *end = begin->len > 0 ? memchr(begin->at, '\n', begin->len) : NULL;
        if (end != NULL || begin->len == FILE_MARK_MAX || s->window.ended) {
            *begin = span_take(*begin, end != NULL ? (size_t)(end - begin->at) + 1 : begin->len);
            return true;
        }
        if (!source_fill(s)) {
            return false;
        }
    }
}

/* Is it a text at all, and is it compressed? @return SOURCE_RECORD: it is text */
static enum source_status source_start(struct domain_source *s)
{
    struct span begin;
    bool read = find_begin(s, &begin);
    enum unpack_method method = read ? unpack_method_of(begin) : UNPACK_NONE;
    if (method != UNPACK_NONE) {
        octet_window_unpack(&s->window, method);
        read = find_begin(s, &begin);
    }
    if (!read) {
        return source_fail(s, false);
    }
    const struct file_mark *mark = file_mark_of(begin);
    if (mark != NULL) {
        buf_putf(&s->error, "is %s%s%s, not text in UTF-8", mark->what,
                 method != UNPACK_NONE ? " inside of " : "",
                 method != UNPACK_NONE ? unpack_method_name(method) : "");
        file_mark_put_command(mark, unpack_method_command(method), &s->error);
        return source_fail(s, true);
    }
    octet_window_drop(&s->window, file_mark_utf8_len(begin));
    s->started = true;
    return SOURCE_RECORD;
}

struct source_columns domain_source_columns(const struct domain_source *s)
{
    const struct column_choice *c = &s->choice;
    return s->format == FORMAT_CSV
               ? (struct source_columns){c->column + 1, c->delimiter, c->is_header}
               : (struct source_columns){0};
}

bool domain_source_has_told_mails(const struct domain_source *s)
{
    return s->format == FORMAT_CSV && s->choice.reason == COLUMN_REASON_MAIL;
}

bool domain_source_put_choice(const struct domain_source *s, struct buf *to)
{
    static const char *const reasons[] = {
        [COLUMN_REASON_ONLY] = "",
        [COLUMN_REASON_ASKED] = "as --column says",
        [COLUMN_REASON_HEADER] = "by its header",
        [COLUMN_REASON_DOMAIN] = "the first that has domains",
        [COLUMN_REASON_MAIL] = ("of mail addresses what stands after '@', as no "
                                "column has domains alone"),
        [COLUMN_REASON_RANK] = "behind a number",
        [COLUMN_REASON_NONE] = "as nothing tells which",
    };
    const struct column_choice *c = &s->choice;
    if (s->format == FORMAT_PLAIN && s->column_asked != NULL) {
        buf_putf(to, "has one column, so --column %s is not for it", s->column_asked);
        return true;
    }
    if (s->format != FORMAT_CSV) {
        return false;
    }
    buf_putf(to, "is CSV with %s between columns; domains are taken from column %zu",
             c->delimiter == ','    ? "commas"
             : c->delimiter == ';'  ? "semicolons"
             : c->delimiter == '\t' ? "tabs"
                                    : "bars (|)",
             c->column + 1);
    if (c->is_header && c->column < s->names.count) {
        struct span name = column_names_get(&s->names, c->column);
        buf_putf(to, " (%.*s)", (int)name.len, (const char *)name.at);
    }
    buf_putf(to, ", %s%s", reasons[c->reason], c->has_urls ? ", as hosts of URLs" : "");
    return true;
}

bool domain_source_put_others(const struct domain_source *s, struct buf *to)
{
    bool has = s->format == FORMAT_CSV && s->choice.has_others;
    if (has) {
        buf_putf(to,
                 "most of its first lines have domains in other columns as well, which are not "
                 "scanned; give a list with one domain a line, or --column %zu if that is meant",
                 s->choice.column + 1);
    }
    return has;
}

enum source_status domain_source_next(struct domain_source *s, struct source_record *out)
{
    if (s->error.len > 0) {
        return SOURCE_FAILED;
    }
    if (!s->started && source_start(s) != SOURCE_RECORD) {
        return SOURCE_FAILED;
    }
    for (;;) {
        struct source_record record = {.input_line = s->lines + 1};
        enum source_status status = SOURCE_FAILED;
        bool is_data = false;
        size_t len = 0;
        switch (find_line(s, &len)) {
        case LINE_WHOLE:
            status = source_take_line(s, len, &is_data, &record);
            break;
        case LINE_LONG:
            status = take_long_line(s, &is_data, &record);
            break;
        case LINE_NONE:
            return SOURCE_END;
        case LINE_FAILED:
            return source_fail(s, false);
        }
        if (status != SOURCE_RECORD) {
            return status;
        }
        if (is_data) {
            *out = record;
            return SOURCE_RECORD;
        }
    }
}
