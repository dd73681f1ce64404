#include "scanner/pipeline/given_up.h"

#include <stdio.h>

#include "scanner/base/check.h"

void given_up_init(struct given_up *g)
{
    CHECK(pthread_mutex_init(&g->lock, NULL) == 0);
}

void given_up_deinit(struct given_up *g)
{
    (void)pthread_mutex_destroy(&g->lock);
}

void given_up_add(struct given_up *g, const char *kind, struct span name)
{
    (void)pthread_mutex_lock(&g->lock);
    g->total++;
    if (g->count < GIVEN_UP_MAX) {
        (void)snprintf(g->names[g->count++], GIVEN_UP_NAME_MAX, "%s %.*s", kind, (int)name.len,
                       (const char *)name.at);
    }
    (void)pthread_mutex_unlock(&g->lock);
}
