#include "tests/unit/report/json_at.h"

#include <stdlib.h>

#include <criterion/criterion.h>

size_t line_count(const struct buf *lines)
{
    size_t count = 0;
    for (size_t i = 0; i < lines->len; i++) {
        count += lines->at[i] == '\n';
    }
    return count;
}

static json_t *parse(struct span text)
{
    json_error_t error;
    json_t *root = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(root, "%s: %.*s", error.text, (int)text.len, (const char *)text.at);
    return root;
}

json_t *json_line(const struct buf *lines, size_t line)
{
    struct span rest = buf_span(lines);
    for (;;) {
        const uint8_t *end = rest.len > 0 ? memchr(rest.at, '\n', rest.len) : NULL;
        cr_assert_not_null(end, "there are not so many lines");
        size_t len = (size_t)(end - rest.at);
        if (line == 0) {
            return parse(span_take(rest, len));
        }
        rest = span_drop(rest, len + 1);
        line--;
    }
}

json_t *json_whole(const struct buf *text)
{
    return parse(buf_span(text));
}

static const json_t *step(const json_t *at, const char *name)
{
    if (json_is_array(at)) {
        return json_array_get(at, strtoul(name, NULL, 10));
    }
    return json_object_get(at, name);
}

static const json_t *find(const json_t *root, const char *path)
{
    char copy[256];
    size_t len = strlen(path) + 1;
    cr_assert(len <= sizeof(copy));
    memcpy(copy, path, len);
    const json_t *at = root;
    char *rest = NULL;
    for (char *name = strtok_r(copy, "/", &rest); name != NULL && at != NULL;
         name = strtok_r(NULL, "/", &rest)) {
        at = step(at, name);
    }
    return at;
}

void expect_json(const json_t *root, const struct json_expectation *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *found = find(root, expected[i].path);
        cr_expect_not_null(found, "%s is absent", expected[i].path);
        if (found == NULL) {
            continue;
        }
        char *text = json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
        cr_expect_str_eq(text, expected[i].value, "%s: %s", expected[i].path, text);
        free(text);
    }
}
