#include "output/row_nest.h"

#include "scanner/base/check.h"

void definition_broken(const struct definition *d, unsigned column, const char *what)
{
    const char *name = column < d->column_count ? d->columns[column].name : "(no such column)";
    (void)fprintf(stderr, "broken invariant: column %s.%s: %s\n", d->name, name, what);
    abort();
}

static unsigned level_open(struct row *r)
{
    CHECK(r->depth < ROW_DEPTH_MAX);
    return ++r->depth;
}

struct object *object_open(struct row *r, enum nested_id n)
{
    unsigned level = level_open(r);
    struct object *o = &r->objects[level - 1];
    *o = (struct object){.row = r, .definition = nested_definition(n), .level = level};
    json_object_begin(&r->nest);
    return o;
}

struct list *list_open(struct row *r, const struct column *c)
{
    unsigned level = level_open(r);
    struct list *l = &r->lists[level - 1];
    *l = (struct list){.row = r, .column = c, .level = level};
    json_array_begin(&r->nest);
    return l;
}

/* Writes null for the columns from `next` up to `column`. */
static void skip_to(struct object *o, unsigned column)
{
    struct json_writer *w = &o->row->nest;
    for (; o->next < column; o->next++) {
        const struct column *c = &o->definition->columns[o->next];
        if (c->presence != COLUMN_PRESENCE_NULLABLE && !(o->row->lean && column_is_sparse(c))) {
            definition_broken(o->definition, o->next, "is never null, but was not set");
        }
        if (o->row->lean) {
            continue;
        }
        json_key_ready(w, c->json_key);
        json_null_value(w);
        if (column_has_companion(c)) {
            json_key_ready(w, c->json_key_base64);
            json_null_value(w);
        }
    }
}

static void object_turn_to(struct object *o, unsigned column, column_types types)
{
    definition_allows(o->definition, column, types);
    if (o->level != o->row->depth) {
        definition_broken(o->definition, column, "set while another object or list is open");
    }
    if (column < o->next) {
        definition_broken(o->definition, column, "set twice or out of order");
    }
    skip_to(o, column);
    o->next = column + 1;
}

/* Writes the key; the caller writes the value. */
static struct json_writer *object_fill(struct object *o, unsigned column, column_types types)
{
    object_turn_to(o, column, types);
    json_key_ready(&o->row->nest, o->definition->columns[column].json_key);
    return &o->row->nest;
}

void object_text(struct object *o, unsigned column, struct span text)
{
    struct json_writer *w = object_fill(o, column, TYPES_TEXT);
    bool altered = json_text(w, text);
    const struct column *c = &o->definition->columns[column];
    if (c->type == COLUMN_TYPE_FOREIGN && (altered || !o->row->lean)) {
        json_key_ready(w, c->json_key_base64);
        if (altered) {
            json_base64(w, text);
        } else {
            json_null_value(w);
        }
    }
}

/* The value is null; left to skip_to(), which knows of companions and of what is never null. */
static void leave(struct object *o, unsigned column, column_types types)
{
    definition_allows(o->definition, column, types);
    if (o->level != o->row->depth || column < o->next) {
        definition_broken(o->definition, column, "set twice or out of order");
    }
    skip_to(o, column + 1);
}

void object_name(struct object *o, unsigned column, struct span text)
{
    if (text.len > 0) {
        object_text(o, column, text);
    } else {
        leave(o, column, TYPES_TEXT);
    }
}

void object_word(struct object *o, unsigned column, const char *word)
{
    if (word != NULL) {
        object_text(o, column, span_of(word));
    } else {
        leave(o, column, TYPES_TEXT);
    }
}

void object_uint(struct object *o, unsigned column, uint64_t n)
{
    json_uint(object_fill(o, column, TYPE(UINT)), n);
}

void object_natural(struct object *o, unsigned column, int64_t n)
{
    if (n >= 0) {
        object_uint(o, column, (uint64_t)n);
    } else {
        leave(o, column, TYPE(UINT));
    }
}

void object_count(struct object *o, unsigned column, uint64_t n)
{
    object_natural(o, column, n == 0 && o->row->lean ? -1 : (int64_t)n);
}

void object_int(struct object *o, unsigned column, int64_t n)
{
    json_int(object_fill(o, column, TYPE(INT)), n);
}

static void put_bool(struct object *o, unsigned column, bool value, bool written)
{
    object_turn_to(o, column, TYPE(BOOL));
    if (written) {
        json_key_ready(&o->row->nest, o->definition->columns[column].json_key);
        json_bool(&o->row->nest, value);
    }
}

void object_bool(struct object *o, unsigned column, bool value)
{
    bool filled = o->definition->columns[column].presence != COLUMN_PRESENCE_NULLABLE;
    put_bool(o, column, value, value || !o->row->lean || !filled);
}

void object_flag(struct object *o, unsigned column, bool value)
{
    put_bool(o, column, value, value || !o->row->lean);
}

bool object_is_lean(const struct object *o)
{
    return o->row->lean;
}

void object_time_ms(struct object *o, unsigned column, int64_t unix_ms)
{
    json_time_ms(object_fill(o, column, TYPE(TIME_MS)), unix_ms);
}

void object_time_s(struct object *o, unsigned column, int64_t unix_s)
{
    json_time_s(object_fill(o, column, TYPE(TIME_S)), unix_s);
}

void object_hex(struct object *o, unsigned column, struct span octets)
{
    json_hex(object_fill(o, column, TYPE(HEX)), octets);
}

void object_sha256(struct object *o, unsigned column, const uint8_t digest[32])
{
    if (!digest_is_none(digest)) {
        object_hex(o, column, (struct span){digest, 32});
    } else {
        leave(o, column, TYPE(HEX));
    }
}

void object_base64(struct object *o, unsigned column, struct span octets)
{
    json_base64(object_fill(o, column, TYPE(BASE64)), octets);
}

void object_address(struct object *o, unsigned column, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_MAX];
    if (a->family != 0) {
        object_text(o, column, (struct span){(const uint8_t *)text, net_addr_format(a, text)});
    } else {
        leave(o, column, TYPES_TEXT);
    }
}

struct object *object_object(struct object *o, unsigned column)
{
    (void)object_fill(o, column, TYPE(OBJECT));
    return object_open(o->row, o->definition->columns[column].nested);
}

struct list *object_list(struct object *o, unsigned column)
{
    (void)object_fill(o, column, TYPES_LIST);
    return list_open(o->row, &o->definition->columns[column]);
}

/* The outermost object or list is complete in `scratch`. */
static void nest_close(struct row *r, struct span companion /* empty: null */)
{
    struct cell *c = &r->cells[r->open_column];
    c->kind = CELL_JSON;
    c->len = r->scratch.len - c->at;
    c->companion_at = r->scratch.len;
    c->companion_len = companion.len;
    buf_put(&r->scratch, companion);
}

void object_close(struct object *o)
{
    struct row *r = o->row;
    CHECK(o->level == r->depth);
    skip_to(o, (unsigned)o->definition->column_count);
    json_object_end(&r->nest);
    if (--r->depth == 0) {
        nest_close(r, (struct span){0});
    }
}

static struct json_writer *element(struct list *l, column_types types)
{
    CHECK(l->level == l->row->depth);
    CHECK((types & (1U << l->column->type)) != 0);
    l->count++;
    return &l->row->nest;
}

/* The companion of a list has null where nothing was altered. */
static void put_companion(struct list *l, bool altered, struct span text)
{
    struct json_writer *w = &l->row->companion_nest;
    if (altered && !l->altered) {
        l->altered = true;
        buf_reset(&l->row->companion);
        *w = json_writer(&l->row->companion);
        json_array_begin(w);
        for (size_t i = 1; i < l->count; i++) {
            json_null_value(w);
        }
    }
    if (altered) {
        json_base64(w, text);
    } else if (l->altered) {
        json_null_value(w);
    }
}

void list_text(struct list *l, struct span text)
{
    bool altered = json_text(element(l, TYPE(TEXT_LIST) | TYPE(FOREIGN_LIST)), text);
    if (l->column->type == COLUMN_TYPE_FOREIGN_LIST) {
        put_companion(l, altered, text);
    }
}

void list_word(struct list *l, const char *word)
{
    list_text(l, span_of(word));
}

void list_hex(struct list *l, struct span octets)
{
    json_hex(element(l, TYPE(HEX_LIST)), octets);
}

void list_address(struct list *l, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_MAX];
    list_text(l, (struct span){(const uint8_t *)text, net_addr_format(a, text)});
}

struct object *list_object(struct list *l)
{
    (void)element(l, TYPE(OBJECT_LIST));
    return object_open(l->row, l->column->nested);
}

void list_close(struct list *l)
{
    struct row *r = l->row;
    CHECK(l->level == r->depth);
    json_array_end(&r->nest);
    struct span companion = {0};
    if (l->altered) {
        json_array_end(&r->companion_nest);
        companion = buf_span(&r->companion);
    }
    if (--r->depth == 0) {
        nest_close(r, companion);
    } else if (l->column->type == COLUMN_TYPE_FOREIGN_LIST && (companion.len > 0 || !r->lean)) {
        json_key_ready(&r->nest, l->column->json_key_base64);
        if (companion.len > 0) {
            json_fragment(&r->nest, companion);
        } else {
            json_null_value(&r->nest);
        }
    }
}
