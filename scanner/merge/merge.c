#include "scanner/merge/merge.h"

#include <errno.h>
#include <string.h>

#include "scanner/base/file.h"
#include "scanner/merge/chosen_folder.h"
#include "scanner/merge/merged_manifest.h"
#include "scanner/replay/manifest_keys.h"
#include "scanner/report/manifest.h"

struct merging {
    const struct merge_params *p;
    struct shard_set shards;
    struct chosen_counts counts;
    struct chosen_folder folder;
    struct buf *why;
};

/* A copy of what was judged with; analyze holds it to its digest. */
static bool copy_file(struct merging *m, const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "file"));
    if (name == NULL) {
        return true;
    }
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&path, "%s/%s", merged_base(&m->shards)->path, name);
    buf_put_char(&path, '\0');
    bool ok =
        strchr(name, '/') == NULL && file_read((const char *)path.at, &octets) == FILE_COMPLETE;
    if (!ok) {
        buf_putf(m->why, "%s: %s", (const char *)path.at, strerror(errno));
    }
    ok = ok && result_dir_write_file(m->folder.dir, name, buf_span(&octets));
    buf_deinit(&path);
    buf_deinit(&octets);
    return ok;
}

static bool copy_what_judged(struct merging *m)
{
    static const char *const one[] = {KEY_PROFILES, KEY_OPERATORS, KEY_SHARED_OPERATORS};
    const json_t *manifest = merged_base(&m->shards)->manifest;
    const json_t *lists[] = {
        json_object_get(manifest, KEY_TRUST_STORES),
        json_object_get(json_object_get(manifest, KEY_INTERMEDIATES), "files")};
    bool ok = true;
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]) && ok; i++) {
        ok = copy_file(m, json_object_get(manifest, one[i]));
    }
    for (size_t l = 0; l < 2; l++) {
        for (size_t i = 0; i < json_array_size(lists[l]) && ok; i++) {
            ok = copy_file(m, json_array_get(lists[l], i));
        }
    }
    return ok;
}

static bool write_manifest(struct merging *m)
{
    const struct merged_facts facts = {
        .shards = &m->shards, .counts = &m->counts, .dir = m->folder.dir};
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    merged_manifest_put(&facts, &json);
    bool ok = result_dir_write_file(m->folder.dir, MANIFEST_NAME, buf_span(&json));
    buf_deinit(&json);
    return ok;
}

static enum analyze_end choose(struct merging *m)
{
    switch (chosen_rows_write(&m->shards, m->folder.dir, &m->counts, m->why)) {
    case CHOSEN_COMPLETE:
        break;
    case CHOSEN_FAILED:
        return ANALYZE_FATAL;
    case CHOSEN_UNUSABLE:
        return ANALYZE_UNUSABLE;
    case CHOSEN_ROWS_LOST:
        return chosen_folder_fail(&m->folder, ANALYZE_ROWS_LOST, m->why);
    }
    bool ok = result_dir_finish(m->folder.dir) && copy_what_judged(m) && write_manifest(m);
    if (!ok && m->why->len > 0) {
        return ANALYZE_UNUSABLE;
    }
    return ok ? ANALYZE_COMPLETE : chosen_folder_fail(&m->folder, ANALYZE_ROWS_LOST, m->why);
}

static void tell_not_whole(const struct shard_set *s, struct buf *not_whole)
{
    bool known = false;
    uint64_t left = merged_lines_left(s, &known);
    if (s->not_whole.len == 0) {
        return;
    }
    buf_put(not_whole, buf_span(&s->not_whole));
    if (known) {
        buf_putf(not_whole, ": %llu lines of the list have no row", (unsigned long long)left);
    } else {
        buf_put_text(not_whole, ": how many lines of the list have no row is not known");
    }
}

enum analyze_end merge_run(const struct merge_params *p, struct buf *not_whole, struct buf *why)
{
    struct merging m = {.p = p, .why = why};
    enum analyze_end end = shard_set_open(&m.shards, p->results, p->count, p->partial, why)
                               ? ANALYZE_COMPLETE
                               : ANALYZE_UNUSABLE;
    if (end == ANALYZE_COMPLETE) {
        end = chosen_folder_open(&m.folder, &p->analyze, why);
        end = end == ANALYZE_COMPLETE ? choose(&m) : end;
        end = end == ANALYZE_COMPLETE ? chosen_folder_judge(&m.folder, why) : end;
        chosen_folder_close(&m.folder);
    }
    if (end == ANALYZE_COMPLETE) {
        tell_not_whole(&m.shards, not_whole);
    }
    shard_set_deinit(&m.shards);
    return end;
}
