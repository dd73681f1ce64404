#include "scanner/pipeline/weather_station.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"

void weather_station_init(struct weather_station *s, uint64_t now_ms, const struct scan_params *p)
{
    *s = (struct weather_station){.looks = 0};
    CHECK(pthread_mutex_init(&s->lock, NULL) == 0);
    for (int i = 0; i < WEATHER_STREAM_COUNT; i++) {
        weather_init(&s->streams[i], now_ms, p->outage_max_ms,
                     WEATHER_FIRST_MS + p->retry_pause_ms);
    }
    weather_know_witness(&s->streams[WEATHER_DNS]); /* the self-test asked the resolvers */
    for (size_t i = 0; i < p->vantage->greeted_count; i++) {
        weather_know_witness(&s->streams[weather_stream_of(&p->vantage->greeted[i].address)]);
    }
}

void weather_station_deinit(struct weather_station *s)
{
    (void)pthread_mutex_destroy(&s->lock);
    free(s->outages);
}

void weather_station_restore(struct weather_station *s, const char *stream,
                             const struct outage_record *outage)
{
    for (int i = 0; i < WEATHER_STREAM_COUNT; i++) {
        if (strcmp(stream, weather_stream_word((enum weather_stream)i)) == 0) {
            s->outages = memory_grow_list(s->outages, s->outage_count, sizeof(*s->outages));
            s->outages[s->outage_count] = *outage;
            s->outages[s->outage_count++].stream = (enum weather_stream)i;
            s->before = s->outage_count;
        }
    }
}

/* The latest of the stream. */
static struct outage_record *outage_of(struct weather_station *s, enum weather_stream stream)
{
    for (size_t i = s->outage_count; i > s->before; i--) {
        if (s->outages[i - 1].stream == stream) {
            return &s->outages[i - 1];
        }
    }
    return NULL;
}

void weather_station_exchange(struct weather_station *s, struct weather_report *reports,
                              struct weather_view *views, uint32_t *rounds)
{
    (void)pthread_mutex_lock(&s->lock);
    for (int i = 0; i < WEATHER_STREAM_COUNT; i++) {
        struct weather_report *r = &reports[i];
        struct outage_record *outage = outage_of(s, (enum weather_stream)i);
        weather_know_networks(&s->streams[i], &r->good_networks, &r->bad_networks);
        weather_note(&s->streams[i], r->good, r->bad);
        if (r->heard) {
            weather_know_witness(&s->streams[i]);
        }
        weather_note_probes(&s->streams[i], r->round, r->asked, r->answered, r->failed);
        s->probed[i] += r->asked;
        if (outage != NULL) {
            outage->asked_again += r->asked_again;
        }
        *r = (struct weather_report){.round = r->round};
        views[i] = s->streams[i].view;
        rounds[i] = s->streams[i].round;
    }
    (void)pthread_mutex_unlock(&s->lock);
}

bool weather_station_gave_up(const struct weather_station *s)
{
    if (s->heard_late) {
        return true;
    }
    for (int i = 0; i < WEATHER_STREAM_COUNT; i++) {
        if (s->streams[i].view.state == WEATHER_LOST) {
            return true;
        }
    }
    return false;
}

static const char *what_is_away(enum weather_stream stream)
{
    switch (stream) {
    case WEATHER_IPV4:
        return "servers with IPv4 addresses that answered a moment ago do not any more";
    case WEATHER_IPV6:
        return "servers with IPv6 addresses that answered a moment ago do not any more";
    case WEATHER_DNS:
        return "DNS answers fail for names that it answered a moment ago";
    case WEATHER_STREAM_COUNT:
        break;
    }
    UNREACHABLE("unknown weather_stream");
}

/* The last that the view has. */
static struct outage_record *add_outage(struct weather_station *s, enum weather_stream stream,
                                        uint64_t now_ms, int64_t now_unix_ms)
{
    const struct weather_view *v = &s->streams[stream].view;
    uint64_t from_ms = v->outages[(v->outage_count - 1) % WEATHER_OUTAGES_MAX].from_ms;
    s->outages = memory_grow_list(s->outages, s->outage_count, sizeof(*s->outages));
    struct outage_record *o = &s->outages[s->outage_count++];
    *o = (struct outage_record){.stream = stream,
                                .from_unix_ms = now_unix_ms - (int64_t)(now_ms - from_ms)};
    return o;
}

static void note_step(struct weather_station *s, enum weather_stream stream, enum weather_step step,
                      uint64_t now_ms, int64_t now_unix_ms, struct buf *said)
{
    const struct weather_view *v = &s->streams[stream].view;
    switch (step) {
    case WEATHER_QUIET:
    case WEATHER_PROBE:
        return;
    case WEATHER_BEGAN: {
        (void)add_outage(s, stream, now_ms, now_unix_ms);
        if (v->never) {
            return; /* WEATHER_GAVE_UP says it */
        }
        buf_putf(said,
                 v->first
                     ? "outage: nobody answered, and now some of %s do that did not; the scan asks "
                       "again (what failed until now does not count)"
                     : "outage: %s; the scan pauses, and asks again when they do (what failed "
                       "meanwhile does not count)",
                 v->first ? weather_stream_word(stream) : what_is_away(stream));
        buf_put_char(said, '\0');
        return;
    }
    case WEATHER_ENDED: {
        struct outage_record *o = outage_of(s, stream);
        CHECK(o != NULL);
        o->to_unix_ms = now_unix_ms;
        buf_putf(said, "outage of %s ended after %lld s; the scan goes on",
                 weather_stream_word(stream), (long long)(now_unix_ms - o->from_unix_ms) / 1000);
        buf_put_char(said, '\0');
        return;
    }
    case WEATHER_HEARD: {
        struct outage_record *o = add_outage(s, stream, now_ms, now_unix_ms);
        o->to_unix_ms = now_unix_ms;
        s->heard_late = true;
        buf_putf(said,
                 "outage: nobody answered over %s for %lld s, and now servers do; what ended until "
                 "now is local_fault (--self-test HOST tells earlier)",
                 weather_stream_word(stream), (long long)(now_unix_ms - o->from_unix_ms) / 1000);
        buf_put_char(said, '\0');
        return;
    }
    case WEATHER_GAVE_UP:
        buf_putf(
            said,
            v->never
                ? "outage: nobody answers over %s, though others do over the other family, so "
                  "it is probably closed here; its addresses end as local_fault "
                  "(--ipv4-only and --ipv6-only leave a family out)"
                : "outage of %s lasts too long (--outage-max); what is left ends as local_fault",
            weather_stream_word(stream));
        buf_put_char(said, '\0');
        return;
    }
    UNREACHABLE("unknown weather_step");
}

void weather_station_end(struct weather_station *s, uint64_t now_ms, int64_t now_unix_ms,
                         struct buf *said)
{
    for (int i = 0; i < WEATHER_STREAM_COUNT; i++) {
        enum weather_step step = weather_end(&s->streams[i], now_ms);
        note_step(s, (enum weather_stream)i, step, now_ms, now_unix_ms, said);
    }
}

bool weather_station_look(struct weather_station *s, uint64_t now_ms, int64_t now_unix_ms,
                          struct buf *said)
{
    bool holds = false;
    bool waits = false;
    (void)pthread_mutex_lock(&s->lock);
    weather_compare(&s->streams[WEATHER_IPV4], &s->streams[WEATHER_IPV6]);
    for (int i = 0; i < WEATHER_STREAM_COUNT; i++) {
        enum weather_step step = weather_look(&s->streams[i], now_ms);
        note_step(s, (enum weather_stream)i, step, now_ms, now_unix_ms, said);
        const struct weather_view *v = &s->streams[i].view;
        waits = waits || weather_holds(v->state);
        holds = holds || (weather_holds(v->state) && !v->first); /* a family may just not work */
    }
    atomic_fetch_add_explicit(&s->looks, waits, memory_order_relaxed);
    (void)pthread_mutex_unlock(&s->lock);
    return holds;
}
