#include "scanner/merge/manifest_files.h"

#include "scanner/replay/manifest_keys.h"

static void add_file(json_t *files, const char *table, const struct result_file_info *info)
{
    json_t *o = json_object();
    (void)json_object_set_new(o, "name", json_string(info->name));
    (void)json_object_set_new(o, "table", json_string(table));
    (void)json_object_set_new(o, "format", json_string(row_format_word(ROW_FORMAT_NDJSON)));
    (void)json_object_set_new(o, "rows", json_integer((json_int_t)info->rows));
    (void)json_array_append_new(files, o);
}

json_t *manifest_files_array(const struct result_dir *dir)
{
    json_t *files = json_array();
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        const struct result_file_info *info =
            result_dir_file_of(dir, (enum table_id)t, ROW_FORMAT_NDJSON);
        if (info != NULL) {
            add_file(files, table_name((enum table_id)t), info);
        }
    }
    const struct result_file_info *ahead = result_dir_file_ahead(dir);
    if (ahead != NULL && ahead->rows > 0) {
        add_file(files, RESULT_AHEAD_NAME, ahead);
    }
    return files;
}
