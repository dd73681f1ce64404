#include "scanner/rows/row_facts.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "output/row.h"
#include "output/row_shape.h"
#include "scanner/base/check.h"
#include "scanner/base/text.h"
#include "scanner/observation/tls_names.h"
#include "scanner/rows/plain_values.h"

#define KEY_MAX      96 /* octets with NUL of a column's name and "_base64" */
#define UNKNOWN_WORD "has a word that this version does not know"
#define ERRNO_MAX    133 /* EHWPOISON, the last one of Linux */

void row_reading_init(struct row_reading *r)
{
    *r = (struct row_reading){.why = BUF_INIT(BUF_NO_LIMIT)};
    r->arena = ARENA_INIT(&r->pool);
}

void row_reading_deinit(struct row_reading *r)
{
    json_decref(r->row);
    arena_reset(&r->arena);
    arena_pool_deinit(&r->pool);
    buf_deinit(&r->why);
}

void facts_bad(const struct facts *f, unsigned column, const char *what)
{
    struct buf *why = &f->reading->why;
    if (why->len == 0) {
        buf_putf(why, "%s.%s %s", f->definition->name, f->definition->columns[column].name, what);
    }
}

static json_t *value_of(const struct facts *f, unsigned column)
{
    if (f->object == NULL || f->reading->why.len > 0) {
        return NULL;
    }
    json_t *value = json_object_get(f->object, f->definition->columns[column].name);
    return json_is_null(value) ? NULL : value;
}

/* The value; NULL where it is null or, after a word about it, of another type. */
static json_t *typed(const struct facts *f, unsigned column, json_type type, const char *otherwise)
{
    json_t *value = value_of(f, column);
    if (value != NULL && json_typeof(value) != type) {
        facts_bad(f, column, otherwise);
        return NULL;
    }
    return value;
}

static struct span span_of_string(const json_t *value)
{
    return (struct span){(const uint8_t *)json_string_value(value), json_string_length(value)};
}

/* --- which keys an object has --------------------------------------------------------------- */

static bool is_companion(const char *key, const struct column *c)
{
    size_t len = strlen(c->name);
    return column_has_companion(c) && strncmp(key, c->name, len) == 0 &&
           strcmp(key + len, "_base64") == 0;
}

/* Keys come in the order of the definition, so looking goes on where the one before was found. */
static bool is_known(const struct definition *d, const char *key, size_t *from)
{
    for (size_t i = 0; i < d->column_count; i++) {
        size_t at = (*from + i) % d->column_count;
        if (strcmp(key, d->columns[at].name) == 0 || is_companion(key, &d->columns[at])) {
            *from = at;
            return true;
        }
    }
    return false;
}

/* Rows of nights before there was a scan_id have neither, and can be compared with nights that have. */
static bool is_of_every_row(const struct column *c)
{
    return strcmp(c->name, "scan_id") == 0 || strcmp(c->name, "observed_at") == 0;
}

/* Rows of less than full detail do without them. */
static bool may_be_absent(const struct column *c)
{
    return is_of_every_row(c) || column_is_sparse(c) || column_detail(c) == ROW_DETAIL_FULL;
}

static void check_keys(const struct facts *f)
{
    const struct definition *d = f->definition;
    struct buf *why = &f->reading->why;
    size_t from = 0;
    const char *key;
    json_t *value;
    json_object_foreach(f->object, key, value)
    {
        if (!is_known(d, key, &from) && why->len == 0) {
            buf_putf(why, "%s has a column that this version does not know: \"%.40s\"", d->name,
                     key);
        }
    }
    for (unsigned i = 0; i < d->column_count && !f->reading->in_part; i++) {
        if (d->columns[i].presence != COLUMN_PRESENCE_NULLABLE && !facts_has(f, i) &&
            !may_be_absent(&d->columns[i])) {
            facts_bad(f, i, "is absent or null");
        }
    }
}

static bool row_reading_load(struct row_reading *r, struct span line)
{
    json_decref(r->row);
    arena_reset(&r->arena);
    buf_reset(&r->why);
    json_error_t error;
    r->row = json_loadb((const char *)line.at, line.len, JSON_ALLOW_NUL, &error);
    r->line = line;
    if (r->row != NULL && json_is_object(r->row)) {
        return true;
    }
    buf_putf(&r->why, "not a JSON object: %s", r->row == NULL ? error.text : "another value");
    return false;
}

static bool open_row(struct row_reading *r, enum table_id t, struct facts *out)
{
    *out = (struct facts){.reading = r, .definition = table_definition(t), .object = r->row};
    json_t *schema = json_object_get(r->row, out->definition->columns[0].name);
    if (!json_is_integer(schema) || json_integer_value(schema) != ROW_SCHEMA_VERSION) {
        if (json_is_integer(schema)) {
            buf_putf(&r->why, "the row has schema %lld, but this version reads schema %d",
                     json_integer_value(schema), ROW_SCHEMA_VERSION);
        } else {
            buf_putf(&r->why, "the row does not have schema %d, which this version reads",
                     ROW_SCHEMA_VERSION);
        }
        return false;
    }
    check_keys(out);
    return r->why.len == 0;
}

bool row_reading_begin(struct row_reading *r, enum table_id t, struct span line, struct facts *out)
{
    *out = (struct facts){.reading = r, .definition = table_definition(t)};
    return row_reading_load(r, line) && open_row(r, t, out);
}

bool row_reading_begin_typed(struct row_reading *r, struct span line, enum table_id *t,
                             struct facts *out)
{
    if (!row_reading_load(r, line)) {
        return false;
    }
    const json_t *type = json_object_get(r->row, "type");
    if (!json_is_string(type) || !table_find(span_of_string(type), t)) {
        buf_put_text(&r->why, "not a row of a table of this version");
        return false;
    }
    (void)json_object_del(r->row, "type");
    return open_row(r, *t, out);
}

struct facts facts_of_nothing(enum table_id t)
{
    return (struct facts){.definition = table_definition(t)};
}

bool facts_has(const struct facts *f, unsigned column)
{
    return value_of(f, column) != NULL;
}

/* --- values --------------------------------------------------------------------------------- */

/* What stands under `<name>_base64`; NULL: nothing was altered. */
static json_t *companion_of(const struct facts *f, unsigned column)
{
    const struct column *c = &f->definition->columns[column];
    if (!column_has_companion(c)) {
        return NULL;
    }
    char key[KEY_MAX];
    int len = snprintf(key, sizeof(key), "%s_base64", c->name);
    CHECK(len > 0 && (size_t)len < sizeof(key));
    json_t *companion = json_object_get(f->object, key);
    return json_is_null(companion) ? NULL : companion;
}

static struct span decoded(const struct facts *f, unsigned column, const json_t *value)
{
    struct span octets = {0};
    if (!json_is_string(value) ||
        !octets_of_base64(span_of_string(value), &f->reading->arena, &octets)) {
        facts_bad(f, column, "is not base64");
    }
    return octets;
}

struct span facts_text(const struct facts *f, unsigned column)
{
    const json_t *value = typed(f, column, JSON_STRING, "is not a text");
    if (value == NULL) {
        return (struct span){0};
    }
    const json_t *exact = companion_of(f, column);
    return exact != NULL ? decoded(f, column, exact) : span_of_string(value);
}

const char *facts_string(const struct facts *f, unsigned column)
{
    const json_t *value = typed(f, column, JSON_STRING, "is not a string");
    if (value != NULL && strlen(json_string_value(value)) != json_string_length(value)) {
        facts_bad(f, column, "has the character U+0000, which no name or word has");
        return NULL;
    }
    return value != NULL ? json_string_value(value) : NULL;
}

int64_t facts_int(const struct facts *f, unsigned column)
{
    const json_t *value = typed(f, column, JSON_INTEGER, "is not a whole number");
    return value != NULL ? (int64_t)json_integer_value(value) : INT64_MIN;
}

int64_t facts_natural(const struct facts *f, unsigned column, int64_t max)
{
    const json_t *value = typed(f, column, JSON_INTEGER, "is not a whole number");
    if (value == NULL) {
        return -1;
    }
    if (json_integer_value(value) < 0 || json_integer_value(value) > max) {
        facts_bad(f, column, "is out of range");
        return -1;
    }
    return json_integer_value(value);
}

uint64_t facts_uint(const struct facts *f, unsigned column, uint64_t max)
{
    int64_t n = facts_natural(f, column, max < INT64_MAX ? (int64_t)max : INT64_MAX);
    return n < 0 ? 0 : (uint64_t)n;
}

uint8_t facts_u8(const struct facts *f, unsigned column)
{
    return (uint8_t)facts_uint(f, column, UINT8_MAX);
}

uint16_t facts_u16(const struct facts *f, unsigned column)
{
    return (uint16_t)facts_uint(f, column, UINT16_MAX);
}

uint32_t facts_u32(const struct facts *f, unsigned column)
{
    return (uint32_t)facts_uint(f, column, UINT32_MAX);
}

enum truth facts_truth(const struct facts *f, unsigned column)
{
    const json_t *value = value_of(f, column);
    if (value == NULL) {
        return TRUTH_UNKNOWN;
    }
    if (!json_is_boolean(value)) {
        facts_bad(f, column, "is neither true nor false");
        return TRUTH_UNKNOWN;
    }
    return json_is_true(value) ? TRUTH_YES : TRUTH_NO;
}

bool facts_bool(const struct facts *f, unsigned column)
{
    return facts_truth(f, column) == TRUTH_YES;
}

int64_t facts_time_ms(const struct facts *f, unsigned column)
{
    int64_t unix_ms = 0;
    const json_t *value = typed(f, column, JSON_STRING, "is not a time");
    if (value != NULL && !text_to_time_ms(span_of_string(value), &unix_ms)) {
        facts_bad(f, column, "is not a time");
    }
    return unix_ms;
}

static struct span unhexed(const struct facts *f, unsigned column, const json_t *value)
{
    struct span octets = {0};
    if (value != NULL && (!json_is_string(value) ||
                          !octets_of_hex(span_of_string(value), &f->reading->arena, &octets))) {
        facts_bad(f, column, "is not hexadecimal");
    }
    return octets;
}

struct span facts_hex(const struct facts *f, unsigned column)
{
    return unhexed(f, column, value_of(f, column));
}

void facts_sha256(const struct facts *f, unsigned column, uint8_t out[32])
{
    memset(out, 0, 32);
    struct span octets = facts_hex(f, column);
    if (octets.len == 32) {
        memcpy(out, octets.at, 32);
    } else if (facts_has(f, column)) {
        facts_bad(f, column, "is not a SHA-256");
    }
}

struct span facts_base64(const struct facts *f, unsigned column)
{
    const json_t *value = value_of(f, column);
    return value != NULL ? decoded(f, column, value) : (struct span){0};
}

static struct net_addr address_of(const struct facts *f, unsigned column, const json_t *value)
{
    struct net_addr address = {0};
    if (value != NULL &&
        (!json_is_string(value) || !net_addr_parse(span_of_string(value), &address))) {
        facts_bad(f, column, "is not an address");
    }
    return address;
}

struct net_addr facts_address(const struct facts *f, unsigned column)
{
    return address_of(f, column, value_of(f, column));
}

enum table_id facts_table(const struct facts *row)
{
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        if (row->definition == table_definition((enum table_id)t)) {
            return (enum table_id)t;
        }
    }
    UNREACHABLE("a row of no table");
}

/* --- a value as it stands in the line ------------------------------------------------------- */

/* The line was parsed before, so it is JSON; still nothing here leaves it. */
static size_t string_len(struct span at)
{
    size_t i = 1;
    while (i < at.len && at.at[i] != '"') {
        i += at.at[i] == '\\' ? 2 : 1;
    }
    return i < at.len ? i + 1 : at.len;
}

static size_t value_len(struct span at)
{
    size_t depth = 0;
    size_t i = 0;
    while (i < at.len) {
        uint8_t c = at.at[i];
        if (depth == 0 && i > 0 && (c == ',' || c == '}')) {
            return i;
        }
        if (c == '"') {
            i += string_len(span_drop(at, i));
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= (c == '}' || c == ']') && depth > 0;
        i++;
    }
    return i;
}

struct span facts_json(const struct facts *f, unsigned column)
{
    if (!facts_has(f, column)) {
        return (struct span){0};
    }
    struct span wanted = f->definition->columns[column].json_key; /* with quotes and colon */
    struct span rest = span_drop(f->reading->line, 1);
    while (rest.len > 0) {
        size_t key_len = string_len(rest) + 1;
        struct span key = span_take(rest, key_len);
        rest = span_drop(rest, key.len);
        size_t len = value_len(rest);
        if (span_eq(key, wanted)) {
            return span_take(rest, len);
        }
        rest = span_drop(rest, len < rest.len ? len + 1 : rest.len);
    }
    facts_bad(f, column, "is not written as mxcensus writes it");
    return (struct span){0};
}

/* --- words ---------------------------------------------------------------------------------- */

static const char *version_at(unsigned i)
{
    return tls_version_word((uint16_t)i);
}

static const char *alert_at(unsigned i)
{
    return tls_alert_name((int)i);
}

static const char *errno_at(unsigned i)
{
    return strerrorname_np((int)i);
}

/* The number in [from, to] that has the word of the column. `otherwise` for null. */
static unsigned number_of_word(const struct facts *f, unsigned column,
                               const char *(*word_at)(unsigned), unsigned from, unsigned to,
                               unsigned otherwise)
{
    const char *word = facts_string(f, column);
    if (word == NULL) {
        return otherwise;
    }
    for (unsigned i = from; i <= to; i++) {
        const char *known = word_at(i);
        if (known != NULL && strcmp(word, known) == 0) {
            return i;
        }
    }
    facts_bad(f, column, UNKNOWN_WORD);
    return otherwise;
}

static unsigned value_of_word(const struct facts *f, unsigned column, struct span word,
                              const struct vocabulary *v)
{
    unsigned value = 0;
    if (!vocabulary_find(v, word, &value)) {
        facts_bad(f, column, UNKNOWN_WORD);
    }
    return value;
}

unsigned facts_enum(const struct facts *f, unsigned column, const struct vocabulary *v)
{
    const char *word = facts_string(f, column);
    return word != NULL ? value_of_word(f, column, span_of(word), v) : 0;
}

uint16_t facts_tls_version(const struct facts *f, unsigned column)
{
    return (uint16_t)number_of_word(f, column, version_at, 0x0300, 0x0304, 0);
}

int16_t facts_alert(const struct facts *f, unsigned column)
{
    return (int16_t)number_of_word(f, column, alert_at, 0, UINT8_MAX, UINT16_MAX);
}

int32_t facts_errno(const struct facts *f, unsigned column)
{
    return -(int32_t)number_of_word(f, column, errno_at, 1, ERRNO_MAX, 0);
}

/* --- objects and lists ---------------------------------------------------------------------- */

static void open_object(const struct facts *f, unsigned column, json_t *value, struct facts *out)
{
    *out = (struct facts){
        .reading = f->reading,
        .definition = nested_definition(f->definition->columns[column].nested),
    };
    if (value != NULL && !json_is_object(value)) {
        facts_bad(f, column, "is not an object");
    } else if (value != NULL) {
        out->object = value;
        check_keys(out);
    }
}

bool facts_object(const struct facts *f, unsigned column, struct facts *out)
{
    open_object(f, column, value_of(f, column), out);
    return out->object != NULL;
}

size_t facts_list_len(const struct facts *f, unsigned column)
{
    const json_t *list = typed(f, column, JSON_ARRAY, "is not a list");
    return list != NULL ? json_array_size(list) : 0;
}

static json_t *item_of(const struct facts *f, unsigned column, size_t i)
{
    const json_t *list = value_of(f, column);
    return list != NULL ? json_array_get(list, i) : NULL;
}

const char *facts_free_text(const struct facts *f, unsigned column, const char *key)
{
    json_t *object = typed(f, column, JSON_OBJECT, "is not an object");
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (span_ieq(span_of(name), span_of(key))) {
            return json_string_value(value);
        }
    }
    return NULL;
}

struct span facts_list_text(const struct facts *f, unsigned column, size_t i)
{
    const json_t *value = item_of(f, column, i);
    if (value == NULL) {
        return (struct span){0}; /* after an error */
    }
    if (!json_is_string(value)) {
        facts_bad(f, column, "has an item that is not a text");
        return (struct span){0};
    }
    const json_t *exact = json_array_get(companion_of(f, column), i);
    return exact == NULL || json_is_null(exact) ? span_of_string(value) : decoded(f, column, exact);
}

uint16_t facts_bits(const struct facts *f, unsigned column, const struct vocabulary *v)
{
    uint16_t bits = 0;
    size_t count = facts_list_len(f, column);
    CHECK(v->count <= 16);
    for (size_t i = 0; i < count; i++) {
        bits |= (uint16_t)(1U << value_of_word(f, column, facts_list_text(f, column, i), v));
    }
    return f->reading != NULL && f->reading->why.len > 0 ? 0 : bits;
}

uint16_t facts_list_cipher(const struct facts *f, unsigned column, size_t i)
{
    uint16_t cipher = 0;
    if (!tls_cipher_find(facts_list_text(f, column, i), &cipher)) {
        facts_bad(f, column, "has a cipher suite that this version does not know");
    }
    return cipher;
}

struct span facts_list_hex(const struct facts *f, unsigned column, size_t i)
{
    return unhexed(f, column, item_of(f, column, i));
}

struct net_addr facts_list_address(const struct facts *f, unsigned column, size_t i)
{
    return address_of(f, column, item_of(f, column, i));
}

void facts_list_object(const struct facts *f, unsigned column, size_t i, struct facts *out)
{
    open_object(f, column, item_of(f, column, i), out);
}

const char *facts_list_string(const struct facts *f, unsigned column, size_t i)
{
    struct span text = span_of_string(item_of(f, column, i));
    if (text.at == NULL) {
        facts_bad(f, column, "has an item that is not a string");
        return "";
    }
    if (strlen((const char *)text.at) != text.len) {
        facts_bad(f, column, "has an item with the character U+0000, which no name or word has");
        return "";
    }
    return (const char *)text.at;
}

const struct span *facts_texts(const struct facts *f, unsigned column, size_t *count)
{
    *count = facts_list_len(f, column);
    struct span *texts = arena_new(&f->reading->arena, *count, sizeof(*texts));
    for (size_t i = 0; i < *count; i++) {
        texts[i] = facts_list_text(f, column, i);
    }
    return texts;
}
