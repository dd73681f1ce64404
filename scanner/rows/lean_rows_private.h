#pragma once

/** What lean_rows.c keeps, for lean_completion.c. */

#include "scanner/base/octet_file.h"
#include "scanner/index/key_store.h"
#include "scanner/rows/lean_json.h"
#include "scanner/rows/lean_rows.h"

#define LEAN_NOWHERE UINT64_MAX

#define BRIEF_COLUMN(column) lean_object_column(NESTED_BRIEF, BRIEF_##column)

struct lean_rows {
    bool dialogues;
    bool of_shards;
    bool has_endpoints; /* of some host */
    struct octet_file *file;
    struct key_store *services; /* place of its record */
    struct key_store *hosts;    /* the same */
    struct key_store *
        endpoints; /* of a host: place of the last record, which begins with that of the one before */
    struct key_store *sets; /* the same as services */
    struct buf key;
    struct buf text;
    struct hash_key last_service;
    json_t *service; /* the last one that was looked for; NULL: none */
};

/** @return false with one line in `why`: a database failed, and nothing is found */
bool lean_rows_are_found(const struct lean_rows *l, struct buf *why);
/** Into `text`. */
bool lean_read_record(struct lean_rows *l, uint64_t place, struct buf *why);
json_t *lean_parse_record(struct span text);
/** @param out NULL where there is none; owned */
bool lean_find_keyed(struct lean_rows *l, struct key_store *m, struct hash_key key, json_t **out,
                     struct buf *why);
/** Endpoints of a service often come one after the other: the last one is kept. @param out borrowed */
bool lean_find_service(struct lean_rows *l, const char *name, const json_t **out, struct buf *why);
