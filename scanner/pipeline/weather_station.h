#pragma once

/**
 * Where the threads of a scan put together what each of them met (owners/weather.h): workers come by a few times a
 * second with their counts and take the view along, the coordinator looks and says what it means. One lock, held for a
 * moment; nobody waits in it.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "scanner/base/buf.h"
#include "scanner/owners/weather.h"
#include "scanner/pipeline/scan_params.h"

/** What a worker met of one stream since it came by last. */
struct weather_report {
    uint32_t good; /* networks, each once in a slot */
    uint32_t bad;
    struct weather_networks good_networks;
    struct weather_networks bad_networks;
    bool heard;     /* somebody that was cut later on: neither, but a witness */
    uint32_t round; /* of probes, to which the next three belong */
    uint32_t asked;
    uint32_t answered;
    uint32_t failed;
    uint64_t asked_again; /* questions or sessions whose end was void */
};

/** An outage for the manifest. */
struct outage_record {
    enum weather_stream stream;
    int64_t from_unix_ms;
    int64_t to_unix_ms; /* 0: it lasted to the end of the scan */
    uint64_t asked_again;
};

struct weather_station {
    pthread_mutex_t lock;
    struct weather streams[WEATHER_STREAM_COUNT];
    struct outage_record *outages; /* in the order of their beginning; malloc */
    size_t outage_count;
    bool heard_late;                       /* somebody answered only after others were given up */
    size_t before;                         /* of these, by what this scan goes on with */
    uint64_t probed[WEATHER_STREAM_COUNT]; /* questions and sessions of probes, outage or not */
    atomic_uint_fast64_t
        looks; /* while some stream is not fair; only ever grows: the watchdog's progress */
};

void weather_station_init(struct weather_station *s, uint64_t now_ms, const struct scan_params *p);
void weather_station_deinit(struct weather_station *s);

/** Of a scan that goes on, before the threads start: an outage of before. A word that is no stream is ignored. */
void weather_station_restore(struct weather_station *s, const char *stream,
                             const struct outage_record *outage);

/** At the end: an outage was longer than it may, and some were not asked again. */
bool weather_station_gave_up(const struct weather_station *s);

/** @param reports of each stream; emptied @param views, rounds filled, of each stream */
void weather_station_exchange(struct weather_station *s, struct weather_report *reports,
                              struct weather_view *views, uint32_t *rounds);

/**
 * By the coordinator, often.
 * @param said lines for the user are appended, each with its NUL
 * @return nothing new is to be read from the input
 */
bool weather_station_look(struct weather_station *s, uint64_t now_ms, int64_t now_unix_ms,
                          struct buf *said);
/** When the workers have ended: who answered last may not have been looked at. */
void weather_station_end(struct weather_station *s, uint64_t now_ms, int64_t now_unix_ms,
                         struct buf *said);
