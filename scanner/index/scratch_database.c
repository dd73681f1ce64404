#include "scanner/index/scratch_database.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"

#define ERROR_MAX 512

struct scratch_statement {
    struct scratch_database *database; /* borrowed */
    sqlite3_stmt *prepared;            /* NULL: the database had failed before */
    int values;                        /* given so far */
    bool open;                         /* has given rows, and may have more */
    struct scratch_statement *next;
};

struct scratch_database {
    sqlite3 *handle;
    struct scratch_statement *statements;
    bool failed;
    char error[ERROR_MAX];
};

/* As for all temporary files. SQLite goes on to folders of its own when this one cannot be written to. */
static void choose_folder(void)
{
    sqlite3_temp_directory = sqlite3_mprintf("%s", unlinked_file_folder());
}

static void note_failure(struct scratch_database *d, int result)
{
    CHECK(result != SQLITE_MISUSE && result != SQLITE_RANGE && result != SQLITE_ERROR);
    if (result == SQLITE_NOMEM) {
        memory_end_process("the temporary database");
    }
    if (!d->failed) {
        d->failed = true;
        (void)snprintf(d->error, sizeof(d->error), "temporary database in %s: %s",
                       sqlite3_temp_directory, sqlite3_errstr(result));
    }
}

struct scratch_database *scratch_database_open(size_t cache_octets)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, choose_folder);
    struct scratch_database *d = memory_new(1, sizeof(*d));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int result = sqlite3_open_v2("", &d->handle, flags, NULL); /* no name: a temporary file */
    if (result != SQLITE_OK) {
        note_failure(d, result);
        return d;
    }
    char sql[256];
    /* One transaction for all: at the end of each, SQLite writes its pages and goes through its cache. */
    (void)snprintf(sql, sizeof(sql),
                   "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;"
                   "PRAGMA page_size = 8192; PRAGMA cache_size = -%zu; BEGIN",
                   cache_octets / 1024);
    scratch_database_run(d, sql);
    return d;
}

void scratch_database_close(struct scratch_database *d)
{
    if (d == NULL) {
        return;
    }
    while (d->statements != NULL) {
        struct scratch_statement *s = d->statements;
        d->statements = s->next;
        (void)sqlite3_finalize(s->prepared);
        free(s);
    }
    (void)sqlite3_close(d->handle);
    free(d);
}

const char *scratch_database_error(const struct scratch_database *d)
{
    return d->failed ? d->error : NULL;
}

sqlite3 *scratch_database_handle(struct scratch_database *d)
{
    return d->failed ? NULL : d->handle;
}

void scratch_database_run(struct scratch_database *d, const char *sql)
{
    if (!d->failed) {
        int result = sqlite3_exec(d->handle, sql, NULL, NULL, NULL);
        if (result != SQLITE_OK) {
            note_failure(d, result);
        }
    }
}

struct scratch_statement *scratch_statement_new(struct scratch_database *d, const char *sql)
{
    struct scratch_statement *s = memory_new(1, sizeof(*s));
    *s = (struct scratch_statement){.database = d, .next = d->statements};
    d->statements = s;
    if (!d->failed) {
        int result = sqlite3_prepare_v2(d->handle, sql, -1, &s->prepared, NULL);
        if (result != SQLITE_OK) {
            note_failure(d, result);
        }
    }
    return s;
}

/* The number of the next value; 0: nothing works any more. */
static int next_value(struct scratch_statement *s)
{
    if (s->database->failed) {
        return 0;
    }
    CHECK(!s->open);
    return ++s->values;
}

static void note_put(struct scratch_statement *s, int result)
{
    if (result != SQLITE_OK) {
        note_failure(s->database, result);
    }
}

void scratch_put_text(struct scratch_statement *s, struct span text)
{
    int at = next_value(s);
    if (at > 0) {
        const char *octets = text.len > 0 ? (const char *)text.at : "";
        note_put(s, sqlite3_bind_text64(s->prepared, at, octets, text.len, SQLITE_TRANSIENT,
                                        SQLITE_UTF8));
    }
}

void scratch_put_blob(struct scratch_statement *s, struct span octets)
{
    int at = next_value(s);
    if (at > 0) {
        const void *from = octets.len > 0 ? (const void *)octets.at : "";
        note_put(s, sqlite3_bind_blob64(s->prepared, at, from, octets.len, SQLITE_TRANSIENT));
    }
}

void scratch_put_uint(struct scratch_statement *s, uint64_t n)
{
    CHECK(n <= INT64_MAX);
    int at = next_value(s);
    if (at > 0) {
        note_put(s, sqlite3_bind_int64(s->prepared, at, (int64_t)n));
    }
}

void scratch_put_null(struct scratch_statement *s)
{
    int at = next_value(s);
    if (at > 0) {
        note_put(s, sqlite3_bind_null(s->prepared, at));
    }
}

void scratch_leave(struct scratch_statement *s)
{
    (void)sqlite3_reset(s->prepared);
    s->open = false;
    s->values = 0;
}

bool scratch_next_row(struct scratch_statement *s)
{
    if (s->database->failed) {
        return false;
    }
    CHECK(s->open || s->values == sqlite3_bind_parameter_count(s->prepared));
    int result = sqlite3_step(s->prepared);
    s->open = result == SQLITE_ROW;
    if (!s->open) {
        scratch_leave(s);
    }
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
        note_failure(s->database, result);
    }
    return s->open;
}

void scratch_do(struct scratch_statement *s)
{
    bool row = scratch_next_row(s);
    CHECK(!row);
}

bool scratch_is_null(struct scratch_statement *s, int column)
{
    return !s->open || sqlite3_column_type(s->prepared, column) == SQLITE_NULL;
}

uint64_t scratch_uint(struct scratch_statement *s, int column)
{
    int64_t n = s->open ? sqlite3_column_int64(s->prepared, column) : 0;
    return n > 0 ? (uint64_t)n : 0;
}

struct span scratch_text(struct scratch_statement *s, int column)
{
    if (!s->open) {
        return (struct span){0};
    }
    const uint8_t *at = sqlite3_column_blob(s->prepared, column); /* before its length */
    return (struct span){at, (size_t)sqlite3_column_bytes(s->prepared, column)};
}
