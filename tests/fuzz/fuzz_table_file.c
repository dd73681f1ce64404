#include "scanner/base/check.h"
#include "scanner/replay/table_reader.h"
#include "tests/fuzz/scratch_file.h"

#define LINES_MAX 100000 /* a few octets may stand for many */

/* First octet: how the file is compressed. Whatever is in it: lines, and then an end or one reason. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"t.ndjson", "t.ndjson.gz", "t.ndjson.zst"};
    if (size == 0) {
        return 0;
    }
    const char *name = names[data[0] % 3];
    scratch_put_file(name, data + 1, size - 1);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct table_reader *r = table_reader_new(scratch_folder(), name, UINT64_MAX, &why);
    CHECK(r != NULL);
    struct span line;
    uint64_t lines = 0;
    enum table_read got;
    while ((got = table_reader_next(r, &line, &why)) == TABLE_READ_LINE && lines < LINES_MAX) {
        CHECK(line.len <= TABLE_LINE_MAX + (1U << 20));
        CHECK(line.len == 0 || memchr(line.at, '\n', line.len) == NULL);
        CHECK(table_reader_lines(r) == ++lines);
    }
    CHECK(got != TABLE_READ_FAILED && (got == TABLE_READ_BAD) == (why.len > 0));
    table_reader_free(r);
    buf_deinit(&why);
    return 0;
}
