#include "scanner/owners/remembered.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/memory.h"
#include "scanner/base/text.h"

#define TITLE       "mxcensus-memory "
#define FIELD_COUNT 7
#define NAME_MAX    253 /* octets: RFC 1035 section 2.3.4 */

const struct vocabulary remembered_kind_vocabulary = VOCABULARY_WORDS(REMEMBERED_KINDS);

/* --- limits --------------------------------------------------------------------------------- */

uint64_t pace_interval_ms(double rate, uint8_t halvings)
{
    if (halvings > 0) {
        double whole = rate > 0 ? rate : PACE_OF_NO_LIMIT;
        double floor = whole < PACE_FLOOR ? whole : PACE_FLOOR;
        double slower = whole / (double)(1U << halvings);
        rate = slower > floor ? slower : floor;
    }
    if (rate <= 0) {
        return 0;
    }
    uint64_t ms = (uint64_t)(1000.0 / rate);
    return (double)ms * rate < 1000.0 ? ms + 1 : ms; /* rounded up */
}

uint32_t pace_address_limit(uint32_t limit, uint8_t halvings)
{
    return halvings > 0 ? 1 : limit;
}

uint32_t pace_operator_limit(uint32_t limit, uint8_t halvings)
{
    uint32_t slower = limit >> halvings;
    return slower > 0 ? slower : 1;
}

/* --- entries -------------------------------------------------------------------------------- */

static struct hash_key key_of_address(const struct net_addr *a)
{
    return hash_key_of((struct span){(const uint8_t *)a, sizeof(*a)});
}

/* No name that can be written is as an address is in memory. */
struct hash_key remembered_key(const struct remembered_entry *e)
{
    return e->kind == REMEMBERED_ADDRESS ? key_of_address(&e->address) : hash_key_of(e->name);
}

static const struct remembered_entry *entry_of(const struct remembered *r, struct hash_key key)
{
    const uint64_t *at = map_find(&r->index, key);
    return at != NULL ? &r->entries[*at] : NULL;
}

const struct remembered_entry *remembered_address(const struct remembered *r,
                                                  const struct net_addr *address)
{
    return r != NULL && r->count > 0 ? entry_of(r, key_of_address(address)) : NULL;
}

const struct remembered_entry *remembered_operator(const struct remembered *r, struct span name)
{
    return r != NULL && r->count > 0 ? entry_of(r, hash_key_of(name)) : NULL;
}

size_t remembered_count(const struct remembered *r, enum remembered_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) {
        count += r->entries[i].kind == kind;
    }
    return count;
}

void remembered_deinit(struct remembered *r)
{
    free(r->entries);
    map_deinit(&r->index);
    *r = (struct remembered){0};
}

struct remembered_entry *remembered_add(struct remembered *r, const struct remembered_entry *e,
                                        bool *added)
{
    uint64_t *at = map_add(&r->index, remembered_key(e), r->count, added);
    if (*added) {
        r->entries = memory_grow_list(r->entries, r->count, sizeof(*r->entries));
        r->entries[r->count++] = *e;
    }
    return &r->entries[*at];
}

struct remembered_entry *remembered_find(const struct remembered *r,
                                         const struct remembered_entry *key)
{
    const uint64_t *at = map_find(&r->index, remembered_key(key));
    return at != NULL ? &r->entries[*at] : NULL;
}

static int remembered_compare_keys(const void *one, const void *other)
{
    const struct remembered_entry *a = one;
    const struct remembered_entry *b = other;
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return a->kind == REMEMBERED_ADDRESS ? net_addr_cmp(&a->address, &b->address)
                                         : span_cmp(a->name, b->name);
}

static int remembered_compare_met(const void *one, const void *other)
{
    const struct remembered_entry *a = one;
    const struct remembered_entry *b = other;
    return a->met_s != b->met_s ? (a->met_s > b->met_s ? -1 : 1)
                                : remembered_compare_keys(one, other);
}

size_t remembered_settle(struct remembered *r)
{
    size_t dropped = r->count > REMEMBERED_MAX ? r->count - REMEMBERED_MAX : 0;
    if (dropped > 0) {
        qsort(r->entries, r->count, sizeof(*r->entries), remembered_compare_met);
        r->count = REMEMBERED_MAX;
    }
    if (r->count > 0) {
        qsort(r->entries, r->count, sizeof(*r->entries), remembered_compare_keys);
    }
    map_deinit(&r->index);
    r->index = (struct map){0};
    for (size_t i = 0; i < r->count; i++) {
        bool added = false;
        (void)map_add(&r->index, remembered_key(&r->entries[i]), i, &added);
    }
    return dropped;
}

/* --- text ----------------------------------------------------------------------------------- */

bool remembered_can_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] <= ' ' || name.at[i] > '~') {
            return false;
        }
    }
    return name.len > 0 && name.len <= NAME_MAX;
}

static bool read_key(struct span text, struct remembered_entry *e)
{
    if (e->kind == REMEMBERED_ADDRESS) {
        return net_addr_parse(text, &e->address);
    }
    e->name = text;
    return remembered_can_name(text);
}

static bool read_halvings(struct span text, uint8_t *halvings)
{
    uint64_t slower = 0;
    if (!text_to_u64(text, &slower)) {
        return false;
    }
    for (*halvings = 1; *halvings <= HALVINGS_MAX; (*halvings)++) {
        if (slower == UINT64_C(1) << *halvings) {
            return true;
        }
    }
    return false;
}

static bool read_nights(struct span text, uint16_t *nights)
{
    uint64_t n = 0;
    bool ok = text_to_u64(text, &n) && n <= UINT16_MAX;
    *nights = (uint16_t)n;
    return ok;
}

static bool read_time_s(struct span text, int64_t *unix_s)
{
    int64_t ms = 0;
    bool ok = text_to_time_ms(text, &ms) && ms % 1000 == 0;
    *unix_s = ms / 1000;
    return ok;
}

static bool read_why(struct span text, struct remembered_entry *e)
{
    unsigned why = RECEPTION_UNKNOWN;
    if (e->kind == REMEMBERED_OPERATOR) {
        return span_eq(text, SPAN_LIT("-"));
    }
    bool ok = text.len > 0 && vocabulary_find(&reception_vocabulary, text, &why);
    e->why = (uint8_t)why;
    return ok;
}

/* @return NULL: fine; else what is wrong */
static const char *read_remembered(struct span line, struct remembered_entry *e)
{
    struct span field[FIELD_COUNT] = {{0}};
    unsigned kind = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        field[i] = text_take_until(&line, ' ');
    }
    if (line.len > 0 || !vocabulary_find(&remembered_kind_vocabulary, field[0], &kind)) {
        return "must be: address|operator KEY SLOWER NIGHTS TURNED_AWAY MET WHY";
    }
    *e = (struct remembered_entry){.kind = (uint8_t)kind};
    if (!read_key(field[1], e)) {
        return kind == REMEMBERED_ADDRESS ? "not an address" : "not a domain";
    }
    if (!read_halvings(field[2], &e->halvings) || !read_nights(field[3], &e->nights)) {
        return "SLOWER must be 2, 4, 8, 16, 32, 64 or 128, and NIGHTS a number up to 65535";
    }
    if (!read_time_s(field[4], &e->turned_away_s) || !read_time_s(field[5], &e->met_s)) {
        return "TURNED_AWAY and MET must be times such as 2026-11-29T22:00:00Z";
    }
    return read_why(field[6], e) ? NULL : "WHY is not one of the words of this version";
}

/* @return NULL: fine; else what is wrong */
static const char *read_title(struct span line)
{
    struct span title = SPAN_LIT(TITLE);
    uint64_t form = 0;
    if (!span_eq(span_take(line, title.len), title) ||
        !text_to_u64(span_drop(line, title.len), &form)) {
        return "not a file of --memory: its first line must be '" TITLE "1'";
    }
    return form == REMEMBERED_FORM ? NULL : "a file of --memory in the form of another version";
}

static bool remembered_refuse(struct remembered *r, const char *path, unsigned line,
                              const char *fault, struct buf *why)
{
    buf_putf(why, "%s: line %u: %s", path, line, fault);
    remembered_deinit(r);
    return false;
}

bool remembered_parse(struct remembered *r, struct span text, const char *path, size_t *dropped,
                      struct buf *why)
{
    *r = (struct remembered){0};
    *dropped = 0;
    unsigned number = 1;
    const char *fault = text.len > 0 ? read_title(text_take_until(&text, '\n')) : NULL;
    for (; fault == NULL && text.len > 0;) {
        bool whole = memchr(text.at, '\n', text.len) != NULL;
        struct span line = text_take_until(&text, '\n');
        struct remembered_entry e;
        bool added = false;
        number++;
        if (whole && (line.len == 0 || line.at[0] == '#')) {
            continue;
        }
        fault = whole ? read_remembered(line, &e) : "cut off: it has no end";
        if (fault == NULL) {
            (void)remembered_add(r, &e, &added);
            fault = added ? NULL : "a second line for the same key";
        }
    }
    if (fault != NULL) {
        return remembered_refuse(r, path, number, fault, why);
    }
    *dropped = remembered_settle(r);
    return true;
}

static void remembered_put_entry(const struct remembered_entry *e, struct buf *text)
{
    char address[NET_ADDR_TEXT_MAX];
    buf_putf(text, "%s ", remembered_kind_word((enum remembered_kind)e->kind));
    if (e->kind == REMEMBERED_ADDRESS) {
        buf_put(text,
                (struct span){(const uint8_t *)address, net_addr_format(&e->address, address)});
    } else {
        buf_put(text, e->name);
    }
    buf_putf(text, " %u %u ", 1U << e->halvings, e->nights);
    text_put_time_s(text, e->turned_away_s);
    buf_put_char(text, ' ');
    text_put_time_s(text, e->met_s);
    buf_putf(text, " %s\n",
             e->kind == REMEMBERED_ADDRESS ? reception_word((enum reception)e->why) : "-");
}

void remembered_put_text(const struct remembered *r, struct buf *text)
{
    buf_putf(text, TITLE "%d\n", REMEMBERED_FORM);
    buf_put_text(text, "# what key slower nights turned_away met why\n");
    for (size_t i = 0; i < r->count; i++) {
        remembered_put_entry(&r->entries[i], text);
    }
}
