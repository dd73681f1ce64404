#include "resolver/upstreams.h"

#include "scanner/base/check.h"

#define DOWN_AFTER 8    /* failures in a row after which a server is passed over ... */
#define DOWN_MS    2000 /* ... for so long */

static bool is_spent(uint32_t spent, uint32_t server)
{
    return (spent >> server & 1U) != 0;
}

static bool is_down(const struct upstreams *u, uint32_t server, uint64_t now_ms)
{
    return u->server[server].down_until_ms > now_ms;
}

uint32_t upstreams_choose(const struct upstreams *u, uint32_t last, uint32_t spent, uint64_t now_ms)
{
    uint32_t fallback = UINT32_MAX;
    for (uint32_t i = 1; i <= u->count; i++) {
        uint32_t s = (last + i) % u->count;
        if (is_spent(spent, s)) {
            continue;
        }
        if (!is_down(u, s, now_ms)) {
            return s;
        }
        fallback = fallback == UINT32_MAX ? s : fallback;
    }
    CHECK(fallback != UINT32_MAX);
    return fallback;
}

bool upstreams_are_exhausted(const struct upstreams *u, uint32_t spent, uint64_t now_ms)
{
    for (uint32_t s = 0; s < u->count; s++) {
        if (!is_spent(spent, s) && !is_down(u, s, now_ms)) {
            return false;
        }
    }
    return true;
}

void upstreams_note_failure(struct upstreams *u, uint32_t server, uint64_t now_ms)
{
    if (++u->server[server].failures >= DOWN_AFTER) {
        u->server[server].down_until_ms = now_ms + DOWN_MS;
    }
}

void upstreams_note_refusal(struct upstreams *u, uint32_t server, uint64_t now_ms)
{
    u->server[server].down_until_ms = now_ms + DOWN_MS;
}

void upstreams_note_answer(struct upstreams *u, uint32_t server)
{
    u->server[server].failures = 0;
    u->server[server].down_until_ms = 0;
}
