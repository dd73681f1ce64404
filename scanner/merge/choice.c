#include "scanner/merge/choice.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/check.h"
#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/observation/outcome.h"
#include "scanner/observation/seen_dns.h"

#define CACHE_OCTETS (128U << 20)

/* How far an observation reached: the lowest is kept. */
enum reach {
    REACH_CONCLUSIVE,
    REACH_DIALLED,
    REACH_SPOKEN, /* the session of another row speaks for it */
    REACH_NOT_TESTED,
    REACH_WANTED, /* no row yet */
};

struct choice {
    struct scratch_database *database;
    struct scratch_statement *offer;
    struct scratch_statement *want;
    struct scratch_statement *find;
    struct scratch_statement *count;
    struct buf addresses; /* of a host, each between bars */
    struct buf view;
    struct buf key;
    uint64_t left_out[TABLE_COUNT];
};

/* A row by its table and key; `shard` and `place` say which one, `view` is what shards may disagree about (null: nothing). */
static const char tables[] =
    "CREATE TABLE chosen (t INTEGER, key TEXT, reach INTEGER, at INTEGER, shard INTEGER, place "
    "INTEGER,"
    " view BLOB, last INTEGER, shards INTEGER, disagree INTEGER, block INTEGER, addresses TEXT,"
    " PRIMARY KEY (t, key)) WITHOUT ROWID";

#define BETTER       "(excluded.reach, excluded.at) < (reach, at)"
#define BEST(column) column " = CASE WHEN " BETTER " THEN excluded." column " ELSE " column " END"

/* All that is assigned is made of the values before. Shards come in their order, so the lowest stays. */
static const char offering[] =
    "INSERT INTO chosen VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, ?, ?)"
    " ON CONFLICT DO UPDATE SET"
    " disagree = disagree OR (view IS NOT NULL AND excluded.view IS NOT NULL AND view <> "
    "excluded.view),"
    " shards = shards + (last IS NOT excluded.last), last = excluded.last,"
    " block = coalesce(min(block, excluded.block), block, excluded.block)," BEST("reach") "," BEST(
        "at") "," BEST("shard") "," BEST("place") "," BEST("view") "," BEST("addresses");

struct choice *choice_new(void)
{
    struct choice *c = memory_new(1, sizeof(*c));
    *c = (struct choice){.database = scratch_database_open(CACHE_OCTETS),
                         .addresses = BUF_INIT(BUF_NO_LIMIT),
                         .view = BUF_INIT(BUF_NO_LIMIT),
                         .key = BUF_INIT(BUF_NO_LIMIT)};
    scratch_database_run(c->database, tables);
    c->offer = scratch_statement_new(c->database, offering);
    c->want = scratch_statement_new(
        c->database, "INSERT OR IGNORE INTO chosen (t, key, reach, at, shards, disagree)"
                     " VALUES (?, ?, ?, 0, 0, 0)");
    c->find = scratch_statement_new(
        c->database,
        "SELECT shard, place, view, block, addresses FROM chosen WHERE t = ? AND key = ?");
    c->count = scratch_statement_new(
        c->database, "SELECT coalesce(sum(shards > 1), 0), coalesce(sum(disagree), 0)"
                     " FROM chosen WHERE t = ?");
    return c;
}

void choice_free(struct choice *c)
{
    if (c != NULL) {
        scratch_database_close(c->database);
        buf_deinit(&c->addresses);
        buf_deinit(&c->view);
        buf_deinit(&c->key);
        free(c);
    }
}

const char *choice_error(const struct choice *c)
{
    return scratch_database_error(c->database);
}

/* --- what rows say -------------------------------------------------------------------------- */

static struct span key_of_row(const struct facts *row)
{
    unsigned c = 0;
    while (row->definition->columns[c].presence != COLUMN_PRESENCE_KEY) {
        c++;
    }
    return span_of(facts_string_or(row, c, ""));
}

static void see_column(struct buf *view, const struct facts *row, unsigned column)
{
    char *text = json_dumps(json_object_get(row->object, row->definition->columns[column].name),
                            JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    buf_putf(view, "%s\n", text != NULL ? text : "null"); /* absent, in lean rows */
    free(text);
}

static enum reach reach_of_session(const struct facts *row, unsigned outcome, bool spoken)
{
    enum session_outcome o = (enum session_outcome)facts_enum(row, outcome, &outcome_vocabulary);
    return spoken                        ? REACH_SPOKEN
           : o == OUTCOME_NOT_TESTED     ? REACH_NOT_TESTED
           : outcome_info(o)->conclusive ? REACH_CONCLUSIVE
                                         : REACH_DIALLED;
}

static enum dns_state dns_state_of(const struct facts *row, unsigned column)
{
    struct facts dns;
    return facts_object(row, column, &dns)
               ? (enum dns_state)facts_enum(&dns, DNS_FACTS_STATE, &dns_state_vocabulary)
               : DNS_NOT_ASKED;
}

/* An address is better than none, and what was not found out counts against it. */
static unsigned reach_of_host(const struct facts *row)
{
    static const unsigned asked[] = {HOSTS_A_DNS, HOSTS_AAAA_DNS, HOSTS_TLSA_DNS};
    const unsigned count = sizeof(asked) / sizeof(asked[0]);
    unsigned unknown = 0;
    for (unsigned i = 0; i < count; i++) {
        unknown += dns_state_is_temporary(dns_state_of(row, asked[i]));
    }
    return unknown + (facts_list_len(row, HOSTS_ADDRESSES) == 0 ? count + 1 : 0);
}

static void see_session(struct choice *c, const struct facts *row, const unsigned columns[4])
{
    for (unsigned i = 0; i < 4; i++) {
        see_column(&c->view, row, columns[i]);
    }
}

/* As they are dialled: of a mapped address its IPv4 address. */
static void see_addresses(struct choice *c, const struct facts *row)
{
    size_t count = facts_list_len(row, HOSTS_ADDRESSES);
    buf_put_char(&c->addresses, '|');
    for (size_t i = 0; i < count; i++) {
        struct net_addr address = facts_list_address(row, HOSTS_ADDRESSES, i);
        (void)net_addr_unmap(&address, &address);
        char text[NET_ADDR_TEXT_MAX];
        buf_put(&c->addresses,
                (struct span){(const uint8_t *)text, net_addr_format(&address, text)});
        buf_put_char(&c->addresses, '|');
    }
}

static void see_host(struct choice *c, const struct facts *row)
{
    see_addresses(c, row);
    buf_put(&c->view, buf_span(&c->addresses));
    buf_putf(&c->view, "%d %d %d", dns_state_of(row, HOSTS_A_DNS),
             dns_state_of(row, HOSTS_AAAA_DNS), dns_state_of(row, HOSTS_TLSA_DNS));
    see_column(&c->view, row, HOSTS_CNAMES);
    size_t count = facts_list_len(row, HOSTS_TLSA);
    for (size_t i = 0; i < count; i++) { /* of lean rows as of full ones */
        struct facts tlsa;
        facts_list_object(row, HOSTS_TLSA, i, &tlsa);
        see_column(&c->view, &tlsa, TLSA_FACTS_DATA);
    }
}

/* @return how far it reached; what shards may disagree about is in `view`, where there is something */
static unsigned see_row(struct choice *c, enum table_id t, const struct facts *row)
{
    static const unsigned service[] = {SERVICES_OUTCOME, SERVICES_STARTTLS, SERVICES_TLS_VERSION,
                                       SERVICES_CHAIN_ID};
    static const unsigned endpoint[] = {ENDPOINTS_OUTCOME, ENDPOINTS_STARTTLS,
                                        ENDPOINTS_TLS_VERSION, ENDPOINTS_CHAIN_ID};
    buf_reset(&c->view);
    buf_reset(&c->addresses);
    if (t == TABLE_HOSTS) {
        see_host(c, row);
        return reach_of_host(row);
    }
    if (t == TABLE_SERVICES || t == TABLE_ENDPOINTS) {
        bool of_service = t == TABLE_SERVICES;
        enum reach reach = reach_of_session(row, of_service ? SERVICES_OUTCOME : ENDPOINTS_OUTCOME,
                                            !of_service && facts_has(row, ENDPOINTS_SESSION_FROM));
        if (reach != REACH_NOT_TESTED) {
            see_session(c, row, of_service ? service : endpoint);
        }
        return reach;
    }
    if (t == TABLE_ISSUERS) {
        see_column(&c->view, row, ISSUERS_CERTIFICATES);
        return facts_has(row, ISSUERS_CERTIFICATES) ? REACH_CONCLUSIVE : REACH_DIALLED;
    }
    return REACH_CONCLUSIVE;
}

/* --- choosing ------------------------------------------------------------------------------- */

static bool find(struct choice *c, enum table_id t, struct span key)
{
    scratch_put_uint(c->find, t);
    scratch_put_text(c->find, key);
    return scratch_next_row(c->find);
}

/* Does the chosen row of its host have the address? Then its service is wanted, too. */
static bool is_named_by_host(struct choice *c, const struct facts *row)
{
    struct span address = key_of_row(row);
    struct span host = text_take_until(&address, '|');
    buf_reset(&c->key);
    buf_put_char(&c->key, '|');
    buf_put(&c->key, text_take_until(&address, '|'));
    buf_put_char(&c->key, '|');
    bool named = false;
    if (find(c, TABLE_HOSTS, host)) {
        struct span addresses = scratch_text(c->find, 4);
        named = memmem(addresses.at, addresses.len, c->key.at, c->key.len) != NULL;
    }
    scratch_leave(c->find);
    if (named) {
        scratch_put_uint(c->want, TABLE_SERVICES);
        scratch_put_text(c->want, span_of(facts_string_or(row, ENDPOINTS_SERVICE, "")));
        scratch_put_uint(c->want, REACH_WANTED);
        scratch_do(c->want);
    }
    return named;
}

static bool is_named_by_chosen(struct choice *c, enum table_id t, const struct facts *row)
{
    if (t == TABLE_ENDPOINTS) {
        return is_named_by_host(c, row);
    }
    bool wanted = t != TABLE_SERVICES || find(c, t, key_of_row(row));
    scratch_leave(c->find);
    return wanted;
}

static void put_view(struct choice *c, struct scratch_statement *s)
{
    struct hash_key hash = hash_key_of(buf_span(&c->view));
    if (c->view.len > 0) {
        scratch_put_blob(s, (struct span){(const uint8_t *)&hash, sizeof(hash)});
    } else {
        scratch_put_null(s);
    }
}

static unsigned observed_at_of(const struct facts *row)
{
    unsigned c = 0;
    while (strcmp(row->definition->columns[c].name, "observed_at") != 0) {
        c++;
        CHECK(c < row->definition->column_count);
    }
    return c;
}

void choice_offer(struct choice *c, const struct facts *row, uint32_t shard, uint64_t place)
{
    enum table_id t = facts_table(row);
    if (!is_named_by_chosen(c, t, row)) {
        c->left_out[t]++;
        return;
    }
    unsigned reach = see_row(c, t, row);
    int64_t at = facts_time_ms(row, observed_at_of(row));
    scratch_put_uint(c->offer, t);
    scratch_put_text(c->offer, key_of_row(row));
    scratch_put_uint(c->offer, reach);
    scratch_put_uint(c->offer, at > 0 ? (uint64_t)at : 0);
    scratch_put_uint(c->offer, shard);
    scratch_put_uint(c->offer, place);
    put_view(c, c->offer);
    scratch_put_uint(c->offer, shard);
    if (t == TABLE_HOSTS && facts_has(row, HOSTS_BLOCK)) {
        scratch_put_uint(c->offer, facts_u32(row, HOSTS_BLOCK));
    } else {
        scratch_put_null(c->offer);
    }
    if (t == TABLE_HOSTS) {
        scratch_put_text(c->offer, buf_span(&c->addresses));
    } else {
        scratch_put_null(c->offer);
    }
    scratch_do(c->offer);
}

bool choice_is(struct choice *c, const struct facts *row, uint32_t shard, uint64_t place)
{
    bool is = find(c, facts_table(row), key_of_row(row)) && !scratch_is_null(c->find, 0) &&
              scratch_uint(c->find, 0) == shard && scratch_uint(c->find, 1) == place;
    scratch_leave(c->find);
    return is;
}

bool choice_is_of(struct choice *c, enum table_id t, struct span key, uint32_t shard)
{
    bool is = find(c, t, key) && !scratch_is_null(c->find, 0) && scratch_uint(c->find, 0) == shard;
    scratch_leave(c->find);
    return is;
}

bool choice_is_alike(struct choice *c, const struct facts *row)
{
    enum table_id t = facts_table(row);
    (void)see_row(c, t, row);
    struct hash_key hash = hash_key_of(buf_span(&c->view));
    struct span seen = {(const uint8_t *)&hash, c->view.len > 0 ? sizeof(hash) : 0};
    bool alike = find(c, t, key_of_row(row)) && span_eq(scratch_text(c->find, 2), seen);
    scratch_leave(c->find);
    return alike;
}

int64_t choice_block(struct choice *c, const struct facts *row)
{
    int64_t block = -1;
    if (find(c, TABLE_HOSTS, key_of_row(row)) && !scratch_is_null(c->find, 3)) {
        block = (int64_t)scratch_uint(c->find, 3);
    }
    scratch_leave(c->find);
    return block;
}

struct choice_counts choice_count(struct choice *c, enum table_id t)
{
    struct choice_counts counts = {.left_out = c->left_out[t]};
    scratch_put_uint(c->count, t);
    if (scratch_next_row(c->count)) {
        counts.several = scratch_uint(c->count, 0);
        counts.disagree = scratch_uint(c->count, 1);
    }
    scratch_leave(c->count);
    return counts;
}
