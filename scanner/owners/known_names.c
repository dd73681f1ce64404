/**
 * Names that have their rows, of a scan that goes on, by service: they count when others are chosen, and have their
 * turns among them (known_turns.c).
 */
#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/owners/service_work.h"

/** Of one service. */
struct known_names {
    struct known_name *list; /* malloc */
    uint32_t count;
    uint32_t counted; /* of these, in its budget; they are sorted then */
    uint32_t passed;  /* of these, which had their turn */
    bool sorted;
    bool has_groups;
};

static struct known_names *find_names(const struct service_owner *o, uint32_t service)
{
    const uint64_t *at =
        o->known_names_count > 0 ? map_find(&o->known_names_index, hash_key_of_u64(service)) : NULL;
    return at != NULL ? &o->known_names[*at] : NULL;
}

void known_names_add(struct service_owner *o, uint32_t service, const struct known_name *name)
{
    bool added = false;
    uint64_t at =
        *map_add(&o->known_names_index, hash_key_of_u64(service), o->known_names_count, &added);
    if (added) {
        o->known_names =
            memory_grow_list(o->known_names, o->known_names_count, sizeof(*o->known_names));
        o->known_names[o->known_names_count++] = (struct known_names){0};
    }
    struct known_names *names = &o->known_names[at];
    names->has_groups |= name->group != GROUP_NONE;
    names->list = memory_grow_list(names->list, names->count, sizeof(*names->list));
    names->list[names->count++] = *name;
}

static int by_block_then_draw(const void *a, const void *b)
{
    const struct known_name *x = a;
    const struct known_name *y = b;
    if (x->block != y->block) {
        return x->block < y->block ? -1 : 1;
    }
    return (x->draw > y->draw) - (x->draw < y->draw);
}

static void sort_names(struct known_names *names)
{
    if (!names->sorted) {
        qsort(names->list, names->count, sizeof(*names->list), by_block_then_draw);
        names->sorted = true;
    }
}

bool known_names_have_groups(const struct service_owner *o, uint32_t service)
{
    const struct known_names *names = find_names(o, service);
    return names != NULL && names->has_groups;
}

/* --- the choice of a block ------------------------------------------------------------------ */

uint32_t known_names_before(struct service_owner *o, uint32_t service, uint32_t block)
{
    struct known_names *names = find_names(o, service);
    uint32_t passed = 0;
    if (names == NULL) {
        return 0;
    }
    sort_names(names);
    while (names->counted < names->count && names->list[names->counted].block < block) {
        names->counted++;
        passed++;
    }
    return passed;
}

uint32_t known_names_below(const struct service_owner *o, uint32_t service, uint32_t block,
                           uint64_t draw)
{
    const struct known_names *names = find_names(o, service);
    uint32_t below = 0;
    for (uint32_t i = names != NULL ? names->counted : 0; names != NULL && i < names->count; i++) {
        if (names->list[i].block != block || names->list[i].draw >= draw) {
            break;
        }
        below++;
    }
    return below;
}

/* --- turns ---------------------------------------------------------------------------------- */

const struct known_name *known_names_next(struct service_owner *o, uint32_t service)
{
    struct known_names *names = find_names(o, service);
    if (names == NULL || names->passed == names->count) {
        return NULL;
    }
    sort_names(names);
    return &names->list[names->passed];
}

bool known_names_pass(struct service_owner *o, uint32_t service)
{
    struct known_names *names = find_names(o, service);
    CHECK(names != NULL && names->passed < names->count);
    names->passed++;
    if (names->passed <= names->counted) {
        return false;
    }
    names->counted = names->passed;
    return true;
}

void known_names_deinit(struct service_owner *o)
{
    for (uint32_t i = 0; i < o->known_names_count; i++) {
        free(o->known_names[i].list);
    }
    free(o->known_names);
    map_deinit(&o->known_names_index);
}
