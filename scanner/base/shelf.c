#include "scanner/base/shelf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scanner/base/check.h"
#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"

#define LEN_LEN     4   /* octets in front of each */
#define FIRST_READ  512 /* octets: nearly always all */
#define OFFSET_BITS 32  /* of a place: in its piece */

void shelf_init(struct shelf *s)
{
    *s = (struct shelf){.file = -1, .got = BUF_INIT(BUF_NO_LIMIT)};
}

void shelf_deinit(struct shelf *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        buf_deinit(&s->pieces[i].octets);
    }
    if (s->file >= 0) {
        (void)close(s->file);
    }
    free(s->pieces);
    buf_deinit(&s->got);
}

static uint64_t offset_of(uint32_t piece)
{
    return (uint64_t)piece * SHELF_PIECE_LEN;
}

/* What is longer than a piece should be stays in memory. */
static void piece_close(struct shelf *s)
{
    struct shelf_piece *p = &s->pieces[s->count - 1];
    const char *folder = NULL;
    if (s->failed || p->octets.len > SHELF_PIECE_LEN) {
        buf_trim(&p->octets);
        return;
    }
    s->file = s->file >= 0 ? s->file : unlinked_file_open_on_disk(&folder);
    s->failed =
        s->file < 0 || !file_write_at(s->file, offset_of(s->count - 1), buf_span(&p->octets));
    if (!s->failed) {
        p->len = (uint32_t)p->octets.len;
        buf_deinit(&p->octets);
    }
}

static struct shelf_piece *piece_for(struct shelf *s, size_t len)
{
    if (s->count > 0 && s->pieces[s->count - 1].octets.len + len <= SHELF_PIECE_LEN) {
        return &s->pieces[s->count - 1];
    }
    if (s->count > 0) {
        piece_close(s);
    }
    s->pieces = memory_grow_long_list(s->pieces, s->count, &s->capacity, sizeof(*s->pieces));
    s->pieces[s->count] = (struct shelf_piece){.octets = BUF_INIT(BUF_NO_LIMIT)};
    return &s->pieces[s->count++];
}

uint64_t shelf_put(struct shelf *s, struct span octets)
{
    CHECK(octets.len <= UINT32_MAX - LEN_LEN);
    uint32_t len = (uint32_t)octets.len;
    struct buf *to = &piece_for(s, LEN_LEN + octets.len)->octets;
    uint64_t place = (uint64_t)(s->count - 1) << OFFSET_BITS | to->len;
    buf_put(to, (struct span){(const uint8_t *)&len, LEN_LEN});
    buf_put(to, octets);
    return place;
}

static struct span of_record(struct span from)
{
    uint32_t len = 0;
    memcpy(&len, from.at, LEN_LEN);
    return span_take(span_drop(from, LEN_LEN), len);
}

/* So many octets from there on, in `got`. */
static struct span read_of_piece(struct shelf *s, uint32_t piece, uint32_t offset, size_t len)
{
    buf_reset(&s->got);
    uint8_t *to = buf_room(&s->got, len);
    /* The disk lost what it had: no row can be right any more. */
    CHECK(to != NULL && file_read_at(s->file, offset_of(piece) + offset, to, len));
    s->got.len = len;
    return buf_span(&s->got);
}

struct span shelf_get(struct shelf *s, uint64_t place)
{
    uint32_t piece = (uint32_t)(place >> OFFSET_BITS);
    uint32_t offset = (uint32_t)place;
    CHECK(piece < s->count);
    const struct shelf_piece *p = &s->pieces[piece];
    if (p->len == 0) {
        return of_record(span_drop(buf_span(&p->octets), offset));
    }
    size_t to_end = p->len - offset;
    struct span first = read_of_piece(s, piece, offset, to_end < FIRST_READ ? to_end : FIRST_READ);
    uint32_t len = 0;
    memcpy(&len, first.at, LEN_LEN);
    return of_record(LEN_LEN + (size_t)len <= first.len
                         ? first
                         : read_of_piece(s, piece, offset, LEN_LEN + (size_t)len));
}
