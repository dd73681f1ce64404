#include <jansson.h>
#include <signal.h>

#include <criterion/criterion.h>

#include "output/row.h"
#include "output/row_shape.h"

static const uint8_t digest[32] = {0xde, 0xad};
static const struct span foreign = SPAN_INIT("caf\xe9");
static const struct net_addr address = {.family = 4, .octets = {192, 0, 2, 1}};

/* What of a definition is set: what must be, or everything. */
enum amount {
    THE_LEAST,
    ALL,
};

static bool is_wanted(const struct column *c, enum amount amount)
{
    return amount == ALL || c->presence != COLUMN_PRESENCE_NULLABLE;
}

static void fill_object(struct object *o, enum nested_id n, enum amount amount);

static void fill_list(struct list *l, const struct column *c, enum amount amount)
{
    for (int i = 0; amount == ALL && i < 2; i++) {
        switch (c->type) {
        case COLUMN_TYPE_TEXT_LIST:
            list_word(l, "text");
            list_address(l, &address);
            break;
        case COLUMN_TYPE_FOREIGN_LIST:
            list_text(l, SPAN_LIT("fine"));
            list_text(l, foreign);
            break;
        case COLUMN_TYPE_HEX_LIST:
            list_hex(l, SPAN_LIT("\x01\x02"));
            break;
        case COLUMN_TYPE_OBJECT_LIST: {
            struct object *o = list_object(l);
            fill_object(o, c->nested, i == 0 ? ALL : THE_LEAST);
            object_close(o);
            break;
        }
        case COLUMN_TYPE_TEXT:
        case COLUMN_TYPE_WORD:
        case COLUMN_TYPE_FOREIGN:
        case COLUMN_TYPE_UINT:
        case COLUMN_TYPE_INT:
        case COLUMN_TYPE_BOOL:
        case COLUMN_TYPE_TIME_MS:
        case COLUMN_TYPE_TIME_S:
        case COLUMN_TYPE_HEX:
        case COLUMN_TYPE_BASE64:
        case COLUMN_TYPE_JSON:
        case COLUMN_TYPE_OBJECT:
            cr_assert_fail("%s is no list", c->name);
        }
    }
    list_close(l);
}

static void fill_object(struct object *o, enum nested_id n, enum amount amount)
{
    const struct definition *d = nested_definition(n);
    for (unsigned i = 0; i < d->column_count; i++) {
        const struct column *c = &d->columns[i];
        if (!is_wanted(c, amount)) {
            continue;
        }
        switch (c->type) {
        case COLUMN_TYPE_TEXT:
        case COLUMN_TYPE_WORD:
        case COLUMN_TYPE_FOREIGN:
            object_text(o, i, foreign);
            break;
        case COLUMN_TYPE_UINT:
            object_uint(o, i, UINT64_C(9007199254740993));
            break;
        case COLUMN_TYPE_INT:
            object_int(o, i, -7);
            break;
        case COLUMN_TYPE_BOOL:
            object_bool(o, i, true);
            break;
        case COLUMN_TYPE_TIME_MS:
            object_time_ms(o, i, 1);
            break;
        case COLUMN_TYPE_TIME_S:
            object_time_s(o, i, 1);
            break;
        case COLUMN_TYPE_HEX:
            object_sha256(o, i, digest);
            break;
        case COLUMN_TYPE_BASE64:
            object_base64(o, i, foreign);
            break;
        case COLUMN_TYPE_OBJECT: {
            struct object *inner = object_object(o, i);
            fill_object(inner, c->nested, amount);
            object_close(inner);
            break;
        }
        case COLUMN_TYPE_TEXT_LIST:
        case COLUMN_TYPE_FOREIGN_LIST:
        case COLUMN_TYPE_HEX_LIST:
        case COLUMN_TYPE_OBJECT_LIST:
            fill_list(object_list(o, i), c, amount);
            break;
        case COLUMN_TYPE_JSON:
            cr_assert_fail("%s.%s: foreign objects are only in rows", d->name, c->name);
        }
    }
}

static void fill_column(struct row *r, unsigned i, const struct column *c, enum amount amount)
{
    switch (c->type) {
    case COLUMN_TYPE_TEXT:
    case COLUMN_TYPE_WORD:
    case COLUMN_TYPE_FOREIGN:
        row_text(r, i, foreign);
        break;
    case COLUMN_TYPE_UINT:
        row_uint(r, i, UINT64_C(9007199254740993));
        break;
    case COLUMN_TYPE_INT:
        row_int(r, i, -7);
        break;
    case COLUMN_TYPE_BOOL:
        row_bool(r, i, false);
        break;
    case COLUMN_TYPE_TIME_MS:
        row_time_ms(r, i, 1);
        break;
    case COLUMN_TYPE_TIME_S:
        row_time_s(r, i, 1);
        break;
    case COLUMN_TYPE_HEX:
        row_sha256(r, i, digest);
        break;
    case COLUMN_TYPE_BASE64:
        row_base64(r, i, foreign);
        break;
    case COLUMN_TYPE_JSON:
        row_json(r, i, SPAN_LIT("{\"rank\":\"1\"}"));
        break;
    case COLUMN_TYPE_OBJECT: {
        struct object *o = row_object(r, i);
        fill_object(o, c->nested, amount);
        object_close(o);
        break;
    }
    case COLUMN_TYPE_TEXT_LIST:
    case COLUMN_TYPE_FOREIGN_LIST:
    case COLUMN_TYPE_HEX_LIST:
    case COLUMN_TYPE_OBJECT_LIST:
        fill_list(row_list(r, i), c, amount);
        break;
    }
}

/* Last column first: rows take columns in any order. */
static void fill_row(struct row *r, enum table_id t, enum amount amount)
{
    const struct definition *d = table_definition(t);
    row_begin(r, t);
    for (unsigned i = (unsigned)d->column_count; i-- > ROW_COLUMN_OBSERVED_AT + 1;) {
        if (is_wanted(&d->columns[i], amount)) {
            fill_column(r, i, &d->columns[i], amount);
        }
    }
}

static bool type_fits(const json_t *v, enum column_type type)
{
    switch (type) {
    case COLUMN_TYPE_TEXT:
    case COLUMN_TYPE_WORD:
    case COLUMN_TYPE_FOREIGN:
    case COLUMN_TYPE_TIME_MS:
    case COLUMN_TYPE_TIME_S:
    case COLUMN_TYPE_HEX:
    case COLUMN_TYPE_BASE64:
        return json_is_string(v);
    case COLUMN_TYPE_UINT:
    case COLUMN_TYPE_INT:
        return json_is_integer(v);
    case COLUMN_TYPE_BOOL:
        return json_is_boolean(v);
    case COLUMN_TYPE_JSON:
    case COLUMN_TYPE_OBJECT:
        return json_is_object(v);
    case COLUMN_TYPE_TEXT_LIST:
    case COLUMN_TYPE_FOREIGN_LIST:
    case COLUMN_TYPE_HEX_LIST:
    case COLUMN_TYPE_OBJECT_LIST:
        return json_is_array(v);
    }
    return false;
}

/* The next key of `object` must be `name` with what is expected of `c`; jansson keeps the order. */
static void *check_member(json_t *object, void *it, const struct column *c, enum amount amount);

static void check_object(json_t *object, void *it, const struct definition *d, enum amount amount)
{
    for (size_t i = 0; i < d->column_count; i++) {
        if (!column_is_lean_only(&d->columns[i])) {
            it = check_member(object, it, &d->columns[i], amount);
        }
    }
    cr_expect_null(it, "%s: more keys than columns", d->name);
}

static void *check_companion(json_t *object, void *it, const struct column *c, bool is_set)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "%s_base64", c->name);
    cr_assert_not_null(it, "%s", name);
    cr_expect_str_eq(json_object_iter_key(it), name);
    const json_t *v = json_object_iter_value(it);
    if (!is_set) {
        cr_expect(json_is_null(v), "%s", name);
    } else if (c->type == COLUMN_TYPE_FOREIGN) {
        cr_expect_str_eq(json_string_value(v), "Y2Fm6Q==");
    } else {
        cr_assert_eq(json_array_size(v), 4);
        cr_expect(json_is_null(json_array_get(v, 0)));
        cr_expect_str_eq(json_string_value(json_array_get(v, 1)), "Y2Fm6Q==");
        cr_expect(json_is_null(json_array_get(v, 2)));
        cr_expect_str_eq(json_string_value(json_array_get(v, 3)), "Y2Fm6Q==");
    }
    return json_object_iter_next(object, it);
}

static void check_nested(json_t *v, const struct column *c, enum amount amount)
{
    const struct definition *d = nested_definition(c->nested);
    if (c->type == COLUMN_TYPE_OBJECT) {
        check_object(v, json_object_iter(v), d, amount);
        return;
    }
    cr_assert_eq(json_array_size(v), amount == ALL ? 2U : 0U, "%s", c->name);
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *entry = json_array_get(v, i);
        check_object(entry, json_object_iter(entry), d, i == 0 ? ALL : THE_LEAST);
    }
}

static void *check_member(json_t *object, void *it, const struct column *c, enum amount amount)
{
    cr_assert_not_null(it, "%s is missing", c->name);
    cr_expect_str_eq(json_object_iter_key(it), c->name);
    json_t *v = json_object_iter_value(it);
    bool is_set = is_wanted(c, amount);
    if (!is_set) {
        cr_expect(json_is_null(v), "%s", c->name);
    } else {
        cr_expect(type_fits(v, c->type), "%s", c->name);
        if (c->type == COLUMN_TYPE_OBJECT || c->type == COLUMN_TYPE_OBJECT_LIST) {
            check_nested(v, c, amount);
        }
    }
    it = json_object_iter_next(object, it);
    return column_has_companion(c)
               ? check_companion(object, it, c,
                                 is_set && (amount == ALL || c->type == COLUMN_TYPE_FOREIGN))
               : it;
}

static void check_ndjson(struct span line, enum table_id t, enum amount amount)
{
    const struct definition *d = table_definition(t);
    json_error_t why;
    json_t *object = json_loadb((const char *)line.at, line.len, JSON_REJECT_DUPLICATES, &why);
    cr_assert_not_null(object, "%s: %s\n%.*s", d->name, why.text, (int)line.len,
                       (const char *)line.at);
    void *it = json_object_iter(object);
    cr_expect_str_eq(json_object_iter_key(it), "type");
    cr_expect_str_eq(json_string_value(json_object_iter_value(it)), d->name);
    check_object(object, json_object_iter_next(object, it), d, amount);
    cr_expect_eq(json_integer_value(json_object_get(object, "schema")), ROW_SCHEMA_VERSION);
    json_decref(object);
}

/* Reads one field the way RFC 4180 says. @return false at the end of the record. */
static bool csv_next(struct span *rest, struct buf *field, bool *quoted)
{
    buf_reset(field);
    *quoted = rest->at[0] == '"';
    if (*quoted) {
        *rest = span_drop(*rest, 1);
        while (rest->at[0] != '"' || rest->at[1] == '"') {
            buf_put_char(field, (char)rest->at[0]);
            *rest = span_drop(*rest, rest->at[0] == '"' ? 2 : 1);
            cr_assert_gt(rest->len, 2);
        }
        *rest = span_drop(*rest, 1);
    } else {
        while (rest->at[0] != ',' && rest->at[0] != '\r') {
            buf_put_char(field, (char)rest->at[0]);
            *rest = span_drop(*rest, 1);
            cr_assert_gt(rest->len, 1);
        }
    }
    bool more = rest->at[0] == ',';
    cr_assert(more || (rest->at[0] == '\r' && rest->at[1] == '\n'));
    *rest = span_drop(*rest, more ? 1 : 2);
    return more;
}

static void check_csv(struct span rest, enum table_id t)
{
    struct buf header = BUF_INIT(BUF_NO_LIMIT);
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    struct buf field = BUF_INIT(BUF_NO_LIMIT);
    row_put_csv_header(t, NULL, &header);
    struct span names = buf_span(&header);
    bool quoted = false;
    bool more_names = true;
    bool more_fields = true;
    while (more_names && more_fields) {
        more_names = csv_next(&names, &name, &quoted);
        more_fields = csv_next(&rest, &field, &quoted);
        cr_expect(!span_ends_with(buf_span(&name), SPAN_LIT("_base64")) || field.len == 0 ||
                      span_eq(buf_span(&field), SPAN_LIT("Y2Fm6Q==")) || field.at[0] == '[',
                  "%.*s", (int)name.len, (const char *)name.at);
    }
    cr_expect_eq(more_names, more_fields, "%s: as many fields as names", table_name(t));
    cr_expect_eq(rest.len, 0);
    buf_deinit(&header);
    buf_deinit(&name);
    buf_deinit(&field);
}

Test(row, every_table_empty_and_full)
{
    struct row *r = row_new();
    struct buf ndjson = BUF_INIT(BUF_NO_LIMIT);
    struct buf csv = BUF_INIT(BUF_NO_LIMIT);
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        for (int i = 0; i < 2; i++) {
            enum amount amount = i == 0 ? ALL : THE_LEAST;
            buf_reset(&ndjson);
            buf_reset(&csv);
            fill_row(r, (enum table_id)t, amount);
            row_end(r, &ndjson, &csv, true);
            cr_assert_eq(memchr(ndjson.at, '\n', ndjson.len), ndjson.at + ndjson.len - 1);
            check_ndjson(buf_span(&ndjson), (enum table_id)t, amount);
            check_csv(buf_span(&csv), (enum table_id)t);
        }
    }
    buf_deinit(&ndjson);
    buf_deinit(&csv);
    row_free(r);
}

Test(row, golden)
{
    struct row *r = row_new();
    struct buf ndjson = BUF_INIT(BUF_NO_LIMIT);
    struct buf csv = BUF_INIT(BUF_NO_LIMIT);
    row_set_scan(r, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    row_set_time(r, 1645557742001);
    row_begin(r, TABLE_FINDINGS);
    row_word(r, FINDINGS_CODE, "smtp.banner");
    row_word(r, FINDINGS_SEVERITY, "info");
    row_text(r, FINDINGS_EVIDENCE, SPAN_LIT("said \"\xff\", twice"));
    row_word(r, FINDINGS_TABLE, "services");
    row_text(r, FINDINGS_KEY, SPAN_LIT("192.0.2.1|25"));
    row_end(r, &ndjson, &csv, false);
    row_begin(r, TABLE_ROUTES);
    row_uint(r, ROUTES_INPUT_LINE, 7);
    row_uint(r, ROUTES_POSITION, 1);
    row_text(r, ROUTES_DOMAIN, (struct span){0}); /* empty, not null */
    row_natural(r, ROUTES_PREFERENCE, 10);
    row_name(r, ROUTES_HOST, (struct span){0}); /* null from here on */
    row_natural(r, ROUTES_PORT, -1);
    row_word(r, ROUTES_OUTCOME, NULL);
    row_address(r, ROUTES_ADDRESS, &(struct net_addr){0});
    row_sha256(r, ROUTES_LEAF_SHA256, (const uint8_t[32]){0});
    row_end(r, &ndjson, &csv, false);
    buf_put_char(&ndjson, '\0');
    buf_put_char(&csv, '\0');
    cr_expect_str_eq(
        (const char *)ndjson.at,
        "{\"schema\":1,\"scan_id\":\"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\","
        "\"observed_at\":\"2022-02-22T19:22:22.001Z\",\"table\":\"services\",\"key\":\"192.0.2.1|"
        "25\","
        "\"code\":\"smtp.banner\",\"severity\":\"info\","
        "\"evidence\":\"said \\\"\xef\xbf\xbd\\\", twice\","
        "\"evidence_base64\":\"c2FpZCAi/yIsIHR3aWNl\"}\n"
        "{\"schema\":1,\"scan_id\":\"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\","
        "\"observed_at\":\"2022-02-22T19:22:22.001Z\",\"input_line\":7,\"position\":1,\"domain\":"
        "\"\",\"preference\":10,"
        "\"host\":null,\"address\":null,\"port\":null,\"service\":null,"
        "\"endpoint\":null,\"outcome\":null,\"not_tested\":null,\"basis\":null,"
        "\"starttls\":null,\"tls_version\":null,\"leaf_sha256\":null,\"chain_status\":null,"
        "\"name_match\":null,\"acceptable\":null,\"dane\":null}\n");
    cr_expect_str_eq((const char *)csv.at,
                     "1,017f22e2-79b0-7cc3-98c4-dc0c0c07398f,2022-02-22T19:22:22.001Z,services,192."
                     "0.2.1|25,smtp.banner,info,"
                     "\"said \"\"\xef\xbf\xbd\"\", twice\",c2FpZCAi/yIsIHR3aWNl\r\n"
                     "1,017f22e2-79b0-7cc3-98c4-dc0c0c07398f,2022-02-22T19:22:22.001Z,7,1,\"\",10,,"
                     ",,,,,,,,,,,,,\r\n");
    buf_deinit(&ndjson);
    buf_deinit(&csv);
    row_free(r);
}

/* A list of foreign text inside an object has its companion there. */
Test(row, nothing_altered_means_no_companion)
{
    struct row *r = row_new();
    struct buf ndjson = BUF_INIT(BUF_NO_LIMIT);
    fill_row(r, TABLE_DOMAINS, THE_LEAST);
    struct list *l = row_list(r, DOMAINS_MTA_STS_TXT);
    list_text(l, SPAN_LIT("v=STSv1; id=1;"));
    list_close(l);
    row_end(r, &ndjson, NULL, false);
    buf_put_char(&ndjson, '\0');
    cr_expect_not_null(strstr((const char *)ndjson.at, "\"mta_sts_txt\":[\"v=STSv1; id=1;\"],"
                                                       "\"mta_sts_txt_base64\":null,"));
    buf_deinit(&ndjson);
    row_free(r);
}

/* Our own bugs stop the program instead of making a wrong row. */

Test(row, wrong_type_stops, .signal = SIGABRT)
{
    struct row *r = row_new();
    row_begin(r, TABLE_SERVICES);
    row_text(r, SERVICES_PORT, SPAN_LIT("25"));
}

Test(row, setting_twice_stops, .signal = SIGABRT)
{
    struct row *r = row_new();
    row_begin(r, TABLE_SERVICES);
    row_uint(r, SERVICES_PORT, 25);
    row_uint(r, SERVICES_PORT, 25);
}

Test(row, missing_key_stops, .signal = SIGABRT)
{
    struct row *r = row_new();
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    row_begin(r, TABLE_CHAINS);
    row_end(r, &out, NULL, false);
}

Test(row, objects_out_of_order_stop, .signal = SIGABRT)
{
    struct row *r = row_new();
    row_begin(r, TABLE_HOSTS);
    struct object *o = row_object(r, HOSTS_A_DNS);
    object_word(o, DNS_FACTS_STATE, "data");
    object_bool(o, DNS_FACTS_TCP, true);
    object_bool(o, DNS_FACTS_AD, true);
}

Test(row, missing_in_object_stops, .signal = SIGABRT)
{
    struct row *r = row_new();
    row_begin(r, TABLE_HOSTS);
    object_close(row_object(r, HOSTS_A_DNS));
}

Test(row, row_column_while_object_is_open_stops, .signal = SIGABRT)
{
    struct row *r = row_new();
    row_begin(r, TABLE_HOSTS);
    (void)row_object(r, HOSTS_A_DNS);
    row_bool(r, HOSTS_BLOCKLISTED, false);
}
