#include "output/row.h"

#include "output/csv.h"
#include "output/row_nest.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"

struct row *row_new(void)
{
    struct row *r = memory_new(1, sizeof(*r));
    size_t columns_max = 0;
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        size_t count = table_definition((enum table_id)t)->column_count;
        columns_max = count > columns_max ? count : columns_max;
    }
    r->cells = memory_new(columns_max, sizeof(*r->cells));
    r->scratch = BUF_INIT(BUF_NO_LIMIT);
    r->companion = BUF_INIT(BUF_NO_LIMIT);
    row_set_scan(r, UUID_NIL);
    r->csv_cell_max = CSV_CELL_MAX;
    row_shape_init(&r->full, ROW_DETAIL_FULL);
    row_set_shape(r, NULL);
    return r;
}

void row_free(struct row *r)
{
    if (r != NULL) {
        free(r->cells);
        buf_deinit(&r->scratch);
        buf_deinit(&r->companion);
        free(r);
    }
}

void row_set_scan(struct row *r, const char scan_id[UUID_TEXT_MAX])
{
    memcpy(r->scan_id, scan_id, UUID_TEXT_MAX);
}

void row_set_time(struct row *r, int64_t observed_unix_ms)
{
    r->observed_unix_ms = observed_unix_ms;
}

void row_set_csv_cell_max(struct row *r, uint32_t characters)
{
    r->csv_cell_max = characters;
}

void row_set_shape(struct row *r, const struct row_shape *shape)
{
    r->shape = shape != NULL ? shape : &r->full;
    r->lean = r->shape->detail < ROW_DETAIL_FULL;
}

const struct row_shape *row_shape_of(const struct row *r)
{
    return r->shape;
}

bool row_is_lean(const struct row *r)
{
    return r->lean;
}

void row_begin(struct row *r, enum table_id t)
{
    r->definition = table_definition(t);
    r->no_column = r->shape->no_column[t];
    memset(r->cells, 0, r->definition->column_count * sizeof(*r->cells));
    buf_reset(&r->scratch);
    r->depth = 0;
    row_uint(r, ROW_COLUMN_SCHEMA, ROW_SCHEMA_VERSION);
    row_text(r, ROW_COLUMN_SCAN_ID, span_of(r->scan_id));
    row_time_ms(r, ROW_COLUMN_OBSERVED_AT, r->observed_unix_ms);
}

/* The cell to fill. Its octets are what is added to `scratch` from now to cell_keep(). */
static struct cell *cell_fill(struct row *r, unsigned column, column_types types)
{
    definition_allows(r->definition, column, types);
    struct cell *c = &r->cells[column];
    if (r->depth != 0) {
        definition_broken(r->definition, column, "set while an object or list is open");
    }
    if (c->set) {
        definition_broken(r->definition, column, "set twice");
    }
    c->set = true;
    c->at = r->scratch.len;
    return c;
}

static void cell_keep(const struct row *r, struct cell *c, enum cell_kind kind)
{
    c->kind = kind;
    c->len = r->scratch.len - c->at;
}

void row_text(struct row *r, unsigned column, struct span text)
{
    struct cell *c = cell_fill(r, column, TYPES_TEXT);
    buf_put(&r->scratch, text);
    cell_keep(r, c, CELL_TEXT);
}

void row_name(struct row *r, unsigned column, struct span text)
{
    if (text.len > 0) {
        row_text(r, column, text);
    } else {
        (void)cell_fill(r, column, TYPES_TEXT);
    }
}

void row_word(struct row *r, unsigned column, const char *word)
{
    if (word != NULL) {
        row_text(r, column, span_of(word));
    } else {
        (void)cell_fill(r, column, TYPES_TEXT);
    }
}

void row_uint(struct row *r, unsigned column, uint64_t n)
{
    struct cell *c = cell_fill(r, column, TYPE(UINT));
    CHECK(n <= ROW_UINT_MAX);
    buf_put_u64(&r->scratch, n);
    cell_keep(r, c, CELL_LITERAL);
}

void row_natural(struct row *r, unsigned column, int64_t n)
{
    if (n >= 0) {
        row_uint(r, column, (uint64_t)n);
    } else {
        (void)cell_fill(r, column, TYPE(UINT));
    }
}

void row_int(struct row *r, unsigned column, int64_t n)
{
    struct cell *c = cell_fill(r, column, TYPE(INT));
    buf_put_i64(&r->scratch, n);
    cell_keep(r, c, CELL_LITERAL);
}

void row_bool(struct row *r, unsigned column, bool value)
{
    struct cell *c = cell_fill(r, column, TYPE(BOOL));
    buf_put_text(&r->scratch, value ? "true" : "false");
    cell_keep(r, c, CELL_LITERAL);
}

void row_time_ms(struct row *r, unsigned column, int64_t unix_ms)
{
    struct cell *c = cell_fill(r, column, TYPE(TIME_MS));
    text_put_time_ms(&r->scratch, unix_ms);
    cell_keep(r, c, r->scratch.len > c->at ? CELL_PLAIN : CELL_NULL);
}

void row_time_s(struct row *r, unsigned column, int64_t unix_s)
{
    struct cell *c = cell_fill(r, column, TYPE(TIME_S));
    text_put_time_s(&r->scratch, unix_s);
    cell_keep(r, c, r->scratch.len > c->at ? CELL_PLAIN : CELL_NULL);
}

void row_hex(struct row *r, unsigned column, struct span octets)
{
    struct cell *c = cell_fill(r, column, TYPE(HEX));
    if (octets.len > 0) {
        buf_put_hex(&r->scratch, octets);
    }
    cell_keep(r, c, CELL_PLAIN);
}

void row_sha256(struct row *r, unsigned column, const uint8_t digest[32])
{
    if (!digest_is_none(digest)) {
        row_hex(r, column, (struct span){digest, 32});
    } else {
        (void)cell_fill(r, column, TYPE(HEX));
    }
}

void row_base64(struct row *r, unsigned column, struct span octets)
{
    struct cell *c = cell_fill(r, column, TYPE(BASE64));
    if (octets.len > 0) {
        buf_put_base64(&r->scratch, octets);
    }
    cell_keep(r, c, CELL_PLAIN);
}

void row_address(struct row *r, unsigned column, const struct net_addr *a)
{
    char text[NET_ADDR_TEXT_MAX];
    if (a->family != 0) {
        row_text(r, column, (struct span){(const uint8_t *)text, net_addr_format(a, text)});
    } else {
        (void)cell_fill(r, column, TYPES_TEXT);
    }
}

void row_json(struct row *r, unsigned column, struct span json)
{
    struct cell *c = cell_fill(r, column, TYPE(JSON));
    buf_put(&r->scratch, json);
    cell_keep(r, c, json.len > 0 ? CELL_JSON : CELL_NULL);
}

struct object *row_object(struct row *r, unsigned column)
{
    (void)cell_fill(r, column, TYPE(OBJECT));
    r->open_column = column;
    r->nest = json_writer(&r->scratch);
    return object_open(r, r->definition->columns[column].nested);
}

struct list *row_list(struct row *r, unsigned column)
{
    (void)cell_fill(r, column, TYPES_LIST);
    r->open_column = column;
    r->nest = json_writer(&r->scratch);
    return list_open(r, &r->definition->columns[column]);
}

static struct span cell_octets(const struct row *r, const struct cell *c)
{
    return (struct span){r->scratch.at + c->at, c->len};
}

static struct span cell_companion(const struct row *r, const struct cell *c)
{
    return (struct span){r->scratch.at + c->companion_at, c->companion_len};
}

static void put_json_text(struct json_writer *w, const struct row *r, const struct column *column,
                          struct span octets)
{
    bool altered = json_text(w, octets);
    if (column->type == COLUMN_TYPE_FOREIGN && (altered || !r->lean)) {
        json_key_ready(w, column->json_key_base64);
        if (altered) {
            json_base64(w, octets);
        } else {
            json_null_value(w);
        }
    }
}

/* What a column that lean rows may do without is where it is absent. */
static bool is_said_by_absence(const struct column *column, struct span octets)
{
    return (span_eq(octets, SPAN_LIT("false")) || span_eq(octets, SPAN_LIT("[]")) ||
            span_eq(octets, SPAN_LIT("0"))) &&
           column_is_sparse(column);
}

static void put_json_cell(struct json_writer *w, const struct row *r, const struct column *column,
                          const struct cell *c)
{
    struct span octets = cell_octets(r, c);
    if (r->lean && (c->kind == CELL_NULL || is_said_by_absence(column, octets))) {
        return;
    }
    json_key_ready(w, column->json_key);
    switch (c->kind) {
    case CELL_NULL:
        json_null_value(w);
        break;
    case CELL_TEXT:
        put_json_text(w, r, column, octets);
        return;
    case CELL_PLAIN:
        (void)json_text(w, octets);
        break;
    case CELL_LITERAL:
    case CELL_JSON:
        json_fragment(w, octets);
        break;
    }
    if (column_has_companion(column) && (c->companion_len > 0 || !r->lean)) {
        json_key_ready(w, column->json_key_base64);
        if (c->companion_len > 0) {
            json_fragment(w, cell_companion(r, c));
        } else {
            json_null_value(w);
        }
    }
}

static bool row_writes_column(const struct row *r, size_t column)
{
    return !r->no_column[column];
}

static void put_ndjson(const struct row *r, struct buf *out, bool with_type)
{
    const struct definition *d = r->definition;
    struct json_writer w = json_writer(out);
    json_object_begin(&w);
    if (with_type) {
        json_key(&w, "type");
        json_word(&w, d->name);
    }
    for (size_t i = 0; i < d->column_count; i++) {
        if (row_writes_column(r, i)) {
            put_json_cell(&w, r, &d->columns[i], &r->cells[i]);
        }
    }
    json_object_end(&w);
    buf_put_char(out, '\n');
}

/* Leaves `companion` to the caller's use from row to row. */
static void put_csv_text(struct row *r, struct buf *out, const struct column *column,
                         struct span octets)
{
    bool altered = text_needs_repair(octets);
    if (altered) {
        buf_reset(&r->companion);
        (void)text_put_repaired(&r->companion, octets);
        csv_put_field(out, buf_span(&r->companion), r->csv_cell_max);
    } else {
        csv_put_field(out, octets, r->csv_cell_max);
    }
    if (column->type == COLUMN_TYPE_FOREIGN) {
        buf_put_char(out, ',');
        if (altered) {
            buf_reset(&r->companion);
            buf_put_base64(&r->companion, octets);
            csv_put_field(out, buf_span(&r->companion), r->csv_cell_max);
        }
    }
}

static void row_put_csv_cell(struct row *r, struct buf *out, const struct column *column,
                             const struct cell *c)
{
    struct span octets = cell_octets(r, c);
    switch (c->kind) {
    case CELL_NULL:
        break;
    case CELL_TEXT:
        put_csv_text(r, out, column, octets);
        return;
    case CELL_PLAIN:
    case CELL_LITERAL:
    case CELL_JSON:
        csv_put_field(out, octets, r->csv_cell_max);
        break;
    }
    if (column_has_companion(column)) {
        buf_put_char(out, ',');
        if (c->companion_len > 0) {
            csv_put_field(out, cell_companion(r, c), r->csv_cell_max);
        }
    }
}

static void row_put_csv(struct row *r, struct buf *out)
{
    const struct definition *d = r->definition;
    for (size_t i = 0; i < d->column_count; i++) { /* the first one is in every row */
        if (row_writes_column(r, i)) {
            buf_put_text(out, i > 0 ? "," : "");
            row_put_csv_cell(r, out, &d->columns[i], &r->cells[i]);
        }
    }
    buf_put_text(out, CSV_LINE_END);
}

static void row_check_whole(const struct row *r)
{
    CHECK(r->depth == 0);
    for (unsigned i = 0; i < r->definition->column_count; i++) {
        const struct column *c = &r->definition->columns[i];
        if (r->cells[i].kind == CELL_NULL && c->presence != COLUMN_PRESENCE_NULLABLE &&
            !(r->lean && column_is_sparse(c))) {
            definition_broken(r->definition, i, "is never null, but was not set");
        }
    }
}

void row_end(struct row *r, struct buf *ndjson, struct buf *csv, bool with_type)
{
    row_check_whole(r);
    if (ndjson != NULL) {
        put_ndjson(r, ndjson, with_type);
    }
    if (csv != NULL) {
        row_put_csv(r, csv);
    }
}

static void put_chosen_json(const struct row *r, const struct row_choice *choice, struct buf *out)
{
    struct json_writer w = json_writer(out);
    json_object_begin(&w);
    for (size_t i = 0; i < choice->count; i++) {
        unsigned column = choice->column[i];
        put_json_cell(&w, r, &r->definition->columns[column], &r->cells[column]);
    }
    json_object_end(&w);
    buf_put_char(out, '\n');
}

static void put_chosen_text(const struct row *r, const struct row_choice *choice, struct buf *out)
{
    for (size_t i = 0; i < choice->count; i++) {
        const struct cell *c = &r->cells[choice->column[i]];
        buf_put_text(out, i > 0 ? "\t" : "");
        if (c->kind == CELL_NULL) {
            buf_put_char(out, '-');
        } else {
            text_put_visible(out, cell_octets(r, c));
        }
    }
    buf_put_char(out, '\n');
}

void row_end_chosen(struct row *r, const struct row_choice *choice, struct buf *out)
{
    row_check_whole(r);
    CHECK(r->definition == table_definition(choice->table));
    switch (choice->line) {
    case ROW_LINE_NDJSON:
        put_chosen_json(r, choice, out);
        return;
    case ROW_LINE_TEXT:
        put_chosen_text(r, choice, out);
        return;
    case ROW_LINE_CSV:
        break;
    }
    for (size_t i = 0; i < choice->count; i++) {
        unsigned column = choice->column[i];
        buf_put_text(out, i > 0 ? "," : "");
        row_put_csv_cell(r, out, &r->definition->columns[column], &r->cells[column]);
    }
    buf_put_text(out, CSV_LINE_END);
}

void row_put_csv_name(const struct column *c, bool first, struct buf *csv)
{
    buf_put_text(csv, first ? "" : ",");
    buf_put_text(csv, c->name);
    if (column_has_companion(c)) {
        buf_putf(csv, ",%s_base64", c->name);
    }
}

void row_put_csv_header(enum table_id t, const struct row_shape *shape, struct buf *csv)
{
    const struct definition *d = table_definition(t);
    for (size_t i = 0; i < d->column_count; i++) {
        if (shape != NULL ? !shape->no_column[t][i] : !column_is_lean_only(&d->columns[i])) {
            row_put_csv_name(&d->columns[i], i == 0, csv);
        }
    }
    buf_put_text(csv, CSV_LINE_END);
}
