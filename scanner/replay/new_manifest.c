#include "scanner/replay/new_manifest.h"

#include <string.h>

#include "output/json_writer.h"
#include "scanner/base/check.h"
#include "scanner/replay/manifest_keys.h"

static void put_value(struct json_writer *w, const json_t *value);

static void put_object(struct json_writer *w, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_begin(w);
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        json_key(w, key);
        put_value(w, value);
    }
    json_object_end(w);
}

static void put_array(struct json_writer *w, const json_t *array)
{
    json_array_begin(w);
    for (size_t i = 0; i < json_array_size(array); i++) {
        put_value(w, json_array_get(array, i));
    }
    json_array_end(w);
}

static void put_real(struct json_writer *w, const json_t *value)
{
    char text[64];
    size_t len = json_dumpb(value, text, sizeof(text), JSON_ENCODE_ANY);
    CHECK(len <= sizeof(text));
    json_fragment(w, (struct span){(const uint8_t *)text, len});
}

static void put_value(struct json_writer *w, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(w, value);
        return;
    case JSON_ARRAY:
        put_array(w, value);
        return;
    case JSON_STRING:
        (void)json_text(
            w, (struct span){(const uint8_t *)json_string_value(value), json_string_length(value)});
        return;
    case JSON_INTEGER:
        json_int(w, json_integer_value(value));
        return;
    case JSON_REAL:
        put_real(w, value);
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        json_bool(w, json_is_true(value));
        return;
    case JSON_NULL:
        json_null_value(w);
        return;
    }
}

static void put_stores(struct json_writer *w, const struct judging_terms *terms)
{
    json_array_begin(w);
    for (size_t i = 0; i < terms->store_count; i++) {
        const struct trust_store_octets *store = &terms->stores[i];
        char file[MANIFEST_STORE_FILE_MAX];
        manifest_store_file(store, file);
        const struct manifest_trust_store put = {.name = store->name,
                                                 .file = file,
                                                 .sha256 = store->sha256,
                                                 .anchors = store->anchor_count};
        manifest_put_trust_store(w, &put);
    }
    json_array_end(w);
}

/* Where the observations come from, and what they were judged by there. */
static void put_from(struct json_writer *w, const struct results *r)
{
    static const char *const kept[] = {KEY_VERSION,  KEY_JUDGED_AT, KEY_TRUST_STORES,
                                       KEY_TRUST_AD, KEY_PROFILES,  KEY_INTERMEDIATES,
                                       KEY_JUDGING,  KEY_FROM};
    json_key(w, KEY_FROM);
    json_object_begin(w);
    json_key(w, "directory");
    (void)json_text(w, span_of(r->path));
    json_key(w, "manifest_sha256");
    json_hex(w, (struct span){r->manifest_sha256, sizeof(r->manifest_sha256)});
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const json_t *value = json_object_get(r->manifest, kept[i]);
        if (value != NULL) {
            json_key(w, kept[i]);
            put_value(w, value);
        }
    }
    json_object_end(w);
}

static void put_profiles(struct json_writer *w, const struct sender_profiles_file *profiles)
{
    struct manifest_list l = {0};
    if (profiles != NULL) {
        l = manifest_list_of(MANIFEST_PROFILES_FILE,
                             (struct span){(const uint8_t *)profiles->octets, profiles->len},
                             profiles->profiles.count);
    }
    manifest_put_list(w, &l);
}

/* @return false when the key is none of those that are new. */
static bool put_new_value(struct json_writer *w, const struct results *r,
                          const struct reanalysis *now, const char *key)
{
    if (strcmp(key, KEY_VERSION) == 0) {
        json_word(w, MXCENSUS_VERSION);
    } else if (strcmp(key, KEY_ENDED) == 0 && r->has_cut) {
        json_time_ms(w, r->ended_unix_ms);
    } else if (strcmp(key, KEY_FILES) == 0) {
        manifest_put_files(w, now->files, now->file_count);
    } else if (strcmp(key, KEY_DETAIL) == 0) {
        manifest_put_detail(w, now->shape);
    } else if (strcmp(key, KEY_ACCOUNT) == 0) {
        manifest_put_account(w, now->counts);
    } else if (strcmp(key, KEY_ROWS_LOST) == 0) {
        const json_t *before = json_object_get(r->manifest, KEY_ROWS_LOST);
        json_uint(w, (uint64_t)json_integer_value(before) + now->rows_lost);
    } else if (strcmp(key, KEY_JUDGED_AT) == 0) {
        json_time_s(w, now->terms->at);
    } else if (strcmp(key, KEY_TRUST_STORES) == 0) {
        put_stores(w, now->terms);
    } else if (strcmp(key, KEY_TRUST_AD) == 0 && now->trust_ad != NULL) {
        manifest_put_trust_ad(w, now->trust_ad);
    } else if (strcmp(key, KEY_PROFILES) == 0) {
        put_profiles(w, now->profiles);
    } else if (strcmp(key, KEY_OPERATORS) == 0) {
        const struct manifest_list operators = manifest_operators_of(now->terms->operators);
        manifest_put_list(w, &operators);
    } else if (strcmp(key, KEY_INTERMEDIATES) == 0) {
        manifest_put_intermediates(w, &now->intermediates);
    } else {
        return false;
    }
    return true;
}

void new_manifest_put(const struct results *r, const struct reanalysis *now, struct buf *json)
{
    /* The last one only where it is new. */
    static const char *const needed[] = {KEY_JUDGED_AT, KEY_TRUST_STORES, KEY_INTERMEDIATES,
                                         KEY_DETAIL,    KEY_PROFILES,     KEY_TRUST_AD};
    size_t needed_count = sizeof(needed) / sizeof(needed[0]) - (now->trust_ad == NULL);
    struct json_writer w = json_writer_indented(json);
    const char *key;
    json_t *value;
    json_object_begin(&w);
    json_object_foreach(r->manifest, key, value)
    {
        if (strcmp(key, KEY_FROM) == 0 || strcmp(key, KEY_JUDGING) == 0 ||
            strcmp(key, KEY_DIRECTORY) == 0) {
            continue; /* inside the new `analyzed_from`; of no use to others */
        }
        json_key(&w, key);
        if (!put_new_value(&w, r, now, key)) {
            put_value(&w, value);
        }
    }
    for (size_t i = 0; i < needed_count; i++) {
        if (json_object_get(r->manifest, needed[i]) == NULL) {
            json_key(&w, needed[i]);
            (void)put_new_value(&w, r, now, needed[i]);
        }
    }
    if (r->has_cut) {
        json_key(&w, KEY_INCOMPLETE);
        json_bool(&w, true);
    }
    if (!now->of_shards) {
        put_from(&w, r);
    }
    json_object_end(&w);
    buf_put_char(json, '\n');
}
