#include "scanner/replay/result_shard.h"

#include "scanner/base/text.h"
#include "scanner/replay/manifest_keys.h"

/* A number, or the text of one, as options have it. */
static uint64_t number_of(const json_t *value, uint64_t none)
{
    const char *text = json_string_value(value);
    uint64_t number = none;
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        number = (uint64_t)json_integer_value(value);
    } else if (text != NULL && !text_to_u64(span_of(text), &number)) {
        number = none;
    }
    return number;
}

/* A scan that did not end has said it among its options alone; null: it has no part, or what shards had is merged. */
void result_shard_read(struct results *r)
{
    const json_t *shard = json_object_get(r->manifest, KEY_SHARD);
    const json_t *from = shard != NULL ? shard : json_object_get(r->manifest, KEY_OPTIONS);
    uint64_t shards = number_of(json_object_get(from, KEY_SHARDS), 1);
    uint64_t which = number_of(json_object_get(from, KEY_SHARD), 0);
    if (shards > 1 && shards <= UINT32_MAX && which < shards) {
        r->shards = (uint32_t)shards;
        r->shard = (uint32_t)which;
        r->lines_of_others = number_of(json_object_get(shard, KEY_OF_OTHERS), UINT64_MAX);
    }
}

void result_shard_put(const struct results *r, struct buf *out)
{
    if (r->shards <= 1) {
        return;
    }
    buf_putf(out, "shard %u of 0 to %u: ", r->shard, r->shards - 1);
    if (r->lines_of_others != UINT64_MAX) {
        buf_putf(out, "%llu", (unsigned long long)r->lines_of_others);
    } else {
        buf_put_text(out, "some");
    }
    buf_putf(out, " line%s of the list %s in the results of other shards",
             r->lines_of_others == 1 ? "" : "s", r->lines_of_others == 1 ? "is" : "are");
}
