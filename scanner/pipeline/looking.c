#include "scanner/pipeline/looking.h"

#include "scanner/pipeline/writer.h"

static struct blocklist *read_blocklist(const char *path, struct buf *why)
{
    size_t head = why->len;
    buf_put_text(why, "--blocklist-file ");
    struct blocklist *b = blocklist_load(path, why);
    if (b != NULL) {
        why->len = head;
    }
    return b;
}

bool pipeline_look(const struct scan_params *p, struct blocklist **blocklist, struct buf *why)
{
    if (!writer_look(p, why)) {
        return false;
    }
    *blocklist = p->blocklist_path != NULL ? read_blocklist(p->blocklist_path, why) : NULL;
    return p->blocklist_path == NULL || *blocklist != NULL;
}
