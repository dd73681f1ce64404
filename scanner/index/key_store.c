#include "scanner/index/key_store.h"

#include <string.h>

#include "scanner/base/buf.h"
#include "scanner/base/key_table.h"
#include "scanner/base/memory.h"
#include "scanner/index/scratch_database.h"

#define CACHE_OCTETS (16U << 20) /* of the database: its inner pages, and some of the others */
#define PLACE_BITS   40          /* of `octets`; the length of a record is above them */
#define LENGTH_MAX   (UINT64_C(1) << (64 - PLACE_BITS))

struct key_store {
    size_t bound;
    struct key_table keys;
    uint64_t *places; /* by number of the key */
    uint32_t capacity;
    struct buf octets;
    struct scratch_database *rest; /* NULL: all fits */
    struct scratch_statement *add;
    struct scratch_statement *put;
    struct scratch_statement *find;
};

struct key_store *key_store_new(size_t memory_octets)
{
    struct key_store *s = memory_new(1, sizeof(*s));
    *s = (struct key_store){.bound = memory_octets, .octets = BUF_INIT(BUF_NO_LIMIT)};
    return s;
}

void key_store_free(struct key_store *s)
{
    if (s != NULL) {
        scratch_database_close(s->rest);
        key_table_deinit(&s->keys);
        free(s->places);
        buf_deinit(&s->octets);
        free(s);
    }
}

const char *key_store_error(const struct key_store *s)
{
    return s->rest != NULL ? scratch_database_error(s->rest) : NULL;
}

/* --- in memory ------------------------------------------------------------------------------ */

static bool is_full(const struct key_store *s)
{
    size_t each = sizeof(*s->keys.keys) + sizeof(*s->places) + 2 * sizeof(*s->keys.places);
    return s->octets.len + s->keys.count * each >= s->bound;
}

static struct span record_at(const struct key_store *s, uint64_t place)
{
    uint64_t at = place & ((UINT64_C(1) << PLACE_BITS) - 1);
    return (struct span){s->octets.at + at, (size_t)(place >> PLACE_BITS)};
}

static uint64_t append_record(struct key_store *s, struct span record)
{
    uint64_t at = s->octets.len;
    CHECK(record.len < LENGTH_MAX && at >> PLACE_BITS == 0);
    buf_put(&s->octets, record);
    return (uint64_t)record.len << PLACE_BITS | at;
}

static void store_in_memory(struct key_store *s, struct hash_key key, struct span record)
{
    bool added = false;
    uint32_t number = key_table_add(&s->keys, key, &added);
    s->places = memory_grow_long_list(s->places, number, &s->capacity, sizeof(*s->places));
    s->places[number] = append_record(s, record);
}

static void replace_in_memory(struct key_store *s, uint32_t number, struct span record)
{
    struct span before = record_at(s, s->places[number]);
    if (record.len > 0 && record.len == before.len) {
        memcpy(s->octets.at + (before.at - s->octets.at), record.at, record.len);
    } else {
        s->places[number] = append_record(s, record);
    }
}

/* --- beyond --------------------------------------------------------------------------------- */

static void open_rest(struct key_store *s)
{
    if (s->rest == NULL) {
        s->rest = scratch_database_open(CACHE_OCTETS);
        scratch_database_run(s->rest,
                             "CREATE TABLE rest (key BLOB PRIMARY KEY, record BLOB) WITHOUT ROWID");
        s->add = scratch_statement_new(s->rest, "INSERT OR IGNORE INTO rest VALUES (?, ?)");
        s->put = scratch_statement_new(s->rest, "INSERT OR REPLACE INTO rest VALUES (?, ?)");
        s->find = scratch_statement_new(s->rest, "SELECT record FROM rest WHERE key = ?");
    }
}

static void put_store_key(struct scratch_statement *statement, const struct hash_key *key)
{
    scratch_put_blob(statement, (struct span){(const uint8_t *)key, sizeof(*key)});
}

static void write_rest(struct scratch_statement *statement, struct hash_key key, struct span record)
{
    put_store_key(statement, &key);
    scratch_put_blob(statement, record);
    scratch_do(statement);
}

static bool find_in_database(struct key_store *s, struct hash_key key, struct span *record)
{
    if (s->rest == NULL) {
        return false;
    }
    scratch_leave(s->find);
    put_store_key(s->find, &key);
    bool found = scratch_next_row(s->find);
    *record = scratch_text(s->find, 0);
    return found;
}

/* --- all ------------------------------------------------------------------------------------ */

bool key_store_add(struct key_store *s, struct hash_key key, struct span record)
{
    struct span there;
    if (key_store_find(s, key, &there)) {
        return false;
    }
    if (s->rest == NULL && !is_full(s)) {
        store_in_memory(s, key, record);
    } else {
        open_rest(s);
        scratch_leave(s->find);
        write_rest(s->add, key, record);
    }
    return true;
}

void key_store_put(struct key_store *s, struct hash_key key, struct span record)
{
    uint32_t number = key_table_find(&s->keys, key);
    if (number != KEY_TABLE_NONE) {
        replace_in_memory(s, number, record);
    } else if (s->rest == NULL && !is_full(s)) {
        store_in_memory(s, key, record);
    } else {
        open_rest(s);
        scratch_leave(s->find);
        write_rest(s->put, key, record);
    }
}

bool key_store_find(struct key_store *s, struct hash_key key, struct span *record)
{
    uint32_t number = key_table_find(&s->keys, key);
    if (number == KEY_TABLE_NONE) {
        return find_in_database(s, key, record);
    }
    *record = record_at(s, s->places[number]);
    return true;
}

bool key_store_find_number(struct key_store *s, struct hash_key key, uint64_t *number)
{
    struct span record;
    bool found = key_store_find(s, key, &record);
    if (found) {
        CHECK(record.len == sizeof(*number));
        memcpy(number, record.at, sizeof(*number));
    }
    return found;
}
