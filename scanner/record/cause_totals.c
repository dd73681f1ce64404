#include "scanner/record/cause_totals.h"

#include <stdlib.h>

#include "scanner/base/key_table.h"
#include "scanner/base/memory.h"

struct cause_totals {
    struct scratch_database *database;
    size_t in_memory;
    struct key_table keys;
    struct cause_total *sums; /* by number of the key; malloc */
    uint32_t capacity;
    struct scratch_statement *put;
    struct scratch_statement *next; /* NULL: nothing was asked yet */
};

struct cause_totals *cause_totals_new(struct scratch_database *database, size_t in_memory)
{
    struct cause_totals *t = memory_new(1, sizeof(*t));
    t->database = database;
    t->in_memory = in_memory;
    scratch_database_run(
        database, "CREATE TABLE causes (key BLOB, domains INTEGER, hosts INTEGER, places INTEGER,"
                  " first INTEGER, effect INTEGER, severity INTEGER)");
    t->put = scratch_statement_new(database, "INSERT INTO causes VALUES (?, ?, ?, ?, ?, ?, ?)");
    return t;
}

void cause_totals_free(struct cause_totals *t)
{
    if (t != NULL) {
        key_table_deinit(&t->keys);
        free(t->sums);
        free(t);
    }
}

static void totals_flush(struct cause_totals *t)
{
    for (uint32_t i = 0; i < t->keys.count; i++) {
        const struct cause_total *s = &t->sums[i];
        scratch_put_blob(t->put,
                         (struct span){(const uint8_t *)&t->keys.keys[i], sizeof(t->keys.keys[i])});
        scratch_put_uint(t->put, s->domain_count);
        scratch_put_uint(t->put, s->host_count);
        scratch_put_uint(t->put, s->place_count);
        scratch_put_uint(t->put, s->first);
        scratch_put_uint(t->put, s->effect);
        scratch_put_uint(t->put, s->severity);
        scratch_do(t->put);
    }
    key_table_deinit(&t->keys);
}

static void total_merge(struct cause_total *sum, const struct cause_total *part)
{
    sum->domain_count += part->domain_count;
    sum->host_count += part->host_count;
    sum->place_count += part->place_count;
    sum->first = part->first < sum->first ? part->first : sum->first;
    sum->effect = (uint8_t)effect_worse((enum effect)sum->effect, (enum effect)part->effect);
    sum->severity = sum->severity > part->severity ? sum->severity : part->severity;
}

void cause_totals_add(struct cause_totals *t, struct span key, const struct cause_total *part)
{
    bool added = false;
    if (t->keys.count >= t->in_memory) {
        totals_flush(t);
    }
    uint32_t number = key_table_add(&t->keys, hash_key_of(key), &added);
    if (added) {
        if (number >= t->capacity) {
            t->capacity = (uint32_t)t->in_memory;
            t->sums = memory_resize(t->sums, t->capacity, sizeof(*t->sums));
        }
        t->sums[number] = *part;
        return;
    }
    total_merge(&t->sums[number], part);
}

static void totals_sum(struct cause_totals *t)
{
    totals_flush(t);
    t->next = scratch_statement_new(
        t->database, "SELECT sum(domains) AS count, sum(hosts), sum(places), min(first) AS met,"
                     " min(nullif(effect, 0)) AS worst, max(severity) FROM causes GROUP BY key"
                     " HAVING count > 0 ORDER BY worst, count DESC, met");
}

bool cause_totals_next(struct cause_totals *t, struct cause_total *out)
{
    if (t->next == NULL) {
        totals_sum(t);
    }
    if (!scratch_next_row(t->next)) {
        return false;
    }
    *out = (struct cause_total){.domain_count = scratch_uint(t->next, 0),
                                .host_count = scratch_uint(t->next, 1),
                                .place_count = scratch_uint(t->next, 2),
                                .first = scratch_uint(t->next, 3),
                                .effect = (uint8_t)scratch_uint(t->next, 4),
                                .severity = (uint8_t)scratch_uint(t->next, 5)};
    return true;
}
