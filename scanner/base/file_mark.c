#include "scanner/base/file_mark.h"

/* What takes the name of a file, and its standard input without one. */
#define FILTER(command) command " FILE", command

static const struct {
    struct span octets;
    struct file_mark mark;
} file_marks[] = {
    /* UTF-32 begins as UTF-16 does. */
    {SPAN_INIT("\xff\xfe\0\0"), {"UTF-32", FILTER("iconv -f UTF-32 -t UTF-8")}},
    {SPAN_INIT("\0\0\xfe\xff"), {"UTF-32", FILTER("iconv -f UTF-32 -t UTF-8")}},
    {SPAN_INIT("\xff\xfe"), {"UTF-16", FILTER("iconv -f UTF-16 -t UTF-8")}},
    {SPAN_INIT("\xfe\xff"), {"UTF-16", FILTER("iconv -f UTF-16 -t UTF-8")}},
    {SPAN_INIT("\x1f\x8b"), {"gzip data", FILTER("zcat")}},            /* RFC 1952 section 2.3.1 */
    {SPAN_INIT("\x28\xb5\x2f\xfd"), {"zstd data", FILTER("zstdcat")}}, /* RFC 8878 section 3.1.1 */
    {SPAN_INIT("\xfd"
               "7zXZ\0"),
     {"xz data", FILTER("xzcat")}},
    {SPAN_INIT("BZh91AY&SY"), {"bzip2 data", FILTER("bzcat")}},
    {SPAN_INIT("PK\3\4"), {"a zip archive or a workbook", "unzip -p FILE", "funzip"}},
    {SPAN_INIT("SQLite format 3\0"), {"an SQLite database", NULL, NULL}},
    {SPAN_INIT("PAR1\x15"), {"a Parquet file", NULL, NULL}},
    {SPAN_INIT("%PDF-"), {"a PDF document", NULL, NULL}},
};

static const struct file_mark utf16_le = {"UTF-16 without a byte order mark",
                                          FILTER("iconv -f UTF-16LE -t UTF-8")};
static const struct file_mark utf16_be = {"UTF-16 without a byte order mark",
                                          FILTER("iconv -f UTF-16BE -t UTF-8")};
static const struct file_mark binary = {"binary data", NULL, NULL};

/* POSIX.1-2024 pax, ustar Interchange Format: `magic` of the first header. tar itself finds out how it is compressed. */
static const struct file_mark tar = {"a tar archive", "tar -xOf FILE MEMBER", NULL};

#define TAR_MAGIC_AT   257
#define NULS_TELL_FROM 8 /* octets: fewer may be a bad line of a text */

/** By the places of NULs: no text in UTF-8 has one, and half the octets of ASCII in UTF-16 are. */
static const struct file_mark *mark_of_nuls(struct span begin)
{
    if (begin.len < NULS_TELL_FROM) {
        return NULL;
    }
    size_t nuls[2] = {0};
    for (size_t i = 0; i < begin.len; i++) {
        nuls[i % 2] += begin.at[i] == 0;
    }
    size_t most = begin.len / 4; /* of one half: most of the characters are ASCII */
    if (nuls[1] > most && nuls[0] == 0) {
        return &utf16_le;
    }
    if (nuls[0] > most && nuls[1] == 0) {
        return &utf16_be;
    }
    return nuls[0] + nuls[1] > most ? &binary : NULL;
}

const struct file_mark *file_mark_of(struct span begin)
{
    begin = span_take(begin, FILE_MARK_MAX);
    for (size_t i = 0; i < sizeof(file_marks) / sizeof(file_marks[0]); i++) {
        struct span octets = file_marks[i].octets;
        if (span_eq(span_take(begin, octets.len), octets)) {
            return &file_marks[i].mark;
        }
    }
    struct span behind = begin.len > TAR_MAGIC_AT ? span_drop(begin, TAR_MAGIC_AT) : SPAN_LIT("");
    return span_eq(span_take(behind, 5), SPAN_LIT("ustar")) ? &tar : mark_of_nuls(begin);
}

void file_mark_put_command(const struct file_mark *m, const char *unpack, struct buf *to)
{
    if (m->text == NULL) {
        return;
    }
    if (unpack != NULL && m->piped != NULL) {
        buf_putf(to, "; give what '%s FILE | %s' prints", unpack, m->piped);
    } else {
        buf_putf(to, "; give what '%s' prints", m->text);
    }
}

size_t file_mark_utf8_len(struct span begin)
{
    static const struct span mark = SPAN_INIT("\xef\xbb\xbf");
    return span_eq(span_take(begin, mark.len), mark) ? mark.len : 0;
}
