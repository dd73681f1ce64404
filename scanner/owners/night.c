#include "scanner/owners/night.h"

#include <string.h>

#include "scanner/base/memory.h"

#define OPERATOR_MIN   2 /* addresses of it that turn us away: a single one may be a customer's own */
#define SECONDS_OF_DAY 86400

/* --- counting ------------------------------------------------------------------------------- */

/** Of most services it is all that is kept: they answer. */
struct night_place {
    uint32_t service;  /* in night.services; NIGHT_NO_INDEX: not there */
    uint32_t answered; /* sessions, until it is */
};

struct night *night_new(const struct remembered *remembered)
{
    struct night *n = memory_new(1, sizeof(*n));
    n->remembered = remembered;
    return n;
}

void night_free(struct night *n)
{
    if (n == NULL) {
        return;
    }
    for (uint32_t i = 0; i < n->operator_count; i++) {
        free((void *)(uintptr_t)n->operators[i].name.at);
    }
    free(n->operators);
    free(n->services);
    free(n->places);
    map_deinit(&n->operator_index);
    free(n);
}

static struct night_service *service_at(struct night *n, struct night_place *place,
                                        const struct net_addr *address)
{
    if (place->service == NIGHT_NO_INDEX) {
        n->services = memory_grow_list(n->services, n->service_count, sizeof(*n->services));
        place->service = n->service_count++;
        n->services[place->service] = (struct night_service){
            .address = *address,
            .operator_index = NIGHT_NO_INDEX,
            .counts = {{[RECEPTION_ANSWERED] = place->answered}},
        };
    }
    return &n->services[place->service];
}

void night_add_service(struct night *n, const struct net_addr *address)
{
    n->places = memory_grow_list(n->places, n->place_count, sizeof(*n->places));
    struct night_place *place = &n->places[n->place_count++];
    *place = (struct night_place){.service = NIGHT_NO_INDEX};
    if (remembered_address(n->remembered, address) != NULL) {
        (void)service_at(n, place, address);
    }
}

static uint32_t operator_at(struct night *n, struct span name)
{
    bool added = false;
    uint64_t *at = map_add(&n->operator_index, hash_key_of(name), n->operator_count, &added);
    if (added) {
        uint8_t *copy = memory_new(name.len, 1);
        memcpy(copy, name.at, name.len);
        n->operators = memory_grow_list(n->operators, n->operator_count, sizeof(*n->operators));
        n->operators[n->operator_count++] = (struct night_operator){.name = {copy, name.len}};
    }
    return (uint32_t)*at;
}

void night_note(struct night *n, uint32_t service, const struct net_addr *address,
                struct span operator_name, const struct seen_session *seen)
{
    struct night_place *place = &n->places[service];
    enum reception r = reception_of(seen);
    bool answered = r == RECEPTION_ANSWERED;
    if (r == RECEPTION_UNKNOWN) {
        return;
    }
    if (answered && remembered_operator(n->remembered, operator_name) != NULL) {
        uint32_t known = operator_at(n, operator_name);
        n->operators[known].answered = true;
    }
    if (answered && place->service == NIGHT_NO_INDEX) {
        place->answered++;
        return;
    }
    struct night_service *s = service_at(n, place, address);
    s->counts.of[r]++;
    if (!answered) {
        s->operator_index = operator_at(n, operator_name);
    }
}

/* --- learning ------------------------------------------------------------------------------- */

/** What it says of one key. */
struct lesson {
    struct remembered_entry key; /* kind, address or name, and why */
    enum night_verdict verdict;
    struct span operator_name; /* of an address that turned us away */
    uint32_t addresses;        /* of an operator: those that did */
    bool answered;             /* of an operator */
};

struct lessons {
    struct lesson *list;
    size_t count;
    struct map index;
};

static struct lesson *lesson_of(struct lessons *l, const struct remembered_entry *key)
{
    bool added = false;
    uint64_t *at = map_add(&l->index, remembered_key(key), l->count, &added);
    if (added) {
        l->list = memory_grow_list(l->list, l->count, sizeof(*l->list));
        l->list[l->count++] = (struct lesson){.key = *key};
    }
    return &l->list[*at];
}

/* One port that turns us away speaks for the address, as all share its limits. */
static void hear_of_services(struct lessons *l, const struct night *n)
{
    for (uint32_t i = 0; i < n->service_count; i++) {
        const struct night_service *s = &n->services[i];
        enum reception why = RECEPTION_UNKNOWN;
        enum night_verdict verdict = receptions_judge(&s->counts, &why);
        struct lesson *lesson = lesson_of(
            l, &(struct remembered_entry){.kind = REMEMBERED_ADDRESS, .address = s->address});
        if (verdict > lesson->verdict) {
            lesson->verdict = verdict;
            lesson->key.why = (uint8_t)why;
            lesson->operator_name = verdict == NIGHT_TURNED_AWAY
                                        ? n->operators[s->operator_index].name
                                        : (struct span){0};
        }
    }
}

static void hear_of_operators(struct lessons *l, const struct night *n)
{
    for (uint32_t i = 0; i < n->operator_count; i++) {
        if (remembered_can_name(n->operators[i].name)) { /* else no line can hold it */
            struct lesson *lesson =
                lesson_of(l, &(struct remembered_entry){.kind = REMEMBERED_OPERATOR,
                                                        .name = n->operators[i].name});
            lesson->answered |= n->operators[i].answered;
        }
    }
}

static void count_addresses_of_operators(struct lessons *l)
{
    for (size_t i = 0; i < l->count; i++) {
        struct span name = l->list[i].operator_name;
        if (remembered_can_name(name)) {
            lesson_of(l, &(struct remembered_entry){.kind = REMEMBERED_OPERATOR, .name = name})
                ->addresses++;
        }
    }
}

static void judge_operators(struct lessons *l)
{
    for (size_t i = 0; i < l->count; i++) {
        struct lesson *lesson = &l->list[i];
        if (lesson->key.kind != REMEMBERED_OPERATOR) {
            continue;
        }
        if (lesson->addresses >= OPERATOR_MIN) {
            lesson->verdict = NIGHT_TURNED_AWAY;
        } else if (lesson->addresses == 0 && lesson->answered) {
            lesson->verdict = NIGHT_CLEAN;
        }
    }
}

/* The same scan, gone on with, was here before: `e` says what it found then. */
static void turn_away_again(struct remembered_entry *e, int64_t began_s)
{
    bool same_night = e->met_s == began_s;
    bool counted = same_night && e->turned_away_s == began_s;
    uint8_t more = counted ? 0 : same_night ? HALVINGS_TURNED_AWAY + 1 : HALVINGS_TURNED_AWAY;
    e->halvings = e->halvings + more < HALVINGS_MAX ? (uint8_t)(e->halvings + more) : HALVINGS_MAX;
    e->nights = (uint16_t)(e->nights + (!counted && e->nights < UINT16_MAX));
}

static void learn_turned_away(struct remembered *r, const struct lesson *lesson, int64_t began_s,
                              struct remembered_news *news)
{
    bool added = false;
    struct remembered_entry *e = remembered_add(r, &lesson->key, &added);
    if (added) {
        e->halvings = HALVINGS_TURNED_AWAY;
        e->nights = 1;
        news->added++;
    } else {
        turn_away_again(e, began_s);
    }
    e->why = lesson->key.why;
    e->turned_away_s = began_s;
    e->met_s = began_s;
    news->turned_away[e->kind]++;
}

static void learn_clean(struct remembered *r, const struct lesson *lesson, int64_t began_s)
{
    struct remembered_entry *e = remembered_find(r, &lesson->key);
    if (e != NULL && e->met_s != began_s) {
        e->halvings--;
        e->nights = 0;
        e->met_s = began_s;
    }
}

/* Who is met as anybody again, and who was not met for long. */
static void forget_entries(struct remembered *r, int64_t began_s, struct remembered_news *news)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->count; i++) {
        const struct remembered_entry *e = &r->entries[i];
        bool aged = e->met_s < began_s - (int64_t)REMEMBERED_DAYS * SECONDS_OF_DAY;
        if (e->halvings == 0) {
            news->left++;
        } else if (aged) {
            news->aged++;
        } else {
            r->entries[kept++] = *e;
        }
    }
    r->count = kept;
}

void night_learn(const struct remembered *before, const struct night *const nights[],
                 size_t night_count, int64_t began_s, struct remembered *after,
                 struct remembered_news *news)
{
    struct lessons l = {0};
    *news = (struct remembered_news){0};
    *after = (struct remembered){0};
    for (size_t i = 0; i < before->count; i++) {
        bool added = false;
        (void)remembered_add(after, &before->entries[i], &added);
    }
    for (size_t i = 0; i < night_count; i++) {
        hear_of_services(&l, nights[i]);
        hear_of_operators(&l, nights[i]);
    }
    count_addresses_of_operators(&l);
    judge_operators(&l);
    for (size_t i = 0; i < l.count; i++) {
        if (l.list[i].verdict == NIGHT_TURNED_AWAY) {
            learn_turned_away(after, &l.list[i], began_s, news);
        } else if (l.list[i].verdict == NIGHT_CLEAN) {
            learn_clean(after, &l.list[i], began_s);
        }
    }
    forget_entries(after, began_s, news);
    news->dropped = remembered_settle(after);
    free(l.list);
    map_deinit(&l.index);
}
