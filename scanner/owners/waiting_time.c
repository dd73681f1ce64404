#include "scanner/owners/waiting_time.h"

uint64_t waiting_time_ms(const struct waiting *w)
{
    if (w->sessions == 0) {
        return 0;
    }
    if (w->at_once > 0 && w->ended == 0) {
        return WAITING_UNKNOWN;
    }
    uint64_t by_rate = w->sessions * w->interval_ms;
    uint64_t by_limit = w->at_once > 0 ? w->sessions * (w->taken_ms / w->ended) / w->at_once : 0;
    return w->pause_ms + (by_rate > by_limit ? by_rate : by_limit);
}
