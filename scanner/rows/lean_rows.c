#include "scanner/rows/lean_rows.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/map.h"
#include "scanner/base/memory.h"
#include "scanner/base/octet_file.h"
#include "scanner/base/text.h"
#include "scanner/observation/outcome.h"

#define PLACE_BITS   40 /* of the file; the length of a record is above them */
#define LENGTH_MAX   (UINT64_C(1) << (64 - PLACE_BITS))
#define NOWHERE      UINT64_MAX
#define LEAN_OBJECTS JSON_COMPACT

struct lean_rows {
    bool dialogues;
    struct octet_file *file;
    struct map services; /* place of its record */
    struct map hosts;    /* the same */
    struct map
        endpoints; /* of a host: place of the last record, which begins with that of the one before */
    struct map sets; /* the same as services */
    struct buf key;
    struct buf text;
    struct hash_key last_service;
    json_t *service; /* the last one that was looked for; NULL: none */
};

struct lean_rows *lean_rows_new(bool dialogues, struct buf *why)
{
    struct octet_file *file = octet_file_new(why);
    if (file == NULL) {
        return NULL;
    }
    struct lean_rows *l = memory_new(1, sizeof(*l));
    *l = (struct lean_rows){.dialogues = dialogues,
                            .file = file,
                            .key = BUF_INIT(BUF_NO_LIMIT),
                            .text = BUF_INIT(BUF_NO_LIMIT)};
    return l;
}

void lean_rows_free(struct lean_rows *l)
{
    if (l != NULL) {
        octet_file_free(l->file);
        map_deinit(&l->services);
        map_deinit(&l->hosts);
        map_deinit(&l->endpoints);
        map_deinit(&l->sets);
        buf_deinit(&l->key);
        buf_deinit(&l->text);
        json_decref(l->service);
        free(l);
    }
}

/* --- JSON ------------------------------------------------------------------------------------- */

static const char *column_name(const struct definition *d, unsigned column)
{
    return d->columns[column].name;
}

static const char *table_column(enum table_id t, unsigned column)
{
    return column_name(table_definition(t), column);
}

static const char *object_column(enum nested_id n, unsigned column)
{
    return column_name(nested_definition(n), column);
}

/* NULL: null or absent. */
static json_t *member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    return json_is_null(value) ? NULL : value;
}

static const char *text_member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

/* Takes the value; nothing where the column has one, or `value` is NULL. */
static void fill(json_t *object, const char *name, json_t *value)
{
    if (value != NULL && member(object, name) == NULL) {
        (void)json_object_set_new(object, name, value);
    } else {
        json_decref(value);
    }
}

static void fill_from(json_t *object, const char *name, const json_t *from, const char *its_name)
{
    fill(object, name, json_incref(member(from, its_name)));
}

static void fill_in_text(json_t *object, const char *name, const char *text)
{
    fill(object, name, json_string(text));
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
static void set_place(struct map *m, struct hash_key key, uint64_t place)
{
    bool added = false;
    *map_add(m, key, place, &added) = place;
}

static bool put_keyed(struct lean_rows *l, struct map *m, struct span key, const json_t *object,
                      struct buf *why)
{
    uint64_t place = 0;
    bool ok = put_lean_record(l, (struct span){0}, object, &place, why);
    set_place(m, hash_key_of(key), place);
    return ok;
}

/* Into `text`. */
static bool read_lean_record(struct lean_rows *l, uint64_t place, struct buf *why)
{
    uint64_t at = place & ((UINT64_C(1) << PLACE_BITS) - 1);
    buf_reset(&l->text);
    return octet_file_read(l->file, at, (size_t)(place >> PLACE_BITS), &l->text, why);
}

static json_t *parse_record(struct span text)
{
    return json_loadb((const char *)text.at, text.len, JSON_ALLOW_NUL, NULL);
}

/* @param out NULL where there is none */
static bool find_keyed(struct lean_rows *l, const struct map *m, struct hash_key key, json_t **out,
                       struct buf *why)
{
    const uint64_t *place = map_find(m, key);
    *out = NULL;
    if (place != NULL && !read_lean_record(l, *place, why)) {
        return false;
    }
    *out = place != NULL ? parse_record(buf_span(&l->text)) : NULL;
    return true;
}

/* Endpoints of a service often come one after the other. */
static bool find_service(struct lean_rows *l, const char *name, const json_t **out, struct buf *why)
{
    struct hash_key key = hash_key_of(span_of(name));
    bool same = l->service != NULL && hash_key_eq(key, l->last_service);
    bool ok = true;
    if (!same) {
        json_decref(l->service);
        ok = find_keyed(l, &l->services, key, &l->service, why);
        l->last_service = key;
    }
    *out = l->service;
    return ok;
}

/* --- keeping ---------------------------------------------------------------------------------- */

#define KEEP(T, to, row, column)                                  \
    fill_from((to), table_column(TABLE_##T, T##_##column), (row), \
              table_column(TABLE_##T, T##_##column))

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
    const char *key = text_member(row, table_column(TABLE_SERVICES, SERVICES_SERVICE));
    bool ok = put_keyed(l, &l->services, span_of(key), kept, why);
    json_decref(kept);
    return ok;
}

static bool keep_lean_host(struct lean_rows *l, const json_t *row, struct buf *why)
{
    const char *state = object_column(NESTED_DNS_FACTS, DNS_FACTS_STATE);
    json_t *kept = json_object(); /* as domains.mx has them */
    fill_from(kept, object_column(NESTED_MX_FACTS, MX_FACTS_REGISTRABLE_DOMAIN), row,
              table_column(TABLE_HOSTS, HOSTS_MX_REGISTRABLE_DOMAIN));
    fill_from(kept, object_column(NESTED_MX_FACTS, MX_FACTS_A),
              member(row, table_column(TABLE_HOSTS, HOSTS_A_DNS)), state);
    fill_from(kept, object_column(NESTED_MX_FACTS, MX_FACTS_AAAA),
              member(row, table_column(TABLE_HOSTS, HOSTS_AAAA_DNS)), state);
    fill(kept, object_column(NESTED_MX_FACTS, MX_FACTS_CNAME_COUNT),
         json_integer(
             (json_int_t)json_array_size(member(row, table_column(TABLE_HOSTS, HOSTS_CNAMES)))));
    fill_from(kept, object_column(NESTED_MX_FACTS, MX_FACTS_DANE_HOST), row,
              table_column(TABLE_HOSTS, HOSTS_DANE));
    KEEP(HOSTS, kept, row, TLSA_BASE);
    const char *key = text_member(row, table_column(TABLE_HOSTS, HOSTS_HOST));
    bool ok = put_keyed(l, &l->hosts, span_of(key), kept, why);
    json_decref(kept);
    return ok;
}

/* Whether a PTR name of the address is the host; NULL: not known. */
static json_t *ptr_is_host(const json_t *service, const char *host)
{
    const json_t *ptr = member(service, table_column(TABLE_SERVICES, SERVICES_PTR));
    const char *state = text_member(member(ptr, object_column(NESTED_PTR_FACTS, PTR_FACTS_DNS)),
                                    object_column(NESTED_DNS_FACTS, DNS_FACTS_STATE));
    bool none = strcmp(state, "nodata") == 0 || strcmp(state, "nxdomain") == 0;
    if (!none && strcmp(state, "data") != 0) {
        return NULL;
    }
    size_t i;
    json_t *name;
    json_array_foreach(member(ptr, object_column(NESTED_PTR_FACTS, PTR_FACTS_NAMES)), i, name)
    {
        if (strcmp(text_member(name, object_column(NESTED_PTR_NAME, PTR_NAME_NAME)), host) == 0) {
            return json_true();
        }
    }
    return json_false();
}

#define BRIEF_COLUMN(column) object_column(NESTED_BRIEF, BRIEF_##column)
#define TO_BRIEF(brief, to, row, from) \
    fill_from((brief), BRIEF_COLUMN(to), (row), table_column(TABLE_ENDPOINTS, ENDPOINTS_##from))

/* That the row was made after the session without SNI: only then does it say anything of that. */
static bool knows_default(const json_t *row, const json_t *service)
{
    return member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_NO_SNI_LEAF_SHA256)) != NULL ||
           member(service, table_column(TABLE_SERVICES, SERVICES_CHAIN_ID)) == NULL;
}

static void brief_add_service(json_t *brief, const json_t *row, const json_t *service)
{
    const char *outcome = text_member(service, table_column(TABLE_SERVICES, SERVICES_OUTCOME));
    const char *not_tested = outcome_info(OUTCOME_NOT_TESTED)->word;
    bool tested =
        strcmp(text_member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_OUTCOME)), not_tested) != 0;
    if (tested && outcome[0] != '\0' && strcmp(outcome, not_tested) != 0 &&
        knows_default(row, service)) {
        fill_in_text(brief, BRIEF_COLUMN(NO_SNI_OUTCOME), outcome);
    }
    fill(brief, BRIEF_COLUMN(PTR_IS_HOST),
         ptr_is_host(service, text_member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_HOST))));
}

static json_t *brief_of_row(const json_t *row, const json_t *service)
{
    json_t *brief = json_object();
    bool from = member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_SESSION_FROM)) != NULL;
    bool inferred =
        strcmp(text_member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_BASIS)), "inferred") == 0;
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
    fill(brief, BRIEF_COLUMN(INHERITED), from && !inferred ? json_true() : NULL);
    fill_from(brief, BRIEF_COLUMN(NAME_MATCH),
              member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_NAME)),
              object_column(NESTED_NAME_FACTS, NAME_FACTS_MATCH));
    fill_from(brief, BRIEF_COLUMN(SNI), member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_SNI)),
              object_column(NESTED_SNI_FACTS, SNI_FACTS_CLASS));
    fill_from(brief, BRIEF_COLUMN(DANE), member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_DANE)),
              object_column(NESTED_ENDPOINT_DANE, ENDPOINT_DANE_STATUS));
    if (inferred) {
        TO_BRIEF(brief, GROUP, row, GROUP);
    }
    brief_add_service(brief, row, service);
    return brief;
}

static bool keep_lean_endpoint(struct lean_rows *l, const json_t *row, struct buf *why)
{
    const json_t *service = NULL;
    if (!find_service(l, text_member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_SERVICE)),
                      &service, why)) {
        return false;
    }
    json_t *brief = brief_of_row(row, service);
    const char *host = text_member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_HOST));
    struct hash_key key = hash_key_of(span_of(host));
    const uint64_t *last = map_find(&l->endpoints, key);
    uint64_t before = last != NULL ? *last : NOWHERE;
    uint64_t place = 0;
    bool ok = put_lean_record(l, (struct span){(const uint8_t *)&before, sizeof(before)}, brief,
                              &place, why);
    set_place(&l->endpoints, key, place);
    json_decref(brief);
    return ok;
}

bool lean_rows_keep(struct lean_rows *l, const struct facts *row, struct buf *why)
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
            text_member(row->object, table_column(TABLE_OUTCOME_SETS, OUTCOME_SETS_OUTCOME_SET));
        return put_keyed(l, &l->sets, span_of(key), row->object, why);
    }
    return true;
}

/* --- endpoints and services ------------------------------------------------------------------- */

/* The attempt that counts ended as the row says. */
static void complete_attempt(json_t *row, const char *attempts, const char *attempt,
                             const char *outcome)
{
    json_int_t number = json_integer_value(member(row, attempt));
    json_t *counts = number > 0 ? json_array_get(member(row, attempts), (size_t)number - 1) : NULL;
    if (json_is_object(counts)) {
        fill_from(counts, object_column(NESTED_ATTEMPT, ATTEMPT_OUTCOME), row, outcome);
    }
}

static void complete_key(json_t *row)
{
    struct span service =
        span_of(text_member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_SERVICE)));
    struct span address = text_take_until(&service, '|');
    uint64_t port = 0;
    if (address.len > 0 && text_to_u64(service, &port)) {
        fill(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_ADDRESS),
             json_stringn((const char *)address.at, address.len));
        fill(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_PORT), json_integer((json_int_t)port));
    }
}

/* The same leaf without SNI as with it. */
static void complete_default(json_t *row, const json_t *service)
{
    json_t *sni = member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_SNI));
    const json_t *name = member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_NAME));
    const char *no_sni_leaf = table_column(TABLE_ENDPOINTS, ENDPOINTS_NO_SNI_LEAF_SHA256);
    const char *class = text_member(sni, object_column(NESTED_SNI_FACTS, SNI_FACTS_CLASS));
    if (strcmp(class, "same") != 0 || member(row, no_sni_leaf) != NULL) {
        return;
    }
    fill_from(row, no_sni_leaf, row, table_column(TABLE_ENDPOINTS, ENDPOINTS_LEAF_SHA256));
    fill_from(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_CERTIFICATE_DOMAIN), service,
              table_column(TABLE_SERVICES, SERVICES_CERTIFICATE_DOMAIN));
    fill_from(sni, object_column(NESTED_SNI_FACTS, SNI_FACTS_DEFAULT_CHAIN_STATUS), row,
              table_column(TABLE_ENDPOINTS, ENDPOINTS_CHAIN_STATUS));
    fill_from(sni, object_column(NESTED_SNI_FACTS, SNI_FACTS_DEFAULT_NAME_MATCH), name,
              object_column(NESTED_NAME_FACTS, NAME_FACTS_MATCH));
}

/* What the dialogue of the service said as well. */
static void complete_reply(json_t *transcript, const json_t *of_service, unsigned column)
{
    static const unsigned columns[] = {REPLY_FACTS_CODE, REPLY_FACTS_TEXT, REPLY_FACTS_TRUNCATED};
    const char *step = object_column(NESTED_TRANSCRIPT, column);
    json_t *reply = member(transcript, step);
    const json_t *said = member(of_service, step);
    bool told = reply != NULL;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        told = told && member(reply, object_column(NESTED_REPLY_FACTS, columns[i])) == NULL;
    }
    if (told) {
        const char *exact = "text_base64";
        for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
            const char *name = object_column(NESTED_REPLY_FACTS, columns[i]);
            fill_from(reply, name, said, name);
        }
        fill_from(reply, exact, said, exact);
    }
}

static void complete_session(json_t *row, const json_t *service)
{
    static const unsigned steps[] = {TRANSCRIPT_BANNER,   TRANSCRIPT_EHLO,     TRANSCRIPT_HELO,
                                     TRANSCRIPT_STARTTLS, TRANSCRIPT_EHLO_TLS, TRANSCRIPT_QUIT};
    const char *sni = object_column(NESTED_HANDSHAKE_FACTS, HANDSHAKE_FACTS_SNI);
    json_t *transcript = member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_TRANSCRIPT));
    json_t *handshake = member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_HANDSHAKE));
    const json_t *dialogue = member(service, table_column(TABLE_SERVICES, SERVICES_TRANSCRIPT));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && transcript != NULL; i++) {
        complete_reply(transcript, dialogue, steps[i]);
    }
    if (json_is_true(member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_AS_SERVICE)))) {
        const char *name;
        json_t *value;
        json_object_foreach(member(service, table_column(TABLE_SERVICES, SERVICES_HANDSHAKE)), name,
                            value)
        {
            if (strcmp(name, sni) != 0) {
                fill(handshake, name, json_incref(value));
            }
        }
    }
}

static void complete_name(json_t *row)
{
    json_t *name = member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_NAME));
    if (strcmp(text_member(name, object_column(NESTED_NAME_FACTS, NAME_FACTS_MATCH)), "match") ==
        0) {
        fill_from(name, object_column(NESTED_NAME_FACTS, NAME_FACTS_MATCHED), row,
                  table_column(TABLE_ENDPOINTS, ENDPOINTS_HOST));
    }
}

static bool complete_from_host(struct lean_rows *l, json_t *row, struct buf *why)
{
    const char *name = text_member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_HOST));
    json_t *host = NULL;
    if (!find_keyed(l, &l->hosts, hash_key_of(span_of(name)), &host, why)) {
        return false;
    }
    fill_from(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_MX_REGISTRABLE_DOMAIN), host,
              object_column(NESTED_MX_FACTS, MX_FACTS_REGISTRABLE_DOMAIN));
    fill_from(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_TLSA_BASE), host,
              table_column(TABLE_HOSTS, HOSTS_TLSA_BASE));
    json_decref(host);
    return true;
}

static bool complete_lean_endpoint(struct lean_rows *l, json_t *row, struct buf *why)
{
    const json_t *service = NULL;
    if (!find_service(l, text_member(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_SERVICE)),
                      &service, why)) {
        return false;
    }
    complete_key(row);
    complete_attempt(row, table_column(TABLE_ENDPOINTS, ENDPOINTS_ATTEMPTS),
                     table_column(TABLE_ENDPOINTS, ENDPOINTS_ATTEMPT),
                     table_column(TABLE_ENDPOINTS, ENDPOINTS_OUTCOME));
    complete_default(row, service);
    complete_name(row);
    if (l->dialogues) {
        complete_session(row, service);
    }
    return complete_from_host(l, row, why);
}

/* --- hosts and domains ------------------------------------------------------------------------ */

static bool has_brief(const json_t *list, const json_t *brief)
{
    size_t i;
    json_t *other;
    json_array_foreach(list, i, other)
    {
        if (strcmp(text_member(other, BRIEF_COLUMN(ADDRESS)),
                   text_member(brief, BRIEF_COLUMN(ADDRESS))) == 0 &&
            json_integer_value(member(other, BRIEF_COLUMN(PORT))) ==
                json_integer_value(member(brief, BRIEF_COLUMN(PORT)))) {
            return true;
        }
    }
    return false;
}

struct placed_brief {
    struct net_addr address;
    json_int_t port;
    json_t *brief; /* borrowed */
};

static int compare_briefs(const void *a, const void *b)
{
    const struct placed_brief *x = a;
    const struct placed_brief *y = b;
    int order = net_addr_cmp(&x->address, &y->address);
    return order != 0 ? order : (x->port > y->port) - (x->port < y->port);
}

/* By address, then port. @return the list in that order; owned */
static json_t *briefs_in_order(const json_t *list)
{
    size_t count = json_array_size(list);
    struct placed_brief *briefs = memory_new(count + 1, sizeof(*briefs));
    for (size_t i = 0; i < count; i++) {
        json_t *brief = json_array_get(list, i);
        briefs[i] = (struct placed_brief){
            .port = json_integer_value(member(brief, BRIEF_COLUMN(PORT))), .brief = brief};
        (void)net_addr_parse(span_of(text_member(brief, BRIEF_COLUMN(ADDRESS))),
                             &briefs[i].address);
    }
    qsort(briefs, count, sizeof(*briefs), compare_briefs);
    json_t *sorted = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append(sorted, briefs[i].brief);
    }
    free(briefs);
    return sorted;
}

/* A property that is absent is as the one before it. */
static void complete_rollup(json_t *row, const char *name)
{
    json_t *rollup = member(row, name);
    for (unsigned c = 1; c < ROLLUP_FACTS_COLUMN_COUNT; c++) {
        fill_from(rollup, object_column(NESTED_ROLLUP_FACTS, c), rollup,
                  object_column(NESTED_ROLLUP_FACTS, c - 1));
    }
}

/* Adds those of the rows of endpoints to the ones that are in the row: these are of addresses without such a row, or say more. */
static bool complete_briefs(struct lean_rows *l, json_t *object, const char *column,
                            const char *host, struct buf *why)
{
    const uint64_t *last = map_find(&l->endpoints, hash_key_of(span_of(host)));
    json_t *list = json_array();
    (void)json_array_extend(list, member(object, column));
    for (uint64_t place = last != NULL ? *last : NOWHERE; place != NOWHERE;) {
        if (!read_lean_record(l, place, why)) {
            json_decref(list);
            return false;
        }
        memcpy(&place, l->text.at, sizeof(place));
        json_t *brief = parse_record(span_drop(buf_span(&l->text), sizeof(place)));
        if (brief != NULL && !has_brief(list, brief)) {
            (void)json_array_append(list, brief);
        }
        json_decref(brief);
    }
    (void)json_object_set_new(object, column, briefs_in_order(list));
    json_decref(list);
    return true;
}

static bool complete_mx(struct lean_rows *l, json_t *mx, bool all, struct buf *why)
{
    const char *name = text_member(mx, object_column(NESTED_MX_FACTS, MX_FACTS_HOST));
    const char *dane_host = object_column(NESTED_MX_FACTS, MX_FACTS_DANE_HOST);
    static const unsigned of_host[] = {MX_FACTS_REGISTRABLE_DOMAIN, MX_FACTS_A, MX_FACTS_AAAA,
                                       MX_FACTS_CNAME_COUNT};
    if (name[0] == '\0') {
        return true;
    }
    json_t *host = NULL;
    if (!find_keyed(l, &l->hosts, hash_key_of(span_of(name)), &host, why)) {
        return false;
    }
    fill_in_text(mx, object_column(NESTED_MX_FACTS, MX_FACTS_EXCHANGE), name);
    for (size_t i = 0; i < sizeof(of_host) / sizeof(of_host[0]); i++) {
        const char *column = object_column(NESTED_MX_FACTS, of_host[i]);
        fill_from(mx, column, host, column);
    }
    fill_from(mx, dane_host, host, dane_host);
    json_decref(host);
    const char *endpoints = object_column(NESTED_MX_FACTS, MX_FACTS_ENDPOINTS);
    return all || complete_briefs(l, mx, endpoints, name, why);
}

/* The outcomes, with the places of the domain in place of their numbers. */
static bool complete_outcomes(struct lean_rows *l, json_t *row, struct buf *why)
{
    const char *groups = table_column(TABLE_DOMAINS, DOMAINS_OUTCOME_GROUPS);
    const char *key = text_member(row, table_column(TABLE_DOMAINS, DOMAINS_OUTCOME_SET));
    const json_t *places = member(row, table_column(TABLE_DOMAINS, DOMAINS_OUTCOME_PLACES));
    const char *decided_by = object_column(NESTED_OUTCOME_GROUP, OUTCOME_GROUP_DECIDED_BY);
    json_t *set = NULL;
    if (key[0] == '\0' || member(row, groups) != NULL) {
        return true;
    }
    if (!find_keyed(l, &l->sets, hash_key_of(span_of(key)), &set, why)) {
        return false;
    }
    json_t *list = member(set, table_column(TABLE_OUTCOME_SETS, OUTCOME_SETS_GROUPS));
    size_t i;
    json_t *group;
    json_array_foreach(list, i, group)
    {
        const json_t *place =
            member(group, object_column(NESTED_OUTCOME_GROUP, OUTCOME_GROUP_PLACE));
        const char *at = json_string_value(
            json_array_get(places, place != NULL ? (size_t)json_integer_value(place) : SIZE_MAX));
        if (at != NULL) {
            const char *reason = text_member(group, decided_by);
            buf_reset(&l->key);
            buf_putf(&l->key, "%s%s%s", at, reason[0] != '\0' ? ": " : "", reason);
            (void)json_object_set_new(group, decided_by,
                                      json_stringn((const char *)l->key.at, l->key.len));
        }
    }
    fill(row, groups, json_incref(list));
    json_decref(set);
    return true;
}

static bool complete_domain(struct lean_rows *l, json_t *row, struct buf *why)
{
    /* Then not every endpoint of its hosts is one of the domain. */
    bool all = json_is_true(member(row, table_column(TABLE_DOMAINS, DOMAINS_ENDPOINTS_TRUNCATED)));
    size_t i;
    json_t *mx;
    fill_from(row, table_column(TABLE_DOMAINS, DOMAINS_INPUT), row,
              table_column(TABLE_DOMAINS, DOMAINS_DOMAIN));
    json_array_foreach(member(row, table_column(TABLE_DOMAINS, DOMAINS_MX)), i, mx)
    {
        if (json_is_object(mx) && !complete_mx(l, mx, all, why)) {
            return false;
        }
    }
    complete_rollup(row, table_column(TABLE_DOMAINS, DOMAINS_ROLLUP));
    complete_rollup(row, table_column(TABLE_DOMAINS, DOMAINS_ROLLUP_PRIMARY));
    return complete_outcomes(l, row, why);
}

bool lean_rows_complete(struct lean_rows *l, const struct facts *row, struct buf *why)
{
    if (row->definition == table_definition(TABLE_SERVICES)) {
        complete_attempt(row->object, table_column(TABLE_SERVICES, SERVICES_ATTEMPTS),
                         table_column(TABLE_SERVICES, SERVICES_ATTEMPT),
                         table_column(TABLE_SERVICES, SERVICES_OUTCOME));
    } else if (row->definition == table_definition(TABLE_ENDPOINTS)) {
        return complete_lean_endpoint(l, row->object, why);
    } else if (row->definition == table_definition(TABLE_HOSTS)) {
        complete_rollup(row->object, table_column(TABLE_HOSTS, HOSTS_ROLLUP));
        return complete_briefs(l, row->object, table_column(TABLE_HOSTS, HOSTS_ENDPOINTS),
                               text_member(row->object, table_column(TABLE_HOSTS, HOSTS_HOST)),
                               why);
    } else if (row->definition == table_definition(TABLE_DOMAINS)) {
        return complete_domain(l, row->object, why);
    }
    return true;
}

/* Rows of full detail have every key, null or not. Less has no `status`, and `mx_operator` of one operator or `mx_operators` of several,
 * never both. */
static const struct {
    enum table_id table;
    unsigned columns[2];
} only_together_in_full[] = {
    {TABLE_SERVICES, {SERVICES_STATUS, SERVICES_STATUS}},
    {TABLE_ENDPOINTS, {ENDPOINTS_STATUS, ENDPOINTS_STATUS}},
    {TABLE_HOSTS, {HOSTS_MX_OPERATOR, HOSTS_MX_OPERATORS}},
    {TABLE_DOMAINS, {DOMAINS_MX_OPERATOR, DOMAINS_MX_OPERATORS}},
};

static bool has_key(const struct facts *row, unsigned column)
{
    return json_object_get(row->object, column_name(row->definition, column)) != NULL;
}

bool lean_rows_is_lean(const struct facts *row)
{
    for (size_t i = 0; i < sizeof(only_together_in_full) / sizeof(only_together_in_full[0]); i++) {
        if (row->definition == table_definition(only_together_in_full[i].table)) {
            return !has_key(row, only_together_in_full[i].columns[0]) ||
                   !has_key(row, only_together_in_full[i].columns[1]);
        }
    }
    return row->definition == table_definition(TABLE_OUTCOME_SETS);
}
