#include "scanner/replay/table_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/result_file.h"
#include "scanner/base/memory.h"
#include "scanner/unpack/unpacker.h"

#define READ_STEP (256U << 10) /* octets of the file read at once, and decoded at once */

struct table_reader {
    char *path;
    int fd;
    uint64_t octets_left;      /* to be read of the file */
    enum unpack_method method; /* by its name */
    struct unpacker *unpacker;
    uint8_t *in; /* READ_STEP octets */
    size_t in_at;
    size_t in_len;
    bool in_ended;
    bool ended;      /* nothing more will come into `text` */
    struct buf text; /* decoded; the next line begins at `at` */
    size_t at;
    size_t searched; /* of text: no LF between `at` and here */
    uint64_t lines;
    uint64_t expected; /* lines; UINT64_MAX: not known */
};

static enum unpack_method method_of_name(const char *name)
{
    struct span file = span_of(name);
    if (span_ends_with(file, SPAN_LIT(RESULT_PART_SUFFIX))) {
        file.len -= strlen(RESULT_PART_SUFFIX);
    }
    return span_ends_with(file, SPAN_LIT(".gz"))    ? UNPACK_GZIP
           : span_ends_with(file, SPAN_LIT(".zst")) ? UNPACK_ZSTD
                                                    : UNPACK_NONE;
}

/* What compresses files by hand, and how it is undone. */
struct hand_packer {
    const char *suffix;
    const char *name;
    const char *undo;
    const char *magic; /* the first octets */
};

static const struct hand_packer packers[] = {
    {".zst", "zstd", "zstd -d", "\x28\xb5\x2f\xfd"},
    {".gz", "gzip", "gunzip", "\x1f\x8b"},
    {".xz", "xz", "unxz", "\xfd\x37zXZ"},
    {".bz2", "bzip2", "bunzip2", "BZh"},
};

static bool is_regular_path(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}

/* A table that is not there under its name may be there under another: compressed by hand, or the other way round. */
static void explain_missing(const char *path, struct buf *why)
{
    for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
        const struct hand_packer *p = &packers[i];
        struct buf other = BUF_INIT(BUF_NO_LIMIT);
        bool packed = span_ends_with(span_of(path), span_of(p->suffix));
        buf_putf(&other, "%.*s%s", (int)(strlen(path) - (packed ? strlen(p->suffix) : 0)), path,
                 packed ? "" : p->suffix);
        buf_put_char(&other, '\0');
        bool there = is_regular_path((const char *)other.at);
        if (there && packed) {
            buf_putf(why,
                     "; %s is there, so it was decompressed after the scan: compress it with %s",
                     (const char *)other.at, p->name);
        } else if (there) {
            buf_putf(why,
                     "; %s is there, so it was compressed after the scan: decompress it with %s",
                     (const char *)other.at, p->undo);
        }
        buf_deinit(&other);
        if (there) {
            return;
        }
    }
}

/* What `analyze` makes from the other tables. */
static bool is_made_of_others(const char *name)
{
    static const enum table_id made[] = {TABLE_COMPLETIONS, TABLE_PROBLEMS, TABLE_CAUSES,
                                         TABLE_OUTCOME_SETS};
    size_t len = strcspn(name, ".");
    bool found = false;
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]) && !found; i++) {
        found = strlen(table_name(made[i])) == len && memcmp(name, table_name(made[i]), len) == 0;
    }
    return found;
}

struct table_reader *table_reader_new(const char *dir, const char *name, uint64_t octets,
                                      struct buf *why)
{
    struct table_reader *r = memory_new(1, sizeof(*r));
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&path, "%s/%s", dir, name);
    buf_put_char(&path, '\0');
    r->path = (char *)path.at;
    r->text = BUF_INIT(BUF_NO_LIMIT);
    r->in = memory_new(1, READ_STEP);
    r->octets_left = octets;
    r->expected = UINT64_MAX;
    r->method = method_of_name(name);
    r->unpacker = unpacker_new(r->method, false);
    struct stat about;
    r->fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool opened = r->fd >= 0 && fstat(r->fd, &about) == 0;
    if (!opened || !S_ISREG(about.st_mode)) {
        bool missing = !opened && errno == ENOENT;
        buf_putf(why, "%s: %s", r->path, opened ? "not a file" : strerror(errno));
        if (missing) {
            size_t said = why->len;
            explain_missing(r->path, why);
            buf_put_text(why, why->len == said && is_made_of_others(name)
                                  ? "; mxcensus analyze makes it anew from the other tables"
                                  : "");
        }
        table_reader_free(r);
        return NULL;
    }
    return r;
}

void table_reader_free(struct table_reader *r)
{
    if (r != NULL) {
        if (r->fd >= 0) {
            (void)close(r->fd);
        }
        unpacker_free(r->unpacker);
        buf_deinit(&r->text);
        free(r->in);
        free(r->path);
        free(r);
    }
}

static bool fill_in(struct table_reader *r)
{
    if (r->in_at < r->in_len || r->in_ended) {
        return true;
    }
    ssize_t got;
    size_t len = r->octets_left < READ_STEP ? (size_t)r->octets_left : READ_STEP;
    do {
        got = read(r->fd, r->in, len);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return false;
    }
    r->octets_left -= (uint64_t)got;
    r->in_at = 0;
    r->in_len = (size_t)got;
    r->in_ended = got == 0;
    return true;
}

/* At its begin: a file that is compressed although its name does not say so. @return NULL: it is not */
static const struct hand_packer *packer_of_plain(const struct table_reader *r)
{
    bool first = r->method == UNPACK_NONE && r->lines == 0 && r->text.len == 0 && r->in_at == 0;
    for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]) && first; i++) {
        size_t len = strlen(packers[i].magic);
        if (r->in_len >= len && memcmp(r->in, packers[i].magic, len) == 0) {
            return &packers[i];
        }
    }
    return NULL;
}

/* Adds octets to `text`; sets `ended` when there are no more. */
static enum table_read fill_text(struct table_reader *r, struct buf *why)
{
    if (!fill_in(r)) {
        buf_putf(why, "%s: %s", r->path, strerror(errno));
        return TABLE_READ_FAILED;
    }
    const struct hand_packer *packer = packer_of_plain(r);
    if (packer != NULL) {
        buf_putf(why,
                 "%s: is compressed by %s, though its name does not say so: add %s to the name and "
                 "decompress it with %s",
                 r->path, packer->name, packer->suffix, packer->undo);
        return TABLE_READ_BAD;
    }
    size_t len = 0;
    struct span in = {r->in + r->in_at, r->in_len - r->in_at};
    enum unpack_end end = unpacker_step(r->unpacker, &in, r->in_ended,
                                        buf_room(&r->text, READ_STEP), READ_STEP, &len);
    r->in_at = r->in_len - in.len;
    r->text.len += len;
    r->ended = r->in_ended && len == 0;
    if (end != UNPACK_GOES_ON) {
        buf_putf(why, "%s: damaged after line %llu: %s", r->path, (unsigned long long)r->lines,
                 end == UNPACK_CUT ? "the compressed data ends too early"
                                   : "not valid compressed data");
        return TABLE_READ_BAD;
    }
    return TABLE_READ_LINE;
}

/* Moves the rest of the text to the front before more is added. */
static void drop_read(struct table_reader *r)
{
    if (r->at > 0) {
        memmove(r->text.at, r->text.at + r->at, r->text.len - r->at);
        r->text.len -= r->at;
        r->searched -= r->at;
        r->at = 0;
    }
}

static const uint8_t *find_line_end(struct table_reader *r)
{
    size_t left = r->text.len - r->searched;
    const uint8_t *end = left > 0 ? memchr(r->text.at + r->searched, '\n', left) : NULL;
    r->searched = r->text.len;
    return end;
}

void table_reader_expect(struct table_reader *r, uint64_t rows)
{
    r->expected = rows;
}

static enum table_read read_end(const struct table_reader *r, struct buf *why)
{
    if (r->expected != UINT64_MAX && r->lines != r->expected) {
        buf_putf(why, "%s: has %llu rows, but %llu when the scan ended", r->path,
                 (unsigned long long)r->lines, (unsigned long long)r->expected);
        return TABLE_READ_BAD;
    }
    return TABLE_READ_END;
}

enum table_read table_reader_next(struct table_reader *r, struct span *line, struct buf *why)
{
    const uint8_t *end;
    while ((end = find_line_end(r)) == NULL && !r->ended) {
        drop_read(r);
        if (r->text.len > TABLE_LINE_MAX) {
            buf_putf(why, "%s, line %llu: longer than %u octets", r->path,
                     (unsigned long long)r->lines + 1, TABLE_LINE_MAX);
            return TABLE_READ_BAD;
        }
        enum table_read filled = fill_text(r, why);
        if (filled != TABLE_READ_LINE) {
            return filled;
        }
    }
    if (end == NULL && r->at == r->text.len) {
        return read_end(r, why);
    }
    if (end == NULL) {
        buf_putf(why, "%s, line %llu: the file ends inside the line", r->path,
                 (unsigned long long)r->lines + 1);
        return TABLE_READ_BAD;
    }
    *line = (struct span){r->text.at + r->at, (size_t)(end - (r->text.at + r->at))};
    r->at += line->len + 1;
    r->searched = r->at;
    r->lines++;
    return TABLE_READ_LINE;
}

uint64_t table_reader_lines(const struct table_reader *r)
{
    return r->lines;
}

void table_reader_blame(const struct table_reader *r, struct buf *why)
{
    buf_putf(why, "%s, line %llu: ", r->path, (unsigned long long)r->lines);
}
