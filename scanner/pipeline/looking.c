#include "scanner/pipeline/looking.h"

#include "scanner/cert/digest.h"
#include "scanner/pipeline/writer.h"

static struct blocklist *read_blocklist(const char *path, struct buf *why)
{
    size_t head = why->len;
    buf_put_text(why, "--blocklist-file ");
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    uint8_t sha256[32];
    struct blocklist *b = blocklist_load(path, &octets, why);
    if (b != NULL) {
        why->len = head;
        digest_sha256(buf_span(&octets), sha256);
        blocklist_set_sha256(b, sha256);
    }
    buf_deinit(&octets);
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
