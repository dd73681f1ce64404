#include "scanner/pipeline/held_rows.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"

#define NONE UINT32_MAX

struct held_entry {
    uint32_t next; /* of the same key, or of the free list */
    uint32_t last; /* of the same key; of the first one only */
    uint32_t segment;
    uint32_t offset;
    uint32_t len;
    uint32_t count;
    uint8_t table;
    uint8_t format;
};

struct held_segment {
    struct buf octets; /* empty: in the file */
    uint64_t place;    /* there */
    uint32_t live;     /* entries */
    bool in_file;
    uint32_t next_free;
};

void held_rows_init(struct held_rows *h)
{
    *h = (struct held_rows){.first_free = NONE,
                            .free_segment = NONE,
                            .open_segment = NONE,
                            .file = -1,
                            .back = BUF_INIT(BUF_NO_LIMIT)};
}

void held_rows_deinit(struct held_rows *h)
{
    for (uint32_t i = 0; i < h->segment_count; i++) {
        buf_deinit(&h->segments[i].octets);
    }
    if (h->file >= 0) {
        (void)close(h->file);
    }
    map_deinit(&h->index);
    free(h->entries);
    free(h->segments);
    free(h->free_places);
    buf_deinit(&h->back);
}

/* --- segments ------------------------------------------------------------------------------- */

static uint64_t take_place(struct held_rows *h)
{
    return h->free_place_count > 0 ? h->free_places[--h->free_place_count] : h->places++;
}

static void give_place_back(struct held_rows *h, uint64_t place)
{
    h->free_places = memory_grow_list(h->free_places, h->free_place_count, sizeof(*h->free_places));
    h->free_places[h->free_place_count++] = place;
}

static void move_to_file(struct held_rows *h, struct held_segment *s)
{
    const char *folder = NULL;
    h->file = h->file >= 0 ? h->file : unlinked_file_open_on_disk(&folder);
    if (h->file < 0) {
        return;
    }
    s->place = take_place(h);
    s->in_file = file_write_at(h->file, s->place * HELD_SEGMENT_LEN, buf_span(&s->octets));
    if (s->in_file) {
        buf_deinit(&s->octets);
        s->octets = BUF_INIT(BUF_NO_LIMIT);
        h->in_memory--;
    } else {
        give_place_back(h, s->place);
    }
}

static void segment_free(struct held_rows *h, uint32_t index)
{
    struct held_segment *s = &h->segments[index];
    if (s->in_file) {
        give_place_back(h, s->place);
    } else {
        buf_deinit(&s->octets);
        h->in_memory--;
    }
    *s = (struct held_segment){.octets = BUF_INIT(BUF_NO_LIMIT), .next_free = h->free_segment};
    h->free_segment = index;
}

static void segment_open(struct held_rows *h)
{
    uint32_t index = h->free_segment;
    if (index != NONE) {
        h->free_segment = h->segments[index].next_free;
    } else {
        h->segments = memory_grow_list(h->segments, h->segment_count, sizeof(*h->segments));
        index = h->segment_count++;
    }
    h->segments[index] = (struct held_segment){.octets = BUF_INIT(BUF_NO_LIMIT)};
    h->open_segment = index;
}

static void segment_close(struct held_rows *h)
{
    uint32_t index = h->open_segment;
    h->open_segment = NONE;
    h->in_memory++;
    if (h->segments[index].live == 0) {
        segment_free(h, index);
    } else if (h->in_memory > HELD_MEMORY_MAX &&
               h->segments[index].octets.len <= HELD_SEGMENT_LEN) {
        move_to_file(h, &h->segments[index]);
    }
}

/* A row that is longer than a segment has one for itself, in memory. */
static void put_octets(struct held_rows *h, struct span octets, struct held_entry *e)
{
    if (h->open_segment != NONE &&
        h->segments[h->open_segment].octets.len + octets.len > HELD_SEGMENT_LEN) {
        segment_close(h);
    }
    if (h->open_segment == NONE) {
        segment_open(h);
    }
    struct held_segment *s = &h->segments[h->open_segment];
    e->segment = h->open_segment;
    e->offset = (uint32_t)s->octets.len;
    e->len = (uint32_t)octets.len;
    buf_put(&s->octets, octets);
    s->live++;
}

/* --- entries -------------------------------------------------------------------------------- */

static uint32_t held_entry_new(struct held_rows *h)
{
    uint32_t index = h->first_free;
    if (index != NONE) {
        h->first_free = h->entries[index].next;
        return index;
    }
    h->entries = memory_grow_list(h->entries, h->count, sizeof(*h->entries));
    return h->count++;
}

void held_rows_add(struct held_rows *h, const struct message_rows_held *m)
{
    struct held_entry e = {.next = NONE, .count = m->count, .table = m->table, .format = m->format};
    put_octets(h, m->octets, &e);
    uint32_t index = held_entry_new(h);
    bool added = false;
    uint32_t first = (uint32_t)*map_add(&h->index, hash_key_of_u64(m->key), index, &added);
    h->entries[index] = e;
    if (!added) {
        h->entries[h->entries[first].last].next = index;
    }
    h->entries[first].last = index;
}

static bool held_entry_octets(struct held_rows *h, const struct held_entry *e, struct span *octets)
{
    const struct held_segment *s = &h->segments[e->segment];
    if (!s->in_file) {
        *octets = span_take(span_drop(buf_span(&s->octets), e->offset), e->len);
        return true;
    }
    buf_reset(&h->back);
    uint8_t *room = buf_room(&h->back, e->len);
    bool ok = file_read_at(h->file, s->place * HELD_SEGMENT_LEN + e->offset, room, e->len);
    *octets = (struct span){room, e->len};
    return ok;
}

bool held_rows_release(struct held_rows *h, uint64_t key,
                       void (*take)(void *arg, const struct message_rows *rows), void *arg)
{
    const uint64_t *at = map_find(&h->index, hash_key_of_u64(key));
    uint32_t index = at != NULL ? (uint32_t)*at : NONE;
    bool ok = true;
    (void)map_remove(&h->index, hash_key_of_u64(key));
    while (index != NONE) {
        struct held_entry *e = &h->entries[index];
        struct message_rows rows = {.table = e->table, .format = e->format, .count = e->count};
        bool read = held_entry_octets(h, e, &rows.octets);
        if (read) {
            take(arg, &rows);
        }
        ok = ok && read;
        uint32_t segment = e->segment;
        if (--h->segments[segment].live == 0 && segment != h->open_segment) {
            segment_free(h, segment);
        }
        uint32_t next = e->next;
        e->next = h->first_free;
        h->first_free = index;
        index = next;
    }
    return ok;
}
