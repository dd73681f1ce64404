#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/replay/table_reader.h"

#define LINES_MAX 100000 /* a few octets may stand for many */

static const char *folder(void)
{
    static char made[] = "/tmp/mxcensus-fuzz-XXXXXX";
    static bool is_made = false;
    if (!is_made) {
        CHECK(mkdtemp(made) != NULL);
        is_made = true;
    }
    return made;
}

static void put_file(const char *name, const uint8_t *data, size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder(), name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

/* First octet: how the file is compressed. Whatever is in it: lines, and then an end or one reason. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"t.ndjson", "t.ndjson.gz", "t.ndjson.zst"};
    if (size == 0) {
        return 0;
    }
    const char *name = names[data[0] % 3];
    put_file(name, data + 1, size - 1);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct table_reader *r = table_reader_new(folder(), name, UINT64_MAX, &why);
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
