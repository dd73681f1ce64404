#include "scanner/fleet/control_files.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/cert/digest.h"
#include "scanner/fleet/topics.h"

void control_files_deinit(struct control_files *f)
{
    for (size_t i = 0; i < f->count; i++) {
        buf_deinit(&f->at[i].octets);
    }
    free(f->at);
    *f = (struct control_files){0};
}

static struct control_file *find_file(const struct control_files *f, uint16_t member,
                                      struct span name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->at[i].member == member && span_eq(span_of(f->at[i].name), name)) {
            return &f->at[i];
        }
    }
    return NULL;
}

static struct control_file *begin(struct control_files *f, const struct message_fleet_file *m)
{
    if (f->count == CONTROL_FILES_MAX || m->name.len >= sizeof(f->at->name) || m->piece != 0) {
        return NULL;
    }
    if (f->at == NULL) {
        f->at = memory_new(CONTROL_FILES_MAX, sizeof(*f->at));
    }
    struct control_file *file = &f->at[f->count++];
    *file = (struct control_file){
        .member = m->member, .pieces = m->pieces, .octets = BUF_INIT(BUF_NO_LIMIT)};
    memcpy(file->name, m->name.at, m->name.len);
    memcpy(file->sha256, m->sha256.at, sizeof(file->sha256));
    return file;
}

/* Its first piece comes, of other octets than what there is of it. */
static bool begins_anew(const struct control_file *file, const struct message_fleet_file *m)
{
    return m->piece == 0 && (!file->whole || m->member != FLEET_FEED) &&
           (m->pieces != file->pieces ||
            memcmp(m->sha256.at, file->sha256, sizeof(file->sha256)) != 0);
}

static void begin_anew(struct control_files *f, struct control_file *file,
                       const struct message_fleet_file *m)
{
    f->octets -= file->octets.len;
    buf_reset(&file->octets);
    file->pieces = m->pieces;
    file->next = 0;
    file->whole = false;
    memcpy(file->sha256, m->sha256.at, sizeof(file->sha256));
}

bool control_files_add(struct control_files *f, const struct message_fleet_file *m)
{
    struct control_file *file = find_file(f, m->member, m->name);
    file = file == NULL ? begin(f, m) : file;
    if (file == NULL || f->octets + m->octets.len > CONTROL_OCTETS_MAX) {
        return false;
    }
    if (begins_anew(file, m)) {
        begin_anew(f, file, m);
    }
    if (file->whole || m->piece < file->next) {
        return true; /* again */
    }
    if (m->piece != file->next || m->pieces != file->pieces ||
        memcmp(m->sha256.at, file->sha256, sizeof(file->sha256)) != 0) {
        return false;
    }
    buf_put(&file->octets, m->octets);
    f->octets += m->octets.len;
    file->next++;
    if (file->next == file->pieces) {
        uint8_t digest[32];
        digest_sha256(buf_span(&file->octets), digest);
        file->whole = memcmp(digest, file->sha256, sizeof(digest)) == 0;
        return file->whole;
    }
    return true;
}

const struct control_file *control_files_find(const struct control_files *f, uint16_t member,
                                              const char *name)
{
    const struct control_file *file = find_file(f, member, span_of(name));
    return file != NULL && file->whole ? file : NULL;
}

void control_file_put(uint16_t member, const char *name, struct span octets,
                      void (*each)(void *arg, struct span message), void *arg)
{
    uint8_t digest[32];
    digest_sha256(octets, digest);
    uint32_t pieces = (uint32_t)(octets.len / FLEET_PIECE_MAX) + 1;
    for (uint32_t i = 0; i < pieces; i++) {
        struct span rest = span_drop(octets, (size_t)i * FLEET_PIECE_MAX);
        rest.len = rest.len < FLEET_PIECE_MAX ? rest.len : FLEET_PIECE_MAX;
        struct message_fleet_file m = {.member = member,
                                       .name = span_of(name),
                                       .piece = i,
                                       .pieces = pieces,
                                       .sha256 = {digest, sizeof(digest)},
                                       .octets = rest};
        struct buf message = BUF_INIT(BUF_NO_LIMIT);
        message_put_fleet_file(&message, &m);
        each(arg, buf_span(&message));
        buf_deinit(&message);
    }
}
