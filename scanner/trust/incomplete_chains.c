#include "scanner/trust/incomplete_chains.h"

#include <string.h>
#include <unistd.h>

#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/base/unlinked_file.h"

static FILE *open_file(void)
{
    int fd = unlinked_file_open();
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL && fd >= 0) {
        (void)close(fd);
    }
    return file;
}

void incomplete_chains_add(struct incomplete_chains *c, const uint8_t chain_id[32],
                           struct span list, bool told)
{
    if (c->failed) {
        return; /* where the next octet would go is not known */
    }
    if (c->file == NULL) {
        c->file = open_file();
    }
    if (c->file == NULL || fwrite(list.at, 1, list.len, c->file) != list.len) {
        c->failed = true;
        return;
    }
    c->chains = memory_grow_list(c->chains, c->count, sizeof(*c->chains));
    struct incomplete_chain *chain = &c->chains[c->count++];
    *chain =
        (struct incomplete_chain){.offset = c->file_len, .len = (uint32_t)list.len, .told = told};
    memcpy(chain->chain_id, chain_id, sizeof(chain->chain_id));
    c->file_len += list.len;
}

bool incomplete_chains_read(const struct incomplete_chains *c, const struct incomplete_chain *chain,
                            uint8_t *octets)
{
    return fflush(c->file) == 0 && file_read_at(fileno(c->file), chain->offset, octets, chain->len);
}

void incomplete_chains_deinit(struct incomplete_chains *c)
{
    if (c->file != NULL) {
        (void)fclose(c->file);
    }
    free(c->chains);
    *c = (struct incomplete_chains){0};
}
