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

/* By its first record; the descriptor stands where it stood. */
static bool look_into(int fd, const char *path, const char *column, struct buf *why)
{
    off_t begin = lseek(fd, 0, SEEK_CUR);
    struct domain_source *source = domain_source_new(fd, column, false);
    struct source_record record;
    enum source_status status = domain_source_next(source, &record);
    if (status != SOURCE_RECORD) {
        look_put_name(path, why);
        buf_put_text(why,
                     status == SOURCE_END ? INPUT_WITHOUT_DOMAIN : domain_source_error(source));
    }
    domain_source_free(source);
    return lseek(fd, begin, SEEK_SET) == begin && status == SOURCE_RECORD;
}

static bool look_fault(const char *path, int error, struct buf *why)
{
    look_put_name(path, why);
    buf_putf(why, "%s; give a file with one domain a line, or CSV", strerror(error));
    return false;
}

static bool look_at_list(const char *path, const char *column, struct buf *why)
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
    bool good = look_into(fd, path, column, why);
    input_lists_close(fd);
    return good;
}

bool input_look(const struct scan_params *p, struct buf *why)
{
    for (size_t i = 0; i < p->input_count; i++) {
        if (!look_at_list(p->input_paths[i], p->column, why)) {
            return false;
        }
    }
    return true;
}
