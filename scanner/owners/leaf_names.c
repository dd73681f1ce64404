#include "scanner/owners/leaf_names.h"

#include <unistd.h>

#include "scanner/base/codec.h"
#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"
#include "scanner/cert/cert_names.h"

#define NO_NAMES 0
#define IN_FILE  (1ULL << 63) /* of a place: then the octets are the offset there */

void leaf_names_init(struct leaf_names *l)
{
    *l = (struct leaf_names){
        .octets = BUF_INIT(BUF_NO_LIMIT), .packing = BUF_INIT(CERT_NAMES_PACKED_MAX), .file = -1};
    codec_put_u8(&l->octets, 0); /* 0 is no place */
}

/* @return false: a file cannot be written; memory has to do. */
static bool put_into_file(struct leaf_names *l, struct span names)
{
    if (l->file < 0) {
        l->file = unlinked_file_open();
    }
    return l->file >= 0 && file_write_at(l->file, l->file_len, names);
}

/* @return their place */
static uint64_t leaf_names_keep(struct leaf_names *l, struct span names)
{
    uint64_t place = l->octets.len;
    codec_put_count(&l->octets, names.len);
    if (names.len <= LEAF_NAMES_INLINE || !put_into_file(l, names)) {
        buf_put(&l->octets, names);
        return place;
    }
    codec_put_u64(&l->octets, l->file_len);
    l->file_len += names.len;
    return place | IN_FILE;
}

void leaf_names_add(struct leaf_names *l, const uint8_t sha256[32], struct span der)
{
    bool added = false;
    uint32_t number = key_table_add(&l->index, hash_key_of((struct span){sha256, 32}), &added);
    if (!added) {
        return;
    }
    l->places = memory_grow_long_list(l->places, number, &l->capacity, sizeof(*l->places));
    l->places[number] = NO_NAMES;
    buf_reset(&l->packing);
    if (cert_names_pack(der, &l->packing) && l->packing.len > 0) {
        l->places[number] = leaf_names_keep(l, buf_span(&l->packing));
    }
}

static struct span read_back(struct leaf_names *l, uint64_t offset, size_t len)
{
    buf_reset(&l->packing);
    uint8_t *room = buf_room(&l->packing, len);
    return file_read_at(l->file, offset, room, len) ? (struct span){room, len} : (struct span){0};
}

struct span leaf_names_find(struct leaf_names *l, const uint8_t sha256[32])
{
    uint32_t number = key_table_find(&l->index, hash_key_of((struct span){sha256, 32}));
    uint64_t place = number != KEY_TABLE_NONE ? l->places[number] : NO_NAMES;
    if (place == NO_NAMES) {
        return (struct span){0};
    }
    struct span in = span_drop(buf_span(&l->octets), (size_t)(place & ~IN_FILE));
    size_t len = codec_get_count(&in);
    return (place & IN_FILE) != 0 ? read_back(l, codec_get_u64(&in), len) : codec_take(&in, len);
}

void leaf_names_deinit(struct leaf_names *l)
{
    key_table_deinit(&l->index);
    free(l->places);
    buf_deinit(&l->octets);
    buf_deinit(&l->packing);
    if (l->file >= 0) {
        (void)close(l->file);
    }
}
