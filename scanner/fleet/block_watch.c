#include "scanner/fleet/block_watch.h"

#include "scanner/base/check.h"
#include "scanner/base/codec.h"

void block_watch_init(struct block_watch *w, uint32_t parts)
{
    CHECK(parts > 0 && parts <= FLEET_PARTS_MAX);
    *w = (struct block_watch){.parts = parts};
    for (uint32_t i = 0; i < parts; i++) {
        w->needed[i] = -1;
    }
}

void block_watch_settled(struct block_watch *w, uint32_t part, uint32_t blocks)
{
    if (part < w->parts && blocks > w->settled[part]) {
        w->settled[part] = blocks;
    }
}

void block_watch_sent(struct block_watch *w, uint32_t part, uint32_t blocks, struct span offsets)
{
    if (part >= w->parts || blocks <= w->sent[part] || offsets.len != w->parts * sizeof(uint64_t)) {
        return;
    }
    w->sent[part] = blocks;
    for (uint32_t i = 0; i < w->parts; i++) {
        int64_t offset = (int64_t)codec_get_u64(&offsets);
        w->needed[i] = offset > w->needed[i] ? offset : w->needed[i];
    }
}

void block_watch_done(struct block_watch *w, uint32_t part)
{
    if (part < w->parts) {
        w->done[part] = true;
    }
}

void block_watch_last(struct block_watch *w, uint32_t blocks)
{
    w->last = blocks;
}

static uint32_t lowest(const uint32_t *blocks, uint32_t count)
{
    uint32_t low = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        low = blocks[i] < low ? blocks[i] : low;
    }
    return low;
}

uint32_t block_watch_closed(const struct block_watch *w)
{
    uint32_t closed = lowest(w->settled, w->parts);
    uint32_t end = w->last + FLEET_BLOCKS_LATE;
    if (w->last > 0 && closed > end) {
        return end;
    }
    return closed == UINT32_MAX ? 0 : closed; /* the end of the input is yet to be told */
}

bool block_watch_is_all_closed(const struct block_watch *w)
{
    return w->last > 0 && lowest(w->settled, w->parts) == UINT32_MAX;
}

uint32_t block_watch_opened(const struct block_watch *w)
{
    return lowest(w->sent, w->parts);
}

bool block_watch_is_over(const struct block_watch *w)
{
    bool over = w->last > 0;
    for (uint32_t i = 0; i < w->parts; i++) {
        over = over && w->done[i];
    }
    return over;
}
