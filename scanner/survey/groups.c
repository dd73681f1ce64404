#include "scanner/survey/groups.h"

#include <stdlib.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"

void groups_init(struct groups *g, uint32_t width, bool named)
{
    *g = (struct groups){.width = width, .named = named, .names = BUF_INIT(BUF_NO_LIMIT)};
}

void groups_deinit(struct groups *g)
{
    key_table_deinit(&g->keys);
    free(g->counters);
    free(g->name_at);
    buf_deinit(&g->names);
}

/* As much of it as is kept, cut between characters; zero octets end it. */
static struct span group_name_cut(struct span name)
{
    struct span rest = name;
    while (rest.len > 0 && name.len - rest.len < GROUP_NAME_MAX - 4 && rest.at[0] != 0) {
        size_t len = text_utf8_len(rest);
        rest = span_drop(rest, len > 0 ? len : 1);
    }
    return span_take(name, name.len - rest.len);
}

static void keep_group_name(struct groups *g, uint32_t i, struct span name)
{
    g->name_at = memory_grow_long_list(g->name_at, i, &g->name_capacity, sizeof(*g->name_at));
    g->name_at[i] = g->names.len;
    struct span cut = group_name_cut(name);
    buf_put(&g->names, cut);
    buf_put_text(&g->names, cut.len < name.len ? "…" : "");
    buf_put_char(&g->names, '\0');
}

uint32_t groups_number(struct groups *g, struct span name)
{
    bool added = false;
    uint32_t i = key_table_add(&g->keys, hash_key_of(name), &added);
    if (added) {
        g->counters =
            memory_grow_long_list(g->counters, i, &g->capacity, g->width * sizeof(*g->counters));
        memset(g->counters + (size_t)i * g->width, 0, g->width * sizeof(*g->counters));
        if (g->named) {
            keep_group_name(g, i, name);
        }
    }
    return i;
}

uint32_t *groups_of(struct groups *g, struct span name)
{
    uint32_t i = groups_number(g, name);
    return g->counters + (size_t)i * g->width;
}

const uint32_t *groups_find(const struct groups *g, struct span name)
{
    uint32_t i = key_table_find(&g->keys, hash_key_of(name));
    return i == KEY_TABLE_NONE ? NULL : groups_at(g, i);
}

const char *groups_name(const struct groups *g, uint32_t i)
{
    return (const char *)g->names.at + g->name_at[i];
}

struct group_order {
    const struct groups *groups;
    uint32_t from; /* these columns, in turn; none: by name alone */
    uint32_t to;
};

static int compare_groups(const void *a, const void *b, void *arg)
{
    const struct group_order *o = arg;
    uint32_t i = *(const uint32_t *)a;
    uint32_t j = *(const uint32_t *)b;
    for (uint32_t column = o->from; column < o->to; column++) {
        uint32_t x = groups_at(o->groups, i)[column];
        uint32_t y = groups_at(o->groups, j)[column];
        if (x != y) {
            return x < y ? 1 : -1;
        }
    }
    return o->groups->named ? strcmp(groups_name(o->groups, i), groups_name(o->groups, j))
                            : (i > j) - (i < j);
}

static uint32_t *groups_sorted(const struct groups *g, uint32_t from, uint32_t to)
{
    uint32_t *order = memory_new(groups_count(g), sizeof(*order));
    for (uint32_t i = 0; i < groups_count(g); i++) {
        order[i] = i;
    }
    struct group_order by = {.groups = g, .from = from, .to = to};
    qsort_r(order, groups_count(g), sizeof(*order), compare_groups, &by);
    return order;
}

uint32_t *groups_order(const struct groups *g, uint32_t column)
{
    return groups_sorted(g, column, column + 1);
}

uint32_t *groups_order_by_effect(const struct groups *g)
{
    return groups_sorted(g, 1, g->width);
}

uint32_t *groups_by_name(const struct groups *g)
{
    return groups_sorted(g, 0, 0);
}
