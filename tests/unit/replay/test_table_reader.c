#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <criterion/criterion.h>

#include "scanner/replay/table_reader.h"

struct folder {
    char path[64];
};

static struct folder folder_new(void)
{
    struct folder f = {.path = "/tmp/mxcensus-replay-XXXXXX"};
    cr_assert_not_null(mkdtemp(f.path));
    return f;
}

static void put_file(const struct folder *f, const char *name, struct span octets)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert(octets.len == 0 || fwrite(octets.at, 1, octets.len, file) == octets.len);
    cr_assert_eq(fclose(file), 0);
}

static void folder_remove(const struct folder *f, const char *name)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
    (void)unlink(path);
    (void)rmdir(f->path);
}

static void put_gzip(struct span in, struct buf *out)
{
    z_stream z = {0};
    cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t bound = deflateBound(&z, in.len);
    z.next_in = (Bytef *)(uintptr_t)in.at;
    z.avail_in = (uInt)in.len;
    z.next_out = buf_room(out, bound);
    z.avail_out = (uInt)bound;
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len += bound - z.avail_out;
    (void)deflateEnd(&z);
}

static void put_zstd(struct span in, struct buf *out)
{
    size_t bound = ZSTD_compressBound(in.len);
    size_t len = ZSTD_compress(buf_room(out, bound), bound, in.at, in.len, 3);
    cr_assert_not(ZSTD_isError(len));
    out->len += len;
}

/* How a file ends its frames: one, two (the second begins inside a line), or cut short. */
enum shape {
    ONE_FRAME,
    TWO_FRAMES,
    CUT,
    TRAILING_OCTETS,
};

static void put_shape(struct span text, enum shape shape, void (*put)(struct span, struct buf *),
                      struct buf *out)
{
    size_t half = shape == TWO_FRAMES ? text.len / 2 : text.len;
    put(span_take(text, half), out);
    if (shape == TWO_FRAMES) {
        put(span_drop(text, half), out);
    }
    if (shape == CUT) {
        out->len -= 9;
    }
    if (shape == TRAILING_OCTETS) {
        buf_put_text(out, "junk and more of it");
    }
}

static const struct reader_case {
    const char *name;
    const char *file;
    void (*put)(struct span, struct buf *); /* NULL: plain */
    const char *text;
    enum shape shape;
    size_t lines;
    enum table_read end;
    const char *why; /* the end of it */
} reader_cases[] = {
    {"plain", "a.ndjson", NULL, "one\ntwo\n\nfour\n", ONE_FRAME, 4, TABLE_READ_END, ""},
    {"empty", "a.ndjson", NULL, "", ONE_FRAME, 0, TABLE_READ_END, ""},
    {"without LF at the end", "a.ndjson", NULL, "one\ntwo", ONE_FRAME, 1, TABLE_READ_BAD,
     "line 2: the file ends inside the line"},
    {"gzip (RFC 1952)", "a.ndjson.gz", put_gzip, "one\ntwo\n", ONE_FRAME, 2, TABLE_READ_END, ""},
    {"gzip of two members (RFC 1952 section 2.2)", "a.ndjson.gz", put_gzip, "one\ntwo\nthree\n",
     TWO_FRAMES, 3, TABLE_READ_END, ""},
    {"gzip cut short", "a.ndjson.gz", put_gzip, "one\ntwo\n", CUT, 2, TABLE_READ_BAD,
     "the compressed data ends too early"},
    {"gzip and something else", "a.ndjson.gz", put_gzip, "one\n", TRAILING_OCTETS, 1,
     TABLE_READ_BAD, "not valid compressed data"},
    {"no gzip at all", "a.ndjson.gz", NULL, "one\n", ONE_FRAME, 0, TABLE_READ_BAD,
     "damaged after line 0: not valid compressed data"},
    {"zstd (RFC 8878)", "a.ndjson.zst", put_zstd, "one\ntwo\n", ONE_FRAME, 2, TABLE_READ_END, ""},
    {"zstd of two frames (RFC 8878 section 3)", "a.ndjson.zst", put_zstd, "one\ntwo\nthree\n",
     TWO_FRAMES, 3, TABLE_READ_END, ""},
    {"zstd cut short", "a.ndjson.zst", put_zstd, "one\ntwo\n", CUT, 0, TABLE_READ_BAD,
     "the compressed data ends too early"},
    {"no zstd at all", "a.ndjson.zst", NULL, "one\n", ONE_FRAME, 0, TABLE_READ_BAD,
     "not valid compressed data"},
};

Test(table_reader, lines_of_every_kind_of_file)
{
    for (size_t i = 0; i < sizeof(reader_cases) / sizeof(reader_cases[0]); i++) {
        const struct reader_case *c = &reader_cases[i];
        struct folder f = folder_new();
        struct buf octets = BUF_INIT(BUF_NO_LIMIT);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        if (c->put != NULL) {
            put_shape(span_of(c->text), c->shape, c->put, &octets);
        } else {
            buf_put_text(&octets, c->text);
        }
        put_file(&f, c->file, buf_span(&octets));
        struct table_reader *r = table_reader_new(f.path, c->file, UINT64_MAX, &why);
        cr_assert_not_null(r);
        struct span rest = span_of(c->text);
        struct span line;
        enum table_read got;
        size_t lines = 0;
        while ((got = table_reader_next(r, &line, &why)) == TABLE_READ_LINE) {
            lines++;
            cr_expect(span_eq(line, span_take(rest, line.len)), "%s", c->name);
            rest = span_drop(rest, line.len + 1);
        }
        cr_expect_eq(lines, c->lines, "%s: %zu lines", c->name, lines);
        cr_expect_eq(table_reader_lines(r), lines);
        cr_expect_eq(got, c->end, "%s", c->name);
        cr_expect(span_ends_with(buf_span(&why), span_of(c->why)), "%s: %.*s", c->name,
                  (int)why.len, (const char *)why.at);
        table_reader_free(r);
        folder_remove(&f, c->file);
        buf_deinit(&octets);
        buf_deinit(&why);
    }
}

/* Of a file that was not finished: so many octets, whatever is behind them. */
Test(table_reader, a_part_of_a_file)
{
    struct folder f = folder_new();
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct span line;
    put_file(&f, "a.ndjson.part", SPAN_LIT("one\ntwo\nthr"));
    struct table_reader *r = table_reader_new(f.path, "a.ndjson.part", 8, &why);
    cr_assert_not_null(r);
    cr_expect_eq(table_reader_next(r, &line, &why), TABLE_READ_LINE);
    cr_expect_eq(table_reader_next(r, &line, &why), TABLE_READ_LINE);
    cr_expect(span_eq(line, SPAN_LIT("two")));
    cr_expect_eq(table_reader_next(r, &line, &why), TABLE_READ_END);
    table_reader_free(r);
    r = table_reader_new(f.path, "a.ndjson.part", 0, &why);
    cr_expect_eq(table_reader_next(r, &line, &why), TABLE_READ_END);
    table_reader_free(r);
    folder_remove(&f, "a.ndjson.part");
    buf_deinit(&why);
}

Test(table_reader, as_many_rows_as_when_the_scan_ended)
{
    struct folder f = folder_new();
    put_file(&f, "a.ndjson", SPAN_LIT("one\ntwo\n"));
    for (uint64_t rows = 1; rows <= 3; rows++) {
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        struct span line;
        struct table_reader *r = table_reader_new(f.path, "a.ndjson", UINT64_MAX, &why);
        cr_assert_not_null(r);
        table_reader_expect(r, rows);
        cr_expect_eq(table_reader_next(r, &line, &why), TABLE_READ_LINE);
        cr_expect_eq(table_reader_next(r, &line, &why), TABLE_READ_LINE);
        cr_expect_eq(table_reader_next(r, &line, &why),
                     rows == 2 ? TABLE_READ_END : TABLE_READ_BAD);
        cr_expect_eq(why.len > 0, rows != 2);
        table_reader_free(r);
        buf_deinit(&why);
    }
    folder_remove(&f, "a.ndjson");
}

/* Lines shorter and longer than what is read at once, in few octets and in many. */
static void long_lines(const char *file, void (*put)(struct span, struct buf *))
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < 40; i++) {
        for (size_t k = 0; k < i * 20011; k++) {
            buf_put_char(&text, (char)('a' + (i * 7 + k * k) % 26));
        }
        buf_put_char(&text, '\n');
    }
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct folder f = folder_new();
    put(buf_span(&text), &octets);
    put_file(&f, file, buf_span(&octets));
    struct table_reader *r = table_reader_new(f.path, file, UINT64_MAX, &why);
    struct span rest = buf_span(&text);
    struct span line;
    size_t lines = 0;
    while (table_reader_next(r, &line, &why) == TABLE_READ_LINE) {
        cr_assert_eq(line.len, lines * 20011);
        cr_assert(span_eq(line, span_take(rest, line.len)));
        rest = span_drop(rest, line.len + 1);
        lines++;
    }
    cr_expect_eq(lines, 40);
    cr_expect_eq(why.len, 0);
    table_reader_free(r);
    folder_remove(&f, file);
    buf_deinit(&text);
    buf_deinit(&octets);
    buf_deinit(&why);
}

static void put_plain(struct span in, struct buf *out)
{
    buf_put(out, in);
}

Test(table_reader, lines_longer_than_what_is_read_at_once)
{
    long_lines("a.ndjson", put_plain);
    long_lines("a.ndjson.gz", put_gzip);
    long_lines("a.ndjson.zst", put_zstd);
}

/* A file of a few kilobytes must not make us hold gigabytes. */
Test(table_reader, a_line_without_end_is_refused_at_the_bound)
{
    struct buf zeros = BUF_INIT(BUF_NO_LIMIT);
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    memset(buf_room(&zeros, TABLE_LINE_MAX + (1U << 20)), ' ', TABLE_LINE_MAX + (1U << 20));
    zeros.len = TABLE_LINE_MAX + (1U << 20);
    put_zstd(buf_span(&zeros), &octets);
    struct folder f = folder_new();
    put_file(&f, "a.ndjson.zst", buf_span(&octets));
    struct table_reader *r = table_reader_new(f.path, "a.ndjson.zst", UINT64_MAX, &why);
    struct span line;
    cr_expect_eq(table_reader_next(r, &line, &why), TABLE_READ_BAD);
    cr_expect(span_ends_with(buf_span(&why), SPAN_LIT("line 1: longer than 67108864 octets")));
    table_reader_free(r);
    folder_remove(&f, "a.ndjson.zst");
    buf_deinit(&zeros);
    buf_deinit(&octets);
    buf_deinit(&why);
}

Test(table_reader, no_file_and_no_regular_file)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct folder f = folder_new();
    cr_expect_null(table_reader_new(f.path, "a.ndjson", UINT64_MAX, &why));
    cr_expect(span_ends_with(buf_span(&why), SPAN_LIT("a.ndjson: No such file or directory")));
    buf_reset(&why);
    cr_expect_null(table_reader_new(f.path, ".", UINT64_MAX, &why));
    cr_expect(span_ends_with(buf_span(&why), SPAN_LIT(": not a file")));
    folder_remove(&f, "a.ndjson");
    buf_deinit(&why);
}
