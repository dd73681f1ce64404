#include "scanner/replay/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/cert/digest.h"
#include "scanner/domain/shared_operators.h"
#include "scanner/replay/manifest_keys.h"
#include "scanner/replay/result_shard.h"
#include "scanner/rows/plain_values.h"

#define MANIFEST_SCHEMA   1
#define INPUT_NAMES_MAX   3           /* lists that are named */
#define VERSION_SHOWN_MAX 40          /* octets of a foreign text; our own bound */
#define MANIFEST_MAX      (64U << 20) /* octets; our own bound */

static bool read_whole(const char *dir, const char *name, struct buf *octets, struct buf *why)
{
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&path, "%s/%s", dir, name);
    buf_put_char(&path, '\0');
    int fd = open((const char *)path.at, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    bool ours = fd < 0 || fstat(fd, &about) != 0 || S_ISREG(about.st_mode);
    enum file_end end = fd < 0 ? FILE_FAILED : !ours ? FILE_TOO_LARGE : file_read_rest(fd, octets);
    bool ok = end == FILE_COMPLETE;
    if (!ok) {
        buf_putf(why, "%s: %s", (const char *)path.at,
                 end == FILE_TOO_LARGE ? "not a file that mxcensus wrote" : strerror(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    buf_deinit(&path);
    return ok;
}

static void put_manifest_path(const struct results *r, struct buf *why)
{
    buf_putf(why, "%s/%s: ", r->path, r->has_cut ? MANIFEST_STARTED_NAME : MANIFEST_NAME);
}

static bool refuse(const struct results *r, struct buf *why, const char *what)
{
    put_manifest_path(r, why);
    buf_put_text(why, what);
    return false;
}

bool results_read_time(const json_t *value, int64_t *unix_ms)
{
    const char *text = json_string_value(value);
    return text != NULL && text_to_time_ms(span_of(text), unix_ms);
}

/* "25,587": the ports of the scan, as the option has them. */
static bool read_ports(struct results *r)
{
    const json_t *options = json_object_get(r->manifest, KEY_OPTIONS);
    struct span rest = span_of(json_string_value(json_object_get(options, KEY_PORTS)));
    while (rest.len > 0 && r->port_count < COUNT_PORTS_MAX) {
        uint64_t port = 0;
        if (!text_to_u64(text_take_until(&rest, ','), &port) || port == 0 || port > UINT16_MAX) {
            return false;
        }
        r->ports[r->port_count++] = (uint16_t)port;
    }
    return r->port_count > 0 && rest.len == 0;
}

static struct manifest_input input_of(const json_t *input)
{
    struct manifest_input in = {.path = json_string_value(json_object_get(input, "path"))};
    const json_t *octets = json_object_get(input, "octets");
    const char *sha256 = json_string_value(json_object_get(input, "sha256"));
    in.octets = (uint64_t)json_integer_value(octets);
    in.is_file = json_is_integer(octets) && sha256_of_hex(span_of(sha256), in.sha256);
    return in;
}

/* Older versions did not say which lists they were. */
static void read_inputs(struct results *r)
{
    const json_t *list = json_object_get(r->manifest, KEY_INPUTS);
    size_t count = json_array_size(list);
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    r->inputs = memory_new(count, sizeof(*r->inputs));
    r->input_count = count;
    for (size_t i = 0; i < count; i++) {
        r->inputs[i] = input_of(json_array_get(list, i));
        if (i < INPUT_NAMES_MAX && r->inputs[i].path != NULL) {
            const char *between = i == 0 ? "" : i + 1 == count ? " and " : ", ";
            buf_putf(&names, "%s%s", between, r->inputs[i].path);
        }
    }
    if (count == 0) {
        return;
    }
    if (count > INPUT_NAMES_MAX) {
        buf_putf(&names, " and %zu more", count - INPUT_NAMES_MAX);
    }
    buf_put_char(&names, '\0');
    r->lists = (char *)names.at;
}

const char *results_text(const struct results *r, const char *key, const char *inner)
{
    const json_t *value = json_object_get(r->manifest, key);
    return json_string_value(inner != NULL ? json_object_get(value, inner) : value);
}

const char *results_word(const struct results *r, size_t index)
{
    return json_string_value(json_array_get(json_object_get(r->manifest, KEY_COMMAND_LINE), index));
}

/* Schemas are counted up: a later one is of a later version. */
static bool refuse_schema(const struct results *r, const json_t *schema, struct buf *why)
{
    if (!json_is_integer(schema)) {
        return refuse(r, why, "has no schema: it is not a manifest of mxcensus");
    }
    const char *version = results_text(r, "version", NULL);
    struct buf shown = BUF_INIT(BUF_NO_LIMIT);
    text_put_visible(&shown, span_take(span_of(version), VERSION_SHOWN_MAX));
    put_manifest_path(r, why);
    buf_putf(why, "has schema %lld, but this version reads schema %d", json_integer_value(schema),
             MANIFEST_SCHEMA);
    if (version != NULL) {
        buf_put_text(why, ": it was written by mxcensus ");
        buf_put(why, buf_span(&shown));
    }
    buf_put_text(why, "; use that version or a later one");
    buf_deinit(&shown);
    return false;
}

static bool read_manifest(struct results *r, struct buf *why)
{
    const json_t *schema = json_object_get(r->manifest, KEY_SCHEMA);
    if (!json_is_integer(schema) || json_integer_value(schema) != MANIFEST_SCHEMA) {
        return refuse_schema(r, schema, why);
    }
    int64_t judged_ms = 0;
    const json_t *judged = json_object_get(r->manifest, KEY_JUDGED_AT);
    if (judged != NULL && !results_read_time(judged, &judged_ms)) {
        return refuse(r, why, KEY_JUDGED_AT " is not a time");
    }
    r->at = judged != NULL ? judged_ms / 1000 - (judged_ms % 1000 < 0) : INT64_MIN;
    const json_t *trust_ad = json_object_get(r->manifest, KEY_TRUST_AD);
    r->trust_ad = json_is_true(json_object_get(trust_ad, "trusted"));
    const json_t *vantage = json_object_get(r->manifest, KEY_VANTAGE);
    r->port_25_is_open = json_is_true(json_object_get(vantage, "port_25_is_open"));
    if (!results_read_time(json_object_get(r->manifest, KEY_STARTED), &r->started_unix_ms) ||
        !results_read_time(json_object_get(r->manifest, KEY_ENDED), &r->ended_unix_ms)) {
        return refuse(r, why, "does not say when the scan started and ended");
    }
    const json_t *last_rows = json_object_get(r->manifest, KEY_LAST_ROWS);
    r->last_rows_unix_ms = r->ended_unix_ms;
    if (last_rows != NULL && !results_read_time(last_rows, &r->last_rows_unix_ms)) {
        return refuse(r, why, KEY_LAST_ROWS " is not a time");
    }
    const char *scan_id = results_text(r, KEY_SCAN_ID, NULL);
    if (scan_id != NULL && strlen(scan_id) + 1 != sizeof(r->scan_id)) {
        return refuse(r, why, KEY_SCAN_ID " is not a UUID");
    }
    memcpy(r->scan_id, scan_id != NULL ? scan_id : "", scan_id != NULL ? sizeof(r->scan_id) : 1);
    read_inputs(r);
    result_shard_read(r);
    return read_ports(r) || refuse(r, why, "does not say which ports were scanned");
}

/* The file of a table, by its name. @return false: there is none */
static bool find_bare_as(const struct results *r, const char *table, enum row_format format,
                         char name[RESULTS_NAME_MAX])
{
    static const enum result_codec codecs[] = {RESULT_CODEC_NONE, RESULT_CODEC_GZIP,
                                               RESULT_CODEC_ZSTD};
    for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        (void)snprintf(name, RESULTS_NAME_MAX, "%s.%s%s", table, row_format_word(format),
                       result_codec_suffix(codecs[i]));
        if (file_is_in(r->path, name)) {
            return true;
        }
    }
    return false;
}

static bool find_bare(const struct results *r, const char *table, char name[RESULTS_NAME_MAX])
{
    return find_bare_as(r, table, ROW_FORMAT_NDJSON, name);
}

static bool has_bare_tables(const struct results *r, enum row_format format)
{
    bool found = false;
    for (unsigned t = 0; t < TABLE_COUNT && !found; t++) {
        char name[RESULTS_NAME_MAX];
        found = find_bare_as(r, table_name((enum table_id)t), format, name);
    }
    return found;
}

static void put_csv_alone(const struct results *r, struct buf *why)
{
    buf_putf(
        why,
        "%s: its rows are CSV alone, which is not read back; scan with --format ndjson or both",
        r->path);
}

/* Without a manifest: how far the files are whole. */
static bool open_cut(struct results *r, bool bare_too, struct buf *why)
{
    bool bare =
        !file_is_in(r->path, MANIFEST_STARTED_NAME) && has_bare_tables(r, ROW_FORMAT_NDJSON);
    if (bare && bare_too) {
        r->is_bare = true;
        return true;
    }
    if (file_is_in(r->path, MANIFEST_STARTED_NAME)) {
        r->has_cut = result_cut_read(&r->cut, r->path, why);
        return r->has_cut;
    }
    if (!bare && file_is_in(r->path, "state.json")) {
        buf_putf(why,
                 "%s: the scan was interrupted before it had results: it left state.json and "
                 "neither " MANIFEST_NAME " nor " MANIFEST_STARTED_NAME
                 "; delete the directory and scan again",
                 r->path);
    } else if (!bare && has_bare_tables(r, ROW_FORMAT_CSV)) {
        put_csv_alone(r, why);
    } else if (file_is_in(r->path, ".")) {
        buf_putf(why,
                 "%s: no results of a scan: it has neither " MANIFEST_NAME
                 " nor " MANIFEST_STARTED_NAME "%s",
                 r->path, bare ? "; of the tables alone, report, show and diff can be made" : "");
    } else {
        buf_putf(why, "%s: %s", r->path, strerror(errno));
    }
    return false;
}

/* What a manifest says is not known. */
static void open_bare(struct results *r)
{
    r->manifest = json_object();
    r->incomplete = true;
    r->at = INT64_MIN;
    r->started_unix_ms = RESULTS_TIME_UNKNOWN;
    r->ended_unix_ms = RESULTS_TIME_UNKNOWN;
    r->last_rows_unix_ms = RESULTS_TIME_UNKNOWN;
}

static bool open_any(struct results *r, const char *path, bool bare_too, struct buf *why)
{
    *r = (struct results){.path = path};
    json_set_alloc_funcs(memory_malloc, memory_free);
    if (!file_is_in(path, MANIFEST_NAME) && !open_cut(r, bare_too, why)) {
        return false;
    }
    if (r->is_bare) {
        open_bare(r);
        return true;
    }
    struct buf octets = BUF_INIT(MANIFEST_MAX);
    bool ok = read_whole(path, r->has_cut ? MANIFEST_STARTED_NAME : MANIFEST_NAME, &octets, why);
    if (ok) {
        json_error_t error;
        digest_sha256(buf_span(&octets), r->manifest_sha256);
        r->manifest = json_loadb((const char *)octets.at, octets.len, 0, &error);
        ok = json_is_object(r->manifest) ? read_manifest(r, why)
                                         : refuse(r, why, "is not a JSON object");
    }
    if (ok && r->has_cut) {
        r->ended_unix_ms = r->cut.journal.last.progress.unix_ms;
        r->last_rows_unix_ms = r->ended_unix_ms;
    }
    r->incomplete = r->has_cut || json_is_true(json_object_get(r->manifest, KEY_INCOMPLETE));
    buf_deinit(&octets);
    return ok;
}

bool results_open(struct results *r, const char *path, struct buf *why)
{
    return open_any(r, path, false, why);
}

bool results_open_rows(struct results *r, const char *path, struct buf *why)
{
    if (!open_any(r, path, true, why) || !results_have_ndjson(r, why)) {
        return false;
    }
    if (results_are_partial(r)) {
        buf_putf(why,
                 "%s: tables or columns were left out of these results (--tables, --columns): what "
                 "is not there "
                 "would read as not known, or as none; use the whole results",
                 path);
        return false;
    }
    return true;
}

void results_deinit(struct results *r)
{
    for (size_t i = 0; i < r->store_count; i++) {
        trust_store_deinit(&r->stores[i]);
    }
    for (size_t i = 0; i < r->intermediates_count; i++) {
        intermediates_file_deinit(&r->intermediates[i]);
    }
    sender_profiles_free(r->profiles);
    operator_list_free(r->operators);
    buf_deinit(&r->shared_operators);
    free(r->inputs);
    free(r->lists);
    json_decref(r->manifest);
    result_cut_deinit(&r->cut);
}

/* A name inside the directory, and nothing else. */
static const char *plain_name(const json_t *value)
{
    const char *name = json_string_value(value);
    bool plain = name != NULL && name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
    return plain ? name : NULL;
}

static bool has_digest(struct span octets, const char *hex)
{
    uint8_t named[32];
    uint8_t digest[32];
    digest_sha256(octets, digest);
    return sha256_of_hex(span_of(hex), named) && memcmp(named, digest, sizeof(named)) == 0;
}

/* A file that the manifest names with its digest. `what` it is, for the user. */
static bool read_copy(const struct results *r, const char *file, const char *sha256,
                      const char *what, struct buf *octets, struct buf *why)
{
    if (!read_whole(r->path, file, octets, why)) {
        return false;
    }
    if (!has_digest(buf_span(octets), sha256)) {
        buf_putf(why, "%s/%s: not the %s of the scan: its SHA-256 is different", r->path, file,
                 what);
        return false;
    }
    return true;
}

/* It becomes part of a file's name, and tells verdicts apart. */
static bool is_new_store_name(const struct results *r, const char *name)
{
    bool good = trust_store_is_name(span_of(name));
    for (size_t i = 0; i < r->store_count && good; i++) {
        good = strcmp(r->stores[i].name, name) != 0;
    }
    return good;
}

static bool read_store(struct results *r, const json_t *entry, struct buf *why)
{
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *file = plain_name(json_object_get(entry, "file"));
    const char *sha256 = json_string_value(json_object_get(entry, "sha256"));
    if (name == NULL || file == NULL || sha256 == NULL) {
        return refuse(r, why, "an entry of " KEY_TRUST_STORES " is incomplete");
    }
    if (!is_new_store_name(r, name)) {
        return refuse(r, why,
                      "an entry of " KEY_TRUST_STORES " has a name that no scan gives, or twice");
    }
    struct buf pem = BUF_INIT(TRUST_STORE_FILE_MAX);
    bool ok = read_copy(r, file, sha256, "trust store", &pem, why);
    ok = ok && trust_store_parse(&r->stores[r->store_count], name, buf_span(&pem), why);
    r->store_count += ok;
    buf_deinit(&pem);
    return ok;
}

bool results_read_stores(struct results *r, struct buf *why)
{
    const json_t *stores = json_object_get(r->manifest, KEY_TRUST_STORES);
    size_t count = json_array_size(stores);
    if (count == 0 || count > TRUST_STORES_MAX) {
        return refuse(r, why, "does not say which trust stores were used; give --root-cas");
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_store(r, json_array_get(stores, i), why)) {
            return false;
        }
    }
    return true;
}

static bool read_intermediates(struct results *r, const json_t *entry, struct buf *why)
{
    const char *path = json_string_value(json_object_get(entry, "path"));
    const char *file = plain_name(json_object_get(entry, "file"));
    const char *sha256 = json_string_value(json_object_get(entry, "sha256"));
    if (path == NULL || file == NULL || sha256 == NULL) {
        return refuse(r, why, "an entry of " KEY_INTERMEDIATES " is incomplete");
    }
    struct buf octets = BUF_INIT(INTERMEDIATES_FILE_MAX);
    bool ok = read_copy(r, file, sha256, "intermediates", &octets, why);
    if (ok) {
        ok = intermediates_file_parse(&r->intermediates[r->intermediates_count++], path,
                                      buf_span(&octets), why);
    }
    buf_deinit(&octets);
    return ok;
}

bool results_read_intermediates(struct results *r, struct buf *why)
{
    const json_t *files = json_object_get(json_object_get(r->manifest, KEY_INTERMEDIATES), "files");
    size_t count = json_array_size(files); /* 0 of an older version */
    if (count > INTERMEDIATES_FILES_MAX) {
        return refuse(r, why, "names too many files of intermediates");
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_intermediates(r, json_array_get(files, i), why)) {
            return false;
        }
    }
    return true;
}

/* A file that there is one of, if the scan had one. @param file its name; NULL: it had none */
static bool read_only_copy(const struct results *r, const char *key, const char *what,
                           const char **file, struct buf *octets, struct buf *why)
{
    const json_t *entry = json_object_get(r->manifest, key);
    *file = NULL;
    if (entry == NULL || json_is_null(entry)) {
        return true;
    }
    const char *sha256 = json_string_value(json_object_get(entry, "sha256"));
    *file = plain_name(json_object_get(entry, "file"));
    if (*file == NULL || sha256 == NULL) {
        put_manifest_path(r, why);
        buf_putf(why, "%s is incomplete", key);
        return false;
    }
    return read_copy(r, *file, sha256, what, octets, why);
}

bool results_read_profiles(struct results *r, struct buf *why)
{
    const char *file;
    struct buf octets = BUF_INIT(SENDER_PROFILES_OCTETS_MAX);
    bool ok = read_only_copy(r, KEY_PROFILES, "sender profiles", &file, &octets, why);
    if (ok && file != NULL) {
        struct buf origin = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&origin, "%s/%s", r->path, file);
        buf_put_char(&origin, '\0');
        r->profiles = sender_profiles_parse(buf_span(&octets), (const char *)origin.at, why);
        ok = r->profiles != NULL;
        buf_deinit(&origin);
    }
    buf_deinit(&octets);
    return ok;
}

bool results_read_operators(struct results *r, struct buf *why)
{
    const char *file;
    struct buf octets = BUF_INIT(OPERATOR_LIST_MAX);
    bool ok = read_only_copy(r, KEY_OPERATORS, "list of operators", &file, &octets, why);
    if (ok && file != NULL) {
        r->operators = operator_list_parse(buf_span(&octets), file, why);
        ok = r->operators != NULL;
    }
    buf_deinit(&octets);
    return ok;
}

bool results_read_shared_operators(struct results *r, struct buf *why)
{
    const char *file;
    r->shared_operators = BUF_INIT(SHARED_OPERATORS_OCTETS_MAX);
    return read_only_copy(r, KEY_SHARED_OPERATORS, "list of shared operators", &file,
                          &r->shared_operators, why);
}

static size_t find_in_cut(const struct results *r, const char *table)
{
    char name[JOURNAL_NAME_MAX];
    (void)snprintf(name, sizeof(name), "%s.%s", table, row_format_word(ROW_FORMAT_NDJSON));
    return result_cut_find(&r->cut, name);
}

bool results_are_partial(const struct results *r)
{
    return json_is_true(json_object_get(json_object_get(r->manifest, KEY_DETAIL), KEY_PARTIAL));
}

bool results_are_lean(const struct results *r)
{
    const char *level = results_text(r, KEY_DETAIL, KEY_LEVEL);
    bool full = level == NULL || strcmp(level, row_detail_word(ROW_DETAIL_FULL)) == 0;
    return r->is_bare || !full; /* nothing tells what bare tables have */
}

bool results_are_whole(const struct results *r)
{
    const char *level = results_text(r, KEY_DETAIL, KEY_LEVEL);
    bool summary = level != NULL && strcmp(level, row_detail_word(ROW_DETAIL_SUMMARY)) == 0;
    const json_t *less = json_object_get(json_object_get(r->manifest, KEY_DETAIL), KEY_LESS);
    return !summary && !json_is_true(less) && !results_are_partial(r);
}

bool results_has_table(const struct results *r, enum table_id t)
{
    if (r->is_bare) {
        char name[RESULTS_NAME_MAX];
        return find_bare(r, table_name(t), name);
    }
    if (r->has_cut) {
        return find_in_cut(r, table_name(t)) != SIZE_MAX;
    }
    const json_t *files = json_object_get(r->manifest, KEY_FILES);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const char *table = json_string_value(json_object_get(json_array_get(files, i), "table"));
        if (table != NULL && strcmp(table, table_name(t)) == 0) {
            return true;
        }
    }
    return false;
}

static bool table_of_bare(struct results *r, const char *what, struct results_table *table)
{
    *table = (struct results_table){.name = r->part_name, .rows = UINT64_MAX, .octets = UINT64_MAX};
    return find_bare(r, what, r->part_name);
}

static bool table_of_cut(struct results *r, const char *what, struct results_table *table)
{
    size_t i = find_in_cut(r, what);
    if (i == SIZE_MAX) {
        return false;
    }
    const struct journal *j = &r->cut.journal;
    (void)snprintf(r->part_name, sizeof(r->part_name), "%s%s", j->names[i],
                   r->cut.part[i] ? RESULT_PART_SUFFIX : "");
    *table = (struct results_table){
        .name = r->part_name, .rows = j->last.files[i].rows, .octets = j->last.files[i].octets};
    return true;
}

static bool table_of_manifest(const struct results *r, const char *what, struct results_table *out)
{
    const json_t *files = json_object_get(r->manifest, KEY_FILES);
    for (size_t i = 0; i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        const char *table = json_string_value(json_object_get(file, "table"));
        const char *format = json_string_value(json_object_get(file, "format"));
        const json_t *count = json_object_get(file, "rows");
        const char *name = plain_name(json_object_get(file, "name"));
        if (table != NULL && strcmp(table, what) == 0 && format != NULL &&
            strcmp(format, row_format_word(ROW_FORMAT_NDJSON)) == 0 && json_is_integer(count) &&
            name != NULL) {
            *out = (struct results_table){
                .name = name, .rows = (uint64_t)json_integer_value(count), .octets = UINT64_MAX};
            return true;
        }
    }
    return false;
}

bool results_may_infer(const struct results *r)
{
    struct results_table groups;
    if (r->incomplete) { /* groups are written at the end of a scan */
        const char *infer = results_text(r, KEY_OPTIONS, KEY_INFER);
        return infer == NULL || strcmp(infer, "off") != 0;
    }
    return table_of_manifest(r, table_name(TABLE_GROUPS), &groups) && groups.rows > 0;
}

bool results_table_ahead(struct results *r, struct results_table *table)
{
    return r->is_bare   ? table_of_bare(r, RESULT_AHEAD_NAME, table)
           : r->has_cut ? table_of_cut(r, RESULT_AHEAD_NAME, table)
                        : table_of_manifest(r, RESULT_AHEAD_NAME, table);
}

const char *results_missing_outcomes(struct results *r)
{
    struct results_table sets;
    if (!r->has_cut || r->is_bare || !results_are_lean(r) ||
        (table_of_cut(r, table_name(TABLE_OUTCOME_SETS), &sets) && sets.rows > 0)) {
        return NULL;
    }
    return results_are_whole(r)
               ? "no row says what becomes of mail before the scan ends: read what 'mxcensus "
                 "analyze' makes of them, or go on with 'mxcensus scan --resume'"
               : "no row says what becomes of mail before the scan ends, and of --detail summary "
                 "it "
                 "cannot be made later: scan again";
}

bool results_table(struct results *r, enum table_id t, struct results_table *table, struct buf *why)
{
    bool found = r->is_bare   ? table_of_bare(r, table_name(t), table)
                 : r->has_cut ? table_of_cut(r, table_name(t), table)
                              : table_of_manifest(r, table_name(t), table);
    if (!found && r->is_bare) {
        buf_putf(why, "%s: there is no %s.%s, which is needed", r->path, table_name(t),
                 row_format_word(ROW_FORMAT_NDJSON));
    } else if (!found) {
        buf_putf(why, "%s/%s: names no NDJSON file of table %s, which is needed", r->path,
                 r->has_cut ? JOURNAL_NAME : MANIFEST_NAME, table_name(t));
    }
    return found;
}

bool results_have_ndjson(struct results *r, struct buf *why)
{
    struct results_table table;
    struct buf without = BUF_INIT(BUF_NO_LIMIT);
    bool found = false;
    for (unsigned t = 0; t < TABLE_COUNT && !found; t++) {
        found = results_table(r, (enum table_id)t, &table, &without);
    }
    buf_deinit(&without);
    if (!found) {
        put_csv_alone(r, why);
    }
    return found;
}
