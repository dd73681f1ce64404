#include "scanner/base/unlinked_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const char *unlinked_file_folder(void)
{
    const char *named = getenv("TMPDIR");
    return named != NULL && named[0] != '\0' ? named : "/tmp";
}

int unlinked_file_open_on_disk(const char **folder)
{
    *folder = unlinked_file_folder();
    int file = open(*folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char path[PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s/mxcensus.XXXXXX", *folder);
    if (file < 0 && len > 0 && (size_t)len < sizeof(path)) { /* no O_TMPFILE in this file system */
        file = mkostemp(path, O_CLOEXEC);
        if (file >= 0) {
            (void)unlink(path);
        }
    }
    return file;
}

int unlinked_file_open(void)
{
    const char *folder = NULL;
    int file = unlinked_file_open_on_disk(&folder);
    return file >= 0 ? file : memfd_create("mxcensus", MFD_CLOEXEC);
}
