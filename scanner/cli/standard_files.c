#include "scanner/cli/standard_files.h"

#include <fcntl.h>
#include <unistd.h>

/* The lowest free number is what open() gives. Opened the wrong way round: EBADF on use. */
bool standard_files_hold(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd) {
            return false;
        }
    }
    return true;
}
