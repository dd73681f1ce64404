#pragma once

/** Of the files kafka*.c alone, which are all that knows librdkafka. */

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "scanner/fleet/kafka.h"

#define KAFKA_TEXT_MAX     512
#define KAFKA_TRY_MS       10000 /* of one question to brokers */
#define KAFKA_ADMIN_MS     60000 /* with all tries */
#define KAFKA_NEW_TOPIC_MS 30000 /* after which a topic is no new one */
/* A record of KAFKA_RECORD_MAX octets, its key and what Kafka has around it; topics take all that is sent. */
#define KAFKA_SENT_OCTETS  8400000
#define KAFKA_TOPIC_OCTETS 8500000
#define KAFKA_TO_TEXT(x)   #x
#define KAFKA_NUMBER(x)    KAFKA_TO_TEXT(x)

/* What brokers said last. */
struct kafka_fault {
    pthread_mutex_t lock;
    char text[KAFKA_TEXT_MAX];
    bool contact;             /* there was one */
    bool refused;             /* us: waiting does not help */
    bool fatal;               /* librdkafka's own */
    int64_t since_ms;         /* all brokers are down; 0: they are not */
    int64_t unknown_since_ms; /* the topic of that name is not there; 0: all are */
    char unknown[KAFKA_TEXT_MAX];
};

struct kafka {
    rd_kafka_t *handle;
    const char *brokers;
    kafka_delivered_fn *delivered;
    void *arg;
    struct kafka_fault fault;
    atomic_bool lost;                     /* a record was given up */
    atomic_int_fast64_t unknown_since_ms; /* a topic that we send to is not known; 0: all are */
};

/* --- faults --------------------------------------------------------------------------------- */

/** A topic that was just made takes a moment. */
bool kafka_is_new(rd_kafka_resp_err_t err);
/** Brokers did not answer, or not who should. */
bool kafka_is_passing(rd_kafka_resp_err_t err);
/** Waits a little. @return false: it is too late */
bool kafka_try_again(int64_t until_ms);
void kafka_fault_note(struct kafka_fault *f, rd_kafka_resp_err_t err, const char *reason);
void kafka_fault_end(struct kafka_fault *f);
bool kafka_is_refused(struct kafka_fault *f);
/** One line whatever brokers said. */
void kafka_fault_put(struct kafka_fault *f, struct buf *why);

/* --- settings ------------------------------------------------------------------------------- */

struct kafka_setting {
    const char *key;
    const char *value;
};

/** `ours` first: an option may say otherwise. @return NULL with one line in `why` */
rd_kafka_conf_t *kafka_settings(const struct kafka_params *p, const struct kafka_setting *ours,
                                size_t count, struct buf *why);
/** Takes `conf`. @return NULL with one line in `why` */
rd_kafka_t *kafka_open_handle(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct buf *why);
/** librdkafka (2.0) may wait for ever for its own threads where topics were deleted (its issues 3007, 3954): it is left alone then.
 * @return false: it is still there, and what it was given has to stay */
bool kafka_destroy(rd_kafka_t *handle);
