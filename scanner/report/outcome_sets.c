#include "scanner/report/outcome_sets.h"

#include <string.h>

#include "scanner/base/check.h"
#include "scanner/cert/digest.h"
#include "scanner/report/row_parts.h"

#define NO_PLACE UINT8_MAX /* the domain itself decides */

/** One profile in the octets of a set. */
struct packed_outcome {
    uint8_t best;
    uint8_t worst;
    uint8_t reason;
    uint8_t basis;
    uint8_t place; /* NO_PLACE, or the position in outcome_places */
};

static bool is_at_same_place(const struct sender_delivery *a, const struct sender_delivery *b)
{
    return a->mx == b->mx && a->endpoint == b->endpoint;
}

bool outcome_place_is_new(const struct deliveries *v, size_t i)
{
    size_t first = 0;
    while (!is_at_same_place(&v->of[first], &v->of[i])) {
        first++;
    }
    return first == i && v->of[i].mx >= 0;
}

size_t outcome_place_count(const struct deliveries *v)
{
    size_t count = 0;
    for (size_t i = 0; i < v->count; i++) {
        count += outcome_place_is_new(v, i);
    }
    return count;
}

static uint8_t outcome_place_of(const struct deliveries *v, size_t i)
{
    uint8_t place = NO_PLACE;
    for (size_t k = 0; k <= i && v->of[i].mx >= 0; k++) {
        place = (uint8_t)(place + outcome_place_is_new(v, k)); /* NO_PLACE and 1 are 0 */
        if (is_at_same_place(&v->of[k], &v->of[i])) {
            break;
        }
    }
    return place;
}

void outcome_set_put(struct buf *out, const struct deliveries *v)
{
    CHECK(v->count < NO_PLACE);
    for (size_t i = 0; i < v->count; i++) {
        const struct packed_outcome p = {.best = (uint8_t)v->of[i].best,
                                         .worst = (uint8_t)v->of[i].worst,
                                         .reason = (uint8_t)v->of[i].reason,
                                         .basis = (uint8_t)v->of[i].basis,
                                         .place = outcome_place_of(v, i)};
        buf_put(out, (struct span){(const uint8_t *)&p, sizeof(p)});
    }
}

static void put_packed_words(struct object *o, const struct packed_outcome *p)
{
    object_word(o, OUTCOME_GROUP_BEST, delivery_word((enum delivery)p->best));
    object_word(o, OUTCOME_GROUP_WORST, delivery_word((enum delivery)p->worst));
    object_word(o, OUTCOME_GROUP_DECIDED_BY,
                word_or_null(delivery_reason_word((enum delivery_reason)p->reason)));
    object_natural(o, OUTCOME_GROUP_PLACE, p->place != NO_PLACE ? p->place : -1);
    object_word(o, OUTCOME_GROUP_BASIS, word_or_null(field_mark_word((enum field_mark)p->basis)));
}

/* Nothing where a group before it has the profile. */
static void put_outcome_group(struct list *l, const struct packed_outcome *p, size_t count,
                              size_t first, const struct sender_profiles *profiles)
{
    for (size_t i = 0; i < first; i++) {
        if (memcmp(&p[i], &p[first], sizeof(*p)) == 0) {
            return;
        }
    }
    struct object *o = list_object(l);
    struct list *members = object_list(o, OUTCOME_GROUP_PROFILES);
    for (size_t i = first; i < count; i++) {
        if (memcmp(&p[i], &p[first], sizeof(*p)) == 0) {
            list_text(members, span_of(profiles->items[i].id));
        }
    }
    list_close(members);
    put_packed_words(o, &p[first]);
    object_close(o);
}

/* Words instead of numbers: those may change from version to version. */
void outcome_set_key(struct span set, char key[OUTCOME_SET_KEY_MAX])
{
    const struct packed_outcome *p = (const struct packed_outcome *)(const void *)set.at;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    uint8_t digest[32];
    for (size_t i = 0; i < set.len / sizeof(*p); i++) {
        buf_putf(&text, "%s %s %s %s %d\n", delivery_word((enum delivery)p[i].best),
                 delivery_word((enum delivery)p[i].worst),
                 delivery_reason_word((enum delivery_reason)p[i].reason),
                 field_mark_word((enum field_mark)p[i].basis), p[i].place);
    }
    digest_sha256(buf_span(&text), digest);
    buf_reset(&text);
    buf_put_hex(&text, (struct span){digest, (OUTCOME_SET_KEY_MAX - 1) / 2});
    buf_put_char(&text, '\0');
    memcpy(key, text.at, OUTCOME_SET_KEY_MAX);
    buf_deinit(&text);
}

static void put_outcome_set_row(struct row_sink *sink, struct span set,
                                const struct sender_profiles *profiles)
{
    const struct packed_outcome *p = (const struct packed_outcome *)(const void *)set.at;
    size_t count = set.len / sizeof(*p);
    char key[OUTCOME_SET_KEY_MAX];
    outcome_set_key(set, key);
    CHECK(count == profiles->count);
    struct row *r = row_sink_begin(sink, TABLE_OUTCOME_SETS);
    row_text(r, OUTCOME_SETS_OUTCOME_SET, span_of(key));
    struct list *l = row_list(r, OUTCOME_SETS_GROUPS);
    for (size_t i = 0; i < count; i++) {
        put_outcome_group(l, p, count, i, profiles);
    }
    list_close(l);
    row_sink_end(sink, TABLE_OUTCOME_SETS);
}

void report_outcome_set(struct row_sink *sink, struct span set,
                        const struct sender_profiles *profiles)
{
    if (row_sink_wants(sink, TABLE_OUTCOME_SETS)) {
        put_outcome_set_row(sink, set, profiles);
    }
}
