#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/observation/outcome.h"
#include "scanner/rows/lean_rows_private.h"

/*
 * Rows made complete from what was kept of those before them.
 */

/* --- endpoints and services ------------------------------------------------------------------- */

/* The attempt that counts ended as the row says. */
static void complete_attempt(json_t *row, const char *attempts, const char *attempt,
                             const char *outcome)
{
    json_int_t number = json_integer_value(lean_member(row, attempt));
    json_t *counts =
        number > 0 ? json_array_get(lean_member(row, attempts), (size_t)number - 1) : NULL;
    if (json_is_object(counts)) {
        lean_fill_from(counts, lean_object_column(NESTED_ATTEMPT, ATTEMPT_OUTCOME), row, outcome);
    }
}

static void complete_key(json_t *row)
{
    struct span service =
        span_of(lean_text(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_SERVICE)));
    struct span address = text_take_until(&service, '|');
    uint64_t port = 0;
    if (address.len > 0 && text_to_u64(service, &port)) {
        lean_fill(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_ADDRESS),
                  json_stringn((const char *)address.at, address.len));
        lean_fill(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_PORT),
                  json_integer((json_int_t)port));
    }
}

/* The same leaf without SNI as with it. */
static void complete_default(json_t *row, const json_t *service)
{
    json_t *sni = lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_SNI));
    const json_t *name = lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_NAME));
    const char *no_sni_leaf = lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_NO_SNI_LEAF_SHA256);
    const char *class = lean_text(sni, lean_object_column(NESTED_SNI_FACTS, SNI_FACTS_CLASS));
    if (strcmp(class, "same") != 0 || lean_member(row, no_sni_leaf) != NULL) {
        return;
    }
    lean_fill_from(row, no_sni_leaf, row,
                   lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_LEAF_SHA256));
    lean_fill_from(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_CERTIFICATE_DOMAIN), service,
                   lean_table_column(TABLE_SERVICES, SERVICES_CERTIFICATE_DOMAIN));
    lean_fill_from(sni, lean_object_column(NESTED_SNI_FACTS, SNI_FACTS_DEFAULT_CHAIN_STATUS), row,
                   lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_CHAIN_STATUS));
    lean_fill_from(sni, lean_object_column(NESTED_SNI_FACTS, SNI_FACTS_DEFAULT_NAME_MATCH), name,
                   lean_object_column(NESTED_NAME_FACTS, NAME_FACTS_MATCH));
}

/* What the dialogue of the service said as well. */
static void complete_reply(json_t *transcript, const json_t *of_service, unsigned column)
{
    static const unsigned columns[] = {REPLY_FACTS_CODE, REPLY_FACTS_TEXT, REPLY_FACTS_TRUNCATED};
    const char *step = lean_object_column(NESTED_TRANSCRIPT, column);
    json_t *reply = lean_member(transcript, step);
    const json_t *said = lean_member(of_service, step);
    bool told = reply != NULL;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        told =
            told && lean_member(reply, lean_object_column(NESTED_REPLY_FACTS, columns[i])) == NULL;
    }
    if (told) {
        const char *exact = "text_base64";
        for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
            const char *name = lean_object_column(NESTED_REPLY_FACTS, columns[i]);
            lean_fill_from(reply, name, said, name);
        }
        lean_fill_from(reply, exact, said, exact);
    }
}

static void complete_session(json_t *row, const json_t *service)
{
    static const unsigned steps[] = {TRANSCRIPT_BANNER,   TRANSCRIPT_EHLO,     TRANSCRIPT_HELO,
                                     TRANSCRIPT_STARTTLS, TRANSCRIPT_EHLO_TLS, TRANSCRIPT_QUIT};
    /* Of the session alone. */
    const char *sni = lean_object_column(NESTED_HANDSHAKE_FACTS, HANDSHAKE_FACTS_SNI);
    const char *cut = lean_object_column(NESTED_HANDSHAKE_FACTS, HANDSHAKE_FACTS_SHORT);
    json_t *transcript = lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_TRANSCRIPT));
    json_t *handshake = lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_HANDSHAKE));
    const json_t *dialogue =
        lean_member(service, lean_table_column(TABLE_SERVICES, SERVICES_TRANSCRIPT));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && transcript != NULL; i++) {
        complete_reply(transcript, dialogue, steps[i]);
    }
    if (json_is_true(lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_AS_SERVICE)))) {
        const char *name;
        json_t *value;
        json_object_foreach(
            lean_member(service, lean_table_column(TABLE_SERVICES, SERVICES_HANDSHAKE)), name,
            value)
        {
            if (strcmp(name, sni) != 0 && strcmp(name, cut) != 0) {
                lean_fill(handshake, name, json_incref(value));
            }
        }
    }
}

static void complete_name(json_t *row)
{
    json_t *name = lean_member(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_NAME));
    if (strcmp(lean_text(name, lean_object_column(NESTED_NAME_FACTS, NAME_FACTS_MATCH)), "match") ==
        0) {
        lean_fill_from(name, lean_object_column(NESTED_NAME_FACTS, NAME_FACTS_MATCHED), row,
                       lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_HOST));
    }
}

static bool complete_from_host(struct lean_rows *l, json_t *row, struct buf *why)
{
    const char *name = lean_text(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_HOST));
    json_t *host = NULL;
    if (!lean_find_keyed(l, l->hosts, hash_key_of(span_of(name)), &host, why)) {
        return false;
    }
    lean_fill_from(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_MX_REGISTRABLE_DOMAIN), host,
                   lean_object_column(NESTED_MX_FACTS, MX_FACTS_REGISTRABLE_DOMAIN));
    lean_fill_from(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_TLSA_BASE), host,
                   lean_table_column(TABLE_HOSTS, HOSTS_TLSA_BASE));
    json_decref(host);
    return true;
}

static bool complete_lean_endpoint(struct lean_rows *l, json_t *row, struct buf *why)
{
    const json_t *service = NULL;
    if (!lean_find_service(l, lean_text(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_SERVICE)),
                           &service, why)) {
        return false;
    }
    complete_key(row);
    complete_attempt(row, lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_ATTEMPTS),
                     lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_ATTEMPT),
                     lean_table_column(TABLE_ENDPOINTS, ENDPOINTS_OUTCOME));
    complete_default(row, service);
    complete_name(row);
    if (l->dialogues) {
        complete_session(row, service);
    }
    return complete_from_host(l, row, why);
}

/* --- hosts and domains ------------------------------------------------------------------------ */

/* The one of the list that is of the same address and port; NULL: none. */
static const json_t *brief_at(const json_t *list, const json_t *brief)
{
    size_t i;
    json_t *other;
    json_array_foreach(list, i, other)
    {
        if (strcmp(lean_text(other, BRIEF_COLUMN(ADDRESS)),
                   lean_text(brief, BRIEF_COLUMN(ADDRESS))) == 0 &&
            json_integer_value(lean_member(other, BRIEF_COLUMN(PORT))) ==
                json_integer_value(lean_member(brief, BRIEF_COLUMN(PORT)))) {
            return other;
        }
    }
    return NULL;
}

static bool has_brief(const json_t *list, const json_t *brief)
{
    return brief_at(list, brief) != NULL;
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
            .port = json_integer_value(lean_member(brief, BRIEF_COLUMN(PORT))), .brief = brief};
        (void)net_addr_parse(span_of(lean_text(brief, BRIEF_COLUMN(ADDRESS))), &briefs[i].address);
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
    json_t *rollup = lean_member(row, name);
    for (unsigned c = 1; c < ROLLUP_FACTS_COLUMN_COUNT; c++) {
        lean_fill_from(rollup, lean_object_column(NESTED_ROLLUP_FACTS, c), rollup,
                       lean_object_column(NESTED_ROLLUP_FACTS, c - 1));
    }
}

/* Adds those of the rows of endpoints to the ones that are in the row: these are of addresses without such a row, or say more. */
static bool complete_briefs(struct lean_rows *l, json_t *object, const char *column,
                            const char *host, struct buf *why)
{
    uint64_t place = LEAN_NOWHERE;
    (void)key_store_find_number(l->endpoints, hash_key_of(span_of(host)), &place);
    json_t *list = json_array();
    (void)json_array_extend(list, lean_member(object, column));
    while (place != LEAN_NOWHERE) {
        if (!lean_read_record(l, place, why)) {
            json_decref(list);
            return false;
        }
        memcpy(&place, l->text.at, sizeof(place));
        json_t *brief = lean_parse_record(span_drop(buf_span(&l->text), sizeof(place)));
        if (brief != NULL && !has_brief(list, brief)) {
            (void)json_array_append(list, brief);
        }
        json_decref(brief);
    }
    (void)json_object_set_new(object, column, briefs_in_order(list));
    json_decref(list);
    return true;
}

/* Does a row of an endpoint have to say it? An address that is not dialled has none. */
static bool has_no_row(const json_t *brief)
{
    const char *not_tested = outcome_info(OUTCOME_NOT_TESTED)->word;
    return strcmp(lean_text(brief, BRIEF_COLUMN(OUTCOME)), not_tested) == 0;
}

/* What the rows of endpoints say of a host, and the rest of what its own row says.
 * @param own the list of its row @param only where they are not NULL: places that are wanted */
static bool replace_briefs(struct lean_rows *l, json_t *object, const char *column, json_t *own,
                           const json_t *only, const char *host, struct buf *why)
{
    json_t *all = json_object();
    if (!complete_briefs(l, all, column, host, why)) {
        json_decref(all);
        return false;
    }
    json_t *list = json_array();
    size_t i;
    json_t *brief;
    json_array_foreach(json_object_get(all, column), i, brief)
    {
        const json_t *before = brief_at(own, brief);
        lean_fill_from(brief, BRIEF_COLUMN(MAPPED), before, BRIEF_COLUMN(MAPPED));
        if (only == NULL || brief_at(only, brief) != NULL) {
            (void)json_array_append(list, brief);
        }
    }
    json_array_foreach(own, i, brief)
    {
        if (has_no_row(brief) && !has_brief(list, brief) &&
            (only == NULL || brief_at(only, brief) != NULL)) {
            (void)json_array_append(list, brief);
        }
    }
    (void)json_object_set_new(object, column, briefs_in_order(list));
    json_decref(list);
    json_decref(all);
    return true;
}

/* What a domain says of a host, as the host's row and its endpoints say it. */
static bool replace_mx(struct lean_rows *l, json_t *mx, json_t *host, bool all, struct buf *why)
{
    static const unsigned of_host[] = {MX_FACTS_REGISTRABLE_DOMAIN, MX_FACTS_A, MX_FACTS_AAAA,
                                       MX_FACTS_CNAME_COUNT, MX_FACTS_DANE_HOST};
    const char *name = lean_text(mx, lean_object_column(NESTED_MX_FACTS, MX_FACTS_HOST));
    const char *endpoints = lean_object_column(NESTED_MX_FACTS, MX_FACTS_ENDPOINTS);
    for (size_t i = 0; i < sizeof(of_host) / sizeof(of_host[0]); i++) {
        const char *column = lean_object_column(NESTED_MX_FACTS, of_host[i]);
        (void)json_object_del(mx, column);
        lean_fill_from(mx, column, host, column);
    }
    json_t *own = json_incref(lean_member(host, lean_table_column(TABLE_HOSTS, HOSTS_ENDPOINTS)));
    json_t *only = all ? json_incref(lean_member(mx, endpoints)) : NULL;
    bool ok = replace_briefs(l, mx, endpoints, own, only, name, why);
    json_decref(own);
    json_decref(only);
    return ok;
}

static bool complete_mx(struct lean_rows *l, json_t *mx, bool all, struct buf *why)
{
    const char *name = lean_text(mx, lean_object_column(NESTED_MX_FACTS, MX_FACTS_HOST));
    const char *dane_host = lean_object_column(NESTED_MX_FACTS, MX_FACTS_DANE_HOST);
    static const unsigned of_host[] = {MX_FACTS_REGISTRABLE_DOMAIN, MX_FACTS_A, MX_FACTS_AAAA,
                                       MX_FACTS_CNAME_COUNT};
    if (name[0] == '\0') {
        return true;
    }
    json_t *host = NULL;
    if (!lean_find_keyed(l, l->hosts, hash_key_of(span_of(name)), &host, why)) {
        return false;
    }
    lean_fill_text(mx, lean_object_column(NESTED_MX_FACTS, MX_FACTS_EXCHANGE), name);
    if (l->of_shards && host != NULL) {
        bool ok = replace_mx(l, mx, host, all, why);
        json_decref(host);
        return ok;
    }
    for (size_t i = 0; i < sizeof(of_host) / sizeof(of_host[0]); i++) {
        const char *column = lean_object_column(NESTED_MX_FACTS, of_host[i]);
        lean_fill_from(mx, column, host, column);
    }
    lean_fill_from(mx, dane_host, host, dane_host);
    json_decref(host);
    const char *endpoints = lean_object_column(NESTED_MX_FACTS, MX_FACTS_ENDPOINTS);
    return all || complete_briefs(l, mx, endpoints, name, why);
}

/* The outcomes, with the places of the domain in place of their numbers. */
static bool complete_outcomes(struct lean_rows *l, json_t *row, struct buf *why)
{
    const char *groups = lean_table_column(TABLE_DOMAINS, DOMAINS_OUTCOME_GROUPS);
    const char *key = lean_text(row, lean_table_column(TABLE_DOMAINS, DOMAINS_OUTCOME_SET));
    const json_t *places =
        lean_member(row, lean_table_column(TABLE_DOMAINS, DOMAINS_OUTCOME_PLACES));
    const char *decided_by = lean_object_column(NESTED_OUTCOME_GROUP, OUTCOME_GROUP_DECIDED_BY);
    json_t *set = NULL;
    if (key[0] == '\0' || lean_member(row, groups) != NULL) {
        return true;
    }
    if (!lean_find_keyed(l, l->sets, hash_key_of(span_of(key)), &set, why)) {
        return false;
    }
    json_t *list = lean_member(set, lean_table_column(TABLE_OUTCOME_SETS, OUTCOME_SETS_GROUPS));
    size_t i;
    json_t *group;
    json_array_foreach(list, i, group)
    {
        const json_t *place =
            lean_member(group, lean_object_column(NESTED_OUTCOME_GROUP, OUTCOME_GROUP_PLACE));
        const char *at = json_string_value(
            json_array_get(places, place != NULL ? (size_t)json_integer_value(place) : SIZE_MAX));
        if (at != NULL) {
            const char *reason = lean_text(group, decided_by);
            buf_reset(&l->key);
            buf_putf(&l->key, "%s%s%s", at, reason[0] != '\0' ? ": " : "", reason);
            (void)json_object_set_new(group, decided_by,
                                      json_stringn((const char *)l->key.at, l->key.len));
        }
    }
    lean_fill(row, groups, json_incref(list));
    json_decref(set);
    return true;
}

static bool complete_domain(struct lean_rows *l, json_t *row, struct buf *why)
{
    /* Then not every endpoint of its hosts is one of the domain. */
    bool all = json_is_true(
        lean_member(row, lean_table_column(TABLE_DOMAINS, DOMAINS_ENDPOINTS_TRUNCATED)));
    size_t i;
    json_t *mx;
    lean_fill_from(row, lean_table_column(TABLE_DOMAINS, DOMAINS_INPUT), row,
                   lean_table_column(TABLE_DOMAINS, DOMAINS_DOMAIN));
    json_array_foreach(lean_member(row, lean_table_column(TABLE_DOMAINS, DOMAINS_MX)), i, mx)
    {
        if (json_is_object(mx) && !complete_mx(l, mx, all, why)) {
            return false;
        }
    }
    complete_rollup(row, lean_table_column(TABLE_DOMAINS, DOMAINS_ROLLUP));
    complete_rollup(row, lean_table_column(TABLE_DOMAINS, DOMAINS_ROLLUP_PRIMARY));
    return complete_outcomes(l, row, why);
}

static bool complete_row(struct lean_rows *l, const struct facts *row, struct buf *why)
{
    if (row->definition == table_definition(TABLE_SERVICES)) {
        complete_attempt(row->object, lean_table_column(TABLE_SERVICES, SERVICES_ATTEMPTS),
                         lean_table_column(TABLE_SERVICES, SERVICES_ATTEMPT),
                         lean_table_column(TABLE_SERVICES, SERVICES_OUTCOME));
    } else if (row->definition == table_definition(TABLE_ENDPOINTS)) {
        return complete_lean_endpoint(l, row->object, why);
    } else if (row->definition == table_definition(TABLE_HOSTS)) {
        const char *endpoints = lean_table_column(TABLE_HOSTS, HOSTS_ENDPOINTS);
        const char *host = lean_text(row->object, lean_table_column(TABLE_HOSTS, HOSTS_HOST));
        complete_rollup(row->object, lean_table_column(TABLE_HOSTS, HOSTS_ROLLUP));
        if (l->of_shards && l->has_endpoints) { /* not where it is read for its DNS, and kept */
            json_t *own = json_incref(lean_member(row->object, endpoints));
            bool ok = replace_briefs(l, row->object, endpoints, own, NULL, host, why);
            json_decref(own);
            return ok;
        }
        return complete_briefs(l, row->object, endpoints, host, why);
    } else if (row->definition == table_definition(TABLE_DOMAINS)) {
        return complete_domain(l, row->object, why);
    }
    return true;
}

bool lean_rows_complete(struct lean_rows *l, const struct facts *row, struct buf *why)
{
    return complete_row(l, row, why) && lean_rows_are_found(l, why);
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
    return json_object_get(row->object, lean_column_name(row->definition, column)) != NULL;
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
