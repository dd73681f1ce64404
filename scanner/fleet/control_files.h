#pragma once

#include "scanner/base/buf.h"
#include "scanner/flow/message.h"

/** Files that stand in `control` in pieces, put together again. Of what feed says twice the first counts, once it is whole; of what the members
 * of a seat leave, one after the other, the last. */
#define CONTROL_FILES_MAX  4096
#define CONTROL_OCTETS_MAX (1U << 30)

struct control_file {
    uint16_t member;
    char name[256];
    uint32_t pieces;
    uint32_t next; /* piece */
    uint8_t sha256[32];
    struct buf octets;
    bool whole;
};

struct control_files {
    struct control_file *at; /* malloc */
    size_t count;
    size_t octets;
};

void control_files_deinit(struct control_files *f);
/** @return false: it fits to none, or is not what its digest says */
bool control_files_add(struct control_files *f, const struct message_fleet_file *m);
/** NULL: it is not there, or not whole. */
const struct control_file *control_files_find(const struct control_files *f, uint16_t member,
                                              const char *name);
/** Cuts a file into messages. */
void control_file_put(uint16_t member, const char *name, struct span octets,
                      void (*each)(void *arg, struct span message), void *arg);
