#include "scanner/record/fact_book.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scanner/base/file.h"
#include "scanner/base/key_table.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"
#include "scanner/index/key_store.h"

#define SHARDS      64           /* locks: threads seldom meet at one */
#define TAIL_MAX    (256U << 10) /* octets before they go to the file */
#define HEAD_LEN    5            /* of a record: its length, its kind */
#define FIRST_READ  2048         /* octets: mostly the whole record */
#define FIRST_PLACE 1            /* FACT_NOWHERE is none */
#define ERROR_MAX   256

/* Where it is, and the number of its set. */
struct known_fact {
    uint64_t place;
    uint32_t set;
};

struct fact_shard {
    pthread_mutex_t lock;
    struct key_table keys;
    struct known_fact *facts; /* by number of the key; malloc */
    uint32_t capacity;
};

/** Sets of codes, each kept once: few exist. */
struct fact_sets {
    pthread_mutex_t lock;
    struct key_table keys;
    struct code_set *sets; /* malloc; items too */
    uint32_t capacity;
};

struct fact_book {
    struct fact_shard shard[SHARDS];
    struct fact_sets sets;
    pthread_mutex_t file_lock;
    uint64_t in_memory;         /* so many things at most */
    atomic_uint_fast64_t count; /* that are there */
    pthread_mutex_t rest_lock;
    struct key_store *rest; /* of the others: struct known_fact */
    int file;               /* -1: none yet */
    uint64_t written;       /* octets in the file */
    struct buf tail;        /* behind them */
    atomic_bool failed;     /* with its reason there */
    char error[ERROR_MAX];
};

struct fact_book *fact_book_new(uint64_t in_memory)
{
    struct fact_book *b = memory_new(1, sizeof(*b));
    for (size_t i = 0; i < SHARDS; i++) {
        CHECK(pthread_mutex_init(&b->shard[i].lock, NULL) == 0);
    }
    CHECK(pthread_mutex_init(&b->sets.lock, NULL) == 0);
    CHECK(pthread_mutex_init(&b->file_lock, NULL) == 0);
    CHECK(pthread_mutex_init(&b->rest_lock, NULL) == 0);
    b->in_memory = in_memory;
    b->rest = key_store_new(0);
    b->file = -1;
    b->tail = BUF_INIT(BUF_NO_LIMIT);
    return b;
}

void fact_book_free(struct fact_book *b)
{
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < SHARDS; i++) {
        (void)pthread_mutex_destroy(&b->shard[i].lock);
        key_table_deinit(&b->shard[i].keys);
        free(b->shard[i].facts);
    }
    for (uint32_t i = 0; i < b->sets.keys.count; i++) {
        free((void *)(uintptr_t)b->sets.sets[i].items);
    }
    key_table_deinit(&b->sets.keys);
    free(b->sets.sets);
    (void)pthread_mutex_destroy(&b->sets.lock);
    (void)pthread_mutex_destroy(&b->file_lock);
    (void)pthread_mutex_destroy(&b->rest_lock);
    key_store_free(b->rest);
    if (b->file >= 0) {
        (void)close(b->file);
    }
    buf_deinit(&b->tail);
    free(b);
}

/* --- the file ----------------------------------------------------------------------------------- */

static void file_fails(struct fact_book *b)
{
    if (!b->failed) {
        int error = errno;
        (void)snprintf(b->error, sizeof(b->error), "temporary file in %s: %s",
                       unlinked_file_folder(), error != 0 ? strerror(error) : "too short");
        b->failed = true;
    }
}

/* Under the lock. */
static void book_write_tail(struct fact_book *b)
{
    if (b->file < 0 && !b->failed) {
        b->file = unlinked_file_open();
    }
    if (b->failed || b->file < 0 || !file_write_at(b->file, b->written, buf_span(&b->tail))) {
        file_fails(b);
        return;
    }
    b->written += b->tail.len;
    buf_reset(&b->tail);
}

uint64_t fact_book_append(struct fact_book *b, enum fact_kind kind, struct span record)
{
    CHECK(record.len <= UINT32_MAX);
    uint32_t len = (uint32_t)record.len;
    (void)pthread_mutex_lock(&b->file_lock);
    uint64_t place = b->failed ? FACT_NOWHERE : FIRST_PLACE + b->written + b->tail.len;
    if (!b->failed) {
        buf_put(&b->tail, (struct span){(const uint8_t *)&len, sizeof(len)});
        buf_put_char(&b->tail, (char)kind);
        buf_put(&b->tail, record);
        if (b->tail.len >= TAIL_MAX) {
            book_write_tail(b);
        }
    }
    (void)pthread_mutex_unlock(&b->file_lock);
    return place;
}

/* Octets from `from` on, at most `len`. What is in the file stays as it is, so that it is read without the lock. */
static bool read_octets(struct fact_book *b, uint64_t from, size_t len, struct buf *to)
{
    (void)pthread_mutex_lock(&b->file_lock);
    uint64_t end = b->written + b->tail.len;
    int file = b->file;
    len = from >= end ? 0 : end - from < len ? (size_t)(end - from) : len;
    size_t in_file = from >= b->written        ? 0
                     : b->written - from < len ? (size_t)(b->written - from)
                                               : len;
    bool ok = len > 0 && !b->failed;
    if (ok) {
        (void)buf_room(to, len);
        to->len += in_file;
        if (len > in_file) {
            struct span rest = span_drop(buf_span(&b->tail), (size_t)(from + in_file - b->written));
            buf_put(to, span_take(rest, len - in_file));
        }
    }
    (void)pthread_mutex_unlock(&b->file_lock);
    errno = 0;
    return ok && (in_file == 0 || file_read_at(file, from, to->at + to->len - len, in_file));
}

static bool book_read_record(struct fact_book *b, uint64_t from, enum fact_kind *kind,
                             struct buf *record)
{
    uint32_t len;
    buf_reset(record);
    if (!read_octets(b, from, FIRST_READ, record) || record->len < HEAD_LEN) {
        return false;
    }
    memcpy(&len, record->at, sizeof(len));
    *kind = (enum fact_kind)record->at[sizeof(len)];
    size_t whole = HEAD_LEN + (size_t)len;
    size_t got = record->len;
    if (whole > got && !read_octets(b, from + got, whole - got, record)) {
        return false;
    }
    if (record->len < whole) {
        errno = 0;
        return false;
    }
    memmove(record->at, record->at + HEAD_LEN, len);
    record->len = len;
    return true;
}

bool fact_book_read(struct fact_book *b, uint64_t place, enum fact_kind *kind, struct buf *record)
{
    buf_reset(record);
    if (place == FACT_NOWHERE) {
        return false;
    }
    bool ok = book_read_record(b, place - FIRST_PLACE, kind, record);
    if (!ok) {
        int error = errno;
        (void)pthread_mutex_lock(&b->file_lock);
        errno = error;
        file_fails(b);
        (void)pthread_mutex_unlock(&b->file_lock);
    }
    return ok;
}

bool fact_book_next(struct fact_book *b, struct fact_walk *w, uint64_t *place, enum fact_kind *kind,
                    struct buf *record)
{
    *place = w->place == FACT_NOWHERE ? FIRST_PLACE : w->place;
    if (*place - FIRST_PLACE >= b->written + b->tail.len ||
        !fact_book_read(b, *place, kind, record)) {
        return false;
    }
    w->place = *place + HEAD_LEN + record->len;
    return true;
}

const char *fact_book_error(const struct fact_book *b)
{
    return b->failed ? b->error : key_store_error(b->rest);
}

/* --- what is known ------------------------------------------------------------------------------ */

static uint32_t number_of_set(struct fact_sets *s, struct code_set codes)
{
    size_t octets = codes.count * sizeof(*codes.items);
    struct hash_key key = hash_key_of((struct span){(const uint8_t *)codes.items, octets});
    bool added = false;
    (void)pthread_mutex_lock(&s->lock);
    uint32_t number = key_table_add(&s->keys, key, &added);
    if (added) {
        uint16_t *items = memory_new(codes.count, sizeof(*items));
        memcpy(items, codes.items, octets);
        s->sets = memory_grow_long_list(s->sets, number, &s->capacity, sizeof(*s->sets));
        s->sets[number] = (struct code_set){items, codes.count};
    }
    (void)pthread_mutex_unlock(&s->lock);
    return number;
}

static struct code_set set_of_number(struct fact_sets *s, uint32_t number)
{
    (void)pthread_mutex_lock(&s->lock);
    struct code_set found = s->sets[number];
    (void)pthread_mutex_unlock(&s->lock);
    return found;
}

static struct hash_key key_of_fact(enum fact_kind kind, struct span key)
{
    struct hash_key hash = hash_key_of(key);
    hash.low += (uint64_t)kind * UINT64_C(0x9e3779b97f4a7c15);
    return hash;
}

/* @return false: it belongs to the rest */
static bool fact_add_in_memory(struct fact_book *b, struct hash_key hash,
                               const struct known_fact *fact)
{
    struct fact_shard *shard = &b->shard[hash.high % SHARDS];
    (void)pthread_mutex_lock(&shard->lock);
    uint32_t number = key_table_find(&shard->keys, hash);
    if (number == KEY_TABLE_NONE && atomic_load(&b->count) < b->in_memory) {
        bool added = false;
        number = key_table_add(&shard->keys, hash, &added);
        shard->facts =
            memory_grow_long_list(shard->facts, number, &shard->capacity, sizeof(*shard->facts));
        atomic_fetch_add(&b->count, 1);
    }
    if (number != KEY_TABLE_NONE) {
        shard->facts[number] = *fact;
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return number != KEY_TABLE_NONE;
}

static bool fact_find_in_memory(struct fact_book *b, struct hash_key hash, struct known_fact *fact)
{
    struct fact_shard *shard = &b->shard[hash.high % SHARDS];
    (void)pthread_mutex_lock(&shard->lock);
    uint32_t number = key_table_find(&shard->keys, hash);
    if (number != KEY_TABLE_NONE) {
        *fact = shard->facts[number];
    }
    (void)pthread_mutex_unlock(&shard->lock);
    return number != KEY_TABLE_NONE;
}

static void fact_find_in_rest(struct fact_book *b, struct hash_key hash, struct known_fact *fact)
{
    struct span record;
    (void)pthread_mutex_lock(&b->rest_lock);
    if (key_store_find(b->rest, hash, &record)) {
        CHECK(record.len == sizeof(*fact));
        memcpy(fact, record.at, sizeof(*fact));
    }
    (void)pthread_mutex_unlock(&b->rest_lock);
}

void fact_book_add(struct fact_book *b, enum fact_kind kind, struct span key, struct code_set codes,
                   uint64_t place)
{
    struct hash_key hash = key_of_fact(kind, key);
    uint32_t set = codes.count > 0 ? number_of_set(&b->sets, codes) + 1 : 0;
    const struct known_fact fact = {.place = place, .set = set};
    if (!fact_add_in_memory(b, hash, &fact)) {
        (void)pthread_mutex_lock(&b->rest_lock);
        key_store_put(b->rest, hash, (struct span){(const uint8_t *)&fact, sizeof(fact)});
        (void)pthread_mutex_unlock(&b->rest_lock);
    }
}

struct fact_entry fact_book_find(struct fact_book *b, enum fact_kind kind, struct span key)
{
    struct hash_key hash = key_of_fact(kind, key);
    struct known_fact found = {.place = FACT_NOWHERE};
    if (!fact_find_in_memory(b, hash, &found) && atomic_load(&b->count) >= b->in_memory) {
        fact_find_in_rest(b, hash, &found);
    }
    struct fact_entry entry = {.place = found.place};
    if (found.set > 0) {
        entry.codes = set_of_number(&b->sets, found.set - 1);
    }
    return entry;
}
