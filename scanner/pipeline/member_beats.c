/**
 * That a member is there: its beats, and what it may do by those that come back.
 */
#include "scanner/base/clock.h"
#include "scanner/pipeline/member_private.h"

#define BEAT_MS  1000
#define FRESH_MS 3000 /* a beat that was sent so lately came back: brokers are well */

void member_beat(struct member *m, uint64_t progress)
{
    int64_t now = clock_boot_ms();
    if (now < m->beat_ms + BEAT_MS) {
        return;
    }
    m->beat_ms = now;
    const struct message_fleet_beat b = {.progress = progress, .sent_ms = (uint64_t)now};
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_beat(&message, &b);
    (void)kafka_send(m->kafka, member_topic(m, FLEET_BEATS), 0, span_of(m->name),
                     buf_span(&message), NULL);
    buf_deinit(&message);
}

/* Of the last beat that came back. */
static int64_t beat_age_ms(const struct member *m, int64_t now)
{
    int64_t sent = atomic_load_explicit(&m->sent_ms, memory_order_relaxed);
    return sent != 0 ? now - sent : INT64_MAX;
}

bool member_is_fresh(struct member *m)
{
    return beat_age_ms(m, clock_boot_ms()) <= FRESH_MS;
}

/* Others hold a member for lost after `--silent-after`: by then no session of it is open, and none begins long before. */
static int64_t ninths_of_silence_ms(const struct member *m, int ninths)
{
    return (int64_t)m->p->terms->silent_after * 1000 * ninths / 9;
}

bool member_may_dial(const struct member *m)
{
    int64_t now = m != NULL ? clock_boot_ms() : 0;
    return m == NULL || (!atomic_load(&m->taken) && now >= m->dial_from_ms &&
                         beat_age_ms(m, now) <= ninths_of_silence_ms(m, 2));
}

bool member_has_to_reset(const struct member *m)
{
    return m != NULL && (atomic_load(&m->taken) ||
                         (atomic_load(&m->sent_ms) != 0 &&
                          beat_age_ms(m, clock_boot_ms()) > ninths_of_silence_ms(m, 7)));
}
