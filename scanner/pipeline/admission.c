#include "scanner/pipeline/admission.h"

#include "scanner/base/check.h"

void admission_init(struct admission *a, const atomic_size_t *writer_backlog,
                    const atomic_bool *spool_full)
{
    *a = (struct admission){.writer_backlog = writer_backlog, .spool_full = spool_full};
    CHECK(pthread_mutex_init(&a->lock, NULL) == 0);
    CHECK(pthread_cond_init(&a->room, NULL) == 0);
}

void admission_deinit(struct admission *a)
{
    (void)pthread_cond_destroy(&a->room);
    (void)pthread_mutex_destroy(&a->lock);
}

uint32_t admission_works_max(uint32_t workers)
{
    return WAITING_MAX / workers;
}

/* With nothing in it, because it cannot be written, the credits are the bound. A block that has begun is read to its
 * end: if only domains of this block are parked, nothing makes room before it closes. */
static bool spool_is_full(const struct admission *a)
{
    return a->parked > 0 && a->lines[a->current % BLOCK_RING] == 0 &&
           atomic_load_explicit(a->spool_full, memory_order_relaxed);
}

static bool has_open_blocks(const struct admission *a)
{
    uint32_t closed = a->of_fleet ? a->closed_by_all : a->first_open;
    /* Who took over where all was settled already may be behind what others close meanwhile. */
    return a->current < closed || a->current - closed < BLOCKS_OPEN_MAX;
}

static bool has_room(const struct admission *a)
{
    return !a->paused && a->under_way < CREDITS_MAX && a->unsettled < UNSETTLED_MAX &&
           has_open_blocks(a) && a->open_lines < OPEN_LINES_MAX && !spool_is_full(a) &&
           atomic_load_explicit(a->writer_backlog, memory_order_relaxed) < WRITER_BACKLOG_MAX;
}

static void admission_let_in(struct admission *a, uint64_t now_ms, uint32_t *block)
{
    a->under_way++;
    a->unsettled++;
    a->open_lines++;
    a->last_line_ms = now_ms > a->last_line_ms ? now_ms : a->last_line_ms;
    *block = a->current;
    if (++a->lines[a->current % BLOCK_RING] == input_block_lines(a->current) && !a->of_fleet) {
        a->current++;
    }
}

bool admission_enter(struct admission *a, uint64_t now_ms, uint32_t *block)
{
    (void)pthread_mutex_lock(&a->lock);
    a->reader_waits = true;
    while (!a->stopped && !has_room(a)) {
        (void)pthread_cond_wait(&a->room, &a->lock);
    }
    a->reader_waits = false;
    bool admitted = !a->stopped;
    if (admitted) {
        admission_let_in(a, now_ms, block);
    }
    (void)pthread_mutex_unlock(&a->lock);
    return admitted;
}

bool admission_try_enter(struct admission *a, uint64_t now_ms, uint32_t *block)
{
    (void)pthread_mutex_lock(&a->lock);
    bool admitted = !a->stopped && has_room(a);
    if (admitted) {
        admission_let_in(a, now_ms, block);
    }
    (void)pthread_mutex_unlock(&a->lock);
    return admitted;
}

static bool pass_now(struct admission *a, uint64_t now_ms)
{
    bool passed = !a->stopped && has_open_blocks(a);
    if (passed) {
        a->last_line_ms = now_ms > a->last_line_ms ? now_ms : a->last_line_ms;
        a->settled[a->current % BLOCK_RING]++;
        a->passed[a->current % BLOCK_RING]++;
        if (++a->lines[a->current % BLOCK_RING] == input_block_lines(a->current)) {
            a->current++;
        }
    }
    return passed;
}

bool admission_try_pass(struct admission *a, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&a->lock);
    bool passed = pass_now(a, now_ms);
    (void)pthread_mutex_unlock(&a->lock);
    return passed;
}

bool admission_pass(struct admission *a, uint64_t now_ms)
{
    (void)pthread_mutex_lock(&a->lock);
    a->reader_waits = true;
    while (!a->stopped && !has_open_blocks(a)) {
        (void)pthread_cond_wait(&a->room, &a->lock);
    }
    a->reader_waits = false;
    bool passed = pass_now(a, now_ms);
    (void)pthread_mutex_unlock(&a->lock);
    return passed;
}

bool admission_is_stopped(struct admission *a)
{
    (void)pthread_mutex_lock(&a->lock);
    bool stopped = a->stopped;
    (void)pthread_mutex_unlock(&a->lock);
    return stopped;
}

static void wake_if_room(struct admission *a)
{
    if (has_room(a)) {
        (void)pthread_cond_signal(&a->room);
    }
}

void admission_leave(struct admission *a, uint32_t finished)
{
    (void)pthread_mutex_lock(&a->lock);
    CHECK(a->under_way >= finished);
    a->under_way -= finished;
    wake_if_room(a);
    (void)pthread_mutex_unlock(&a->lock);
}

void admission_park(struct admission *a, int64_t more)
{
    (void)pthread_mutex_lock(&a->lock);
    a->under_way -= (uint64_t)more;
    a->parked += (uint64_t)more;
    wake_if_room(a);
    (void)pthread_mutex_unlock(&a->lock);
}

void admission_settle(struct admission *a, uint32_t block, uint32_t count)
{
    (void)pthread_mutex_lock(&a->lock);
    CHECK(a->unsettled >= count);
    a->unsettled -= count;
    a->settled[block % BLOCK_RING] += count;
    CHECK(a->settled[block % BLOCK_RING] <= a->lines[block % BLOCK_RING]);
    wake_if_room(a);
    (void)pthread_mutex_unlock(&a->lock);
}

static bool ring_has_place(const struct admission *a, uint32_t block)
{
    return block < a->first_open || block - a->first_open < BLOCK_RING;
}

bool admission_may_hold(struct admission *a, uint32_t block)
{
    (void)pthread_mutex_lock(&a->lock);
    bool may = ring_has_place(a, block);
    (void)pthread_mutex_unlock(&a->lock);
    return may;
}

/* Of one that is closed already somebody else's hold has ended, so that it is not needed. */
static bool block_is_open(const struct admission *a, uint32_t block)
{
    CHECK(ring_has_place(a, block));
    return block >= a->first_open;
}

void admission_hold(struct admission *a, uint32_t block)
{
    (void)pthread_mutex_lock(&a->lock);
    if (block_is_open(a, block)) {
        a->held[block % BLOCK_RING]++;
        a->held_end = block + 1 > a->held_end ? block + 1 : a->held_end;
    }
    (void)pthread_mutex_unlock(&a->lock);
}

void admission_release(struct admission *a, uint32_t block)
{
    (void)pthread_mutex_lock(&a->lock);
    if (block_is_open(a, block)) {
        CHECK(a->held[block % BLOCK_RING] > 0);
        a->held[block % BLOCK_RING]--;
    }
    (void)pthread_mutex_unlock(&a->lock);
}

void admission_end_input(struct admission *a)
{
    (void)pthread_mutex_lock(&a->lock);
    a->ended = true;
    (void)pthread_mutex_unlock(&a->lock);
}

bool admission_end_block(struct admission *a)
{
    (void)pthread_mutex_lock(&a->lock);
    while (!a->stopped && !has_open_blocks(a)) {
        (void)pthread_cond_wait(&a->room, &a->lock);
    }
    bool ended = !a->stopped;
    a->current += ended;
    (void)pthread_mutex_unlock(&a->lock);
    return ended;
}

void admission_begin_at(struct admission *a, uint32_t settled)
{
    CHECK(a->of_fleet && a->current == 0 && a->under_way == 0);
    a->first_open = a->current = settled;
}

uint32_t admission_settled_blocks(struct admission *a)
{
    (void)pthread_mutex_lock(&a->lock);
    bool all = a->ended && a->unsettled == 0 && a->first_open >= a->current &&
               a->first_open >= a->held_end;
    uint32_t blocks = all ? UINT32_MAX : a->first_open;
    (void)pthread_mutex_unlock(&a->lock);
    return blocks;
}

void admission_close_everywhere(struct admission *a, uint32_t blocks)
{
    (void)pthread_mutex_lock(&a->lock);
    a->closed_by_all = blocks > a->closed_by_all ? blocks : a->closed_by_all;
    (void)pthread_cond_signal(&a->room);
    (void)pthread_mutex_unlock(&a->lock);
}

void admission_pause(struct admission *a, bool paused)
{
    (void)pthread_mutex_lock(&a->lock);
    a->paused = paused;
    wake_if_room(a);
    (void)pthread_mutex_unlock(&a->lock);
}

void admission_stop(struct admission *a)
{
    (void)pthread_mutex_lock(&a->lock);
    a->stopped = true;
    a->ended = true;
    (void)pthread_cond_signal(&a->room);
    (void)pthread_mutex_unlock(&a->lock);
}

bool admission_close_block(struct admission *a, uint64_t now_ms, uint32_t *block)
{
    (void)pthread_mutex_lock(&a->lock);
    uint32_t at = a->first_open % BLOCK_RING;
    bool any = a->lines[at] > 0 || a->first_open < a->held_end ||
               (a->of_fleet && a->first_open < a->current); /* lines of others */
    bool all_settled = any && a->settled[at] == a->lines[at] && a->held[at] == 0;
    bool complete = a->first_open < a->current;
    /* Early only when it is the input that pauses: where we pause must not show in the results. */
    if (a->reader_waits) { /* it has a line, and may not have seen yet that there is room */
        a->last_line_ms = now_ms;
    }
    bool input_pauses = !a->input_is_file && !a->reader_waits && has_room(a) &&
                        now_ms >= a->last_line_ms + INPUT_IDLE_MS;
    if (all_settled && !complete && (a->ended || input_pauses)) {
        a->current++; /* the next line, if any, begins a new block */
        complete = true;
    }
    bool close = all_settled && complete;
    if (close) {
        *block = a->first_open++;
        a->open_lines -= a->lines[at] - a->passed[at];
        a->lines[at] = 0;
        a->settled[at] = 0;
        a->passed[at] = 0;
        wake_if_room(a);
    }
    (void)pthread_mutex_unlock(&a->lock);
    return close;
}

bool admission_block_ahead(struct admission *a, uint32_t *block, uint32_t *lines)
{
    (void)pthread_mutex_lock(&a->lock);
    uint32_t at = a->first_not_ahead > a->first_open ? a->first_not_ahead : a->first_open;
    bool complete = at < a->current || (at == a->current && a->ended && a->lines[at] > 0);
    bool ahead = at < SMALL_BLOCKS && complete;
    *lines = 0;
    for (uint32_t i = a->first_open; ahead && i <= at; i++) {
        *lines += a->lines[i] - a->settled[i];
    }
    ahead = ahead && *lines > 0 && *lines <= AHEAD_LINES; /* without any it closes */
    if (ahead) {
        *block = at;
        a->first_not_ahead = at + 1;
    }
    (void)pthread_mutex_unlock(&a->lock);
    return ahead;
}

uint64_t admission_parked(struct admission *a)
{
    (void)pthread_mutex_lock(&a->lock);
    uint64_t parked = a->parked;
    (void)pthread_mutex_unlock(&a->lock);
    return parked;
}

bool admission_is_empty(struct admission *a)
{
    (void)pthread_mutex_lock(&a->lock);
    bool empty = a->under_way == 0 && a->parked == 0;
    (void)pthread_mutex_unlock(&a->lock);
    return empty;
}

void admission_look_again(struct admission *a)
{
    (void)pthread_mutex_lock(&a->lock);
    wake_if_room(a);
    (void)pthread_mutex_unlock(&a->lock);
}
