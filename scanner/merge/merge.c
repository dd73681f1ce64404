#include "scanner/merge/merge.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/result_file.h"
#include "scanner/base/file.h"
#include "scanner/base/text.h"
#include "scanner/merge/merged_manifest.h"
#include "scanner/replay/manifest_keys.h"
#include "scanner/report/manifest.h"

#define CHOSEN_FOLDER "chosen.part" /* inside the output */

struct merging {
    const struct merge_params *p;
    struct shard_set shards;
    struct chosen_counts counts;
    struct buf folder; /* with NUL */
    struct result_dir *dir;
    struct buf *why;
};

static const char *folder(const struct merging *m)
{
    return (const char *)m->folder.at;
}

/* Files of a folder. */
static void remove_files(const char *path, const char *suffix)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (span_ends_with(span_of(entry->d_name), span_of(suffix))) {
            (void)unlinkat(dirfd(dir), entry->d_name, 0); /* "." and ".." are no files */
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

static void remove_folder(const struct merging *m)
{
    if (m->folder.len > 0) {
        remove_files(folder(m), "");
        (void)rmdir(folder(m));
    }
}

/* A merge that was killed leaves the folder, and unfinished files beside it. */
static void remove_what_was_left(const struct merging *m)
{
    struct stat folder_is;
    if (lstat(folder(m), &folder_is) == 0 && S_ISDIR(folder_is.st_mode)) {
        remove_folder(m);
        remove_files(m->p->analyze.output, RESULT_PART_SUFFIX);
    }
}

static enum analyze_end fail(struct merging *m, const struct result_error *e, enum analyze_end end)
{
    buf_putf(m->why, "%s: %s", e->what, strerror(e->error));
    if (e->error == ENOTEMPTY) {
        buf_put_text(m->why, "; give a directory that is empty or does not exist");
    }
    return end;
}

/* The output has to be one that analyze would take, but for the folder. */
static enum analyze_end open_folder(struct merging *m)
{
    const char *output = m->p->analyze.output;
    struct result_error error = {0};
    m->folder = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&m->folder, "%s/" CHOSEN_FOLDER, output);
    buf_put_char(&m->folder, '\0');
    remove_what_was_left(m);
    if (!result_dir_look(output, &error)) {
        return fail(m, &error, ANALYZE_UNUSABLE);
    }
    if (mkdir(output, 0777) != 0 && errno != EEXIST) {
        buf_putf(m->why, "create directory %s: %s", output, strerror(errno));
        return ANALYZE_UNUSABLE;
    }
    const struct result_dir_params params = {.path = folder(m),
                                             .ndjson = true,
                                             .codec = m->p->analyze.codec,
                                             .level = m->p->analyze.level,
                                             .ahead = true};
    m->dir = result_dir_new(&params, &error);
    return m->dir != NULL ? ANALYZE_COMPLETE : fail(m, &error, ANALYZE_UNUSABLE);
}

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
    ok = ok && result_dir_write_file(m->dir, name, buf_span(&octets));
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
    const struct merged_facts facts = {.shards = &m->shards, .counts = &m->counts, .dir = m->dir};
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    merged_manifest_put(&facts, &json);
    bool ok = result_dir_write_file(m->dir, MANIFEST_NAME, buf_span(&json));
    buf_deinit(&json);
    return ok;
}

static enum analyze_end choose(struct merging *m)
{
    switch (chosen_rows_write(&m->shards, m->dir, &m->counts, m->why)) {
    case CHOSEN_COMPLETE:
        break;
    case CHOSEN_FAILED:
        return ANALYZE_FATAL;
    case CHOSEN_UNUSABLE:
        return ANALYZE_UNUSABLE;
    case CHOSEN_ROWS_LOST:
        return fail(m, result_dir_error(m->dir), ANALYZE_ROWS_LOST);
    }
    bool ok = result_dir_finish(m->dir) && copy_what_judged(m) && write_manifest(m);
    if (!ok && m->why->len > 0) {
        return ANALYZE_UNUSABLE;
    }
    return ok ? ANALYZE_COMPLETE : fail(m, result_dir_error(m->dir), ANALYZE_ROWS_LOST);
}

static enum analyze_end judge(struct merging *m)
{
    struct analyze_params analyze = m->p->analyze;
    analyze.results = folder(m);
    analyze.beside = CHOSEN_FOLDER;
    analyze.of_shards = true;
    return analyze_run(&analyze, m->why);
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
    end = end == ANALYZE_COMPLETE ? open_folder(&m) : end;
    end = end == ANALYZE_COMPLETE ? choose(&m) : end;
    result_dir_free(m.dir);
    end = end == ANALYZE_COMPLETE ? judge(&m) : end;
    if (end == ANALYZE_COMPLETE) {
        tell_not_whole(&m.shards, not_whole);
    }
    remove_folder(&m);
    buf_deinit(&m.folder);
    shard_set_deinit(&m.shards);
    return end;
}
