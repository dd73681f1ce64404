#include "scanner/pipeline/leaf_names.h"

#include "scanner/base/buf.h"
#include "scanner/cert/cert_names.h"

void leaf_names_add(struct leaf_names *l, const uint8_t sha256[32], struct span der)
{
    bool added = false;
    uint64_t *at = map_add(&l->index, hash_key_of((struct span){sha256, 32}), 0, &added);
    if (!added) {
        return;
    }
    struct buf packed = BUF_INIT(CERT_NAMES_PACKED_MAX);
    (void)cert_names_pack(der, &packed);
    struct span *names = arena_new(&l->arena, 1, sizeof(*names));
    *names = arena_copy(&l->arena, buf_span(&packed));
    *at = (uint64_t)(uintptr_t)names;
    buf_deinit(&packed);
}

struct span leaf_names_find(const struct leaf_names *l, const uint8_t sha256[32])
{
    const uint64_t *at = map_find(&l->index, hash_key_of((struct span){sha256, 32}));
    return at != NULL ? *(const struct span *)(uintptr_t)*at : (struct span){0};
}

void leaf_names_deinit(struct leaf_names *l)
{
    map_deinit(&l->index);
    arena_reset(&l->arena);
}
