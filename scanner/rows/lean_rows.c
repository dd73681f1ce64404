#include "scanner/rows/lean_rows.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/observation/outcome.h"
#include "scanner/rows/lean_rows_private.h"

#define PLACE_BITS   40 /* of the file; the length of a record is above them */
#define LENGTH_MAX   (UINT64_C(1) << (64 - PLACE_BITS))
#define LEAN_OBJECTS JSON_COMPACT

struct lean_rows *lean_rows_new(bool dialogues, size_t memory_octets, struct buf *why)
{
    struct octet_file *file = octet_file_new(why);
    if (file == NULL) {
        return NULL;
    }
    struct lean_rows *l = memory_new(1, sizeof(*l));
    *l = (struct lean_rows){.dialogues = dialogues,
                            .file = file,
                            .services = key_store_new(memory_octets),
                            .hosts = key_store_new(memory_octets),
                            .endpoints = key_store_new(memory_octets),
                            .sets = key_store_new(memory_octets),
                            .key = BUF_INIT(BUF_NO_LIMIT),
                            .text = BUF_INIT(BUF_NO_LIMIT)};
    return l;
}

void lean_rows_of_shards(struct lean_rows *l)
{
    l->of_shards = true;
}

void lean_rows_free(struct lean_rows *l)
{
    if (l != NULL) {
        octet_file_free(l->file);
        key_store_free(l->services);
        key_store_free(l->hosts);
        key_store_free(l->endpoints);
        key_store_free(l->sets);
        buf_deinit(&l->key);
        buf_deinit(&l->text);
        json_decref(l->service);
        free(l);
    }
}

bool lean_rows_are_found(const struct lean_rows *l, struct buf *why)
{
    const struct key_store *all[] = {l->services, l->hosts, l->endpoints, l->sets};
    const char *error = NULL;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && error == NULL; i++) {
        error = key_store_error(all[i]);
    }
    if (error != NULL) {
        buf_put_text(why, error);
    }
    return error == NULL;
}

/* --- what was kept ---------------------------------------------------------------------------- */

static bool put_lean_record(struct lean_rows *l, struct span head, const json_t *object,
                            uint64_t *place, struct buf *why)
{
    char *text = json_dumps(object, LEAN_OBJECTS);
    uint64_t at = octet_file_len(l->file);
    buf_reset(&l->text);
    buf_put(&l->text, head);
    buf_put_text(&l->text, text != NULL ? text : "{}");
    free(text);
    if (l->text.len >= LENGTH_MAX) {
        buf_put_text(why, "a row is too long");
        return false;
    }
    *place = (uint64_t)l->text.len << PLACE_BITS | at;
    return octet_file_append(l->file, buf_span(&l->text), why);
}

/* A second row of a key takes the place of the first. */
static bool put_keyed(struct lean_rows *l, struct key_store *m, struct span key,
                      const json_t *object, struct buf *why)
{
    uint64_t place = 0;
    bool ok = put_lean_record(l, (struct span){0}, object, &place, why);
    key_store_put_number(m, hash_key_of(key), place);
    return ok;
}

bool lean_read_record(struct lean_rows *l, uint64_t place, struct buf *why)
{
    uint64_t at = place & ((UINT64_C(1) << PLACE_BITS) - 1);
    buf_reset(&l->text);
    return octet_file_read(l->file, at, (size_t)(place >> PLACE_BITS), &l->text, why);
}

json_t *lean_parse_record(struct span text)
{
    return json_loadb((const char *)text.at, text.len, JSON_ALLOW_NUL, NULL);
}

bool lean_find_keyed(struct lean_rows *l, struct key_store *m, struct hash_key key, json_t **out,
                     struct buf *why)
{
    uint64_t place = 0;
    bool found = key_store_find_number(m, key, &place);
    *out = NULL;
    if (found && !lean_read_record(l, place, why)) {
        return false;
    }
    *out = found ? lean_parse_record(buf_span(&l->text)) : NULL;
    return true;
}

bool lean_find_service(struct lean_rows *l, const char *name, const json_t **out, struct buf *why)
{
    struct hash_key key = hash_key_of(span_of(name));
    bool same = l->service != NULL && hash_key_eq(key, l->last_service);
    bool ok = true;
    if (!same) {
        json_decref(l->service);
        ok = lean_find_keyed(l, l->services, key, &l->service, why);
        l->last_service = key;
    }
    *out = l->service;
    return ok;
}

/* --- keeping ---------------------------------------------------------------------------------- */

#define KEEP(T, to, row, column)                                            \
    lean_fill_from((to), lean_table_column(TABLE_##T, T##_##column), (row), \
                   lean_table_column(TABLE_##T, T##_##column))

static bool keep_lean_service(struct lean_rows *l, const json_t *row, struct buf *why)
{
    json_t *kept = json_object();
    KEEP(SERVICES, kept, row, OUTCOME);
    KEEP(SERVICES, kept, row, CHAIN_ID);
    KEEP(SERVICES, kept, row, CHAIN_STATUS);
    KEEP(SERVICES, kept, row, CERTIFICATE_DOMAIN);
    KEEP(SERVICES, kept, row, PTR);
    if (l->dialogues) {
        KEEP(SERVICES, kept, row, TRANSCRIPT);
        KEEP(SERVICES, kept, row, HANDSHAKE);
    }
    const char *key = lean_text(row, lean_table_column(TABLE_SERVICES, SERVICES_SERVICE));
    bool ok = put_keyed(l, l->services, span_of(key), kept, why);
    json_decref(kept);
    return ok;
}

static bool keep_lean_host(struct lean_rows *l, const json_t *row, struct buf *why)
{
    const char *state = lean_object_column(NESTED_DNS_FACTS, DNS_FACTS_STATE);
    json_t *kept = json_object(); /* as domains.mx has them */
    lean_fill_from(kept, lean_object_column(NESTED_MX_FACTS, MX_FACTS_REGISTRABLE_DOMAIN), row,
                   lean_table_column(TABLE_HOSTS, HOSTS_MX_REGISTRABLE_DOMAIN));
    lean_fill_from(kept, lean_object_column(NESTED_MX_FACTS, MX_FACTS_A),
                   lean_member(row, lean_table_column(TABLE_HOSTS, HOSTS_A_DNS)), state);
    lean_fill_from(kept, lean_object_column(NESTED_MX_FACTS, MX_FACTS_AAAA),
                   lean_member(row, lean_table_column(TABLE_HOSTS, HOSTS_AAAA_DNS)), state);
    lean_fill(kept, lean_object_column(NESTED_MX_FACTS, MX_FACTS_CNAME_COUNT),
              json_integer((json_int_t)json_array_size(
                  lean_member(row, lean_table_column(TABLE_HOSTS, HOSTS_CNAMES)))));
    lean_fill_from(kept, lean_object_column(NESTED_MX_FACTS, MX_FACTS_DANE_HOST), row,
                   lean_table_column(TABLE_HOSTS, HOSTS_DANE));
    KEEP(HOSTS, kept, row, TLSA_BASE);
    if (l->of_shards) {
        KEEP(HOSTS, kept, row, ENDPOINTS);
    }
    const char *key = lean_text(row, lean_table_column(TABLE_HOSTS, HOSTS_HOST));
    bool ok = put_keyed(l, l->hosts, span_of(key), kept, why);
    json_decref(kept);
    return ok;
}

/* Whether a PTR name of the address is the host; NULL: not known. */
static json_t *ptr_is_host(const json_t *service, const char *host)
{
    const json_t *ptr = lean_member(service, lean_table_column(TABLE_SERVICES, SERVICES_PTR));
    const char *state =
        lean_text(lean_member(ptr, lean_object_column(NESTED_PTR_FACTS, PTR_FACTS_DNS)),
                  lean_object_column(NESTED_DNS_FACTS, DNS_FACTS_STATE));
    bool none = strcmp(state, "nodata") == 0 || strcmp(state, "nxdomain") == 0;
    if (!none && strcmp(state, "data") != 0) {
        return NULL;
    }
    size_t i;
    json_t *name;
    json_array_foreach(lean_member(ptr, lean_object_column(NESTED_PTR_FACTS, PTR_FACTS_NAMES)), i,
                       name)
    {
        if (strcmp(lean_text(name, lean_object_column(NESTED_PTR_NAME, PTR_NAME_NAME)), host) ==
            0) {
            return json_true();
        }
    }
    return json_false();
}

#define TO_BRIEF(brief, to, row, from)               \
    lean_fill_from((brief), BRIEF_COLUMN(to), (row), \
                   lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_##from))

/* That the row was made after the session without SNI, and where that was seen: only then does it say anything of it. */
static bool knows_default(const json_t *row, const json_t *service)
{
    if (json_is_true(
            lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_DEFAULT_APART)))) {
        return false;
    }
    return lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_NO_SNI_LEAF_SHA256)) !=
               NULL ||
           lean_member(service, lean_table_column(TABLE_SERVICES, SERVICES_CHAIN_ID)) == NULL;
}

static void brief_add_service(json_t *brief, const json_t *row, const json_t *service)
{
    const char *outcome = lean_text(service, lean_table_column(TABLE_SERVICES, SERVICES_OUTCOME));
    const char *not_tested = outcome_info(OUTCOME_NOT_TESTED)->word;
    bool tested = strcmp(lean_text(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_OUTCOME)),
                         not_tested) != 0;
    if (tested && outcome[0] != '\0' && strcmp(outcome, not_tested) != 0 &&
        knows_default(row, service)) {
        lean_fill_text(brief, BRIEF_COLUMN(NO_SNI_OUTCOME), outcome);
    }
    lean_fill(
        brief, BRIEF_COLUMN(PTR_IS_HOST),
        ptr_is_host(service, lean_text(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_HOST))));
}

static json_t *brief_of_row(const json_t *row, const json_t *service)
{
    json_t *brief = json_object();
    bool from =
        lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_SESSION_FROM)) != NULL;
    bool inferred = strcmp(lean_text(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_BASIS)),
                           "inferred") == 0;
    TO_BRIEF(brief, ADDRESS, row, ADDRESS);
    TO_BRIEF(brief, PORT, row, PORT);
    TO_BRIEF(brief, OUTCOME, row, OUTCOME);
    TO_BRIEF(brief, NOT_TESTED, row, NOT_TESTED);
    TO_BRIEF(brief, STARTTLS, row, STARTTLS);
    TO_BRIEF(brief, TLS_VERSION, row, TLS_VERSION);
    TO_BRIEF(brief, LEAF_SHA256, row, LEAF_SHA256);
    TO_BRIEF(brief, BASIS, row, BASIS);
    TO_BRIEF(brief, CHAIN_STATUS, row, CHAIN_STATUS);
    TO_BRIEF(brief, ACCEPTABLE, row, ACCEPTABLE);
    lean_fill(brief, BRIEF_COLUMN(INHERITED), from && !inferred ? json_true() : NULL);
    lean_fill_from(brief, BRIEF_COLUMN(NAME_MATCH),
                   lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_NAME)),
                   lean_object_column(NESTED_NAME_FACTS, NAME_FACTS_MATCH));
    lean_fill_from(brief, BRIEF_COLUMN(SNI),
                   lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_SNI)),
                   lean_object_column(NESTED_SNI_FACTS, SNI_FACTS_CLASS));
    lean_fill_from(brief, BRIEF_COLUMN(DANE),
                   lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_DANE)),
                   lean_object_column(NESTED_ENDPOINT_DANE, ENDPOINT_DANE_STATUS));
    if (inferred) {
        TO_BRIEF(brief, GROUP, row, GROUP);
    }
    brief_add_service(brief, row, service);
    return brief;
}

static bool keep_lean_endpoint(struct lean_rows *l, const json_t *row, struct buf *why)
{
    const json_t *service = NULL;
    if (!lean_find_service(l, lean_text(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_SERVICE)),
                           &service, why)) {
        return false;
    }
    json_t *brief = brief_of_row(row, service);
    const char *host = lean_text(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_HOST));
    struct hash_key key = hash_key_of(span_of(host));
    uint64_t before = LEAN_NOWHERE;
    (void)key_store_find_number(l->endpoints, key, &before);
    uint64_t place = 0;
    bool ok = put_lean_record(l, (struct span){(const uint8_t *)&before, sizeof(before)}, brief,
                              &place, why);
    key_store_put_number(l->endpoints, key, place);
    l->has_endpoints = true;
    json_decref(brief);
    return ok;
}

static bool keep_row(struct lean_rows *l, const struct facts *row, struct buf *why)
{
    if (row->definition == table_definition(TABLE_SERVICES)) {
        return keep_lean_service(l, row->object, why);
    }
    if (row->definition == table_definition(TABLE_HOSTS)) {
        return keep_lean_host(l, row->object, why);
    }
    if (row->definition == table_definition(TABLE_ENDPOINTS)) {
        return keep_lean_endpoint(l, row->object, why);
    }
    if (row->definition == table_definition(TABLE_OUTCOME_SETS)) {
        const char *key =
            lean_text(row->object, lean_table_column(TABLE_OUTCOME_SETS, OUTCOME_SETS_OUTCOME_SET));
        return put_keyed(l, l->sets, span_of(key), row->object, why);
    }
    return true;
}

bool lean_rows_keep(struct lean_rows *l, const struct facts *row, struct buf *why)
{
    return keep_row(l, row, why) && lean_rows_are_found(l, why);
}
