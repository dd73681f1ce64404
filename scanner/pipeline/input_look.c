#include "scanner/pipeline/input_look.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/domain/domain_source.h"

/* By its first record; the descriptor stands where it stood. */
static bool look_into(int fd, const struct scan_params *p, struct buf *why)
{
    off_t begin = lseek(fd, 0, SEEK_CUR);
    struct domain_source *source = domain_source_new(fd, p->column, false);
    struct source_record record;
    enum source_status status = domain_source_next(source, &record);
    if (status != SOURCE_RECORD) {
        buf_putf(why, "%s: %s", p->input_path,
                 status == SOURCE_END ? INPUT_WITHOUT_DOMAIN : domain_source_error(source));
    }
    domain_source_free(source);
    return lseek(fd, begin, SEEK_SET) == begin && status == SOURCE_RECORD;
}

static bool look_fault(const struct scan_params *p, int error, struct buf *why)
{
    buf_putf(why, "%s: %s; give a file with one domain a line, or CSV", p->input_path,
             strerror(error));
    return false;
}

bool input_look(const struct scan_params *p, struct buf *why)
{
    bool standard = strcmp(p->input_path, "-") == 0;
    struct stat st;
    if ((standard ? fstat(STDIN_FILENO, &st) : stat(p->input_path, &st)) != 0) {
        return look_fault(p, errno, why);
    }
    if (S_ISDIR(st.st_mode)) {
        return look_fault(p, EISDIR, why);
    }
    if (!S_ISREG(st.st_mode)) { /* a reader that comes and goes would end the writer of a FIFO */
        return true;
    }
    int fd = standard ? STDIN_FILENO : open(p->input_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return look_fault(p, errno, why);
    }
    bool good = look_into(fd, p, why);
    if (!standard) {
        (void)close(fd);
    }
    return good;
}
