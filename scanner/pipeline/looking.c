#include "scanner/pipeline/looking.h"

#include "scanner/domain/blocklist.h"
#include "scanner/pipeline/writer.h"

static bool look_at_blocklist(const char *path, struct buf *why)
{
    size_t head = why->len;
    buf_put_text(why, "--blocklist-file ");
    struct blocklist *b = blocklist_load(path, why);
    if (b != NULL) {
        why->len = head;
    }
    blocklist_free(b);
    return b != NULL;
}

bool pipeline_look(const struct scan_params *p, struct buf *why)
{
    return writer_look(p, why) &&
           (p->blocklist_path == NULL || look_at_blocklist(p->blocklist_path, why));
}
