#include "scanner/replay/summary_changes.h"

#include <jansson.h>
#include <string.h>

#define LINES_MAX     60  /* for a person; our own bound, as the next one */
#define WORDS_LEN_MAX 400 /* octets of the words in front of a count */

struct changes {
    struct buf *text;
    struct buf path; /* words, with blanks between them */
    size_t count;
};

static void walk(struct changes *c, const json_t *then, const json_t *now);

static void walk_into(struct changes *c, const char *word, const json_t *then, const json_t *now)
{
    size_t len = c->path.len;
    if (len + strlen(word) < WORDS_LEN_MAX) {
        buf_put_text(&c->path, " ");
        buf_put_text(&c->path, word);
        walk(c, then, now);
    }
    c->path.len = len;
}

/* Sums, shares and lists of top-level domains say nothing that the counts beside them do not. */
static bool is_derived(const char *key)
{
    return strncmp(key, "share", 5) == 0 || strcmp(key, "rows") == 0 || strcmp(key, "total") == 0 ||
           strcmp(key, "by_tld") == 0 || strcmp(key, "accounted") == 0;
}

static void walk_object(struct changes *c, const json_t *then, const json_t *now)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)now, key, value)
    {
        if (!is_derived(key)) {
            walk_into(c, key, json_object_get(then, key), value);
        }
    }
    json_object_foreach((json_t *)(uintptr_t)then, key, value)
    {
        if (!is_derived(key) && json_object_get(now, key) == NULL) {
            walk_into(c, key, value, NULL);
        }
    }
}

static const char *name_of_item(const json_t *item)
{
    const char *code = json_string_value(json_object_get(item, "code"));
    return code != NULL ? code : json_string_value(json_object_get(item, "profile"));
}

static const json_t *item_named(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *other = name_of_item(json_array_get(list, i));
        if (other != NULL && strcmp(other, name) == 0) {
            return json_array_get(list, i);
        }
    }
    return NULL;
}

static void walk_array(struct changes *c, const json_t *then, const json_t *now)
{
    for (size_t i = 0; i < json_array_size(now); i++) {
        const char *name = name_of_item(json_array_get(now, i));
        if (name != NULL) {
            walk_into(c, name, item_named(then, name), json_array_get(now, i));
        }
    }
    for (size_t i = 0; i < json_array_size(then); i++) {
        const char *name = name_of_item(json_array_get(then, i));
        if (name != NULL && item_named(now, name) == NULL) {
            walk_into(c, name, json_array_get(then, i), NULL);
        }
    }
}

/* What only one of them has counts as 0 in the other. */
static void walk(struct changes *c, const json_t *then, const json_t *now)
{
    if (json_is_object(now) || json_is_object(then)) {
        walk_object(c, then, now);
    } else if (json_is_array(now) || json_is_array(then)) {
        walk_array(c, then, now);
    } else if (json_is_integer(now) || json_is_integer(then)) {
        json_int_t was = json_integer_value(then);
        json_int_t is = json_integer_value(now);
        if (was != is && ++c->count <= LINES_MAX) {
            buf_putf(c->text, " %.*s: %lld, was %lld\n", (int)c->path.len, (const char *)c->path.at,
                     (long long)is, (long long)was);
        }
    }
}

static void compare(struct buf *text, const char *path, const json_t *then, const json_t *now)
{
    static const char *const parts[] = {"account", "effects", "findings", "chains", "policies"};
    struct buf lines = BUF_INIT(BUF_NO_LIMIT);
    struct changes c = {.text = &lines, .path = BUF_INIT(BUF_NO_LIMIT)};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const json_t *part = json_object_get(then, parts[i]);
        if (part != NULL) { /* else an older version did not count it */
            walk_into(&c, parts[i], part, json_object_get(now, parts[i]));
        }
    }
    buf_putf(text, c.count > 0 ? "changed against %s\n" : "no count of %s changed\n", path);
    buf_put(text, buf_span(&lines));
    if (c.count > LINES_MAX) {
        buf_putf(text, "  and %zu more\n", c.count - LINES_MAX);
    }
    buf_deinit(&c.path);
    buf_deinit(&lines);
}

void summary_changes_put(struct buf *text, const char *then, struct span now)
{
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&path, "%s/summary.json", then);
    buf_put_char(&path, '\0');
    json_t *before = json_load_file((const char *)path.at, 0, NULL);
    json_t *after = json_loadb((const char *)now.at, now.len, 0, NULL);
    if (json_is_object(before) && json_is_object(after)) {
        compare(text, then, before, after);
    } else {
        buf_putf(text, "%.*s cannot be read: nothing to compare with\n", (int)path.len - 1,
                 (const char *)path.at);
    }
    json_decref(before);
    json_decref(after);
    buf_deinit(&path);
}
