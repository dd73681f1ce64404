#include "resolver/ask_window.h"

static void set_limit(struct ask_window *w, uint32_t limit)
{
    w->limit = limit < WINDOW_MIN ? WINDOW_MIN : limit > WINDOW_MAX ? WINDOW_MAX : limit;
    w->burst = w->limit / (WINDOW_MAX / BURST_MAX);
}

void ask_window_init(struct ask_window *w)
{
    *w = (struct ask_window){0};
    set_limit(w, WINDOW_MAX);
}

void ask_window_note(struct ask_window *w, bool repeated)
{
    w->answers++;
    w->repeats += repeated;
    if (w->answers < WINDOW_ROUND || w->answers < w->limit) {
        return;
    }
    if (w->repeats > w->answers / WINDOW_LOSSES) {
        set_limit(w, w->limit / 2);
    } else if (w->repeats <= w->answers / WINDOW_LOSSES / 4) {
        set_limit(w, w->limit + w->limit / 8);
    }
    w->answers = w->repeats = 0;
}
