#include "scanner/merge/collected_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/merge/manifest_files.h"
#include "scanner/replay/manifest_keys.h"
#include "scanner/report/manifest.h"

#define KEY_MEMBERS "members"

/* NULL: it left none, or none that can be read. */
static json_t *manifest_of(const struct collected_facts *f, uint16_t member)
{
    const struct control_file *file = control_files_find(&f->control->files, member, MANIFEST_NAME);
    if (file == NULL) { /* it was interrupted: what it was told, at least */
        file = control_files_find(&f->control->files, member, MANIFEST_STARTED_NAME);
    }
    return file != NULL ? json_loadb((const char *)file->octets.at, file->octets.len, 0, NULL)
                        : NULL;
}

/* As text: times of one form sort as such. */
static void keep_extreme(json_t *m, const json_t *other, const char *key, bool latest)
{
    const char *mine = json_string_value(json_object_get(m, key));
    const char *theirs = json_string_value(json_object_get(other, key));
    if (theirs != NULL && (mine == NULL || (strcmp(theirs, mine) > 0) == latest)) {
        (void)json_object_set(m, key, json_object_get(other, key));
    }
}

static void add_to_sum(json_t *m, const json_t *other, const char *key)
{
    json_int_t sum = json_integer_value(json_object_get(m, key)) +
                     json_integer_value(json_object_get(other, key));
    (void)json_object_set_new(m, key, json_integer(sum));
}

static void add_member(json_t *m, const json_t *other)
{
    keep_extreme(m, other, KEY_STARTED, false);
    keep_extreme(m, other, KEY_ENDED, true);
    keep_extreme(m, other, KEY_LAST_ROWS, true);
    add_to_sum(m, other, KEY_ROWS_LOST);
    add_to_sum(m, other, "stray_messages");
    json_t *outages = json_object_get(m, KEY_OUTAGES);
    if (json_is_array(outages)) {
        (void)json_array_extend(outages, json_object_get(other, KEY_OUTAGES));
    }
}

/* Where each of them looked from. */
static json_t *member_object(const json_t *manifest, bool whole)
{
    json_t *o = json_object();
    (void)json_object_set_new(o, "complete", json_boolean(whole));
    (void)json_object_set(o, KEY_STARTED, json_object_get(manifest, KEY_STARTED));
    (void)json_object_set(o, KEY_ENDED, json_object_get(manifest, KEY_ENDED));
    (void)json_object_set(o, KEY_VANTAGE, json_object_get(manifest, KEY_VANTAGE));
    (void)json_object_set(o, "outage_probes", json_object_get(manifest, "outage_probes"));
    return o;
}

static void add_members(json_t *m, const struct collected_facts *f)
{
    json_t *members = json_array();
    for (uint32_t i = 0; i < f->terms->members; i++) {
        json_t *other = manifest_of(f, (uint16_t)i);
        if (json_is_object(other)) {
            if (i != f->base) {
                add_member(m, other);
            }
            (void)json_array_append_new(members,
                                        member_object(other, f->control->members[i].whole));
        } else {
            (void)json_array_append_new(members, json_null());
        }
        json_decref(other);
    }
    json_t *fleet = json_object();
    uint64_t fed = f->control->lines;
    (void)json_object_set_new(fleet, "partitions", json_integer(f->terms->parts));
    (void)json_object_set_new(fleet, KEY_MEMBERS, members);
    (void)json_object_set_new(fleet, "lines_without_row",
                              f->control->blocks > 0 ? json_integer((json_int_t)(fed - f->lines))
                                                     : json_null());
    (void)json_object_set_new(m, KEY_FLEET, fleet);
}

static void set_inputs(json_t *m, const struct collected_facts *f)
{
    const struct control_file *file =
        control_files_find(&f->control->files, FLEET_FEED, INPUTS_FILE);
    const struct buf *text = file != NULL ? &file->octets : &f->terms->inputs;
    json_t *inputs = json_loadb((const char *)text->at, text->len, 0, NULL);
    if (inputs != NULL) {
        (void)json_object_set_new(m, KEY_INPUTS, inputs);
    }
}

uint32_t collected_members_missing(const struct collected_facts *f)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < f->terms->members; i++) {
        missing += !f->control->members[i].whole;
    }
    return missing;
}

bool collected_is_whole(const struct collected_facts *f)
{
    return f->control->blocks > 0 && f->control->lines == f->lines &&
           collected_members_missing(f) == 0;
}

bool collected_manifest_put(const struct collected_facts *f, struct buf *json, struct buf *why)
{
    /* Of one machine, or of what was judged before. */
    static const char *const dropped[] = {KEY_FROM, KEY_JUDGING, KEY_DIRECTORY,  KEY_INCOMPLETE,
                                          "memory", "given_up",  "outage_probes"};
    static const char *const of_member[] = {"output", "threads", "concurrency", "input-file"};
    json_t *m = manifest_of(f, f->base);
    if (!json_is_object(m)) {
        json_decref(m);
        buf_putf(why, "what member %u left cannot be read: no manifest", f->base);
        return false;
    }
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
        (void)json_object_del(m, dropped[i]);
    }
    for (size_t i = 0; i < sizeof(of_member) / sizeof(of_member[0]); i++) {
        (void)json_object_del(json_object_get(m, KEY_OPTIONS), of_member[i]);
    }
    add_members(m, f);
    set_inputs(m, f);
    (void)json_object_set_new(m, KEY_ACCOUNT, json_null()); /* analyze counts */
    (void)json_object_set_new(m, KEY_FILES, manifest_files_array(f->dir));
    (void)json_object_set_new(m, KEY_DETAIL,
                              json_pack("{s:s}", KEY_LEVEL, row_detail_word(ROW_DETAIL_NORMAL)));
    if (!collected_is_whole(f)) {
        (void)json_object_set_new(m, KEY_INCOMPLETE, json_true());
    }
    char *text = json_dumps(m, JSON_INDENT(2));
    buf_put_text(json, text);
    free(text);
    json_decref(m);
    return true;
}
