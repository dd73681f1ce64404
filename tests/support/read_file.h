#pragma once

#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/base/buf.h"

/** Adds the octets of a file, which is there. */
static inline void read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    size_t len = 0;
    do {
        uint8_t *room = buf_room(out, 4096);
        len = fread(room, 1, 4096, file);
        out->len += len;
    } while (len > 0);
    (void)fclose(file);
}
