#include "scanner/owners/leaf_names.h"

#include <unistd.h>

#include "scanner/base/file.h"
#include "scanner/base/unlinked_file.h"
#include "scanner/cert/cert_names.h"

struct leaf_entry {
    uint32_t len;
    bool in_file;     /* then the octets are the offset there, 64 bits */
    uint8_t octets[]; /* `len` of them, else */
};

void leaf_names_init(struct leaf_names *l, struct arena_pool *pool)
{
    *l = (struct leaf_names){
        .arena = ARENA_INIT(pool), .packing = BUF_INIT(CERT_NAMES_PACKED_MAX), .file = -1};
}

/* @return false: a file cannot be written; memory has to do. */
static bool put_into_file(struct leaf_names *l, struct span names)
{
    if (l->file < 0) {
        l->file = unlinked_file_open();
    }
    return l->file >= 0 && file_write_at(l->file, l->file_len, names);
}

static struct leaf_entry *entry_new(struct leaf_names *l, struct span octets, uint32_t len)
{
    struct leaf_entry *e = arena_new(&l->arena, 1, sizeof(*e) + octets.len);
    e->len = len;
    memcpy(e->octets, octets.at, octets.len);
    return e;
}

static struct leaf_entry *leaf_names_keep(struct leaf_names *l, struct span names)
{
    if (names.len <= LEAF_NAMES_INLINE || !put_into_file(l, names)) {
        return entry_new(l, names, (uint32_t)names.len);
    }
    struct span offset = {(const uint8_t *)&l->file_len, sizeof(l->file_len)};
    struct leaf_entry *e = entry_new(l, offset, (uint32_t)names.len);
    e->in_file = true;
    l->file_len += names.len;
    return e;
}

void leaf_names_add(struct leaf_names *l, const uint8_t sha256[32], struct span der)
{
    bool added = false;
    uint64_t *at = map_add(&l->index, hash_key_of((struct span){sha256, 32}), 0, &added);
    if (!added) {
        return;
    }
    buf_reset(&l->packing);
    if (cert_names_pack(der, &l->packing) && l->packing.len > 0) {
        *at = (uint64_t)(uintptr_t)leaf_names_keep(l, buf_span(&l->packing));
    }
}

static struct span read_back(struct leaf_names *l, const struct leaf_entry *e)
{
    uint64_t offset = 0;
    memcpy(&offset, e->octets, sizeof(offset));
    buf_reset(&l->packing);
    uint8_t *room = buf_room(&l->packing, e->len);
    return file_read_at(l->file, offset, room, e->len) ? (struct span){room, e->len}
                                                       : (struct span){0};
}

struct span leaf_names_find(struct leaf_names *l, const uint8_t sha256[32])
{
    const uint64_t *at = map_find(&l->index, hash_key_of((struct span){sha256, 32}));
    const struct leaf_entry *e = at != NULL ? (const struct leaf_entry *)(uintptr_t)*at : NULL;
    if (e == NULL) {
        return (struct span){0};
    }
    return e->in_file ? read_back(l, e) : (struct span){e->octets, e->len};
}

void leaf_names_deinit(struct leaf_names *l)
{
    map_deinit(&l->index);
    arena_reset(&l->arena);
    buf_deinit(&l->packing);
    if (l->file >= 0) {
        (void)close(l->file);
    }
}
