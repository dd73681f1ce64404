#include "scanner/base/spool.h"

#include <string.h>
#include <unistd.h>

#include "scanner/base/codec.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"

#define HEAD_LEN  4 /* how long the piece is */
#define SIZE_MASK (((uint64_t)1 << SPOOL_PIECE_BITS) - 1)

void spool_init(struct spool *s, struct spool_budget *budget)
{
    *s = (struct spool){.budget = budget, .file = -1};
}

void spool_deinit(struct spool *s)
{
    for (size_t i = 0; i <= SPOOL_PIECE_MAX; i++) {
        free(s->free[i].place);
    }
    if (s->file >= 0) {
        (void)close(s->file);
    }
}

/* A place is an offset, which is a multiple of the smallest piece, and the size in its low bits. */
static uint64_t len_of(unsigned size)
{
    return (uint64_t)1 << (SPOOL_PIECE_BITS + size);
}

static bool spool_has_file(struct spool *s)
{
    const char *folder = NULL;
    if (s->file < 0) {
        s->file = unlinked_file_open_on_disk(&folder);
    }
    return s->file >= 0;
}

static uint64_t place_at_end(struct spool *s, unsigned size)
{
    uint64_t len = len_of(size);
    if (atomic_fetch_add(&s->budget->used, len) + len > s->budget->octets) {
        (void)atomic_fetch_sub(&s->budget->used, len);
        return SPOOL_NOWHERE;
    }
    s->len += len;
    return (s->len - len) | size;
}

static uint64_t spool_find_place(struct spool *s, unsigned size)
{
    struct spool_places *free_ones = &s->free[size];
    return free_ones->count > 0 ? free_ones->place[--free_ones->count] : place_at_end(s, size);
}

static void spool_free_place(struct spool *s, uint64_t place)
{
    struct spool_places *free_ones = &s->free[place & SIZE_MASK];
    free_ones->place =
        memory_grow_list(free_ones->place, free_ones->count, sizeof(*free_ones->place));
    free_ones->place[free_ones->count++] = place;
}

static bool spool_write(const struct spool *s, uint64_t place, struct span octets)
{
    struct buf piece = BUF_INIT(BUF_NO_LIMIT);
    codec_put_span(&piece, octets);
    ssize_t n = pwrite(s->file, piece.at, piece.len, (off_t)(place & ~SIZE_MASK));
    bool whole = n == (ssize_t)piece.len;
    buf_deinit(&piece);
    return whole;
}

uint64_t spool_put(struct spool *s, struct span octets)
{
    unsigned size = 0;
    if (!spool_may_have_room(s)) {
        return SPOOL_NOWHERE;
    }
    while (size <= SPOOL_PIECE_MAX && len_of(size) < octets.len + HEAD_LEN) {
        size++;
    }
    uint64_t place = SPOOL_NOWHERE;
    if (size <= SPOOL_PIECE_MAX && spool_has_file(s)) {
        place = spool_find_place(s, size);
    }
    if (place != SPOOL_NOWHERE && !spool_write(s, place, octets)) {
        spool_free_place(s, place);
        place = SPOOL_NOWHERE;
    }
    if (place == SPOOL_NOWHERE) {
        atomic_store_explicit(&s->budget->full, true, memory_order_relaxed);
    }
    return place;
}

void spool_take(struct spool *s, uint64_t place, struct buf *out)
{
    uint64_t room = len_of((unsigned)(place & SIZE_MASK));
    struct buf piece = BUF_INIT(BUF_NO_LIMIT);
    uint8_t *at = buf_room(&piece, room);
    CHECK(at != NULL);
    ssize_t n = pread(s->file, at, room, (off_t)(place & ~SIZE_MASK));
    CHECK(n >= HEAD_LEN);             /* the disk lost what it had: no row of it can be right */
    struct span in = {at, (size_t)n}; /* the last piece of a file may end before its room does */
    buf_put(out, codec_get_span(&in));
    buf_deinit(&piece);
    spool_free_place(s, place);
    atomic_store_explicit(&s->budget->full, false, memory_order_relaxed);
}
