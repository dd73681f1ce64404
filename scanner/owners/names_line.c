/**
 * Names that wait at a service, as octets: those of open blocks, and those that are to be dialled, in the order of
 * their turns. Of very many only the next ones are in memory.
 */
#include "scanner/base/memory.h"
#include "scanner/flow/seen_codec.h"
#include "scanner/owners/service_work.h"

#define PIECE_NAMES 64 /* that come out of the spool together: about 4 KiB */

#define FIELDS_WANT(F)     \
    F(span, host)          \
    F(span, tlsa_base)     \
    F(u8, dane_host)       \
    F(u8, registrable_len) \
    F(u64, draw)           \
    F(u32, block)          \
    F(u32, group)          \
    F(flag, planned)       \
    F(count, tlsa_count)

/** Names in the order of the line: octets, in memory or in the spool. */
struct names_piece {
    uint64_t place; /* in the spool; SPOOL_NOWHERE: in `octets` */
    struct buf octets;
    uint32_t count;
};

static void want_put(struct buf *out, const struct want *want)
{
#define PUT(type, name) codec_put_##type(out, want->name);
    FIELDS_WANT(PUT)
#undef PUT
    for (size_t i = 0; i < want->tlsa_count; i++) {
        codec_put_tlsa(out, want->tlsas[i]);
    }
}

/* Borrows from the octets. */
static struct want want_get(struct span *in, struct arena *arena)
{
    struct want want = {0};
#define GET(type, name) want.name = codec_get_##type(in);
    FIELDS_WANT(GET)
#undef GET
    struct seen_tlsa *tlsas =
        want.tlsa_count > 0 ? arena_new(arena, want.tlsa_count, sizeof(*tlsas)) : NULL;
    for (size_t i = 0; i < want.tlsa_count; i++) {
        tlsas[i] = codec_get_tlsa(in);
    }
    want.tlsas = tlsas;
    return want;
}

static struct span copy_behind(uint8_t **room, struct span s)
{
    struct span copy = {*room, s.len};
    if (s.len > 0) {
        memcpy(*room, s.at, s.len);
    }
    *room += s.len;
    return copy;
}

struct want *want_new(const struct want *from)
{
    size_t text_len = from->host.len + from->tlsa_base.len;
    for (size_t i = 0; i < from->tlsa_count; i++) {
        text_len += from->tlsas[i].data.len;
    }
    size_t tlsas_len = from->tlsa_count * sizeof(*from->tlsas);
    struct want *want = memory_new(1, sizeof(*want) + tlsas_len + text_len);
    struct seen_tlsa *tlsas = (struct seen_tlsa *)(void *)(want + 1);
    uint8_t *room = (uint8_t *)(tlsas + from->tlsa_count);
    *want = *from;
    want->host = copy_behind(&room, from->host);
    want->tlsa_base = copy_behind(&room, from->tlsa_base);
    want->tlsas = tlsas;
    for (size_t i = 0; i < from->tlsa_count; i++) {
        tlsas[i] = from->tlsas[i];
        tlsas[i].data = copy_behind(&room, from->tlsas[i].data);
    }
    return want;
}

/* --- of open blocks ------------------------------------------------------------------------- */

void names_pend(struct service_work *work, const struct want *want)
{
    if (work->pending_count == 0 || want->block < work->first_pending) {
        work->first_pending = want->block;
    }
    if (work->pending_count == 0 || want->block > work->last_pending) {
        work->last_pending = want->block;
    }
    want_put(&work->pending, want);
    work->pending_count++;
}

bool names_next_pending(struct span *in, struct want *want)
{
    struct arena_pool pool = {0};
    struct arena arena = ARENA_INIT(&pool);
    bool any = in->len > 0;
    if (any) {
        *want = want_get(in, &arena);
        want->tlsas = NULL;
        want->tlsa_count = 0;
    }
    arena_reset(&arena);
    arena_pool_deinit(&pool);
    return any;
}

void names_pend_again(struct service_work *work, struct span octets)
{
    struct arena_pool pool = {0};
    struct arena arena = ARENA_INIT(&pool);
    while (octets.len > 0) {
        struct want want = want_get(&octets, &arena);
        names_pend(work, &want);
    }
    arena_reset(&arena);
    arena_pool_deinit(&pool);
}

void names_move(struct service_work *work, struct span host, uint32_t block)
{
    struct arena_pool pool = {0};
    struct arena arena = ARENA_INIT(&pool);
    size_t count = 0;
    struct want *wants = names_take_pending(work, UINT32_MAX, &arena, &count);
    for (size_t i = 0; i < count; i++) {
        wants[i].block = span_eq(wants[i].host, host) ? block : wants[i].block;
        names_pend(work, &wants[i]);
    }
    arena_reset(&arena);
    arena_pool_deinit(&pool);
}

struct want *names_take_pending(struct service_work *work, uint32_t blocks_closed,
                                struct arena *arena, size_t *count)
{
    struct span in = arena_copy(arena, buf_span(&work->pending));
    struct want *taken = arena_new(arena, work->pending_count, sizeof(*taken));
    buf_reset(&work->pending);
    work->pending_count = 0;
    *count = 0;
    while (in.len > 0) {
        struct want want = want_get(&in, arena);
        if (want.block < blocks_closed) {
            taken[(*count)++] = want;
        } else {
            names_pend(work, &want);
        }
    }
    buf_trim(&work->pending);
    return taken;
}

/* --- in line -------------------------------------------------------------------------------- */

static void names_end_piece(struct service_owner *o, struct names_line *l)
{
    struct names_piece piece = {
        .place = SPOOL_NOWHERE, .octets = l->last, .count = (uint32_t)l->last_count};
    if (o->names_waiting > o->rules.names_max) {
        piece.place = spool_put(o->spool, buf_span(&piece.octets));
    }
    if (piece.place != SPOOL_NOWHERE) {
        buf_deinit(&piece.octets);
    }
    buf_trim(&piece.octets);
    l->pieces = memory_grow_list(l->pieces, l->piece_count, sizeof(*l->pieces));
    l->pieces[l->piece_count++] = piece;
    l->last = BUF_INIT(BUF_NO_LIMIT);
    l->last_count = 0;
}

void names_put(struct service_owner *o, struct names_line *l, const struct want *want)
{
    want_put(&l->last, want);
    l->last_count++;
    l->count++;
    if (l->last_count == PIECE_NAMES || l->last_count > o->rules.names_max) {
        names_end_piece(o, l);
    }
}

/* What is not a piece yet, if there is none. @return how many names */
static size_t names_take_octets(struct service_owner *o, struct names_line *l, struct buf *octets)
{
    size_t count = l->last_count;
    if (l->next_piece == l->piece_count) {
        *octets = l->last;
        l->last = BUF_INIT(BUF_NO_LIMIT);
        l->last_count = 0;
        return count;
    }
    struct names_piece *piece = &l->pieces[l->next_piece++];
    *octets = piece->octets;
    if (piece->place != SPOOL_NOWHERE) {
        spool_take(o->spool, piece->place, octets);
    }
    count = piece->count;
    if (l->next_piece == l->piece_count) {
        free(l->pieces);
        l->pieces = NULL;
        l->next_piece = l->piece_count = 0;
    }
    return count;
}

static void names_unpack(struct service_owner *o, struct names_line *l)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    l->next = 0;
    l->unpacked = names_take_octets(o, l, &octets);
    l->arena = ARENA_INIT(&o->small_arenas);
    struct span in = arena_copy(&l->arena, buf_span(&octets));
    buf_deinit(&octets);
    l->names = arena_new(&l->arena, l->unpacked, sizeof(*l->names));
    for (size_t i = 0; i < l->unpacked; i++) {
        l->names[i] = want_get(&in, &l->arena);
    }
}

struct want *names_first(struct service_owner *o, struct names_line *l)
{
    if (l->count == 0) {
        return NULL;
    }
    if (l->next == l->unpacked) {
        names_unpack(o, l);
    }
    return &l->names[l->next];
}

void names_drop_first(struct names_line *l)
{
    CHECK(l->next < l->unpacked);
    l->next++;
    l->count--;
    if (l->next == l->unpacked) {
        arena_reset(&l->arena);
    }
}

void names_deinit(struct names_line *l)
{
    for (size_t i = l->next_piece; i < l->piece_count; i++) {
        buf_deinit(&l->pieces[i].octets);
    }
    free(l->pieces);
    buf_deinit(&l->last);
    arena_reset(&l->arena);
}
