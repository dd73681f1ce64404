#include <criterion/criterion.h>

#include "scanner/base/file_mark.h"

/* What tar makes of one file, and what only has the word in it. */
Test(file_mark, tar_is_known_by_its_first_header)
{
    uint8_t head[512] = "lists/domains.txt";
    const struct span all = {head, sizeof(head)};
    memcpy(head + 257, "ustar\00000", 8);
    cr_assert_not_null(file_mark_of(all));
    cr_expect_str_eq(file_mark_of(all)->what, "a tar archive");
    cr_expect_str_eq(file_mark_of(all)->text, "tar -xOf FILE MEMBER");
    cr_expect_str_eq(file_mark_of(span_take(all, 261))->what, "binary data");
    memset(head, 'a', sizeof(head));
    memcpy(head + 256, "ustar", 5);
    cr_expect_null(file_mark_of(all));
}

Test(file_mark, what_is_no_text_is_named)
{
    static const struct {
        struct span begin;
        const char *what; /* NULL: it may be text */
    } cases[] = {
        {SPAN_INIT(""), NULL},
        {SPAN_INIT("a"), NULL},
        {SPAN_INIT("example.org\n"), NULL},
        {SPAN_INIT("\xef\xbb\xbf"
                   "example.org\n"),
         NULL},
        {SPAN_INIT("b\xc3\xbc"
                   "cher.example\n"),
         NULL},
        {SPAN_INIT("a\0b.example\nexample.org\n"),
         NULL}, /* one NUL is a bad line, not another format */
        {SPAN_INIT("BZh.example\n"), NULL},
        {SPAN_INIT("PAR1.example\n"), NULL},
        {SPAN_INIT("\xff\xfe"
                   "e\0x\0"),
         "UTF-16"},
        {SPAN_INIT("\xfe\xff\0e\0x"), "UTF-16"},
        {SPAN_INIT("e\0x\0a\0m\0"), "UTF-16 without a byte order mark"},
        {SPAN_INIT("\0e\0x\0a\0m"), "UTF-16 without a byte order mark"},
        {SPAN_INIT("\xff\xfe\0\0e\0\0\0"), "UTF-32"},
        {SPAN_INIT("\0\0\xfe\xff\0\0\0e"), "UTF-32"},
        {SPAN_INIT("\x1f\x8b\x08"), "gzip data"},
        {SPAN_INIT("\x28\xb5\x2f\xfd"), "zstd data"},
        {SPAN_INIT("\xfd"
                   "7zXZ\0"),
         "xz data"},
        {SPAN_INIT("BZh91AY&SY\1"), "bzip2 data"},
        {SPAN_INIT("PK\3\4\x14"), "a zip archive or a workbook"},
        {SPAN_INIT("SQLite format 3\0"), "an SQLite database"},
        {SPAN_INIT("PAR1\x15\4"), "a Parquet file"},
        {SPAN_INIT("\0\0\0\0\0\0\0\0"), "binary data"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct file_mark *mark = file_mark_of(cases[i].begin);
        cr_expect_eq(mark != NULL, cases[i].what != NULL, "case %zu", i);
        cr_expect(mark == NULL || cases[i].what == NULL || strcmp(mark->what, cases[i].what) == 0,
                  "case %zu: %s", i, mark != NULL ? mark->what : "text");
    }
}

static const struct command_case {
    struct span begin;
    const char *unpack;
    const char *command;
} command_cases[] = {
    {SPAN_INIT("BZh91AY&SY"), NULL, "; give what 'bzcat FILE' prints"},
    {SPAN_INIT("BZh91AY&SY"), "zcat", "; give what 'zcat FILE | bzcat' prints"},
    {SPAN_INIT("\xff\xfe"), NULL, "; give what 'iconv -f UTF-16 -t UTF-8 FILE' prints"},
    {SPAN_INIT("\xff\xfe"), "zstdcat",
     "; give what 'zstdcat FILE | iconv -f UTF-16 -t UTF-8' prints"},
    {SPAN_INIT("PK\3\4"), NULL, "; give what 'unzip -p FILE' prints"},
    {SPAN_INIT("PK\3\4"), "zcat", "; give what 'zcat FILE | funzip' prints"},
    {SPAN_INIT("%PDF-"), NULL, ""},
    {SPAN_INIT("%PDF-"), "zcat", ""},
};

/* What is compressed as well takes the command that unpacks it first. */
Test(file_mark, the_command_is_one_for_the_file_as_it_is)
{
    for (size_t i = 0; i < sizeof(command_cases) / sizeof(command_cases[0]); i++) {
        const struct command_case *c = &command_cases[i];
        struct buf told = BUF_INIT(BUF_NO_LIMIT);
        file_mark_put_command(file_mark_of(c->begin), c->unpack, &told);
        cr_expect(span_eq(buf_span(&told), span_of(c->command)), "case %zu: %.*s", i, (int)told.len,
                  (const char *)told.at);
        buf_deinit(&told);
    }
    uint8_t head[512] = "lists/domains.txt";
    struct buf told = BUF_INIT(BUF_NO_LIMIT);
    memcpy(head + 257, "ustar\00000", 8);
    file_mark_put_command(file_mark_of((struct span){head, sizeof(head)}), "zcat", &told);
    cr_expect(span_eq(buf_span(&told), SPAN_LIT("; give what 'tar -xOf FILE MEMBER' prints")));
    buf_deinit(&told);
}
