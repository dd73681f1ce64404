#include "scanner/replay/result_check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "scanner/replay/manifest_keys.h"
#include "scanner/replay/table_reader.h"

static bool says_text(const json_t *entry, const char *key, const char *text)
{
    const char *is = json_string_value(json_object_get(entry, key));
    return is != NULL && strcmp(is, text) == 0;
}

/* @return NULL: there is none */
static const json_t *find_named_file(const struct results *r, enum table_id t,
                                     enum row_format format)
{
    const json_t *files = json_object_get(r->manifest, KEY_FILES);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *entry = json_array_get(files, i);
        if (says_text(entry, "table", table_name(t)) &&
            says_text(entry, "format", row_format_word(format))) {
            return entry;
        }
    }
    return NULL;
}

static void put_what_to_do(struct buf *why)
{
    buf_put_text(why, ": cut or changed since; copy the results again, or scan again");
}

static bool has_size(const struct results *r, const char *name, uint64_t octets, struct buf *why)
{
    struct stat about;
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&path, "%s/%s", r->path, name);
    buf_put_char(&path, '\0');
    bool found = stat((const char *)path.at, &about) == 0;
    bool same = found && (uint64_t)about.st_size == octets;
    if (!found) {
        buf_putf(why, "%s: %s", (const char *)path.at, strerror(errno));
    } else if (!same) {
        buf_putf(why, "%s: has %llu octets, but %llu when the scan ended", (const char *)path.at,
                 (unsigned long long)about.st_size, (unsigned long long)octets);
        put_what_to_do(why);
    }
    buf_deinit(&path);
    return same;
}

/* A record of CSV is one line, behind that of the names. */
static bool has_lines(const struct results *r, const char *name, uint64_t lines, struct buf *why)
{
    struct table_reader *reader = table_reader_new(r->path, name, UINT64_MAX, why);
    enum table_read got = TABLE_READ_LINE;
    struct span line;
    while (reader != NULL && got == TABLE_READ_LINE) {
        got = table_reader_next(reader, &line, why);
    }
    uint64_t has = reader != NULL ? table_reader_lines(reader) : 0;
    if (got == TABLE_READ_END && has != lines) {
        buf_putf(why, "%s/%s: has %llu lines, but %llu when the scan ended", r->path, name,
                 (unsigned long long)has, (unsigned long long)lines);
        put_what_to_do(why);
    }
    table_reader_free(reader);
    return why->len == 0;
}

bool result_check_file(const struct results *r, enum table_id t, enum row_format format,
                       const char *name, struct buf *why)
{
    const json_t *entry = find_named_file(r, t, format);
    const json_t *octets = json_object_get(entry, "octets");
    const json_t *rows = json_object_get(entry, "rows");
    if (json_object_get(r->manifest, KEY_FILES) == NULL) {
        return true;
    }
    if (entry == NULL) {
        buf_putf(why,
                 "%s/%s: not a file of these results, as their manifest.json does not name the "
                 "table; delete it",
                 r->path, name);
        return false;
    }
    if (says_text(entry, "name", name) && json_is_integer(octets)) {
        return has_size(r, name, (uint64_t)json_integer_value(octets), why);
    }
    uint64_t head = format == ROW_FORMAT_CSV ? 1 : 0;
    return !json_is_integer(rows) ||
           has_lines(r, name, (uint64_t)json_integer_value(rows) + head, why);
}

bool result_check_is_named(const struct results *r, enum table_id t, enum row_format format)
{
    return find_named_file(r, t, format) != NULL;
}
