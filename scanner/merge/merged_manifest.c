#include "scanner/merge/merged_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/text.h"
#include "scanner/base/uuid.h"
#include "scanner/cert/digest.h"
#include "scanner/merge/manifest_files.h"
#include "scanner/replay/manifest_keys.h"
#include "scanner/report/manifest.h"

static const enum table_id counted[] = {TABLE_HOSTS, TABLE_SERVICES, TABLE_ENDPOINTS};

const struct results *merged_base(const struct shard_set *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!s->at[i].results.incomplete) {
            return &s->at[i].results;
        }
    }
    return &s->at[0].results;
}

uint64_t merged_lines_left(const struct shard_set *s, bool *known)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < s->count; i++) {
        rows += s->at[i].lines;
    }
    *known = s->list_lines > 0;
    return *known ? s->list_lines - rows : 0;
}

static json_t *time_of(int64_t unix_ms)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    text_put_time_ms(&text, unix_ms);
    json_t *value = json_stringn((const char *)text.at, text.len);
    buf_deinit(&text);
    return value;
}

/* --- what is true of all -------------------------------------------------------------------- */

/* A UUIDv7 like that of every scan, but the same for the same shards: merging again gives the same rows. */
static void put_scan_id(const struct shard_set *s, int64_t started_ms, char id[UUID_TEXT_MAX])
{
    uint8_t digest[32];
    struct buf named = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < s->count; i++) {
        buf_putf(&named, "%s %llu\n", s->at[i].results.scan_id, (unsigned long long)s->at[i].lines);
    }
    digest_sha256(buf_span(&named), digest);
    uuid7_format(started_ms, digest, id);
    buf_deinit(&named);
}

static void set_times(json_t *m, const struct shard_set *s)
{
    int64_t started = INT64_MAX;
    int64_t ended = INT64_MIN;
    int64_t last_rows = INT64_MIN;
    int64_t at = INT64_MIN;
    for (size_t i = 0; i < s->count; i++) {
        const struct results *r = &s->at[i].results;
        started = r->started_unix_ms < started ? r->started_unix_ms : started;
        ended = r->ended_unix_ms > ended ? r->ended_unix_ms : ended;
        last_rows = r->last_rows_unix_ms > last_rows ? r->last_rows_unix_ms : last_rows;
        at = r->at > at ? r->at : at;
    }
    char id[UUID_TEXT_MAX];
    put_scan_id(s, started, id);
    (void)json_object_set_new(m, KEY_SCAN_ID, json_string(id));
    (void)json_object_set_new(m, KEY_STARTED, time_of(started));
    (void)json_object_set_new(m, KEY_ENDED, time_of(ended));
    (void)json_object_set_new(m, KEY_LAST_ROWS, time_of(last_rows));
    if (at != INT64_MIN) {
        struct buf text = BUF_INIT(BUF_NO_LIMIT);
        text_put_time_s(&text, at);
        (void)json_object_set_new(m, KEY_JUDGED_AT, json_stringn((const char *)text.at, text.len));
        buf_deinit(&text);
    }
}

static void set_sum(json_t *m, const struct shard_set *s, const char *key)
{
    json_int_t sum = 0;
    for (size_t i = 0; i < s->count; i++) {
        sum += json_integer_value(json_object_get(s->at[i].results.manifest, key));
    }
    (void)json_object_set_new(m, key, json_integer(sum));
}

static void set_outages(json_t *m, const struct shard_set *s)
{
    json_t *all = json_array();
    for (size_t i = 0; i < s->count; i++) {
        (void)json_array_extend(all, json_object_get(s->at[i].results.manifest, KEY_OUTAGES));
    }
    (void)json_object_set_new(m, KEY_OUTAGES, all);
}

/* --- what is true of each ------------------------------------------------------------------- */

static json_t *not_kept_object(const struct merge_shard *s)
{
    json_t *o = json_object();
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        (void)json_object_set_new(o, table_name(counted[i]),
                                  json_integer((json_int_t)s->not_kept[counted[i]]));
    }
    return o;
}

static json_t *shard_object(const struct merge_shard *s)
{
    const struct results *r = &s->results;
    json_t *o = json_object();
    struct buf sha256 = BUF_INIT(BUF_NO_LIMIT);
    buf_put_hex(&sha256, (struct span){r->manifest_sha256, sizeof(r->manifest_sha256)});
    (void)json_object_set_new(o, "shard", json_integer((json_int_t)s->number));
    (void)json_object_set_new(o, "directory", json_string(r->path));
    (void)json_object_set_new(o, "manifest_sha256",
                              json_stringn((const char *)sha256.at, sha256.len));
    (void)json_object_set_new(o, KEY_SCAN_ID, json_string(r->scan_id));
    (void)json_object_set_new(o, KEY_STARTED, time_of(r->started_unix_ms));
    (void)json_object_set_new(o, KEY_ENDED, time_of(r->ended_unix_ms));
    (void)json_object_set_new(o, "complete", json_boolean(!r->incomplete));
    (void)json_object_set_new(o, "lines", json_integer((json_int_t)s->lines));
    (void)json_object_set_new(o, "rows_not_kept", not_kept_object(s));
    (void)json_object_set(o, KEY_VANTAGE, json_object_get(r->manifest, KEY_VANTAGE));
    buf_deinit(&sha256);
    return o;
}

static json_t *counts_object(const struct chosen_counts *counts, enum table_id t)
{
    json_t *o = json_object();
    (void)json_object_set_new(o, "in_several_shards",
                              json_integer((json_int_t)counts->of[t].several));
    (void)json_object_set_new(o, "disagree", json_integer((json_int_t)counts->of[t].disagree));
    (void)json_object_set_new(o, "rows_left_out", json_integer((json_int_t)counts->of[t].left_out));
    return o;
}

static json_t *merged_object(const struct merged_facts *facts)
{
    const struct shard_set *s = facts->shards;
    json_t *merged = json_object();
    json_t *given = json_array();
    bool known = false;
    uint64_t left = merged_lines_left(s, &known);
    for (size_t i = 0; i < s->count; i++) {
        (void)json_array_append_new(given, shard_object(&s->at[i]));
    }
    (void)json_object_set_new(merged, "shards", json_integer((json_int_t)s->shards));
    (void)json_object_set_new(merged, "from", given);
    (void)json_object_set_new(merged, "lines_without_row",
                              known ? json_integer((json_int_t)left) : json_null());
    for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
        (void)json_object_set_new(merged, table_name(counted[i]),
                                  counts_object(facts->counts, counted[i]));
    }
    (void)json_object_set_new(merged, "default_apart",
                              json_integer((json_int_t)facts->counts->default_apart));
    (void)json_object_set_new(merged, "session_from_elsewhere",
                              json_integer((json_int_t)facts->counts->spoken_apart));
    return merged;
}

void merged_manifest_put(const struct merged_facts *facts, struct buf *json)
{
    /* Of one machine, or of what was judged before. */
    static const char *const dropped[] = {KEY_FROM, KEY_JUDGING, KEY_DIRECTORY,  KEY_INCOMPLETE,
                                          "memory", "given_up",  "outage_probes"};
    static const char *const of_shard[] = {"shard", "output", "threads"};
    const struct shard_set *s = facts->shards;
    json_t *m = json_deep_copy(merged_base(s)->manifest);
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
        (void)json_object_del(m, dropped[i]);
    }
    for (size_t i = 0; i < sizeof(of_shard) / sizeof(of_shard[0]); i++) {
        (void)json_object_del(json_object_get(m, KEY_OPTIONS), of_shard[i]);
    }
    set_times(m, s);
    set_sum(m, s, KEY_ROWS_LOST);
    set_sum(m, s, "stray_messages");
    set_outages(m, s);
    (void)json_object_set_new(m, KEY_SHARD, json_null());
    (void)json_object_set_new(m, KEY_MERGED, merged_object(facts));
    (void)json_object_set_new(m, KEY_ACCOUNT, json_null()); /* analyze counts */
    (void)json_object_set_new(m, KEY_FILES, manifest_files_array(facts->dir));
    /* What hosts and domains say of endpoints is filled in from those. */
    (void)json_object_set_new(m, KEY_DETAIL,
                              json_pack("{s:s}", KEY_LEVEL, row_detail_word(ROW_DETAIL_NORMAL)));
    if (s->not_whole.len > 0) {
        (void)json_object_set_new(m, KEY_INCOMPLETE, json_true());
    }
    char *text = json_dumps(m, JSON_INDENT(2));
    buf_put_text(json, text);
    free(text);
    json_decref(m);
}
