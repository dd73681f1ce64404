#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "scanner/base/buf.h"
#include "scanner/base/check.h"
#include "scanner/base/file_mark.h"
#include "scanner/domain/domain_source.h"
#include "scanner/unpack/unpacker.h"

#define INPUT_MAX 32768 /* octets: what a socket holds without a reader */
#define SPARE_MAX 1024  /* octets that compression may add */

static void put_text(struct buf *b, struct span s)
{
    buf_putf(b, "%zu:", s.len);
    buf_put(b, s);
}

/* Everything that is read, as one text. Each packet of a socket is one read. */
static enum source_status read_all(struct span first, struct span second, const char *column,
                                   struct buf *out)
{
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(first.len == 0 || write(ends[1], first.at, first.len) == (ssize_t)first.len);
    CHECK(second.len == 0 || write(ends[1], second.at, second.len) == (ssize_t)second.len);
    CHECK(close(ends[1]) == 0);
    struct domain_source *s = domain_source_new(ends[0], column, true);
    struct source_record r;
    enum source_status status;
    uint64_t line = 0;
    while ((status = domain_source_next(s, &r)) == SOURCE_RECORD) {
        CHECK((r.invalid == NULL) == (r.domain.len > 0));
        CHECK(r.input_line > line && r.input_line <= domain_source_lines(s));
        line = r.input_line;
        buf_putf(out, "\n%llu %s ", (unsigned long long)line, r.invalid ? r.invalid : "");
        put_text(out, r.input);
        put_text(out, r.domain);
        for (size_t i = 0; i < r.column_count; i++) {
            put_text(out, r.columns[i].name);
            put_text(out, r.columns[i].value);
        }
    }
    buf_putf(out, "\n%d %s", (int)status, domain_source_error(s));
    uint8_t mark[UNPACK_MARK_MAX];
    size_t marked = 0;
    for (; marked < sizeof(mark) && marked < first.len + second.len; marked++) {
        mark[marked] = marked < first.len ? first.at[marked] : second.at[marked - first.len];
    }
    if (status == SOURCE_END) { /* all of it was accounted for */
        CHECK(domain_source_consumed(s) == first.len + second.len);
    }
    if (status == SOURCE_END && unpack_method_of((struct span){mark, marked}) == UNPACK_NONE) {
        uint64_t lines = 0;
        for (size_t i = 0; i < first.len + second.len; i++) {
            lines += (i < first.len ? first.at[i] : second.at[i - first.len]) == '\n';
        }
        CHECK(domain_source_lines(s) == lines || domain_source_lines(s) == lines + 1);
    }
    domain_source_free(s);
    CHECK(close(ends[0]) == 0);
    return status;
}

/* What is compressed gives the records of what it was before. */
static void read_packed(struct span all, size_t cut, const char *column, const struct buf *want)
{
    static uint8_t packed[INPUT_MAX + SPARE_MAX];
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    struct span parts;
    if (cut % 2 == 0) {
        z_stream z = {0};
        CHECK(deflateInit2(&z, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
        z.next_in = (uint8_t *)(uintptr_t)all.at;
        z.avail_in = (uInt)all.len;
        z.next_out = packed;
        z.avail_out = sizeof(packed);
        CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END && deflateEnd(&z) == Z_OK);
        parts = (struct span){packed, sizeof(packed) - z.avail_out};
    } else {
        size_t len = ZSTD_compress(packed, sizeof(packed), all.at, all.len, 1);
        CHECK(!ZSTD_isError(len));
        parts = (struct span){packed, len};
    }
    size_t at = cut % (parts.len - 1) + 1; /* an empty part would be its end */
    (void)read_all(span_take(parts, at), span_drop(parts, at), column, &got);
    CHECK(span_eq(buf_span(&got), buf_span(want)));
    buf_deinit(&got);
}

/* First octet: the column asked for. Next two: where to cut. Rest: the input. Whole, cut and compressed input
 * must give the same records. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const columns[] = {NULL, NULL, "1", "2", "domain"};
    if (size < 3 || size > INPUT_MAX) {
        return 0;
    }
    const char *column = columns[data[0] % (sizeof(columns) / sizeof(columns[0]))];
    struct span all = {data + 3, size - 3};
    size_t cut = ((size_t)data[1] << 8 | data[2]) % (all.len + 1);
    struct buf whole = BUF_INIT(BUF_NO_LIMIT);
    struct buf parts = BUF_INIT(BUF_NO_LIMIT);
    enum source_status status = read_all(all, (struct span){0}, column, &whole);
    CHECK(read_all(span_take(all, cut), span_drop(all, cut), column, &parts) == status);
    /* Of a damaged frame zstd gives nothing when it has all of it, and what it can when it has a part. */
    bool damaged = unpack_method_of(all) != UNPACK_NONE && status == SOURCE_FAILED;
    CHECK(damaged || span_eq(buf_span(&whole), buf_span(&parts)));
    /* What is refused is told with what it was inside of. */
    const uint8_t *end = all.len > 0 ? memchr(all.at, '\n', all.len) : NULL;
    struct span first = span_take(all, end != NULL ? (size_t)(end - all.at) + 1 : all.len);
    if (file_mark_of(first) == NULL && unpack_method_of(all) == UNPACK_NONE) {
        read_packed(all, cut, column, &whole);
    }
    buf_deinit(&whole);
    buf_deinit(&parts);
    return 0;
}
