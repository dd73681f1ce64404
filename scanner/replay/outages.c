#include "scanner/replay/outages.h"

#include <stdlib.h>

#include "scanner/replay/manifest_keys.h"

bool outages_replace(struct span manifest, struct span outages, struct buf *out)
{
    json_t *m = json_loadb((const char *)manifest.at, manifest.len, 0, NULL);
    json_t *list = json_loadb((const char *)outages.at, outages.len, 0, NULL);
    bool ok =
        json_is_object(m) && json_is_array(list) && json_object_set(m, KEY_OUTAGES, list) == 0;
    char *text = ok ? json_dumps(m, JSON_INDENT(2)) : NULL;
    if (text != NULL) {
        buf_putf(out, "%s\n", text);
    }
    free(text);
    json_decref(list);
    json_decref(m);
    return text != NULL;
}

static bool read_outage(const json_t *value, struct manifest_outage *o)
{
    const json_t *to = json_object_get(value, "to");
    *o = (struct manifest_outage){
        .what = json_string_value(json_object_get(value, "what")),
        .asked_again = (uint64_t)json_integer_value(json_object_get(value, "asked_again"))};
    return o->what != NULL && results_read_time(json_object_get(value, "from"), &o->from_unix_ms) &&
           (json_is_null(to) || results_read_time(to, &o->to_unix_ms));
}

bool outages_next(const struct results *r, size_t *index, struct manifest_outage *outage)
{
    const json_t *list = json_object_get(r->manifest, KEY_OUTAGES);
    while (*index < json_array_size(list)) {
        if (read_outage(json_array_get(list, (*index)++), outage)) {
            return true;
        }
    }
    return false;
}
