#pragma once

/** What was given up because nothing went on: names for the manifest. Any thread adds. */

#include <pthread.h>

#include "scanner/base/buf.h"

#define GIVEN_UP_MAX      100 /* names that are kept; our own bound */
#define GIVEN_UP_NAME_MAX 320 /* octets; a kind and a domain name */

struct given_up {
    pthread_mutex_t lock;
    size_t total;
    size_t count; /* of names */
    char names[GIVEN_UP_MAX][GIVEN_UP_NAME_MAX];
};

void given_up_init(struct given_up *g);
void given_up_deinit(struct given_up *g);
/** `kind` and a name of ours: an A-label name, an address. */
void given_up_add(struct given_up *g, const char *kind, struct span name);
