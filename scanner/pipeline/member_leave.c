/**
 * How a member leaves: what is no row goes to `control`, for `collect`, and then how it ended.
 */
#include <dirent.h>

#include "scanner/base/check.h"
#include "scanner/base/file.h"
#include "scanner/fleet/control_files.h"
#include "scanner/pipeline/member_private.h"

#define LEAVE_MS 120000 /* for the last records */

struct leaving {
    struct member *m;
    bool ok;
};

static void leave_message(void *arg, struct span message)
{
    struct leaving *l = arg;
    l->ok = l->ok && !kafka_is_lost(l->m->kafka, NULL);
    for (int tries = 0; l->ok; tries++) {
        if (kafka_send(l->m->kafka, member_topic(l->m, FLEET_CONTROL), 0, (struct span){0}, message,
                       NULL)) {
            return;
        }
        kafka_poll(l->m->kafka, POLL_MS);
        l->ok = tries < LEAVE_MS / POLL_MS;
    }
}

/* Rows are in topics; what remains says how the scan was made, and what it was judged with. */
static bool is_left(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && strstr(name, ".part") == NULL &&
           (dot == NULL || strcmp(dot, ".ndjson") != 0);
}

static void leave_files(struct leaving *l, const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    l->ok = dir != NULL;
    while (l->ok && (entry = readdir(dir)) != NULL) {
        struct buf path = BUF_INIT(BUF_NO_LIMIT);
        struct buf octets = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&path, "%s/%s%c", directory, entry->d_name, '\0');
        if (is_left(entry->d_name)) {
            l->ok = file_read((const char *)path.at, &octets) == FILE_COMPLETE;
            if (l->ok) {
                control_file_put(l->m->number, entry->d_name, buf_span(&octets), leave_message, l);
            }
        }
        buf_deinit(&path);
        buf_deinit(&octets);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

static void stop_member_threads(struct member *m)
{
    if (m->started) {
        atomic_store(&m->stopping, true);
        CHECK(pthread_join(m->control_thread, NULL) == 0);
        CHECK(pthread_join(m->inlet_thread, NULL) == 0);
        m->started = false;
    }
}

static void stop_ack_thread(struct member *m)
{
    atomic_store(&m->ack_stopping, true);
    CHECK(pthread_join(m->ack_thread, NULL) == 0);
}

static bool all_is_taken(struct member *m)
{
    return kafka_flush(m->kafka, LEAVE_MS) && !kafka_is_lost(m->kafka, NULL);
}

bool member_leave(struct member *m, const char *directory, enum scan_end end)
{
    stop_member_threads(m);
    if (atomic_load(&m->taken)) { /* whoever has the seat says how it ends */
        stop_ack_thread(m);
        return true;
    }
    struct leaving l = {.m = m, .ok = true};
    bool whole = end == SCAN_END_COMPLETE || end == SCAN_END_SAYS_NOTHING || end == SCAN_END_OUTAGE;
    leave_files(&l, directory);
    l.ok = all_is_taken(m) && l.ok; /* also the last rows: else it has not done its work */
    struct message_fleet_left left = {
        .member = m->number, .epoch = m->epoch, .whole = whole && l.ok};
    struct leaving last = {.m = m, .ok = true};
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_left(&message, &left);
    leave_message(&last, buf_span(&message));
    buf_deinit(&message);
    last.ok = all_is_taken(m) && last.ok;
    stop_ack_thread(m);
    return l.ok && last.ok;
}
