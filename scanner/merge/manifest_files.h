#pragma once

#include <jansson.h>

#include "output/result_dir.h"

/** KEY_FILES of a manifest: the files of rows of a directory. */
json_t *manifest_files_array(const struct result_dir *dir);
