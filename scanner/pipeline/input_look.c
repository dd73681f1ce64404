#include "scanner/pipeline/input_look.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/base/text.h"
#include "scanner/domain/domain_source.h"
#include "scanner/pipeline/input_lists.h"

static void look_put_name(const char *path, struct buf *why)
{
    text_put_visible(why, span_of(input_list_name(path)));
    buf_put_text(why, ": ");
}

bool input_put_columns(const char *list, const struct domain_source *source, struct buf *line)
{
    text_put_visible(line, span_of(list));
    buf_put_char(line, ' ');
    return domain_source_put_choice(source, line);
}

bool input_put_others(const char *list, const struct domain_source *source, struct buf *line)
{
    text_put_visible(line, span_of(list));
    buf_put_text(line, ": ");
    return domain_source_put_others(source, line);
}

bool input_put_mails(const char *list, const struct domain_source *source,
                     const struct list_sample *sample, struct buf *line)
{
    text_put_visible(line, span_of(list));
    buf_put_text(line, ": ");
    return !domain_source_has_told_mails(source) && list_sample_put_mails(sample, line);
}

bool input_put_warning(const char *list, const struct list_sample *sample, struct buf *line)
{
    text_put_visible(line, span_of(list));
    buf_put_text(line, ": ");
    return list_sample_put_warning(sample, line);
}

/* A list that is looked at, and whom it is told. */
struct look {
    const struct scan_params *params;
    const char *path;
    void (*say)(void *arg, const char *line); /* NULL: nobody */
    void *arg;
    struct domain_source *source;
    struct list_sample sample;
    bool has_domain;
};

static void look_tell_columns(const struct look *l)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    if (l->say != NULL && !l->params->quiet &&
        input_put_columns(input_list_name(l->path), l->source, &line)) {
        buf_put_char(&line, '\0');
        l->say(l->arg, (const char *)line.at);
    }
    buf_reset(&line);
    if (l->say != NULL && input_put_others(input_list_name(l->path), l->source, &line)) {
        buf_put_char(&line, '\0');
        l->say(l->arg, (const char *)line.at);
    }
    buf_deinit(&line);
}

static void look_tell_warning(const struct look *l)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    const char *list = input_list_name(l->path);
    if (l->say != NULL && !l->params->quiet &&
        input_put_mails(list, l->source, &l->sample, &line)) {
        buf_put_char(&line, '\0');
        l->say(l->arg, (const char *)line.at);
    }
    buf_reset(&line);
    if (l->say != NULL && input_put_warning(list, &l->sample, &line)) {
        buf_put_char(&line, '\0');
        l->say(l->arg, (const char *)line.at);
    }
    buf_deinit(&line);
}

/* Up to the first domain; to somebody it is told of, all that is looked at. */
static enum source_status look_read(struct look *l)
{
    struct source_record record;
    enum source_status status = SOURCE_RECORD;
    while (l->sample.records < LIST_SAMPLE_MAX && (l->say != NULL || !l->has_domain) &&
           (status = domain_source_next(l->source, &record)) == SOURCE_RECORD) {
        if (l->sample.records == 0) {
            look_tell_columns(l);
        }
        l->has_domain = l->has_domain || record.invalid == NULL;
        (void)list_sample_add(&l->sample, &record);
    }
    return status;
}

static enum input_rehearsal look_into(struct look *l, int fd, struct buf *why)
{
    l->source = domain_source_new(fd, l->params->column, false);
    enum source_status status = look_read(l);
    bool none = !l->params->any_lines && list_sample_has_no_domain(&l->sample);
    bool usage = true;
    if (status == SOURCE_FAILED || l->sample.records == 0 || none) {
        usage =
            status != SOURCE_FAILED || (domain_source_error_is_usage(l->source) && !l->has_domain);
        look_put_name(l->path, why);
        if (status == SOURCE_FAILED) {
            buf_put_text(why, domain_source_error(l->source));
        } else if (none) {
            list_sample_put_refusal(&l->sample, why);
        } else {
            buf_put_text(why, INPUT_WITHOUT_DOMAIN);
        }
    } else {
        look_tell_warning(l);
    }
    domain_source_free(l->source);
    return why->len == 0 ? INPUT_TAKEN : usage ? INPUT_REFUSED : INPUT_FAILED;
}

/* The descriptor stands where it stood. */
static bool look_into_file(int fd, const char *path, const struct scan_params *p, struct buf *why)
{
    struct look l = {.params = p, .path = path};
    off_t begin = lseek(fd, 0, SEEK_CUR);
    return look_into(&l, fd, why) == INPUT_TAKEN && lseek(fd, begin, SEEK_SET) == begin;
}

static bool look_fault(const char *path, int error, struct buf *why)
{
    look_put_name(path, why);
    buf_putf(why, "%s; give a file with one domain a line, or CSV", strerror(error));
    return false;
}

static bool look_at_list(const char *path, const struct scan_params *p, struct buf *why)
{
    bool standard = strcmp(path, "-") == 0;
    struct stat st;
    if ((standard ? fstat(STDIN_FILENO, &st) : stat(path, &st)) != 0) {
        return look_fault(path, errno, why);
    }
    if (S_ISDIR(st.st_mode)) {
        return look_fault(path, EISDIR, why);
    }
    if (!S_ISREG(st.st_mode)) { /* a reader that comes and goes would end the writer of a FIFO */
        return standard || faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 ||
               look_fault(path, errno, why);
    }
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return look_fault(path, errno, why);
    }
    bool good = look_into_file(fd, path, p, why);
    input_lists_close(fd);
    return good;
}

bool input_look(const struct scan_params *p, struct buf *why)
{
    for (size_t i = 0; i < p->input_count; i++) {
        if (!look_at_list(p->input_paths[i], p, why)) {
            return false;
        }
    }
    return true;
}

/* A reader that comes and goes would end the writer of a FIFO, and wait for one without. */
static bool is_for_the_scan_alone(const struct input_lists *l, size_t i)
{
    bool standard = strcmp(l->paths[i], "-") == 0;
    mode_t mode = l->seen[i].st_mode;
    return standard ? isatty(STDIN_FILENO) == 1 : !S_ISREG(mode) && !S_ISCHR(mode);
}

enum input_rehearsal input_rehearse(const struct scan_params *p,
                                    void (*say)(void *arg, const char *line), void *arg,
                                    struct buf *why)
{
    struct input_lists lists;
    if (!input_lists_init(&lists, p, why)) {
        return INPUT_REFUSED;
    }
    enum input_rehearsal end = INPUT_TAKEN;
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    if (input_lists_put_repeated(&lists, &line)) {
        buf_put_char(&line, '\0');
        say(arg, (const char *)line.at);
    }
    buf_deinit(&line);
    for (size_t i = 0; i < lists.count && end == INPUT_TAKEN; i++) {
        struct look l = {.params = p, .path = lists.paths[i], .say = say, .arg = arg};
        if (is_for_the_scan_alone(&lists, i)) {
            continue;
        }
        int fd = input_lists_open(&lists, i, why);
        end = fd >= 0 ? look_into(&l, fd, why) : INPUT_REFUSED;
        input_lists_close(fd);
    }
    input_lists_deinit(&lists);
    return end;
}
