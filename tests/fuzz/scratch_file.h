#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "scanner/base/check.h"

/** Files for parsers that open theirs by a path: in a directory of the process, each written over from input to input. */

static inline const char *scratch_folder(void)
{
    static char made[] = "/tmp/mxcensus-fuzz-XXXXXX";
    static bool is_made = false;
    if (!is_made) {
        CHECK(mkdtemp(made) != NULL);
        is_made = true;
    }
    return made;
}

static inline void scratch_put_file(const char *name, const uint8_t *data, size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", scratch_folder(), name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}
