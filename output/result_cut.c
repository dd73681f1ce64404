#include "output/result_cut.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "output/result_codec.h"
#include "scanner/base/file.h"
#include "scanner/base/hash.h"
#include "scanner/base/memory.h"

struct file_sizes {
    const char *dir;
    uint64_t boot;
    bool looked;
    uint64_t octets[JOURNAL_FILES_MAX];
    bool part[JOURNAL_FILES_MAX];
};

uint64_t result_boot_number(void)
{
    struct buf id = BUF_INIT(256);
    bool read = file_read("/proc/sys/kernel/random/boot_id", &id) == FILE_COMPLETE && id.len > 0;
    uint64_t boot = read ? hash_draw(0, buf_span(&id), (struct span){0}) : 0;
    buf_deinit(&id);
    return boot;
}

static bool file_size_of(const char *dir, const char *name, const char *suffix, uint64_t *octets)
{
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    struct stat about;
    buf_putf(&path, "%s/%s%s", dir, name, suffix);
    buf_put_char(&path, '\0');
    bool there = stat((const char *)path.at, &about) == 0 && S_ISREG(about.st_mode);
    *octets = there ? (uint64_t)about.st_size : 0;
    buf_deinit(&path);
    return there;
}

static void look_at_files(struct file_sizes *s, const struct journal *j)
{
    for (size_t i = 0; i < j->file_count; i++) {
        s->part[i] = file_size_of(s->dir, j->names[i], RESULT_PART_SUFFIX, &s->octets[i]);
        if (!s->part[i]) {
            (void)file_size_of(s->dir, j->names[i], "", &s->octets[i]);
        }
    }
    s->looked = true;
}

/* What was not on disk is as it was written as long as the machine has not started anew. */
static bool entry_fits(void *arg, const struct journal *j, const struct journal_entry *e)
{
    struct file_sizes *s = arg;
    if (!s->looked) {
        look_at_files(s, j);
    }
    bool fits = e->durable || (e->boot != 0 && e->boot == s->boot);
    for (size_t i = 0; i < e->file_count && fits; i++) {
        fits = e->files[i].octets <= s->octets[i];
    }
    return fits;
}

bool result_cut_read(struct result_cut *c, const char *dir, struct buf *why)
{
    *c = (struct result_cut){0};
    struct file_sizes sizes = {.dir = dir, .boot = result_boot_number()};
    struct buf octets = BUF_INIT(JOURNAL_MAX);
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&path, "%s/" JOURNAL_NAME, dir);
    buf_put_char(&path, '\0');
    enum file_end end = file_read((const char *)path.at, &octets);
    int error = errno;
    buf_putf(why, "%s: ", (const char *)path.at);
    bool ok = end == FILE_COMPLETE &&
              journal_read(&c->journal, buf_span(&octets), entry_fits, &sizes, why);
    if (end != FILE_COMPLETE) {
        buf_put_text(why, end == FILE_TOO_LARGE ? "not a journal of ours" : strerror(error));
    }
    if (ok) {
        buf_reset(why);
        memcpy(c->part, sizes.part, sizeof(c->part));
    }
    buf_deinit(&octets);
    buf_deinit(&path);
    return ok;
}

void result_cut_deinit(struct result_cut *c)
{
    journal_deinit(&c->journal);
}

static bool is_file_of(const char *file, const char *name)
{
    size_t len = strlen(name);
    return strncmp(file, name, len) == 0 &&
           (file[len] == '\0' || strcmp(file + len, result_codec_suffix(RESULT_CODEC_GZIP)) == 0 ||
            strcmp(file + len, result_codec_suffix(RESULT_CODEC_ZSTD)) == 0);
}

size_t result_cut_find(const struct result_cut *c, const char *name)
{
    for (size_t i = 0; i < c->journal.file_count; i++) {
        if (is_file_of(c->journal.names[i], name)) {
            return i;
        }
    }
    return SIZE_MAX;
}
