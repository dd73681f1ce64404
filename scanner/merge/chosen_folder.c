#include "scanner/merge/chosen_folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "output/result_file.h"
#include "scanner/base/file.h"

#define CHOSEN_FOLDER "chosen.part" /* inside the output */

static const char *path(const struct chosen_folder *f)
{
    return (const char *)f->path.at;
}

static enum analyze_end put_refused(const struct result_error *e, enum analyze_end end,
                                    struct buf *why)
{
    buf_putf(why, "%s: %s", e->what, strerror(e->error));
    if (e->error == ENOTEMPTY) {
        buf_put_text(why, "; give a directory that is empty or does not exist");
    }
    return end;
}

static void remove_folder(const struct chosen_folder *f)
{
    if (f->path.len > 0) {
        file_remove_folder(path(f));
    }
}

/* One that was killed leaves the folder, and unfinished files beside it. */
static void remove_what_was_left(const struct chosen_folder *f)
{
    struct stat folder_is;
    if (lstat(path(f), &folder_is) == 0 && S_ISDIR(folder_is.st_mode)) {
        remove_folder(f);
        file_remove_all(f->analyze->output, RESULT_PART_SUFFIX);
    }
}

/* The output has to be one that analyze would take, but for the folder. */
enum analyze_end chosen_folder_open(struct chosen_folder *f, const struct analyze_params *analyze,
                                    struct buf *why)
{
    const char *output = analyze->output;
    struct result_error error = {0};
    *f = (struct chosen_folder){.analyze = analyze, .path = BUF_INIT(BUF_NO_LIMIT)};
    buf_putf(&f->path, "%s/" CHOSEN_FOLDER, output);
    buf_put_char(&f->path, '\0');
    remove_what_was_left(f);
    if (!result_dir_look(output, &error)) {
        return put_refused(&error, ANALYZE_UNUSABLE, why);
    }
    if (mkdir(output, 0777) != 0 && errno != EEXIST) {
        buf_putf(why, "create directory %s: %s", output, strerror(errno));
        return ANALYZE_UNUSABLE;
    }
    const struct result_dir_params params = {.path = path(f),
                                             .ndjson = true,
                                             .codec = analyze->codec,
                                             .level = analyze->level,
                                             .ahead = true};
    f->dir = result_dir_new(&params, &error);
    return f->dir != NULL ? ANALYZE_COMPLETE : put_refused(&error, ANALYZE_UNUSABLE, why);
}

enum analyze_end chosen_folder_fail(const struct chosen_folder *f, enum analyze_end end,
                                    struct buf *why)
{
    return put_refused(result_dir_error(f->dir), end, why);
}

enum analyze_end chosen_folder_judge(struct chosen_folder *f, struct buf *why)
{
    struct analyze_params analyze = *f->analyze;
    result_dir_free(f->dir);
    f->dir = NULL;
    analyze.results = path(f);
    analyze.beside = CHOSEN_FOLDER;
    analyze.of_shards = true;
    return analyze_run(&analyze, why);
}

void chosen_folder_close(struct chosen_folder *f)
{
    result_dir_free(f->dir);
    remove_folder(f);
    buf_deinit(&f->path);
}
