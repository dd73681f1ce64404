#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/schema.h"
#include "scanner/base/file.h"
#include "scanner/base/text.h"
#include "scanner/cli/commands.h"
#include "scanner/cli/similar.h"
#include "scanner/replay/result_check.h"
#include "scanner/replay/results.h"
#include "scanner/replay/table_reader.h"

/** Where the files of a results directory are. */
struct loaded {
    char folder[PATH_MAX];
    struct buf path[TABLE_COUNT];
    struct buf header[TABLE_COUNT]; /* of CSV */
    struct schema_sources sources;
    struct results results; /* their manifest */
};

static const struct {
    const char *suffix;
    const char *unpack;
} packings[] = {{"", NULL}, {".gz", "gzip -dc"}, {".zst", "zstd -dcq"}};

static bool find_source(struct loaded *l, enum table_id t)
{
    const char *ending = table_is_csv_only(t) ? "csv" : "ndjson";
    struct buf *path = &l->path[t];
    *path = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++) {
        buf_reset(path);
        buf_putf(path, "%s/%s.%s%s", l->folder, table_name(t), ending, packings[i].suffix);
        buf_put_char(path, '\0');
        if (access((const char *)path->at, R_OK) == 0) {
            l->sources.of[t] = (struct schema_source){.path = (const char *)path->at,
                                                      .unpack = packings[i].unpack};
            return true;
        }
    }
    return false;
}

/* They stand in a statement. */
static bool are_column_names(struct span header)
{
    size_t i = 0;
    while (i < header.len && (header.at[i] == ',' || header.at[i] == '_' ||
                              (header.at[i] >= 'a' && header.at[i] <= 'z') ||
                              (header.at[i] >= '0' && header.at[i] <= '9'))) {
        i++;
    }
    return header.len > 0 && i == header.len;
}

/* --columns leaves columns out: which, the file says. @return false with one line in `why` */
static bool read_header(struct loaded *l, enum table_id t, struct buf *why)
{
    const char *path = l->sources.of[t].path;
    struct table_reader *reader =
        table_reader_new(l->folder, path + strlen(l->folder) + 1, UINT64_MAX, why);
    struct span line = {0};
    bool read = reader != NULL;
    if (read && table_reader_next(reader, &line, why) == TABLE_READ_LINE) {
        line = text_trim(line);
    }
    if (read && why->len == 0 && !are_column_names(line)) {
        buf_putf(why, "%s: begins without the names of its columns, so no scan wrote it", path);
    }
    l->header[t] = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&l->header[t], line);
    buf_put_char(&l->header[t], '\0');
    l->sources.of[t].header = (const char *)l->header[t].at;
    table_reader_free(reader);
    return why->len == 0;
}

/* It stands in a statement. */
static bool is_uuid(const char *text)
{
    return strlen(text) + 1 == UUID_TEXT_MAX &&
           strspn(text, "0123456789abcdef-") + 1 == UUID_TEXT_MAX;
}

/* @return false with one line in `why` */
static bool take_source(struct loaded *l, const char *folder, enum table_id t, bool alone,
                        struct buf *why)
{
    bool csv = table_is_csv_only(t);
    enum row_format format = csv ? ROW_FORMAT_CSV : ROW_FORMAT_NDJSON;
    if (find_source(l, t)) {
        const char *name = l->sources.of[t].path + strlen(l->folder) + 1;
        return result_check_file(&l->results, t, format, name, why) &&
               (!csv || read_header(l, t, why));
    }
    if (result_check_is_named(&l->results, t, format)) {
        buf_putf(why, "%s: there is no %s.%s, which its manifest.json names; copy it again", folder,
                 table_name(t), row_format_word(format));
        return false;
    }
    bool may_lack = results_are_partial(&l->results) || t == TABLE_OUTCOME_SETS; /* not in full */
    bool left_out = may_lack && !results_has_table(&l->results, t);
    /* Join tables are for readers without JSON: NDJSON has the same in other rows. */
    if (!alone && (csv || left_out)) {
        return true;
    }
    if (left_out) {
        buf_putf(why, "%s: the table %s was left out of these results (--tables)", folder,
                 table_name(t));
    } else {
        buf_putf(why, "%s: there is no %s.%s; a scan writes it with --format %s", folder,
                 table_name(t), csv ? "csv" : "ndjson", csv ? "both" : "ndjson or both");
    }
    return false;
}

/* @return false with one line in `why` */
static bool find_sources(struct loaded *l, const char *folder, struct schema_tables tables,
                         struct buf *why)
{
    if (realpath(folder, l->folder) == NULL) {
        buf_putf(why, "%s: %s", folder, strerror(errno));
        return false;
    }
    if (!schema_path_is_plain(l->folder)) {
        buf_putf(
            why,
            "%s: statements cannot name a path with a quote, a wildcard, a bracket or what a shell "
            "obeys; rename the directory",
            folder);
        return false;
    }
    if (!file_is_in(l->folder, "manifest.json")) {
        buf_putf(
            why,
            "%s: there is no manifest.json, so these are no complete results; see scan --resume "
            "and analyze",
            folder);
        return false;
    }
    if (!results_open(&l->results, folder, why)) {
        return false;
    }
    l->sources.scan_id = l->results.scan_id;
    if (!is_uuid(l->sources.scan_id)) {
        buf_putf(why, "%s/manifest.json: has no scan_id; these are results of an older version",
                 folder);
        return false;
    }
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        if (schema_has_table(tables, (enum table_id)t) &&
            !take_source(l, folder, (enum table_id)t, tables.one, why)) {
            return false;
        }
    }
    return true;
}

static bool put_loading(struct buf *text, const struct options *o, struct schema_tables tables,
                        struct buf *why)
{
    static struct loaded l;
    bool found = find_sources(&l, o->schema_load, tables, why);
    if (found) {
        schema_put_sql(text, o->schema_format, tables, &l.sources);
    }
    results_deinit(&l.results);
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        buf_deinit(&l.path[t]);
        buf_deinit(&l.header[t]);
    }
    return found;
}

/* @return false with one line in `why` */
static bool find_tables(const struct options *o, struct schema_tables *tables, struct buf *why)
{
    *tables = (struct schema_tables){.one = o->word_count == 1};
    if (tables->one && !table_find(span_of(o->words[0]), &tables->only)) {
        similar_put_no_table(NULL, span_of(o->words[0]), why);
        return false;
    }
    return true;
}

static bool put_schema(struct buf *text, const struct options *o, struct schema_tables tables,
                       struct buf *why)
{
    bool sql = o->schema_format != SCHEMA_JSON_SCHEMA && o->schema_format != SCHEMA_BIGQUERY;
    if (o->schema_load != NULL && !sql) {
        buf_put_text(why, "--load is for --format postgresql, duckdb or clickhouse");
        return false;
    }
    if (o->schema_load != NULL) {
        return put_loading(text, o, tables, why);
    }
    if (sql) {
        schema_put_sql(text, o->schema_format, tables, NULL);
    } else if (o->schema_format == SCHEMA_BIGQUERY) {
        schema_put_bigquery(text, tables);
    } else {
        schema_put_json(text, tables);
    }
    return true;
}

enum exit_code schema_command(struct options *o, struct buf *why)
{
    struct schema_tables tables;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    bool put = find_tables(o, &tables, why) && put_schema(&text, o, tables, why);
    enum exit_code code = put ? print_text(&text, why) : EXIT_CODE_USAGE;
    buf_deinit(&text);
    return code;
}
