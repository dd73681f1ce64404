#include "scanner/senders/field_reader.h"

#include <string.h>

#define ID_MAX         40 /* characters; our own bound */
#define KEY_SHOWN_MAX  40
#define INHERITED_MARK "inherited_mark"

bool field_fault(const struct field_place *at, const char *allowed)
{
    buf_putf(at->why, "%s: %s '%s': %s %s %s", at->origin, at->thing, at->id, at->field,
             at->absent ? "is missing; give it" : "must be", allowed);
    return false;
}

void field_put_printable(struct buf *why, const char *text, size_t max)
{
    for (size_t i = 0; i < max && text[i] != '\0'; i++) {
        buf_put_char(why, text[i] < ' ' || text[i] > '~' ? '?' : text[i]);
    }
}

void field_put_key(struct buf *why, const char *key)
{
    buf_put_char(why, '\'');
    field_put_printable(why, key, KEY_SHOWN_MAX);
    buf_put_char(why, '\'');
}

bool field_object_has_only(const json_t *object, const char *const known[], const char **unknown)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        size_t i = 0;
        while (known[i] != NULL && strcmp(known[i], key) != 0) {
            i++;
        }
        if (known[i] == NULL) {
            *unknown = key;
            return false;
        }
    }
    return true;
}

bool field_is_id(const char *id)
{
    size_t len = id != NULL ? strlen(id) : 0;
    return len > 0 && len <= ID_MAX && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len;
}

/* --- where a value comes from --------------------------------------------------------------- */

static const struct field_word *word_of(const struct field_word *words, const char *text)
{
    for (const struct field_word *w = words; text != NULL && w->word != NULL; w++) {
        if (strcmp(text, w->word) == 0) {
            return w;
        }
    }
    return NULL;
}

static bool beside_fault(const struct field_place *at, const char *key, const char *must_be)
{
    buf_putf(at->why, "%s: %s '%s': %s of %s must be %s", at->origin, at->thing, at->id, key,
             at->field, must_be);
    return false;
}

static bool is_date(const char *text)
{
    static const char form[] = "dddd-dd-dd";
    size_t i = 0;
    for (; form[i] != '\0'; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !digit : text[i] != form[i]) {
            return false;
        }
    }
    return text[i] == '\0';
}

static bool field_find_mark(const json_t *said, unsigned *mark)
{
    const char *word = json_string_value(said);
    return word != NULL && vocabulary_find(&field_mark_vocabulary, span_of(word), mark);
}

/* What stands beside a value is for readers, but for the mark. */
static bool read_source(const struct field_place *at, const json_t *given, uint8_t *mark)
{
    static const char *const known[] = {"value", "source", "date", "mark", NULL};
    const char *unknown = NULL;
    *mark = FIELD_MARK_ASSUMED;
    if (!json_is_object(given)) {
        return true;
    }
    if (!field_object_has_only(given, known, &unknown)) {
        buf_putf(at->why, "%s: %s '%s': %s has ", at->origin, at->thing, at->id, at->field);
        field_put_key(at->why, unknown);
        buf_put_text(at->why, "; known keys: value, source, date, mark");
        return false;
    }
    for (size_t i = 1; known[i] != NULL; i++) {
        const json_t *beside = json_object_get(given, known[i]);
        if (beside != NULL && !json_is_string(beside)) {
            return beside_fault(at, known[i], "a text");
        }
    }
    const json_t *said = json_object_get(given, "mark");
    unsigned value = FIELD_MARK_ASSUMED;
    if (said != NULL && !field_find_mark(said, &value)) {
        return beside_fault(at, "mark", "\"observed\", \"documented\" or \"assumed\"");
    }
    *mark = (uint8_t)value;
    if (*mark == FIELD_MARK_OBSERVED && json_object_get(given, "source") == NULL) {
        return beside_fault(at, "source", "given where the mark is \"observed\"");
    }
    const char *date = json_string_value(json_object_get(given, "date"));
    return date == NULL || is_date(date) || beside_fault(at, "date", "a day, as 2026-11-29");
}

/* --- values --------------------------------------------------------------------------------- */

static bool words_fault(const struct field_place *at, const char *first,
                        const struct field_word *words)
{
    struct buf allowed = BUF_INIT(BUF_NO_LIMIT);
    for (const struct field_word *w = words; w->word != NULL; w++) {
        buf_putf(&allowed, "%s\"%s\"", w == words ? first : ", ", w->word);
    }
    buf_put_char(&allowed, '\0');
    (void)field_fault(at, (const char *)allowed.at);
    buf_deinit(&allowed);
    return false;
}

static bool read_set(const struct field_place *at, const json_t *value,
                     const struct field_word *words, bool nullable, uint32_t *out)
{
    bool good = json_is_array(value);
    uint32_t set = 0;
    for (size_t i = 0; good && i < json_array_size(value); i++) {
        const struct field_word *w = word_of(words, json_string_value(json_array_get(value, i)));
        good = w != NULL && (set & w->value) == 0;
        set |= good ? w->value : 0;
    }
    *out = set;
    return good ||
           words_fault(at, nullable ? "null or a list, each once, of " : "a list, each once, of ",
                       words);
}

static bool read_value(const struct field_place *at, const json_t *value,
                       const struct field_info *f, uint32_t *out)
{
    const struct field_word *w;
    if ((f->kind == FIELD_SET || f->kind == FIELD_NUMBER) && json_is_null(value)) {
        *out = FIELD_NOT_KNOWN;
        return true;
    }
    switch (f->kind) {
    case FIELD_WORD:
        w = word_of(f->words, json_string_value(value));
        *out = w != NULL ? w->value : 0;
        return w != NULL || words_fault(at, "one of ", f->words);
    case FIELD_BOOL:
        *out = json_is_true(value);
        return json_is_boolean(value) || field_fault(at, "true or false");
    case FIELD_SET:
    case FIELD_LIST:
        return read_set(at, value, f->words, f->kind == FIELD_SET, out);
    case FIELD_NUMBER:
        break;
    }
    json_int_t number = json_integer_value(value);
    *out = (uint32_t)number;
    return (json_is_integer(value) && number >= 0 && number <= INT32_MAX) ||
           field_fault(at, "null or a number from 0 to 2147483647");
}

bool field_read(const struct field_place *at, const json_t *given, const struct field_info *f,
                uint32_t *value, uint8_t *mark)
{
    bool object = json_is_object(given);
    return read_source(at, given, mark) &&
           read_value(at, object ? json_object_get(given, "value") : given, f, value);
}

bool fields_read(const struct field_place *at, const json_t *thing, const struct field_info *infos,
                 size_t count, bool like, uint32_t *values, uint8_t *marks)
{
    struct field_place place = *at;
    for (size_t i = 0; i < count; i++) {
        const json_t *given = json_object_get(thing, infos[i].name);
        place.field = infos[i].name;
        place.absent = given == NULL;
        if ((given != NULL || !like) &&
            !field_read(&place, given, &infos[i], &values[i], &marks[i])) {
            return false;
        }
    }
    return true;
}

bool fields_weaken_inherited(const struct field_place *at, const json_t *thing, size_t count,
                             uint8_t *marks)
{
    struct field_place place = *at;
    const json_t *said = json_object_get(thing, INHERITED_MARK);
    unsigned mark = FIELD_MARK_ASSUMED;
    place.field = INHERITED_MARK;
    if (said == NULL) {
        return true;
    }
    if (!field_find_mark(said, &mark) || json_object_get(thing, "like") == NULL) {
        return field_fault(&place, "\"observed\", \"documented\" or \"assumed\", beside like");
    }
    for (size_t i = 0; i < count; i++) {
        marks[i] = mark > marks[i] ? (uint8_t)mark : marks[i];
    }
    return true;
}

bool fields_are_all(const struct field_place *at, const json_t *thing,
                    const struct field_info *infos, size_t count, const char *const others[])
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)thing, key, value)
    {
        size_t i = 0;
        size_t o = 0;
        while (i < count && strcmp(infos[i].name, key) != 0) {
            i++;
        }
        while (others[o] != NULL && strcmp(others[o], key) != 0) {
            o++;
        }
        if (i == count && others[o] == NULL) {
            buf_putf(at->why, "%s: %s '%s': ", at->origin, at->thing, at->id);
            field_put_key(at->why, key);
            buf_putf(at->why, " is not a field of a %s", at->thing);
            return false;
        }
    }
    return true;
}
