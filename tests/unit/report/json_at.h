#pragma once

/** Reads rows back and looks into them by path; a number steps into an array. */

#include <jansson.h>

#include "scanner/base/buf.h"

struct json_expectation {
    const char *path;  /* "transcript/banner/code", "mx/0/host" */
    const char *value; /* as compact JSON */
};

/** The `line`-th line of NDJSON; fails the test when it is no JSON. */
json_t *json_line(const struct buf *lines, size_t line);
json_t *json_whole(const struct buf *text);
size_t line_count(const struct buf *lines);
/** Fails the test for every path that is absent or holds something else. */
void expect_json(const json_t *root, const struct json_expectation *expected, size_t count);

#define EXPECT_JSON(root, expected) \
    expect_json(root, expected, sizeof(expected) / sizeof((expected)[0]))
