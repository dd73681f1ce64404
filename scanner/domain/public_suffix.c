#include "scanner/domain/public_suffix.h"

#include <libpsl.h>
#include <sys/stat.h>

#include "scanner/base/memory.h"
#include "scanner/base/net_addr.h"
#include "scanner/domain/domain_name.h"

struct public_suffixes {
    psl_ctx_t *list; /* owned, unless it is the built-in one: psl_free() knows */
    char *path;      /* owned; NULL: built in */
    int64_t time;
};

/* 0 when there is no such file. */
static int64_t file_time(const char *path)
{
    struct stat st;
    return path != NULL && stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (int64_t)st.st_mtime : 0;
}

/* The newest list of the system, NULL when the built-in one is newer or nothing is installed. The
 * text form comes first: it is what a reader of the results can read. */
static const char *newest_file(void)
{
    static const char text_list[] = "/usr/share/publicsuffix/public_suffix_list.dat";
    const char *paths[] = {text_list, psl_dist_filename()};
    const char *newest = NULL;
    int64_t newest_time = (int64_t)psl_builtin_file_time();
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int64_t time = file_time(paths[i]);
        if (time > newest_time) {
            newest = paths[i];
            newest_time = time;
        }
    }
    return newest;
}

static struct public_suffixes *load_file(const char *path)
{
    psl_ctx_t *list = psl_load_file(path);
    /* libpsl reads any text as a list; the count is 0 for none and -1 for the compiled form. */
    if (list == NULL || psl_suffix_count(list) == 0) {
        psl_free(list);
        return NULL;
    }
    struct public_suffixes *ps = memory_new(1, sizeof(*ps));
    ps->list = list;
    ps->path = memory_new(strlen(path) + 1, 1);
    memcpy(ps->path, path, strlen(path));
    ps->time = file_time(path);
    return ps;
}

static struct public_suffixes *load_builtin(void)
{
    const psl_ctx_t *list = psl_builtin();
    if (list == NULL) {
        return NULL; /* libpsl was built without one */
    }
    struct public_suffixes *ps = memory_new(1, sizeof(*ps));
    ps->list = (psl_ctx_t *)list;
    ps->time = (int64_t)psl_builtin_file_time();
    return ps;
}

struct public_suffixes *public_suffixes_load(const char *path)
{
    const char *chosen = path != NULL ? path : newest_file();
    struct public_suffixes *ps = chosen != NULL ? load_file(chosen) : NULL;
    return ps != NULL || path != NULL ? ps : load_builtin();
}

void public_suffixes_free(struct public_suffixes *ps)
{
    if (ps != NULL) {
        psl_free(ps->list);
        free(ps->path);
        free(ps);
    }
}

const char *public_suffixes_path(const struct public_suffixes *ps)
{
    return ps->path;
}

int64_t public_suffixes_time(const struct public_suffixes *ps)
{
    return ps->time;
}

bool registrable_domain(const struct public_suffixes *ps, struct span name, struct span *out)
{
    struct net_addr literal;
    if (net_addr_parse(name, &literal)) {
        return false;
    }
    char text[NAME_TEXT_MAX + 1];
    if (name.len == 0 || name.len > NAME_TEXT_MAX) {
        return false;
    }
    memcpy(text, name.at, name.len);
    text[name.len] = '\0';
    const char *tail = psl_registrable_domain(ps->list, text);
    if (tail == NULL) {
        return false;
    }
    *out = span_drop(name, (size_t)(tail - text));
    return true;
}
