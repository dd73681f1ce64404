#include "scanner/fleet/terms.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/fleet/block_watch.h"

void fleet_terms_init(struct fleet_terms *t)
{
    *t = (struct fleet_terms){.inputs = BUF_INIT(BUF_NO_LIMIT), .files = BUF_INIT(BUF_NO_LIMIT)};
}

void fleet_terms_deinit(struct fleet_terms *t)
{
    for (size_t i = 0; i < t->word_count; i++) {
        free(t->words[i]);
    }
    free(t->words);
    buf_deinit(&t->inputs);
    buf_deinit(&t->files);
    fleet_terms_init(t);
}

/* As JSON has to be. */
static bool is_text(struct span word)
{
    json_t *text = json_stringn((const char *)word.at, word.len);
    json_decref(text);
    return text != NULL;
}

bool fleet_terms_add_word(struct fleet_terms *t, struct span word)
{
    if (t->word_count == TERMS_WORDS_MAX || !is_text(word)) {
        return false;
    }
    if (t->words == NULL) {
        t->words = memory_new(TERMS_WORDS_MAX + 1, sizeof(char *));
    }
    char *copy = memory_new(1, word.len + 1);
    memcpy(copy, word.at, word.len);
    t->words[t->word_count++] = copy;
    return true;
}

static json_t *json_of(const struct buf *text)
{
    json_t *value = json_loadb((const char *)text->at, text->len, JSON_DECODE_ANY, NULL);
    return value != NULL ? value : json_null();
}

void fleet_terms_put(const struct fleet_terms *t, struct buf *json)
{
    json_t *words = json_array();
    for (size_t i = 0; i < t->word_count; i++) {
        (void)json_array_append_new(words, json_string(t->words[i]));
    }
    json_t *o = json_object();
    (void)json_object_set_new(o, "version", json_string(t->version));
    (void)json_object_set_new(o, "scan_id", json_string(t->scan_id));
    (void)json_object_set_new(o, "partitions", json_integer(t->parts));
    (void)json_object_set_new(o, "members", json_integer(t->members));
    (void)json_object_set_new(o, "silent_after", json_integer(t->silent_after));
    (void)json_object_set_new(o, "words", words);
    (void)json_object_set_new(o, "inputs", json_of(&t->inputs));
    (void)json_object_set_new(o, "files", json_of(&t->files));
    char *text = json_dumps(o, JSON_INDENT(1));
    buf_put_text(json, text);
    free(text);
    json_decref(o);
}

static bool take_short_text(const json_t *o, const char *key, char *to, size_t len)
{
    const char *text = json_string_value(json_object_get(o, key));
    bool ok = text != NULL && strlen(text) < len;
    if (ok) {
        memcpy(to, text, strlen(text) + 1);
    }
    return ok;
}

static bool take_number(const json_t *o, const char *key, uint32_t max, uint32_t *to)
{
    json_int_t n = json_integer_value(json_object_get(o, key));
    *to = (uint32_t)n;
    return n > 0 && n <= max;
}

static bool take_words(const json_t *o, struct fleet_terms *t)
{
    const json_t *words = json_object_get(o, "words");
    bool ok = json_is_array(words);
    for (size_t i = 0; i < json_array_size(words) && ok; i++) {
        const char *word = json_string_value(json_array_get(words, i));
        ok = word != NULL && strncmp(word, "--", 2) == 0 && fleet_terms_add_word(t, span_of(word));
    }
    return ok;
}

static bool take_json(const json_t *o, const char *key, struct buf *to)
{
    const json_t *value = json_object_get(o, key);
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    if (text != NULL) {
        buf_put_text(to, text);
    }
    free(text);
    return text != NULL;
}

bool fleet_terms_read(struct fleet_terms *t, struct span json, struct buf *why)
{
    json_t *o = json_loadb((const char *)json.at, json.len, 0, NULL);
    fleet_terms_init(t);
    bool ok = json_is_object(o) && take_short_text(o, "version", t->version, sizeof(t->version)) &&
              take_short_text(o, "scan_id", t->scan_id, sizeof(t->scan_id)) &&
              strlen(t->scan_id) == UUID_TEXT_MAX - 1 &&
              take_number(o, "partitions", FLEET_PARTS_MAX, &t->parts) &&
              take_number(o, "members", t->parts, &t->members) &&
              take_number(o, "silent_after", TERMS_SILENT_MAX, &t->silent_after) &&
              t->silent_after >= TERMS_SILENT_MIN && take_words(o, t) &&
              take_json(o, "inputs", &t->inputs) && take_json(o, "files", &t->files);
    json_decref(o);
    if (!ok) {
        fleet_terms_deinit(t);
        buf_put_text(why, "cannot be read: not the terms of a scan");
    }
    return ok;
}

/* What feed adds where the user gave none. */
static bool is_made(const char *word)
{
    return strncmp(word, "--at=", 5) == 0;
}

static const char *next_word(const struct fleet_terms *t, size_t *i)
{
    while (*i < t->word_count && is_made(t->words[*i])) {
        (*i)++;
    }
    return *i < t->word_count ? t->words[(*i)++] : NULL;
}

bool fleet_terms_agree(const struct fleet_terms *then, const struct fleet_terms *now,
                       struct buf *why)
{
    size_t i = 0;
    size_t k = 0;
    const char *a = NULL;
    const char *b = NULL;
    do {
        a = next_word(then, &i);
        b = next_word(now, &k);
    } while (a != NULL && b != NULL && strcmp(a, b) == 0);
    if (strcmp(then->version, now->version) != 0) {
        buf_putf(why, "was begun by version %s of mxcensus: go on with that", then->version);
    } else if (a != NULL || b != NULL) {
        buf_putf(why, "was begun with other options: %s, and not %s", a != NULL ? a : "none",
                 b != NULL ? b : "none");
    } else if (then->parts != now->parts) {
        buf_putf(why, "was begun with --partitions %u", then->parts);
    } else if (then->members != now->members) {
        buf_putf(why, "was begun with --members %u", then->members);
    } else if (then->silent_after != now->silent_after) {
        buf_putf(why, "was begun with --silent-after %u", then->silent_after);
    } else if (!span_eq(buf_span(&then->inputs), buf_span(&now->inputs))) {
        buf_put_text(why, "was begun with another list: its name, length or SHA-256 is different");
    } else if (!span_eq(buf_span(&then->files), buf_span(&now->files))) {
        buf_put_text(why, "was begun with other files that options name: their SHA-256 differ");
    } else {
        return true;
    }
    return false;
}
